"""Answers in words → numbers: how like the reference is each answer, which label does it give, does it match?

A model that writes has no score to explain. A scalariser makes one: a number for each (answer, reference), where the
reference is what the model says to the whole prompt. Input: n answers and a reference. Output: (n,) or (n, k) numbers.

Which masks tell most depends on the number. One that changes *by degrees* as parts of the prompt go is best read off
prompts of which half is hidden; one that is 1 only while everything needed is there, such as an exact match, off
prompts of which little is hidden. So every scalariser says which `design` it wants.

>>> words()(["Rome is old.", "I do not know."], "Rome is old.").ravel().tolist()
[1.0, 0.0]
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError

Numbers = NDArray[np.float64]
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
OTHER = "other"
"""The output of `labels` for answers that give none of them."""
QUESTION = (
    "Do these two answers say the same? Reply with one number from 0 (nothing in common) to 10 (the same).\n\n"
    "Answer A:\n{reference}\n\nAnswer B:\n{answer}\n\nNumber:"
)


@dataclass(frozen=True)
class Scalariser:
    """A way to make numbers of answers.

    Parameters
    ----------
    outputs
        Names of the k numbers.
    score
        (n answers, reference) → (n,) or (n, k) numbers; for ``reads="prompt"`` (n prompts, reference).
    design
        ``"graded"``: half of the prompt is hidden at a time. ``"exact"``: little is.
    reads
        ``"answer"``, or ``"prompt"`` where numbers come without an answer, as log-probabilities do.
    parts
        (n answers, reference) → (n, w) numbers, what each part of the reference adds to the score: which units matter
        is read off them, see `limelight.local.causes`. None where a score has no parts. For ``reads="prompt"`` the
        score itself may be (n, w), and is summed.

    Examples
    --------
    >>> Scalariser(("length",), lambda answers, reference: np.array([len(each) for each in answers])).design
    'graded'
    """

    outputs: tuple[str, ...]
    score: Callable[[Sequence[Any], str], Any]
    design: Literal["graded", "exact"] = "graded"
    reads: Literal["answer", "prompt"] = "answer"
    parts: Callable[[Sequence[str], str], Numbers] | None = None

    def __call__(self, given: Sequence[Any], reference: str) -> Numbers:
        """Return (n, k) numbers.

        Raises
        ------
        InputError
            If the function returns another shape.
        """
        found = np.asarray(self.score(given, reference), dtype=np.float64)
        table = found[:, None] if found.ndim == 1 else found
        if self.reads == "prompt" and table.ndim == 2 and len(table) == len(given):
            return table
        if table.shape != (len(given), len(self.outputs)):
            raise InputError(
                f"scalariser: expected ({len(given)}, {len(self.outputs)}) numbers for {', '.join(self.outputs)}, got "
                f"shape {found.shape}; return one number for each answer."
            )
        return table


def words() -> Scalariser:
    """Return how many words an answer shares with the reference: the F1 of the two bags of words.

    >>> words()(["Rome is old", "Paris is old", ""], "Rome is old").ravel().round(2).tolist()
    [1.0, 0.67, 0.0]
    """
    return replace(_each("word overlap", _bag_f1), parts=_words_said)


def rouge_l() -> Scalariser:
    """Return the F1 of the longest common subsequence of words (ROUGE-L) [lin2004].

    >>> rouge_l()(["old is Rome"], "Rome is old").ravel().round(2).tolist()
    [0.33]
    """
    return replace(_each("ROUGE-L", _rouge), parts=_words_said)


def tfidf(corpus: Sequence[str]) -> Scalariser:
    """Return the cosine of the TF-IDF vectors of answer and reference: rare words count more.

    Parameters
    ----------
    corpus
        Texts that say which words are rare: the passages, or many prompts. The number of an answer must not depend on
        other answers, so they cannot tell.

    Examples
    --------
    >>> rare = tfidf(["it is old", "it is new", "it is Rome"])
    >>> bool(rare(["Rome"], "it is Rome")[0, 0] > rare(["it is"], "it is Rome")[0, 0])
    True
    """
    documents = [set(_cut(text)) for text in corpus]
    if not documents:
        raise InputError("corpus: expected at least one text that says which words are rare, got none.")
    seen = Counter(word for document in documents for word in document)
    return _each("TF-IDF cosine", _Cosine(dict(seen), len(documents)))


def embedding(embed: Callable[[list[str]], Any], name: str = "embedding cosine") -> Scalariser:
    """Return the cosine of the embeddings of answer and reference.

    Parameters
    ----------
    embed
        n texts → (n, d) vectors.
    name
        What it is called.

    Examples
    --------
    >>> count = embedding(lambda texts: [[text.count("a"), text.count("b")] for text in texts])
    >>> count(["aa", "b"], "a").ravel().tolist()
    [1.0, 0.0]
    """
    return Scalariser((name,), _Embedded(embed))


def labels(names: Sequence[str]) -> Scalariser:
    """Return for each label whether the answer gives it: the one that is named first.

    Parameters
    ----------
    names
        All labels, as the model writes them; case does not matter. Answers without any are ``"other"``.

    Examples
    --------
    >>> labels(["yes", "no"])(["No, it is not.", "Yes!", "Perhaps."], "").tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if isinstance(names, str) or len(set(names)) < max(len(names), 1):
        raise InputError(f"labels: expected different names, for example ['yes', 'no'], got {names!r}.")
    return Scalariser((*names, OTHER), _First(tuple(names)))


def match() -> Scalariser:
    """Return 1 where an answer is the reference, but for case, punctuation and white space; else 0.

    >>> match()(["42.", "43"], "42").ravel().tolist()
    [1.0, 0.0]
    """
    return replace(_each("exact match", _same, design="exact"), parts=_words_said)


def contains(pattern: str) -> Scalariser:
    """Return 1 where a regular expression is found in the answer, case aside; else 0.

    >>> contains("Tiber|river")(["It is the Tiber.", "No."], "").ravel().tolist()
    [1.0, 0.0]
    """
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise InputError(f"pattern: expected a regular expression, got {pattern!r}: {error}.") from error
    return _each(f"says {pattern}", _Says(compiled))


def judge(ask: Callable[[list[str]], Sequence[Any]], question: str = QUESTION) -> Scalariser:
    """Return what another model says of how alike answer and reference are, from 0 to 1.

    Parameters
    ----------
    ask
        n prompts → n answers, each with a number from 0 to 10 in it. Its calls are not counted against `max_calls`.
    question
        With ``{answer}`` and ``{reference}``.

    Examples
    --------
    >>> judge(lambda prompts: ["7"] * len(prompts))(["a"], "b").ravel().tolist()
    [0.7]
    """
    return Scalariser(("judge",), _Judged(ask, question))


def logprob(score: Callable[[Sequence[Any], str], Any]) -> Scalariser:
    """Return the log-probability of the reference under each prompt, for servers that give it.

    Parameters
    ----------
    score
        (n prompts, reference) → n log-probabilities: what the tokens of the reference sum to; or (n, tokens), those of
        each, which tell far better which units matter. Nothing is written, so only the reference itself is asked of
        the chat.

    Examples
    --------
    >>> logprob(lambda prompts, reference: [-1.0] * len(prompts)).reads
    'prompt'
    """
    return Scalariser(("log-probability",), score, reads="prompt")


def function(score: Callable[[str, str], float], name: str = "score") -> Scalariser:
    """Return any function (answer, reference) → number as a scalariser.

    >>> function(lambda answer, reference: len(answer))(["abc"], "").tolist()
    [[3.0]]
    """
    return _each(name, score)


def read(given: Any) -> tuple[Scalariser, ...]:
    """Return what a user gave as scalarisers: a name, a scalariser, a function, or several of these.

    Raises
    ------
    UnknownNameError, InputError
        If it is none of these, or two have the same output.

    Examples
    --------
    >>> [each.outputs for each in read(["words", match()])]
    [('word overlap',), ('exact match',)]
    """
    several = given if isinstance(given, (list, tuple)) else [given]
    found = tuple(_one(each) for each in several)
    names = [name for each in found for name in each.outputs]
    if not found or len(set(names)) < len(names):
        raise InputError(f"scalariser: expected different outputs, at least one, got {names}; give them names.")
    return found


_NAMED: dict[str, Callable[[], Scalariser]] = {"words": words, "rouge-l": rouge_l, "match": match}


def _one(given: Any) -> Scalariser:
    if isinstance(given, Scalariser):
        return given
    if isinstance(given, str):
        if given not in _NAMED:
            raise UnknownNameError("scalariser", given, tuple(_NAMED))
        return _NAMED[given]()
    if callable(given):
        return function(given, getattr(given, "__name__", "score").strip("<>"))
    raise InputError(
        f"scalariser: expected {', '.join(map(repr, _NAMED))}, one of limelight.scalarisers, or a function (answer, "
        f"reference) → number, got {type(given).__name__}."
    )


def _each(name: str, score: Callable[[str, str], float], design: Literal["graded", "exact"] = "graded") -> Scalariser:
    return Scalariser((name,), _One(score), design)


# -- scores, as objects that pickle ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _One:
    """One answer at a time."""

    score: Callable[[str, str], float]

    def __call__(self, answers: Sequence[str], reference: str) -> list[float]:
        return [self.score(each, reference) for each in answers]


@dataclass(frozen=True)
class _Cosine:
    """Cosine of TF-IDF vectors, by how many of some documents hold each word."""

    seen: dict[str, int]
    documents: int

    def __call__(self, answer: str, reference: str) -> float:
        first, second = self._weigh(answer), self._weigh(reference)
        size = math.sqrt(sum(x * x for x in first.values()) * sum(x * x for x in second.values()))
        return sum(x * second.get(word, 0.0) for word, x in first.items()) / size if size else float(first == second)

    def _weigh(self, text: str) -> dict[str, float]:
        rarity = {word: math.log((1 + self.documents) / (1 + self.seen.get(word, 0))) for word in _cut(text)}
        return {word: (1 + math.log(n)) * (1 + rarity[word]) for word, n in Counter(_cut(text)).items()}


@dataclass(frozen=True)
class _Embedded:
    """Cosine of embeddings."""

    embed: Callable[[list[str]], Any]

    def __call__(self, answers: Sequence[str], reference: str) -> Numbers:
        vectors = np.asarray(self.embed([*answers, reference]), dtype=np.float64)
        if vectors.ndim != 2 or len(vectors) != len(answers) + 1:
            raise InputError(f"embed: expected ({len(answers) + 1}, d) vectors, got shape {vectors.shape}.")
        sizes = np.linalg.norm(vectors, axis=1)
        scale = sizes[:-1] * sizes[-1]
        return np.asarray(np.divide(vectors[:-1] @ vectors[-1], scale, out=np.zeros(len(answers)), where=scale > 0))


@dataclass(frozen=True)
class _First:
    """Which label an answer names first."""

    names: tuple[str, ...]

    def __call__(self, answers: Sequence[str], reference: str) -> Numbers:
        # the longest first: "not sure" before "not"
        alternatives = "|".join(re.escape(name) for name in sorted(self.names, key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
        place = {name.casefold(): number for number, name in enumerate(self.names)}
        table = np.zeros((len(answers), len(self.names) + 1))
        for row, answer in enumerate(answers):
            found = pattern.search(answer)
            table[row, place[found[0].casefold()] if found else len(self.names)] = 1.0
        return table


@dataclass(frozen=True)
class _Says:
    """Whether a pattern is found."""

    pattern: re.Pattern[str]

    def __call__(self, answer: str, reference: str) -> float:
        return float(self.pattern.search(answer) is not None)


@dataclass(frozen=True)
class _Judged:
    """What another model says of how alike two answers are."""

    ask: Callable[[list[str]], Sequence[Any]]
    question: str

    def __call__(self, answers: Sequence[str], reference: str) -> list[float]:
        said = self.ask([self.question.format(answer=answer, reference=reference) for answer in answers])
        found = [_NUMBER.search(str(getattr(each, "text", each))) for each in said]
        if None in found:
            raise InputError(f"judge: expected a number from 0 to 10 in each answer, got {said[found.index(None)]!r}.")
        return [min(max(float(number[0]), 0.0), 10.0) / 10.0 for number in found if number]


def _same(answer: str, reference: str) -> float:
    return float(_cut(answer) == _cut(reference))


def _words_said(answers: Sequence[str], reference: str) -> Numbers:
    """Return (n, w) the share of the reference that each of its words is, as far as it is said again."""
    wanted = Counter(_cut(reference))
    said = [Counter(_cut(answer)) for answer in answers]
    table = np.array([[min(each[word], count) for word, count in wanted.items()] for each in said], dtype=np.float64)
    return table.reshape(len(answers), len(wanted)) / max(wanted.total(), 1)


def _cut(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _f1(shared: float, first: int, second: int) -> float:
    """Return the F1 of `shared` of two sizes; two empty answers are the same."""
    return 2 * shared / (first + second) if first + second else 1.0


def _bag_f1(answer: str, reference: str) -> float:
    first, second = Counter(_cut(answer)), Counter(_cut(reference))
    return _f1((first & second).total(), first.total(), second.total())


def _rouge(answer: str, reference: str) -> float:
    first, second = _cut(answer), _cut(reference)
    longest = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for place, other in enumerate(second, 1):
            now = longest[place]
            longest[place] = before + 1 if word == other else max(now, longest[place - 1])
            before = now
    return _f1(longest[-1], len(first), len(second))
