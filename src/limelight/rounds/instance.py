"""What the rounds work on: what all instances of an explainer share, and one open instance on its way through."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Encoded, FloatArray, Inputs, Masked, Modality, Representation
from limelight.errors import InputError
from limelight.local.sampling import MaskSampler
from limelight.local.stopping import look_schedule
from limelight.local.width import KernelPath
from limelight.models.calls import Caller
from limelight.result.explanation import Explanation
from limelight.rounds.neighborhoods import MaskSource, Pool, PoolSource
from limelight.rounds.targets import resolve_targets
from limelight.seeding import stream
from limelight.settings import Settings

FIRST_LOOK = {"masks": 256, "pool": 2048}
"""Rows of the first look. A pool is asked once for everybody, so it starts where one look is often enough."""
FIRST_LOOK_PER_FEATURE = 8
"""A first look has at least this many rows for each feature: with fewer, neither weights nor errors mean much."""
SETTLED_UP_TO = {"uniform": 5000, "bernoulli": 1024, "pool": 4096}
"""Rows up to which a doubt about the order alone draws more: what lime takes for texts, images and tables."""
ENUMERATED_UP_TO = 4096
"""With n_samples="auto" all 2^d masks are asked when there are no more than this: 12 features are exact."""


@dataclass
class Context:
    """What all instances of one explainer have in common.

    Parameters
    ----------
    settings, modality, caller
        As the explainer holds them.
    pools
        Shared neighborhoods, by the content of their background.
    repeats
        How often each row is asked; more than once for a noisy model. None until that has been found out.
    visible
        Whether a round that takes long shows its progress: where one instance is all there is to wait for.
    """

    settings: Settings
    modality: Modality
    caller: Caller
    pools: dict[bytes, Pool] = field(default_factory=dict)
    repeats: int | None = None
    visible: bool = False
    _rng: np.random.Generator | None = None
    _rng_state: Any = None

    @cached_property
    def recorded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return settings and modality as JSON, made once and shared by all explanations."""
        return self.settings.to_dict(), self.modality.describe()

    @cached_property
    def distance(self) -> Any:
        """Return the distance in force, a name or a callable."""
        return self.settings.distance or self.modality.distance

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
        while first < FIRST_LOOK_PER_FEATURE * n_features:
            first *= 2
        return look_schedule(first, settings.max_samples or self.modality.max_samples)

    def source(self, representation: Representation) -> tuple[MaskSource | PoolSource, tuple[int, ...]]:
        """Return where the instance's perturbations come from, and the numbers of rows after which to look."""
        if hasattr(representation, "encode"):
            encoded = cast(Encoded, representation)
            shared = encoded.background.shared and not self.settings.fresh
            source = PoolSource(encoded, self._pool(encoded), shared=shared)
            return source, self.looks("pool", len(encoded.features))
        settings, masked = self.settings, cast(Masked, representation)
        looks = self.looks("masks", len(masked.features))
        if settings.sampler not in ("auto", "pairs", "plain"):
            raise InputError(f"sampler: {settings.sampler!r} draws table rows; masks take 'pairs' or 'plain'.")
        sampler = MaskSampler(masked.law, "plain" if settings.sampler == "plain" else "pairs")
        bound = looks[-1] if settings.n_samples != "auto" else min(looks[-1], ENUMERATED_UP_TO)
        plan = sampler.plan(len(masked.features), looks[0], exhaustive_up_to=bound, once=masked.deterministic)
        masks = MaskSource(masked, plan, cast(int, settings.seed))
        return masks, (plan.exhaustive_rows,) if plan.exhaustive_rows else looks

    def targets(self, outputs: FloatArray) -> NDArray[np.int64]:
        """Return the indices of the outputs to explain for an instance with these outputs."""
        names = self.caller.output_names or ()
        return resolve_targets(self.settings.targets, outputs, names, compete=self.caller.competing)

    def target_names(self, one: OpenInstance) -> tuple[str, ...]:
        """Return the names of the outputs explained for an instance."""
        names = self.caller.output_names or ()
        return tuple(names[i] for i in one.targets)

    def originals(self, opened: Sequence[OpenInstance]) -> Iterable[Inputs]:
        """Yield the instances themselves as model inputs; tables build the rows of many at once."""
        representations = [one.representation for one in opened]
        together = getattr(self.modality, "originals", None)
        if together is not None and len(opened) > 1:
            return [together(representations)]
        return (representation.original for representation in representations)

    def pools_to_grow(self, opened: Sequence[OpenInstance]) -> list[tuple[Pool, OpenInstance]]:
        """Return the pools that have too few rows, each with the first instance that needs the most."""
        needy: dict[int, tuple[Pool, OpenInstance]] = {}
        for one in opened:
            pool = one.source.pool if isinstance(one.source, PoolSource) else None
            if pool is not None and one.n > pool.n and (id(pool) not in needy or one.n > needy[id(pool)][1].n):
                needy[id(pool)] = (pool, one)
        return list(needy.values())

    def _pool(self, representation: Encoded) -> Pool:
        settings, background = self.settings, representation.background
        if settings.sampler == "pairs":
            raise InputError("sampler: 'pairs' draws masks; tables take 'sobol', 'lhs' or 'plain'.")
        design = "sobol" if settings.sampler == "auto" else settings.sampler
        content = background.content + (representation.content if settings.fresh else b"")
        pool = self.pools.get(content)
        if pool is None:
            pool = Pool(background, cast(int, settings.seed), cast(Any, design), content)
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
    path
        The explanation along the grid of kernel widths, where the width is to be chosen.
    explanation
        None while open.

    Raises
    ------
    InputError
        If the modality refuses the instance.
    """

    def __init__(self, instance: Any, context: Context) -> None:
        self.started = time.perf_counter()
        self.context = context
        self.rows = self.calls = 0
        self.representation = context.modality.represent(instance, context.fresh_rng())
        self.source, self.looks = context.source(self.representation)
        self.n = self.looks[0]
        self.outputs: FloatArray = np.empty(0)
        self.targets: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.path: KernelPath | None = None
        self.explanation: Explanation | None = None

    @property
    def settled_up_to(self) -> int:
        """Return the number of rows up to which a doubt about the order alone is worth more of them."""
        return SETTLED_UP_TO[self.source.representation.law if isinstance(self.source, MaskSource) else "pool"]

    @property
    def ready(self) -> bool:
        """Return whether the rows of the next look are there."""
        return self.explanation is None and self.source.n >= self.n

    def meet(self, outputs: FloatArray) -> None:
        """Take what the model says of the instance itself, which decides what is explained."""
        self.rows += self.context.repeats or 1
        self.outputs = outputs
        self.targets = self.context.targets(outputs)

    def request(self) -> Iterator[Inputs]:
        """Yield the model inputs that the next look is still missing: its own masks, if it has some."""
        if isinstance(self.source, MaskSource):
            yield from self.source.request(self.n, once=self.context.repeats == 1)

    def receive(self, outputs: FloatArray, noise: FloatArray | None, *, calls: int) -> None:
        """Take the answers to the request."""
        self.calls += calls
        if isinstance(self.source, MaskSource):
            self.rows += len(outputs) * (self.context.repeats or 1)
            self.source.receive(outputs[:, self.targets], None if noise is None else noise[:, self.targets])

    def draw_more(self) -> None:
        """Ask for the rows of the next look."""
        self.n = next(n for n in self.looks if n > self.n)
