"""What lies behind a weight: the effect of every bin of a column, and pairs of features that act together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limelight.contracts import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What each bin of one column does to the output, compared with the average over all bins.

    Parameters
    ----------
    feature
        Index among the explanation's features.
    names
        The b bins, as written: ``"age ≤ 28"``, ``"28 < age ≤ 37"``.
    shares
        (b,) How much of the background lies in each bin.
    effects
        (b,) The effect of each bin, so that Σ shares · effects is 0; NaN where no perturbation fell into it.
    stderr
        (b,) Their standard errors, stated as those of the weights are.
    own
        Index of the instance's own bin; −1 if its value is outside of the background.

    Examples
    --------
    >>> Effect(0, ("no", "yes"), np.array([0.9, 0.1]), np.array([-0.02, 0.18]), np.array([0.001, 0.01]), own=1).at_own
    0.18
    """

    feature: int
    names: tuple[str, ...]
    shares: FloatArray
    effects: FloatArray
    stderr: FloatArray
    own: int

    @property
    def at_own(self) -> float:
        """Return the effect of the instance's own bin; NaN where it is outside of the background."""
        return float(self.effects[self.own]) if self.own >= 0 else float("nan")

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same; bins without a perturbation are equal."""
        if not isinstance(other, Effect):
            return NotImplemented
        arrays = ("shares", "effects", "stderr")
        same = all(np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True) for name in arrays)
        return same and (self.feature, self.names, self.own) == (other.feature, other.names, other.own)

    def __hash__(self) -> int:
        return hash((self.feature, self.names, self.own))


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two features that act together: what the model does that no sum over features can tell.

    Parameters
    ----------
    first, second
        Indices among the explanation's features.
    share, share_stderr
        How much of what the model does nearby only this pair explains, from 0 to 1, and its standard error.
    size, stderr
        What the pair adds for this instance, in units of the output, beyond both contributions; and its stated
        standard error.

    Examples
    --------
    >>> Interaction(0, 3, share=0.4, share_stderr=0.03, size=0.21, stderr=0.02).share
    0.4
    """

    first: int
    second: int
    share: float
    share_stderr: float
    size: float
    stderr: float
