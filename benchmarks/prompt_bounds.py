"""How many planted causes could anybody find? The posterior of one who knows how causes act, and the share of flips.

Two bounds for `prompts.py`, on the very masks and answers that limelight asked for. `by_score` sees what each answer
scores, `by_statements` which statements it makes. Both know that a prompt has two causes of one sentence, two together
and one of two, and the share of flips, which no method knows; each returns for every sentence the probability that it
is a cause. The ranking by it is best on average.
"""

from __future__ import annotations

import itertools

import numpy as np

SWEEPS = 300
WARM_UP = 20
SURE = 1e-6


class _Functions:
    """Masks (n, d) as functions of one sentence and of two."""

    def __init__(self, masks: np.ndarray) -> None:
        self.d = masks.shape[1]
        self.pairs = np.array(list(itertools.combinations(range(self.d), 2)))
        first, second = masks[:, self.pairs[:, 0]], masks[:, self.pairs[:, 1]]
        self.single = masks.T.astype(int)
        self.both, self.either = (first & second).T.astype(int), (first | second).T.astype(int)
        self.members = np.zeros((len(self.pairs), self.d), bool)
        self.members[np.arange(len(self.pairs)), self.pairs[:, 0]] = True
        self.members[np.arange(len(self.pairs)), self.pairs[:, 1]] = True


def by_statements(masks: np.ndarray, said: np.ndarray, flips: float) -> np.ndarray:
    """Return (d,) probabilities to be a cause, by which of the four statements (n, 4) were made."""
    functions = _Functions(masks)
    d, pairs = functions.d, len(functions.pairs)
    values = np.vstack([functions.single, functions.both, functions.either]).astype(bool)
    members = np.vstack([np.eye(d, dtype=bool), functions.members, functions.members])
    prior = np.log(np.concatenate([np.full(d, 0.5 / d), np.full(2 * pairs, 0.25 / pairs)]))
    odds = np.log((1 - max(flips, 1e-3)) / max(flips, 1e-3))
    none = np.ones(d)
    for statement in said.T:
        none *= 1 - np.clip(_shares((values == statement).sum(axis=1) * odds + prior) @ members, 0, 1 - 1e-12)
    return 1 - none


def by_score(
    masks: np.ndarray, said: np.ndarray, flips: float, causes: list[list[int]], *, match: bool = False
) -> np.ndarray:
    """Return (d,) probabilities to be a cause, by how many statements were made (or whether all were, for a match).

    Gibbs sampling that begins at the truth, which can only make the bound too high.
    """
    functions, rng = _Functions(masks), np.random.default_rng(0)
    likely = _likelihood(flips, match)[:, said.all(axis=1).astype(int) if match else said.sum(axis=1)]
    rows, place = np.arange(len(masks)), {tuple(pair): i for i, pair in enumerate(functions.pairs.tolist())}
    a, b = causes[0][0], causes[1][0]
    both, either = (place[tuple(sorted(cause))] for cause in causes[2:])
    found = np.zeros(functions.d)

    def shares(values: np.ndarray, others: np.ndarray, taken: np.ndarray) -> np.ndarray:
        log = values @ (likely[others + 1, rows] - likely[others, rows])
        return _shares(np.where(taken, -np.inf, log))

    for sweep in range(SWEEPS):
        pairs = functions.both[both] + functions.either[either]
        in_pairs = functions.members[both] | functions.members[either]
        of_a = shares(functions.single, functions.single[b] + pairs, in_pairs | (np.arange(functions.d) == b))
        a = int(rng.choice(len(of_a), p=of_a))
        of_b = shares(functions.single, functions.single[a] + pairs, in_pairs | (np.arange(functions.d) == a))
        b = int(rng.choice(len(of_b), p=of_b))
        alone, ends = functions.single[a] + functions.single[b], [a, b]
        taken = functions.members[:, [*ends, *functions.pairs[either]]].any(axis=1)
        of_both = shares(functions.both, alone + functions.either[either], taken)
        both = int(rng.choice(len(of_both), p=of_both))
        taken = functions.members[:, [*ends, *functions.pairs[both]]].any(axis=1)
        of_either = shares(functions.either, alone + functions.both[both], taken)
        either = int(rng.choice(len(of_either), p=of_either))
        if sweep >= WARM_UP:
            found[:] += of_a + of_b + of_both @ functions.members + of_either @ functions.members
    return found / (SWEEPS - WARM_UP)


def _shares(log: np.ndarray) -> np.ndarray:
    found = np.exp(log - log.max())
    return np.asarray(found / found.sum())


def _likelihood(flips: float, match: bool) -> np.ndarray:
    """Return log P(number said | number caused), (5, 5); for a match (5, 2)."""
    table = np.zeros((5, 5))
    for caused in range(5):
        law = np.ones(1)
        for statement in range(4):
            there = 1 - flips if statement < caused else flips
            law = np.convolve(law, [1 - there, there])
        table[caused] = law
    if match:
        table = np.column_stack([1 - table[:, 4], table[:, 4]])
    return np.asarray(np.log(np.maximum(table, SURE)))
