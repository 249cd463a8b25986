"""What the proof found: figures, and the machine and versions that they were found on.

Input: figures. Output: JSON that comes back, and Markdown that the documentation shows. Where limelight is not the best
of those compared is a chapter of its own, written from the figures like the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from limelight.errors import InputError

NEAR = 0.02
"""Two figures that differ by less than this share are called equal: repeats on one machine differ by as much."""

INTRODUCTION = """\
# The proof, on your machine

What limelight claims, measured beside the packages that are asked the same question. One command wrote this page:

```
pip install '.[cli,plot]' lime shap
pip install captum torch interpret-core eli5 alibi click quantus    # if you like; what is not there is left out
limelight bench --quick --out proof     # some minutes; --whole takes hours
```

The tables and models come with scikit-learn or are made by the command, so that everybody can run it. The best
figure of each column is bold, with those that are as good. Times are CPU times of one thread.

Not all of these answer the same question. shap and captum's KernelShap share out the difference between this answer
and the average one, or that of a typical row; interpret fits a model that can be read to the answers of the other;
eli5 adds up what each step through a tree changes; alibi's anchors are a rule, with no bars. All of them say which
columns of a row mattered, and people choose between them, so all stand here."""

PICTURE = (
    '<picture><source media="(prefers-color-scheme: dark)" srcset="{0}-dark.png"><img src="{0}-light.png" '
    'alt="The tables of this page as dots, one panel for each question, limelight in blue"></picture>'
)


@dataclass(frozen=True)
class Figure:
    """One number.

    Parameters
    ----------
    question
        The key of the question that it answers.
    case
        What was explained.
    method
        Who explained it.
    value
        The number, in the question's unit.
    """

    question: str
    case: str
    method: str
    value: float


@dataclass(frozen=True)
class Question:
    """What is asked, and how to read the answer.

    Parameters
    ----------
    key, title
        Its name in JSON and on the command line; its heading.
    how
        What was measured, in a few sentences.
    unit
        Written beside the title.
    better
        "less" or "more": which way is good; empty where figures of a line are not there to be compared.
    digits
        Places after the point in tables.
    """

    key: str
    title: str
    how: str
    unit: str
    better: str
    digits: int


@dataclass(frozen=True)
class Proof:
    """All figures of one run.

    Parameters
    ----------
    figures
        In the order in which they were found.
    questions
        Those that were asked.
    machine
        Hardware and versions, by name.
    settings
        Rows, seeds and model rows of the run.
    left_out
        Why a package or a case is not among the figures.
    """

    figures: tuple[Figure, ...]
    questions: tuple[Question, ...]
    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def value(self, question: str, case: str, method: str) -> float:
        """Return one number; NaN where it was not measured."""
        for figure in self.figures:
            if (figure.question, figure.case, figure.method) == (question, case, method):
                return figure.value
        return float("nan")

    def to_json(self) -> str:
        """Return all of it as JSON."""
        found = {name: [asdict(each) for each in getattr(self, name)] for name in ("questions", "figures")}
        about = {"machine": self.machine, "settings": self.settings, "left_out": list(self.left_out)}
        return json.dumps({**about, **found}, indent=1, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Proof:
        """Return what `to_json` wrote.

        Raises
        ------
        InputError
            The text is not the JSON of a proof.
        """
        try:
            read = json.loads(text)
            questions = tuple(Question(**each) for each in read["questions"])
            figures = tuple(Figure(**each) for each in read["figures"])
            return Proof(figures, questions, read["machine"], read["settings"], tuple(read["left_out"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"Proof: expected the JSON that `limelight bench` writes, got something else ({error})."
            ) from error

    def to_markdown(self, picture: str = "") -> str:
        """Return the page: a table for each question, where limelight is not better, and where it was measured.

        Parameters
        ----------
        picture
            Where its picture lies, without ``-light.png`` and ``-dark.png``; empty where there is none.
        """
        parts = [PICTURE.format(picture)] if picture else []
        parts += [_chapter(self, question) for question in self.questions]
        return "\n\n".join([INTRODUCTION, *parts, _not_better(self), _left_out(self), _machine(self)]) + "\n"


def table(proof: Proof, question: Question) -> str:
    """Return one question's figures as a table: a line for each method, a column for each case, the best in bold."""
    mine = [figure for figure in proof.figures if figure.question == question.key]
    names, methods = in_order(each.case for each in mine), in_order(each.method for each in mine)
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    found = {case: {method: proof.value(question.key, case, method) for method in methods} for case in names}
    best = {case: best_of(question, found[case]) for case in names}
    for method in methods:
        cells = [_cell(found[case][method], question.digits, method in best[case]) for case in names]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def best_of(question: Question, found: dict[str, float]) -> set[str]:
    """Return the methods whose figure is the best, or as good; none where there is nothing to compare."""
    sign = -1.0 if question.better == "more" else 1.0
    known = {method: sign * value for method, value in found.items() if value == value}
    if len(known) < 2 or not question.better:
        return set()
    least = min(known.values())
    return {method for method, bad in known.items() if bad <= least + NEAR * abs(least) + 1e-12}


def _chapter(proof: Proof, question: Question) -> str:
    wanted = f"; {question.better} is better" if question.better else ""
    return f"## {question.title}\n\n{question.how} In {question.unit}{wanted}.\n\n{table(proof, question)}"


def _not_better(proof: Proof) -> str:
    """Return every cell in which somebody else is ahead of limelight's own defaults and options."""
    lines = []
    for question in proof.questions:
        mine = [figure for figure in proof.figures if figure.question == question.key]
        for case in in_order(each.case for each in mine):
            found = {each.method: each.value for each in mine if each.case == case}
            best = best_of(question, found)
            if best and not any(method.startswith("limelight") for method in best):
                ours = {method: value for method, value in found.items() if method.startswith("limelight")}
                ahead = ", ".join(f"{method} {_cell(found[method], question.digits)}" for method in sorted(best))
                own = ", ".join(f"{method} {_cell(value, question.digits)}" for method, value in ours.items())
                lines.append(f"- {question.title}, {case}: {ahead}; {own}.")
    said = "\n".join(lines) or "Nowhere among the cells above, by more than 2 %."
    return f"## Where limelight is not better\n\nWritten from the figures above, every cell.\n\n{said}"


def _left_out(proof: Proof) -> str:
    said = "\n".join(f"- {each}." for each in proof.left_out) or "Nothing."
    return f"## What was left out, and why\n\n{said}"


def _machine(proof: Proof) -> str:
    facts = [f"| {name} | {value} |" for name, value in {**proof.machine, **proof.settings}.items()]
    return "\n".join(["## Where this was measured", "", "| | |", "| --- | --- |", *facts])


def _cell(value: float, digits: int, bold: bool = False) -> str:
    if value != value:
        return "–"
    text = f"{value:,.{digits}f}"
    if bold:
        return f"**{text}**"
    return text


def in_order(names: Any) -> Sequence[str]:
    """Return each name once, in the order in which it was first met."""
    return list(dict.fromkeys(names))
