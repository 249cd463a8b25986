"""A damaged background is refused with `InputError`; one of version 1, without a fingerprint, may also work."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import mutations
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from limelight.errors import InputError
from limelight.interpretable.tabular import Tabular

rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": rng.integers(18, 80, 40),
        "income": np.where(rng.random(40) < 0.2, np.nan, rng.normal(3e4, 9e3, 40)),
        "city": rng.choice(["Rome", "Oslo", "Lima"], 40),
        "member": rng.random(40) < 0.5,
        "since": pd.date_range("2020-01-01", periods=40, tz="UTC"),
        "kind": pd.Categorical(rng.choice(["a", "b"], 40)),
    }
)
NUMBERS = rng.normal(size=(30, 3))
ROWS = {
    "pandas": FRAME.iloc[3],
    "polars": {"age": 30, "city": "Oslo"},
    "pyarrow": {"age": 30, "city": "Oslo"},
    "numpy": NUMBERS[0],
    "slopes": NUMBERS[0],
    "mixed": FRAME.iloc[5],
    "one_hot": {"color_red": 1, "color_blue": 0, "b": 0.5},
    "gaussian": NUMBERS[0],
    "values": NUMBERS[0],
    "sparse": np.array([1.0, 0.0, 2.0]),
}


def background(name: str) -> Tabular:
    small = FRAME[["age", "city"]]
    if name == "pandas":
        return Tabular(FRAME, groups={"who": ["age", "city"]})
    if name == "polars":
        return Tabular(pl.DataFrame({column: small[column].to_list() for column in small}))
    if name == "pyarrow":
        return Tabular(pa.table({column: small[column].to_list() for column in small}))
    if name == "mixed":
        return Tabular(FRAME, bins=None)
    if name == "one_hot":
        red = rng.integers(0, 2, 30)
        return Tabular(pd.DataFrame({"color_red": red, "color_blue": 1 - red, "b": rng.normal(size=30)}))
    if name == "sparse":
        return Tabular(sparse.csr_matrix(rng.integers(0, 3, (30, 3)).astype(float)))
    options: dict[str, dict[str, Any]] = {
        "slopes": {"bins": None}, "gaussian": {"sampling": "gaussian"}, "values": {"contrast": "value"}
    }  # fmt: skip
    return Tabular(NUMBERS, **options.get(name, {}))


@pytest.fixture(scope="module", params=ROWS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    path = tmp_path_factory.mktemp("saved") / "background.json"
    background(request.param).save(path)
    return request.param, json.loads(path.read_text(encoding="utf-8"))


def use(tabular: Tabular, row: Any) -> None:
    """What explaining a row asks of its kind of data."""
    representation = tabular.represent(row, np.random.default_rng(0))
    codes, _ = representation.background.draw(np.linspace(0.01, 0.99, 8)[:, None].repeat(len(representation.own), 1))
    representation.encode(codes)
    assert representation.original is not None
    representation.layout()
    tabular.describe()


def test_a_background_is_loaded_as_it_was_saved(saved: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    name, data = saved
    for version in (2, 1):
        path = tmp_path / f"{version}.json"
        path.write_text(json.dumps(data if version == 2 else first_version(data)), encoding="utf-8")
        use(Tabular.load(path), ROWS[name])


def first_version(data: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in data.items() if name != "fingerprint"}, "schema_version": 1}


def test_any_change_of_a_saved_background_is_noticed(saved: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    _, data = saved
    rnd = random.Random(3)
    path = tmp_path / "damaged.json"
    for _ in range(mutations.CASES):
        wrong, told = mutations.damaged(data, rnd)
        if json.dumps(wrong, sort_keys=True) == json.dumps(data, sort_keys=True):
            continue
        if wrong.get("schema_version") == 1 and "fingerprint" not in wrong:
            continue
        path.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(InputError):
            Tabular.load(path)
            pytest.fail(told)


@pytest.mark.filterwarnings("error")
def test_a_damaged_background_of_version_1_is_refused_or_explains(
    saved: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    name, data = saved
    data = first_version(data)
    rnd = random.Random(4)
    path = tmp_path / "damaged.json"
    for _ in range(mutations.CASES):
        wrong, told = mutations.damaged(data, rnd)
        path.write_text(json.dumps(wrong), encoding="utf-8")
        try:
            use(Tabular.load(path), ROWS[name])
        except InputError as error:
            assert len(str(error)) < 1500
        except Exception as error:
            raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error


def test_a_file_cannot_name_a_function_of_polars_instead_of_a_dtype(tmp_path: Path) -> None:
    path = tmp_path / "background.json"
    background("polars").save(path)
    data = first_version(json.loads(path.read_text(encoding="utf-8")))
    secret = tmp_path / "secret.csv"
    data["dense"]["supports"][0] = {"dtype": "read_csv", "options": {"source": str(secret)}, "values": []}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match="the name of a dtype of polars"):
        Tabular.load(path)


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"limelight": "tabular", "schema_version": true}', "\x00"])
def test_what_is_no_background_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "background.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="path: expected"):
        Tabular.load(path)
