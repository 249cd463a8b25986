"""Every option of a table is checked before any statistic is computed, and says what to pass instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.tabular.build import Options, bins_by_column, check_targets, positions

FRAME = pd.DataFrame({"n": np.arange(12.0), "m": np.arange(12.0) % 5, "k": list("abc") * 4})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"sampling": "gausian"}, "sampling: unknown name 'gausian'; did you mean 'gaussian'"),
        ({"around": "here"}, "around: unknown name 'here'"),
        ({"contrast": "mean"}, "contrast: unknown name 'mean'"),
        ({"contrast": "value", "bins": "decile"}, 'bins: expected none with contrast="value"'),
        ({"groups": "auto", "bins": None}, 'groups: "auto" expected bins'),
        ({"around": "instance"}, "around: .* pass bins=None"),
        ({"targets": np.zeros(12)}, 'targets: expected None unless bins are "entropy"'),
        ({"targets": np.zeros(3), "bins": "entropy"}, r"shape \(12,\), got shape \(3,\); pass y_train"),
        ({"groups": "onehot"}, "groups: unknown name 'onehot'; did you mean 'one-hot'"),
        ({"groups": ["n", "m"]}, "groups: expected a mapping"),
        ({"groups": {"g": ["n"], "h": ["n", "m"]}}, r"groups\['h'\]: expected columns that are in no other group"),
        ({"groups": {"g": ["n", "n"]}}, "name each once"),
        ({"groups": {"g": []}}, r"groups\['g'\]"),
        ({"groups": {"k": ["n", "m"]}}, "expected names that are no other column's, got 'k'"),
        ({"bins": {"k": "decile"}}, r"bins\['k'\]: expected a column of numbers with several values"),
        ({"bins": {"nn": "decile"}}, "bins: unknown name 'nn'; did you mean 'n'"),
        ({"categorical": "k"}, r"categorical: expected a list of column names, got the string 'k'; pass \['k'\]"),
        ({"categorical": 2}, r"categorical: expected a list of column names, got 2; pass \[2\]"),
        ({"numeric": ["q"]}, "numeric: unknown name 'q'"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        ll.Tabular(FRAME, **how)


def test_a_column_is_meant_by_its_name_or_where_names_are_words_by_its_place() -> None:
    assert positions(["m", 0, np.int64(2)], ("n", "m", "k"), "x") == [1, 0, 2]
    with pytest.raises(ll.UnknownNameError):
        positions([0], (5, 7), "x")  # numbers that are names are nothing but names
    assert positions([7], (5, 7), "x") == [1]


def test_bins_for_some_columns_leave_the_others_alone() -> None:
    assert bins_by_column({"m": [1.0]}, ("n", "m")) == [("quartile", False), ([1.0], True)]
    assert bins_by_column("decile", ("n", "m")) == [("decile", False)] * 2


def test_a_group_stands_where_its_first_column_does_and_is_one_feature() -> None:
    table = ll.Tabular(FRAME, groups={"both": ["m", "n"]}).table
    assert [part.label for part in table.parts] == ["both", "k"]
    assert set(table.parts[0].members) == {0, 1}


def test_a_group_may_have_the_name_of_one_of_its_own_columns() -> None:
    assert [part.label for part in ll.Tabular(FRAME, groups={"n": ["n", "m"]}).table.parts] == ["n", "k"]


def test_one_hot_columns_are_found_by_their_prefix() -> None:
    frame = pd.get_dummies(FRAME, columns=["k"])
    assert [part.label for part in ll.Tabular(frame, groups="one-hot").table.parts] == ["n", "m", "k"]


def test_twins_are_named_unless_they_are_one_feature() -> None:
    n = np.arange(200.0)
    frame = pd.DataFrame({"n": n, "m": n % 7, "again": n * 2 + 1})
    assert ll.Tabular(frame).table.twins == (("n", "again"),)
    assert ll.Tabular(frame, groups={"g": ["n", "again"]}).table.twins == ()


def test_options_are_told_as_json() -> None:
    options = Options({"n": "decile", "m": (1, 2)}, (), (), {"g": ["n"]}, "background", "background")
    assert options.describe() == {
        "bins": {"n": "decile", "m": [1.0, 2.0]},
        "sampling": "background",
        "around": "background",
        "contrast": "bin",
        "groups": "named",
    }


def test_targets_may_be_words() -> None:
    told = check_targets(["no", "yes"], 2)
    assert told is not None
    assert told.tolist() == ["no", "yes"]
    assert check_targets(None, 2) is None
