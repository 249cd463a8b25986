"""The counts of words of one text, as a function of which of its spans are shown.

Input: a vectorizer that counts words, a text cut into spans. Output: `Terms`, from which the counts of any perturbation
are a sum; None where a token may reach over the edge of a span.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import MaskArray
from limelight.inputs.texts import Template

WORD_PATTERNS = tuple(
    flag + pattern
    for flag in ("", "(?u)")
    for pattern in (r"\b\w\w+\b", r"\b\w+\b", r"\w+", r"\w\w+", r"\w{2,}", r"\b[a-zA-Z]+\b", r"[a-zA-Z]+", r"[a-z]+")
)
r"""Token patterns whose matches hold only \w and look no further than \b: they never reach over a \W."""
BLANK_PATTERNS = (r"\S+", r"(?u)\S+", r"[^\s]+", r"[^ ]+")
"""Token patterns that end at white space only."""
BLOCK_CELLS = 500_000
"""Counts that are made at once, dense: the arrays of one block stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The counts of one text's perturbations as a function of its mask: base + Z @ (entries).

    Parameters
    ----------
    columns
        (m,) the columns of the vectorizer's matrix in which anything can be, ascending.
    base
        (m,) counts with everything hidden: of what is between the spans, and of what stands in their place.
    rounds
        (terms, features, counts) each: with a feature shown a term has so many more. No term is twice in one round.
    width
        The number of columns of the vectorizer's matrix.
    """

    columns: NDArray[np.int32]
    base: NDArray[np.int64]
    rounds: tuple[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]], ...]
    width: int

    def matrix(self, Z: MaskArray, container: Callable[..., Any], dtype: Any, *, binary: bool) -> Any:
        """Return the sparse matrix (n, width) of counts for masks Z (n, d), indices sorted."""
        m, step = len(self.columns), max(1, BLOCK_CELLS // max(1, len(self.columns)))
        data, indices, lengths = [], [], []
        tiled = np.tile(self.columns, min(step, len(Z)))
        for start in range(0, len(Z), step):
            counts = self._dense(Z[start : start + step])
            there = np.flatnonzero(counts)
            data.append(np.ones(len(there), dtype) if binary else counts.ravel()[there].astype(dtype))
            indices.append(tiled[there])
            lengths.append(np.count_nonzero(counts, axis=1))
        indptr = np.concatenate([[0], *lengths]).cumsum().astype(np.int32 if len(Z) * m < 2**31 else np.int64)
        empty = np.empty(0, dtype)
        return container(
            (np.concatenate([empty, *data]), np.concatenate([self.columns[:0], *indices]), indptr),
            shape=(len(Z), self.width),
        )

    def _dense(self, Z: MaskArray) -> NDArray[Any]:
        """Return the counts (n, m) as bytes where they fit: what wraps around on the way is right in the end."""
        most = self.base + sum(
            np.bincount(terms, np.maximum(more, 0), len(self.base)) for terms, _, more in self.rounds
        )
        kind = np.uint8 if most.max(initial=0) < 256 else np.int64
        counts = np.tile(self.base.astype(kind), (len(Z), 1))
        for terms, features, more in self.rounds:
            added = Z[:, features].astype(kind, copy=False)
            if (more != 1).any():
                added = added * more.astype(kind)
            if len(terms) == len(self.columns):  # then it names each of them, in order
                counts += added
            else:
                counts[:, terms] += added
        return counts


def find_terms(vectorizer: Any, template: Template) -> Terms | None:
    """Return the terms of a text; None where a token may reach over the edge of a span."""
    # Python's lower() writes a Greek sigma by what stands around it; every other character is on its own.
    if template.tidy or "\N{GREEK CAPITAL LETTER SIGMA}" in template.text:
        return None
    preprocess, inside = vectorizer.build_preprocessor(), _inside(vectorizer.token_pattern)
    shown, hidden = template.pieces, template.stand_ins or [""] * len(template.spans)
    written = {piece: preprocess(piece) for piece in {*shown, *hidden}}
    gaps, spans = [written[gap] for gap in shown[0::2]], [written[span] for span in shown[1::2]]
    if _crosses(gaps, [(span, written[instead]) for span, instead in zip(spans, hidden, strict=True)], inside):
        return None
    found = _Tally(vectorizer)
    for gap in shown[0::2]:
        found.add_fixed(gap)
    for owner, span, instead in zip(template.owners.tolist(), shown[1::2], hidden, strict=True):
        found.add_optional(span, owner, 1)
        if instead:
            found.add_fixed(instead)
            found.add_optional(instead, owner, -1)
    return found.terms()


def _crosses(gaps: Sequence[str], spans: Sequence[tuple[str, str]], inside: re.Pattern[str]) -> bool:
    r"""Return whether two characters of one token could stand side by side that belong to different pieces.

    Parameters
    ----------
    gaps
        What is always there: before, between and after the spans.
    spans
        For each span what is there if it is shown, and if it is hidden.
    inside
        Matches a character that may be in a token.

    >>> _crosses(["", " ", ""], [("good", ""), ("bad", "")], re.compile(r"\w"))
    False
    >>> _crosses(["", "", " ", ""], [("good", ""), ("!", ""), ("bad", "")], re.compile(r"\w"))
    False
    >>> _crosses(["", "", "", ""], [("good", ""), ("!", ""), ("bad", "")], re.compile(r"\w"))
    True
    """
    ended = False  # whether the last character so far may be inside a token
    for number, gap in enumerate(gaps):
        for choices in ((gap,), spans[number]) if number < len(spans) else ((gap,),):
            if ended and any(inside.match(piece) for piece in choices):
                return True
            ends = any(piece and inside.match(piece[-1]) for piece in choices)
            ended = ends or (ended and "" in choices)
    return False


def _inside(token_pattern: str) -> re.Pattern[str]:
    return re.compile(r"\w" if token_pattern in WORD_PATTERNS else r"\S")


class _Tally:
    """Counts of terms, of what is fixed and of what belongs to a feature."""

    def __init__(self, vectorizer: Any) -> None:
        self._analyze = vectorizer.build_analyzer()
        self._vocabulary = vectorizer.vocabulary_
        self._of: dict[str, list[int]] = {}
        self._base: dict[int, int] = {}
        self._more: dict[tuple[int, int], int] = {}

    def add_fixed(self, piece: str) -> None:
        """Count the terms of what is always there."""
        for column in self._columns(piece):
            self._base[column] = self._base.get(column, 0) + 1

    def add_optional(self, piece: str, feature: int, sign: int) -> None:
        """Count the terms of what is there only with a feature, or (sign −1) only without it."""
        for column in self._columns(piece):
            self._more[column, feature] = self._more.get((column, feature), 0) + sign

    def terms(self) -> Terms:
        """Return the counts by column, those of features in rounds that name no column twice."""
        columns = np.array(sorted({*self._base, *(column for column, _ in self._more)}), dtype=np.int32)
        base = np.array([self._base.get(column, 0) for column in columns.tolist()], dtype=np.int64)
        entries = sorted((column, feature, more) for (column, feature), more in self._more.items() if more)
        at = np.searchsorted(columns, np.array([column for column, _, _ in entries], dtype=np.int32))
        features = np.array([feature for _, feature, _ in entries], dtype=np.intp)
        more = np.array([more for _, _, more in entries], dtype=np.int64)
        turn = np.arange(len(at)) - np.searchsorted(at, at)
        rounds = (turn == number for number in range(int(turn.max(initial=-1)) + 1))
        return Terms(columns, base, tuple((at[now], features[now], more[now]) for now in rounds), len(self._vocabulary))

    def _columns(self, piece: str) -> list[int]:
        if piece not in self._of:
            found = map(self._vocabulary.get, self._analyze(piece))
            self._of[piece] = [column for column in found if column is not None]
        return self._of[piece]


def dense(matrix: Any) -> Any:
    """Return a matrix as an array."""
    if hasattr(matrix, "tocsr"):
        return matrix.toarray()
    return np.asarray(matrix)


def csr_of(*args: Any, **kwargs: Any) -> Any:
    """Return a sparse matrix by rows."""
    return sparse_matrices().csr_matrix(*args, **kwargs)


def sparse_matrices() -> Any:
    """Return scipy's module, which a model that counts words has imported."""
    import scipy.sparse

    return scipy.sparse
