"""lime's indexed texts: the pieces of a text, which of them are features, and where they stand.

Input: a text and how lime splits it. Output: ids of words or characters with their positions. `Pieces` hands the same
pieces to `Text` as tokens, so that a feature's number here is its number there.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.errors import InputError

Split = str | Callable[[str], Sequence[str]]
WORD_MASK, CHARACTER_MASK = "UNKWORDZ", chr(0)
"""What lime writes over a hidden word or character where positions count."""


def split_text(text: str, split_expression: Split) -> Iterator[tuple[str, bool]]:
    r"""Yield the pieces of a text, which join to it, and whether each is a word.

    Raises
    ------
    InputError
        If the expression is no regular expression, or a callable's tokens do not occur in the text in their order.

    >>> list(split_text("to be.", r"\W+"))
    [('to', True), (' ', False), ('be', True), ('.', False)]
    """
    if callable(split_expression):
        spans = _tokens(text, split_expression)
    else:
        spans = _between(text, split_expression)
    at = 0
    for start, stop in spans:
        if at < start:
            yield text[at:start], False
        yield text[start:stop], True
        at = stop
    if at < len(text):
        yield text[at:], False


def _between(text: str, expression: Any) -> Iterator[tuple[int, int]]:
    """Yield the spans between what a regular expression matches."""
    try:
        # an expression that matches nothing at all would cut between any two letters
        separators = [found.span() for found in re.finditer(expression, text) if found.end() > found.start()]
    except (re.error, TypeError) as error:
        raise InputError(
            f"split_expression: expected a regular expression or a callable, got {expression!r} ({error}); "
            r"r'\W+' is the default."
        ) from error
    ends = [0, *itertools.chain.from_iterable(separators), len(text)]
    yield from ((a, b) for a, b in zip(ends[::2], ends[1::2], strict=True) if a < b)


def _tokens(text: str, tokenize: Callable[[str], Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of a tokenizer's tokens; empty ones are no features."""
    at = 0
    for token in tokenize(text):
        start = text.find(token, at)
        if start < 0:
            raise InputError(
                f"split_expression: expected tokens that occur in the text one after the other, got {token!r}, which "
                f"does not occur after position {at}; return the text's own substrings."
            )
        at = start + len(token)
        if token:
            yield start, at


@dataclass(frozen=True)
class Pieces:
    """A tokenizer for `Text` that finds lime's words, or every character."""

    split_expression: Split | None

    def __call__(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of the features."""
        if self.split_expression is None:
            return [(at, at + 1) for at in range(len(text))]
        spans, at = [], 0
        for piece, is_word in split_text(text, self.split_expression):
            if is_word:
                spans.append((at, at + len(piece)))
            at += len(piece)
        return spans


class _Indexed:
    """What words and characters have in common: ids in order of appearance, and where each stands."""

    def __init__(self, raw: str, pieces: Sequence[tuple[str, bool]], bow: bool, mask_string: str) -> None:
        self.raw = raw
        self.bow = bow
        self.mask_string = mask_string
        self.as_list = [piece for piece, _ in pieces]
        self.as_np = np.array(self.as_list)
        self.string_start = np.cumsum([0, *(len(piece) for piece in self.as_list[:-1])])
        self.inverse_vocab: list[str] = []
        self.positions: Any = []
        ids: dict[str, int] = {}
        for at, piece in enumerate(piece for piece, _ in pieces):
            if not pieces[at][1]:
                continue
            if not bow:
                self.inverse_vocab.append(piece)
                self.positions.append(at)
                continue
            if piece not in ids:
                ids[piece] = len(ids)
                self.inverse_vocab.append(piece)
                self.positions.append([])
            self.positions[ids[piece]].append(at)
        if not bow:
            self.positions = np.array(self.positions, dtype=int)

    def raw_string(self) -> str:
        """Return the text."""
        return self.raw

    def num_words(self) -> int:
        """Return the number of features."""
        return len(self.inverse_vocab)

    def word(self, id_: int) -> str:
        """Return the word, or character, of a feature."""
        return self.inverse_vocab[id_]

    def string_position(self, id_: int) -> Any:
        """Return where in the text a feature stands, as an array of indices."""
        return self.string_start[np.atleast_1d(self.positions[id_])]

    def inverse_removing(self, words_to_remove: Sequence[int]) -> str:
        """Return the text without some features; where positions count, with the mask in their place."""
        hidden = set(itertools.chain.from_iterable(np.atleast_1d(self.positions[j]).tolist() for j in words_to_remove))
        instead = "" if self.bow else self.mask_string
        return "".join(instead if at in hidden else piece for at, piece in enumerate(self.as_list))


ORIGINAL = {name: vars(_Indexed)[name] for name in ("raw_string", "num_words", "inverse_removing")}
"""What an indexed text does, as it was when it was imported."""


class IndexedString(_Indexed):
    r"""A text and its words.

    Parameters
    ----------
    raw_string
        The text.
    split_expression
        What stands between words, as a regular expression; or a callable from a text to its tokens.
    bow
        Whether a word is one feature wherever it stands (a bag of words), or a feature at each place.
    mask_string
        What stands for a hidden word where ``bow=False``; "UNKWORDZ" by default.

    >>> IndexedString("to be or not to be").inverse_removing([0])
    ' be or not  be'
    """

    def __init__(
        self, raw_string: str, split_expression: Split = r"\W+", bow: bool = True, mask_string: str | None = None
    ) -> None:
        mask = WORD_MASK if mask_string is None else mask_string
        super().__init__(raw_string, list(split_text(raw_string, split_expression)), bow, mask)


class IndexedCharacters(_Indexed):
    """A text and its characters.

    Parameters
    ----------
    raw_string
        The text.
    bow
        Whether a character is one feature wherever it stands, or a feature at each place.
    mask_string
        What stands for a hidden character where ``bow=False``; chr(0) by default.

    >>> IndexedCharacters("abba").positions
    [[0, 3], [1, 2]]
    """

    def __init__(self, raw_string: str, bow: bool = True, mask_string: str | None = None) -> None:
        mask = CHARACTER_MASK if mask_string is None else mask_string
        super().__init__(raw_string, [(character, True) for character in raw_string], bow, mask)
