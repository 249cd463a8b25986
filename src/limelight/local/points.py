"""Points of the unit cube that a background turns into rows: scrambled Sobol sequences, Latin hypercubes, plain ones.

Input: which rows of a sequence, of how many coordinates. Output: points; a row is the same however it is asked for.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import UnknownNameError
from limelight.local.replicates import GROUPS, SCRAMBLES

PointDesign = Literal["sobol", "lhs", "plain"]
POINT_DESIGNS = ("sobol", "lhs", "plain")
SOBOL_COORDINATES = 50
"""Beyond this many coordinates Sobol points gain nothing in sum, and make single weights several times worse."""


def points(design: PointDesign, start: int, stop: int, n_coordinates: int, seed: int) -> FloatArray:
    """Return rows start..stop of one sequence of points (stop − start, c), uniform in the unit cube [0, 1)^c.

    Parameters
    ----------
    design
        ``"sobol"``: scrambled Sobol points [owen1998], whose error for smooth functions falls faster than 1/√n. Rows
        are taken in turn from `replicates.SCRAMBLES` sequences, each scrambled on its own and with its coordinates in
        an order of its own: so no column has the better coordinates, and no poor projection is met in all of them.
        Beyond `SOBOL_COORDINATES` coordinates independent points are drawn instead. ``"lhs"``: a latin hypercube of
        these rows. ``"plain"``: independent points.
    start, stop
        Under ``"sobol"`` and ``"plain"`` a row is the same however it is asked for: a longer sequence begins with the
        shorter one. A latin hypercube belongs to its block.
    n_coordinates
        The number c of coordinates.
    seed
        Non-negative integer; it alone fixes the sequence.

    Raises
    ------
    UnknownNameError
        If `design` is not known.

    >>> whole = points("sobol", 0, 16, 2, seed=1)
    >>> bool((whole[5:] == points("sobol", 5, 16, 2, seed=1)).all())
    True
    """
    if design not in POINT_DESIGNS:
        raise UnknownNameError("design", design, POINT_DESIGNS)
    rows = stop - start
    if rows <= 0 or n_coordinates == 0:
        return np.empty((max(rows, 0), n_coordinates))
    if design == "lhs":
        return _latin_hypercube(rows, n_coordinates, np.random.default_rng([seed, start]))
    if are_scrambled(design, n_coordinates):
        return _in_turn(start, stop, n_coordinates, seed)
    generator = np.random.PCG64(seed)
    # jump to the row, so that a longer sequence begins with the shorter one
    generator.advance(start * n_coordinates)
    return np.random.Generator(generator).random((rows, n_coordinates))


def are_scrambled(design: PointDesign, n_coordinates: int) -> bool:
    """Return whether `points` takes rows in turn from scrambled sequences.

    >>> are_scrambled("sobol", 12), are_scrambled("sobol", 120), are_scrambled("lhs", 12)
    (True, False, False)
    """
    return design == "sobol" and n_coordinates <= SOBOL_COORDINATES


def n_replicates(design: PointDesign, n_coordinates: int) -> int:
    """Return into how many independent replicates the rows of `points` fall; row i belongs to number i mod R."""
    if are_scrambled(design, n_coordinates):
        return SCRAMBLES
    return GROUPS


def _in_turn(start: int, stop: int, n_coordinates: int, seed: int) -> FloatArray:
    """Return rows start..stop, row i from sequence i mod R."""
    found = np.empty((stop - start, n_coordinates))
    for sequence in range(SCRAMBLES):
        # how many of its rows lie before `start`, and before `stop`
        first = (start + SCRAMBLES - 1 - sequence) // SCRAMBLES
        last = (stop + SCRAMBLES - 1 - sequence) // SCRAMBLES
        if last > first:
            # first coordinates are the best balanced: every sequence favours other columns
            order = np.random.default_rng([seed, sequence, 1]).permutation(n_coordinates)
            drawn = _sobol(first, last - first, n_coordinates, [seed, sequence])
            found[SCRAMBLES * first + sequence - start :: SCRAMBLES] = drawn[:, order]
    return found


def _sobol(start: int, rows: int, n_coordinates: int, seed: list[int]) -> FloatArray:
    from scipy.stats import qmc

    engine = qmc.Sobol(n_coordinates, scramble=True, seed=np.random.default_rng(seed))
    if start:
        engine.fast_forward(start)
        return np.asarray(engine.random(rows))
    # One row first: scipy warns when a first request is no power of two, although the prefix is what we ask for.
    first = engine.random(1)
    if rows > 1:
        return np.concatenate([first, engine.random(rows - 1)])
    return np.asarray(first)


def _latin_hypercube(rows: int, n_coordinates: int, rng: np.random.Generator) -> FloatArray:
    strata = rng.permuted(np.tile(np.arange(rows, dtype=float)[:, None], (1, n_coordinates)), axis=0)
    return np.asarray((strata + rng.random((rows, n_coordinates))) / rows)
