"""Bands as features: each channel as a whole, by its name, whatever the layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.interpretable.bands import band_channels
from limelight.testing import check_modality

NAMES = ["blue", "green", "red", "nir", "swir"]
FIELD = np.random.default_rng(0).integers(1, 3000, (12, 9, 5)).astype(np.uint16)


def vegetation(images: np.ndarray) -> np.ndarray:
    return images[..., 3].mean(axis=(1, 2)) / 1000 - images[..., 2].mean(axis=(1, 2)) / 500


@pytest.mark.parametrize("first", [False, True])
def test_what_a_model_reads_of_each_band_is_its_weight(first: bool) -> None:
    field = np.moveaxis(FIELD, 2, 0) if first else FIELD

    def model(images: np.ndarray) -> np.ndarray:
        assert images.shape[1:] == field.shape
        assert images.dtype == np.uint16
        return vegetation(np.moveaxis(images, 1, 3) if first else images)

    made = ll.Explainer(model, ll.Image(bands=NAMES, fill=0), seed=0).explain(field)
    assert [each.name for each in made.features] == NAMES
    want = [0, 0, -FIELD[..., 2].mean() / 500, FIELD[..., 3].mean() / 1000, 0]
    assert made.coef[0] == pytest.approx(want, abs=1e-9)
    assert ll.Explanation.from_json(made.to_json()) == made
    assert made.layout["tiles"]["names"] == NAMES
    assert all(name in made.to_html() for name in NAMES)
    assert made.provenance.modality["bands"] == NAMES


def test_bands_are_the_same_in_all_images() -> None:
    explainer = ll.Explainer(vegetation, ll.Image(bands=NAMES, fill=0), n_samples=32)
    importance = ll.feature_importance(explainer.explain_many([FIELD, FIELD[::-1].copy()]))
    assert {each.feature for each in importance.features[:2]} == {"red", "nir"}
    assert all(each.mean_abs == 0 for each in importance.features[2:])


def test_opacity_is_no_band_and_stays() -> None:
    pil = pytest.importorskip("PIL.Image")
    clear = pil.fromarray(np.random.default_rng(0).integers(0, 255, (8, 8, 4), dtype=np.uint8), "RGBA")
    made = ll.Image(bands=["r", "g", "b"], fill=0).represent(clear, np.random.default_rng(0))
    hidden = np.asarray(made.reconstruct(np.zeros((1, 3)), np.random.default_rng(0))[0])
    assert (hidden[..., :3] == 0).all()
    assert np.array_equal(hidden[..., 3], np.asarray(clear)[..., 3])


def test_the_laws_hold_and_bands_without_names_are_numbered() -> None:
    check_modality(ll.Image(bands=NAMES), [FIELD, FIELD[::-1].copy()])
    made = ll.Image(bands=True, channels="last").represent(FIELD, np.random.default_rng(0))
    assert [each.name for each in made.features] == [f"band {at}" for at in range(5)]
    own = made.reconstruct(np.array([[0, 1, 1, 1, 1]]), np.random.default_rng(0))[0]
    assert (own[..., 0] == int(FIELD[..., 0].mean())).all()
    noisy = ll.Image(bands=NAMES, fill="noise").represent(FIELD, np.random.default_rng(0))
    assert not noisy.deterministic


def test_tensors_are_hidden_band_by_band() -> None:
    torch = pytest.importorskip("torch")
    image = torch.arange(60.0).reshape(5, 4, 3)
    made = ll.Image(bands=NAMES, fill=0).represent(image, np.random.default_rng(0))
    found = made.reconstruct(np.array([[1, 0, 1, 0, 1]]), np.random.default_rng(0))[0]
    assert torch.equal(found[::2], image[::2])
    assert not found[1::2].any()


def test_names_say_where_the_channels_are() -> None:
    assert band_channels(NAMES, "auto", (5, 9, 12)) == "first"
    assert band_channels(NAMES, "auto", (9, 12, 5)) == "last"
    assert band_channels(NAMES, "auto", (5, 12, 5)) == "auto"
    assert band_channels(NAMES, "last", (5, 9, 12)) == "last"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: ll.Image(bands="red"), "bands: expected a list of names"),
        (lambda: ll.Image(bands=[]), "bands: expected a list of names"),
        (lambda: ll.Image(bands=["a", "a"]), "bands: expected different names"),
        (lambda: ll.Image(segments="slic", bands=NAMES), "segments: has no effect with bands"),
        (lambda: ll.Image(n_segments=9, bands=NAMES), "segments: has no effect with bands"),
        (
            lambda: ll.Image(bands=NAMES).represent(FIELD[..., :3], np.random.default_rng(0)),
            "a name for each of 3 bands",
        ),
    ],
)
def test_what_does_not_fit_is_refused(ask: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        ask()
