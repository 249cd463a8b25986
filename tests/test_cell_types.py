"""What is written in a cell means what it says: codes stay texts, dates are dates, the background decides on types."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from limelight.cell_types import PLAIN, Format, as_background, is_text, typed_column
from limelight.cells import read_frame
from limelight.errors import InputError


def column(written: list[str | None], form: Format = PLAIN, like: pd.Series | None = None) -> pd.Series:
    """A column of a CSV file, as it is typed in the end."""
    text = pd.Series(written, name="x", dtype=object)
    read = pd.to_numeric(text, errors="coerce")
    values = read if read.notna().sum() == text.notna().sum() else text
    return typed_column(values, text, form, "--data", like)


def test_numbers_are_numbers_and_codes_are_not():
    assert column(["1", "2.5"]).tolist() == [1.0, 2.5]
    assert column(["01234", "99999"]).tolist() == ["01234", "99999"]
    assert column(["9007199254740993", None]).iloc[0] == 9007199254740993


def test_dates_that_can_be_read_in_one_way_only_are_dates():
    assert column(["2024-03-01", None])[0] == pd.Timestamp("2024-03-01")
    assert column(["01.03.2024"]).tolist() == ["01.03.2024"]
    told = column(["01.03.2024"], Format(dtypes={"x": "%d.%m.%Y"}))
    assert told[0] == pd.Timestamp("2024-03-01")


def test_a_decimal_comma_is_asked_about_and_a_flag_decides():
    with pytest.raises(InputError, match="pass --decimal"):
        column(["1,5", "2,5"])
    assert column(["1,5"], Format(dtypes={"x": "str"})).tolist() == ["1,5"]


def test_the_background_decides_what_a_column_is():
    assert as_background(pd.Series(["1", "2"], name="x"), pd.Series(["a"]), PLAIN, "--data").tolist() == ["1", "2"]
    assert column(["1", "2"], like=pd.Series([0.5])).tolist() == [1.0, 2.0]
    with pytest.raises(InputError, match="x"):
        column(["one"], like=pd.Series([0.5]))


def test_text_is_what_holds_strings_and_nothing_else():
    assert is_text(pd.Series(["a", None], dtype=object))
    assert not is_text(pd.Series([None, None], dtype=object))
    assert not is_text(pd.Series(["a"], dtype="category"))
    assert not is_text(pd.Series(["a", 1], dtype=object))


@pytest.mark.parametrize("wrong", [{"dtypes": ["x"]}, {"encoding": "no-such"}])
def test_flags_that_say_nothing_are_refused(wrong):
    told = {"sep": None, "decimal": None, "encoding": None, "dtypes": [], **wrong}
    with pytest.raises(InputError, match="expected"):
        Format.of(**told)


def test_a_number_in_a_file_is_the_nearest_that_there_is(tmp_path: Path) -> None:
    written = ["3.5747322042253316e+16", "0.048592769656281266", "5.833820394550312e-08", "1e-300"]
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join(["a,b", *(f"{each},x" for each in written)]) + "\n", encoding="utf-8")
    assert read_frame(path, argument="--data")["a"].tolist() == [float(each) for each in written]
    texts = pd.Series([*written, None], dtype=object)
    found = as_background(texts, pd.Series([0.5]), PLAIN, "--data")
    assert found.dropna().tolist() == [float(each) for each in written]
