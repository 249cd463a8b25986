"""Which signs are not certain, in a sentence for each of a few outputs, and in one for many.

Input: weights with intervals. Output: sentences that name the features whose interval has zero inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limelight.result.explanation import Explanation

_MOST_NAMES = 5
_MOST_SENTENCES = 3


def unsure_signs(explanation: Explanation) -> list[str]:
    """Return what is to be said of the features shown whose sign is not certain."""
    bounds = explanation.interval()
    unsure: dict[str, list[str]] = {}
    for row, (target, shown) in enumerate(zip(explanation.targets, explanation.selected, strict=True)):
        low, high = bounds[row, shown].T
        names = [explanation.features[j].name for j in shown[(low < 0) & (high > 0)]]
        if names:
            unsure[target] = names
    return _sentences(unsure, len(explanation.targets))


def _sentences(unsure: Mapping[str, Sequence[str]], outputs: int) -> list[str]:
    """Return one sentence for each of a few outputs, and one for all of many."""
    if len(unsure) > _MOST_SENTENCES:
        return [
            f"signs of some features are not certain for {len(unsure):,} of {outputs:,} outputs; "
            "each view marks them with ?"
        ]
    sentences = []
    for target, names in unsure.items():
        if len(names) > _MOST_NAMES:
            more = f" and {len(names) - _MOST_NAMES} more"
        else:
            more = ""
        sentences.append(f"the sign is not certain for {target}: {', '.join(names[:_MOST_NAMES])}{more}")
    return sentences
