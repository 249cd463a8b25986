"""Answers in words choose what is shown: by their parts, where these foretell as well as the score does.

Input: an instance whose representation keeps what was said, its neighborhood and estimate. Output: the estimate with
`leading` weights. Weights, intervals and all that is said of them are left as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray, Neighborhood
from limelight.local.causes import cause_weights, left_out_by_parts, parts_foretell
from limelight.local.estimate import Estimate
from limelight.local.sparse import left_out
from limelight.rounds.instance import OpenInstance

LEAST_ROWS = 8
"""With fewer rows nothing foretells anything."""
EQUAL = 1e-6
"""Weights of rows differ by more than this where somebody set a kernel: the parts are of the law of the masks alone."""


def with_leading(one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, sizes: FloatArray) -> Estimate:
    """Return the estimate with `leading` weights of each target whose answers have parts.

    Parameters
    ----------
    one
        The instance.
    neighborhood
        Its rows.
    estimate
        Of their outputs.
    sizes
        q(s), s = 0..d, the law of the masks' sizes.
    """
    read = getattr(one.representation, "parts", None)
    if read is None or len(neighborhood.Z) < LEAST_ROWS or np.ptp(neighborhood.weights) > EQUAL:
        return estimate
    leading = estimate.coef.copy()
    for row, target in enumerate(one.targets.tolist()):
        found = read(neighborhood.Z, target)
        if found is None:
            continue
        asked, parts = found
        if parts.size:
            leading[row] = _leading(neighborhood.Z, asked, parts, sizes, leading[row])
    return replace(estimate, leading=leading)


def _leading(
    Z: MaskArray, asked: NDArray[np.int64], parts: FloatArray, sizes: FloatArray, coef: FloatArray
) -> FloatArray:
    """Return the weights (d,) of the parts, or `coef` where the sum of the parts is better foretold by itself.

    What is left out must not be seen: there a mask that was asked several times is one row, with the mean. For the
    weights each of its answers counts, since a mean of two is surer than one answer.
    """
    means = np.zeros((len(Z), parts.shape[1]))
    np.add.at(means, asked, parts)
    means /= np.bincount(asked, minlength=len(Z))[:, None]
    if not parts_foretell(left_out_by_parts(Z, means), left_out(Z, means.sum(axis=1), sizes)):
        return coef
    return cause_weights(Z[asked], parts, sizes)
