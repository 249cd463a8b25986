"""Volumes and video: the model gets what it would have got, hidden where it should be, and known causes are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.testing import check_modality

RNG = np.random.default_rng(0)
SCAN = RNG.integers(-1000, 400, (10, 20, 24)).astype(np.int16)
ORGANS = np.full(SCAN.shape, -1)
ORGANS[2:5, 4:9, 4:9], ORGANS[5:8, 10:16, 10:20] = 1_000_000, 12


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", "f8", "?"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 3), (3, 5, 6, 7), (5, 6, 7, 1)])
def test_composites_are_the_volume_where_a_part_is_on_and_the_fill_elsewhere(
    dtype: str, shape: tuple[int, ...]
) -> None:
    volume = (RNG.random(shape) * 200).astype(dtype)
    labels = RNG.integers(0, 4, (5, 6, 7))
    made = ll.Volume(labels, fill=1).represent(volume, RNG)
    Z = RNG.integers(0, 2, (6, 4))
    mask = Z[:, labels] == 1
    axis = made.stack.axis
    mask = mask if axis is None else np.expand_dims(mask, axis + 1)
    found = made.reconstruct(Z, RNG)
    assert found.dtype == volume.dtype
    assert np.array_equal(found, np.where(mask, volume, np.ones((), dtype)))
    assert np.array_equal(made.original, volume[None])


def test_organs_keep_their_labels_and_known_weights_are_found_exactly() -> None:
    organ, other = ORGANS == 1_000_000, ORGANS == 12

    def dose(scans: np.ndarray) -> np.ndarray:
        return scans[:, organ].mean(axis=1) / 100 - scans[:, other].max(axis=1) / 1000.0

    made = ll.Explainer(dose, ll.Volume(ORGANS, fill=-1000), seed=0).explain(SCAN)
    assert [each.where.key for each in made.features] == [-1, 12, 1_000_000]
    want = [0.0, -(SCAN[other].max() + 1000) / 1000, (SCAN[organ].mean() + 1000) / 100]
    assert made.coef[0] == pytest.approx(want, abs=1e-9)
    assert made.provenance.stopped == "exhaustive"
    assert ll.Explanation.from_json(made.to_json()) == made
    for view in (str(made), made.to_html(), made.to_markdown()):
        assert "supervoxel 1000000" in view


def test_a_video_is_cut_in_scenes() -> None:
    video = RNG.integers(0, 255, (12, 16, 16, 3), dtype=np.uint8)

    def end(videos: np.ndarray) -> np.ndarray:
        assert videos.shape[1:] == video.shape
        return videos[:, 8:].mean(axis=(1, 2, 3, 4))

    made = ll.Explainer(end, ll.Volume("slices", n_segments=3, fill=0, along="frame"), seed=0).explain(video)
    assert made.coef[0] == pytest.approx([0.0, 0.0, video[8:].mean()])
    assert made.layout["tiles"]["names"][-1] == "frame 11"


def test_tensors_stay_tensors() -> None:
    torch = pytest.importorskip("torch")
    scan = torch.tensor(SCAN[None].astype(np.float32))
    made = ll.Volume(ORGANS, channels="first", fill=0).represent(scan, RNG)
    found = made.reconstruct(np.array([[0, 1, 0]]), RNG)
    assert found.dtype == torch.float32
    assert torch.equal(found[0, 0], scan[0] * torch.tensor(ORGANS == 12))


def test_the_laws_hold_and_volumes_stand_in_a_row() -> None:
    modality = ll.Volume("grid", n_segments=8)
    check_modality(modality, [SCAN, SCAN[::-1].copy()])
    explainer = ll.Explainer(lambda scans: scans.mean(axis=(1, 2, 3)), modality, n_samples=64)
    many = list(explainer.explain_many([SCAN, SCAN]))
    assert many[0] == many[1] == explainer.explain(SCAN)
    assert "tiles" in explainer.explain(SCAN).layout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"segments": "slick"}, "segments: unknown name 'slick'; did you mean 'slic'"),
        ({"fill": "noise"}, "fill: unknown name 'noise'"),
        ({"spacing": (1, 1)}, "spacing: expected three positive numbers"),
        ({"spacing": (0, 1, 1)}, "spacing: expected three positive numbers"),
        ({"n_segments": 0}, "n_segments: expected a positive number"),
        ({"segments": ORGANS, "n_segments": 5}, "n_segments: has no effect"),
        ({"along": ""}, "along: expected a word"),
        ({"channels": "middle"}, "channels: unknown name"),
        ({"to_model": 3}, "to_model: expected a function"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        ll.Volume(**options)


def test_one_volume_is_not_many() -> None:
    explainer = ll.Explainer(lambda scans: scans.mean(axis=(1, 2, 3)), ll.Volume("grid"), n_samples=16)
    for one in (SCAN, np.stack([SCAN] * 2)):
        with pytest.raises(ll.InputError, match="instances: expected"):
            list(explainer.explain_many(one))


def test_a_function_cuts_and_converts() -> None:
    def halves(planes: np.ndarray) -> np.ndarray:
        assert planes.shape == (*SCAN.shape, 1)
        return np.arange(10)[:, None, None] // 5 + np.zeros(SCAN.shape, int)

    volume = ll.Volume(halves, fill=0, to_model=lambda scans: scans[:, None] / 1000)
    model = lambda scans: scans[:, 0, :5].sum(axis=(1, 2, 3))  # noqa: E731
    made = ll.Explainer(model, volume, seed=0).explain(SCAN)
    assert made.coef[0] == pytest.approx([SCAN[:5].sum() / 1000, 0.0])
    lost = ll.Volume("grid", to_model=lambda scans: scans[:1])
    with pytest.raises(ll.InputError, match="to_model: expected 2 model inputs"):
        made = lost.represent(SCAN, RNG)
        made.reconstruct(np.ones((2, len(made.features)), np.uint8), RNG)


def test_labels_are_in_the_fingerprint() -> None:
    model = lambda scans: scans.mean(axis=(1, 2, 3))  # noqa: E731
    found = {ll.Explainer(model, ll.Volume(each)).fingerprint for each in (ORGANS, ORGANS[::-1].copy(), ORGANS)}
    assert len(found) == 2


def test_slic_follows_what_is_in_the_volume() -> None:
    pytest.importorskip("skimage")
    z, y, x = np.mgrid[:32, :32, :32]
    ball = (z - 16) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 < 100
    labels = ll.Volume(n_segments=30).represent((ball * 1000.0).astype(np.float32), RNG).segments.index
    pure = sum(max(np.bincount(ball[labels == each].astype(int))) for each in np.unique(labels))
    assert pure > 0.95 * ball.size
    assert len(np.unique(labels)) > 5
