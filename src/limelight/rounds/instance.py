"""What the rounds work on: what all instances of an explainer share, and one open instance on its way through."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Background, Encoded, FloatArray, Inputs, Masked, Modality, Representation
from limelight.errors import InputError, LimelightError, outside
from limelight.inputs.budget import CallBudget
from limelight.local.sampling import MaskSampler
from limelight.local.stopping import look_schedule
from limelight.local.width import KernelPath
from limelight.lock import Claims
from limelight.models.calls import Caller
from limelight.models.columns import Columns, Seen
from limelight.result.explanation import Explanation
from limelight.rounds.economy import FrugalSource, budget_of, economical_looks, second_askings
from limelight.rounds.encoded import SharedSource
from limelight.rounds.labels import check_labels, label_of
from limelight.rounds.left_out import LeftOut
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.plugged import check_representation
from limelight.rounds.shared import SharedDraws
from limelight.rounds.steadiness import same_answers, sizes
from limelight.rounds.targets import resolve_targets
from limelight.rounds.units import Units
from limelight.rounds.verdict import Standing
from limelight.seeding import stream
from limelight.settings import Settings

FIRST_LOOK = {"masks": 256, "pool": 2048}
"""Rows of the first look. A pool is asked once for everybody, so it starts where one look is often enough."""
FIRST_LOOK_PER_FEATURE = 8
"""A first look has at least this many rows for each feature: with fewer, neither weights nor errors mean much."""
SETTLED_UP_TO = {"uniform": 5000, "bernoulli": 1024, "near": 1024, "pool": 4096}
"""Rows up to which a doubt about the order alone draws more: what lime takes for texts, images and tables."""
ENUMERATED_UP_TO = 4096
"""With n_samples="auto" all 2^d masks are asked when there are no more than this: 12 features are exact."""

CHANGED = (
    "the model answers otherwise than in earlier calls, as after a new fit: what was kept of its answers is dropped, "
    "and its neighborhood is drawn anew"
)
"""Said aloud, once for each change; the explanation is then the one that a new explainer gives."""


@dataclass
class Context:
    """What all instances of one explainer have in common.

    Parameters
    ----------
    settings, modality, caller
        As the explainer holds them.
    pools
        Shared neighborhoods, by the content of their background.
    labels_checked
        Whether the model was asked for an instance under its own label, see `labels.check_labels`.
    shelf
        Instances, by their content, that were open when a call ended early: what was paid for them is kept.
    streams
        How many calls are explaining.
    forgotten
        How often what was kept has been dropped, since the model answered otherwise.
    curves
        Whether the curves behind the bars of a table's row are wanted: a job that writes weights alone drops them.
    """

    settings: Settings
    modality: Modality
    caller: Caller
    pools: dict[bytes, SharedDraws] = field(default_factory=dict)
    labels_checked: bool = False
    shelf: dict[bytes, OpenInstance] = field(default_factory=dict)
    streams: int = 0
    forgotten: int = 0
    curves: bool = True
    _former: dict[bytes, tuple[int, FloatArray]] = field(default_factory=dict)
    _by_batch: bool = False
    _rng: np.random.Generator | None = None
    _rng_state: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Pickle all but what an interrupted call has left, and who is explaining just now."""
        return {name: value for name, value in self.__dict__.items() if name != "claims"} | {"shelf": {}, "streams": 0}

    @cached_property
    def claims(self) -> Claims:
        """Return who is asking for what."""
        return Claims(self.caller.lock)

    @cached_property
    def recorded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return settings and modality as JSON, made once and shared by all explanations."""
        return self.settings.to_dict(), self.modality.describe()

    @cached_property
    def distance(self) -> Any:
        """Return the distance in force, a name or a callable."""
        return self.settings.distance or self.modality.distance

    @cached_property
    def replicates(self) -> int | None:
        """Return how often the settings ask each row; None where that depends on whether the model is noisy."""
        if self.settings.replicates == "auto":
            return None
        return int(self.settings.replicates)

    @cached_property
    def rescales(self) -> bool:
        """Return whether outputs may be fitted in other units: a surrogate of the user's own sees them as they are."""
        return isinstance(self.settings.surrogate, str)

    def guards(self, pool: SharedDraws) -> bool:
        """Return whether a row of a pool tells that the model has changed: a noisy model always answers otherwise."""
        return pool.n > 0 and pool.repeats == 1 and not self._by_batch

    def reread(self) -> bool:
        """Return whether other calls have left anything that a new fit of the model makes wrong.

        An estimator that shows its new fit by other classes or other words is noticed here, before it is asked.
        """
        known = self.caller.output_names is not None
        if known and self.caller.renewed:
            self.caller.renew()
            self.forget()
        return known or self.streams > 1

    def forget(self) -> None:
        """Drop what a former fit of the model has answered, and say so."""
        guarded = [pool for pool in self.pools.values() if self.guards(pool)]
        self._former = {pool.content: (pool.told, pool.Y[pool.told]) for pool in guarded}
        self.pools.clear()
        self.shelf.clear()
        self.forgotten += 1
        warnings.warn(CHANGED, stacklevel=outside())

    def recognise(self, pool: SharedDraws) -> None:
        """Notice that a pool drawn anew was answered as before: the model is the same, and depends on its batches."""
        row, former = self._former.pop(pool.content, (0, None))
        if former is not None and row < pool.n and same_answers(pool.Y[row], former, sizes(pool.Y)):
            self._by_batch = not np.isnan(pool.Y[row]).any()

    def fresh_rng(self) -> np.random.Generator:
        """Return the generator of the stage "represent", at its start; valid until the next call."""
        if self._rng is None:
            self._rng = stream(cast(int, self.settings.seed), b"", "represent")
            self._rng_state = self._rng.bit_generator.state
        self._rng.bit_generator.state = self._rng_state
        return self._rng

    def looks(self, kind: str, n_features: int) -> tuple[int, ...]:
        """Return the numbers of rows after which an instance is looked at."""
        settings, first = self.settings, FIRST_LOOK[kind]
        if settings.n_samples != "auto":
            return (int(settings.n_samples),)
        # doubled and not multiplied: the looks of all numbers of features are the same numbers of rows
        while first < FIRST_LOOK_PER_FEATURE * n_features:
            first *= 2
        return look_schedule(first, settings.max_samples or self.modality.max_samples)

    def source(self, representation: Representation) -> tuple[MaskSource | SharedSource, tuple[int, ...]]:
        """Return where the instance's perturbations come from, and the numbers of rows after which to look."""
        if hasattr(representation, "encode"):
            encoded = cast(Encoded, representation)
            # a surrogate of the user's own weighs rows in its own way, which a mixture of draws would upset
            hold = self.settings.surrogate == "ridge"
            shared = encoded.background.shared and not self.settings.fresh
            pool = self.pool_of(encoded.background, encoded.content if self.settings.fresh else b"")
            source = SharedSource(encoded, pool, hold=hold, shared=shared)
            return source, self.looks("pool", len(encoded.features))
        settings, masked = self.settings, cast(Masked, representation)
        budget = budget_of(masked)
        if budget is not None:
            return self._economical(masked, budget)
        looks = self.looks("masks", len(masked.features))
        if settings.sampler not in ("auto", "pairs", "plain"):
            raise InputError(f"sampler: {settings.sampler!r} draws table rows; masks take 'pairs' or 'plain'.")
        sampler = MaskSampler(masked.law, "plain" if settings.sampler == "plain" else "pairs")
        if settings.n_samples != "auto":
            bound = looks[-1]
        else:
            bound = min(looks[-1], ENUMERATED_UP_TO)
        plan = sampler.plan(len(masked.features), looks[0], exhaustive_up_to=bound, once=masked.deterministic)
        masks = MaskSource(masked, plan, cast(int, settings.seed), self.replicates, rescale=self.rescales)
        return masks, (plan.exhaustive_rows,) if plan.exhaustive_rows else looks

    def _economical(self, masked: Masked, budget: CallBudget) -> tuple[MaskSource, tuple[int, ...]]:
        """Return the same where calls cost money."""
        settings, d = self.settings, len(masked.features)
        looks = economical_looks(settings, budget, d)
        sampler = MaskSampler(masked.law, "plain" if settings.sampler == "plain" else "spread")
        plan = sampler.plan(d, looks[0], exhaustive_up_to=0, once=False)
        twice = second_askings(budget) if self.replicates is None else 0
        return FrugalSource(masked, plan, cast(int, settings.seed), twice, rescale=self.rescales), looks

    def targets(self, outputs: FloatArray) -> NDArray[np.int64]:
        """Return the indices of the outputs to explain for an instance with these outputs."""
        columns = self.caller.columns or Columns(())
        return resolve_targets(self.settings.targets, outputs, columns)

    def target_names(self, one: OpenInstance) -> tuple[str, ...]:
        """Return the names of the outputs explained for an instance."""
        names = self.caller.output_names or ()
        return tuple([names[i] for i in one.targets.tolist()])

    def originals(self, opened: Sequence[OpenInstance]) -> Iterable[Inputs]:
        """Yield the instances themselves as model inputs; tables build the rows of many at once."""
        representations = [one.representation for one in opened]
        together = getattr(self.modality, "originals", None)
        if together is not None and len(opened) > 1:
            return [together(representations)]
        return (representation.original for representation in representations)

    def pool_of(self, background: Background, own: bytes = b"") -> SharedDraws:
        """Return the draws of a background, kept where instances share them; `own` is the content of one alone."""
        settings = self.settings
        if settings.sampler == "pairs":
            raise InputError("sampler: 'pairs' draws masks; tables take 'sobol', 'lhs' or 'plain'.")
        design = "sobol" if settings.sampler == "auto" else settings.sampler
        content = background.content + own
        pool = self.pools.get(content)
        if pool is None:
            seed, drawn = cast(int, settings.seed), cast(Any, design)
            pool = SharedDraws(background, seed, drawn, content, self.replicates, rescale=self.rescales)
            # draws of one instance alone would only fill the memory
            if background.shared and not settings.fresh:
                self.pools[content] = pool
        return pool


class OpenInstance:
    """One instance between its first row and its explanation.

    Parameters
    ----------
    instance
        Whatever the modality explains.
    context
        What it shares with the others.

    Attributes
    ----------
    n
        How many perturbations the next look needs.
    looks
        The numbers of perturbations after which to look; the last is the budget.
    outputs, targets
        (m,) the model's outputs for the instance and the indices of those explained; known after its first answer.
    seen
        What is true of the answers to its own masks; None where it has none.
    path
        The explanation along the grid of kernel widths, where the width is to be chosen.
    notes
        Sentences about how the model reads it, found when its neighborhood was there (`truncation.py`).
    left_out
        What the model has no answer to, as of the last look.
    explanation, failure
        What came of it; both None while open.
    former
        The same instance, as an earlier call has left it; what was paid for it is taken over once f(x) shows that the
        model is still the same.

    Raises
    ------
    InputError
        If the modality refuses the instance.
    """

    def __init__(self, instance: Any, context: Context, number: int = 0) -> None:
        self.started = time.perf_counter()
        self.number = number
        self.context = context
        self.rows = self.calls = 0
        self.label = label_of(instance)
        self.representation = context.modality.represent(instance, context.fresh_rng())
        check_representation(context.modality, self.representation)
        self.source, self.looks = context.source(self.representation)
        self.n = self.looks[0]
        self.outputs: FloatArray = np.empty(0)
        self.targets: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.seen: Seen | None = None
        self.path: KernelPath | None = None
        self.notes: tuple[str, ...] = ()
        self.left_out = LeftOut()
        self.explanation: Explanation | None = None
        self.failure: LimelightError | None = None
        if self.source.kind == "masks":
            self.former = context.shelf.pop(self.representation.content, None)
        else:
            self.former = None

    @property
    def open(self) -> bool:
        """Return whether nothing has come of it yet."""
        return self.explanation is None and self.failure is None

    @property
    def settled_up_to(self) -> int:
        """Return the number of rows up to which a doubt about the order alone is worth more of them."""
        return SETTLED_UP_TO[self.source.law]

    @property
    def standing(self) -> Standing:
        """Return where it stands in its looks."""
        return Standing(self.n, len(self.looks), last=self.n >= self.looks[-1], settle=self.n < self.settled_up_to)

    @property
    def ready(self) -> bool:
        """Return whether the rows of the next look are there."""
        return self.open and bool(len(self.targets)) and self.source.has(self.n)

    @property
    def noisy(self) -> bool:
        """Return whether the model was found to answer one input in two ways."""
        return self.context.replicates is None and self.source.wavers

    @property
    def units(self) -> Units:
        """Return the units in which the explained outputs are fitted."""
        return self.source.units_of(self.targets)

    @property
    def own(self) -> FloatArray:
        """Return (k,) f(x) of the explained outputs, in the units in which they are fitted."""
        return self.units.told(self.outputs[self.targets])

    def meet(self, outputs: FloatArray) -> None:
        """Take what the model says of the instance itself, which decides what is explained."""
        self.outputs = outputs
        self.targets = self.context.targets(outputs)
        former, self.former = self.former, None  # whatever comes of it, it is looked at once
        if former is not None and same_answers(outputs, former.outputs, sizes(outputs[None])):
            self.source, self.looks, self.n, self.seen = former.source, former.looks, former.n, former.seen
        if self.label is not None and not self.context.labels_checked:
            self.context.labels_checked = True
            original = self.representation.original
            asked = check_labels(original, self.label, outputs, self.context.caller)
            self.rows, self.calls = self.rows + asked, self.calls + asked

    def fail(self, error: LimelightError) -> None:
        """Take note that there will be no explanation."""
        self.failure = error

    def see(self, outputs: FloatArray) -> None:
        """Take note of the answers to its own masks."""
        self.seen = self.seen or Seen()
        self.seen.add(outputs)

    def restart(self) -> None:
        """Begin anew, as if the model had not been asked yet."""
        self.seen = self.failure = self.former = None
        self.source, self.looks = self.context.source(self.representation)
        self.n = self.looks[0]
        self.outputs, self.targets = np.empty(0), np.empty(0, dtype=np.int64)

    def plan_further_looks(self) -> None:
        """Go on asking all masks of a noisy model until their means are precise, within the budget."""
        if not isinstance(self.source, MaskSource) or self.source.tally is None:
            return
        if self.n < self.source.n:
            settings, self.n = self.context.settings, self.source.n
            budget = settings.n_samples if settings.n_samples != "auto" else settings.max_samples
            further = look_schedule(self.n, int(budget or self.context.modality.max_samples))
            self.looks = further if further[-1] > self.n else (self.n,)

    def draw_more(self) -> None:
        """Ask for the rows of the next look."""
        self.n = next(n for n in self.looks if n > self.n)
