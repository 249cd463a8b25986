"""What stands in the place of an explanation that could not be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limelight.errors import LimelightError

if TYPE_CHECKING:
    from limelight.result.explanations import Explanations


@dataclass(frozen=True)
class Failure:
    """An instance that could not be explained, and why: what ``explain_many(on_error="record")`` yields for it.

    Parameters
    ----------
    number
        Which of the instances, counted from 0.
    label
        What its row is called in the frame that it comes from; None where it has no name.
    error
        Why: an `InputError` where it does not fit, a `ModelCallError` or `ModelOutputError` where the model does not
        answer it.

    Examples
    --------
    >>> import limelight as ll
    >>> def length(texts):
    ...     return [1.0 / len(text) for text in texts]
    >>> explainer = ll.Explainer(length, ll.Text())
    >>> made = list(explainer.explain_many(["a good film", ""], on_error="record"))
    >>> [type(each).__name__ for each in made], made[1].number
    (['Explanation', 'Failure'], 1)
    """

    number: int
    label: Any
    error: LimelightError

    def __str__(self) -> str:
        named = f"instance number {self.number}"
        if self.label is not None and self.label != self.number:
            named += f" ({self.label!r})"
        return f"{named}: {self.error}"


def hand_over(error: LimelightError, finished: Explanations) -> None:
    """Put what was finished before an error into it: one bad row must not lose the others."""
    error.finished = finished
    if len(finished):
        error.add_note(f"{len(finished):,} explanations were finished before; they are in the error's `finished`.")
