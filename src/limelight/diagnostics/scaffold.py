"""Does a model answer perturbed rows in a way that its answers to real rows do not foretell? The attack of [slack2020].

An attacked model (a *scaffold*) asks of every row whether it is real or a perturbation, answers real rows with a rule
that nobody shall see, and perturbations with a harmless one, which then is what gets explained. Input: an explainer of
a table, and real rows. Output: a `ScaffoldCheck`.

Unlike learners imitate the model on real rows: four that see all columns, and others that see a part of them and do as
well, as many do where columns go together. What they then say of perturbed rows are honest ways of going on. The
statistic is log(l / (h + d)): l is the loss of the best of them on perturbed rows, h the least loss on real rows that
they have not seen, d the median squared disagreement of two of them on perturbed rows. Above 0 the model is further
from every one of them than they are from one another: it goes on as no honest learner does. Differences of rank
correlations between real and perturbed rows were tried, and are as large for an honest rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Encoded, FloatArray, Inputs
from limelight.diagnostics.numbers import as_numbers
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.inputs.kinds import concatenate
from limelight.local.points import points
from limelight.models.calls import Caller
from limelight.seeding import stream

FEWEST = 200
"""Real rows below which learners say nothing about how the model goes on."""
USUAL = 1000
"""Real rows from which on the rates that are stated were measured."""
MOST = 1700
"""Real rows that are looked at: 1,000 to learn from and 700 to test on, as it was measured with."""
DRAWN = 2500
"""Perturbed rows that are asked."""
LEARN = 0.6
FURTHER = 0.1
"""The model counts as further from all learners than they are from each other by more than a tenth."""
CANNOT_HIDE = 0.7
"""Where real and perturbed rows are told apart with an AUC below this, no scaffold was seen to work."""
FLOOR = 4e-3
"""Losses below this share of the answers' variance are nothing."""
SQUARES_UP_TO = 30
"""With more columns the linear learner has no squares and products."""


ALL_COLUMNS = ("linear", "boosted trees", "random trees", "neighbors")
"""Learners that see all columns, and always count; the first two also see parts of them."""
PARTS, SEEN = 8, 2 / 3
"""So many parts of the columns are tried, each column seen with this probability."""
AS_WELL = 1.25
"""A learner of a part of the columns counts where its loss on real rows is at most so many times the least."""


@dataclass(frozen=True, slots=True)
class ScaffoldCheck:
    """Whether a model goes on from real rows to perturbed ones as honest models do.

    Parameters
    ----------
    statistic
        log(l / (h + d)): above 0 no honest learner behaves like the model on perturbed rows.
    suspicious
        Whether it is above 0.1, and perturbed rows can be told from real ones well enough for a scaffold to work.
    out_of_distribution_auc
        How well real rows and perturbed ones are told apart by somebody who has both: 0.5 not at all, 1 always.
    per_learner
        For each learner (loss on real rows, loss on perturbed rows), as shares of the answers' variance.
    disagreement
        The median squared disagreement of two learners on perturbed rows, as such a share.
    n_real, n_drawn
        How many rows were looked at.
    target
        The output.
    statement
        What follows, in words.
    """

    statistic: float
    suspicious: bool
    out_of_distribution_auc: float
    per_learner: dict[str, tuple[float, float]]
    disagreement: float
    n_real: int
    n_drawn: int
    target: str
    statement: str

    def __str__(self) -> str:
        """Return the statement."""
        return self.statement


def scaffold_check(explainer: Explainer, rows: Any, *, target: str | int | None = None) -> ScaffoldCheck:
    """Return whether a model answers perturbed rows otherwise than its answers to real rows foretell.

    It takes about 4,000 model rows and half a second beside them.

    Parameters
    ----------
    explainer
        Of a table whose rows share a neighborhood (the default).
    rows
        Real rows, best such as the model has not been fitted on; from 200 on, better 1,700, of which it takes no more.
    target
        The output to look at. None, the default: of two classes the second, else the output that moves most.

    Raises
    ------
    InputError
        If the explainer is none of a table with a shared neighborhood, or if there are too few rows.
    UnknownNameError
        If there is no such output.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 1)) + 0.2 * rng.normal(size=(600, 3))
    >>> check = ll.diagnostics.scaffold_check(ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0), X)
    >>> check.suspicious
    False
    """
    real, drawn = _inputs(explainer, rows)
    model, _, output_names = explainer._given
    caller = Caller(model, output_names=output_names, batch_size=explainer.settings.batch_size)
    said = caller.ask([real, drawn])
    at = _target(caller, said[0], target)
    n = len(said[0])
    order = stream(cast(int, explainer.settings.seed), b"", "scaffold").permutation(n)
    X, Z = as_numbers([real, drawn])
    y, v = said[0][order, at], said[1][:, at]
    return _checked(X[order], y, Z, v, (caller.output_names or ("",))[at])


def _inputs(explainer: Explainer, rows: Any) -> tuple[Inputs, Inputs]:
    """Return the real rows and as many perturbed ones as are needed, as the model takes them."""
    modality, seed = explainer.modality, cast(int, explainer.settings.seed)
    rng = stream(seed, b"", "represent")
    representations: list[Any] = []
    for instance in modality.instances(rows):
        representations.append(modality.represent(instance, rng))
        if len(representations) == MOST:
            break
    if len(representations) < FEWEST:
        raise InputError(
            f"rows: expected at least {FEWEST} real rows, got {len(representations)}; with fewer nobody can tell how "
            "the model goes on."
        )
    first = representations[0]
    background = getattr(first, "background", None)
    if background is None or not background.shared:
        raise InputError(
            "explainer: expected one of a table whose rows share their perturbations, such as ll.Tabular(X) with the "
            "default contrast; other perturbations are plainly not real, and every model answers them as it likes."
        )
    together = getattr(modality, "originals", None)
    if together:
        real = together(representations)
    else:
        real = concatenate([each.original for each in representations])
    law = cast(Encoded, first).background
    u_seed = int(stream(seed, law.content, "scaffold").integers(2**63))
    return real, law.draw(points("sobol", 0, DRAWN, law.n_coordinates, u_seed))[1]


def _target(caller: Caller, Y: FloatArray, target: str | int | None) -> int:
    names = caller.output_names or ()
    if target is None:
        columns = caller.columns
        if columns is not None and columns.compete and len(names) == 2:
            return 1
        return int(Y.var(axis=0).argmax())
    if isinstance(target, str) and target in names:
        return names.index(target)
    if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < len(names):
        return target
    raise UnknownNameError("target", target, names)


def _checked(X: FloatArray, y: FloatArray, Z: FloatArray, v: FloatArray, target: str) -> ScaffoldCheck:
    """Return the check of answers y to real rows X, in random order, and v to perturbed rows Z."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # trees of a thousand rows are slower with more
        return _imitated(X, y, Z, v, target)


def _imitated(X: FloatArray, y: FloatArray, Z: FloatArray, v: FloatArray, target: str) -> ScaffoldCheck:
    auc = told_apart(X, Z)
    spread = float(np.concatenate([y, v]).std())
    if spread <= 1e-12 * float(np.abs(y).max(initial=0.0)):
        return _said({}, 0.0, auc, len(X), len(Z), target)
    middle = float(y.mean())
    y, v = (y - middle) / spread, (v - middle) / spread
    cut = int(LEARN * len(X))
    losses: dict[str, tuple[float, float]] = {}
    drawn = []
    for name, columns, learner in _imitators(X.shape[1]):
        learner.fit(X[:cut, columns], y[:cut])
        on_real = _loss(learner.predict(X[cut:, columns]), y[cut:])
        if name not in ALL_COLUMNS and on_real > AS_WELL * min(first for first, _ in losses.values()) + FLOOR:
            continue  # it lacks a column that matters
        on_drawn = np.asarray(learner.predict(Z[:, columns]))
        losses[name] = (on_real, _loss(on_drawn, v))
        drawn.append(on_drawn)
    disagreement = float(np.median([_loss(a, b) for a, b in combinations(drawn, 2)]))
    return _said(losses, disagreement, auc, len(X), len(Z), target)


def _imitators(columns: int) -> Iterator[tuple[str, NDArray[np.int64], Any]]:
    """Yield the learners by name, with the columns that each sees."""
    everything = np.arange(columns)
    for name, learner in learners(columns).items():
        yield name, everything, learner
    rng = np.random.default_rng(0)
    for part in range(PARTS if columns > 1 else 0):
        some = np.flatnonzero(rng.random(columns) < SEEN)
        if len(some):
            few = learners(len(some))
            for name in ALL_COLUMNS[:2]:
                yield f"{name}, part {part}", some, few[name]


def learners(columns: int) -> dict[str, Any]:
    """Return four unlike learners, each of which goes on in its own way beyond what it has seen."""
    from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    if columns <= SQUARES_UP_TO:
        shapes = [PolynomialFeatures(2, include_bias=False)]
    else:
        shapes = []
    return {
        "linear": make_pipeline(StandardScaler(), *shapes, Ridge(10.0)),
        "boosted trees": HistGradientBoostingRegressor(max_iter=60, max_depth=4, random_state=0),
        "random trees": ExtraTreesRegressor(40, min_samples_leaf=5, random_state=0),
        "neighbors": make_pipeline(StandardScaler(), KNeighborsRegressor(15)),
    }


def told_apart(X: FloatArray, Z: FloatArray) -> float:
    """Return the AUC with which real rows X and drawn rows Z are told apart, on rows not learned from.

    >>> same = np.random.default_rng(0).normal(size=(600, 2))
    >>> abs(told_apart(same[:300], same[300:]) - 0.5) < 0.1
    True
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    half_x, half_z = len(X) // 2, len(Z) // 2
    learned = np.concatenate([X[:half_x], Z[:half_z]])
    labels = np.repeat([1, 0], [half_x, half_z])
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(learned, labels)
    held = np.concatenate([X[half_x:], Z[half_z:]])
    truth = np.repeat([1, 0], [len(X) - half_x, len(Z) - half_z])
    return float(roc_auc_score(truth, judge.predict_proba(held)[:, 1]))


def _loss(said: Any, true: FloatArray) -> float:
    return float(np.square(np.asarray(said) - true).mean())


def _said(
    losses: dict[str, tuple[float, float]], disagreement: float, auc: float, n: int, drawn: int, target: str
) -> ScaffoldCheck:
    statistic = -math.inf
    if losses:
        real = min(first for first, _ in losses.values())
        foretold = min(second for _, second in losses.values())
        statistic = math.log((foretold + FLOOR) / (real + disagreement + FLOOR))
    suspicious = statistic > FURTHER and auc >= CANNOT_HIDE
    statement = _statement(statistic, auc, suspicious=suspicious, count=len(losses), few=n < USUAL)
    return ScaffoldCheck(statistic, suspicious, auc, losses, disagreement, n, drawn, target, statement)


def _statement(statistic: float, auc: float, *, suspicious: bool, count: int, few: bool) -> str:
    told = f"Perturbed rows are told from real ones with an AUC of {auc:.2f}"
    if not count:
        return f"The answer never moves, on real rows or perturbed ones. {told}."
    if auc < CANNOT_HIDE:
        return f"{told}: too little for a model to answer them by another rule, so that none can hide there."
    ratio = math.exp(statistic)
    size = f"{ratio:.2g} times as far from its answers to perturbed rows as such learners are from each other"
    if few:
        doubt = f" With fewer than {USUAL:,} real rows this is less sure."
    else:
        doubt = ""
    if suspicious:
        return (
            f"{told}, and the model uses that, or behaves as if it did: the best of {count} learners that imitate it "
            f"on real rows is {size}. What is explained may not be what decides about real rows; ask how the model was "
            f"made, and hold what it says of real rows alone against the explanations.{doubt}"
        )
    return (
        f"{told}. On them the model goes on as its answers to real rows foretell: the best of {count} learners is "
        f"{size}. "
        f"This speaks against two rules, one for real rows and one for perturbed ones; it does not rule out a model "
        f"that blends both smoothly.{doubt}"
    )
