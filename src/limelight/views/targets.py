"""Which of the explained outputs a view shows: all of a few, of many the largest, and first what the model said."""

from __future__ import annotations

from limelight.result.explanation import Explanation

MOST_TARGETS = 10
"""Outputs that a view shows one after another; of more, the largest are shown and the rest is counted."""


def shown_targets(explanation: Explanation) -> tuple[int, ...]:
    """Return the outputs that a view shows: all of a few, and of many those of the largest predictions."""
    count = len(explanation.targets)
    if count <= MOST_TARGETS + 2:
        return tuple(range(count))
    ranked = sorted(range(count), key=lambda i: -float(explanation.prediction[i]))
    return tuple(ranked[:MOST_TARGETS])


def default_target(explanation: Explanation) -> int:
    """Return the output that is drawn where nobody chose: what the model said, or else the first."""
    said = explanation.outputs[0][0] if explanation.outputs else None
    if said in explanation.targets:
        return explanation.targets.index(said)
    return 0


def left_out(explanation: Explanation) -> str:
    """Return how many outputs are not shown; empty where all are."""
    rest = len(explanation.targets) - len(shown_targets(explanation))
    if not rest:
        return ""
    return (
        f"The {MOST_TARGETS} largest of {len(explanation.targets):,} explained outputs are shown; "
        "describe(target), plot(target=…) and the JSON have each of them."
    )
