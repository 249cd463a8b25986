"""What nobody would give as a reason: a background, a watermark, a border, and the model goes by it [ribeiro2016].

Input: `Material` with the features that are named so. Output: candidates, one for each. In how many rows is it the
first reason, with certainty? Of a model that does not look at it, in next to none.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from limelight.contracts import Feature, Where
from limelight.errors import UnknownNameError
from limelight.overview.checks.material import Candidate, Material
from limelight.overview.many_tests import t_test, wilson
from limelight.overview.reading import Name
from limelight.result.audit import Finding
from limelight.result.explanation import Explanation

BY_CHANCE = 0.05
"""It may be the first reason of so many rows, each held to be certain at 5 %."""
WORTH = 0.2
"""It is worth a sentence where it is the first reason in at least this share of rows."""


def unwanted(material: Material) -> list[Candidate]:
    """Return one candidate for each feature that was named as no reason."""
    return [_asked(material, key) for key in material.unwanted]


def _asked(material: Material, key: Hashable) -> Candidate:
    from scipy.stats import binom

    laid = material.laid
    if key not in laid.keys:
        raise UnknownNameError("unwanted", str(key), [str(each) for each in laid.keys])
    j, group = laid.keys.index(key), ("artefact", key)
    at = laid.entries(j)
    certain = np.zeros(laid.n, dtype=np.bool_)
    certain[laid.row[at]] = t_test(laid.value[at], laid.stderr[at], laid.df) <= BY_CHANCE
    first = certain & (material.leaders == j)
    n, k = laid.n, int(first.sum())
    p = float(binom.sf(k - 1, n, BY_CHANCE))
    if k < WORTH * n:
        return Candidate(p, None, group)
    low, high = wilson(k, n, material.quantile)
    sentence = (
        f"“{key}”, which nobody would give as a reason, is certainly the first reason for {k:,} of {n:,} answers, "
        f"{k / n:.0%} [{low:.0%}, {high:.0%}], and {material.shares[j]:.0%} of all reasons."
    )
    advice = (
        f"Change “{key}” and nothing else in some of these, and see whether the answer changes; collect examples in "
        f"which “{key}” says nothing about the answer, and fit again."
    )
    look = np.flatnonzero(first)
    sizes = np.abs(laid.column(j)[look])
    rows = material.positions(look[np.argsort(-sizes, kind="stable")[:5]])
    measure = "share of answers whose first reason it is"
    return Candidate(p, Finding("artefact", str(key), sentence, measure, k / n, low, high, p, rows, advice), group)


def named(many: Iterable[Explanation], name: Name) -> Iterator[Explanation]:
    """Yield explanations whose features are what they are called across explanations; None leaves one out."""
    for explanation in many:
        labels = [name(explanation, feature) for feature in explanation.features]
        features = [
            Feature(str(label), Where("part", label), feature.value, feature.keep)
            for label, feature in zip(labels, explanation.features, strict=True)
        ]
        yield replace(explanation, features=tuple(features))
