r"""Ask a model that begins by counting words with counts: perturbed texts that are never written out nor read again.

Between masks and f. Input: perturbed texts as documents and masks (`limelight.inputs.texts`), and a scikit-learn
pipeline that begins with a word-unigram vectorizer, alone or in a ColumnTransformer. Output: the matrix that the
vectorizer would have made of the strings, entry by entry.

It is the same matrix if no token of the vectorizer reaches over the edge of a span, whichever spans are hidden. For
tokens that are runs of word characters this is decided by looking at what may come to stand side by side (`_crosses`).
Everything else (n-grams, characters, other patterns, the user's own tokenizers, scripts without spaces) is asked with
strings. Each document's matrix is also compared with the vectorizer's own, for the document and a few perturbations.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs, MaskArray
from limelight.inputs.texts import MaskedTexts, Template

WORD_PATTERNS = tuple(
    flag + pattern
    for flag in ("", "(?u)")
    for pattern in (r"\b\w\w+\b", r"\b\w+\b", r"\w+", r"\w\w+", r"\w{2,}", r"\b[a-zA-Z]+\b", r"[a-zA-Z]+", r"[a-z]+")
)
r"""Token patterns whose matches hold only \w and look no further than \b: they never reach over a \W."""
BLANK_PATTERNS = (r"\S+", r"(?u)\S+", r"[^\s]+", r"[^ ]+")
"""Token patterns that end at white space only."""
CHECKED_ROWS = 4
"""Rows of every document that are compared with the vectorizer's own: the document, and perturbations."""
KNOWN_DOCUMENTS = 512
"""Documents whose terms are remembered: more than are ever open at once."""
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


@dataclass(frozen=True, slots=True)
class Block:
    """Some columns of the head's matrix: made by a vectorizer from one text, or by something that sees no text.

    Parameters
    ----------
    first, last
        Half-open range of columns.
    vectorizer
        None where the columns are the same for all perturbations.
    reads
        The names of the columns that it reads: for a vectorizer, its text; none where the model takes strings.
    """

    first: int
    last: int
    vectorizer: Any = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How the head's matrix is made for one document: for each block its terms, or the rows that it always has."""

    parts: tuple[Terms | Any, ...]
    container: Callable[..., Any]
    sparse: bool


class CountsPath:
    """A pipeline cut in two: the head, which counts, and the rest, which is asked.

    Parameters
    ----------
    head
        The first step: a vectorizer, or a ColumnTransformer with some.
    blocks
        The columns of the head's matrix, in order.
    function
        The rest of the pipeline: takes the head's matrix, and answers as the pipeline does.
    """

    def __init__(self, head: Any, blocks: tuple[Block, ...], function: Callable[[Any], Any]) -> None:
        self.head = head
        self.blocks = blocks
        self.function = function
        self._plans: dict[tuple[Template, ...], Plan | None] = {}
        self._words = self._vocabularies()

    @property
    def outdated(self) -> bool:
        """Return whether a vectorizer has learned other words since: then nothing that is remembered holds."""
        now = self._vocabularies()
        return len(now) != len(self._words) or any(a is not b for a, b in zip(now, self._words, strict=True))

    def _vocabularies(self) -> list[Any]:
        return [getattr(block.vectorizer, "vocabulary_", None) for block in self.blocks]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_plans": {}}

    def takes(self, inputs: Inputs) -> bool:
        """Return whether these inputs can be counted without being written out."""
        return isinstance(inputs, MaskedTexts) and self._plan(inputs) is not None

    def rows(self, parts: Sequence[Inputs]) -> Any | None:
        """Return the head's matrix for all parts in order, or None where one of them needs strings."""
        matrices = []
        for part in parts:
            plan = self._plan(part) if isinstance(part, MaskedTexts) else None
            if plan is None:
                return None
            matrices.append(self._matrix(plan, part.Z))
        return matrices[0] if len(matrices) == 1 else _stacked(matrices)

    def _plan(self, texts: MaskedTexts) -> Plan | None:
        """Return how to count a document, found once and compared with the head's own answer."""
        if texts.templates not in self._plans:
            if len(self._plans) >= KNOWN_DOCUMENTS:
                del self._plans[next(iter(self._plans))]
            self._plans[texts.templates] = self._find_plan(texts)
        return self._plans[texts.templates]

    def _find_plan(self, texts: MaskedTexts) -> Plan | None:
        terms = {i: self._terms(block, texts) for i, block in enumerate(self.blocks) if block.vectorizer is not None}
        if not all(terms.values()) or self._seen_by_others(texts):
            return None
        Z = _checked_masks(texts.Z.shape[1])
        try:
            told = self.head.transform(texts.with_masks(Z).materialize())
        except Exception:  # whatever it is, asking with strings will raise it again, and say so
            return None
        sparse = hasattr(told, "tocsr")
        always = [terms.get(i) or told[:1, block.first : block.last] for i, block in enumerate(self.blocks)]
        plan = Plan(tuple(always), type(told) if sparse else _csr, sparse)
        return plan if _equal(self._matrix(plan, Z), told) else None

    def _terms(self, block: Block, texts: MaskedTexts) -> Terms | None:
        template = texts.template(block.reads[0] if block.reads else None)
        return None if template is None else _find_terms(block.vectorizer, template)

    def _seen_by_others(self, texts: MaskedTexts) -> bool:
        """Return whether something that is no vectorizer reads a text with holes."""
        others = {name for block in self.blocks if block.vectorizer is None for name in block.reads}
        return not others.isdisjoint(texts.names or ())

    def _matrix(self, plan: Plan, Z: MaskArray) -> Any:
        parts = [
            self._counted(block.vectorizer, part, Z, plan)
            if isinstance(part, Terms)
            else part[np.zeros(len(Z), dtype=np.intp)]
            for block, part in zip(self.blocks, plan.parts, strict=True)
        ]
        if len(parts) == 1:
            return parts[0]
        return _sparse().hstack(parts, format="csr") if plan.sparse else np.hstack([_dense(part) for part in parts])

    def _counted(self, vectorizer: Any, terms: Terms, Z: MaskArray, plan: Plan) -> Any:
        counts = terms.matrix(Z, plan.container, vectorizer.dtype, binary=vectorizer.binary)
        weighting = getattr(vectorizer, "_tfidf", None)  # what TfidfVectorizer itself calls, on the same matrix
        return counts if weighting is None else weighting.transform(counts, copy=False)


def fast_path(function: Callable[..., Any]) -> CountsPath | None:
    """Return how to ask a model with counts, or None where it is no pipeline that begins by counting words.

    Parameters
    ----------
    function
        What would be asked with strings: a method of a fitted scikit-learn pipeline. Subclasses may do anything, so
        that only scikit-learn's own classes count.

    >>> fast_path(len) is None
    True
    """
    owner: Any = getattr(function, "__self__", None)
    method = getattr(function, "__name__", "")
    pipelines = sys.modules.get("sklearn.pipeline")
    if pipelines is None or type(owner) is not pipelines.Pipeline or len(owner.steps) < 2:
        return None
    head, rest = owner.steps[0][1], owner[1:]
    blocks = _blocks(head)
    if blocks is None or not hasattr(rest, method):
        return None
    return CountsPath(head, blocks, getattr(rest, method))


def _blocks(head: Any) -> tuple[Block, ...] | None:
    """Return the columns of the head's matrix by who makes them; None where nobody counts words there."""
    if _counts_words(head):
        return (Block(0, len(head.vocabulary_), head),)
    compose = sys.modules.get("sklearn.compose")
    if compose is None or type(head) is not compose.ColumnTransformer or head.transformer_weights:
        return None
    blocks = []
    for name, transformer, columns in getattr(head, "transformers_", ()):
        place, reads = head.output_indices_[name], _names(columns, getattr(head, "feature_names_in_", None))
        if reads is None:
            return None
        counted = isinstance(columns, str) and _counts_words(transformer)
        blocks.append(Block(place.start, place.stop, transformer if counted else None, reads))
    return tuple(blocks) if any(block.vectorizer is not None for block in blocks) else None


def _names(columns: Any, known: Any) -> tuple[str, ...] | None:
    """Return the names of a ColumnTransformer's columns, however they are given; None where they have none."""
    if known is None:
        return None
    if isinstance(columns, str):
        return (columns,)
    if isinstance(columns, slice) or np.asarray(columns).dtype.kind in "biu":
        return tuple(known[columns]) if not isinstance(columns, slice) or _of_integers(columns) else tuple(known)
    return tuple(columns)


def _of_integers(columns: slice) -> bool:
    return not isinstance(columns.start, str) and not isinstance(columns.stop, str)


def _counts_words(vectorizer: Any) -> bool:
    """Return whether this is a fitted vectorizer of single words that are found by a pattern we know."""
    text = sys.modules.get("sklearn.feature_extraction.text")
    return (
        text is not None
        and type(vectorizer) in (text.CountVectorizer, text.TfidfVectorizer)
        and hasattr(vectorizer, "vocabulary_")
        and vectorizer.analyzer == "word"
        and tuple(vectorizer.ngram_range) == (1, 1)
        and vectorizer.tokenizer is None
        and vectorizer.preprocessor is None
        and vectorizer.input == "content"
        and not callable(vectorizer.strip_accents)
        and vectorizer.token_pattern in WORD_PATTERNS + BLANK_PATTERNS
    )


# -- one document -----------------------------------------------------------------------------------------------------


def _find_terms(vectorizer: Any, template: Template) -> Terms | None:
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


# -- matrices ---------------------------------------------------------------------------------------------------------


def _checked_masks(n_features: int) -> NDArray[np.uint8]:
    """Return the masks that are compared: everything, and some of everything."""
    Z = np.random.default_rng(0).random((CHECKED_ROWS, n_features)) < np.linspace(1.0, 0.25, CHECKED_ROWS)[:, None]
    return Z.astype(np.uint8)


def _equal(ours: Any, told: Any) -> bool:
    """Return whether two matrices are the same, entry by entry and bit by bit."""
    if ours.shape != getattr(told, "shape", None) or ours.dtype != told.dtype:
        return False
    if not hasattr(told, "tocsr"):
        return np.array_equal(ours, told)
    a, b = ours.tocsr(), told.tocsr()
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("indptr", "indices", "data"))


def _stacked(matrices: Iterable[Any]) -> Any:
    matrices = list(matrices)
    return _sparse().vstack(matrices, format="csr") if hasattr(matrices[0], "tocsr") else np.concatenate(matrices)


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "tocsr") else np.asarray(matrix)


def _csr(*args: Any, **kwargs: Any) -> Any:
    return _sparse().csr_matrix(*args, **kwargs)


def _sparse() -> Any:
    import scipy.sparse

    return scipy.sparse
