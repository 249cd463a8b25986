"""Jobs: a million explanations, resumable, in Parquet; on one machine, or on Spark, Ray and Dask.

| question | function |
| --- | --- |
| Explain all rows of a table, a file, a folder | `run` |
| How far is it? | `status` |
| Try again what failed | `retry` |
| Read the answer, as explanations or by columns | `read`, `table` |
| Ask it by SQL | `view` |
| The same rows to the same bits? | `digest` |

An explanation depends on its row and the seed alone, so that a job may be cut anywhere: one process, many, or a cluster
give the same answer. What each column holds: `limelight.result.parts.COLUMNS`.
"""

from limelight.jobs.reading import digest, read, table, view
from limelight.jobs.running import Job, retry, run, status

__all__ = ["Job", "digest", "read", "retry", "run", "status", "table", "view"]
