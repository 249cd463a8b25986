"""An instance of parts that is refilled is explained as it was each time."""

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.interpretable.components import own_copy

VALUES = ([1.0, 2.0], [10.0, 20.0], [5.0, 0.0])


def compose(masks, instance):
    values = instance["x"] if isinstance(instance, dict) else instance
    return masks * np.asarray(values)


def total(inputs):
    return inputs.sum(axis=1)


@pytest.mark.parametrize("buffer", [np.zeros(2), [0.0, 0.0], {"x": np.zeros(2)}])
def test_a_buffer_that_is_refilled_is_explained_as_it_was_each_time(buffer):
    def refilled():
        for values in VALUES:
            place = buffer["x"] if isinstance(buffer, dict) else buffer
            place[:] = values
            yield buffer

    explainer = ll.Explainer(total, ll.Components(["a", "b"], compose), seed=0)
    found = [explanation.coef[0].tolist() for explanation in explainer.explain_many(refilled())]
    assert found == [pytest.approx(values) for values in VALUES]


def test_a_tensor_is_copied_and_an_object_of_ones_own_is_handed_on():
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(2)
    kept = own_copy((tensor, "x"))
    tensor += 1
    assert kept[0].tolist() == [0, 0]
    thing = object()
    assert own_copy(thing) is thing


@pytest.mark.parametrize(
    ("argument", "make"),
    [
        ("fill", lambda: ll.Image(fill=[[1], [2, 3]])),
        ("fill", lambda: ll.Volume(fill=[[1], [2, 3]])),
        ("segments", lambda: ll.Image([[0], [0, 1]])),
        ("segments", lambda: ll.Volume([[[0]], [[0, 1]]])),
        ("windows", lambda: ll.TimeSeries([[0], [0, 1]])),
        ("fill", lambda: drawn(ll.Image("grid", lambda *_: [[1], [2, 3]]), np.zeros((4, 4)))),
        ("fill", lambda: drawn(ll.Volume("grid", fill=lambda *_: [[1], [2, 3]]), np.zeros((4, 4, 4)))),
        ("segments", lambda: drawn(ll.Image(lambda *_: [[0], [0, 1]]), np.zeros((4, 4)))),
        ("windows", lambda: drawn(ll.TimeSeries(lambda *_: [[0], [0, 1]]), np.zeros(4))),
        ("fill", lambda: drawn(ll.TimeSeries(fill=lambda *_: [[0], [0, 1]]), np.zeros(4))),
    ],
)
def test_lists_of_unequal_lengths_are_refused_and_their_argument_named(argument: str, make: Any) -> None:
    with pytest.raises(ll.InputError, match=f"^{argument}: expected numbers in rows of equal length, got a list"):
        make()


def drawn(modality: Any, instance: Any) -> Any:
    return modality.represent(instance, np.random.default_rng(0))
