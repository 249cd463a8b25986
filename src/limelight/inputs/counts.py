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

import sys
from collections import UserList
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs, MaskArray
from limelight.inputs.terms import BLANK_PATTERNS, WORD_PATTERNS, Terms, csr_of, dense, find_terms, sparse_matrices
from limelight.inputs.texts import MaskedTexts, Template

CHECKED_ROWS = 4
"""Rows of every document that are compared with the vectorizer's own: the document, and perturbations."""
KNOWN_DOCUMENTS = 512
"""Documents whose terms are remembered: more than are ever open at once."""


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
        if len(matrices) == 1:
            return matrices[0]
        return _stacked(matrices)

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
        plan = Plan(tuple(always), type(told) if sparse else csr_of, sparse)
        if _equal(self._matrix(plan, Z), told):
            return plan
        return None

    def _terms(self, block: Block, texts: MaskedTexts) -> Terms | None:
        template = texts.template(block.reads[0] if block.reads else None)
        if template is None:
            return None
        return find_terms(block.vectorizer, template)

    def _seen_by_others(self, texts: MaskedTexts) -> bool:
        """Return whether something that is no vectorizer reads a text with holes."""
        others = {name for block in self.blocks if block.vectorizer is None for name in block.reads}
        return not others.isdisjoint(texts.names or ())

    def _matrix(self, plan: Plan, Z: MaskArray) -> Any:
        parts = []
        for block, part in zip(self.blocks, plan.parts, strict=True):
            if isinstance(part, Terms):
                parts.append(self._counted(block.vectorizer, part, Z, plan))
            else:
                # no word of it is hidden: the one row that there is, n times
                parts.append(part[np.zeros(len(Z), dtype=np.intp)])
        if len(parts) == 1:
            return parts[0]
        if plan.sparse:
            return sparse_matrices().hstack(parts, format="csr")
        return np.hstack([dense(part) for part in parts])

    def _counted(self, vectorizer: Any, terms: Terms, Z: MaskArray, plan: Plan) -> Any:
        counts = terms.matrix(Z, plan.container, vectorizer.dtype, binary=vectorizer.binary)
        weighting = getattr(vectorizer, "_tfidf", None)  # what TfidfVectorizer itself calls, on the same matrix
        if weighting is None:
            return counts
        return weighting.transform(counts, copy=False)


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
    for name, transformer, given in getattr(head, "transformers_", ()):
        columns = given.data if isinstance(given, UserList) else given  # scikit-learn 1.5 and 1.6 warn of what it holds
        place, reads = head.output_indices_[name], _names(columns, getattr(head, "feature_names_in_", None))
        if reads is None:
            return None
        counted = isinstance(columns, str) and _counts_words(transformer)
        blocks.append(Block(place.start, place.stop, transformer if counted else None, reads))
    if any(block.vectorizer is not None for block in blocks):
        return tuple(blocks)
    return None


def _names(columns: Any, known: Any) -> tuple[str, ...] | None:
    """Return the names of a ColumnTransformer's columns, however they are given; None where they have none."""
    if known is None:
        return None
    if isinstance(columns, str):
        return (columns,)
    if isinstance(columns, slice) or np.asarray(columns).dtype.kind in "biu":
        if not isinstance(columns, slice) or _of_integers(columns):
            return tuple(known[columns])
        return tuple(known)
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
    if hasattr(matrices[0], "tocsr"):
        return sparse_matrices().vstack(matrices, format="csr")
    return np.concatenate(matrices)
