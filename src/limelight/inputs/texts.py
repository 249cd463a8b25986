"""Texts with holes: n perturbed texts as a document and n masks, made into strings only when somebody reads them.

Input: the original text, the spans of its features, masks Z. Output: the strings, or, for a model that begins by
counting words, the document and Z themselves (`inputs/counts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs, MaskArray

Span = tuple[int, int]
"""Half-open range of code points."""
BLOCK_UNITS = 500_000
"""Characters that are masked at once: the arrays of one block stay in the processor's cache."""
_ENCODINGS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
_CLOSING = re.escape(",.;:!?)]}»›”’…،。、，．！？；：」』）")


@dataclass(frozen=True, eq=False)
class Template:
    """One text, some spans of which may be hidden.

    Parameters
    ----------
    text
        The original, whole.
    spans
        m half-open ranges, in order, without overlap.
    owners
        (m,) the feature that each span belongs to, as a column of Z.
    n_features
        The number d of columns of Z; other texts of the same instance may own some of them.
    stand_ins
        For each span what stands in its place while it is hidden; None for nothing.
    tidy
        Whether white space is tidied where something is hidden: one gap where there were two, none at the ends of the
        text, none before closing punctuation.

    >>> template = Template("no fatigue, but sneezing", ((0, 2), (3, 10)), np.array([0, 1]), 2)
    >>> template.render(np.array([[1, 1], [1, 0], [0, 0]]))
    ['no fatigue, but sneezing', 'no , but sneezing', ' , but sneezing']
    """

    text: str
    spans: tuple[Span, ...]
    owners: NDArray[np.intp]
    n_features: int
    stand_ins: tuple[str, ...] | None = None
    tidy: bool = False

    @property
    def pieces(self) -> tuple[str, ...]:
        """Return the text cut at its spans: gap, span, gap, …, span, gap; gaps may be empty.

        >>> Template("a-b", ((0, 1), (2, 3)), np.array([0, 1]), 2).pieces
        ('', 'a', '-', 'b', '')
        """
        cuts = [0, *chain.from_iterable(self.spans), len(self.text)]
        return tuple(self.text[start:stop] for start, stop in pairwise(cuts))

    @property
    def nbytes(self) -> int:
        """Return about how many bytes the whole text takes as a string."""
        return 49 + int(self._units.nbytes)

    def render(self, Z: MaskArray) -> list[str]:
        """Return the n texts for masks Z (n, d): all but the spans of features with z' = 0."""
        units, columns = self._units, self._columns
        step = max(1, BLOCK_UNITS // max(1, len(units)))
        texts: list[str] = []
        for start in range(0, len(Z), step):
            mask = self._gate(Z[start : start + step])[:, columns]
            # all texts of a block are cut out of one array and decoded at once, without a loop over words
            kept = np.take(np.tile(units, len(mask)), np.flatnonzero(mask))
            flat = kept.tobytes().decode(_ENCODINGS[units.itemsize], "surrogatepass")
            ends = np.cumsum(np.count_nonzero(mask, axis=1)).tolist()
            texts += [flat[first:last] for first, last in pairwise([0, *ends])]
        if self.tidy:
            return [self._tidied(text) for text in texts]
        return texts

    def _gate(self, Z: MaskArray) -> NDArray[np.bool_]:
        """Return (n, 1 + d) or (n, 1 + 2d): true for gaps, z' for spans, 1 − z' for what stands in their place."""
        d = self.n_features
        gate = np.ones((len(Z), 1 + d if self._written is None else 1 + 2 * d), dtype=bool)
        gate[:, 1 : 1 + d] = Z
        if self._written is not None:
            np.logical_not(gate[:, 1 : 1 + d], out=gate[:, 1 + d :])
        return gate

    @cached_property
    def _marker(self) -> str:
        """Return a code point that the text does not hold: where something was hidden, until it is tidied."""
        return next(mark for mark in map(chr, range(0xFDD0, 0x110000)) if mark not in self.text)

    @cached_property
    def _written(self) -> tuple[str, ...] | None:
        """Return what is written in place of hidden spans."""
        if not self.tidy:
            return self.stand_ins
        return tuple(word or self._marker for word in self.stand_ins or [""] * len(self.spans))

    @cached_property
    def _parts(self) -> tuple[tuple[str, int], ...]:
        """Return everything that may be written, in order, each with the column of the gate that lets it through."""
        parts: list[tuple[str, int]] = []
        pieces = self.pieces
        for number, owner in enumerate(self.owners.tolist()):
            parts += [(pieces[2 * number], 0), (pieces[2 * number + 1], 1 + owner)]
            if self._written is not None:
                parts.append((self._written[number], 1 + self.n_features + owner))
        return (*parts, (pieces[-1], 0))

    @cached_property
    def _units(self) -> NDArray[Any]:
        """Return the code points of all parts: as bytes where each fits into one."""
        whole = "".join(part for part, _ in self._parts)
        largest = max(whole, default="")
        # Two bytes are for texts without surrogates only: hiding what stands between two halves must not join them.
        size = 1 if largest < "\u0100" else 2 if largest < "\ud800" else 4
        return np.frombuffer(whole.encode(_ENCODINGS[size], "surrogatepass"), dtype=f"<u{size}")

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        """Return for each unit the column of the gate that lets it through."""
        lengths = [len(part) for part, _ in self._parts]
        return np.repeat(np.array([column for _, column in self._parts], dtype=np.intp), lengths)

    def _tidied(self, text: str) -> str:
        """Return a text whose hidden spans are markers without them."""
        mark = re.escape(self._marker)  # it may be any character that the text lacks
        # A gap is a whole run of spaces and markers: it is looked for at its beginning only and never given back in
        # part, so that long runs, as most of a text hidden makes them, are read once.
        gap = rf"(?<![\s{mark}])(\s*+){mark}[\s{mark}]*+"
        text = re.sub(rf"^{gap}|{gap}\Z|{gap}(?=[{_CLOSING}])", "", text)
        return re.sub(gap, _one_gap, text)


@dataclass(frozen=True, eq=False)
class MaskedTexts(Sequence[Any]):
    """n model inputs that differ in which words they show; a sequence, whose items are made when they are read.

    Parameters
    ----------
    templates
        The texts of one input: one, or a field each.
    Z
        (n, d) masks.
    names
        The names of the fields; None for a single text without.
    build
        Makes the model's inputs of the n strings of each field, in the fields' order; None where the model takes a
        list of strings.

    >>> texts = MaskedTexts((Template("a b", ((0, 1), (2, 3)), np.array([0, 1]), 2),), np.array([[1, 1], [0, 1]]))
    >>> list(texts), texts[1], len(texts[:1])
    (['a b', ' b'], ' b', 1)
    """

    templates: tuple[Template, ...]
    Z: MaskArray
    names: tuple[str, ...] | None = None
    build: Callable[[Sequence[list[str]]], Inputs] | None = None

    def __len__(self) -> int:
        return len(self.Z)

    def __getitem__(self, rows: Any) -> Any:
        """Return one input, or for a slice or an array of row numbers those inputs, still unread."""
        if isinstance(rows, slice | np.ndarray):
            return self.with_masks(self.Z[rows])
        return next(iter(self.with_masks(self.Z[[rows]])))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.materialize())

    def with_masks(self, Z: MaskArray) -> MaskedTexts:
        """Return other perturbations of the same texts."""
        return replace(self, Z=Z)

    def template(self, name: str | None) -> Template | None:
        """Return the text of a field, or (None) the only text of inputs that are strings; None where there is none."""
        if name is None:
            if self.names is None and self.build is None:
                return self.templates[0]
            return None
        if self.names and name in self.names:
            return self.templates[self.names.index(name)]
        return None

    def materialize(self) -> Inputs:
        """Return the inputs in the model's own type."""
        columns = [template.render(self.Z) for template in self.templates]
        if self.build is None:
            return columns[0]
        return self.build(columns)

    @property
    def nbytes(self) -> int:
        """Return about how many bytes the inputs take once they are read."""
        return len(self.Z) * sum(template.nbytes for template in self.templates)


def _one_gap(found: re.Match[str]) -> str:
    """Return the white space before a hidden stretch, else the last of what was in it."""
    return found[1] or found[0][len(found[0].rstrip()) :]
