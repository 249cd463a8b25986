"""The law that perturbed rows of a table are drawn from: independent between features, by inverse CDF.

Input: points U (n, c) of the unit cube, one coordinate per feature. Output: codes (n, c), the bins that they fall into,
and n model inputs. A law lists its support in code order, then in value order: u first finds the bin (by the bins'
frequencies), and what is left of u finds the value inside it, so that the value is the empirical quantile function of
its bin and low-discrepancy points stay low-discrepancy [statistics of quasi-Monte Carlo: one scrambled coordinate per
feature].
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, FloatArray, Inputs, Shape
from limelight.interpretable.tabular.frames import IntArray
from limelight.interpretable.tabular.joint import Joint
from limelight.interpretable.tabular.laws import (
    BinnedGaussian,
    Law,
    Observed,
    code_dtype_of,
    law_bytes,
    law_shape,
    support_points,
)
from limelight.interpretable.tabular.shapes import inner_terms
from limelight.interpretable.tabular.store import Store

Numbers = float | tuple[float | None, ...] | None
"""What a row shows of a feature as a number: of a group one for each column."""
_MOST_MET = 1 << 13
"""Values of which the inner terms are remembered, some 3 MiB: most values of a table are met again and again."""


@dataclass(frozen=True)
class TableBackground:
    """The law over rows, and the store that builds them; one object shared by all instances.

    Parameters
    ----------
    laws
        One per feature (column or group).
    members
        For each feature the columns that it moves, by position.
    store
        Support values per column, aligned with the support of the column's law.
    salt
        What else tells this law from others: the instance, where rows are drawn around it.
    """

    laws: tuple[Law, ...]
    members: tuple[tuple[int, ...], ...]
    store: Store
    salt: bytes = b""

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the law, and not which values were met."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_terms_met", "_points_met")}

    @property
    def n_coordinates(self) -> int:
        """Return the number of features."""
        return len(self.laws)

    @property
    def shared(self) -> bool:
        """Whether all rows draw from this law; not where it is drawn around an instance."""
        return not self.salt

    @cached_property
    def probabilities(self) -> tuple[FloatArray, ...] | None:
        """Return P(code = b) for each feature; None where a feature is continuous."""
        found = [law.probabilities for law in self.laws if law.probabilities is not None and self.discrete]
        if len(found) == len(self.laws):
            return tuple(found)
        return None

    @cached_property
    def shapes(self) -> tuple[Shape, ...] | None:
        """Return for each feature what it may do inside its bins; None where a feature is continuous."""
        if self.probabilities is None:
            return None
        found = []
        for law, members, joint in zip(self.laws, self.members, self._joints, strict=True):
            found.append(law_shape(law, self.store.numbers(members[0])) if joint is None else joint.shape)
        return tuple(found)

    @cached_property
    def _joints(self) -> tuple[Joint | None, ...]:
        """For each feature what its columns do together; None where it is one column."""
        found: list[Joint | None] = []
        for law, members in zip(self.laws, self.members, strict=True):
            if len(members) == 1 or not isinstance(law, Observed):
                found.append(None)
                continue
            mass = np.diff(law.cumulative, prepend=0.0)
            found.append(Joint.of(mass, law.codes, [self.store.numbers(j) for j in members]))
        return tuple(found)

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, c, 4) the inner terms of the draws at points U (n, c), see `contracts.Shape`."""
        shapes = self.shapes or ()
        found = np.zeros((*U.shape, inner_terms(shapes)))
        for k, (law, shape) in enumerate(zip(self.laws, shapes, strict=True)):
            found[:, k, : shape.terms.shape[1]] = shape.terms[support_points(law, U[:, k])]
        return found

    def inside_of(self, own: NDArray[Any], numbers: Sequence[Numbers]) -> FloatArray:
        """Return (c, 4) the inner terms of one row, given its codes (c,), and its values as far as they are numbers.

        A value between two support points stands at the nearest; one of a bin without numbers at its middle. A group
        has a tuple of values.
        """
        if self.shapes is None:
            return np.zeros((0, INNER_TERMS))
        known = self._terms_met
        if len(known) > _MOST_MET:
            known.clear()
        found = []
        for key in zip(range(len(own)), own.tolist(), numbers, strict=True):
            terms = known.get(key)
            if terms is None:
                terms = known[key] = self._terms_at(*key)
            found.append(terms)
        return np.array(found)

    def _terms_at(self, feature: int, code: float, number: Numbers) -> tuple[float, ...]:
        """Return the inner terms of one value in one bin."""
        joint = self._joints[feature]
        if joint is not None and isinstance(number, tuple):
            found = joint.at(int(code), number)
        else:
            found = self._nearest(feature, code, number)
        return found + (0.0,) * (inner_terms(self.shapes or ()) - len(found))

    def _nearest(self, feature: int, code: float, number: Numbers) -> tuple[float, ...]:
        values, terms = self._points_of(feature, code)
        if not len(terms):
            return (0.0,) * INNER_TERMS
        nearest = len(terms) // 2
        if values is not None and isinstance(number, float) and math.isfinite(number):
            nearest = int(np.abs(values - number).argmin())
        return tuple(terms[nearest].tolist())

    def _points_of(self, feature: int, code: float) -> tuple[FloatArray | None, FloatArray]:
        """Return the support points of one bin as numbers, where they are some, and their inner terms."""
        known = self._points_met.get((feature, code))
        if known is None:
            shape, values = (self.shapes or ())[feature], self._numbers[feature]
            points = np.flatnonzero(shape.codes == code)
            known = (None if values is None else values[points], shape.terms[points])
            self._points_met[feature, code] = known
        return known

    @cached_property
    def _points_met(self) -> dict[tuple[int, float], tuple[FloatArray | None, FloatArray]]:
        """Support points of the bins that were met."""
        return {}

    @cached_property
    def _terms_met(self) -> dict[tuple[int, float, Numbers], tuple[float, ...]]:
        """Inner terms of values that were met, since most values are met again."""
        return {}

    @cached_property
    def undrawn(self) -> tuple[tuple[bool, ...], ...]:
        """For each feature which of its codes are never drawn: of thousands of levels the law keeps some."""
        return tuple([tuple((shape.share <= 0.0).tolist()) for shape in self.shapes or ()])

    @cached_property
    def _numbers(self) -> tuple[FloatArray | None, ...]:
        """For each feature its support points as numbers; None for categories, groups and normal laws."""
        found = []
        for law, members in zip(self.laws, self.members, strict=True):
            single = len(members) == 1 and isinstance(law, Observed)
            found.append(self.store.numbers(members[0]) if single else None)
        return tuple(found)

    @property
    def discrete(self) -> bool:
        """Whether all codes are bins."""
        return all(
            isinstance(law, BinnedGaussian) or (isinstance(law, Observed) and law.codes.dtype.kind == "i")
            for law in self.laws
        )

    @cached_property
    def content(self) -> bytes:
        """Return the fingerprint of the law: features, frequencies and support values."""
        digest = hashlib.blake2b(self.salt, digest_size=16)
        digest.update(repr((self.store.library, self.store.labels, self.members)).encode())
        for law in self.laws:
            digest.update(law_bytes(law))
        digest.update(self.store.fingerprint())
        return digest.digest()

    def draw(
        self,
        U: FloatArray,
        *,
        fixed: Mapping[int, Sequence[Any]] | None = None,
        columns: Mapping[int, Any] | None = None,
    ) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, c) into codes (n, c) and n model inputs.

        Parameters
        ----------
        U
            (n, c) points of the unit cube.
        fixed
            Feature → the values that its columns have in all rows, whatever the points say: a value that the
            background never shows. Codes are those of the points.
        columns
            Column → the value that it has in all rows, for the columns that no feature moves.

        Examples
        --------
        >>> from limelight.interpretable.tabular import Tabular
        >>> background = Tabular(np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])).background
        >>> codes, inputs = background.draw(np.array([[0.0], [0.4], [0.99]]))
        >>> codes[:, 0].tolist(), inputs[:, 0].tolist()
        ([0, 1, 3], [1.0, 3.0, 6.0])
        """
        codes = np.empty(U.shape, dtype=self.code_dtype)
        picks: list[IntArray | None] = [None] * len(self.store.labels)
        numbers: dict[int, FloatArray] = {}
        for k, (law, members) in enumerate(zip(self.laws, self.members, strict=True)):
            codes[:, k], picked, drawn = law.draw(U[:, k])
            for j in members:
                picks[j] = picked
                if drawn is not None:
                    numbers[j] = drawn
        values: dict[int, Any] = dict(columns or {})
        for feature, given in (fixed or {}).items():
            values.update(zip(self.members[feature], given, strict=True))
        for j, picked in enumerate(picks):
            if picked is None and j not in numbers:  # no feature moves it: its one support value, or what is given
                picks[j] = np.zeros(len(U), dtype=np.intp)
        return codes, self.store.gather(picks, numbers, values)

    @cached_property
    def code_dtype(self) -> np.dtype[Any]:
        """Return the dtype of codes: float64 where some feature is continuous."""
        return np.result_type(*map(code_dtype_of, self.laws))
