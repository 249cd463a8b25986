import numpy as np
import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.rounds.targets import resolve_targets

OUTPUTS, NAMES = np.array([0.2, 0.5, 0.3]), ("ham", "spam", "1")


def resolved(wanted, compete=True):
    return resolve_targets(wanted, OUTPUTS, NAMES, compete=compete).tolist()


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        ("top1", [1]),
        ("top2", [1, 2]),
        ("top9", [1, 2, 0]),
        ("all", [0, 1, 2]),
        ("ham", [0]),
        (2, [2]),
        (["spam", 0], [1, 0]),
        ("1", [2]),
        (np.int64(0), [0]),
    ],
)
def test_targets_are_found_by_rank_name_and_index(wanted, indices):
    assert resolved(wanted) == indices


def test_outputs_of_a_regression_do_not_compete_so_top1_is_all_of_them():
    assert resolved("top1", compete=False) == [0, 1, 2]


@pytest.mark.parametrize("wanted", ["spm", 3, -1, ["ham", "eggs"], "top0"])
def test_an_unknown_target_lists_the_known_ones(wanted):
    with pytest.raises(UnknownNameError, match="spam"):
        resolved(wanted)


def test_no_target_at_all_is_refused():
    with pytest.raises(InputError, match="at least one output"):
        resolved([])
