"""Hostile and odd inputs at every door: a refusal in words, or an explanation of the very instance."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import doors
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import limelight as ll
from limelight.cell_types import Format
from limelight.cells import read_frame
from limelight.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::hypothesis.errors.HypothesisWarning")

# ---- what models answer ----------------------------------------------------------------------------------------------


@doors.FEW
@given(rows=st.lists(doors.ANSWERS, min_size=1, max_size=3), container=st.sampled_from(sorted(doors.CONTAINERS)))
def test_any_answer_is_read_or_refused(rows: list[Any], container: str) -> None:
    def model(texts: list[str]) -> Any:
        answers = [rows[len(text) % len(rows)] for text in texts]
        try:
            return doors.CONTAINERS[container](answers)
        except (ValueError, OverflowError, TypeError):  # numpy itself takes no such answers
            return answers

    original = rows[len("a good film") % len(rows)]
    plain = container in ("list", "tuple", "generator", "series", "reversed")
    quantity = plain and all(type(row) is float and np.isfinite(row) and abs(row) < 1e150 for row in rows)
    doors.explained(model, ll.Text(), "a good film", original if quantity else None)


@doors.FEW
@given(
    array=hnp.arrays(
        st.sampled_from(["f8", "f4", "i8", "u1", "?", "U3", "O", "c16", "M8[s]"]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=30),
    )
)
@example(array=np.eye(1, 16, 1).ravel() * 2e168)
@example(array=np.eye(1, 16, 1).ravel() * 5e153)
def test_any_array_as_an_answer_is_read_or_refused(array: Any) -> None:
    def model(texts: list[str]) -> Any:
        return np.resize(array, (len(texts), *array.shape[1:])) if array.ndim and array.size else array

    doors.explained(model, ll.Text(), "a good film today", None)


# ---- what is explained -----------------------------------------------------------------------------------------------


@doors.FEW
@given(frame=doors.frames(), row=st.integers(0, 29), contrast=st.sampled_from(["bin", "value"]))
def test_a_row_of_any_table_reaches_the_model_as_it_is(frame: pd.DataFrame, row: int, contrast: Any) -> None:
    one = frame.iloc[[row % len(frame)]]

    def model(rows: Any) -> Any:
        found = [rows[name].tolist() for name in rows]
        return [sum(map(doors.number_of, values)) for values in zip(*found, strict=True)]

    try:
        table = ll.Tabular(frame, contrast=contrast)
    except ll.LimelightError:
        return
    doors.explained(model, table, one, model(one)[0])


@doors.FEW
@given(frame=doors.frames(), row=st.one_of(doors.ANSWERS, st.lists(doors.SCALARS, max_size=4)))
def test_anything_as_a_row_is_a_row_or_refused(frame: pd.DataFrame, row: Any) -> None:
    try:
        table = ll.Tabular(frame)
    except ll.LimelightError:
        return
    doors.explained(lambda rows: np.zeros(len(rows)), table, row, None)
    if isinstance(row, list):
        doors.explained(lambda rows: np.zeros(len(rows)), table, dict(zip(frame, row, strict=False)), None)


@doors.FEW
@given(
    array=hnp.arrays(
        st.sampled_from(["f8", "f4", "i8", "u1", "?", "U3", "O", "c16", "M8[s]"]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=9),
    )
)
def test_any_array_as_a_background_is_a_table_or_refused(array: Any) -> None:
    try:
        table = ll.Tabular(array)
    except ll.LimelightError:
        return
    doors.explained(lambda rows: np.zeros(len(rows)), table, array[0], None)


@doors.FEW
@given(
    text=st.one_of(st.text(st.characters(codec=None), max_size=60), st.text("ab \n.!?😀é\ud800", max_size=80)),
    tokens=st.sampled_from(["words", "characters", "sentences", "lines", r"[ab]+", r"."]),
)
def test_any_text_reaches_the_model_as_it_is(text: str, tokens: str) -> None:
    def model(texts: list[str]) -> Any:
        return [doors.number_of(each) for each in texts]

    doors.explained(model, ll.Text(tokens), text, model([text])[0])


@doors.FEW
@given(instance=doors.ANSWERS)
def test_anything_as_a_text_is_a_text_or_refused(instance: Any) -> None:
    doors.explained(lambda texts: np.zeros(len(texts)), ll.Text(), instance, None)


IMAGES = hnp.arrays(
    st.sampled_from(["u1", "f4", "f8", "i2", "?", "O", "U1", "c8"]),
    hnp.array_shapes(min_dims=0, max_dims=4, max_side=12),
)


@doors.FEW
@given(image=IMAGES, cut=st.sampled_from(["auto", "grid", "slic"]), fill=st.sampled_from(["mean", "blur", 0, "noise"]))
def test_any_array_as_an_image_reaches_the_model_as_it_is(image: Any, cut: str, fill: Any) -> None:
    def model(images: Any) -> Any:
        return [float(np.asarray(each, dtype=np.float64).sum()) for each in images]

    whole = image.dtype.kind in "uif?" and image.size and bool(np.isfinite(image).all())
    expected = model([image])[0] if whole else None
    if expected is not None and not np.isfinite(expected):
        expected = None
    doors.explained(model, ll.Image(cut, fill, n_segments=4), image, expected)


@doors.FEW
@given(
    series=hnp.arrays(
        st.sampled_from(["f8", "f4", "i8", "?", "O", "U1", "M8[s]"]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=30),
    ),
    windows=st.sampled_from(["uniform", "changepoints", 3]),
    fill=st.sampled_from(["series_mean", "mean", "linear", "zero", "noise"]),
)
def test_any_array_as_a_series_reaches_the_model_as_it_is(series: Any, windows: Any, fill: str) -> None:
    def model(many: Any) -> Any:
        return [float(np.nansum(np.asarray(each, dtype=np.float64))) for each in many]

    whole = series.dtype.kind in "if?" and series.size and bool(np.isfinite(series).all())
    expected = model([series])[0] if whole else None
    if expected is not None and not abs(expected) < 1e150:
        expected = None
    doors.explained(model, ll.TimeSeries(windows, fill), series, expected)


# ---- files -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


@doors.FEW
@given(value=JSON)
def test_any_json_is_no_explanation_and_no_background(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = json.dumps(value)
    with pytest.raises(InputError):
        ll.Explanation.from_json(text)
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        ll.Tabular.load(path)


def test_a_parquet_file_with_other_columns_or_metadata_is_refused_or_read(tmp_path: Path) -> None:
    table = FRAME_OF_NUMBERS
    explainer = ll.Explainer(lambda rows: rows["a"].to_numpy(), ll.Tabular(table), seed=0, n_samples=24)
    path = tmp_path / "many.parquet"
    ll.Explanations.of(explainer.explain_many(table.iloc[:3])).to_parquet(path)
    good, rnd = pq.read_table(path), random.Random(0)
    for number in range(doors.CASES):
        bad = _damaged(good, rnd)
        pq.write_table(bad, tmp_path / "bad.parquet")
        try:
            found = ll.Explanations.from_parquet(tmp_path / "bad.parquet")
            assert len([str(explanation) for explanation in found]) <= 6
        except InputError:
            continue
        except Exception as error:
            raise AssertionError(f"damage {number}: {type(error).__name__}: {error}") from error


FRAME_OF_NUMBERS = pd.DataFrame({"a": np.linspace(0, 1, 20), "b": np.arange(20) % 3})


def _damaged(table: Any, rnd: random.Random) -> Any:
    how = rnd.choice(("drop", "rename", "null", "rows", "twice", "metadata", "type"))
    place = rnd.randrange(table.num_columns)
    name = table.column_names[place]
    if how == "drop":
        return table.drop_columns([name])
    if how == "rename":
        return table.rename_columns([f"{n}x" if i == place else n for i, n in enumerate(table.column_names)])
    if how == "null":
        return table.set_column(place, name, pa.nulls(table.num_rows, table.column(place).type))
    if how == "rows":
        return table.take(pa.array([rnd.randrange(table.num_rows) for _ in range(rnd.randrange(6))], pa.int64()))
    if how == "twice":
        return pa.concat_tables([table, table])
    if how == "metadata":
        kept = {key: value[: rnd.randrange(len(value) + 1)] for key, value in (table.schema.metadata or {}).items()}
        return table.replace_schema_metadata(kept)
    return table.set_column(place, name, pa.array(["x"] * table.num_rows))


@doors.FEW
@given(
    content=st.one_of(st.text(max_size=80), st.text("a1,;\n\"' .0-é", max_size=80)),
    ending=st.sampled_from(["csv", "tsv", "jsonl"]),
)
def test_any_text_is_a_table_or_refused(content: str, ending: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{ending}"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        read_frame(path, argument="--data")
    except InputError as error:
        assert len(str(error)) < 2000


CELLS = st.one_of(
    st.integers(-(2**62), 2**62).map(str),
    st.from_regex(r"0[0-9]{1,5}", fullmatch=True),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["yes", "Zürich", "a b", "2024-03-01", "1e5", "0x1A", "+1", "1_000", "True", "12.50"]),
)


@doors.FEW
@given(cells=st.lists(CELLS, min_size=1, max_size=6), sep=st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_cell_means_is_what_was_written(
    cells: list[str], sep: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A number is that number to the last digit; a code stays text, and so does whatever stands beside it."""
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    lines = [f'k{sep}"{cell}"' for cell in cells]
    path.write_text("\n".join([f"key{sep}cell", *lines]) + "\n", encoding="utf-8")
    try:
        found = read_frame(path, argument="--data", form=Format(sep=sep))["cell"].tolist()
    except InputError:
        return
    for cell, value in zip(cells, found, strict=True):
        if isinstance(value, str):
            assert value == cell
        elif isinstance(value, bool):
            assert cell == str(value)
        elif isinstance(value, (int, np.integer)):
            assert int(cell) == value
        elif isinstance(value, float):
            assert float(cell) == value
            assert not cell.startswith("0") or len(cell) == 1 or not cell.isdigit()
        else:
            assert pd.Timestamp(cell) == value


# ---- the command line ------------------------------------------------------------------------------------------------

FLAGS = (
    "--model --data --background --row --rows --out --drop --contrast --sep --decimal --encoding --dtype --categorical "
    "--text --tokens --fill --json --html --n-samples --seed --target --tolerance --max-features --kernel-width --trust"
).split()
WORDS = st.one_of(
    st.sampled_from(
        "train.csv rows.jsonl nothing.csv cli_models:price_of cli_models:none -1 0 3 99 1:3 : x=str price=int price=%d "
        "; ab latin-1 utf-99 none auto words . @train.csv @none why.json many.jsonl /dev/null/x [ ( a=b=c str".split()
    ),
    st.text(max_size=6),
)
START = ["--model", "cli_models:price_of", "--background", "train.csv", "--data", "train.csv", "--n-samples", "24"]


@doors.FEW
@given(
    start=st.sampled_from([START, [*START, "--row", "1"], []]),
    more=st.lists(st.tuples(st.sampled_from(FLAGS), WORDS), max_size=4),
)
def test_any_arguments_end_with_an_answer_or_one_line(
    start: list[str], more: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    testing = pytest.importorskip("typer.testing")
    from limelight.cli.commands import app

    folder = tmp_path_factory.getbasetemp()
    pd.DataFrame({"price": [1.0, 2.5, 3.0], "zip": ["01", "02", "03"]}).to_csv(folder / "train.csv", index=False)
    (folder / "rows.jsonl").write_text('{"price": 2, "zip": "02"}\n', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(Path(__file__).parents[1]))
        arguments = [*start, *(word for pair in more for word in pair)]
        result = testing.CliRunner().invoke(app, ["explain", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
    assert result.exit_code in (0, 2), (arguments, result.output)
    assert "Traceback" not in result.output
