"""Two models, or more, asked side by side: one answer holds what each says, and how the others differ from the first.

Input: model inputs. Output: Y (n, k·m + k·(m − 1)) for m models and k outputs: the answers of each model, and then, for
each but the first, its answers less those of the first. A difference is thus an output like any other: it is fitted on
the same perturbations, and what both models share in noise is gone before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.models.calls import Caller

WHOLE = 2**40
"""Every model gets the whole batch: two batch sizes learned from the clock would answer in other last digits."""


MOST = 5
"""So many outputs are all compared; of more, somebody says which."""
Wanted = str | int | Sequence[str | int] | None


class Beside:
    """Several models as one callable; it pickles where they do.

    Parameters
    ----------
    models
        Two or more, of any kind that `Caller` takes.
    names
        What each is called, for errors.
    output_names
        Names of the outputs that all models have; None takes their own.
    told
        The answers of so many models are outputs of their own; of the others only the differences are. None: of all.

    Attributes
    ----------
    calls_at_once
        One: what each model answers is read where that of the others is.

    >>> both = Beside([lambda X: X[:, 0], lambda X: 3 * X[:, 0]], ("old", "new"))
    >>> both.choose(np.ones((1, 2)), None)
    ('output',)
    >>> both(np.ones((1, 2))).tolist()
    [[1.0, 3.0, 2.0]]
    """

    calls_at_once = 1

    def __init__(
        self,
        models: Sequence[Any],
        names: Sequence[str],
        output_names: Sequence[str] | None = None,
        told: int | None = None,
    ) -> None:
        self.names = tuple(names)
        self._callers = [Caller(model, output_names=output_names, batch_size=WHOLE) for model in models]
        self._chosen: list[list[int]] = []
        self._told = len(models) if told is None else told

    @property
    def compete(self) -> bool:
        """Whether the outputs are classes, of which the largest is what the model says."""
        columns = self._callers[0].columns
        return columns is not None and columns.compete

    @property
    def n_outputs(self) -> int:
        """Return how many outputs the first model has, chosen or not."""
        return len(self._callers[0].output_names or ())

    def notes(self) -> tuple[str, ...]:
        """Return how the answers were read, where that could be done in two ways."""
        found = [note for caller in self._callers for note in caller.notes(None)]
        return tuple(dict.fromkeys(found))

    def choose(self, inputs: Inputs, wanted: Wanted) -> tuple[str, ...]:
        """Ask about one or a few inputs, and return the names of the outputs that are compared from now on.

        Parameters
        ----------
        inputs
            Model inputs.
        wanted
            A name or an index, or several; None is all outputs, and of two classes the second: the first is what
            it leaves.

        Raises
        ------
        InputError
            If the models have different outputs, or too many to compare all.
        UnknownNameError
            If there is no such output.
        """
        for caller in self._callers:
            caller.ask([inputs])
        known = [self._named(at) for at in range(len(self._callers))]
        self._check_alike(known)
        chosen = self._wanted(known[0], wanted)
        single = len(known[0]) == 1
        if single:
            self._chosen = [[0] for _ in known]
        else:
            self._chosen = [[own.index(name) for name in chosen] for own in known]
        return chosen

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Return the answers of all models for the outputs chosen, and the differences from the first."""
        answers = []
        for caller, chosen in zip(self._callers, self._chosen, strict=True):
            answers.append(caller.ask([inputs])[0][:, chosen])
        differences = [answer - answers[0] for answer in answers[1:]]
        return np.hstack([*answers[: self._told], *differences])

    def _named(self, at: int) -> tuple[str, ...]:
        columns = self._callers[at].columns
        if columns is not None and columns.growing:
            raise InputError(
                f"{self.names[at]}: the model answers labels, and those that it knows are not known; name them all: "
                "Explainer(model, …, output_names=[…])."
            )
        return self._callers[at].output_names or ()

    def _check_alike(self, known: Sequence[tuple[str, ...]]) -> None:
        for name, own in zip(self.names[1:], known[1:], strict=True):
            alike = len(own) == len(known[0]) == 1 or set(own) == set(known[0])
            if not alike:
                shown = [", ".join(map(repr, each[:5])) for each in (known[0], own)]
                raise InputError(
                    f"{name}: expected the outputs of the {self.names[0]} model ({shown[0]}), got {shown[1]}; name "
                    "them alike: Explainer(model, …, output_names=[…])."
                )

    def _wanted(self, names: tuple[str, ...], wanted: Wanted) -> tuple[str, ...]:
        if wanted is None:
            if self.compete and len(names) == 2:
                return names[1:]
            if len(names) > MOST:
                raise InputError(
                    f"target: the models have {len(names)} outputs; say which to compare, such as {names[0]!r}."
                )
            return names
        several = wanted if isinstance(wanted, (list, tuple)) else [wanted]
        return tuple([self._one(names, each) for each in several])

    def _one(self, names: tuple[str, ...], wanted: Any) -> str:
        if isinstance(wanted, str) and wanted in names:
            return wanted
        if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < len(names):
            return names[wanted]
        raise UnknownNameError("target", wanted, names)
