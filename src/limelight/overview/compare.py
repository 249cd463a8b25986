"""Two models on the same perturbations: where their answers differ, where only their reasons do, and by which feature.

Input: an explainer, a second model, rows. Output: a `Comparison`. Both models are asked about the same perturbed rows,
and the difference of their answers is explained like an output of its own. The change of a weight therefore has its own
standard error, in which everything that both models share has cancelled; two separate explanations would add theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, cast

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.models.beside import Beside, Wanted
from limelight.overview.importance import FeatureImportance, feature_importance
from limelight.overview.longform import Longform, longforms
from limelight.overview.many_tests import benjamini_hochberg, t_test
from limelight.result.comparison import Comparison, FeatureChange, ReasonChange, RowChange
from limelight.result.explanations import Explanations
from limelight.result.quantiles import normal_quantile, stated_quantile
from limelight.seeding import stream
from limelight.settings import Settings

RANKS = ("auto", "all", "top1")
AGREE_SHARE = 0.05
"""Two probabilities this near to each other agree."""
AGREE_SPREAD = 0.1
"""Two other answers agree within this share of the standard deviation of the first model's answers."""
FEWEST_REFITS = 4
ANOTHER_REASON = 2.0
"""A reason differs where a contribution changed by so many times what answers that agree may differ by."""


def compare(
    first: Explainer,
    second: Any,
    rows: Any,
    *,
    target: Wanted = None,
    names: tuple[str, str] = ("first", "second"),
    level: float = 0.95,
    agree: float | None = None,
    refits: Sequence[Any] = (),
) -> Comparison:
    """Return where two models differ in what they answer, and in why.

    A perturbed row is asked of both models, so that this takes as many model rows of either as explaining with it does.

    Parameters
    ----------
    first
        Explains the first model; its kind of data and its settings hold for both.
    second
        The other model, or an explainer of it on the same background.
    rows
        Instances, as `Explainer.explain_many` takes them; not endless.
    target
        The output to compare, a name or an index, or several. None, the default: what `first` was told to explain;
        else all of up to five outputs, and of two classes the second, since the first is what that leaves.
    names
        What to call the two models.
    level
        Of the intervals. Of the contributions that are said to differ, at most the share 1 − level does so by chance
        [benjamini1995].
    agree
        How far two answers may lie apart and still agree. None, the default: 0.05 where all are between 0 and 1, and
        else a tenth of the standard deviation of the first model's answers.
    refits
        Other fits of the first model: on another sample of its training data, or with other seeds; at least four. Two
        fits of one recipe are two functions, and their weights differ; with refits it is said which features differ by
        more than that. Each is asked about every perturbed row, too.

    Raises
    ------
    InputError
        If the models have other outputs, or the explainers other backgrounds; before anything is explained.
    UnknownNameError
        If there is no such output.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> first = ll.Explainer(lambda X: X[:, 0] + X[:, 1], ll.Tabular(X, names=["a", "b", "c"]), seed=0)
    >>> ll.compare(first, lambda X: X[:, 0] + X[:, 1], X[:20]).identical
    True
    """
    normal_quantile(level)
    if agree is not None and not agree > 0:
        raise InputError(f"agree: expected a positive number, in units of the output, got {agree!r}.")
    if not isinstance(first, Explainer):
        raise InputError(f"first: expected an Explainer, which knows the background, got {type(first).__name__}.")
    if 0 < len(refits) < FEWEST_REFITS:
        raise InputError(f"refits: expected none, or at least {FEWEST_REFITS}, got {len(refits)}.")
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(f"names: expected two different names, got {names!r}.")
    given = first.modality.instances(rows)
    instances = iter(given)
    instance = next(instances, None)
    if instance is None:
        raise InputError("rows: expected at least one instance, got none.")
    other = other_model(first, second, instance)
    both, outputs, explainer = side_by_side(first, [other, *refits], instance, target, names)
    total = len(given) if hasattr(given, "__len__") else None  # a sparse matrix has no length
    many = _Counted(chain([instance], instances), total)
    explanations = explainer.explain_all(many)
    found = _compared(explanations, outputs, both, names=names, level=level, agree=agree)
    if agree is None and not refits and (target is None or isinstance(target, str)):
        found = replace(found, asked={"target": target})
    if refits:
        return beyond_refits(found, [changed(name) for name in _refit_names(len(refits))])
    return found


def side_by_side(
    first: Explainer, others: Sequence[Any], instance: Any, target: Wanted, names: tuple[str, str]
) -> tuple[Beside, tuple[str, ...], Explainer]:
    """Return all models as one, the outputs that are compared, and an explainer of two and of all differences.

    Parameters
    ----------
    first
        Whose kind of data and settings hold for all.
    others
        The other models; of those after the first of them, only differences are explained.
    instance
        Any, to ask which outputs there are.
    target
        As in `compare`.
    names
        Of the first model and the first of the others.
    """
    model, modality, output_names = first._given
    wanted = target
    if wanted is None and first.settings.targets not in RANKS:
        wanted = cast(Wanted, first.settings.targets)
    every = (*names, *_refit_names(len(others) - 1))
    both = Beside([model, *others], every, output_names, told=2)
    rng = stream(cast(int, first.settings.seed), b"", "represent")
    outputs = both.choose(modality.represent(instance, rng).original, wanted)
    titles = [titled(output, name) for name in names for output in outputs]
    titles += [titled(output, changed(name)) for name in every[1:] for output in outputs]
    settings = {name: getattr(first.settings, name) for name in Settings.names()}
    explainer = Explainer(both, modality, output_names=titles, **{**settings, "targets": "all"})
    return both, outputs, explainer


def _refit_names(count: int) -> list[str]:
    return [f"refit {number + 1}" for number in range(count)]


def titled(output: str, name: str) -> str:
    """Return what the output of one model is called among those of several."""
    return f"{output} ({name})"


def changed(name: str) -> str:
    """Return what the difference of a model from the first is called."""
    return f"change to {name}"


class _Counted:
    """A stream that knows how many will come, for the progress bar."""

    def __init__(self, many: Any, total: int | None) -> None:
        self._many, self._total = many, total

    def __iter__(self) -> Any:
        return iter(self._many)

    def __len__(self) -> int:
        if self._total is None:
            raise TypeError("nobody knows how many")
        return self._total


def other_model(first: Explainer, second: Any, instance: Any) -> Any:
    """Return the second model; an explainer of it must look at the same neighborhood.

    Raises
    ------
    InputError
        If it does not.
    """
    if not isinstance(second, Explainer):
        return second
    rng = stream(cast(int, first.settings.seed), b"", "represent")
    mine, theirs = first.modality.represent(instance, rng), second.modality.represent(instance, rng)
    background = [getattr(getattr(each, "background", None), "content", b"") for each in (mine, theirs)]
    held = [getattr(each.modality, "content", b"") for each in (first, second)]
    if mine.features != theirs.features or background[0] != background[1] or held[0] != held[1]:
        raise InputError(
            "second: its explainer has another background, or cuts instances in another way, so that the "
            "perturbations would not be the same; pass the second model itself."
        )
    return second._given[0]


# -- what differs by more than another fit ----------------------------------------------------------------------------


def beyond_refits(found: Comparison, refits: Sequence[str]) -> Comparison:
    """Return a comparison that also says by which features two models differ more than another fit does.

    Under no difference of recipe, the second model is one more refit. log mean |change| of a feature is then one more
    draw of those of the refits, which a t interval for one more draw holds against them; only larger changes count.
    """
    from scipy.special import stdtr

    laid = longforms(found.explanations, [titled(output, each) for each in refits for output in found.outputs])
    sizes = {(each.target, key): size for each in laid for key, size in zip(each.keys, each.mean_abs(), strict=True)}
    chances = []
    for entry in found.features:
        theirs = [float(sizes.get((titled(entry.output, each), entry.feature), 0.0)) for each in refits]
        logs = np.log(np.maximum(theirs, 1e-300))
        spread = float(logs.std(ddof=1)) * np.sqrt(1 + 1 / len(logs))
        far = float(np.log(max(entry.change, 1e-300)) - logs.mean())
        chances.append(float(stdtr(len(logs) - 1, -far / spread)) if spread > 0 else float(far <= 0))
    adjusted = benjamini_hochberg(np.array(chances))
    changed_features = [replace(entry, p_refit=float(p)) for entry, p in zip(found.features, adjusted, strict=True)]
    return replace(found, features=tuple(changed_features))


# -- what differs -----------------------------------------------------------------------------------------------------


def _compared(
    explanations: Explanations,
    outputs: tuple[str, ...],
    both: Beside,
    *,
    names: tuple[str, str],
    level: float,
    agree: float | None,
) -> Comparison:
    parts = (names[0], names[1], changed(names[1]))
    laid = longforms(explanations, [titled(output, part) for part in parts for output in outputs])
    k = len(outputs)
    triples = [(laid[at], laid[k + at], laid[2 * k + at]) for at in range(k)]
    adjusted = _adjusted([change for _, _, change in triples])
    bounds = {output: _agreement(first, agree) for output, (first, _, _) in zip(outputs, triples, strict=True)}
    flips = _flips(triples, both)
    rows: list[RowChange] = []
    significant: Counter[tuple[str, Hashable]] = Counter()
    for output, triple, p in zip(outputs, triples, adjusted, strict=True):
        found = _reasons(triple, p, level)
        kinds = _kinds(triple, found, bounds[output])
        for at, reasons in enumerate(found):
            first, second = float(triple[0].prediction[at]), float(triple[1].prediction[at])
            flipped = None if flips is None else bool(flips[at])
            rows.append(RowChange(at, output, first, second, kinds[at], flipped, tuple(reasons)))
        change = triple[2]
        for key in change.key[p <= 1.0 - level].tolist():
            significant[output, change.keys[key]] += 1
    features = _features(explanations, outputs, names, level, significant)
    return Comparison(
        names,
        outputs,
        features,
        tuple(rows),
        len(explanations),
        level,
        bounds,
        explanations,
        both.notes(),
        provenance=explanations[0].provenance,
    )


def _adjusted(changes: Sequence[Longform]) -> list[FloatArray]:
    """Return the p-values of no difference, adjusted over all rows, features and outputs together."""
    raw = [t_test(change.value, change.stderr, change.df) for change in changes]
    together = benjamini_hochberg(np.concatenate(raw)) if raw else np.empty(0)
    return np.split(together, np.cumsum([len(each) for each in raw])[:-1])


def _agreement(first: Longform, agree: float | None) -> float:
    if agree is not None:
        return float(agree)
    said = first.prediction
    if said.min() >= 0.0 and said.max() <= 1.0:
        return AGREE_SHARE
    spread = float(said.std()) or float(first.sizes().mean())
    return AGREE_SPREAD * spread


def _reasons(triple: tuple[Longform, Longform, Longform], p: FloatArray, level: float) -> list[list[ReasonChange]]:
    """Return for each row the contributions that differ, largest change first."""
    first, second, change = triple
    found: list[list[ReasonChange]] = [[] for _ in range(change.n)]
    quantile = stated_quantile(level, change.df) * _stated(change)
    at = np.flatnonzero(p <= 1.0 - level)
    for entry in at[np.argsort(-np.abs(change.value[at]), kind="stable")].tolist():
        delta, half = float(change.value[entry]), quantile * float(change.stderr[entry])
        name = change.places[change.key[entry]][change.place[entry]]
        before, after = float(first.value[entry]), float(second.value[entry])
        reason = ReasonChange(name, before, after, delta, delta - half, delta + half, float(p[entry]))
        found[change.row[entry]].append(reason)
    return found


def _stated(change: Longform) -> float:
    """Return what turns the long form's standard errors back into stated ones."""
    from limelight.overview.longform import unstated

    return 1.0 / unstated(change.df)


def _kinds(
    triple: tuple[Longform, Longform, Longform], reasons: Sequence[Sequence[ReasonChange]], bound: float
) -> list[str]:
    kinds = []
    apart = np.abs(triple[1].prediction - triple[0].prediction)
    for distance, found in zip(apart.tolist(), reasons, strict=True):
        largest = max((abs(reason.change) for reason in found), default=0.0)
        if distance > bound:
            kinds.append("answer")
        else:
            kinds.append("reason" if largest > ANOTHER_REASON * bound else "same")
    return kinds


def _flips(triples: Sequence[tuple[Longform, Longform, Longform]], both: Beside) -> FloatArray | None:
    """Return (n,) whether the models answer another class; None where not all classes were compared."""
    if not both.compete:
        return None
    said = [np.stack([triple[at].prediction for triple in triples]) for at in (0, 1)]
    if both.n_outputs == 2 and len(triples) == 1:
        return np.asarray((said[0][0] > 0.5) != (said[1][0] > 0.5), dtype=np.float64)
    if both.n_outputs != len(triples):
        return None
    return np.asarray(said[0].argmax(axis=0) != said[1].argmax(axis=0), dtype=np.float64)


def _features(
    explanations: Explanations,
    outputs: Sequence[str],
    names: tuple[str, str],
    level: float,
    significant: Counter[tuple[str, Hashable]],
) -> tuple[FeatureChange, ...]:
    # of refits only differences were explained; they are read elsewhere
    found = feature_importance(explanations, level=level).features
    by_title: dict[str, dict[Hashable, FeatureImportance]] = {}
    for entry in found:
        by_title.setdefault(entry.target, {})[entry.feature] = entry
    changes = []
    for output in outputs:
        before, after = (by_title[titled(output, name)] for name in names)
        for feature, entry in by_title[titled(output, changed(names[1]))].items():
            sizes = (before[feature].mean_abs, after[feature].mean_abs, entry.mean_abs, entry.abs_low, entry.abs_high)
            mean = (entry.noise, entry.mean, entry.low, entry.high)
            changes.append(FeatureChange(output, feature, *sizes, *mean, significant[output, feature]))
    return tuple(changes)
