"""What explaining an instance will cost: its first look is taken and timed, the rest follows from the 1/n law."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from limelight.local.stopping import samples_to_settle
from limelight.rounds.economy import budget_of
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.pipeline import explain_one
from limelight.rounds.steadiness import HANDFUL
from limelight.rounds.verdict import LEVEL, order_doubt


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """What explaining one instance is expected to take.

    Parameters
    ----------
    rows
        Model rows until sampling stops, as far as the first look can tell; where calls cost money, the most that will
        be asked.
    seconds
        The model's own time for them; NaN where nothing was asked to find out.
    least, most
        For a model behind an address what the first look takes, which is often enough, and what the budget allows:
        rows, requests, tokens and money (`limelight.remote.Quote`). None for any other.
    """

    rows: int
    seconds: float
    least: Any = None
    most: Any = None


def expect(instance: Any, context: Context) -> ExpectedCost:
    """Return the expected cost of an instance: take its first look, time it, and extrapolate by the 1/n law."""
    caller, one = context.caller, OpenInstance(instance, context)
    looks = one.looks
    budget = budget_of(one.representation)
    if budget is not None:  # a first look is paid for: nothing is asked before it is wanted
        return ExpectedCost(budget.most, math.nan)
    quote = caller.quote
    if quote is not None:
        beside = 1 + (HANDFUL if context.replicates is None else 0)
        original = one.representation.original
        least, most = (quote(original, n * (context.replicates or 1) + beside) for n in (looks[0], looks[-1]))
        return ExpectedCost(most.rows, math.nan, least, most)
    brief = replace(context.settings, n_samples=looks[0], max_samples=None, stop="auto")
    rows, seconds = caller.rows, caller.seconds
    first = explain_one(instance, Context(brief, context.modality, caller))
    per_row = (caller.seconds - seconds) / (caller.rows - rows)
    wanted = first.provenance.samples_needed
    if context.settings.stop == "auto":
        wanted = max(wanted, min(samples_to_settle(looks[0], order_doubt(first), LEVEL), one.settled_up_to))
    elif context.settings.stop == "ranking":
        if all(ranking.settled for ranking in first.rankings):
            wanted = looks[0]
        else:
            wanted = looks[-1]
    beside = first.provenance.cost.model_rows - looks[0]  # f(x), and the handful that is asked twice
    expected = beside + next(n for n in looks if n >= min(wanted, looks[-1]))
    return ExpectedCost(expected, expected * per_row)
