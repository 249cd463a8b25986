"""The picture of the proof: a panel for each question, a line for each method, a dot for each case."""

from __future__ import annotations

import pytest

from limelight.bench.pictures import picture
from limelight.bench.proof import Figure, Proof, Question
from limelight.views.palette import DARK, LIGHT, hexadecimal

ASKED = Question("asked", "Rows asked", "How many.", "model rows", "less", 0)
to_hex = pytest.importorskip("matplotlib.colors").to_hex
KNOWN = Question("known", "Truth", "How well.", "correlation", "more", 2)
COVERAGE = Question("coverage", "Coverage", "How often.", "shares", "", 2)
PROOF = Proof(
    tuple(Figure("asked", case, "limelight", 10.0) for case in ("wine", "beer"))
    + tuple(Figure("asked", case, "lime", 5_000.0) for case in ("wine", "beer"))
    + (Figure("asked", "wine", "eli5", 0.0), Figure("known", "wine", "limelight", 0.9)),
    (ASKED, KNOWN, COVERAGE),
)


def test_a_panel_for_each_question_that_has_a_better_and_a_worse() -> None:
    drawn = [ax for ax in picture(PROOF, LIGHT).axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in drawn] == ["Rows asked", "Truth"]


def test_a_line_for_each_method_a_dot_for_each_case_and_ours_in_another_colour() -> None:
    (ax,) = [ax for ax in picture(PROOF, DARK).axes if ax.get_title(loc="left") == "Rows asked"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["eli5", "lime", "limelight"]
    dots = [each for each in ax.collections if len(each.get_offsets())]
    assert [len(each.get_offsets()) for each in dots] == [1, 2, 2]
    blue = hexadecimal(DARK.positive)
    assert [to_hex(each.get_facecolor()[0]) == blue for each in dots] == [False, False, True]
    assert ax.get_xscale() == "symlog"  # 0 has no logarithm
