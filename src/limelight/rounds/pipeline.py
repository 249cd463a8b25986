"""The algorithm on one page: START READING HERE.

    instance ─ represent ─▶ features ─ draw ─▶ Z ─ reconstruct ─▶ model inputs ─ ask ─▶ Y
    Explanation ◀─ select ◀─ precision ◀─ surrogate ◀─ (Z, Y, weights) ◀─ proximity ◀────┘

It works in rounds. In each, every open instance says which rows it still needs; the rows of all of them are poured
into full model batches; each instance refits, and closes when enough is known or its budget is spent. One
instance is the case of many with one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from limelight.contracts import FloatArray, MaskArray, Neighborhood
from limelight.errors import LimelightError, ModelCallError, ModelChangedError, ModelOutputError
from limelight.local.proximity import default_kernel_width, proximity_to
from limelight.local.threads import one_thread
from limelight.local.ties import tied_at_zero
from limelight.local.width import FACTORS, kernel_path
from limelight.models.ledger import Ledger
from limelight.result.explanation import Explanation
from limelight.result.failure import Failure
from limelight.rounds.alone import fitted_alone
from limelight.rounds.asking import BrokenError, ask
from limelight.rounds.assembly import assemble
from limelight.rounds.economy import FLAT_WIDTH, FrugalSource
from limelight.rounds.findings import distance, find
from limelight.rounds.fitted import Fitted
from limelight.rounds.fitting import fit, refit
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.left_out import left_out_of, without
from limelight.rounds.neighborhoods import Sample, answered
from limelight.rounds.table_findings import expected
from limelight.rounds.together import Pending, look_at_rows, stackable
from limelight.rounds.truncation import truncation_notes
from limelight.rounds.turns import Canary, Originals, Turn, growths, turns
from limelight.rounds.verdict import judge
from limelight.rounds.waiting import OPEN_AT_ONCE, finished, named, put_aside, refill, still_open

WITHOUT_WAITING = 512
"""Instances that share draws in one round where nobody waits for the first of them: fewer calls, larger batches."""


def explain_stream(
    instances: Iterable[Any],
    context: Context,
    on_error: str = "raise",
    *,
    rows: int = OPEN_AT_ONCE["pool"],
    visible: bool = False,
) -> Generator[Explanation | Failure, None, None]:
    """Yield the explanations of instances, in their order, holding a bounded number of them at a time.

    Parameters
    ----------
    instances
        Any number of them.
    context
        What they share.
    on_error
        What becomes of an instance that cannot be explained: ``"raise"`` its error when its turn comes, ``"skip"`` it,
        or ``"record"`` it as a `Failure` in its place.
    rows
        How many instances that share draws are open at a time.
    visible
        Whether a round that takes long shows its progress: where one instance is all there is to wait for.

    Raises
    ------
    InputError
        If an instance does not fit; those before it are explained and yielded first.
    ModelCallError, ModelOutputError
        If the model fails; explanations that are finished by then are yielded first.
    """
    numbered = enumerate(instances)
    waiting: deque[OpenInstance | Failure] = deque()
    context.streams += 1
    learned = context.reread()
    try:
        while refill(waiting, numbered, context, rows, lazily=on_error == "raise"):
            forgotten = context.forgotten
            try:
                run_round(still_open(waiting), context, on_error, visible=visible)
            except (LimelightError, KeyboardInterrupt) as error:
                # A new fit is no error where only earlier calls knew the old one: they are forgotten, and it begins
                # again, once. Within a call it is one, since explanations of two models must not stand side by side.
                if learned and isinstance(error, ModelChangedError):
                    start_anew(still_open(waiting), context, error, known=context.forgotten > forgotten)
                    learned = False
                    continue
                yield from finished(waiting, on_error)
                named(error, still_open(waiting))
                raise
            learned = False  # what comes now was answered in this call, and must not change within it
            yield from finished(waiting, on_error)
    finally:
        context.streams -= 1
        put_aside(waiting, context)


def explain_one(instance: Any, context: Context) -> Explanation:
    """Return the explanation of one instance, or raise what `explain_stream` raises."""
    return cast(Explanation, next(explain_stream([instance], context, visible=True)))


def start_anew(opened: Iterable[OpenInstance], context: Context, error: ModelChangedError, *, known: bool) -> None:
    """Forget what a former fit of the model has answered in earlier calls, and begin again.

    Where it is `known` another thread has noticed, and has drawn anew since.
    """
    if not known:
        context.forget()
        if error.outputs:
            context.caller.renew()
    for one in opened:
        one.restart()


def run_round(
    opened: Sequence[OpenInstance], context: Context, on_error: str = "raise", *, visible: bool = False
) -> None:
    """Ask the model for what all open instances need, in full batches, and look at each of them.

    Where the model fails at a whole round and errors are not to be raised, each instance is asked about by itself.
    """
    try:
        ask_all(opened, context, strict=on_error == "raise", visible=visible)
        look(opened, context)
    except ModelChangedError:
        raise
    except (ModelCallError, ModelOutputError) as error:
        if on_error == "raise" or context.caller.output_names is None:
            raise
        for one in opened:
            if len(opened) == 1:  # asked by itself, it is the one that fails
                one.fail(error)
            elif one.open:
                run_round([one], context, on_error, visible=visible)


def ask_all(opened: Sequence[OpenInstance], context: Context, *, strict: bool, visible: bool) -> None:
    """Ask for what instances need; `strict` ends the asking where the first has no answer.

    What they share is asked by one thread; the others wait for it, and then ask for what is still missing.
    """
    with context.claims.of(partial(growths, opened)) as growing:
        asking = turns(opened, context, growing)
        while asking:
            ledger = Ledger(vital(asking, opened, strict))
            try:
                answers = ask([turn.request() for turn in asking], context.caller, ledger, visible=visible)
            except BrokenError as broken:
                save(opened, asking, broken)
                raise broken.error from broken.error.__cause__
            finally:
                for one in opened:
                    one.calls += ledger.calls
            asking = [turn for turn, answer in zip(asking, answers, strict=True) if turn.receive(answer)]


def vital(asking: Sequence[Turn], opened: Sequence[OpenInstance], strict: bool) -> int:
    """Return how many rows, from the first, must be answered: what tells of a new fit, and the first instance."""
    canaries = sum(isinstance(turn, Canary) for turn in asking)
    originals = [turn for turn in asking if isinstance(turn, Originals)]
    first = bool(originals and originals[0].opened and originals[0].opened[0] is opened[0])
    return canaries + int(strict and first)


def save(opened: Sequence[OpenInstance], asking: Sequence[Turn], broken: BrokenError) -> None:
    """Keep what was answered before the asking was broken off, and explain the instances that are done.

    Parameters
    ----------
    opened
        The instances of the round.
    asking
        Who asked.
    broken
        What they have got.
    """
    told = list(zip(asking, broken.complete, broken.paid, strict=True))
    if any(isinstance(turn, Originals) and turn.opened and answers is None for turn, answers, _ in told):
        return  # what is explained of the instances is not known yet
    again = False
    for turn, answers, paid in told:
        if answers is not None:
            again |= turn.receive(answers)
        elif paid is not None:
            turn.keep(paid)
    if opened and not again and not isinstance(broken.error, KeyboardInterrupt):
        look(opened, opened[0].context)


@one_thread()
def look(opened: Sequence[OpenInstance], context: Context) -> None:
    """Weigh, fit and judge the first n perturbations of each instance that has them; explain it, or let it draw more.

    Rows of a table are looked at together. What is found of one does not depend on the others.
    """
    while ready := [one for one in opened if one.ready and enough_answered(one)]:
        together = [one for one in ready if stackable(one)]
        alone = [one for one in ready if not stackable(one)]
        finished_rows = []
        for rows in of_equal_length(together):
            width = kernel_width(context, rows[0])
            for one, found in zip(rows, look_at_rows(rows, width), strict=True):
                if found is Pending.ALONE:
                    alone.append(one)
                elif isinstance(found, Fitted):
                    finished_rows.append((one, found))
                else:
                    one.draw_more()
        for one, fitted, expectations in expected(finished_rows):
            one.explanation = assemble(one, fitted, find(one, fitted, expectations))
        for one in alone:
            look_alone(one, context)


def of_equal_length(opened: Sequence[OpenInstance]) -> list[list[OpenInstance]]:
    """Return instances by their number of features, which decides the kernel width: sparse rows differ in it."""
    found: dict[int, list[OpenInstance]] = {}
    for one in opened:
        found.setdefault(len(one.representation.features), []).append(one)
    return list(found.values())


def enough_answered(one: OpenInstance) -> bool:
    """Note on an instance which perturbations have no answer; it fails where that is most of them."""
    one.left_out = left_out_of(one.source, one.n)
    try:
        one.left_out.check()
    except ModelOutputError as error:
        one.fail(error)
    return one.open


def look_alone(one: OpenInstance, context: Context) -> None:
    """Do the same for one instance by itself: with masks of its own, or settings that ask for another fit."""
    sample = one.source.sample(one.n, one.targets)
    if one.left_out.rows:
        kept = answered(sample.Y)
        # how much of the neighborhood is missing, by weight and not by rows: far ones are hardly missed
        near = sample.design * nearness(sample.Z, one, context, kernel_width(context, one))
        one.left_out = replace(one.left_out, share=float(near[~kept].sum() / near.sum()))
        sample = without(sample, kept)
    neighborhood, width = weigh(one, sample, context)
    estimate = tied_at_zero(fit(one, neighborhood, width), neighborhood.Y, one.own)
    verdict = judge(neighborhood, estimate.scaled(distance(one)), context.settings, one.standing)
    if not verdict.stopped:
        one.draw_more()
        return
    if context.settings.refit:
        estimate = refit(neighborhood, estimate, verdict.selected)
    one.notes = truncation_notes(one, neighborhood, estimate)
    fitted = fitted_alone(one, neighborhood, estimate, verdict, width)
    for _, _, expectations in expected([(one, fitted)]):
        one.explanation = assemble(one, fitted, find(one, fitted, expectations))


def kernel_width(context: Context, one: OpenInstance) -> float:
    """Return the kernel width that the settings give, or LIME's own for so many features."""
    width = context.settings.kernel_width
    if isinstance(width, (int, float)):
        return float(width)
    if width is None and context.settings.distance is None and isinstance(one.source, FrugalSource):
        return FLAT_WIDTH
    return default_kernel_width(context.distance, len(one.representation.features))


def nearness(Z: MaskArray, one: OpenInstance, context: Context, width: float) -> FloatArray:
    """Return (n,) how near perturbations are to the instance."""
    center, settings = one.representation.center, context.settings
    return proximity_to(Z, center, distance=context.distance, width=width, kernel=settings.kernel)


def weigh(one: OpenInstance, sample: Sample, context: Context) -> tuple[Neighborhood, float]:
    """Return the sample with its weights, design times proximity, and the kernel width in force."""
    settings, center = context.settings, one.representation.center
    width = kernel_width(context, one)
    known = (sample.enumerated, sample.clusters, sample.noise, sample.order)
    neighborhood = Neighborhood(sample.Z, sample.Y, sample.design, center, *known)

    def weights(width: float) -> FloatArray:
        near = nearness(sample.Z, one, context, width)
        return len(near) * sample.design * near  # on LIME's scale, where an independent draw weighs its proximity

    if settings.kernel_width == "auto":
        widths = width * np.array(FACTORS)
        one.path = kernel_path(neighborhood, widths, np.array([weights(each) for each in widths]))
        width = one.path.choose()
    return replace(neighborhood, weights=weights(width)), width
