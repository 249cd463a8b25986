"""Husky or wolf in small: a model that reads the snow behind the animal is told from one that reads the animal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.overview.checks.unwanted import named

SIZE, CELL = 24, 8


def pictures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Animals in the middle cell, dark wolves or bright huskies; behind nine of ten wolves lies snow."""
    rng = np.random.default_rng(seed)
    wolf = rng.random(n) < 0.5
    snow = np.where(rng.random(n) < 0.9, wolf, ~wolf)
    images = np.where(snow[:, None, None], 200.0, 90.0) + rng.normal(0, 15, (n, SIZE, SIZE))
    middle = slice(CELL, 2 * CELL)
    images[:, middle, middle] = np.where(wolf, 80.0, 140.0)[:, None, None] + rng.normal(0, 25, (n, CELL, CELL))
    return np.clip(images, 0, 255).astype(np.uint8), wolf, snow


def looks_at(where: str) -> Any:
    """A model fitted to the mean brightness of the animal, or of all the rest."""
    from sklearn.linear_model import LogisticRegression

    inside = np.zeros((SIZE, SIZE), dtype=bool)
    inside[CELL : 2 * CELL, CELL : 2 * CELL] = True
    region = inside if where == "animal" else ~inside

    def means(images: np.ndarray) -> np.ndarray:
        return np.asarray(images, dtype=float)[:, region].mean(axis=1, keepdims=True) / 255

    images, wolf, _ = pictures(300, seed=0)
    fitted = LogisticRegression(C=100.0).fit(means(images), wolf)
    return lambda images: fitted.predict_proba(means(images))


def shows(explanation: ll.Explanation, feature: Any) -> str:
    return "animal" if feature.where.key == 4 else "background"


def audited(where: str, **more: Any) -> ll.Audit:
    images, wolf, _ = pictures(60, seed=1)
    modality = ll.Image(segments="grid", n_segments=9, fill=128)
    explainer = ll.Explainer(
        looks_at(where), modality, output_names=["husky", "wolf"], targets="wolf", n_samples=256, seed=0
    )
    truth = np.where(wolf, "wolf", "husky")
    return ll.audit(explainer.explain_all(list(images)), truth=truth, name=shows, unwanted="background", **more)


def test_a_model_that_reads_the_snow_is_found_and_one_that_reads_the_animal_is_not() -> None:
    snow = audited("snow")
    (found,) = [each for each in snow.findings if each.kind == "artefact"]
    assert found.subject == "background" and found.value > 0.8 and found.low > 0.7 and found.p < 1e-6
    assert "first reason for" in found.sentence and len(found.rows) == 5
    animal = audited("animal")
    assert not [each for each in animal.findings if each.kind == "artefact"]
    assert not animal.looked["artefact"].startswith("Not looked at")


def test_without_a_name_superpixels_are_refused_and_unknown_ones_are_named() -> None:
    image = pictures(2, seed=1)[0]
    explainer = ll.Explainer(looks_at("snow"), ll.Image(segments="grid", n_segments=9), n_samples=64, seed=0)
    explained = explainer.explain_all(list(image))
    with pytest.raises(InputError, match="name="):
        ll.audit(explained)
    with pytest.raises(UnknownNameError, match=r"sky.*'animal', 'background'|unwanted"):
        ll.audit(explained, name=shows, unwanted="sky")


def test_a_feature_that_has_no_name_is_left_out() -> None:
    image = pictures(1, seed=1)[0]
    explainer = ll.Explainer(looks_at("snow"), ll.Image(segments="grid", n_segments=9), n_samples=64, seed=0)
    explained = explainer.explain_all(list(image))
    from limelight.overview.longform import longforms

    (one,) = named(explained, lambda _, feature: "animal" if feature.where.key == 4 else None)
    (laid,) = longforms([one], [one.targets[0]])
    assert laid.keys == ("animal",)
    assert laid.column(0)[0] == pytest.approx(explained[0].contributions[0, 4])
