"""What all checks of an audit work on: contributions side by side, the data beside them, and what was true.

Input: what somebody hands to `audit`. Output: `Material`; and the `Candidate` that a check hands back, a question with
its p-value, of which the audit makes findings when it knows how many questions were asked.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.longform import Longform
from limelight.result.audit import Finding

FEW = 10
"""With fewer rows of a kind nothing is said about them."""
USED = 0.02
"""A feature below this share of all reasons is not what the model goes by."""


@dataclass(frozen=True)
class Candidate:
    """A question that was asked.

    Parameters
    ----------
    p
        How often chance alone would show as much.
    finding
        What is found if the answer holds; None where what was seen is too small to be worth a sentence.
    group
        Findings of one name are told as one: the strongest.
    """

    p: float
    finding: Finding | None = None
    group: Hashable = None


@dataclass(frozen=True, eq=False)
class Material:
    """What is known of n explained rows.

    Parameters
    ----------
    laid
        Contributions to the audited output.
    data
        Columns of values by name, (n,) each; also such as the model does not get.
    truth
        (n,) what was true: 1 or 0 for a class, else numbers; None where it is not known.
    sensitive
        Names of columns whose groups are held against each other.
    texts
        (n,) the texts, where instances are texts.
    quantile
        Of the intervals.
    unwanted
        Features that nobody would give as a reason.
    """

    laid: Longform
    data: dict[str, NDArray[Any]]
    truth: FloatArray | None
    sensitive: tuple[str, ...]
    quantile: float
    texts: tuple[str, ...] = ()
    spans: dict[Hashable, list[tuple[int, int]]] = field(default_factory=dict)
    unwanted: tuple[Hashable, ...] = ()

    @cached_property
    def binary(self) -> bool:
        """Return whether what was true is yes or no."""
        return self.truth is not None and bool(np.isin(self.truth, (0.0, 1.0)).all())

    @cached_property
    def shares(self) -> FloatArray:
        """Return (m,) which share of all reasons each feature is."""
        sizes = self.laid.mean_abs()
        return np.asarray(sizes / (sizes.sum() or 1.0))

    @cached_property
    def leaders(self) -> NDArray[np.int64]:
        """Return (n,) the feature with the largest contribution of each row."""
        return self.laid.leaders()

    @cached_property
    def spread(self) -> float:
        """Return the standard deviation of the answers."""
        return float(self.laid.prediction.std()) or 1.0

    @cached_property
    def is_text(self) -> bool:
        """Return whether instances are texts."""
        return bool(self.texts)

    def values(self, feature: int) -> NDArray[Any] | None:
        """Return the data of a column, where it was given."""
        return self.data.get(str(self.laid.keys[feature]))

    def positions(self, rows: NDArray[Any]) -> tuple[int, ...]:
        """Return where some rows lie in the list or file, as findings name them."""
        return tuple(self.laid.positions[rows].tolist())
