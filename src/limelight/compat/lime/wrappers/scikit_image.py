"""Segmentation algorithms of scikit-image with their parameters bound.

Input: the name of an algorithm and its parameters in any version's words. Output: a callable from an image to labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import Any

from limelight.compat.lime.utils.generic_utils import has_arg
from limelight.errors import InputError, UnknownNameError
from limelight.optional import require

ALGORITHMS = ("quickshift", "felzenszwalb", "slic")
_SEEDS = ("rng", "seed", "random_seed")
"""What scikit-image has called the seed, the latest first."""


class BaseWrapper:
    """A callable, and parameters for it.

    Parameters
    ----------
    target_fn
        The callable; None for a subclass that is callable itself.
    **target_params
        Its parameters; `set_params` checks them, `filter_params` keeps those that it takes.
    """

    def __init__(self, target_fn: Any = None, **target_params: Any) -> None:
        self.target_fn = target_fn
        self.target_params = target_params

    def _check_params(self, parameters: Iterable[str]) -> None:
        """Raise ValueError for a parameter that the callable does not take, TypeError for what holds no names."""
        taker = self._taker()
        if isinstance(parameters, str) or not isinstance(parameters, Iterable):
            raise TypeError(f"parameters: expected a list or dict of names, got {parameters!r}; pass [{parameters!r}].")
        for name in parameters:
            if not has_arg(taker, name):
                raise UnknownNameError("parameters", name, _taken(taker))

    def _taker(self) -> Callable[..., Any]:
        if self.target_fn is None:
            if not callable(self):
                raise TypeError("target_fn: expected a callable, got None; pass one, or define __call__.")
            return self
        if isinstance(self.target_fn, (FunctionType, MethodType)):
            return self.target_fn
        call: Callable[..., Any] = self.target_fn.__call__
        return call

    def set_params(self, **params: Any) -> None:
        """Replace the parameters, after checking that the callable takes them."""
        self._check_params(params)
        self.target_params = params

    def filter_params(self, fn: Callable[..., Any], override: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the parameters that `fn` takes, with those of `override` added."""
        taken = {name: value for name, value in self.target_params.items() if has_arg(fn, name)}
        return {**taken, **(override or {})}


class SegmentationAlgorithm(BaseWrapper):
    """A segmentation of scikit-image with its parameters.

    Parameters
    ----------
    algo_type
        ``"quickshift"``, ``"felzenszwalb"`` or ``"slic"``.
    **target_params
        Its parameters. Those it does not take are left out, as in lime; the seed is understood under each of the names
        that scikit-image has given it (random_seed, seed, rng).

    Raises
    ------
    UnknownNameError
        If there is no such algorithm.

    >>> import numpy as np
    >>> ramp = np.broadcast_to(np.linspace(0, 1, 8), (8, 8)).copy()
    >>> SegmentationAlgorithm("slic", n_segments=2, channel_axis=None)(ramp).shape
    (8, 8)
    """

    def __init__(self, algo_type: str, **target_params: Any) -> None:
        if algo_type not in ALGORITHMS:
            raise UnknownNameError("algo_type", algo_type, ALGORITHMS)
        self.algo_type = algo_type
        function = getattr(require("skimage.segmentation", "image"), algo_type)
        super().__init__(function, **_seeded(function, target_params))
        self.set_params(**self.filter_params(function))

    def __call__(self, *args: Any) -> Any:
        """Return the labels (h, w) of an image."""
        if not args:
            raise InputError("image: expected an array (h, w, 3), got nothing; call the algorithm with an image.")
        return self.target_fn(args[0], **self.target_params)


def _seeded(function: Callable[..., Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the seed under the name that this version of scikit-image takes."""
    given = [name for name in _SEEDS if name in parameters]
    takes = next((name for name in _SEEDS if has_arg(function, name)), None)
    if not given or takes is None or takes in given:
        return parameters
    others = {name: value for name, value in parameters.items() if name not in _SEEDS}
    return {**others, takes: parameters[given[0]]}


def _taken(function: Callable[..., Any]) -> list[str]:
    import inspect

    return list(inspect.signature(function).parameters)
