"""From lime's random states to a seed.

lime draws from one stream as it goes, so that an answer depends on what was explained before. Here an explainer draws
one seed at its first explanation, and gives the same explanation of the same instance for as long as nobody touches its
random states. Whoever seeds, replaces or draws from one gets a new seed, drawn from the state as it is then: an integer
gives the same seed each time; two explainers that share a RandomState differ; None is numpy's global stream, as in
lime, so that `np.random.seed` makes a notebook repeatable. Making an explainer draws nothing.
"""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

from limelight.errors import InputError
from limelight.lock import Lock

SEEDS = 2**31 - 1
_lock = Lock()
"""Two threads that ask a new explainer at once get one seed between them."""


class Seeds:
    """The seed of one explainer, and the random states as its last explanation left them.

    Parameters
    ----------
    home
        The random state that the explainer was made with, which it shares with its `base` and its discretizer.

    >>> import numpy as np
    >>> state = np.random.RandomState(3)
    >>> seeds = Seeds(state)
    >>> first = seeds.current([state])
    >>> seeds.current([state]) == first
    True
    >>> state.seed(4)
    >>> seeds.current([state]) == first
    False
    """

    def __init__(self, home: Any) -> None:
        self._home = home
        self._is_global = home is check_random_state(None)
        self._calm = {_fingerprint(home)}
        self._seed = 0
        self._left: list[bytes] | None = None

    def current(self, states: list[Any]) -> int:
        """Return the seed; a new one where a random state is not as it was left.

        Parameters
        ----------
        states
            The explainer's own, from which the seed is drawn; and others, which are only looked at.
        """
        with _lock.taken("random_state: expected to be drawn from by one explanation at a time."):
            if self._left != self._now(states):
                looked = [peek_seed(each) for each in self._that_count(states)]
                seed = draw_seed(states[0])
                for place, other in enumerate(looked, start=1):
                    seed += 2 ** (31 * place) * other
                self._seed = seed
                self.leave(states)
            return self._seed

    def leave(self, states: list[Any]) -> None:
        """Take the states as they are for untouched: a model that draws from one of them changes nothing."""
        if states[0] is self._home:
            self._calm.add(_fingerprint(self._home))
        self._left = self._now(states)

    def _now(self, states: list[Any]) -> list[bytes]:
        return [_fingerprint(each) for each in [states[0], *self._that_count(states)]]

    def _that_count(self, states: list[Any]) -> list[Any]:
        """Return the states beside the explainer's own that somebody put there, or seeded.

        Where only the explainer's own was replaced, the others still hold the state that all were made with. It must
        not count, or else a new state would give an answer that depends on what was explained before.
        """
        found = []
        for state in states[1:]:
            calm = state is self._home and (self._is_global or _fingerprint(state) in self._calm)
            if state is not states[0] and not calm:
                found.append(state)
        return found


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
    """Return a seed drawn from a RandomState, or from a Generator that somebody put in its place.

    >>> draw_seed(check_random_state(7)) == draw_seed(check_random_state(7))
    True
    """
    if hasattr(random_state, "bit_generator"):
        return int(random_state.integers(SEEDS))
    return int(check_random_state(random_state).randint(SEEDS))


def peek_seed(random_state: Any) -> int:
    """Return the seed that the next draw of a RandomState would give, without advancing it."""
    if random_state is None:
        random_state = check_random_state(None)
    return draw_seed(deepcopy(random_state))


def _fingerprint(state: Any) -> bytes:
    """Return what tells the present state from all others."""
    if hasattr(state, "bit_generator"):
        return pickle.dumps(state.bit_generator.state)
    if isinstance(state, int):
        return pickle.dumps(state)
    return pickle.dumps(check_random_state(state).get_state(legacy=False))
