"""Coarse to fine: first the passages, then the sentences of those passages that matter.

Input: an explainer of a `Prompt` with several kinds of units, a prompt, a budget of calls. Output: the explanation of
each level. A prompt of 400 sentences would take thousands of calls sentence by sentence; its 20 passages take some
eighty, and of these only a handful are worth opening. What stays closed stays as it is while others are cut further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.inputs.prompts import Unit
from limelight.interpretable.prompt import Prompt, PromptUnits
from limelight.interpretable.prompt_units import check_finer, units_inside
from limelight.models.answers import Answers
from limelight.result.explanation import Explanation

COARSE_PER_UNIT = 3
"""Calls for each coarse unit, up to half of the budget: enough to tell which may matter, and most is left for these."""
WORTH = 0.25
"""A unit is opened where its weight may be this share of the largest: of causes that work together each has half."""
CROWDED = 1.25
"""Finer units for each call that is left: a sparse fit finds few causes among a quarter more units than masks."""
FEWEST = 24
"""Calls below which no level is worth asking."""


@dataclass(frozen=True)
class Refinement:
    """The explanations of a prompt, coarse to fine.

    Parameters
    ----------
    levels
        One explanation for each kind of units.
    opened
        For each level but the last the names of the units that were cut further.
    closed
        The names of those that may matter too, for which the budget did not reach.
    calls
        How many calls all levels took together.
    """

    levels: tuple[Explanation, ...]
    opened: tuple[tuple[str, ...], ...]
    closed: tuple[tuple[str, ...], ...]
    calls: int

    @property
    def coarse(self) -> Explanation:
        """Return the explanation by the coarsest units."""
        return self.levels[0]

    @property
    def fine(self) -> Explanation:
        """Return the explanation by the finest units."""
        return self.levels[-1]

    def __str__(self) -> str:
        """Return all levels as text."""
        parts = [str(self.levels[0])]
        for opened, closed, level in zip(self.opened, self.closed, self.levels[1:], strict=True):
            said = f"Opened: {'; '.join(opened)}."
            if closed:
                said += f" Left closed for want of calls, though they may matter: {'; '.join(closed)}."
            parts += [said, str(level)]
        return "\n\n".join(parts)


def refine(explainer: Explainer, prompt: Any, budget: int = 200) -> Refinement:
    """Explain a prompt by its coarse units, then by the finer units inside those that matter.

    Parameters
    ----------
    explainer
        Of an `Answers` and a `Prompt` with several kinds of units, such as ``Prompt(("passages", "sentences"))``.
    prompt
        As for `Explainer.explain`.
    budget
        Most calls, all levels together.

    Raises
    ------
    InputError
        If the explainer is of another kind, or the budget is too small; nothing has been asked by then.

    Examples
    --------
    >>> import limelight as ll
    >>> passages = [" ".join(f"Fact {p}.{s} holds." for s in range(6)) for p in range(8)]
    >>> def chat(prompts):
    ...     return ["the sky is blue" if "Fact 3.4 " in prompt else "no idea" for prompt in prompts]
    >>> modality = ll.Prompt(("passages", "sentences"), template="{passages}")
    >>> found = ll.refine(ll.Explainer(ll.Answers(chat), modality), {"passages": passages}, budget=100)
    >>> found.opened[0][0][:11], found.fine.as_list()[0][0], found.calls <= 100
    ('passages 4:', 'Fact 3.4 holds.', True)
    """
    answers, modality = _checked(explainer, budget)
    levels: list[Explanation] = []
    opened: list[tuple[str, ...]] = []
    closed: list[tuple[str, ...]] = []
    before = answers.usage.calls
    for depth, _ in enumerate(modality.levels):
        last = depth == len(modality.levels) - 1
        level = replace(modality, units=modality.levels[depth:])
        representation = level.represent(prompt)
        left = budget - (answers.usage.calls - before)
        if last:
            calls = left
        else:
            calls = min(max(COARSE_PER_UNIT * len(representation.units), FEWEST), left // 2)
        explanation = _explained(explainer, answers.within(calls), level, prompt)
        levels.append(explanation)
        if last:
            break
        room = budget - (answers.usage.calls - before) - answers.beside
        finer = modality.levels[depth + 1]
        chosen, missed = _worth_opening(explanation, representation, finer, int(CROWDED * room))
        opened.append(tuple(unit.name for unit in chosen))
        closed.append(tuple(unit.name for unit in missed))
        modality = replace(modality, opened=tuple(span for unit in chosen for span in unit.spans))
    return Refinement(tuple(levels), tuple(opened), tuple(closed), answers.usage.calls - before)


def _checked(explainer: Explainer, budget: int) -> tuple[Answers, Prompt]:
    modality = explainer.modality
    if not isinstance(modality, Prompt) or len(modality.levels) < 2:
        raise InputError(
            "explainer: expected one of a Prompt with several kinds of units, such as "
            f'Prompt(("passages", "sentences")), got {type(modality).__name__}.'
        )
    model = modality.answers
    if not isinstance(model, Answers):
        raise InputError("explainer: expected one of an Answers, got another model; wrap the chat in Answers.")
    for finer in modality.levels[1:]:
        check_finer(finer)
    least = FEWEST * 2 * (len(modality.levels) - 1)
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < least:
        raise InputError(f"budget: expected at least {least} calls for {len(modality.levels)} levels, got {budget!r}.")
    return model, modality


def _explained(explainer: Explainer, answers: Answers, modality: Prompt, prompt: Any) -> Explanation:
    """Return the explanation at one level, within the budget of `answers`; all its units are kept in it."""
    settings = {name: getattr(explainer.settings, name) for name in explainer.settings.names()}
    return Explainer(answers, modality, **settings).explain(prompt)


def _worth_opening(
    explanation: Explanation, representation: PromptUnits, finer: Any, room: int
) -> tuple[list[Unit], list[Unit]]:
    """Return the units to open, and those that matter too but do not fit in the room.

    First come those shown, which may have been chosen by the parts of the answers; then the others, largest weight
    first.

    `room` is how many finer units there may be inside all that are opened.
    """
    size = np.abs(explanation.coef).max(axis=0)
    most = (np.abs(explanation.coef) + 1.96 * explanation.stderr).max(axis=0)
    if explanation.selected:
        shown = np.concatenate(explanation.selected)
    else:
        shown = np.empty(0, np.int64)
    first = np.isin(np.arange(len(size)), shown)
    order = np.lexsort((-size, ~first))
    order = order[most[order] >= WORTH * size.max(initial=0.0)]
    chosen: list[Unit] = []
    missed: list[Unit] = []
    for j in order.tolist():
        unit = representation.units[j]
        inside = len(units_inside(representation.script, unit.spans, finer))
        if chosen and inside > room:
            missed.append(unit)
            continue
        chosen.append(unit)
        room -= inside
    return chosen, _certain(missed, explanation, representation.units)


def _certain(missed: Sequence[Unit], explanation: Explanation, units: Sequence[Unit]) -> list[Unit]:
    """Return those whose weight is not 0 for certain: the others may only seem to matter."""
    known = np.any(np.abs(explanation.coef) > 1.96 * explanation.stderr, axis=0)
    return [unit for unit in missed if known[list(units).index(unit)]]
