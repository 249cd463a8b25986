"""Which outputs a user's targets mean: labels first where they are known, and never a guess between two readings."""

import numpy as np
import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.models.columns import Columns
from limelight.rounds.targets import resolve_targets

OUTPUTS, NAMES = np.array([0.2, 0.5, 0.3]), ("ham", "spam", "1")


def resolved(wanted, compete=True, names=NAMES, labels=None, **known):
    return resolve_targets(wanted, OUTPUTS[: len(names)], Columns(names, labels, compete=compete, **known)).tolist()


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        ("auto", [1]),
        ("top1", [1]),
        ("top2", [1, 2]),
        ("top9", [1, 2, 0]),
        ("all", [0, 1, 2]),
        ("ham", [0]),
        (2, [2]),
        (["spam", 0], [1, 0]),
        ("1", [2]),
        ("2", [2]),
        (np.int64(0), [0]),
        (np.str_("spam"), [1]),
        (np.array([2, 0]), [2, 0]),
    ],
)
def test_targets_are_found_by_rank_name_and_index(wanted, indices):
    assert resolved(wanted) == indices


def test_outputs_that_do_not_compete_are_all_explained_unless_the_largest_is_asked_for():
    assert resolved("auto", compete=False) == [0, 1, 2]
    assert resolved("top1", compete=False) == [1]


def test_of_more_than_a_handful_of_quantities_the_user_says_which():
    names = tuple(f"output {i}" for i in range(384))
    embedding = Columns(names, compete=False)
    outputs = np.random.default_rng(0).normal(size=384)
    with pytest.raises(InputError, match=r"384 numbers.*'top1'.*'all'"):
        resolve_targets("auto", outputs, embedding)
    assert resolve_targets("top1", outputs, embedding).tolist() == [int(outputs.argmax())]
    assert resolve_targets("all", outputs, embedding).tolist() == list(range(384))
    assert resolve_targets(276, outputs, embedding).tolist() == [276]


@pytest.mark.parametrize("wanted", ["spm", 3, -1, ["ham", "eggs"], "top0", 2.5, None, True])
def test_an_unknown_target_lists_the_known_ones(wanted):
    with pytest.raises(UnknownNameError, match="spam"):
        resolved(wanted)


def test_a_rank_in_brackets_is_a_rank_and_among_others_is_refused():
    assert resolved(["top2"]) == resolved(("top2",)) == [1, 2]
    assert resolved(["top1"], names=("top1", "spam")) == [0]  # a name comes first in brackets
    with pytest.raises(InputError, match="'top1' stands alone"):
        resolved(["top1", "ham"])


def test_no_target_at_all_is_refused():
    with pytest.raises(InputError, match="at least one output"):
        resolved([])


# ---- numbers that may be labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [1, 3, np.int64(1), np.float64(1), "1", "3", [3, 1]])
def test_a_number_is_a_label_where_the_labels_are_numbers(wanted):
    labels = (1, 2, 3)
    found = resolved(wanted, names=("1", "2", "3"), labels=labels)
    wanted = [int(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
    assert [labels[place] for place in found] == wanted


@pytest.mark.parametrize(("labels", "wanted"), [((1, 2, 3), 0), ((-1, 1), 0), ((2.0, 4.0), 1), ((10, 20), 5)])
def test_a_number_that_is_no_label_is_no_index_either_where_labels_are_numbers(labels, wanted):
    names = tuple(str(label) for label in labels)
    with pytest.raises(UnknownNameError, match=names[0]):
        resolved(wanted, names=names, labels=labels)


@pytest.mark.parametrize("wanted", [True, np.True_, 1, "True"])
def test_true_is_a_label_where_labels_are_booleans(wanted):
    assert resolved(wanted, names=("False", "True"), labels=(np.False_, np.True_)) == [1]


@pytest.mark.parametrize("wanted", [True, np.True_])
def test_true_is_not_the_label_one(wanted):
    with pytest.raises(UnknownNameError):
        resolved(wanted, names=("0", "1"), labels=(0, 1))


@pytest.mark.parametrize(
    ("names", "labels", "renamed", "wanted"),
    [
        (NAMES, None, False, 1),  # a name, and an index
        (("1", "2", "3"), ("1", "2", "3"), False, 1),
        (("low", "mid", "high"), (1, 2, 3), True, 1),  # a label that the user renamed, and an index
        (("2", "1", "0"), None, False, 0),
    ],
)
def test_a_number_with_two_meanings_is_refused_and_both_names_are_offered(names, labels, renamed, wanted):
    with pytest.raises(InputError, match=r"is the label of .* and the index of .*pass the name"):
        resolved(wanted, names=names, labels=labels, renamed=renamed)


def test_a_number_whose_meanings_agree_or_of_which_one_is_left_is_taken():
    assert resolved(1, names=("0", "1", "2"), labels=("0", "1", "2")) == [1]
    assert resolved(1, names=("no", "yes"), labels=(0, 1), renamed=True) == [1]
    assert resolved(3, names=("low", "mid", "high"), labels=(1, 2, 3), renamed=True) == [2]


def test_a_class_with_the_name_of_a_keyword_is_never_explained_by_accident():
    names = ("auto", "all", "bus")
    assert resolved("auto", names=names) == [1]  # the default: the largest
    assert resolved(["auto"], names=names) == [0]
    assert resolved(["all"], names=names) == [1]
    with pytest.raises(InputError, match=r"pass \['all'\]"):
        resolved("all", names=names)


def test_of_labels_that_are_met_one_by_one_only_names_can_be_asked_for():
    names = ("ham", "spam")
    assert resolved("auto", names=names, labels=names, growing=True) == [1]
    assert resolved("ham", names=names, labels=names, growing=True) == [0]
    with pytest.raises(InputError, match="output_names"):
        resolved("all", names=names, labels=names, growing=True)
    with pytest.raises(UnknownNameError):
        resolved(0, names=names, labels=names, growing=True)


def test_an_output_is_asked_for_once():
    with pytest.raises(InputError, match=r"targets: expected each output once, got \[0, 'a'\]"):
        resolve_targets([0, "a"], np.array([0.1, 0.9]), Columns(("a", "b"), compete=True))
