"""Every knob, once: the keyword arguments of `Explainer`, the command line's flags, and what provenance records."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypedDict

import numpy as np

from limelight.errors import InputError, UnknownNameError
from limelight.seeding import resolve_seed

Targets = str | int | Sequence[str | int]
"""A name, a label, an index, or several of them."""

SELECTIONS = ("auto", "forward", "highest_weights", "lasso_path", "none")
SAMPLERS = ("auto", "pairs", "sobol", "lhs", "plain")
STOPS = ("auto", "precision", "ranking")
OF_THE_RUN = ("batch_size", "max_in_flight")
"""Settings that say how a run asks the model, and change no result."""

MOST_SAMPLES = 100_000_000
"""Perturbations of one neighborhood: some gigabytes; a typing error asks for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How explanations are computed.

    Parameters
    ----------
    targets
        Which model outputs to explain: ``"auto"`` (default: where outputs compete, as classes do, the largest for the
        instance, since that is the question people ask; of up to five quantities all), ``"top1"``, ``"top3"`` and so
        on, ``"all"``, a name, a label, an index, or a sequence of these. A number is a label where labels are numbers.
    max_features
        How many features an explanation shows; None shows all. Ten fit on a screen.
    n_samples
        ``"auto"`` (default) draws until precise; an integer draws exactly that many perturbations.
    tolerance
        With ``n_samples="auto"``, unless ``stop="ranking"``: stop when the largest standard error is below this
        fraction of the largest weight. 0.05 keeps the largest weight within about ±10 % of itself.
    max_samples
        The budget for ``n_samples="auto"``; None takes the modality's own.
    stop
        ``"precision"``: as soon as `tolerance` is reached. ``"auto"`` (default): after reaching `tolerance`, keep
        sampling (up to lime's default number of rows) while the five largest features are uncertain, so that the
        ranking does not depend on the seed.
        ``"ranking"``: when the set and the signs of the shown features are separated.
    seed
        Non-negative integer. 0 by default, so that the same question has the same answer for everybody who does not
        choose otherwise; None draws a fresh one and records it. Same instance, same seed: same explanation.
    sampler
        ``"auto"`` (default), ``"pairs"`` or ``"plain"`` for masks; ``"sobol"``, ``"lhs"`` or ``"plain"`` for tables.
    control_variates
        Whether noise may be removed by a second, richer model of the outputs; it does not move the estimand.
    distance
        ``"euclidean"``, ``"cosine"``, a callable ``(Z, center) -> (n,)``, or None for the modality's own.
    kernel
        ``"exponential"``, exp(−D²/2w²), or a callable ``(D, width) -> (n,)``.
    kernel_width
        Width w in units of the distance; None takes LIME's (0.75·√d euclidean, 0.25 cosine); ``"auto"`` chooses by
        held-out fidelity from the same samples.
    selection
        ``"auto"``, ``"forward"``, ``"highest_weights"``, ``"lasso_path"`` or ``"none"``.
    surrogate
        ``"ridge"`` or any scikit-learn regressor with ``coef_`` that takes ``sample_weight``.
    regularization
        Ridge penalty as a fraction of the total weight. 0 (default) leaves linear models unbiased.
    refit
        Refit the selected features alone, as lime does. Off, because it inflates weights of correlated masks.
    replicates
        How often each perturbation is asked, so that intervals cover a noisy model's own noise. ``"auto"`` (default)
        asks a handful of perturbations of every neighborhood twice, and all of them where the two answers differ; all
        masks there are (few features) are then asked until their means are precise. 1 trusts the model to be steady.
    batch_size
        Model rows in one call; ``"auto"`` measures. Never changes the result.
    max_in_flight
        How many calls of the model may be made at once. None (default): one by each thread that explains. A number is
        kept over all threads, and as many batches of one explanation are sent at once; the model must bear that. 1
        asks one after the other, whoever explains. Never changes the result.
    fresh
        Draw a neighborhood of its own for every table row instead of the shared one.

    Raises
    ------
    InputError
        If a value is out of range; the message names the argument, what was expected and what was given.

    >>> Settings().max_features, Settings().seed
    (10, 0)
    """

    targets: Targets = "auto"
    max_features: int | None = 10
    n_samples: int | str = "auto"
    tolerance: float = 0.05
    max_samples: int | None = None
    stop: str = "auto"
    seed: int | None = 0
    sampler: str = "auto"
    control_variates: bool = True
    distance: str | Callable[..., Any] | None = None
    kernel: str | Callable[..., Any] = "exponential"
    kernel_width: float | str | None = None
    selection: str = "auto"
    surrogate: Any = "ridge"
    regularization: float = 0.0
    refit: bool = False
    replicates: int | str = "auto"
    batch_size: int | str = "auto"
    max_in_flight: int | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", resolve_seed(self.seed))
        if isinstance(self.targets, (list, np.ndarray)):  # the caller may change the list afterwards
            object.__setattr__(self, "targets", tuple(self.targets))
        _check_counts(self)
        _check_names(self)
        _check_switches(self)
        _check_combinations(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON; callables and estimators by their name."""
        return {name: _as_json(value) for name, value in asdict(self).items()}

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all settings.

        >>> "tolerance" in Settings.names()
        True
        """
        return tuple(field.name for field in fields(cls))


class SettingsArguments(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments, for type checkers; what they mean is said there.

    Literals name the words that a field takes, so that an editor completes them and a typing error is found unread.
    """

    targets: Targets
    max_features: int | None
    n_samples: int | Literal["auto"]
    tolerance: float
    max_samples: int | None
    stop: Literal["auto", "precision", "ranking"]
    seed: int | None
    sampler: Literal["auto", "pairs", "sobol", "lhs", "plain"]
    control_variates: bool
    distance: Literal["euclidean", "cosine"] | Callable[..., Any] | None
    kernel: Literal["exponential"] | Callable[..., Any]
    kernel_width: float | Literal["auto"] | None
    selection: Literal["auto", "forward", "highest_weights", "lasso_path", "none"]
    surrogate: Any
    regularization: float
    refit: bool
    replicates: int | Literal["auto"]
    batch_size: int | Literal["auto"]
    max_in_flight: int | None
    fresh: bool


def _check_counts(settings: Settings) -> None:
    _positive_integer("max_features", settings.max_features, allow_none=True)
    _positive_integer("max_samples", settings.max_samples, allow_none=True)
    _positive_integer("max_in_flight", settings.max_in_flight, allow_none=True)
    if not _says_auto(settings.n_samples):
        _positive_integer("n_samples", settings.n_samples, also="'auto'")
    if not _says_auto(settings.replicates):
        _positive_integer("replicates", settings.replicates, also="'auto'")
    if not _says_auto(settings.batch_size):
        _positive_integer("batch_size", settings.batch_size, also="'auto'")
    if not _is_number(settings.tolerance) or not 0 < settings.tolerance < 1:
        raise InputError(
            f"tolerance: expected a fraction between 0 and 1, got {settings.tolerance!r}; 0.05 is the default."
        )
    if not _is_number(settings.regularization) or not 0 <= settings.regularization < float("inf"):
        raise InputError(
            f"regularization: expected a number ≥ 0, got {settings.regularization!r}; 0 leaves weights unbiased."
        )
    width: Any = settings.kernel_width
    if width is None or _says_auto(width):
        return
    if not _is_number(width) or not 0 < width < float("inf"):
        raise InputError(f"kernel_width: expected a positive number, 'auto' or None, got {width!r}.")


def _check_names(settings: Settings) -> None:
    for argument, names in (("selection", SELECTIONS), ("sampler", SAMPLERS), ("stop", STOPS)):
        if not isinstance(getattr(settings, argument), str) or getattr(settings, argument) not in names:
            raise UnknownNameError(argument, getattr(settings, argument), names)
    or_callable: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("distance", ("euclidean", "cosine")),
        ("kernel", ("exponential",)),
        ("surrogate", ("ridge",)),
    )
    for argument, known in or_callable:
        value = getattr(settings, argument)
        if isinstance(value, str) and value not in known:
            raise UnknownNameError(argument, value, known)
        if argument != "surrogate" and value is not None and not isinstance(value, str) and not callable(value):
            raise InputError(
                f"{argument}: expected {' or '.join(map(repr, known))} or a callable, got {value!r}; leave it out for "
                "the usual one."
            )
    if not isinstance(settings.surrogate, str) and not hasattr(settings.surrogate, "fit"):
        raise InputError(
            f"surrogate: expected 'ridge' or a scikit-learn regressor, got {type(settings.surrogate).__name__}; "
            "pass for example sklearn.linear_model.Ridge(alpha=1)."
        )


def _check_switches(settings: Settings) -> None:
    for argument in ("refit", "fresh"):
        if not isinstance(getattr(settings, argument), (bool, np.bool_)):
            raise InputError(f"{argument}: expected True or False, got {getattr(settings, argument)!r}.")


def _check_combinations(settings: Settings) -> None:
    fixed = settings.n_samples != "auto"
    if fixed and settings.max_samples is not None:
        raise InputError("max_samples: has no effect with a fixed n_samples; leave one of them out.")
    if fixed and settings.stop != "auto":
        raise InputError("stop: has no effect with a fixed n_samples; use n_samples='auto'.")
    own = not isinstance(settings.surrogate, str)
    if own and settings.regularization:
        raise InputError("regularization: has no effect with a surrogate of your own; set its penalty there.")
    if callable(settings.distance) and settings.kernel_width is None and settings.kernel == "exponential":
        raise InputError("kernel_width: needed with a distance of your own, whose units only you know.")
    if settings.refit and settings.max_features is None:
        raise InputError("refit: has no effect when all features are shown; give max_features.")


def whole(value: Any) -> int | None:
    """Return one integer, of whichever library, as Python's; None for anything else.

    >>> whole(np.int8(3)), whole(True), whole(3.0), whole(np.array([3, 4]))
    (3, None, None, None)
    """
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _says_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _is_number(value: Any) -> bool:
    """Return whether something is one real number."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _positive_integer(argument: str, value: Any, *, allow_none: bool = False, also: str = "") -> None:
    if value is None and allow_none:
        return
    if (whole(value) or 0) < 1:
        other = "None" if allow_none else also
        raise InputError(f"{argument}: expected a positive integer or {other}, got {value!r}.")
    if argument in ("n_samples", "max_samples") and int(value) > MOST_SAMPLES:
        raise InputError(
            f"{argument}: expected at most {MOST_SAMPLES:,}, since perturbations are held in memory, got {value:,}; a "
            "hundred thousand make intervals narrower than anybody reads."
        )


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return getattr(value, "__qualname__", None) or repr(value)
