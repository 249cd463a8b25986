"""The demo: each part shows what it claims to show, and the pages are written.

The claims of `demo/tumors.py`, `demo/notes.py`, `demo/digits.py`, `demo/tour.py` and `demo/chapter.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll

pytest.importorskip("pandas")

from limelight.demo import digits, notes, tumors
from limelight.demo.tour import run

Tour = tuple[Path, list[str], tuple[ll.Explanation, ...]]


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """The folder of pages, everything that was said, and the explanations."""
    folder = tmp_path_factory.mktemp("demo") / "pages"
    said: list[str] = []
    explained = run(folder, say=said.append, show=lambda explanation: said.append(str(explanation)))
    return folder, said, explained


def test_every_part_is_said_shown_and_written_as_a_page(
    tour: Tour,
) -> None:
    folder, said, explained = tour
    text = "\n".join(said)
    assert text.count("How to read it") == len(explained) == 4
    assert all(str(explanation) in text for explanation in explained)
    # a line that names a page is as long as the path to it
    assert all(len(line) <= 81 for line in text.splitlines() if str(folder) not in line)
    names = ["image.html", "table-right.html", "table-wrong.html", "text.html"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert all(f"{folder / name}" in said[-1] for name in names)


def test_the_table_shows_a_prediction_that_is_right_and_one_that_is_wrong(
    tour: Tour,
) -> None:
    right, wrong = tour[2][:2]
    case = tumors.breast_cancer()
    truth = [case.truth[row] for row in tumors.right_and_wrong(case)]
    assert right.targets[0] == truth[0]
    assert wrong.targets[0] != truth[1]


def test_the_text_reveals_the_planted_leak_which_accuracy_hides(
    tour: Tour,
) -> None:
    explanation = tour[2][2]
    case = notes.flu_notes()
    assert case.model.score(case.texts, case.truth) > 0.95
    name, weight, (low, _) = explanation.top(1)[0]
    assert (name, weight > 2 * abs(explanation.top(2)[1][1]), low > 0) == (notes.LEAK, True, True)
    place = notes.false_alarm(case)
    note = case.texts[place]
    assert case.truth[place] == "no flu"
    assert case.model.predict([note, note.replace(notes.LEAK, "")]).tolist() == ["flu", "no flu"]


def test_notes_hold_the_leak_as_often_as_is_said() -> None:
    texts, truth = notes.write_notes(2000, np.random.default_rng(1))
    leaked = np.array([notes.LEAK in text for text in texts])
    assert abs((leaked == (truth == "flu")).mean() - notes.FAITHFUL) < 0.02


def test_the_image_is_a_digit_that_is_misread_and_painting_over_the_strongest_square_undoes_it(
    tour: Tour,
) -> None:
    explanation = tour[2][3]
    case = digits.handwriting()
    place, said = digits.misread(case)
    assert explanation.targets == (said,) != (case.truth[place],)
    strongest = int(explanation.as_list()[0][0].split()[1])
    image = case.images[place]
    before, after = case.model.predict_proba(digits.flat(np.stack([image, digits.painted_over(image, strongest)])))
    column = list(case.model.classes_).index(said)
    assert after[column] < before[column] / 2


def test_a_digit_is_drawn_with_the_numbers_of_its_squares() -> None:
    image = np.zeros((8, 8))
    image[0, 0] = 16
    first, *others = digits.drawn(image).splitlines()
    assert first == "    @@" + " " * 14 + "         0   1   2   3"
    assert [line.split() for line in others[1::2]] == [
        ["4", "5", "6", "7"],
        ["8", "9", "10", "11"],
        ["12", "13", "14", "15"],
    ]
