"""**I**nterpretable, for prompts: which part of it made a language model say what it said?

Input: a text, the messages of a chat, or the fields of a template. Output: its units (sentences, passages, examples,
turns, tools) and the prompt with some of them hidden. Masks follow what is made of the answers (`scalarisers.py`): half
of the prompt is hidden where scores change by degrees, little where everything needed has to be there. Every call costs
money, so a prompt is explained economically: `rounds/economy.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.inputs.budget import CallBudget
from limelight.inputs.prompts import BETWEEN, Prompted, Script, Unit
from limelight.inputs.texts import Span
from limelight.interpretable.components import fingerprint, own_copy
from limelight.interpretable.prompt_units import (
    Units,
    check_template,
    check_units,
    find_units,
    keep_out,
    read_prompt,
    units_inside,
)
from limelight.interpretable.text_inputs import describe_callable
from limelight.result.layouts import prompt_layout

MOST_CALLS = 256
CALLS_PER_UNIT = 8
LEAST_CALLS = 32
"""Calls for one prompt where nobody says: eight a unit, at least 32, at most 256. Measured on planted causes, three a
unit find 19 of 20 of them; eight make the intervals half as wide."""
BESIDE = 2
"""The whole prompt is asked twice, where the model is no `Answers`."""
MAX_FEATURES = 2000
CROWDED = "only few large causes can be found; larger units, coarse to fine with refine, or more max_calls tell more"
OPENED = "only what was opened is weighed: the rest of the prompt is always there"
Law = Literal["bernoulli", "near"]
LAWS: dict[str, Law] = {"graded": "bernoulli", "exact": "near"}


@dataclass(frozen=True, eq=False)
class PromptUnits:
    """x' of one prompt: its units, and the prompt with some of them hidden.

    Parameters
    ----------
    features
        One for each unit.
    script, units
        The prompt, and what is hidden as one.
    content
        Bytes equal for equal prompts.
    law
        Whether half of the prompt is hidden at a time, or little.
    budget
        How many calls explaining it may take.
    fill
        What stands in place of a hidden unit.
    answers
        Whom to ask what was said, where the model is an `Answers`; inputs are then `Prompted`.
    notes
        What has to be known to read the weights.
    """

    features: tuple[Feature, ...]
    script: Script
    units: tuple[Unit, ...]
    content: bytes
    law: Law
    budget: CallBudget
    fill: str = ""
    answers: Any = None
    notes: tuple[str, ...] = ()
    deterministic: bool = False
    chunk: int = 32
    whole: Prompted = field(init=False, repr=False)

    def __post_init__(self) -> None:
        everything = np.ones(len(self.units), np.uint8)
        object.__setattr__(self, "whole", Prompted(self.script.masked(self.units, everything), everything))

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): everything is there."""
        return np.ones(len(self.features))

    @property
    def original(self) -> Inputs:
        """Return the whole prompt."""
        return [self.whole if self.answers is not None else self.whole.content]

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator | None = None) -> Inputs:
        """Return n prompts for masks Z (n, d); `rng` is not used."""
        found = [Prompted(self.script.masked(self.units, mask, self.fill), mask, self.whole) for mask in np.asarray(Z)]
        if self.answers is not None:
            return found
        return [each.content for each in found]

    def parts(self, Z: MaskArray, output: int) -> tuple[NDArray[np.int64], FloatArray] | None:
        """Return (a,) to which of n masks each answer was given, and (a, w) what each part of it adds to an output.

        None where answers have no parts.
        """
        if self.answers is None:
            return None
        found: tuple[NDArray[np.int64], FloatArray] | None = self.answers.parts(self.whole, Z, output)
        return found

    def layout(self) -> Layout:
        """Return the prompt, and what was said to it and to its perturbations, as far as answers were kept."""
        told = None if self.answers is None else self.answers.told(self.whole)
        return prompt_layout(named_texts(self.script), told)


@dataclass(frozen=True)
class Prompt:
    """Prompts of language models: which sentence, passage, example or turn made the model say it?

    Parameters
    ----------
    units
        What is hidden as one: ``"sentences"`` (default), ``"words"``, ``"lines"``, ``"paragraphs"``; ``"passages"`` or
        ``"examples"``, the elements of lists in a template's fields (passages of a plain text are its paragraphs,
        examples of a chat its turns); ``"fields"`` of a template; ``"turns"`` of a chat (an exchange each; what is
        asked last stays); ``"tools"`` of a request; a regular expression that matches a unit, or a callable from a
        text to strings or spans. Several, coarse to fine, for `refine`: ``("passages", "sentences")``.
    template
        A string with ``{fields}``, or messages whose content has some; instances are then dicts of fields, each a
        string or a list of strings. None (default): instances are prompts as they are.
    keep
        What is never hidden: a regular expression, a callable from a text to spans, or {message: spans}.
    roles
        Whose messages may be hidden in part, such as ``["user"]``; None (default) means everybody's.
    fill
        What stands in place of a hidden unit; nothing by default.
    separator
        What stands between the elements of a list in a template.
    law
        ``"bernoulli"`` hides half of the prompt at a time, ``"near"`` up to a fifth; None (default) follows the
        scalariser of `Answers`, and is ``"bernoulli"`` for any other model.
    max_samples
        Most masks for one prompt. The budget of calls is set by ``Answers(max_calls=…)``.

    Raises
    ------
    InputError
        If an argument does not fit.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    Which sentence made the model answer as it did? Any function from prompts to answers is a chat.

    >>> import limelight as ll
    >>> def chat(prompts):
    ...     return ["It is the Tiber." if "Tiber" in prompt else "I do not know." for prompt in prompts]
    >>> prompt = "Rome is old. The Tiber flows through Rome. Cats sleep. Which river is it?"
    >>> explanation = ll.Explainer(ll.Answers(chat, max_calls=40), ll.Prompt()).explain(prompt)
    >>> explanation.as_list()[0][0]
    'The Tiber flows through Rome.'
    """

    units: Units | Sequence[Units] = "sentences"
    _: KW_ONLY
    template: Any = None
    keep: Any = None
    roles: Sequence[str] | None = None
    fill: str = ""
    separator: str = BETWEEN
    law: Law | None = None
    max_samples: int = MOST_CALLS
    distance: Literal["cosine"] = "cosine"
    answers: Any = field(default=None, repr=False, kw_only=True)
    opened: tuple[tuple[int, Span], ...] | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.units, list):
            object.__setattr__(self, "units", tuple(self.units))
        for each in self.levels:
            check_units(each)
        if self.law is not None and self.law not in LAWS.values():
            raise UnknownNameError("law", self.law, tuple(LAWS.values()))
        if isinstance(self.roles, str):
            raise InputError(f"roles: expected several names, got {self.roles!r}; pass [{self.roles!r}].")
        check_template(self.template)
        object.__setattr__(self, "template", own_copy(self.template))

    @property
    def levels(self) -> tuple[Units, ...]:
        """Return what units are, coarse to fine."""
        return self.units if isinstance(self.units, tuple) else (self.units,)

    def for_model(self, model: Any) -> Prompt:
        """Return this with the answers that a model keeps, where it is an `Answers`."""
        if hasattr(model, "told"):
            return replace(self, answers=model)
        return self

    def represent(self, instance: Any, rng: np.random.Generator | None = None) -> PromptUnits:
        """Return x' of one prompt. `rng` is not used.

        Raises
        ------
        InputError
            If it is no prompt, does not fit the template, or has no unit that may be hidden.
        """
        script, items = read_prompt(instance, self.template, self.separator)
        if self.opened is None:
            found = find_units(script, items, self.levels[0], self.roles)
        else:
            found = units_inside(script, self.opened, self.levels[0])
        units = keep_out(script, found, self.keep)
        if not units:
            raise InputError("keep: expected something that may be hidden, got a prompt all of which is kept.")
        starts = np.cumsum([0, *map(len, named_texts(script).values())])
        features = tuple(Feature(unit.name, Where("unit", unit.name, places(unit, starts, script))) for unit in units)
        law = self.law or LAWS[getattr(self.answers, "design", "graded")]
        described = {name: value for name, value in self.describe().items() if name != "law"}
        content = fingerprint((script.texts, [dict(each) for each in script.messages], described))
        if len(units) > MAX_FEATURES:
            raise InputError(
                f"units: expected at most {MAX_FEATURES}, got {len(units)}; pass larger ones, such as units="
                '"paragraphs", or go coarse to fine with refine.'
            )
        budget = self._budget(len(units))
        crowded = f"{len(units)} units for {budget.most} calls: {CROWDED}"
        notes = ((OPENED,) if self.opened is not None else ()) + ((crowded,) if len(units) > budget.most else ())
        return PromptUnits(features, script, tuple(units), content, law, budget, self.fill, self.answers, notes)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the prompts of a list or a stream.

        Raises
        ------
        InputError
            If `many` is one prompt: a string, or a dict.
        """
        if isinstance(many, (str, Mapping)):
            raise InputError(f"prompts: expected several, got one {type(many).__name__}; pass [prompt].")
        if isinstance(many, Iterable):
            return many
        return [many]

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        return {
            "modality": "prompt",
            "units": [describe_callable(each) for each in self.levels],
            "template": self.template,
            "keep": None if self.keep is None else describe_callable(self.keep),
            "roles": None if self.roles is None else list(self.roles),
            "fill": self.fill,
            "law": self.law,
            "opened": None if self.opened is None else [[message, *span] for message, span in self.opened],
        }

    def _budget(self, d: int) -> CallBudget:
        given = getattr(self.answers, "max_calls", None)
        most = given or min(max(CALLS_PER_UNIT * d, LEAST_CALLS), MOST_CALLS)
        return CallBudget(most, getattr(self.answers, "beside", BESIDE))


def named_texts(script: Script) -> dict[str, str]:
    """Return the texts of a prompt by what they are called: its messages by role, its tools by name.

    >>> named_texts(Script.of([{"role": "user", "content": "Hi."}]))
    {'1 user': 'Hi.'}
    """
    if not script.messages:
        return {"": script.texts[0]}
    found = {
        f"{number} {message.get('role')}": text
        for number, (message, text) in enumerate(zip(script.messages, script.texts, strict=True), 1)
    }
    if script.tools:
        found["tools"] = "".join(_tool_lines(script))
    return found


def _tool_lines(script: Script) -> list[str]:
    import json

    return [json.dumps(tool, ensure_ascii=False, default=str) + "\n" for tool in script.tools]


def places(unit: Unit, starts: Any, script: Script) -> tuple[Span, ...]:
    """Return where a unit lies in all texts of a prompt joined together."""
    found = [(int(starts[m]) + start, int(starts[m]) + stop) for m, (start, stop) in unit.spans]
    if unit.tools:
        lines = _tool_lines(script)
        ends = int(starts[len(script.texts)]) + np.cumsum([0, *map(len, lines)])
        found += [(int(ends[tool]), int(ends[tool + 1]) - 1) for tool in unit.tools]
    return tuple(sorted(found))
