"""What can go wrong, said in one sentence each: argument, expected, got, remedy.

    LimelightError
    ├── InputError (ValueError)               an argument or an instance does not fit
    │   └── UnknownNameError (KeyError)       a name is not among the known ones; the nearest comes first
    ├── ModelOutputError (ValueError)         the model answered, but not with (n,) or (n, k) finite numbers
    │   └── ModelChangedError                 it answers otherwise than before, as if it had been fitted anew meanwhile
    ├── ModelCallError (RuntimeError)         the model raised; names the batch
    │   └── RemoteError                       a server did not answer, or not what its protocol says
    │       └── BudgetSpent                   the next request would pass a limit that you set; it was not sent
    └── MissingDependencyError (ImportError)  an optional package is missing; prints the pip line

Doubts about a result are no errors: they are sentences in `Provenance.warnings`, shown in every view.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class LimelightError(Exception):
    """The root of every error that limelight raises on purpose."""

    finished: Any = None
    """The `Explanations` that were finished by then, where `Explainer.explain_all` raised: they were paid for."""


class InputError(LimelightError, ValueError):
    """An argument, a setting or an instance does not fit; raised before the model is called."""


class UnknownNameError(InputError, KeyError):
    """A name is not among the known ones.

    Parameters
    ----------
    argument
        The argument that received the name.
    got
        The name received.
    known
        The names that would have been right.

    Examples
    --------
    >>> str(UnknownNameError("targets", "spm", ["ham", "spam"]))
    "targets: unknown name 'spm'; did you mean 'spam'? Known: 'spam', 'ham'."
    """

    def __init__(self, argument: str, got: object, known: Iterable[object]) -> None:
        names = [str(name) for name in known]
        nearest = difflib.get_close_matches(str(got), names, n=3, cutoff=0.5)
        ordered = nearest + [name for name in names if name not in nearest]
        hint = f" did you mean {nearest[0]!r}?" if nearest else ""
        shown = ", ".join(repr(name) for name in ordered[:12]) + (", …" if len(ordered) > 12 else "")
        self.message = f"{argument}: unknown name {got!r};{hint} Known: {shown}."
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the sentence: called with it alone, `__init__` fails, and a pool of processes waits for ever."""
        return type(self).__new__, (type(self), self.message), self.__dict__

    def __str__(self) -> str:
        return self.message


class ModelOutputError(LimelightError, ValueError):
    """The model answered, but not with finite numbers of shape (n,) or (n, k).

    Attributes
    ----------
    answered
        For each part asked, its outputs (n_i, k), or None where it was not done: what need not be asked again.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.answered: list[NDArray[np.float64] | None] = []


class ModelChangedError(ModelOutputError):
    """The model answers otherwise than before: it was fitted anew or exchanged while it was being explained.

    Attributes
    ----------
    outputs
        Whether it has other outputs than before, in number or in name.
    """

    def __init__(self, message: str, *, outputs: bool = False) -> None:
        super().__init__(message)
        self.outputs = outputs


class ModelCallError(LimelightError, RuntimeError):
    """The model raised; the message names the batch, the cause is chained.

    Attributes
    ----------
    answered
        For each part asked, its outputs (n_i, k), or None where it was not done: what need not be asked again.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.answered: list[NDArray[np.float64] | None] = []


class RemoteError(ModelCallError):
    """A server did not answer after all attempts, refused, or answered otherwise than its protocol says.

    Attributes
    ----------
    status
        The HTTP status of the last response; None where there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BudgetSpent(RemoteError):  # noqa: N818 - an end that was asked for, not a mistake
    """The next request would pass `max_requests`, `max_rows` or `max_cost`, so it was not sent."""


class MissingDependencyError(LimelightError, ImportError):
    """An optional package is missing; the message holds the pip line that installs it."""


def outside() -> int:
    """Return the `stacklevel` by which a warning of its caller points at the line outside of limelight."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("limelight", "tqdm"):
        level, frame = level + 1, frame.f_back
    return level
