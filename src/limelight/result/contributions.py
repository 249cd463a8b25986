"""What each feature contributes to this instance's answer, and what is behind it: curves, pairs, what is left without.

A weight of LIME says what changes when a feature is switched from off to on. A contribution says how far the instance's
own value is from the average row: weight · (own z' − average z'). For masks, whose features are off on the other side,
both are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.result.effects import Effect, Interaction

Name = Hashable
"""A feature given by its name, by the key of its `where` (a column), or by its index."""


class Contributions:
    """The part of an `Explanation` that speaks about its bars; the fields are those of the explanation."""

    __slots__ = ()

    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    coef: FloatArray
    stderr: FloatArray
    intercept: FloatArray
    local_prediction: FloatArray
    selected: tuple[NDArray[np.int64], ...]
    center: FloatArray | None
    reference: FloatArray | None
    curves: tuple[Sequence[Effect], ...]
    pairs: tuple[tuple[Interaction, ...], ...]

    def target_index(self, target: str | int | None = None) -> int:
        """Return the row of a target; see `Explanation.target_index`."""
        raise NotImplementedError

    @property
    def compared(self) -> bool:
        """Whether it is known what each bar is compared with, so that contributions and weights may differ."""
        return self.center is not None and self.reference is not None

    @property
    def distance(self) -> FloatArray:
        """Return (d,) how far the instance's z' is from what it is compared with; ones where that is not known."""
        return distance_of(self.center, self.reference, len(self.features))

    @property
    def contributions(self) -> FloatArray:
        """Return (k, d) what each feature adds to the answer against the average row, in units of the output.

        They add up, with `base_values`, to `local_prediction`. Equal to `coef` for masks.
        """
        return np.asarray(self.coef * self.distance)

    @property
    def contribution_stderr(self) -> FloatArray:
        """Return (k, d) the standard errors of the contributions."""
        return np.asarray(self.stderr * np.abs(self.distance))

    @property
    def base_values(self) -> FloatArray:
        """Return (k,) where the contributions start: the average answer for tables, everything off for masks."""
        return np.asarray(self.local_prediction - self.contributions.sum(axis=1))

    def feature_index(self, feature: Name) -> int:
        """Return the index of a feature given by name, by the key of its `where`, or by index.

        Raises
        ------
        UnknownNameError
            If there is none.
        InputError
            If several features are called so, as a word that occurs twice.
        """
        found = [j for j, each in enumerate(self.features) if feature in (each.name, each.where.key)]
        is_index = isinstance(feature, (int, np.integer)) and not isinstance(feature, bool)
        if is_index and 0 <= int(feature) < len(self.features):  # type: ignore[call-overload]
            # A column or a segment may be called 3 and not be the fourth: then nobody can know which is meant.
            found = sorted({*found, int(feature)})  # type: ignore[call-overload]
            if len(found) > 1:
                name = self.features[found[0]].name
                raise InputError(f"feature: {feature!r} is a label and also an index; give the name, such as {name!r}.")
        if not found:
            raise UnknownNameError("feature", feature, [each.name for each in self.features])
        if len(found) > 1:
            raise InputError(f"feature: {feature!r} is the name of {len(found)} features; give one index of {found}.")
        return found[0]

    def without(self, features: Name | Sequence[Name], target: str | int | None = None) -> float:
        """Return what the surrogate expects when some features are taken away, by all weights, also those not shown.

        A column is put back to the average row, a word or segment is removed.

        Parameters
        ----------
        features
            One or several, each by name, by the key of its `where`, or by index.
        target
            Name or index; None is the first.

        Raises
        ------
        InputError
            If the explanation does not say what its features are compared with.
        """
        row = self.target_index(target)
        several = isinstance(features, (list, tuple, set, frozenset, np.ndarray, range))
        named = list(features) if several else [features]  # type: ignore[arg-type]
        gone = sorted({self.feature_index(each) for each in named})
        if not self.additive(row):
            raise InputError(
                "without: this explanation does not say what its features are compared with; explain again with this "
                "version of limelight."
            )
        return float(self.local_prediction[row] - self.contributions[row, gone].sum())

    def additive(self, target: str | int | None = None) -> bool:
        """Return whether taking a feature away subtracts its contribution from the surrogate's answer."""
        if self.compared:
            return True
        row = self.target_index(target)
        intercept, local, coef = self.intercept[row], self.local_prediction[row], self.coef[row]
        gap = abs(intercept + coef.sum() - local)
        return bool(gap <= 1e-6 * max(1e-300, abs(local), abs(intercept), np.abs(coef).sum()))

    def effects(self, feature: Name, target: str | int | None = None) -> Effect:
        """Return what every bin of one column does, against the average over them.

        Parameters
        ----------
        feature
            By name, by column, or by index.
        target
            Name or index; None is the first.

        Raises
        ------
        UnknownNameError
            If no feature is called so.
        InputError
            If there is no curve: not a table's bins, or a feature that is not shown.
        """
        row = self.target_index(target)
        j = self.feature_index(feature)
        known = self.curves[row] if row < len(self.curves) else ()
        for effect in known:
            if effect.feature == j:
                return effect
        if not known:
            raise InputError(
                f"feature: no curves are kept for {self.targets[row]!r}; columns of a table that is cut into bins "
                "have them (ll.Tabular with its default bins)."
            )
        shown = ", ".join(repr(self.features[effect.feature].name) for effect in known)
        raise InputError(f"feature: {self.features[j].name!r} is not among the shown features, which are {shown}.")

    def interactions(self, target: str | int | None = None) -> tuple[Interaction, ...]:
        """Return the pairs of features that act together, largest share first; empty where none was found."""
        row = self.target_index(target)
        if row < len(self.pairs):
            return self.pairs[row]
        return ()


def distance_of(center: FloatArray | None, reference: FloatArray | None, d: int) -> FloatArray:
    """Return (d,) how far an instance's z′ is from what it is compared with; ones where that is not known.

    >>> distance_of(np.array([1.0, 0.0]), np.array([0.25, 0.5]), 2)
    array([ 0.75, -0.5 ])
    """
    if center is None or reference is None:
        return np.ones(d)
    return np.asarray(center - reference, dtype=np.float64)
