"""The algorithm on one page: START READING HERE.

    instance ─ represent ─▶ features ─ draw ─▶ Z ─ reconstruct ─▶ model inputs ─ ask ─▶ Y
    Explanation ◀─ select ◀─ precision ◀─ surrogate ◀─ (Z, Y, weights) ◀─ proximity ◀────┘

It works in rounds. In each, every open instance says which rows it still needs; the rows of all of them are poured
into full model batches; each instance refits, and closes when enough is known or its budget is spent. One
instance is the case of many with one.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, Inputs, Neighborhood
from limelight.errors import InputError, LimelightError
from limelight.local.proximity import default_kernel_width, proximity_to
from limelight.local.stopping import samples_to_settle
from limelight.local.width import FACTORS, kernel_path
from limelight.progress import progress
from limelight.result.explanation import Explanation
from limelight.rounds.assembly import assemble
from limelight.rounds.fitting import fit, refit
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.neighborhoods import Sample
from limelight.rounds.verdict import LEVEL, judge, order_doubt

OPEN_AT_ONCE = {"masks": 16, "pool": 128}
"""Instances in one round: enough to fill model batches, few enough to keep memory flat over millions of rows.

An instance with masks of its own brings hundreds of rows to a round, and may be a large image.
"""

SAME_ANSWER = 1e-5
"""Relative difference up to which two answers are the same: single precision is not exact to the last bit."""


def explain_stream(instances: Iterable[Any], context: Context) -> Iterator[Explanation]:
    """Yield the explanations of instances, in their order, holding a bounded number of them at a time.

    Raises
    ------
    InputError
        If an instance does not fit; those before it are explained and yielded first.
    ModelCallError, ModelOutputError
        If the model fails; explanations that are finished by then are yielded first.
    """
    numbered = enumerate(instances)
    waiting: deque[OpenInstance] = deque()
    misfit: InputError | None = None
    while True:
        if misfit is None:
            misfit = refill(waiting, numbered, context)
        if not waiting:
            break
        try:
            run_round([each for each in waiting if each.explanation is None], context)
        except (LimelightError, KeyboardInterrupt):
            yield from finished(waiting)
            raise
        yield from finished(waiting)
    if misfit is not None:
        raise misfit


def refill(waiting: deque[OpenInstance], numbered: Iterator[tuple[int, Any]], context: Context) -> InputError | None:
    """Open instances until enough wait; return the error of one that does not fit, naming its number."""
    while not waiting or len(waiting) < OPEN_AT_ONCE[waiting[0].source.kind]:
        number, instance = next(numbered, (-1, None))
        if number < 0:
            break
        try:
            waiting.append(OpenInstance(instance, context))
        except InputError as error:
            error.add_note(f"instance number {number}")
            return error
    return None


def finished(waiting: deque[OpenInstance]) -> Iterator[Explanation]:
    """Yield and remove the explanations that are ready at the head of the queue."""
    while waiting and (explanation := waiting[0].explanation) is not None:
        waiting.popleft()
        yield explanation


def run_round(opened: Sequence[OpenInstance], context: Context) -> None:
    """Ask the model for what all open instances need, in full batches, and look at each of them."""
    calls = context.caller.calls
    if context.repeats is None:
        context.repeats = find_repeats(opened[0], context)
    growing, new = context.pools_to_grow(opened), [one for one in opened if not len(one.targets)]
    requests = [context.originals(new), *[pool.request(first.n) for pool, first in growing]]
    long = context.visible and bool(growing or opened[0].source.kind == "masks")
    (predictions, _), *answers = ask([*requests, *[one.request() for one in opened]], context, visible=long)
    for one, outputs in zip(new, predictions, strict=True):
        one.meet(outputs)
    for (pool, first), (outputs, _) in zip(growing, answers, strict=False):
        pool.receive(outputs)
        first.rows += len(outputs) * context.repeats
    for one, (outputs, noise) in zip(opened, answers[len(growing) :], strict=True):
        one.receive(outputs, noise, calls=context.caller.calls - calls)
        while one.ready:
            look(one, context)


def find_repeats(one: OpenInstance, context: Context) -> int:
    """Return how often to ask each row: as the settings say, or twice where the model answers one row in two ways."""
    if context.settings.replicates != "auto":
        return int(context.settings.replicates)
    original = one.representation.original
    first, second = context.caller.ask([original, original])
    one.rows += 2
    return 1 if np.allclose(first, second, rtol=SAME_ANSWER, atol=SAME_ANSWER * np.abs(first).max()) else 2


def look(one: OpenInstance, context: Context) -> None:
    """Weigh, fit and judge the first n perturbations; explain the instance, or let it draw more."""
    sample = one.source.sample(one.n, one.targets)
    neighborhood, width = weigh(one, sample, context)
    estimate = fit(one, neighborhood, width)
    last, settle = one.n >= one.looks[-1], one.n < one.settled_up_to
    verdict = judge(neighborhood, estimate, context.settings, looks=len(one.looks), last=last, settle=settle)
    if verdict.stopped:
        if context.settings.refit:
            estimate = refit(neighborhood, estimate, verdict.selected)
        one.explanation = assemble(one, neighborhood, estimate, verdict, width)
    else:
        one.draw_more()


def weigh(one: OpenInstance, sample: Sample, context: Context) -> tuple[Neighborhood, float]:
    """Return the sample with its weights, design times proximity, and the kernel width in force."""
    settings, center = context.settings, one.representation.center
    if isinstance(settings.kernel_width, (int, float)):
        width = float(settings.kernel_width)
    else:
        width = default_kernel_width(context.distance, len(center))
    known = (sample.enumerated, sample.clusters, sample.noise, sample.scrambled)
    neighborhood = Neighborhood(sample.Z, sample.Y, sample.design, center, *known)

    def weights(width: float) -> FloatArray:
        near = proximity_to(sample.Z, center, distance=context.distance, width=width, kernel=settings.kernel)
        return len(near) * sample.design * near  # on LIME's scale, where an independent draw weighs its proximity

    if settings.kernel_width == "auto":
        widths = width * np.array(FACTORS)
        one.path = kernel_path(neighborhood, widths, np.array([weights(each) for each in widths]))
        width = one.path.choose()
    return replace(neighborhood, weights=weights(width)), width


def ask(
    requests: Sequence[Iterable[Inputs]], context: Context, *, visible: bool
) -> list[tuple[FloatArray, FloatArray | None]]:
    """Return for each request the model's outputs, and their variances where rows are asked repeatedly.

    The chunks of all requests flow through the model in full batches, and only as many of them exist at a time as a
    batch holds.
    """
    repeats = context.repeats or 1
    owners: list[int] = []

    def chunks() -> Iterator[Inputs]:
        for owner, request in enumerate(requests):
            for chunk in request:
                owners.extend([owner] * repeats)
                yield from itertools.repeat(chunk, repeats)

    answers = context.caller.ask(progress(chunks(), what="blocks asked") if visible else chunks())
    sorted_out: list[list[FloatArray]] = [[] for _ in requests]
    for owner, answer in zip(owners, answers, strict=True):
        sorted_out[owner].append(answer)
    return [_mean_and_noise(parts, repeats, len(context.caller.output_names or ())) for parts in sorted_out]


def _mean_and_noise(parts: list[FloatArray], repeats: int, n_outputs: int) -> tuple[FloatArray, FloatArray | None]:
    if not parts:
        return np.empty((0, n_outputs)), None
    if repeats == 1:
        return parts[0] if len(parts) == 1 else np.concatenate(parts), None
    rounds = np.stack([np.concatenate(parts[i::repeats]) for i in range(repeats)])
    return rounds.mean(axis=0), rounds.var(axis=0, ddof=1) / repeats


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """What explaining one instance is expected to take.

    Parameters
    ----------
    rows
        Model rows until sampling stops, as far as the first look can tell.
    seconds
        The model's own time for them.
    """

    rows: int
    seconds: float


def expect(instance: Any, context: Context) -> ExpectedCost:
    """Return the expected cost of an instance: take its first look, time it, and extrapolate by the 1/n law."""
    caller, one = context.caller, OpenInstance(instance, context)
    looks = one.looks
    brief = replace(context.settings, n_samples=looks[0], max_samples=None, stop="auto")
    rows, seconds = caller.rows, caller.seconds
    first = next(explain_stream([instance], Context(brief, context.modality, caller)))
    per_row = (caller.seconds - seconds) / (caller.rows - rows)
    wanted = first.provenance.samples_needed
    if context.settings.stop == "auto":
        wanted = max(wanted, min(samples_to_settle(looks[0], order_doubt(first), LEVEL), one.settled_up_to))
    elif context.settings.stop == "ranking":
        wanted = looks[0] if all(ranking.settled for ranking in first.rankings) else looks[-1]
    expected = 1 + next(n for n in looks if n >= min(wanted, looks[-1]))
    return ExpectedCost(expected, expected * per_row)
