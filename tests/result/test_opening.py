"""A set is opened from a file, a part, or a folder of either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.result.opening import hidden, is_parquet, open_set
from limelight.result.parts import table_of
from many_explanations import of_a_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def test_files_and_parts_lie_in_one_folder_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    of_a_table()[:4].to_parquet(tmp_path / "a.parquet")
    pq.write_table(
        table_of(of_a_table()[4:6], pa.array([4, 5]), np.arange(4, 6), detail="full"), tmp_path / "b.parquet"
    )
    (tmp_path / "_temporary").mkdir()
    (tmp_path / "_temporary" / "c.parquet").touch()
    assert open_set(tmp_path) == of_a_table()[:6]
    assert open_set(tmp_path / "b.parquet") == of_a_table()[4:6]


def test_what_is_parquet_and_what_is_hidden() -> None:
    assert not is_parquet(Path("rows.jsonl"))
    assert is_parquet(Path("rows.PARQUET"))
    assert hidden(Path("day=1/.x.parquet"))
    assert not hidden(Path("day_1/x.parquet"))


def test_what_holds_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(ll.InputError, match="holds no .parquet file"):
        open_set(tmp_path)
    with pytest.raises(ll.InputError, match="no file"):
        open_set(tmp_path / "no.parquet")
