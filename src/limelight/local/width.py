"""What the kernel width does to an explanation, from the samples that are there already.

Input: the neighborhood and, for each width on a grid, the proximities of its rows. Output: weights, their errors,
held-out fidelity and effective sample size along the grid, and a choice. All widths re-weight the same rows: scanning
costs no model call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.geometry import effective_sample_size
from limelight.local.precision import estimate_plain

FACTORS = tuple(float(factor) for factor in 2.0 ** np.arange(-2.0, 3.5, 0.5))
"""The grid around LIME's own width: a quarter to eight times, in steps of √2."""

ROWS_PER_FEATURE = 10
"""A width that leaves fewer effective rows than ten for each feature is never chosen."""


@dataclass(frozen=True)
class KernelPath:
    """The explanation as a function of the kernel width.

    Parameters
    ----------
    widths
        (w,) the grid.
    coef, stderr
        (w, k, d) weights and standard errors.
    fidelity, fidelity_stderr
        (w, k) weighted R² on rows the fit has not seen, and its standard error.
    effective
        (w,) effective sample sizes.
    """

    widths: FloatArray
    coef: FloatArray
    stderr: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    effective: FloatArray

    def choose(self) -> float:
        """Return the most stable width among those whose fidelity is within a standard error of the best.

        Fidelity alone would take the narrowest kernel that happens to hold few rows; stability alone the widest. Where
        no width leaves `ROWS_PER_FEATURE` effective rows per feature, the one that leaves most is returned.
        """
        enough = self.effective >= ROWS_PER_FEATURE * self.coef.shape[2]
        if not enough.any():
            return float(self.widths[int(np.argmax(self.effective))])
        explained = np.nan_to_num(self.fidelity, nan=1.0)  # an output that never moved is no reason for any width
        fidelity = np.where(enough, explained.mean(axis=1), -np.inf)
        best = int(np.argmax(fidelity))
        close = enough & (fidelity >= fidelity[best] - np.nan_to_num(self.fidelity_stderr[best]).mean())
        # relative to each target's largest weight: where a kernel makes weights larger, errors may be larger too
        largest = np.abs(self.coef).max(axis=2, initial=0.0)
        error = self.stderr.max(axis=2, initial=0.0) / np.where(largest > 0, largest, 1.0)
        return float(self.widths[int(np.argmin(np.where(close, error.max(axis=1), np.inf)))])


def kernel_path(neighborhood: Neighborhood, widths: FloatArray, weights: FloatArray) -> KernelPath:
    """Return the explanation at every width of a grid, by plain least squares on the same rows.

    Parameters
    ----------
    neighborhood
        Perturbations and outputs; its own weights are not used.
    widths
        (w,) the grid.
    weights
        (w, n) design weight times proximity at each width.
    """
    fits = [estimate_plain(replace(neighborhood, weights=each)) for each in weights]
    return KernelPath(
        np.asarray(widths, float),
        np.array([fit.coef for fit in fits]),
        np.array([fit.stderr for fit in fits]),
        np.array([fit.fidelity for fit in fits]),
        np.array([fit.fidelity_stderr for fit in fits]),
        np.array([effective_sample_size(each) for each in weights]),
    )
