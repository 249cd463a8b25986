"""How lime's explainer asks about a picture: in colour, part by part, with a bar that moves.

Input: a picture, its parts, and a function. Output: masks, and what the function says of their pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.compat.lime.draws import draw_images
from limelight.errors import InputError, MissingDependencyError
from limelight.optional import require


def ask_masked(
    picture: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    function: Callable[[Any], Any],
    n: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[Any, Any]:
    """Return n masks (n, d) of a picture, which is (shown, hidden, segments), and what a function says of them."""
    shown, hidden, segments = picture
    keys = np.unique(segments)
    masks = rng.integers(0, 2, (n, len(keys)))
    masks[0] = 1
    answers: list[Any] = []
    for start in range(0, n, batch_size):
        answers.extend(function(draw_images(shown, hidden, segments, masks[start : start + batch_size], keys)))
    return masks, np.array(answers)


def as_colour(image: Any) -> NDArray[Any]:
    """Return an image (h, w, c); a grey one (h, w) three times.

    >>> as_colour(np.zeros((4, 5))).shape
    (4, 5, 3)
    """
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.ndim != 3:
        raise InputError(
            f"image: expected shape (h, w, 3) or (h, w), got {pixels.shape}; pass one image, channels last."
        )
    return pixels


class Progress:
    """A bar over the images asked, where tqdm is installed and something is to be shown.

    Parameters
    ----------
    total
        How many will be asked; 0 shows nothing.
    """

    def __init__(self, total: int) -> None:
        self.bar: Any = None
        if total:
            try:
                self.bar = require("tqdm.auto", "notebook").tqdm(total=total, disable=None, delay=2.0, leave=False)
            except MissingDependencyError:
                return

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def watch(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the function, with the bar moving as it is asked."""
        if self.bar is None:
            return function

        def watched(images: Any) -> Any:
            answer = function(images)
            self.bar.update(len(images))
            return answer

        return watched
