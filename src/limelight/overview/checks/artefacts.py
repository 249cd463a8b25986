"""Artefacts: columns that number the rows, and words that belong to a form, a header or a footer.

Input: `Material`. Output: candidates. Both are nothing that anybody would give as a reason, and the model goes by them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.overview.checks.material import FEW, USED, Candidate, Material
from limelight.overview.many_tests import t_test
from limelight.result.audit import Finding

UNIQUE = 0.9
"""A column of whole numbers or names is an identifier where this share of its values occurs once."""
IN_ORDER = 0.99
"""A column is a row number or a clock where its ranks and those of the rows correlate more than this."""
SAME_BEGINNING = 0.9
"""A word belongs to a form where its line begins alike in at least this share of its texts."""
FREE = 0.5
"""A word of free text has lines that begin alike in no more than this share of its texts."""
TOP_WORDS = 100
"""So many words, those that matter most, are looked at."""
WORTH = 0.05
"""Words of forms are worth a sentence where together they are this share of all reasons, or so often the first."""
EACH = 0.005
"""A word below this share of all reasons is not named."""
ADDRESS = re.compile(r"@|\w\.\w+\.\w|://|\.(?:com|org|edu|net)\b", re.IGNORECASE)
"""How addresses look, which are nothing that is said either."""


def artefacts(material: Material) -> list[Candidate]:
    """Return the candidates: identifiers among the columns, or words of forms among the words."""
    if material.is_text:
        return _words(material)
    return _identifiers(material)


def _identifiers(material: Material) -> list[Candidate]:
    laid, found = material.laid, []
    for j, key in enumerate(laid.keys):
        values = material.values(j)
        if values is None:
            continue
        what = identifier(values)
        if what is None:
            continue
        at = laid.entries(j)
        sizes = np.abs(laid.value[at])
        p = float(np.median(t_test(laid.value[at], laid.stderr[at], laid.df)))
        share = float(material.shares[j])
        finding = None
        if share >= USED:
            rows = laid.row[at][np.argsort(-sizes, kind="stable")[:5]]
            error = material.quantile * float(sizes.std()) / np.sqrt(max(len(sizes), 1)) / (laid.sizes().mean() or 1.0)
            finding = Finding(
                "artefact",
                str(key),
                f"“{key}” {what}, and the model goes by it: it is {share:.1%} of all reasons.",
                "share of all reasons",
                share,
                max(share - float(error), 0.0),
                min(share + float(error), 1.0),
                p,
                material.positions(rows),
                f"Leave “{key}” out and fit again. A number that only names a row tells nothing about the next one; if "
                "it stands for time or for the source of a row, say so by a column that means it.",
            )
        found.append(Candidate(p, finding, ("artefact", key)))
    return found


def identifier(values: NDArray[Any]) -> str | None:
    """Return what makes a column a name for its rows; None where it is none.

    >>> identifier(np.arange(100))
    'numbers the rows in their order'
    >>> identifier(np.random.default_rng(0).normal(size=100)) is None
    True
    """
    if len(values) < 2 * FEW:
        return None
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        names = [str(value) for value in values]
        single = len(set(names)) > UNIQUE * len(names) and all(" " not in name.strip() for name in names)
        if single:
            return "has a value of its own for nearly every row"
        return None
    if not np.isfinite(numbers).all():
        return None
    distinct = len(np.unique(numbers))
    if distinct > UNIQUE * len(numbers) and abs(_in_order(numbers)) > IN_ORDER:
        return "numbers the rows in their order"
    whole = bool((numbers == np.round(numbers)).all())
    if whole and distinct > UNIQUE * len(numbers):
        return "has a whole number of its own for nearly every row"
    return None


def _in_order(numbers: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(numbers), np.arange(len(numbers)))[0, 1])


# -- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _FormWord:
    feature: int
    said: str
    count: int
    n: int


def _words(material: Material) -> list[Candidate]:
    """Return one candidate: the words before which lines read alike in nearly all of their texts, all together."""
    laid, found = material.laid, []
    order = np.argsort(-laid.mean_abs(), kind="stable")[:TOP_WORDS].tolist()
    for j in order:
        word = _form_word(material, j)
        if word is not None and _by_chance(word) < 0.05 / TOP_WORDS:
            found.append(word)
    if not found:
        return [Candidate(1.0, None, "form words")]
    p = min(min(_by_chance(word) for word in found) * TOP_WORDS, 1.0)
    features = [word.feature for word in found]
    leads = float(np.isin(material.leaders, features).mean())
    worth = max(float(material.shares[features].sum()), leads) >= WORTH
    return [Candidate(p, _told(material, found, leads, p) if worth else None, "form words")]


def _by_chance(word: _FormWord) -> float:
    """Return how often a word of free text would stand after one beginning so often, if it did so in half of all."""
    from scipy.stats import binom

    return float(binom.sf(word.count - 1, word.n, FREE))


def _form_word(material: Material, feature: int) -> _FormWord | None:
    """Return a word that belongs to a form, as far as one text after the other shows; None for words of free text."""
    places = material.spans.get(material.laid.keys[feature], [])
    word = str(material.laid.keys[feature])
    if len(places) < FEW or material.shares[feature] < EACH:
        return None
    if ADDRESS.search(word):
        return _FormWord(feature, word, len(places), len(places))
    beginnings = Counter(_beginning(material.texts[row], place, word).casefold() for row, place in places)
    beginnings.pop("", None)
    said, count = max(beginnings.items(), key=lambda each: each[1], default=("", 0))
    if count < SAME_BEGINNING * len(places):
        return None
    return _FormWord(feature, said, count, len(places))


def _beginning(text: str, place: int, word: str) -> str:
    r"""Return how a line reads from its beginning to a word that stands in it; nothing where it says nothing.

    >>> _beginning("Dear all\nNntp-Posting-Host: x", 14, "Posting")
    'Nntp-Posting'
    >>> _beginning("Host: x", 0, "Host"), _beginning("Host an evening", 0, "Host")
    ('Host:', '')
    """
    before = text[text.rfind("\n", 0, place) + 1 : place]
    if before.strip():
        return " ".join((before + word).split())
    after = text[place + len(word) : place + len(word) + 1]
    if after == ":":
        return f"{word}{after}"
    return ""


def _told(material: Material, words: list[_FormWord], leads: float, p: float) -> Finding:
    laid = material.laid
    if len(words) == 1:
        verb = "is an address, or stands"
    else:
        verb = "are addresses, or stand"
    names = ", ".join(f"“{laid.keys[word.feature]}” (“{word.said}”)" for word in words[:6])
    together = np.sum([np.abs(laid.column(word.feature)) for word in words], axis=0)
    parts = together / np.maximum(laid.sizes(), 1e-300)
    share, error = float(parts.mean()), float(parts.std()) / np.sqrt(max(laid.n, 1))
    sentence = (
        f"Of the {TOP_WORDS} weightiest words {len(words)} {verb} after the same words of a line in nearly every text: "
        f"{names}"
        f"{', …' if len(words) > 6 else ''}. Such words belong to forms, headers and signatures, and not to what is "
        f"said; here they are {share:.0%} of a text's reasons, and the first one of {leads:.0%} of all texts."
    )
    advice = "Take headers, forms and signatures out of the texts, fit again, and see how much of the accuracy is left."
    half = material.quantile * float(error)
    rows = material.positions(np.argsort(-parts, kind="stable")[:5])
    subject = ", ".join(str(laid.keys[word.feature]) for word in words[:6])
    bounds = (max(share - half, 0.0), min(share + half, 1.0))
    return Finding("artefact", subject, sentence, "share of a text's reasons", share, *bounds, p, rows, advice)
