"""Many explanations in a few numbers: what was answered, what matters, how far the explanations can be relied upon."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from limelight.errors import InputError
from limelight.overview.importance import FeatureImportance, Importance, feature_importance
from limelight.overview.pick import submodular_pick
from limelight.overview.reading import OWN_NUMBERING, whole_explanations
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.views import facts as f
from limelight.views import sentences

MOST_ANSWERS = 8
MOST_TARGETS = 3
MOST_FEATURES = 15
EXAMPLES = 5
MOST_WARNINGS = 8
CAUSES = {
    "": "the effects describe the model",
    "adds up": "the effects of single features add up, and can be compared and summed",
    "saturates": "the effects add up until the answer reaches its limit",
    "adds up in part": "the effects add up in part: their sizes are rough",
    "acts together": "features act together: no list of reasons",
    "gap": "the model answers otherwise at the row than around it: no list of reasons",
    "nothing moved": "nothing that was changed moved the answer",
    "too few": "too few perturbations",
}
UNSURE = "the direction is not certain for some feature that is shown"
POINTS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a report says of many explanations.

    Parameters
    ----------
    explanations
        All of them.
    answers
        What the model said → how often; empty where it gives one quantity.
    quantity
        Name, smallest, median and largest value of a single output; None where there are several.
    causes
        What the verdicts say → of how many explained outputs.
    fidelity, additivity
        (q,) quantiles at `POINTS` over all explained outputs; None where none is known.
    features
        For each of a few outputs its name, over which explanations the means are, and the features that matter most.
    examples
        Positions of the explanations that together show most of what matters.
    coverage
        What share of all importance they cover; NaN where features have no identity across rows.
    warnings
        Sentence → in how many explanations, most frequent first.
    """

    explanations: Explanations
    answers: tuple[tuple[str, int], ...]
    quantity: tuple[str, float, float, float] | None
    causes: tuple[tuple[str, int], ...]
    fidelity: tuple[float, ...] | None
    additivity: tuple[float, ...] | None
    features: tuple[tuple[str, str, tuple[FeatureImportance, ...]], ...]
    examples: tuple[int, ...]
    coverage: float
    warnings: tuple[tuple[str, int], ...]


def summarise(subject: Iterable[Explanation] | str | PathLike[str]) -> Summary:
    """Return many explanations in a few numbers.

    Raises
    ------
    InputError
        If there are none.
    """
    if isinstance(subject, Explanations):
        many = subject
    else:
        many = Explanations.of(whole_explanations(_source(subject)))
    if not len(many):
        raise InputError("explanations: expected at least one, got none; a stream can be read only once.")
    answers: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    fidelity: list[float] = []
    additivity: list[float] = []
    values: list[float] = []
    alone = True
    for each in many:
        said = f.outputs(each)
        alone = alone and len(said) == 1
        if said:
            answers[said[0][0]] += 1
            values.append(said[0][1])
        causes.update(each.causes or ("",) * len(each.targets))
        fidelity += each.fidelity.tolist()
        additivity += [] if each.additivity is None else each.additivity.tolist()
    kinds = {feature.where.kind for feature in many[0].features}
    comparable = not kinds & set(OWN_NUMBERING)
    features = _features(many) if comparable else ()
    if comparable:
        picked = submodular_pick(many, min(EXAMPLES, len(many)), max_features=3)
    else:
        picked = None
    return Summary(
        many,
        () if alone else tuple(answers.most_common()),
        (next(iter(answers)), min(values), statistics.median(values), max(values)) if alone and values else None,
        tuple((cause, count) for cause, count in causes.most_common()),
        _quantiles(fidelity),
        _quantiles(additivity),
        features,
        tuple(range(min(EXAMPLES, len(many)))) if picked is None else picked.indices,
        float("nan") if picked is None else picked.coverage[-1],
        _count_warnings(many),
    )


def cause_words(cause: str) -> str:
    """Return what a cause means.

    >>> cause_words("adds up")
    'the effects of single features add up, and can be compared and summed'
    """
    return CAUSES.get(cause, cause)


def _source(subject: Any) -> Any:
    if isinstance(subject, PathLike):
        return Path(subject)
    return subject


def _count_warnings(many: Iterable[Explanation]) -> tuple[tuple[str, int], ...]:
    """Return the warnings and in how many explanations they are; those that differ in numbers and names are one.

    The sentence is that of the first. Which signs are not known is another list in every row.
    """
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for each in many:
        found = {}
        for sentence in sentences.warnings(each):
            unsure = sentence.startswith(("the sign is not certain", "signs of some features"))
            if unsure:
                key = UNSURE
            else:
                key = sentences.skeleton(sentence, each.targets)
            found[key] = UNSURE if unsure else sentence.rstrip(".")
        counts.update(found.keys())
        first = {**found, **first}
    return tuple((first[key], count) for key, count in counts.most_common())


def _quantiles(values: Sequence[float]) -> tuple[float, ...] | None:
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if known.size:
        return tuple(np.quantile(known, POINTS).tolist())
    return None


def _features(many: Explanations) -> tuple[tuple[str, str, tuple[FeatureImportance, ...]], ...]:
    importance = feature_importance(many)
    often = sorted(importance.n_explanations, key=lambda target: -importance.n_explanations[target])[:MOST_TARGETS]
    ranked = []
    for target in often:
        entries = [entry for entry in importance.features if entry.target == target]
        ranked.append((target, _over(importance, target), tuple(entries[:MOST_FEATURES])))
    return tuple(ranked)


def _over(importance: Importance, target: str) -> str:
    """Return over which rows the means of an output are: of many classes those that the model called so, by default."""
    said = f"Means over {importance.over(target)}"
    if importance.n_explanations[target] < importance.total:
        said += ": by default the rows that the model called so, and not all"
    return f"{said}."
