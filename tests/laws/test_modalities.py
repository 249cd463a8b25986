"""Every modality keeps every law, with every option; and a modality that breaks one is told which.

The claims of `testing/__init__.py`.
"""

from __future__ import annotations

import importlib
import operator
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.testing import LawError, check_modality, number_of_content

rng = np.random.default_rng(0)


# -- tables -----------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "age": rng.integers(18, 80, 60),
        "income": rng.normal(2000, 500, 60),
        "city": rng.choice(["Rome", "Oslo", "Lima"], 60),
        "constant": np.ones(60),
    }
)
FRAME.loc[3, "income"] = np.nan
TABLES = {
    "quartiles": ll.Tabular(FRAME),
    "array": ll.Tabular(rng.normal(size=(50, 4))),
    "no bins": ll.Tabular(FRAME[["age", "income"]].fillna(0.0), bins=None),
    "groups": ll.Tabular(FRAME, groups={"who": ["age", "city"]}),
    "values": ll.Tabular(FRAME, contrast="value"),
    "values of an array": ll.Tabular(rng.normal(size=(50, 4)), contrast="value"),
}


@pytest.mark.parametrize("option", TABLES)
def test_tables_keep_every_law(option):
    rows = {
        "array": list(rng.normal(size=(3, 4))),
        "values of an array": list(rng.normal(size=(3, 4))),
        "no bins": [row for _, row in FRAME[["age", "income"]][5:8].iterrows()],
    }
    check_modality(TABLES[option], rows.get(option, [row for _, row in FRAME[2:5].iterrows()]))


# -- texts ------------------------------------------------------------------------------------------------------------

TEXTS = ["no fatigue, but sneezing and headache", "don't", "", "日本語 text, 日本語! 👩‍👩‍👧 é"]
TEXT_OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "separately": {"occurrences": "separately"},
    "characters": {"tokens": "characters"},
}


@pytest.mark.parametrize("option", TEXT_OPTIONS)
def test_texts_keep_every_law(option):
    check_modality(ll.Text(**TEXT_OPTIONS[option]), TEXTS, n_samples=40)


# -- parts ------------------------------------------------------------------------------------------------------------


def parts_of(instance):
    return [f"part {i}" for i in range(len(instance))]


def switched_off(masks, instance):
    return masks * np.asarray(instance)


def lists_of(masks, instance):
    return [[part for part, on in zip(instance, mask, strict=True) if on] for mask in masks]


@pytest.mark.parametrize("compose", [switched_off, lists_of])
def test_parts_keep_every_law(compose):
    check_modality(ll.Components(parts_of, compose), [[1.0, 2.0, 3.0], [4.0], [], list(range(1, 30))], n_samples=60)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("sampler", ["pairs", "plain"])
@pytest.mark.parametrize("d", [1, 5, 40])
def test_a_linear_set_function_comes_back_exactly_under_every_sampler_and_distance(distance, sampler, d):
    true = np.linspace(-3, 5, d)
    parts = ll.Components([str(j) for j in range(d)], operator.mul)
    explainer = ll.Explainer(
        partial(np.sum, axis=1), parts, seed=1, distance=distance, sampler=sampler, n_samples=400, max_features=None
    )
    found = explainer.explain(true)
    np.testing.assert_allclose(found.coef[0], true, rtol=0, atol=1e-9)
    np.testing.assert_allclose([found.intercept[0], found.fidelity[0]], [0, 1], rtol=0, atol=1e-9)


# -- images -----------------------------------------------------------------------------------------------------------

GREY = rng.integers(0, 256, (3, 16, 12), dtype=np.uint8)
COLOUR = rng.integers(0, 256, (2, 16, 12, 3), dtype=np.uint8)
LABELS = rng.integers(-3, 90_000, (16, 12)) // 20_000


def darker(image, labels):
    return image // 2


def halves(image):
    return (np.arange(image.shape[0])[:, None] * 2 // image.shape[0] + np.zeros(image.shape[1], int)) * 7 - 3


def as_floats(images):
    return images / 255.0


IMAGES: dict[str, tuple[dict[str, Any], Any]] = {
    "defaults": ({}, GREY),
    "nine squares": ({"segments": "grid", "n_segments": 9}, COLOUR),
    "label array": ({"segments": LABELS}, COLOUR),
    "segmenter": ({"segments": halves}, GREY),
    "one superpixel": ({"segments": np.full((16, 12), 5)}, GREY),
    "colour": ({"fill": (1, 2, 3), "n_segments": 6}, COLOUR),
    "blur": ({"fill": "blur", "n_segments": 6}, COLOUR),
    "noise": ({"fill": "noise", "n_segments": 6}, COLOUR),
    "other image": ({"fill": COLOUR[0][::-1].copy(), "n_segments": 6}, COLOUR),
    "callable fill": ({"fill": darker, "n_segments": 6}, GREY),
    "to_model": ({"to_model": as_floats, "n_segments": 6}, COLOUR),
    "channels first": ({"channels": "first", "n_segments": 6}, np.moveaxis(COLOUR, 3, 1)),
    "floats": ({"n_segments": 6}, (COLOUR / 255).astype(np.float32)),
    "alpha": ({"n_segments": 6}, rng.integers(0, 256, (2, 16, 12, 4), dtype=np.uint8)),
    "sixteen bits": ({"n_segments": 6}, rng.integers(0, 2**16, (2, 7, 5), dtype=np.uint16)),
    "one pixel": ({}, np.array([[[7]], [[8]]], np.uint8)),
}


@pytest.mark.parametrize("option", IMAGES)
def test_images_keep_every_law(option):
    options, images = IMAGES[option]
    check_modality(ll.Image(**options), list(images))


def test_pil_images_keep_every_law():
    image = pytest.importorskip("PIL.Image")
    check_modality(ll.Image(n_segments=6), [image.fromarray(each) for each in COLOUR])


@pytest.mark.parametrize("fill", ["mean", "noise"])
def test_tensors_keep_every_law(fill):
    torch = pytest.importorskip("torch")
    check_modality(ll.Image(n_segments=6, fill=fill), list(torch.as_tensor(np.moveaxis(COLOUR, 3, 1).copy())))


# -- series -----------------------------------------------------------------------------------------------------------

SERIES = rng.normal(size=(3, 20))
CHANNELS = rng.normal(size=(2, 20, 3))
GAPS = np.where(rng.random((2, 20)) < 0.3, np.nan, SERIES[:2])


def halved(values, labels):
    return values / 2


TIMES: dict[str, tuple[dict[str, Any], Any]] = {
    "defaults": ({}, SERIES),
    "gaps": ({}, GAPS),
    "change points": ({"windows": "changepoints"}, SERIES),
    "lengths": ({"windows": 6, "fill": "mean"}, SERIES),
    "labels": ({"windows": np.arange(20) % 3, "fill": "linear"}, SERIES),
    "swap": ({"fill": "swap", "background": rng.normal(size=(9, 20))}, SERIES),
    "noise": ({"fill": "noise"}, SERIES),
    "callable": ({"fill": halved}, CHANNELS),
    "per channel": ({"per_channel": True, "fill": "zero"}, CHANNELS),
    "channels first": ({"channels": "first", "model_channels": "last"}, np.moveaxis(CHANNELS, 1, 2)),
    "one step": ({}, np.array([[1.0], [2.0]])),
    "frames": ({}, [pd.DataFrame(each, columns=["a", "b", "c"]) for each in CHANNELS]),
}


@pytest.mark.parametrize("option", TIMES)
def test_series_keep_every_law(option):
    options, series = TIMES[option]
    check_modality(ll.TimeSeries(**options), list(series))


# -- what the checks catch --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken(ll.Components):
    """Parts whose representation breaks a law."""

    fault: str = ""

    def represent(self, instance, rng):
        return BrokenParts(super().represent(instance, rng), self.fault)


class BrokenParts:
    def __init__(self, inner, fault):
        self.inner, self.fault, self.buffer = inner, fault, np.zeros((64, len(inner.features)))

    def __getattr__(self, name):
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    @property
    def content(self):
        return b"all alike" if self.fault == "content" else self.inner.content

    @property
    def features(self):
        return (Feature("a", Where("part", "a")),) * 3 if self.fault == "where" else self.inner.features

    def layout(self):
        return {"kind": "hologram"} if self.fault == "layout" else self.inner.layout()

    def reconstruct(self, Z, rng):
        found = self.inner.reconstruct(Z, rng)
        if self.fault == "ones":
            return found + 1
        if self.fault == "global randomness":
            return found + rng.random(found.shape) * (1 - Z)
        if self.fault == "count":
            return found[1:] if len(found) > 2 else found
        if self.fault == "one buffer":
            self.buffer[: len(Z)] = found
            return self.buffer[: len(Z)]
        return found


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("content", "content differs"),
        ("where", "same `where`"),
        ("layout", "layout"),
        ("ones", "all ones"),
        ("global randomness", "deterministic"),
        ("count", "inputs for 9 masks"),
        ("one buffer", "changes no earlier inputs"),
    ],
)
def test_a_modality_that_breaks_a_law_is_told_which(fault, law):
    with pytest.raises(LawError, match=law):
        check_modality(Broken(["a", "b", "c"], operator.mul, fault=fault), [1.0, 2.0])


def test_a_modality_that_does_not_pickle_is_told_so():
    with pytest.raises(LawError, match="Components pickles"):
        check_modality(ll.Components(["a", "b"], lambda masks, instance: masks * instance), [1.0, 2.0])


def test_inputs_of_every_kind_are_told_apart_by_content():
    frames = (FRAME[:3], FRAME[:3].assign(age=[1, 2, 3]))
    for first, second in [frames, (["a"], ["b"]), (np.zeros(2), np.ones(2)), ([np.zeros(2)], [np.ones(2)])]:
        assert not np.array_equal(number_of_content(first), number_of_content(second))
        assert np.array_equal(number_of_content(first), number_of_content(first))


# -- the how-to -------------------------------------------------------------------------------------------------------

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.fixture
def audio(monkeypatch):
    """The modality of the how-to page, imported as a user's own file would be."""
    monkeypatch.syspath_prepend(str(HOW_TO))
    module = importlib.import_module("audio")
    yield module
    sys.modules.pop("audio", None)


def test_the_modality_of_the_how_to_keeps_every_law(audio):
    clips = np.sin(np.outer([0.1, 0.3], np.arange(900.0)))
    check_modality(audio.Audio(rate=1000, seconds=0.13), list(clips))
    check_modality(audio.Audio(rate=1000, seconds=0.02), list(clips.astype(np.float32)))


def test_what_the_how_to_page_shows_stands_in_its_file():
    page, file = ((HOW_TO / name).read_text(encoding="utf-8") for name in ("write-a-modality.md", "audio.py"))
    blocks = [block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "check_modality" not in block]
    assert len(blocks) == 2
    assert all(block in file for block in blocks)
