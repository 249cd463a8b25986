"""A kind of data of somebody else's that lacks something, or breaks a promise, is refused before the model is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.result.layouts import bars_layout
from limelight.testing import LawError, check_modality

STEPS = ["salt water", "boil", "pepper"]
FEATURES = tuple([Feature(step, Where("part", j)) for j, step in enumerate(STEPS)])


def kept(Z: Any) -> list[str]:
    return [" ".join(step for step, on in zip(STEPS, row, strict=True) if on) for row in Z]


@dataclass
class Recipe:
    """x' of the steps above."""

    features: Any = FEATURES
    center: Any = field(default_factory=lambda: np.ones(3))
    content: Any = b"steps"
    original: Any = field(default_factory=lambda: [" ".join(STEPS)])
    chunk: Any = 64
    law: str = "bernoulli"
    deterministic: bool = True
    rows: int = 0
    """How many rows are given too many."""

    def reconstruct(self, Z: Any, rng: np.random.Generator) -> Any:
        return (kept(Z) + ["more"] * max(self.rows, 0))[: len(Z) + self.rows]

    def layout(self) -> Any:
        return bars_layout()


@dataclass
class Steps:
    """The kind of data: whatever is asked about is one recipe."""

    made: Any
    distance: str = "cosine"
    max_samples: int = 512

    def represent(self, instance: Any, rng: np.random.Generator) -> Any:
        return self.made

    def instances(self, many: Any) -> Any:
        return many

    def describe(self) -> Any:
        return {"modality": "steps"}


class Counting:
    """Counts salt, and how many texts it was asked about."""

    asked = 0

    def __call__(self, texts: list[str]) -> list[float]:
        self.asked += len(texts)
        return [float("salt" in text) for text in texts]


def test_one_that_keeps_its_promises_is_explained() -> None:
    found = ll.Explainer(Counting(), Steps(Recipe())).explain(STEPS)
    assert found.coef[0] == pytest.approx([1.0, 0.0, 0.0])
    listed = Recipe(features=list(FEATURES), chunk=np.int64(2))
    assert ll.Explainer(Counting(), Steps(listed)).explain(STEPS).coef == pytest.approx(found.coef)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, r"Steps\.represent: expected a representation.*got None"),
        ("steps", "a representation with features, .*got str without"),
        (Recipe(features=tuple(STEPS)), "features that are Feature objects"),
        (Recipe(features=3), "features that are Feature objects"),
        (Recipe(center=np.ones(2)), r"center \(3,\), one for each feature, got \(2,\)"),
        (Recipe(center=np.zeros(3)), "center of ones"),
        (Recipe(content="steps"), "content that is bytes, got str"),
        (Recipe(original=["a", "b"]), "original that is one model input, got 2"),
        (Recipe(chunk=0), "chunk that is a whole number from 1, got 0"),
        (Recipe(chunk=2.5), "got 2.5"),
        (Recipe(chunk=True), "got True"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_model_is_asked(made: Any, said: str) -> None:
    model = Counting()
    with pytest.raises(ll.InputError, match=said):
        ll.Explainer(model, Steps(made)).explain(STEPS)
    assert model.asked == 0


@pytest.mark.parametrize("lacking", ["content", "law", "deterministic", "chunk", "reconstruct", "layout"])
def test_something_that_lacks_one_thing_is_told_which(lacking: str) -> None:
    whole = Recipe()
    names = ["features", "center", "content", "original", "chunk", "law", "deterministic", "reconstruct", "layout"]
    part = SimpleNamespace(**{name: getattr(whole, name) for name in names if name != lacking})
    with pytest.raises(ll.InputError, match=f"a representation with {lacking}, got SimpleNamespace without"):
        ll.Explainer(Counting(), Steps(part)).explain(STEPS)


@pytest.mark.parametrize("rows", [-1, 1])
def test_a_row_too_few_or_too_many_is_refused_since_answers_would_be_those_of_other_masks(rows: int) -> None:
    with pytest.raises(
        ll.InputError, match=rf"Recipe\.reconstruct: expected 8 model inputs for 8 masks, got {8 + rows}"
    ):
        ll.Explainer(Counting(), Steps(Recipe(rows=rows))).explain(STEPS)


def test_the_class_of_a_kind_of_data_is_none() -> None:
    for kind in (ll.Text, ll.Tabular, Steps):
        with pytest.raises(ll.InputError, match=f"got the class {kind.__name__}; call it"):
            ll.Explainer(Counting(), kind)  # type: ignore[arg-type]


def test_whatever_is_wrong_with_a_kind_of_data_is_a_broken_law() -> None:
    for broken in (Steps(Recipe(), max_samples="many"), Steps(3)):  # type: ignore[arg-type]
        with pytest.raises(LawError, match="broken; got (Type|Attribute)Error"):
            check_modality(broken, [STEPS])
    for rows in (-1, 1):
        with pytest.raises(LawError, match="is the original: broken"):
            check_modality(Steps(Recipe(rows=rows)), [STEPS])
