"""What lies behind a weight: the effect of every bin of a column, and pairs of features that act together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import overload

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
        if self.own >= 0:
            return float(self.effects[self.own])
        return float("nan")

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same; bins without a perturbation are equal."""
        if not isinstance(other, Effect):
            return NotImplemented
        arrays = ("shares", "effects", "stderr")
        same = all(np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True) for name in arrays)
        return same and (self.feature, self.names, self.own) == (other.feature, other.names, other.own)

    def __hash__(self) -> int:
        return hash((self.feature, self.names, self.own))


@dataclass(frozen=True, slots=True, eq=False)
class Curves(Sequence[Effect]):
    """The effects behind the features of one target, held side by side: explanations are kept by the ten thousand.

    Parameters
    ----------
    features
        Indices among the explanation's features.
    names
        For each the names of its bins.
    own
        For each the index of the instance's own bin; −1 if its value is outside of the background.
    ends
        Where the bins of each begin in `numbers`, and where the last ends.
    numbers
        (3, B) shares, effects and standard errors of all bins.

    Examples
    --------
    >>> curves = Curves((0,), (("no", "yes"),), (1,), (0, 2), np.array([[0.9, 0.1], [-0.02, 0.18], [0.0, 0.01]]))
    >>> curves[0].at_own
    0.18
    """

    features: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]
    own: tuple[int, ...]
    ends: tuple[int, ...]
    numbers: FloatArray

    def __len__(self) -> int:
        return len(self.features)

    @overload
    def __getitem__(self, index: int) -> Effect: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Effect]: ...

    def __getitem__(self, index: int | slice) -> Effect | Sequence[Effect]:
        """Return the effect behind one feature, or those of some."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        at = range(len(self))[index]
        shares, effects, stderr = self.numbers[:, self.ends[at] : self.ends[at + 1]]
        return Effect(self.features[at], self.names[at], shares, effects, stderr, self.own[at])

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same effects, in whatever kind of sequence."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def side_by_side(effects: Sequence[Effect]) -> Curves:
    """Return effects held side by side, as most of them are."""
    if isinstance(effects, Curves):
        return effects
    parts = [np.stack([each.shares, each.effects, each.stderr]) for each in effects]
    ends = accumulate((part.shape[1] for part in parts), initial=0)
    numbers = np.concatenate([np.empty((3, 0)), *parts], axis=1)
    features, names = [each.feature for each in effects], [tuple(each.names) for each in effects]
    return Curves(tuple(features), tuple(names), tuple([each.own for each in effects]), tuple(ends), numbers)


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
