"""Units of several words: what stands between punctuation marks, so many words in a row, and phrases known by name.

Input: a text, and the words that were found in it. Output: spans again, each from the first letter of its first word to
the last letter of its last one. Units never overlap, since what is hidden must be hidden of one unit alone: n-grams are
n words side by side, and not every window of n words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from limelight.errors import InputError
from limelight.inputs.texts import Span

PHRASES = "phrases"
GRAMS = tuple([f"{n}-grams" for n in range(2, 10)])
"""Names of units of two to nine words; the names say how many."""
_CALLED = re.compile(r"(\w*?)[-_ ]?grams?", re.IGNORECASE)
_BREAK = re.compile(r"[.,;:!?…‽\n\r()\[\]{}«»“”„\"|/؟،؛۔।॥、。，；：！？｡（）「」『』【】–—]|\s[-*•]\s")
"""What ends a phrase; hyphens and apostrophes inside words do not."""


def grouped(text: str, words: Sequence[Span], size: int | None = None) -> Iterator[Span]:
    """Yield runs of words that nothing but space and hyphens parts: whole phrases, or pieces of `size` words.

    The last piece of a phrase may be shorter.

    >>> text = "no fatigue at all, but sneezing"
    >>> words = [(0, 2), (3, 10), (11, 13), (14, 17), (19, 22), (23, 31)]
    >>> [text[start:stop] for start, stop in grouped(text, words)]
    ['no fatigue at all', 'but sneezing']
    >>> [text[start:stop] for start, stop in grouped(text, words, 3)]
    ['no fatigue at', 'all', 'but sneezing']
    """
    run: list[Span] = []
    for span in words:
        if run and (len(run) == size or _BREAK.search(text, run[-1][1], span[0])):
            yield run[0][0], run[-1][1]
            run = []
        run.append(span)
    if run:
        yield run[0][0], run[-1][1]


def size_of(name: str) -> int | None:
    """Return how many words a unit of this name has; None where the name is not one of `GRAMS`.

    Raises
    ------
    InputError
        If it asks for n-grams in other words, which would be a regular expression that matches nothing.

    >>> size_of("3-grams"), size_of("words")
    (3, None)
    """
    if name in GRAMS:
        return int(name[0])
    if asked := _CALLED.fullmatch(name):
        size = {"bi": "2", "tri": "3", "four": "4", "five": "5"}.get(asked[1].lower(), asked[1])
        if f"{size}-grams" in GRAMS:
            meant = f"{size}-grams"
        elif size in ("1", "uni"):
            meant = "words"
        else:
            meant = "2-grams"
        raise InputError(f'tokens: expected "2-grams" to "9-grams", got {name!r}; pass "{meant}".')
    return None


def check_phrases(phrases: Sequence[str]) -> None:
    """Raise unless these are texts with something in them.

    Raises
    ------
    InputError
        If they are not.
    """
    if isinstance(phrases, str):
        raise InputError(f"phrases: expected a list of phrases, got the string {phrases!r}; pass [{phrases!r}].")
    wrong = [each for each in phrases if not isinstance(each, str) or not each.split()]
    if wrong:
        raise InputError(f"phrases: expected texts such as 'New York', got {wrong[0]!r}; leave it out.")


def joined(text: str, spans: Sequence[Span], phrases: Sequence[str], *, fold: bool = False) -> list[Span]:
    """Return spans of which those that a phrase covers are one.

    A phrase is found with any white space between its words, where it cuts no token; of two that start at one place
    the longer counts. Marks are part of it where it has some: “C++”, “!!!”.

    >>> joined("not New York", [(0, 3), (4, 7), (8, 12)], ["New York"])
    [(0, 3), (4, 12)]
    >>> joined("C++ now!!!", [(0, 1), (4, 7)], ["C++", "!!!"])
    [(0, 3), (4, 7), (7, 10)]
    """
    found = [each.span() for each in _pattern(tuple(phrases), fold).finditer(text)]
    inside = {at for start, stop in spans for at in range(start + 1, stop)}
    whole = [(start, stop) for start, stop in found if start not in inside and stop not in inside]
    covered = iter(whole)
    current = next(covered, None)
    out = list(whole)
    for start, stop in spans:
        while current is not None and current[1] <= start:
            current = next(covered, None)
        if current is None or stop <= current[0]:
            out.append((start, stop))
    return sorted(out)


@lru_cache(maxsize=64)
def _pattern(phrases: tuple[str, ...], fold: bool) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    written = "|".join(map(_written, longest_first))
    return re.compile(f"(?:{written})", re.IGNORECASE if fold else 0)


def _written(phrase: str) -> str:
    """Return a phrase as a pattern: a letter at its end is the end of a word, a mark is not."""
    pattern = r"\s+".join(map(re.escape, phrase.split()))
    first, last = phrase.split()[0][0], phrase.split()[-1][-1]
    before = r"(?<!\w)" if re.match(r"\w", first) else ""
    after = r"(?!\w)" if re.match(r"\w", last) else ""
    return before + pattern + after
