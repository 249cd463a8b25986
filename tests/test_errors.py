"""What goes wrong is one tree, each of it also what Python calls it, and each says the remedy."""

from __future__ import annotations

import inspect
import pickle

import pytest

import limelight as ll
from limelight import errors
from limelight.errors import UnknownNameError, outside


@pytest.mark.parametrize(
    ("error", "also"),
    [
        (errors.InputError, ValueError),
        (errors.UnknownNameError, KeyError),
        (errors.ModelOutputError, ValueError),
        (errors.ModelChangedError, errors.ModelOutputError),
        (errors.ModelCallError, RuntimeError),
        (errors.RemoteError, errors.ModelCallError),
        (errors.BudgetSpent, errors.RemoteError),
        (errors.MissingDependencyError, ImportError),
    ],
)
def test_every_error_is_ours_and_one_that_python_knows(error: type[Exception], also: type[Exception]) -> None:
    assert issubclass(error, errors.LimelightError)
    assert issubclass(error, also)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    made = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, Exception)}
    assert [name for name in made if name not in (errors.__doc__ or "")] == []


def test_the_nearest_name_comes_first_and_a_long_list_is_cut() -> None:
    said = str(UnknownNameError("column", "incme", [f"c{i}" for i in range(20)] + ["income"]))
    assert "did you mean 'income'? Known: 'income', 'c0'" in said
    assert said.endswith(", ….")
    assert said.count("'c") == 11


def test_no_name_is_offered_where_none_is_near() -> None:
    assert "did you mean" not in str(UnknownNameError("column", "zzz", ["income", 3]))


def test_errors_cross_a_border_between_processes_with_what_they_know() -> None:
    error = errors.RemoteError("no answer", status=503)
    error.answered = [None]
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.status, back.answered) == ("no answer", 503, [None])
    changed = pickle.loads(pickle.dumps(errors.ModelChangedError("other outputs", outputs=True)))
    assert changed.outputs


def test_an_unknown_name_crosses_it_too() -> None:
    error = UnknownNameError("targets", "spm", ["ham", "spam"])
    error.add_note("row 3")
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.args, back.__notes__) == (str(error), error.args, ["row 3"])


def test_a_warning_points_at_the_line_outside() -> None:
    assert outside() == 1

    def inside() -> int:
        return eval("outside()", {"__name__": "limelight.somewhere", "outside": outside})

    assert inside() == 2  # over the frame that calls itself limelight's


def test_the_public_names_are_the_same_classes() -> None:
    assert ll.InputError is errors.InputError
    assert ll.ModelCallError is errors.ModelCallError
