"""Explanations in files: old ones are read, new ones are strict JSON, damaged ones are refused in words."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.ranking import Ranking
from limelight.result import schema
from limelight.result.compound_codecs import Record
from limelight.result.effects import Effect, Interaction
from limelight.result.explanation import Explanation

DATA = Path(__file__).parents[1] / "data"


def golden(name: str) -> Explanation:
    return Explanation.from_json(DATA / f"explanation-{name}.json")


@pytest.fixture
def drums() -> Explanation:
    masks = ll.Components(["drums", "hum", "voice"], np.asarray)
    return ll.Explainer(lambda Z: Z @ np.array([2.0, -1.0, 0.5]), masks, seed=0).explain(None)


# -- old files --------------------------------------------------------------------------------------------------------


def test_a_table_of_version_1_says_what_it_said() -> None:
    explanation = golden("v1-table")
    assert explanation.targets == ("poor", "rich")
    assert [name for name, _ in explanation.as_list("rich")] == ["income ≤ 23194.5", "city = Oslo", "51 < age ≤ 67"]
    assert explanation.coef[1].tolist() == [0.0008540989672850054, -0.323232061922168, 0.09385283409201978]
    assert explanation.df == math.inf and explanation.center is None and explanation.verdicts == ()
    assert explanation.covariance_matrix()[0, 0] == pytest.approx(explanation.stderr[0, 1] ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "kind", "first"),
    [
        ("v1-text", "word", "good"),
        ("v1-image", "segment", "superpixel 3"),
        ("v1-series", "window", "steps 20–39"),
        ("v1-first-table", "column", "income ≤ 23194.5"),
        ("v1-groups-parts", "part", "drums"),
        ("v2-table", "column", "income ≤ 23194.5"),
        ("v2-text", "word", "good"),
        ("v2-image", "segment", "superpixel 3"),
        ("v2-series", "window", "steps 20–39"),
    ],
)
def test_every_file_ever_written_is_read_shown_and_written_again(name: str, kind: str, first: str) -> None:
    explanation = golden(name)
    assert {feature.where.kind for feature in explanation.features} == {kind}
    assert explanation.as_list()[0][0] == first
    assert first in str(explanation)
    again = Explanation.from_json(explanation.to_json())
    assert again == explanation
    assert again.to_json() == explanation.to_json()


def test_the_rankings_of_the_first_versions_become_those_of_today() -> None:
    assert golden("v1-first-table").rankings == ()
    (ranking,) = golden("v1-groups-parts").rankings
    assert ranking.groups == ((0,), (1,), (2,))
    assert ranking.cuts == (1, 2)
    assert golden("v1-groups-parts").difference(0, 1) == pytest.approx((3.0, 0.0))


def test_the_key_of_a_window_is_a_tuple_again_and_can_be_counted_over_a_file(tmp_path: Path) -> None:
    explanation = golden("v1-series")
    assert [feature.where.key for feature in explanation.features] == [("*", 0), ("*", 1), ("*", 2)]
    path = tmp_path / "many.jsonl"
    path.write_text(explanation.to_json() + "\n" + explanation.to_json() + "\n", encoding="utf-8")
    picked = ll.submodular_pick(path, 1, name=lambda _, feature: feature.where.key)
    from_list = ll.submodular_pick([explanation] * 2, 1, name=lambda _, feature: feature.where.key)
    assert picked.gains == from_list.gains
    keys = {entry.feature for entry in ll.feature_importance(path, name=lambda _, feature: feature.where.key).features}
    assert keys == {("*", 0), ("*", 1), ("*", 2)}


# -- a new field ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [schema.EXPLANATION, schema._PROVENANCE, schema._COST, schema._FEATURE, schema._WHERE, schema._RANKING,
     schema._EFFECT, schema._INTERACTION],
    ids=lambda record: record.made.__name__,
)  # fmt: skip
def test_every_field_has_a_codec_so_that_a_new_one_cannot_be_forgotten(record: Record) -> None:
    assert list(record.codecs) == [field.name for field in dataclasses.fields(record.made)]


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(Explanation) if field.default is not dataclasses.MISSING]
)
def test_a_file_written_before_a_field_existed_takes_its_default(name: str, drums: Explanation) -> None:
    data = json.loads(drums.to_json())
    del data[name]
    default = next(field.default for field in dataclasses.fields(Explanation) if field.name == name)
    assert getattr(Explanation.from_dict(data), name) == default


@pytest.mark.parametrize("place", [(), ("provenance",), ("features", 0), ("features", 0, "where"), ("rankings", 0)])
def test_an_entry_that_nobody_knows_is_refused_and_named(place: tuple[Any, ...], drums: Explanation) -> None:
    data = json.loads(drums.to_json())
    inner = data
    for step in place:
        inner = inner[step]
    inner["colour"] = "red"
    with pytest.raises(InputError, match="colour: unknown entry; a later version of limelight may have written it"):
        Explanation.from_dict(data)


@pytest.mark.parametrize(
    ("version", "remedy"),
    [(99, "install the version of limelight that wrote it"), (0, "to_json"), ("2", "to_json"), (True, "to_json")],
)
def test_a_version_that_is_not_known_is_refused_with_what_to_do(version: Any, remedy: str) -> None:
    with pytest.raises(InputError, match=remedy):
        Explanation.from_dict({"schema_version": version})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stderr": [[-0.1, 0.0, 0.0]]}, "stderr: expected numbers of at least 0"),
        ({"coef": [[1.0, 2.0]]}, r"coef: expected numbers of shape \(1, 3\)"),
        ({"coef": [[1.0, None, 2.0]]}, "coef: expected a finite number, got None"),
        ({"coef": [["1.0", 2.0, 3.0]]}, "coef: expected a finite number, got '1.0'"),
        ({"selected": [[0, 3]]}, "selected: expected a whole number from 0 to 2, got 3"),
        ({"selected": [[0, 0, 1]]}, "every feature at most once"),
        ({"selected": [[-1, 0, 1]]}, "got -1"),
        ({"covariance": [[0.0]]}, "the 6 numbers of 3 features"),
        ({"targets": [1]}, "targets: expected a string, got 1"),
        ({"layout": {"kind": "raster"}}, "layout.width"),
        ({"outputs": [["loud", None]]}, "outputs: expected a finite number"),
        ({"rankings": [{"order": [0, 1], "certified": 3, "cuts": [], "contender": -1, "doubt": 0.0}]}, "certified"),
        ({"rankings": [{"order": [0, 1], "certified": 0, "cuts": [2], "contender": -1, "doubt": 0.0}]}, "cuts"),
    ],
)
def test_damage_is_named_by_its_place(change: dict[str, Any], said: str, drums: Explanation) -> None:
    with pytest.raises(InputError, match=said):
        Explanation.from_dict({**json.loads(drums.to_json()), **change})


# -- strict JSON ------------------------------------------------------------------------------------------------------


def strict(text: str) -> Any:
    """Read JSON as a reader in another language does, which knows no NaN and writes UTF-8."""

    def refuse(name: str) -> None:
        raise AssertionError(f"bare {name}")

    text.encode("utf-8")
    return json.loads(text, parse_constant=refuse)


def test_numbers_that_are_not_finite_are_null_or_named_and_come_back(drums: Explanation) -> None:
    unknown = np.array([math.nan])
    effect = Effect(0, ("off", "on"), np.array([0.5, 0.5]), np.array([math.nan, 1.0]), np.array([0.0, math.inf]), 1)
    odd = dataclasses.replace(
        drums,
        fidelity=unknown,
        fidelity_stderr=np.array([math.inf]),
        r2=np.array([-math.inf]),
        covariance=(np.array([math.inf, 0, 0, 0, 0, 0], dtype=np.float32),),
        curve={"widths": [0.1, 0.2], "fidelity": [[math.nan], [1.0]]},
        curves=((effect,),),
        pairs=((Interaction(0, 1, 0.5, math.nan, 0.1, 0.2),),),
        provenance=dataclasses.replace(
            drums.provenance, effective_sample_size=math.nan, settings={"seed": 0, "tolerance": math.inf}
        ),
    )
    data = strict(odd.to_json())
    assert data["fidelity"] == [None]
    assert data["fidelity_stderr"] == ["Infinity"]
    assert data["r2"] == ["-Infinity"]
    assert data["df"] == "Infinity"
    again = Explanation.from_json(odd.to_json())
    assert again == odd
    assert math.isnan(again.fidelity[0]) and again.r2[0] == -math.inf and again.df == math.inf
    assert again.curves == odd.curves
    assert math.isnan(again.kernel_path()[0]["fidelity"][0])


def test_bare_nan_of_version_1_is_read(drums: Explanation) -> None:
    data = {**json.loads(drums.to_json()), "schema_version": 1, "df": None}
    text = json.dumps({**data, "fidelity": [math.nan], "r2": [-math.inf]})
    assert "NaN" in text
    read = Explanation.from_json(text)
    assert math.isnan(read.fidelity[0]) and read.r2[0] == -math.inf and read.df == math.inf


@pytest.mark.parametrize("size", [1e154, 1e200, 1e-200])
def test_outputs_of_any_size_are_saved_as_strict_json_and_read_back(size: float, tmp_path: Path) -> None:
    made = golden("v2-table")
    scaled = {name: size * getattr(made, name) for name in ("coef", "stderr", "intercept", "prediction")}
    with np.errstate(over="ignore"):
        covariance = tuple((each.astype(float) * size * size).astype(np.float32) for each in made.covariance)
    explanation = dataclasses.replace(made, **scaled, covariance=covariance)
    strict(explanation.to_json(tmp_path / "e.json"))
    assert Explanation.from_json(tmp_path / "e.json") == explanation


@pytest.mark.parametrize(
    "key",
    [
        datetime.date(2020, 1, 1),
        pd.Timestamp("2020-01-01"),
        np.int64(7),
        np.float32(0.5),
        b"bytes",
        (1, ("a", None)),
        3.5,
    ],
    ids=str,
)
def test_whatever_a_column_is_called_what_was_paid_can_be_saved(key: Any, drums: Explanation) -> None:
    features = tuple(dataclasses.replace(each, where=Where("column", key)) for each in drums.features)
    odd = dataclasses.replace(drums, features=features)
    read = Explanation.from_json(odd.to_json())
    assert read == odd
    expected = key.item() if isinstance(key, np.generic) else key if isinstance(key, (tuple, float)) else str(key)
    assert read.features[0].where.key == expected


def test_settings_that_json_does_not_know_are_written_as_text(drums: Explanation) -> None:
    settings = {
        "seed": 0,
        "kernel": np.tanh,
        "when": datetime.date(2020, 1, 1),
        3: {
            1,
        },
    }
    odd = dataclasses.replace(drums, provenance=dataclasses.replace(drums.provenance, settings=settings))
    assert strict(odd.to_json())["provenance"]["settings"]["when"] == "2020-01-01"
    assert Explanation.from_json(odd.to_json()) == odd


# -- half of a surrogate pair -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["so \ud800 good", "\udc00\udc00 good", "good \udfff", "emoji 👍 and \ud83d good"])
def test_a_text_that_no_encoding_knows_is_saved_in_every_form(text: str, tmp_path: Path) -> None:
    explainer = ll.Explainer(lambda texts: [float("good" in each) for each in texts], ll.Text(r"\S+"), seed=0)
    explanation = explainer.explain(text)
    explanation.to_json(tmp_path / "e.json")
    read = Explanation.from_json(tmp_path / "e.json")
    assert read == explanation
    assert read.layout["text"] == text
    explanation.to_html(tmp_path / "e.html")
    assert "good" in (tmp_path / "e.html").read_text(encoding="utf-8")
    for shown in (str(explanation), explanation.describe(), explanation.to_markdown(), explanation._repr_html_()):
        shown.encode("utf-8")


def test_names_of_columns_and_outputs_may_hold_halves_too(tmp_path: Path) -> None:
    masks = ll.Components(["a\ud800", "b"], np.asarray)
    explainer = ll.Explainer(lambda Z: Z @ np.array([1.0, 2.0]), masks, seed=0, output_names=["out\udc00"])
    explanation = explainer.explain(None)
    explanation.to_json(tmp_path / "e.json")
    assert Explanation.from_json(tmp_path / "e.json") == explanation
    str(explanation).encode("utf-8")


def test_a_ranking_and_a_feature_say_the_same_after_a_round_trip(drums: Explanation) -> None:
    feature = Feature("a", Where("word", "a", ((0, 1), (4, 5))), value="A", keep=0.25)
    ranking = Ranking(np.array([2, 0, 1]), 1, (1,), -1, math.nan)
    odd = dataclasses.replace(drums, features=(feature, *drums.features[1:]), rankings=(ranking,))
    read = Explanation.from_json(odd.to_json())
    assert read.features[0] == feature
    assert read.rankings[0].groups == ((2,), (0, 1))


def test_a_curve_has_a_name_for_each_of_its_bins_also_where_the_last_holds_nothing() -> None:
    # whole numbers so large that the cuts between them are the same float, and no row lies above the last
    frame = pd.DataFrame({"price": [2**60 + i for i in range(200)], "share": [i / 7 for i in range(200)]})
    explanation = ll.Explainer(lambda X: X["share"] + 1, ll.Tabular(frame), seed=0).explain(frame.iloc[3:4])
    for effect in explanation.curves[0]:
        assert len(effect.names) == len(effect.shares) == len(effect.effects) == len(effect.stderr)
    assert ll.Explanation.from_json(explanation.to_json()) == explanation
