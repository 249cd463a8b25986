"""How pictures are asked for in lime's way: masks, batches, colour, and a bar that counts what was asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from limelight.compat.lime.asked_images import Progress, as_colour, ask_masked
from limelight.errors import InputError

SHOWN, HIDDEN = np.full((2, 2, 3), 9.0), np.zeros((2, 2, 3))
SEGMENTS = np.array([[4, 4], [7, 7]])


def test_masks_and_answers_belong_together_and_the_first_shows_all() -> None:
    asked: list[int] = []

    def function(images: Any) -> Any:
        asked.append(len(images))
        return images.mean(axis=(1, 3)) / 9.0  # rows of the picture, which are its two parts

    masks, answers = ask_masked((SHOWN, HIDDEN, SEGMENTS), function, 7, 3, np.random.default_rng(0))
    assert asked == [3, 3, 1]
    assert masks[0].tolist() == [1, 1]
    # each column of a picture is half shown, half hidden: its mean is the share of parts that are shown
    assert answers[:, 0].tolist() == pytest.approx(masks.mean(axis=1).tolist())


def test_a_grey_picture_becomes_three_alike() -> None:
    grey = np.arange(6.0).reshape(2, 3)
    assert (as_colour(grey) == grey[:, :, None]).all()
    assert as_colour(SHOWN) is SHOWN
    with pytest.raises(InputError, match=r"expected shape \(h, w, 3\) or \(h, w\), got \(1, 2, 2, 3\)"):
        as_colour(SHOWN[None])


def test_the_bar_counts_pictures_and_nothing_is_wrapped_where_there_is_none() -> None:
    with Progress(0) as silent:
        assert silent.watch(len) is len
    moved: list[Any] = []
    bar = Progress(0)
    bar.bar = SimpleNamespace(update=moved.append, close=lambda: moved.append("closed"))
    with bar:
        watched = bar.watch(len)
        assert [watched([0] * 2), watched([0] * 3)] == [2, 3]
    assert moved == [2, 3, "closed"]
