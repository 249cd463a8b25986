"""What is asked of every method, one function each.

Input: cases, methods, and sizes. Output: `Figure`s. Times are CPU time of this thread, with the model's own taken out.
"""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from limelight.bench.cases import MANY, SIZES, Case, known_cases
from limelight.bench.game import Game
from limelight.bench.methods import BY_VALUE, LIME_SLOPE, LIMELIGHT, SLOPE, Counted, Method, takers
from limelight.bench.proof import Figure
from limelight.bench.synthetic import clusters, normals
from limelight.contracts import FloatArray
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular
from limelight.result.quantiles import normal_quantile

TOP = 5
"""The features that people read."""
ROUNDING = 1e-9
"""A column that does nothing has an interval of no width, and the truth of it is rounding."""
CLUSTERED = 25
"""Rows of the clusters, whose truth differs from cluster to cluster."""
DENSE = 2**17
"""Model rows of the truth: its error is an eighth of that of 2,048."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Parameters
    ----------
    rows
        Explained rows of each case.
    seeds
        How often each is explained anew.
    budget
        Model rows, where methods are compared at equal rows.
    """

    rows: int
    seeds: int
    budget: int


Ask = Callable[[Sequence[Case], Sequence[Method], Sizes], Iterator[Figure]]


def speed(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield the first row's time and rows, and those of each later row, at each one's defaults."""
    for case, method in _pairs(cases, methods, bars=False):
        if method == BY_VALUE:  # limelight under another option, and as fast
            continue
        firsts, laters, totals, asked = [], [], [], []
        for seed in range(sizes.seeds):
            model = Counted(case.predict)
            took = [_timed(model, run) for run in _runs(case, method, model, seed)]
            firsts.append(took[0].own)
            laters += [each.own for each in took[1:]]
            totals.append(sum(each.own + each.models for each in took) / len(took))
            asked.append(sum(each.rows for each in took) / len(took))
        yield Figure("first", case.name, method.name, 1000 * median(firsts))
        yield Figure("later", case.name, method.name, 1000 * median(laters))
        yield Figure("set", case.name, method.name, 1000 * (_in_a_set(case) if method == LIMELIGHT else median(laters)))
        yield Figure("total", case.name, method.name, 1000 * float(np.mean(totals)))
        yield Figure("asked", case.name, method.name, float(np.mean(asked)))


def _runs(case: Case, method: Method, model: Counted, seed: int) -> Iterator[Callable[[], Any]]:
    """Yield a call for each row; the first also starts the method."""
    started: list[Any] = []
    targets = _targets(case)

    def first() -> None:
        started.append(method.start(case, model, seed, None))
        started[0](case.rows[0], targets[0])

    yield first
    for row, target in zip(case.rows[1:], targets[1:], strict=True):
        yield partial(started[0], row, target)


def _in_a_set(case: Case) -> float:
    """Return limelight's own CPU seconds for each row of a set, the neighborhood drawn on the way."""
    model = Counted(case.predict)
    explainer = Explainer(model, Tabular(case.background, categorical=case.categorical, names=case.columns))
    return _timed(model, lambda: explainer.explain_all(case.many)).own / MANY


@dataclass(frozen=True)
class _Cost:
    """CPU seconds of one explanation, its own and the model's, and the rows that the model was asked."""

    own: float
    models: float
    rows: int


def _timed(model: Counted, run: Callable[[], Any]) -> _Cost:
    model.seconds, model.rows = 0.0, 0
    began = time.thread_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run()
    return _Cost(time.thread_time() - began - model.seconds, model.seconds, model.rows)


def steadiness(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield the overlap of the five longest bars at each one's defaults, and the scatter of bars at equal rows."""
    for case, method in _pairs(cases, methods, bars=False):
        yield Figure("overlap", case.name, method.name, overlap(_over_seeds(case, method, sizes, None)))
    for case, method in _pairs(cases, methods):
        yield Figure("scatter", case.name, method.name, scatter(_over_seeds(case, method, sizes, sizes.budget)))


def overlap(weights: FloatArray) -> float:
    """Return the mean Jaccard overlap |a ∩ b| / |a ∪ b| of the longest bars over all pairs of seeds.

    Parameters
    ----------
    weights
        (seeds, rows, d).

    >>> one, other = np.eye(12)[:5].sum(axis=0), np.eye(12)[1:6].sum(axis=0)
    >>> round(overlap(np.array([[one], [other]])), 3)
    0.667
    """
    found = []
    for row in weights.transpose(1, 0, 2):
        longest = [_longest(each, TOP) for each in row]
        found += [len(a & b) / len(a | b) if a | b else 1.0 for a, b in itertools.combinations(longest, 2)]
    return float(np.mean(found))


def _longest(weights: FloatArray, n: int) -> set[int]:
    """Return the columns of the longest bars; a bar of no length is none, so that a rule has as many as it names."""
    return {int(j) for j in np.argsort(-np.abs(weights), kind="stable")[:n] if weights[j]}


def scatter(weights: FloatArray) -> float:
    """Return how far a bar moves from seed to seed: root mean square over bars, as a share of the row's longest.

    Parameters
    ----------
    weights
        (seeds, rows, d).

    >>> round(scatter(np.array([[[1.0, 0.0]], [[1.0, 0.2]]])), 3)
    0.1
    """
    longest = np.abs(weights.mean(axis=0)).max(axis=-1)  # (rows,)
    variance = weights.var(axis=0, ddof=1).mean(axis=-1)
    return float(np.mean(np.sqrt(variance)[longest > 0] / longest[longest > 0]))


def _over_seeds(case: Case, method: Method, sizes: Sizes, rows: int | None) -> FloatArray:
    """Return (seeds, rows, d) weights."""
    targets = _targets(case)
    found = []
    for seed in range(sizes.seeds):
        explain = method.start(case, case.predict, seed, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append([explain(row, target) for row, target in zip(case.rows, targets, strict=True)])
    return np.asarray(found)


def coverage(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield how often limelight's 95 % intervals hold the value of 131,072 model rows; nobody else states intervals."""
    for case in cases:
        truth, _ = _stated(case, 10_000, DENSE)
        for name, rows in (("500 rows", 500), ("2,048 rows", 2048), ("the defaults", None)):
            held = []
            for seed in range(sizes.seeds):
                values, half = _stated(case, seed, rows)
                held.append(np.abs(values - truth) <= half + ROUNDING * np.abs(truth).max())
            yield Figure("coverage", case.name, name, float(np.mean(held)))


def _stated(case: Case, seed: int, rows: int | None) -> tuple[FloatArray, FloatArray]:
    """Return contributions (rows, d) with half the widths of their intervals."""
    tabular = Tabular(case.background, categorical=case.categorical, names=case.columns, max_samples=DENSE)
    if rows is None:
        settings: dict[str, Any] = {}
    else:
        settings = {"n_samples": rows, "max_features": None}
    explainer = Explainer(case.predict, tabular, seed=seed, **settings)
    found = [explainer.explain(row) for row in case.rows]
    half = normal_quantile(0.95) * np.asarray([each.contribution_stderr[0] for each in found])
    return np.asarray([each.contributions[0] for each in found]), half


def faithfulness(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield removal correlation, deletion and insertion, and signs, at equal model rows."""
    for case in cases:
        rng = np.random.default_rng(7)
        games = [Game(case, row, rng) for row in case.rows]
        found = {method.name: explained(case, method, sizes.budget) for method in takers(methods, case)}
        widest = max(np.mean([g.area(w) for g, w in zip(games, each, strict=True)]) for each in found.values())
        for name, weights in found.items():
            pairs = list(zip(games, weights, strict=True))
            yield Figure("removal", case.name, name, float(np.nanmean([game.correlation(w) for game, w in pairs])))
            yield Figure("area", case.name, name, float(np.mean([game.area(w) for game, w in pairs]) / widest))
            agree = [agrees for game, w in pairs for agrees in game.signs(w)]
            yield Figure("signs", case.name, name, 100 * float(np.mean(agree)))


def ground_truth(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield how bars agree with parts that are known, and how long the bar of a column is that does nothing."""
    for case, truth in known_cases(sizes.rows):
        for method in takers(methods, case):
            weights = explained(case, method, sizes.budget)
            agree = [correlation(mine, known) for mine, known in zip(weights, truth, strict=True)]
            longest = np.abs(weights).max(axis=1)
            idle = np.abs(weights[:, SIZES == 0]).max(axis=1) / np.where(longest > 0, longest, 1.0)
            yield Figure("known", case.name, method.name, float(np.mean(agree)))
            yield Figure("idle", case.name, method.name, float(np.mean(idle)))


def published(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield agreement with the truths of OpenXAI and xai-bench; where a slope is the truth, slopes are asked, too."""
    case, slopes = clusters(max(sizes.rows, CLUSTERED))
    signs = 2.0 * np.asarray(_targets(case)) - 1.0  # bars are of the class that is called, slopes of the second
    for method in takers([*methods, *(each for each in (SLOPE, LIME_SLOPE) if each.installed)], case):
        weights = explained(case, method, sizes.budget) * signs[:, None]
        agree = [agreement(mine, known) for mine, known in zip(weights, slopes, strict=True)]
        yield Figure("slopes", case.name, method.name, float(np.mean([each for each, _ in agree])))
        yield Figure("slope signs", case.name, method.name, float(np.mean([each for _, each in agree])))
    for case, truth in normals(sizes.rows):
        for method in takers(methods, case):
            pairs = zip(explained(case, method, sizes.budget), truth, strict=True)
            agree_with = [correlation(mine, known) for mine, known in pairs]
            yield Figure("conditional", case.name, method.name, float(np.mean(agree_with)))


def correlation(weights: FloatArray, truth: FloatArray) -> float:
    """Return the correlation of bars with what is true; 0 where all bars are alike and say nothing.

    >>> correlation(np.zeros(3), np.arange(3.0))
    0.0
    """
    if np.ptp(weights) > 0:
        return float(np.corrcoef(weights, truth)[0, 1])
    return 0.0


def agreement(weights: FloatArray, truth: FloatArray) -> tuple[float, float]:
    """Return which share of the truth's k columns are the k longest bars, and which of them with the right sign.

    Feature and sign agreement [agarwal2022, §3.2], k the number of columns that do something.

    >>> agreement(np.array([3.0, -2.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    (1.0, 0.5)
    """
    does = {int(j) for j in np.flatnonzero(truth)}
    shared = _longest(weights, len(does)) & does
    right = [j for j in shared if np.sign(weights[j]) == np.sign(truth[j])]
    return len(shared) / len(does), len(right) / len(does)


def explained(case: Case, method: Method, rows: int) -> FloatArray:
    """Return the bars (rows, d) of a case at so many model rows, seed 0."""
    explain = method.start(case, case.predict, 0, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array([explain(row, target) for row, target in zip(case.rows, _targets(case), strict=True)])


def _pairs(cases: Sequence[Case], methods: Sequence[Method], bars: bool = True) -> Iterator[tuple[Case, Method]]:
    for case in cases:
        yield from ((case, method) for method in takers(methods, case, bars))


def _targets(case: Case) -> list[int]:
    if not case.classify:
        return [0] * len(case.rows)
    targets: list[int] = np.asarray(case.predict(case.rows)).argmax(axis=1).tolist()
    return targets
