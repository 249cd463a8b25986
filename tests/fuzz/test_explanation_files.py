"""A damaged explanation is refused with `InputError`, or it can be shown by every view."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import mutations
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.overview.reading import read_entries
from limelight.views import describe, html, markdown, terminal

FILES = sorted((Path(__file__).parents[1] / "data").glob("explanation-*.json"))


def show(explanation: ll.Explanation) -> None:
    """Everything that somebody does with an explanation."""
    terminal.render(explanation)
    html.page(explanation)
    html.fragment(explanation)
    markdown.render(explanation)
    explanation.rows()
    for target in range(len(explanation.targets)):
        describe.describe(explanation, target)
        explanation.covariance_matrix(target)
        explanation.doubts(target)
        explanation.interactions(target)
    if explanation.curve is not None:
        explanation.kernel_path()
    assert ll.Explanation.from_json(explanation.to_json()) == explanation


def survives(text: str, told: str) -> bool:
    """Whether a text was read; a crash is told with what was damaged."""
    try:
        explanation = ll.Explanation.from_json(text)
    except InputError as error:
        assert len(str(error)) < 1500, told
        return False
    except Exception as error:
        raise AssertionError(f"{told}: reading raised {type(error).__name__}: {error}") from error
    try:
        show(explanation)
    except Exception as error:
        raise AssertionError(f"{told}: read, but showing raised {type(error).__name__}: {error}") from error
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_damaged_explanation_is_refused_or_shown_by_every_view(file: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    rnd = random.Random(zlib.crc32(file.stem.encode()))
    read = 0
    for _ in range(mutations.CASES):
        wrong, told = mutations.damaged(data, rnd)
        read += survives(json.dumps(wrong), told)
    assert read < mutations.CASES / 2, "most damage is noticed"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_explanation_cut_off_or_with_other_letters_is_refused_or_shown(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    rnd = random.Random(1)
    for _ in range(mutations.CASES // 3):
        at = rnd.randrange(len(text))
        cut = text[:at] + rnd.choice(("", text[at + 1 :], rnd.choice('0"[]{}-,\x00é9') + text[at + 1 :]))
        survives(cut, f"letter {at}")


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "\ufeff{}", "[1e999]", ""])
def test_what_python_itself_refuses_to_read_is_refused_in_words(deep: str) -> None:
    with pytest.raises(InputError, match="text: not JSON|data: expected an explanation"):
        ll.Explanation.from_json(deep)


@pytest.mark.parametrize("infinite", ["1e999", "-1e999", "Infinity", '"Infinity"'])
def test_a_series_with_a_number_beyond_all_numbers_is_refused(infinite: str) -> None:
    """No series has one, and no picture can show it; read and written again it would be a text."""
    text = next(file for file in FILES if "series" in file.stem).read_text(encoding="utf-8")
    data = json.loads(text)
    data["layout"]["values"][0][0] = 12345.5
    with pytest.raises(InputError, match=r"layout\.values: expected finite numbers"):
        ll.Explanation.from_json(json.dumps(data).replace("12345.5", infinite))


def test_a_number_beyond_all_numbers_among_free_entries_is_written_as_it_was_read() -> None:
    data = json.loads(FILES[0].read_text(encoding="utf-8"))
    data["layout"] = {"kind": "mine", "far": [12345.5]}
    read = ll.Explanation.from_json(json.dumps(data).replace("12345.5", "1e999"))
    assert read.layout["far"] == ["Infinity"]
    assert ll.Explanation.from_json(read.to_json()) == read


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_damaged_line_among_many_is_refused_or_counted(file: Path, tmp_path: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    rnd = random.Random(2)
    name: Callable[..., str] | None = None if "table" in file.stem else (lambda _, feature: str(feature.where.key))
    for number in range(mutations.CASES // 3):
        wrong, told = mutations.damaged(data, rnd)
        path = tmp_path / f"{number}.jsonl"
        path.write_text(json.dumps(wrong) + "\n", encoding="utf-8")
        try:
            ll.feature_importance(path, name=name)
            ll.submodular_pick(path, 1, name=name)
            list(read_entries(path, name))
        except InputError:
            continue
        except Exception as error:
            raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error
