"""Jobs: a million explanations, resumable, in Parquet; on one machine, or on Spark, Ray and Dask.

| question | function |
| --- | --- |
| Explain all rows of a table, a file, a folder | `run` |
| The same on an engine that exists | `spark`, `ray`, `dask` |
| How far is it? | `status` |
| Try again what failed | `retry` |
| Read the answer, as explanations or by columns | `read`, `table` |
| Ask it by SQL | `view` |
| The same rows to the same bits? | `digest` |

An explanation depends on its row and the seed alone, so that a job may be cut anywhere: one process, many, or a cluster
give the same answer. What each column holds: `limelight.result.parts.COLUMNS`.

Examples
--------
>>> import tempfile
>>> import numpy as np
>>> import limelight as ll
>>> X = np.random.default_rng(0).normal(size=(200, 3))
>>> explainer = ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X)).prepare()
>>> with tempfile.TemporaryDirectory() as out:
...     job = ll.jobs.run(explainer, X, out)
...     len(ll.jobs.read(out)), job.complete
(200, True)
"""

from limelight.jobs.engines import dask, ray, spark
from limelight.jobs.reading import digest, read, table, view
from limelight.jobs.running import Job, retry, run, status

__all__ = ["Job", "dask", "digest", "ray", "read", "retry", "run", "spark", "status", "table", "view"]
