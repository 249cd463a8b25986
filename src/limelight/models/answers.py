"""A model that writes, as a model that answers with numbers: what `Explainer` is given to explain an answer in words.

Input: prompts (`inputs/prompts.py`), a chat, scalarisers. Output: numbers (n, k). The whole prompt is asked first: its
answer is what others are compared with. Everything that was said is kept, so that nothing is paid for twice, and so
that views can show the words behind the numbers.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.errors import InputError, ModelOutputError
from limelight.inputs.prompts import Prompted
from limelight.models.said import Answer, Usage, answer_of, contrasts, medoid, spent
from limelight.scalarisers import Scalariser, read

AT_ONCE = 32
"""Prompts in one call of the chat: enough for eight requests at a time to be busy, few enough to lose little."""
REFERENCES = 5
"""How often a model that does not repeat itself is asked for the reference, the middle one of which is taken."""


@dataclass(frozen=True)
class _Told:
    """One perturbed prompt, and the answer to it."""

    mask: Any
    answer: Answer
    scores: FloatArray
    tokens: dict[int, tuple[float, ...]] = field(default_factory=dict)


@dataclass
class _Session:
    """What was asked about one whole prompt, in one explanation."""

    reference: str
    asked: Counter[str] = field(default_factory=Counter)
    told: list[_Told] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)


class Answers:
    """A chat whose answers become numbers, so that they can be explained.

    Parameters
    ----------
    chat
        A model of `limelight.remote`; or a function from n prompts (strings, messages or requests, as `Prompt` was
        given them) to n answers: strings, or objects or dicts with ``text`` and what else is known (``tokens_in``,
        ``tokens_out``, ``cost``, ``cached``, ``finish``).
    scalariser
        What is made of an answer: ``"words"`` (default: overlap of words with the reference), ``"rouge-l"``,
        ``"match"``, one of `limelight.scalarisers`, a function (answer, reference) → number, or several of these from
        the same calls.
    max_calls
        Most calls for one prompt, all included; None (default) is eight a unit, at least 32 and at most 256.
    reference
        The answer that others are compared with; None (default) asks for it: twice, and where the two differ five times
        in all, of which the one most like the others is taken.

    Attributes
    ----------
    calls_at_once
        One: what was said to each prompt is kept here. A `limelight.remote` chat sends its requests at once itself.
    usage
        Calls, tokens, money, cache hits, refusals and truncations so far, over all prompts.

    Raises
    ------
    InputError, UnknownNameError
        If an argument does not fit.

    Examples
    --------
    >>> import limelight as ll
    >>> def chat(prompts):
    ...     return ["yes" if "sun" in prompt else "no" for prompt in prompts]
    >>> answers = ll.Answers(chat, ll.scalarisers.labels(["yes", "no"]), max_calls=40)
    >>> explanation = ll.Explainer(answers, ll.Prompt("words")).explain("the sun shines today")
    >>> explanation.targets, explanation.as_list()[0][0], answers.usage.calls <= 40
    (('yes',), 'sun', True)
    """

    calls_at_once = 1

    def __init__(
        self,
        chat: Callable[[list[Any]], Sequence[Any]],
        scalariser: Any = "words",
        *,
        max_calls: int | None = None,
        reference: str | None = None,
    ) -> None:
        if not callable(chat):
            raise InputError(
                f"chat: expected a function from n prompts to n answers, got {type(chat).__name__}; for one prompt at "
                "a time pass lambda prompts: [ask(prompt) for prompt in prompts]."
            )
        if max_calls is not None and (isinstance(max_calls, bool) or not isinstance(max_calls, int) or max_calls < 1):
            raise InputError(f"max_calls: expected a positive integer or None, got {max_calls!r}.")
        if reference is not None and not isinstance(reference, str):
            raise InputError(f"reference: expected the text of an answer or None, got {type(reference).__name__}.")
        self.chat = chat
        self._chat: Callable[[list[Any]], Sequence[Any]] = getattr(chat, "answers", chat)
        self.scalarisers: tuple[Scalariser, ...] = read(scalariser)
        self.max_calls = max_calls
        self.reference = reference
        self.usage = Usage()
        self._memory: dict[tuple[str, int], Answer] = {}
        self._numbers: dict[tuple[str, int, str, str], tuple[float, ...]] = {}
        self._sessions: dict[int, tuple[Prompted, _Session]] = {}

    def within(self, max_calls: int) -> Answers:
        """Return the same with another budget: what was said, and what it took, are shared.

        >>> answers = Answers(lambda prompts: ["yes"] * len(prompts))
        >>> answers.within(64).usage is answers.usage
        True
        """
        other = copy.copy(self)
        other.max_calls = max_calls
        other._sessions = {}
        return other

    @property
    def output_names(self) -> tuple[str, ...]:
        """Return what the numbers are called."""
        return tuple(name for each in self.scalarisers for name in each.outputs)

    @property
    def design(self) -> str:
        """Return ``"exact"`` where all scalarisers ask that little is hidden, else ``"graded"``."""
        if all(each.design == "exact" for each in self.scalarisers):
            return "exact"
        return "graded"

    @property
    def beside(self) -> int:
        """Return the most calls that the whole prompt takes."""
        if self.reference is not None:
            return 2
        return REFERENCES

    @property
    def writes(self) -> bool:
        """Return whether perturbed prompts are answered in words; log-probabilities need none."""
        return any(each.reads == "answer" for each in self.scalarisers)

    def __call__(self, prompts: Sequence[Any]) -> FloatArray:
        """Return (n, k) numbers for n prompts.

        Raises
        ------
        ModelOutputError
            If the chat does not return one answer for each prompt.
        """
        asked = [each if isinstance(each, Prompted) else Prompted(each, np.ones(0)) for each in prompts]
        sessions = [self._session(each.origin) for each in asked]
        keys = [_numbered(session, each) for session, each in zip(sessions, asked, strict=True)]
        if self.writes:
            self._ask([(key, each.content) for key, each in zip(keys, asked, strict=True)], sessions)
        scores = np.empty((len(asked), len(self.output_names)))
        for session in {id(each): each for each in sessions}.values():
            rows = [row for row, each in enumerate(sessions) if each is session]
            scores[rows] = self._scored(session, [keys[row] for row in rows], [asked[row].content for row in rows])
        for each, key, session, numbers in zip(asked, keys, sessions, scores, strict=True):
            tokens = self._tokens(key, session.reference)
            session.told.append(_Told(each.mask, self._memory.get(key, Answer("")), numbers, tokens))
        return scores

    def parts(self, whole: Prompted, masks: MaskArray, output: int) -> tuple[NDArray[np.int64], FloatArray] | None:
        """Return what each part of what was said to n masks adds to an output; None where it has no parts.

        The words of the reference are the parts of a similarity, its tokens those of a log-probability. What a
        similarity has beside them is one part more, so that they add up to it.

        Returns
        -------
        tuple of ndarray, or None
            (a,) which mask each answer was given to, a mask that was asked several times standing there as often; and
            (a, w) the parts of the answers.
        """
        place = [each for each in self.scalarisers for _ in each.outputs][output]
        found = self._sessions.get(id(whole))
        if found is None or (place.parts is None and place.reads == "answer"):
            return None
        told = [each for each in found[1].told if len(each.mask)]
        if place.parts is None:
            said = np.array([each.tokens[output] for each in told])
        else:
            said = place.parts([each.answer.text for each in told], found[1].reference)
            if place.design == "graded":
                scores = np.array([each.scores[output] for each in told])
                said = np.column_stack([said, scores - said.sum(axis=1)])
        return _at_masks(np.array([each.mask for each in told]), said, masks)

    def told(self, whole: Prompted) -> dict[str, Any] | None:
        """Return as JSON what was said to a whole prompt and to its perturbations; None where nothing was asked."""
        found = self._sessions.get(id(whole))
        if found is None:
            return None
        session = found[1]
        if self.writes:
            kept = [each for each in session.told if len(each.mask)]
        else:
            kept = []
        pairs = contrasts(
            np.array([each.mask for each in kept]),
            np.array([each.scores for each in kept]),
            [each.answer.text for each in kept],
        )
        return {"answer": session.reference, "contrasts": pairs, "usage": session.usage.to_dict()}

    # -- asking -------------------------------------------------------------------------------------------------------

    def _session(self, whole: Prompted) -> _Session:
        """Return what is known about a whole prompt; its reference is asked for where it is not known."""
        found = self._sessions.get(id(whole))
        if found is None:
            session = _Session("")
            session.reference = self._reference(whole, session)
            found = self._sessions[id(whole)] = (whole, session)
            self._forget_old()
        return found[1]

    def _forget_old(self) -> None:
        """Keep the sessions of the last few prompts only; what was said stays in memory."""
        while len(self._sessions) > 64:
            del self._sessions[next(iter(self._sessions))]

    def _reference(self, whole: Prompted, session: _Session) -> str:
        if self.reference is not None:
            return self.reference
        key = _key(whole.content)
        said: list[str] = []
        for until in (2, REFERENCES) if self.writes else (1,):
            numbered = [(key, number) for number in range(until)]
            self._ask([(each, whole.content) for each in numbered], [session] * until)
            said = [self._memory[each].text for each in numbered]
            if len(set(said)) == 1:
                break
        return medoid(said)

    def _ask(self, wanted: Sequence[tuple[tuple[str, int], Any]], sessions: Sequence[_Session]) -> None:
        """Ask for the answers that are not known yet; what was answered is kept even where the chat fails later."""
        missing = []
        for (key, content), session in zip(wanted, sessions, strict=True):
            if key not in self._memory:
                missing.append((key, content, session))
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            before = spent(self.chat)
            said = self._chat([content for _, content, _ in part])
            after = spent(self.chat)
            if isinstance(said, (str, bytes)) or not hasattr(said, "__len__") or len(said) != len(part):
                if hasattr(said, "__len__"):
                    got = f"{len(said)}"
                else:
                    got = type(said).__name__
                raise ModelOutputError(
                    f"chat: expected a list of {len(part)} answers to {len(part)} prompts, got {got}; return one "
                    "answer for each prompt, in their order."
                )
            for (key, _, session), answer in zip(part, said, strict=True):
                self._memory[key] = answer_of(answer)
                for usage in (session.usage, self.usage):
                    usage.add(self._memory[key])
                    # what a `limelight.remote` model counts itself, shared evenly among its answers
                    usage.cost += (after[0] - before[0]) / len(part)
                    usage.cached += (after[1] - before[1]) / len(part)

    def _scored(self, session: _Session, keys: Sequence[tuple[str, int]], contents: Sequence[Any]) -> FloatArray:
        """Return (n, k) numbers of prompts that share a reference."""
        columns = []
        for each in self.scalarisers:
            if each.reads == "answer":
                columns.append(each([self._memory[key].text for key in keys], session.reference))
            else:
                columns.append(self._read_off(each, session, keys, contents))
        return np.hstack(columns)

    def _read_off(
        self, each: Scalariser, session: _Session, keys: Sequence[tuple[str, int]], contents: Sequence[Any]
    ) -> FloatArray:
        """Return (n, 1) numbers that a scalariser reads off prompts; those known are not asked again."""
        known = self._numbers
        places = [(*key, each.outputs[0], session.reference) for key in keys]
        missing = [row for row, place in enumerate(places) if place not in known]
        if missing:
            values = each([contents[row] for row in missing], session.reference)
            known.update(zip([places[row] for row in missing], map(tuple, values.tolist()), strict=True))
            for usage in (session.usage, self.usage):
                usage.calls += len(missing)
        return np.array([[sum(known[place])] for place in places])

    def _tokens(self, key: tuple[str, int], reference: str) -> dict[int, tuple[float, ...]]:
        """Return by output the numbers of each token that scalarisers have read off a prompt."""
        names = enumerate(self.output_names)
        known = {output: self._numbers.get((*key, name, reference)) for output, name in names}
        return {output: numbers for output, numbers in known.items() if numbers is not None}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what was said; which prompt is being explained is nobody's business elsewhere."""
        return {**self.__dict__, "_sessions": {}}


def _at_masks(asked: MaskArray, said: FloatArray, masks: MaskArray) -> tuple[NDArray[np.int64], FloatArray] | None:
    """Return what was said to n masks, and to which of them; None where one of them was never asked."""
    answers: dict[bytes, list[int]] = {}
    for row, mask in enumerate(np.ascontiguousarray(asked, dtype=np.uint8)):
        answers.setdefault(mask.tobytes(), []).append(row)
    wanted = [answers.get(mask.tobytes(), []) for mask in np.ascontiguousarray(masks, dtype=np.uint8)]
    if not wanted or [] in wanted:
        return None
    return np.repeat(np.arange(len(wanted)), [len(rows) for rows in wanted]), said[np.concatenate(wanted)]


def _key(content: Any) -> str:
    """Return what identifies a prompt."""
    if isinstance(content, str):
        return content
    return json.dumps(content, sort_keys=isinstance(content, Mapping), ensure_ascii=False, default=repr)


def _numbered(session: _Session, prompt: Prompted) -> tuple[str, int]:
    """Return the key of a prompt, and how often it was asked before: a repeated question wants another answer."""
    key = _key(prompt.content)
    session.asked[key] += 1
    return key, session.asked[key] - 1
