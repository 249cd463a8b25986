"""Many explanations read one at a time: lists, streams and files say the same, and what is none is said."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limelight.contracts import Feature, Where
from limelight.errors import InputError, UnknownNameError
from limelight.overview.reading import (
    check_kind,
    check_target,
    gathered,
    nothing_explains,
    pick_positions,
    read_entries,
    two_classes,
    uncompared_note,
    whole_explanations,
)
from many_explanations import of_a_table, of_texts
from views import samples

KEPT = list(of_a_table())[:6]


def written(path: Path, *, blank: bool = False) -> Path:
    lines = [explanation.to_json() + "\n" for explanation in KEPT]
    if blank:
        lines.insert(2, "   \n")
    text = "".join(lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def test_a_list_a_stream_and_files_say_the_same(tmp_path: Path) -> None:
    said = list(read_entries(KEPT))
    assert list(read_entries(iter(KEPT))) == said
    for name in ("a.jsonl", "a.ndjson", "a.jsonl.gz"):
        for mine, theirs in zip(read_entries(written(tmp_path / name)), said, strict=True):
            assert (mine.keys, mine.targets, mine.selected, mine.compared) == (
                theirs.keys, theirs.targets, theirs.selected, theirs.compared,
            )  # fmt: skip
            np.testing.assert_allclose(mine.contributions, theirs.contributions, rtol=1e-12)
            np.testing.assert_allclose(mine.stderr, theirs.stderr, rtol=1e-12)
    np.testing.assert_array_equal(said[0].contributions, KEPT[0].contributions)


def test_blank_lines_are_passed_over_and_places_are_those_of_the_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", blank=True)
    assert [entry.position for entry in read_entries(path)] == [0, 1, 3, 4, 5, 6]
    assert [each.to_json() for each in whole_explanations(path)] == [each.to_json() for each in KEPT]
    (third,) = pick_positions(path, [3])
    assert third.to_json() == KEPT[2].to_json()


def test_nothing_is_read_ahead() -> None:
    read: list[int] = []

    def stream() -> Iterator[Any]:
        for i, explanation in enumerate(KEPT):
            read.append(i)
            yield explanation

    entries = read_entries(stream())
    next(entries)
    assert read == [0]
    assert pick_positions(stream(), [0]) == ()  # a stream has passed


def test_what_may_be_read_twice_is_a_sequence_whatever_came() -> None:
    assert gathered(KEPT) is KEPT
    assert [each.to_json() for each in gathered(iter(KEPT))] == [each.to_json() for each in KEPT]
    for none in ([], iter([])):
        with pytest.raises(InputError, match="expected at least one, got none"):
            gathered(none)


@pytest.mark.parametrize(
    ("many", "says"),
    [
        (KEPT[0], "expected many of them .*, got Explanation"),
        ({"features": []}, "got dict"),
        (3, "got int"),
        ([KEPT[0], 3], "at position 1, got int"),
        ("explanations.csv", "expected a .jsonl file"),
        ("nowhere.jsonl", "no file 'nowhere.jsonl'"),
    ],
)
def test_what_is_not_many_explanations_is_said(many: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        list(read_entries(many))


def test_a_target_that_is_neither_a_name_nor_a_place_is_refused_and_rows_are_those_of_the_target() -> None:
    for target in (-1, 1.5, True, ["a"]):
        with pytest.raises(InputError, match="expected a name, a position from 0"):
            check_target(target)  # type: ignore[arg-type]
    entry = replace(next(read_entries(KEPT)), targets=("a", "b", "a"))
    assert entry.rows(None) == [0, 1, 2]
    assert entry.rows("a") == [0, 2]
    assert (entry.rows(2), entry.rows(3), entry.rows("c")) == ([2], [], [])
    assert isinstance(nothing_explains("c", ["a"]), UnknownNameError)
    assert "got none" in str(nothing_explains("c", []))


def test_kinds_that_cannot_be_compared_are_refused_unless_they_are_named() -> None:
    with pytest.raises(InputError, match="expected features of one kind, got 'column' and, at position 6, 'word'"):
        list(read_entries([*KEPT, next(iter(of_texts()))]))
    with pytest.raises(InputError, match="superpixel 7 of one instance is not superpixel 7 of another"):
        check_kind("segment", "segment", 3)
    told = samples.explanation([Feature("s", Where("segment", 7)), Feature("t", Where("segment", 8))], [[0.2, 0.1]])
    (entry,) = read_entries([told], name=lambda explanation, feature: {7: "sky"}.get(feature.where.key))
    assert entry.keys == ("sky", None)
    with pytest.raises(InputError, match="expected something hashable"):
        list(read_entries([told], name=lambda explanation, feature: []))  # type: ignore[arg-type,return-value]


def test_a_weight_under_another_law_is_of_another_kind() -> None:
    told = replace(KEPT[0].provenance, modality={"modality": "conditional"})
    with pytest.raises(InputError, match="off as in rows like it"):
        list(read_entries([KEPT[1], replace(KEPT[0], provenance=told)]))


def test_two_outputs_are_two_classes_where_they_add_up_to_one() -> None:
    assert two_classes([("yes", 0.25), ("no", 0.75)]) == ("no", "yes")
    assert two_classes([("yes", 0.25), ("no", 0.7)]) == ()
    assert two_classes([("yes", 1.0)]) == ()
    assert two_classes([("a", 0.5), ("b", 0.25), ("c", 0.25)]) == ()


def test_explanations_that_do_not_say_what_they_are_compared_with_are_counted() -> None:
    assert uncompared_note(0) == ()
    assert uncompared_note(1)[0].startswith("1 explanation does not say")
    assert uncompared_note(1200)[0].startswith("1,200 explanations do not say")
