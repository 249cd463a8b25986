"""Find the parts of a text that a person reads as one: spans of the original, never strings that are put together.

Input: a text, and how to cut it. Output: spans, in order, without overlap. Words follow the Unicode standard's default
word boundaries [uax29, §4], by the categories that Python's own `unicodedata` knows; where the standard asks for a
dictionary (Thai, Lao, Khmer, Burmese) or gives single characters (Chinese, Japanese) so does this file, and a tokenizer
for the language is one argument away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from limelight.errors import InputError, UnknownNameError
from limelight.inputs.texts import Span
from limelight.interpretable.phrases import GRAMS, PHRASES, grouped, size_of

KINDS = ("words", "characters", "sentences", "lines", PHRASES)
MODEL = "model"
"""The name that asks for the tokens of the model's own vectoriser."""
Tokens = str | re.Pattern[str] | Callable[[str], Any] | Any
"""One of `KINDS` or `GRAMS`, a regular expression, a callable, or a tokenizer with offsets."""

_RI = "[\U0001f1e6-\U0001f1ff]"
_PICTURE = (
    "(?:[\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa\u25fd\u25fe\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    "|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u24c2\u25aa-\u25fe\u2934\u2935\u2b05-\u2b07\u3030\u303d"
    "\u3297\u3299#*](?=\ufe0f))"
)
"""What is an emoji by itself, or only in front of the selector U+FE0F."""
_MARKS = ("Mn", "Mc", "Me", "Cf")
_SKIN = "\U0001f3fb-\U0001f3ff"
_IDEOGRAPHS = "\u3005-\u3007\u3021-\u3029\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "\u3031-\u3035\u309b\u309c\u30a0-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u32d0-\u32fe\u3300-\u3357\uff66-\uff9d"
_UNSPACED = (
    "\u0e01-\u0e4e\u0e80-\u0ecf\u0edc-\u0edf\u1000-\u103f\u1050-\u1097\u109a-\u109f\ua9e0-\ua9ef\uaa60-\uaa7f"
    "\u1780-\u17d3\u17d7\u17dc\u1950-\u19cf\u1a20-\u1a7f\uaa80-\uaadf\U00011700-\U0001172b"
)
"""Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, Tai, Ahom."""
_LEADING, _TRAILING = "\u0e40-\u0e44\u0ec0-\u0ec4", "\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3"
"""Thai and Lao vowels that are letters, before and after the consonant that they belong to."""
_JOINS = "_\u203f\u2040\u2054\ufe33\ufe34\ufe4d-\ufe4f\uff3f"
_IN_WORDS = ".\u2018\u2019\u2024\ufe52\uff07\uff0e'\u00b7\u0387\u055f\u05f4\u2027"
_IN_NUMBERS = ".,;\u2018\u2019\u2024\ufe52\uff07\uff0e'\u037e\u0589\u060c\u060d\u066c\u2044\ufe10\ufe14\uff0c\uff1b"
_TITLE = re.compile(r"\b(?:[A-HJ-Z]|Dr|Mr|Mrs|Ms|Prof|St)\Z")
_LONGEST_TITLE = 4
"""Characters before a point that can be a title; all that stands before them need not be read again."""
_ENDS = re.compile(r"(?<![.!?…‽؟۔।॥])[.!?…‽؟۔।॥]++[\"'”’»)\]]*+(?=\s)|[。！？｡]+[」』”’）】]*|\n\s*\n")


def find_spans(text: str, tokens: Tokens) -> list[Span]:
    r"""Return the spans of a text's tokens.

    Parameters
    ----------
    text
        Any string.
    tokens
        ``"words"``, ``"characters"``, ``"sentences"``, ``"lines"`` or ``"phrases"``, see `words` and so on below;
        ``"2-grams"`` to ``"9-grams"``, so many words side by side, which no punctuation parts;
        a regular expression, each match of which is a token; a callable from a text to its tokens as strings or as
        spans; a Hugging Face tokenizer, or anything else that answers with ``offset_mapping`` or ``offsets``.

    Raises
    ------
    UnknownNameError
        If `tokens` is a plain word, but none of the names known.
    InputError
        If it is no regular expression either, or a tokenizer's answer does not lie in the text.

    >>> find_spans("I don't know.", "words")
    [(0, 1), (2, 7), (8, 12)]
    >>> find_spans("a=1, b=2", r"\w=\d")
    [(0, 3), (5, 8)]
    >>> find_spans("to be", str.split)
    [(0, 2), (3, 5)]
    """
    if isinstance(tokens, str) and tokens == MODEL:
        raise InputError(
            'tokens: "model" asks the model for its own tokens, and no model is at hand; give the Text to an Explainer.'
        )
    if isinstance(tokens, str) and tokens in KINDS:
        return list(_FINDERS[tokens](text))
    if isinstance(tokens, str) and (size := size_of(tokens)) is not None:
        return list(grouped(text, list(words(text)), size))
    if isinstance(tokens, str | re.Pattern):
        return list(_matches(compile_pattern("tokens", tokens), text))
    return _asked(text, tokens)


def check_tokens(tokens: Tokens) -> None:
    """Raise unless `tokens` is something that `find_spans` can work with."""
    if isinstance(tokens, str) and tokens == MODEL:
        return
    if isinstance(tokens, str) and size_of(tokens) is not None:
        return
    if isinstance(tokens, str) and tokens.isalpha() and tokens not in KINDS:
        raise UnknownNameError("tokens", tokens, (*KINDS, *GRAMS, MODEL))
    if isinstance(tokens, str | re.Pattern):
        tokens in KINDS or compile_pattern("tokens", tokens)
    elif not callable(tokens) and not hasattr(tokens, "encode"):
        raise InputError(
            f"tokens: expected a name, a regular expression, a callable or a tokenizer, got {type(tokens).__name__}; "
            f"the names are {', '.join(KINDS)}, 2-grams to 9-grams."
        )


def compile_pattern(argument: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return a compiled regular expression, or say which argument is none.

    >>> compile_pattern("keep", "(")
    Traceback (most recent call last):
    limelight.errors.InputError: keep: expected a regular expression, got '(': missing ), unterminated subpattern at \
position 0; escape its special characters.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"{argument}: expected a regular expression, got {pattern!r}: {error}; escape its special characters."
        ) from error


def words(text: str) -> Iterator[Span]:
    """Yield the words of a text: what stands between default word boundaries [uax29] and is no space or punctuation.

    - "don't", "3.14", "U.S", "foo_bar" are one word, "well-known" is two. A colon ends a word, as in Unicode's locale
      data (the annex leaves it open).
    - Accents and vowel signs stay with their letter; a word with Hebrew gershayim (צה"ל) is one.
    - An emoji is a word, with its skin tone and all that is joined to it; so is a flag.
    - Chinese characters and hiragana are a word each; katakana and Korean are words as they are written.
    - Thai, Lao, Khmer and Burmese, written without spaces, are cut into syllable signs: a consonant with its vowels and
      tones.

    >>> text = "I don't 👍🏽 naïve 3.14 日本 ที่นี่"
    >>> [text[start:stop] for start, stop in words(text)]
    ['I', "don't", '👍🏽', 'naïve', '3.14', '日', '本', 'ที่', 'นี่']
    """
    pattern = _word_pattern(_marks_near(text))
    # a run of underscores alone is matched, so that it is read once, and is no word
    return (found.span() for found in pattern.finditer(text) if found.lastgroup is None)


def characters(text: str) -> Iterator[Span]:
    r"""Yield what a person takes for one character (an accented letter, an emoji with its skin tone), except spaces.

    >>> list(characters("e\u0301 👍🏽"))
    [(0, 2), (3, 5)]
    """
    return _matches(_character_pattern(_marks_near(text)), text)


def sentences(text: str) -> Iterator[Span]:
    """Yield sentences: up to . ! ? … and closing quotes in front of a space, to 。！？, or to an empty line.

    What goes on in lower case goes on: "e.g. this" is no end [uax29, §5], nor is the point of a title ("Dr. Who") or of
    an initial ("J. Smith"). White space around them is left out.

    >>> text = "It works, e.g. here. Does it, Dr. Who? 好。是。"
    >>> [text[start:stop] for start, stop in sentences(text)]
    ['It works, e.g. here.', 'Does it, Dr. Who?', '好。', '是。']
    """
    start = 0
    for end in _ENDS.finditer(text):
        following = text[end.end() : end.end() + 80].lstrip()[:1]
        nearby = max(start, end.start() - _LONGEST_TITLE)
        if end[0].startswith(".") and (following.islower() or _TITLE.search(text, nearby, end.start())):
            continue
        yield from _stripped(text, start, end.end())
        start = end.end()
    yield from _stripped(text, start, len(text))


def lines(text: str) -> Iterator[Span]:
    r"""Yield lines that are not blank, without the white space around them.

    >>> list(lines("one\n\n  two"))
    [(0, 3), (7, 10)]
    """
    return _matches(re.compile(r"[^\s](?:[^\r\n]*[^\s])?"), text)


def phrases(text: str) -> Iterator[Span]:
    """Yield what stands between punctuation marks, from its first word to its last.

    >>> text = "No fatigue at all, but sneezing (a lot)."
    >>> [text[start:stop] for start, stop in phrases(text)]
    ['No fatigue at all', 'but sneezing', 'a lot']
    """
    return grouped(text, list(words(text)))


_FINDERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "words": words, "characters": characters, "sentences": sentences, "lines": lines, PHRASES: phrases,
}  # fmt: skip


def ordered_spans(argument: str, spans: Iterable[Any], length: int) -> list[Span]:
    """Return spans sorted, without empty ones and repetitions, after checking that they lie in a text.

    Raises
    ------
    InputError
        If a span is no pair of integers, leaves the text, or overlaps another.

    >>> ordered_spans("tokens", [(3, 5), (0, 0), (0, 2), (3, 5)], 5)
    [(0, 2), (3, 5)]
    """
    checked = sorted({_span(argument, span, length) for span in spans})
    found = [(start, stop) for start, stop in checked if start < stop]
    for (start, stop), (after, end) in pairwise(found):
        if after < stop:
            raise InputError(
                f"{argument}: expected spans that do not overlap, got ({start}, {stop}) and ({after}, {end}); "
                "merge or shorten them."
            )
    return found


# -- tokenizers -------------------------------------------------------------------------------------------------------


def _asked(text: str, tokenizer: Any) -> list[Span]:
    """Return what somebody's tokenizer says, as spans."""
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        answer = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    elif callable(tokenizer):
        answer = tokenizer(text)
    else:
        answer = tokenizer.encode(text)
    if isinstance(answer, Mapping) or hasattr(answer, "offset_mapping"):
        if isinstance(answer, Mapping):
            answer = answer["offset_mapping"]
        else:
            answer = answer.offset_mapping
    answer = list(getattr(answer, "offsets", answer))
    if answer and all(isinstance(token, str) for token in answer):
        return _located(text, answer)
    return ordered_spans("tokens", answer, len(text))


def _located(text: str, found: Sequence[str]) -> list[Span]:
    """Return where strings lie in the text, each after the one before; white space is no token."""
    spans, at = [], 0
    for number, token in enumerate(found):
        start = text.find(token, at)
        if start < 0:
            raise InputError(
                f"tokens: expected strings that occur in the text one after the other, got {token!r} (number "
                f"{number}), which does not occur after position {at}; return (start, stop) spans instead."
            )
        at = start + len(token)
        if token.strip():
            spans.append((start, at))
    return spans


def _span(argument: str, span: Any, length: int) -> Span:
    try:
        start, stop = (int(end) for end in span)
    except (TypeError, ValueError):
        raise InputError(
            f"{argument}: expected strings or (start, stop) pairs of integers, got {span!r}; return one kind only."
        ) from None
    if not 0 <= start <= stop <= length:
        raise InputError(
            f"{argument}: expected spans inside the text, 0 ≤ start ≤ stop ≤ {length}, got ({start}, {stop}); "
            "count code points, as Python's indices do."
        )
    return start, stop


@dataclass(frozen=True, slots=True)
class ModelTokens:
    """The tokens that a model's own vectoriser counts, as spans of the text as it was written.

    Parameters
    ----------
    pattern
        The vectoriser's token pattern; where it has a group, the group is the token.
    lowercase
        Whether it reads the text in lower case. Spans stay those of the original.

    >>> ModelTokens("[a-z]+", True)("So FREE!")
    [(0, 2), (3, 7)]
    """

    pattern: str
    lowercase: bool

    def __call__(self, text: str) -> list[Span]:
        """Return the spans of the tokens; a letter whose lower case is two letters is read as it is."""
        read = text
        if self.lowercase:
            read = "".join([small if len(small := letter.lower()) == 1 else letter for letter in text])
        compiled = compile_pattern("tokens", self.pattern)
        group = min(compiled.groups, 1)
        return [found.span(group) for found in compiled.finditer(read)]


def model_tokens(model: Any) -> Any:
    """Return how the vectoriser at the head of a scikit-learn model, or of the model whose method it is, cuts texts.

    Raises
    ------
    InputError
        If the model does not begin with a vectoriser that counts words.
    """
    owner = getattr(model, "__self__", model)
    head = owner.steps[0][1] if hasattr(owner, "steps") else owner
    if getattr(head, "analyzer", None) != "word" or not hasattr(head, "build_tokenizer"):
        raise InputError(
            'tokens: "model" expected a model that begins with a vectoriser of words, such as '
            f'make_pipeline(CountVectorizer(), …), got {type(head).__name__} first; pass "words", or its tokenizer.'
        )
    if head.tokenizer is not None:
        return head.tokenizer
    return ModelTokens(head.token_pattern, bool(head.lowercase))


# -- patterns ---------------------------------------------------------------------------------------------------------


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (found.span() for found in pattern.finditer(text) if found.end() > found.start())


def _stripped(text: str, start: int, stop: int) -> Iterator[Span]:
    part = text[start:stop]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _marks_near(text: str) -> str:
    """Return what stays with the character before it, as the inside of a character class: marks and format controls.

    Only the blocks of 128 code points are listed of which the text holds some: a pattern with all 2,400 takes 0.2 s to
    compile. The zero-width space is a space to the standard.
    """
    blocks = {ord(character) >> 7 for character in set(text) if unicodedata.category(character) in _MARKS}
    return _marks(tuple(sorted(blocks)))


@lru_cache(maxsize=256)
def _marks(blocks: tuple[int, ...]) -> str:
    codes = (code for block in blocks for code in range(block << 7, (block + 1) << 7))
    kept = [code for code in codes if unicodedata.category(chr(code)) in _MARKS and code != 0x200B]
    return "\u0300" + "".join(f"\\U{code:08x}" for code in kept)


def _emoji(marks: str) -> str:
    """Return the pattern of a flag, or of pictures joined by U+200D, with skin tones and tags."""
    picture = f"{_PICTURE}[{marks}{_SKIN}]*+"
    return f"{_RI}{{2}}|{picture}(?:(?<=\u200d){picture})*+"


@lru_cache(maxsize=256)
def _word_pattern(marks: str) -> re.Pattern[str]:
    letter = rf"(?![{_IDEOGRAPHS}{_KATAKANA}{_UNSPACED}])[^\W\d_][{marks}]*+"
    digit, join = rf"\d[{marks}]*+", f"[{_JOINS}][{marks}]*+"
    hebrew = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'
    letters = f"(?:{letter})++(?:(?:[{_IN_WORDS}][{marks}]*+|{hebrew})(?:{letter})++)*+"
    digits = f"(?:{digit})++(?:[{_IN_NUMBERS}][{marks}]*+(?:{digit})++)*+"
    return re.compile(
        f"(?:(?:{join})++)?(?:{letters}|{digits})(?:{letters}|{digits}|{join})*+"
        f"|[{_KATAKANA}][{_KATAKANA}{marks}]*+"
        f"|[{_IDEOGRAPHS}][{marks}]*+"
        f"|[{_LEADING}]?[{_UNSPACED}][{marks}{_TRAILING}]*+"
        f"|{_emoji(marks)}"
        f"|(?P<joins>(?:{join})++)"
    )


@lru_cache(maxsize=256)
def _character_pattern(marks: str) -> re.Pattern[str]:
    jamo = "[\u1100-\u115f\ua960-\ua97c]++[\u1160-\u11a7\ud7b0-\ud7c6]*+[\u11a8-\u11ff\ud7cb-\ud7fb]*+"
    return re.compile(rf"{_emoji(marks)}|{jamo}[{marks}]*+|[^\s][{marks}]*+")
