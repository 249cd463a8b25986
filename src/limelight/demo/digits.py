"""The image of the demo: a neural network reads handwritten digits; one that it misreads.

The digits (8 × 8 pixels) come with scikit-learn, so nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.demo.chapter import SEED, Chapter

N_TRAIN = 1200
"""The first two thirds; the others are the test."""
SIDE = 4
"""Squares in a row: of 2 × 2 pixels, what a person sees as one piece of a stroke."""
ZOOM = 8
"""Each pixel is shown as 8 × 8, so that a picture of 8 × 8 can be looked at; the network gets the small one."""
SHADES = " .:+#@"


@dataclass(frozen=True, slots=True)
class Digits:
    """A fitted classifier of digits, and digits that it has not seen.

    Parameters
    ----------
    model
        A scikit-learn network from 64 numbers to "0" … "9".
    images
        (n, 8, 8) ink from 0 to 16.
    truth
        (n,) what was meant.
    """

    model: Any
    images: NDArray[np.float64]
    truth: NDArray[np.str_]


def flat(images: Any) -> NDArray[np.float64]:
    """Return what the network takes: rows of 64 numbers from 0 to 1.

    >>> flat(np.full((2, 8, 8), 16)).shape
    (2, 64)
    """
    return np.asarray(images, dtype=float).reshape(len(images), -1) / 16


def enlarged(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a digit (8, 8) as a picture (64, 64)."""
    return np.repeat(np.repeat(image, ZOOM, axis=0), ZOOM, axis=1)


def reduced(images: Any) -> NDArray[np.float64]:
    """Return what the network takes of pictures (n, 64, 64).

    >>> image = np.arange(64.0).reshape(8, 8)
    >>> bool((reduced(enlarged(image)[None]) == flat(image[None])).all())
    True
    """
    return flat(np.asarray(images)[:, ::ZOOM, ::ZOOM])


def handwriting() -> Digits:
    """Return a network of 64 hidden units fitted to 1,200 digits, with the other 597."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    data = load_digits()
    names = data.target.astype(str)
    model = MLPClassifier((64,), alpha=1, max_iter=500, random_state=SEED)
    model.fit(flat(data.images[:N_TRAIN]), names[:N_TRAIN])
    return Digits(model, data.images[N_TRAIN:], names[N_TRAIN:])


def misread(digits: Digits) -> tuple[int, str]:
    """Return the digit that the network most surely takes for another, and for which."""
    probability = digits.model.predict_proba(flat(digits.images))
    said = digits.model.classes_[probability.argmax(axis=1)]
    place = int(np.argmax(np.where(said == digits.truth, -1.0, probability.max(axis=1))))
    return place, str(said[place])


def chapters() -> Iterator[Chapter]:
    """Yield the explanation of a digit that was misread."""
    from limelight.explainer import Explainer
    from limelight.interpretable.image import Image

    digits = handwriting()
    place, said = misread(digits)
    image, meant = digits.images[place], str(digits.truth[place])
    modality = Image(segments="grid", n_segments=SIDE**2, fill=0, to_model=reduced)
    explainer = Explainer(digits.model, modality, seed=SEED, max_features=6, targets=said)
    explanation = explainer.explain(enlarged(image))
    accuracy = 100 * digits.model.score(flat(digits.images), digits.truth)
    opening = OPENING.format(n=f"{N_TRAIN:,}", accuracy=accuracy, meant=meant, said=said, picture=drawn(image))
    strongest = int(np.argmax(explanation.coef[0]))
    answers = digits.model.predict_proba(flat(np.stack([image, painted_over(image, strongest)])))
    before, after = answers[:, list(digits.model.classes_).index(said)]
    reading = READING.format(said=said, strongest=strongest, before=before, after=after)
    yield Chapter("image", f"An image: the model reads a {said}, and it was a {meant}", opening, explanation, reading)


def painted_over(image: NDArray[np.float64], square: int) -> NDArray[np.float64]:
    """Return a digit (8, 8) with one of its squares left blank."""
    row, column = divmod(square, SIDE)
    painted = image.copy()
    painted[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 0
    return painted


def drawn(image: NDArray[np.float64]) -> str:
    """Return a digit in characters, and beside it the numbers of its squares."""
    lines = []
    for y, inks in enumerate(image):
        ink = "".join(SHADES[round(float(value) / 16 * (len(SHADES) - 1))] * 2 for value in inks)
        if y % 2 == 0:
            numbers = "".join(f"{y // 2 * SIDE + x:>4}" for x in range(SIDE))
        else:
            numbers = ""
        lines.append(f"    {ink}      {numbers}".rstrip())
    return "\n".join(lines)


OPENING = """\
A neural network has learned to read digits from {n} images, and reads {accuracy:.0f} % of the others right. This was
meant as a {meant}, and the network reads a {said}. Beside it, the numbers of its squares:

{picture}"""
READING = """\
How to read it: the image is cut into sixteen squares, which are shown and painted over in many ways; a bar says how
much showing that square adds. Square {strongest} speaks most for {said}. Try it: with that square alone painted over,
the network's {before:.2f} for {said} becomes {after:.2f}. Bars to the left are squares whose ink speaks against it."""
