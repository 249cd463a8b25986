"""The laws that every modality keeps, as checks that its author calls: ours, and yours.

Input: a modality and a few instances. Output: nothing, or `LawError` with the law and what was seen. A model that turns
each input into a number between 0 and 1 by its content alone stands in for all models: any two inputs that differ at
all are told apart, and nothing about it is smooth or additive.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from limelight.contracts import (
    Encoded,
    Feature,
    FloatArray,
    Inputs,
    MaskArray,
    Masked,
    Modality,
    Representation,
)
from limelight.errors import LimelightError
from limelight.explainer import Explainer
from limelight.inputs.kinds import concatenate_fresh, count, take
from limelight.interpretable.components import fingerprint
from limelight.result.explanation import Explanation
from limelight.seeding import stream
from limelight.testing.altered import Altered, Linear, Vandal
from limelight.views.kinds import names as layout_kinds

BATCH_SIZES = (1, 7, 256)
EXHAUSTIVE_FEATURES = 10
"""With up to so many features all masks are asked in the checks that need an answer without sampling error."""


class LawError(LimelightError, AssertionError):
    """A modality does not keep a law; the message names it and says what was seen."""


@dataclass(frozen=True)
class Case:
    """A modality on trial.

    Parameters
    ----------
    modality
        What is checked.
    instances
        A few different instances that it explains.
    model
        Asked about its inputs; a number of the content of each input by default.
    n_samples
        Perturbations of each explanation.
    """

    modality: Modality
    instances: Sequence[Any]
    model: Callable[[Inputs], FloatArray]
    n_samples: int

    def explainer(self, model: Any = None, modality: Modality | None = None, **settings: Any) -> Explainer:
        """Return an explainer of seed 0 with the settings of the case."""
        options: dict[str, Any] = {"n_samples": self.n_samples, "seed": 0, "targets": "all"} | settings
        return Explainer(model or self.model, modality or self.modality, **options)

    @cached_property
    def alone(self) -> list[Explanation]:
        """The explanation of each instance by an explainer of its own."""
        return [self.explainer().explain(instance) for instance in self.instances]

    @cached_property
    def representations(self) -> list[Representation]:
        """The representation of each instance."""
        return [self.modality.represent(instance, stream(0, b"", "represent")) for instance in self.instances]

    @property
    def masked(self) -> Iterator[Masked]:
        """Those that rebuild inputs from masks."""
        return (cast(Masked, each) for each in self.representations if not hasattr(each, "encode"))


Law = Callable[[Case], None]


def check_modality(
    modality: Modality,
    instances: Sequence[Any],
    *,
    model: Callable[[Inputs], FloatArray] | None = None,
    n_samples: int = 48,
) -> None:
    """Check that a modality keeps every law of `LAWS`; call it in the tests of your own.

    Parameters
    ----------
    modality
        What is checked.
    instances
        Two or more different instances that it explains, small ones: each is explained about twenty times.
    model
        A function of n model inputs to numbers (n,) or (n, k) whose answer to an input does not depend on its batch. By
        default a number of each input's content, which works for inputs of any kind.
    n_samples
        Perturbations of each explanation; 48 are enough to tell two explanations apart.

    Raises
    ------
    LawError
        If a law is broken.

    Examples
    --------
    >>> import operator
    >>> from limelight import Components
    >>> check_modality(Components(["a", "b", "c"], compose=operator.mul), [1.0, 2.0])
    """
    case = Case(modality, list(instances), model or number_of_content, n_samples)
    try:
        for law in LAWS:
            law(case)
    except LimelightError:
        raise
    except Exception as error:  # whatever a part that is missing, or of another type, leads to
        raise LawError(f"{law.__name__}: broken; got {type(error).__name__}: {error}") from error


def number_of_content(inputs: Inputs) -> FloatArray:
    """Return for each of n model inputs a number in [0, 1) that any change of its content changes, (n,).

    >>> bool(np.ptp(number_of_content(["good", "good"])) == 0), bool(np.ptp(number_of_content(["good", "bad"])) > 0)
    (True, True)
    """
    return np.array([int.from_bytes(fingerprint(each)[:6], "big") / 2**48 for each in each_input(inputs)])


def each_input(inputs: Inputs) -> Iterator[Any]:
    """Yield n model inputs one by one, as things that can be compared: rows of frames as lists, tensors as arrays."""
    inputs = concatenate_fresh([inputs])
    if not isinstance(inputs, (np.ndarray, list, tuple)):
        inputs = [take(inputs, slice(i, i + 1)) for i in range(count(inputs))]
    yield from map(_comparable, inputs)


# -- the laws ---------------------------------------------------------------------------------------------------------


def same_explanation_however_asked(case: Case) -> None:
    """Same instance and seed: same explanation, alone, in a batch, in any order, in any batch size, asked again."""
    for size in BATCH_SIZES:
        explained = case.explainer(batch_size=size).explain_many(list(case.instances))
        _equal(case.alone, list(explained), f"explained together in batches of {size}")
    backwards = list(case.explainer().explain_many(list(case.instances)[::-1]))[::-1]
    _equal(case.alone, backwards, "explained in another order")
    explainer = case.explainer()
    for _ in range(2):
        _equal(case.alone, [explainer.explain(instance) for instance in case.instances], "explained by one explainer")


def representation_is_well_formed(case: Case) -> None:
    """Features are features with an identity of their own, the center fits them, the layout is JSON."""
    for each in case.representations:
        d = len(each.features)
        _hold(all(isinstance(feature, Feature) for feature in each.features), "features are Feature objects")
        keys = [feature.where for feature in each.features]
        _hold(len(set(keys)) == d, "no two features of an instance have the same `where`", keys)
        fits = np.shape(each.center) == (d,) and np.isfinite(each.center).all()
        _hold(fits, "center is (d,) and finite", each.center)
        _hold(count(each.original) == 1, "original is one model input", count(each.original))
        kind, kinds = each.layout().get("kind"), layout_kinds()
        _hold(kind in kinds, f"layout()['kind'] is one of {kinds} (limelight.views.kinds.register adds more)", kind)
        json.dumps(each.layout(), allow_nan=False)
    json.dumps(case.modality.describe(), allow_nan=False)
    _hold(case.modality.max_samples > 0, "max_samples is positive", case.modality.max_samples)


def content_is_the_instance(case: Case) -> None:
    """Equal instances have equal content, different ones different content: it keys their random streams."""
    copies = [case.modality.represent(copy.deepcopy(x), stream(0, b"", "represent")) for x in case.instances]
    contents = [each.content for each in case.representations]
    _hold([each.content for each in copies] == contents, "content is equal for equal instances")
    _hold(len(set(contents)) == len(contents), "content differs for different instances")


def all_ones_are_the_instance(case: Case) -> None:
    """reconstruct(all ones) is the instance, exactly; a row encodes its own codes as its center."""
    for each in case.representations:
        if hasattr(each, "encode"):
            encoded = cast(Encoded, each).encode(cast(Encoded, each).own[None])
            _hold(np.array_equal(encoded[0], each.center), "encode(own) is the center", encoded)
            continue
        ones = np.ones((2, len(each.features)), np.uint8)
        rebuilt = cast(Masked, each).reconstruct(ones, _rng())
        own = fingerprint(next(each_input(each.original)))
        _hold([fingerprint(one) for one in each_input(rebuilt)] == [own] * 2, "reconstruct(all ones) is the original")


def rows_are_rebuilt_one_by_one(case: Case) -> None:
    """Masks give one input each, the same whatever else is rebuilt with them, and later calls leave it alone."""
    for each in case.masked:
        Z = _some_masks(len(each.features))
        first = each.reconstruct(Z, _rng())
        _hold(count(first) == len(Z), f"reconstruct gives {len(Z)} inputs for {len(Z)} masks", count(first))
        prints = [fingerprint(one) for one in each_input(first)]
        each.reconstruct(1 - Z, _rng())
        _hold(
            [fingerprint(one) for one in each_input(first)] == prints, "a later reconstruct changes no earlier inputs"
        )
        again = [fingerprint(one) for one in each_input(each.reconstruct(Z, _rng()))]
        _hold(again == prints, "reconstruct with the same rng gives the same inputs")
        if each.deterministic:
            single = [each.reconstruct(Z[i : i + 1], _rng(i)) for i in range(len(Z))]
            _hold(
                [fingerprint(next(each_input(one))) for one in single] == prints,
                "a deterministic reconstruct gives the same input for a mask with any rng, alone or among others",
            )
        _hold(each.chunk >= 1, "chunk is at least 1", each.chunk)
        _hold(each.law in ("uniform", "bernoulli"), "law is 'uniform' or 'bernoulli'", each.law)


def everything_pickles(case: Case) -> None:
    """Modality and representations pickle; the copy explains and rebuilds alike."""
    copied = _pickled_and_back(case.modality)
    explainer = case.explainer(modality=copied)
    _equal(case.alone, [explainer.explain(instance) for instance in case.instances], "explained by a pickled copy")
    for each in case.masked:
        Z = _some_masks(len(each.features))
        pair = [list(each_input(one.reconstruct(Z, _rng()))) for one in (each, _pickled_and_back(each))]
        _hold(fingerprint(pair[0]) == fingerprint(pair[1]), "a pickled representation rebuilds the same inputs")


def nothing_is_changed(case: Case) -> None:
    """Explaining changes no instance, even where the model writes into its inputs, and no modality."""
    before = [fingerprint(_comparable(instance)) for instance in case.instances]
    described = json.dumps(case.modality.describe())
    list(case.explainer(Vandal(case.model)).explain_many(list(case.instances)))
    after = [fingerprint(_comparable(instance)) for instance in case.instances]
    _hold(before == after, "explaining changes no instance")
    _hold(described == json.dumps(case.modality.describe()), "explaining changes no modality")
    _equal(case.alone, [case.explainer().explain(instance) for instance in case.instances], "after a model that writes")


def never_nan(case: Case) -> None:
    """No number of an explanation is NaN or infinite."""
    for each in case.alone:
        numbers = (
            each.coef,
            each.stderr,
            each.intercept,
            each.prediction,
            each.local_prediction,
            np.where(each.coef.any(axis=1), each.fidelity, 0.0),  # none where the output never moved
            each.r2,
        )
        _hold(all(np.isfinite(array).all() for array in numbers), "every number of an explanation is finite", each)


def constant_model_weighs_nothing(case: Case) -> None:
    """A constant model gives zero weights, its constant, and no fidelity: nothing of it is there to be explained."""
    for instance in case.instances:
        each = case.explainer(_constant).explain(instance)
        _hold(np.abs(each.coef).max(initial=0.0) < 1e-9, "a constant model gives zero weights", each.coef)
        _hold(np.allclose(each.intercept, 0.25, atol=1e-9), "a constant model gives its constant", each.intercept)
        _hold(np.isnan(each.fidelity).all(), "a constant model gives no fidelity", each.fidelity)


def linear_function_comes_back(case: Case) -> None:
    """A linear function of the features comes back exactly, through the modality's distance and law."""
    for instance, each in zip(case.instances, case.representations, strict=True):
        if hasattr(each, "encode"):
            continue
        d = len(each.features)
        true = np.linspace(-1.0, 2.0, d)
        bare = Altered(case.modality, tuple(range(d)), "", bare=True)
        found = case.explainer(Linear(true), bare, n_samples=max(case.n_samples, 4 * d)).explain(instance)
        _hold(
            np.allclose(found.coef, true, rtol=0, atol=1e-9), "a linear function comes back to 1e-9", found.coef - true
        )


def names_and_order_do_not_matter(case: Case) -> None:
    """Renaming features renames them in the explanation; permuting them permutes it."""
    for i, (instance, each) in enumerate(zip(case.instances, case.representations, strict=True)):
        d = len(each.features)
        renamed = case.explainer(modality=Altered(case.modality, tuple(range(d)), " (renamed)")).explain(instance)
        _hold(np.array_equal(renamed.coef, case.alone[i].coef), "renaming features changes no weight", renamed.coef)
        if hasattr(each, "encode") or not each.deterministic or d > EXHAUSTIVE_FEATURES:  # type: ignore[attr-defined]
            continue
        order = tuple(range(d))[::-1]
        straight = case.explainer(n_samples=2**d).explain(instance)
        turned = case.explainer(modality=Altered(case.modality, order, ""), n_samples=2**d).explain(instance)
        difference = turned.coef - straight.coef[:, list(order)]
        _hold(np.allclose(difference, 0, atol=1e-9), "permuting features permutes the weights", difference)


LAWS: tuple[Law, ...] = (
    representation_is_well_formed,
    content_is_the_instance,
    all_ones_are_the_instance,
    rows_are_rebuilt_one_by_one,
    same_explanation_however_asked,
    everything_pickles,
    nothing_is_changed,
    never_nan,
    constant_model_weighs_nothing,
    linear_function_comes_back,
    names_and_order_do_not_matter,
)
"""Every law, in the order of checking: what is simplest to mend comes first."""


def _pickled_and_back(thing: Any) -> Any:
    try:
        return pickle.loads(pickle.dumps(thing))
    except Exception as error:  # of whatever class the thing chooses
        raise LawError(f"{type(thing).__name__} pickles: broken; got {type(error).__name__}: {error}") from error


def _constant(inputs: Inputs) -> FloatArray:
    return np.full(count(inputs), 0.25)


def _rng(seed: int = 0) -> np.random.Generator:
    return stream(seed, b"", "reconstruct")


def _some_masks(d: int) -> MaskArray:
    Z = stream(0, b"masks", "sample").integers(0, 2, (9, d)).astype(np.uint8)
    Z[0], Z[1] = 0, 1
    return Z


def _comparable(thing: Any) -> Any:
    """Return something that `fingerprint` tells by content: frames as lists, tensors and images as arrays."""
    if hasattr(thing, "detach"):
        thing = thing.detach().cpu()
        return np.asarray((thing.float() if "bfloat16" in str(thing.dtype) else thing).numpy())
    if hasattr(thing, "getbands"):
        return thing.mode, np.asarray(thing)
    if hasattr(thing, "toarray"):
        return thing.toarray()
    if hasattr(thing, "to_dict"):
        if getattr(thing, "ndim", 1) == 2 and hasattr(thing, "iloc"):
            thing = thing.to_dict("list")
        else:
            thing = thing.to_dict()
        return {str(name): [repr(v) for v in np.atleast_1d(np.asarray(value, object))] for name, value in thing.items()}
    return thing


def _equal(expected: Sequence[Explanation], found: Sequence[Explanation], how: str) -> None:
    _hold(len(expected) == len(found), f"as many explanations as instances, {how}", len(found))
    for first, second in zip(expected, found, strict=True):
        same = first.targets == second.targets and first.features == second.features
        for name in ("coef", "stderr", "intercept", "prediction", "fidelity"):
            mine, other = getattr(first, name), getattr(second, name)
            same = same and np.array_equal(mine, other, equal_nan=True)
        same = same and all(map(np.array_equal, first.selected, second.selected))
        _hold(same, f"the same explanation when {how}", f"weights {second.coef} instead of {first.coef}")


def _hold(claim: bool | np.bool_, law: str, seen: object = None) -> None:
    if not claim:
        raise LawError(f"{law}: broken" + ("" if seen is None else f"; got {seen}"))
