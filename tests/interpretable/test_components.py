"""Parts by name, composed by a function: what masks it sees, what it may return, and how it is told off."""

import operator

import numpy as np
import pytest

import limelight as ll
from limelight.contracts import Where
from limelight.errors import InputError
from limelight.interpretable.components import Components, fingerprint

RNG = np.random.default_rng(0)


def collect(masks):
    return [tuple(mask) for mask in masks]


def shown(masks, instance):
    return [[part for part, on in zip(instance, mask, strict=True) if on] for mask in masks]


def test_compose_sees_bool_masks_and_the_original_has_every_part():
    parts = Components(["a", "b"], collect).represent(None, RNG)
    assert parts.original == [(True, True)]
    assert parts.reconstruct(np.array([[0, 1], [1, 0]], np.uint8), RNG) == [(False, True), (True, False)]
    assert [feature.where for feature in parts.features] == [Where("part", "a"), Where("part", "b")]
    assert parts.layout() == {"kind": "bars"}


def test_compose_with_two_arguments_gets_the_instance_and_names_may_depend_on_it():
    modality = Components(list, shown)
    assert modality.represent("xyz", RNG).reconstruct(np.array([[1, 0, 1]]), RNG) == [["x", "z"]]
    assert len(modality.represent("", RNG).features) == 0


def test_every_instance_of_a_stream_has_parts_of_its_own():
    explainer = ll.Explainer(
        lambda lists: np.array([len(each) for each in lists], float), Components(list, shown), seed=0
    )
    found = list(explainer.explain_many(["ab", "xyz", ""]))
    assert [dict(each.as_list()) for each in found] == [
        pytest.approx({"a": 1, "b": 1}),
        pytest.approx({"x": 1, "y": 1, "z": 1}),
        {},
    ]


def test_chunks_bound_how_many_masks_are_composed_at_once():
    seen = []

    def compose(masks):
        seen.append(len(masks))
        return masks.astype(float)

    parts = Components([str(j) for j in range(20)], compose, chunk=7)
    ll.Explainer(lambda X: X[:, 0], parts, seed=0, n_samples=50).explain(None)
    assert max(seen) == 7


def test_content_is_equal_for_equal_instances_of_every_kind():
    for make in (lambda: {"a": np.ones(3)}, lambda: [1, ("x", None)], lambda: np.float32(2.0), lambda: {1, 2}):
        assert fingerprint(make()) == fingerprint(make())
    assert fingerprint(np.zeros(2)) != fingerprint(np.zeros(2, np.float32))
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    assert fingerprint("\ud800") != fingerprint("\ud801")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Components("ab", collect), "names: expected a list of strings, .* got 'ab'"),
        (lambda: Components(["a", 2], collect), "names: .* got 2"),
        (lambda: Components(["a", "a"], collect), "names: expected different names, got 'a' twice"),
        (lambda: Components(["a"], None), "compose: expected a function .* got NoneType"),
        (lambda: Components(["a"], collect, chunk=0), "chunk: expected a positive"),
    ],
)
def test_what_does_not_fit_is_said_before_the_model_is_asked(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_a_composition_of_the_wrong_number_is_said():
    parts = Components(["a", "b"], lambda masks: masks[:1]).represent(None, RNG)
    with pytest.raises(InputError, match="compose: expected 3 model inputs for 3 masks, got 1"):
        parts.reconstruct(np.ones((3, 2)), RNG)


def test_one_part_and_no_part_are_explained():
    one = ll.Explainer(lambda X: X[:, 0], Components(["only"], operator.mul), seed=0).explain(np.array([3.0]))
    assert one.as_list() == [("only", pytest.approx(3.0))]
    none = ll.Explainer(lambda X: np.full(len(X), 7.0), Components([], operator.mul), seed=0).explain(np.zeros(0))
    assert none.as_list() == []
    assert none.intercept[0] == 7.0


def test_options_are_told_as_json():
    assert Components(["a"], collect).describe() == {
        "modality": "components",
        "names": ["a"],
        "compose": f"{__name__}.collect",
        "deterministic": True,
    }
