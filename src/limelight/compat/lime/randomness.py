"""From lime's `random_state` to a seed.

lime draws from one stream as it goes, so that an answer depends on what was explained before. Here every explainer
draws one seed when it is made, and gives the same explanation of the same instance ever after. An integer gives the
same seed each time; a RandomState is advanced by the draw, so that two explainers that share one differ; None draws
from numpy's global stream, as lime does, so that `np.random.seed` still makes a notebook repeatable.
"""

from __future__ import annotations

from typing import Any

from limelight.errors import InputError

SEEDS = 2**31 - 1


def check_random_state(random_state: Any) -> Any:
    """Return a RandomState, as scikit-learn makes it of None, an integer or a RandomState.

    Raises
    ------
    InputError
        If it is none of these.
    """
    from sklearn.utils import check_random_state as check

    try:
        return check(random_state)
    except ValueError as error:
        raise InputError(
            f"random_state: expected None, an integer or a RandomState, got {random_state!r}; pass for example 0."
        ) from error


def draw_seed(random_state: Any) -> int:
    """Return a seed drawn from a RandomState.

    >>> draw_seed(check_random_state(7)) == draw_seed(check_random_state(7))
    True
    """
    return int(random_state.randint(SEEDS))


def peek_seed(random_state: Any) -> int:
    """Return the seed that the next draw of a RandomState would give, without advancing it."""
    from copy import deepcopy

    return draw_seed(deepcopy(random_state))
