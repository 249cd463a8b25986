"""lime's perturbations as plain arrays, for code that brings parts of lime's pipeline of its own.

Input: what an explainer holds, and one instance. Output: n perturbations by lime's law, the instance first: independent
draws, as lime makes them. limelight's own explanations draw better ones elsewhere; these are what somebody's override
is handed, or what somebody's `LimeBase` fits.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.compat.lime.arrays import is_sparse
from limelight.compat.lime.randomness import SEEDS, check_random_state
from limelight.contracts import FloatArray


def draw_rows(explainer: Any, row: Any, n: int, sampling_method: str, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return z′ (n, c) and the rows (n, c) that a model is asked.

    Parameters
    ----------
    explainer
        A `LimeTabularExplainer`, or what has its attributes.
    row
        (c,) numbers, or a sparse row.
    n
        How many, the row itself among them.
    sampling_method
        "gaussian", or "lhs" for columns that are continuous.
    rng
        Where the numbers come from.
    """
    if is_sparse(row):
        data = _around_sparse(explainer, row, n, sampling_method, rng)
        return data, data.copy()
    if explainer.discretizer is None:
        if explainer.sample_around_instance:
            center = row
        else:
            center = explainer.scaler.mean_
        data = _normal(n, len(row), sampling_method, rng) * explainer.scaler.scale_ + center
        columns, own = explainer.categorical_features, row
    else:
        data = np.zeros((n, len(row)))
        columns, own = range(len(row)), explainer.discretizer.discretize(row)
    data[0] = row
    rows = data.copy()
    for j in columns:
        drawn = rng.choice(np.asarray(explainer.feature_values[j], float), n, p=explainer.feature_frequencies[j])
        same = (drawn == own[j]) | (np.isnan(drawn) & np.isnan(own[j]))
        data[:, j], rows[:, j] = same, drawn
        data[0, j] = 1
    if explainer.discretizer is not None:
        rows[1:] = _from_bins(explainer.discretizer, rows[1:], rng)
    rows[0] = row
    return data, rows


def draw_masks(d: int, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return which of d words n texts show: all in the first; of the others 1 to d hidden, every number as likely.

    >>> draw_masks(3, 4, np.random.default_rng(0)).tolist()[0]
    [1, 1, 1]
    """
    masks = np.ones((n, d), dtype=np.uint8)
    if not d:
        return masks
    for at, size in enumerate(rng.integers(1, d + 1, n - 1), start=1):
        masks[at, rng.choice(d, size, replace=False)] = 0
    return masks


def masked_texts(indexed: Any, masks: NDArray[np.uint8]) -> list[str]:
    """Return the text that each mask leaves; the first leaves the text itself."""
    removed = [indexed.inverse_removing(np.flatnonzero(mask == 0)) for mask in masks[1:]]
    return [indexed.raw_string(), *removed]


def fudge(image: NDArray[Any], segments: NDArray[Any], hide_color: Any) -> NDArray[Any]:
    """Return the image as it looks where everything is hidden: one colour, or each segment's mean."""
    fudged = image.copy()
    if hide_color is not None:
        fudged[:] = hide_color
        return fudged
    for label in np.unique(segments):
        inside = segments == label
        fudged[inside] = image[inside].mean(axis=0)
    return fudged


def draw_images(
    image: NDArray[Any], fudged: NDArray[Any], segments: NDArray[Any], masks: NDArray[Any], keys: NDArray[Any]
) -> NDArray[Any]:
    """Return the images (n, h, w, c) of some masks (n, d), whose columns are the segments with these labels."""
    shown = np.repeat(image[None], len(masks), axis=0)
    for column, key in enumerate(keys):
        inside = segments == key
        for at in np.flatnonzero(masks[:, column] == 0):
            shown[at][inside] = fudged[inside]
    return shown


def _normal(n: int, c: int, sampling_method: str, rng: np.random.Generator) -> FloatArray:
    """Return standard normal numbers (n, c); of a Latin hypercube one in each of n equally likely slices."""
    if sampling_method != "lhs":
        return rng.standard_normal((n, c))
    from scipy.special import ndtri

    slices = rng.permuted(np.tile(np.arange(n), (c, 1)), axis=1).T
    drawn: FloatArray = ndtri((slices + rng.uniform(1e-12, 1.0, (n, c))) / n)
    return drawn


def _from_bins(discretizer: Any, codes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a value for each bin, by the discretizer's own `undiscretize`, whose random state stays as it was."""
    own = copy.copy(discretizer)
    own.random_state = check_random_state(int(rng.integers(SEEDS)))
    values: FloatArray = own.undiscretize(codes)
    return values


def _around_sparse(explainer: Any, row: Any, n: int, sampling_method: str, rng: np.random.Generator) -> Any:
    """Return sparse rows whose non-zeros are those of the row, drawn around it or around the mean."""
    from scipy.sparse import csr_matrix

    at = np.unique(row.indices[row.data != 0])
    own = row.toarray()[0, at]
    if explainer.sample_around_instance:
        center = own
    else:
        center = explainer.scaler.mean_[at]
    values = _normal(n, len(at), sampling_method, rng) * explainer.scaler.scale_[at] + center
    values[0] = own
    starts = np.arange(n + 1) * len(at)
    return csr_matrix((values.ravel(), np.tile(at, n), starts), shape=(n, row.shape[1]))
