"""Solve and invert symmetric matrices that are positive definite, by Cholesky's half of the work.

Input: Gram matrices with a ridge penalty, right sides. Output: solutions and inverses. Where rounding has made a matrix
indefinite, elimination with pivots takes over.
"""

from __future__ import annotations

import numpy as np

from limelight.contracts import FloatArray

_ROUNDING = 1e-10
"""What is added to a diagonal, relative to it, where rounding has made a matrix indefinite."""


def solve_positive(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return x with `matrix` x = `right` (p,) or (p, k); the matrix (p, p) is overwritten.

    >>> solve_positive(np.array([[4.0, 2.0], [2.0, 2.0]]), np.array([2.0, 2.0])).tolist()
    [0.0, 1.0]
    """
    from scipy.linalg.lapack import dposv

    kept = matrix.diagonal().copy()
    # LAPACK reads by columns, so that its lower half is numpy's upper one
    _, found, failed = dposv(matrix.T, right, lower=True, overwrite_a=True)
    if failed:
        return np.asarray(np.linalg.solve(_as_before(matrix, kept), right))
    return np.asarray(found).reshape(right.shape)


def invert_positive(matrix: FloatArray) -> FloatArray:
    """Return the inverse (p, p); the matrix is overwritten.

    >>> invert_positive(np.array([[4.0, 2.0], [2.0, 2.0]])).tolist()
    [[0.5, -0.5], [-0.5, 1.0]]
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    kept = matrix.diagonal().copy()
    factor, failed = dpotrf(matrix.T, lower=True, clean=False, overwrite_a=True)
    if failed:
        return np.asarray(np.linalg.inv(_as_before(matrix, kept)))
    inverse, _ = dpotri(factor, lower=True, overwrite_c=True)
    # only its lower half has been made
    lower = np.tril(inverse, -1)
    lower += lower.T
    np.fill_diagonal(lower, inverse.diagonal())
    return np.asarray(lower)


def half_inverse(matrix: FloatArray) -> FloatArray:
    """Return H (p, p), zero below its diagonal, with H H' the inverse; the matrix is overwritten.

    >>> half_inverse(np.array([[4.0, 2.0], [2.0, 2.0]])).tolist()
    [[0.5, -0.5], [0.0, 1.0]]
    """
    from scipy.linalg.lapack import dpotrf, dtrtri

    kept = matrix.diagonal().copy()
    factor, failed = dpotrf(matrix.T, lower=True, clean=False, overwrite_a=True)
    if failed:
        # its smallest eigenvalues are rounding: so little more on the diagonal makes them positive
        return half_inverse(_as_before(matrix, kept * (1.0 + _ROUNDING)))
    inverse, _ = dtrtri(factor, lower=True, overwrite_c=True)
    return np.triu(inverse.T)


def _as_before(matrix: FloatArray, diagonal: FloatArray) -> FloatArray:
    """Return a symmetric matrix of which one half, and the diagonal, has been overwritten."""
    whole = np.tril(matrix, -1)
    whole += whole.T
    np.fill_diagonal(whole, diagonal)
    return whole
