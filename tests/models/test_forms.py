"""The forms that answers come in, each read as the same numbers, or refused with a wrapper that can be followed.

The claims of `models/wrappers.py`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError, ModelOutputError
from limelight.models.batches import Batch
from limelight.models.calls import Caller

P = np.array([[0.25, 0.75], [0.6, 0.4], [0.9, 0.1]])
INPUTS = np.arange(3.0)[:, None]
Label = namedtuple("Label", ["label", "score"])


def asked(answer: Any, **options: Any) -> tuple[Any, Any]:
    """Return the names and the numbers that a model's answer to three inputs is read as."""
    caller = Caller(lambda X: answer(X) if callable(answer) else answer, **options)
    Y = caller.ask([INPUTS])[0]
    return caller.output_names, Y


def by_name(names: Any, Y: Any) -> dict[str, list[float]]:
    return dict(zip(names, Y.T.tolist(), strict=True))


WANTED = {"no": P[:, 0].tolist(), "yes": P[:, 1].tolist()}


class Tensor:
    """Stands in for a tensor on a device."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        self.shape = self.values.shape

    def __len__(self) -> int:
        return len(self.values)

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self.values

    def __float__(self) -> float:
        return float(self.values)


@pytest.mark.parametrize(
    "answer",
    [
        [{"no": p, "yes": q} for p, q in P],
        tuple({"yes": q, "no": p} for p, q in P),
        ({"no": p, "yes": q} for p, q in P),
        np.array([{"no": p, "yes": q} for p, q in P]),
        [OrderedDict(no=np.float32(p), yes=np.float32(q)) for p, q in P.astype(np.float32)],
        [{"no": Tensor(p), "yes": Tensor(q)} for p, q in P],
        [{"predictions": {"no": p, "yes": q}} for p, q in P],
        {"no": P[:, 0], "yes": P[:, 1].tolist()},
        [[{"label": "no", "score": p}, {"label": "yes", "score": q}] for p, q in P],
        [sorted(({"label": "no", "score": p}, {"label": "yes", "score": q}), key=lambda e: -e["score"]) for p, q in P],
        [[{"class": "yes", "confidence": q}, {"class": "no", "confidence": p}] for p, q in P],
        [[Label("no", p), Label("yes", q)] for p, q in P],
        [[SimpleNamespace(label="no", score=p), SimpleNamespace(label="yes", score=q)] for p, q in P],
        [{"sequence": "text", "labels": ["yes", "no"], "scores": [q, p]} for p, q in P],
        [SimpleNamespace(text="text", cats={"no": p, "yes": q}) for p, q in P],
        [[("yes", q), ("no", p)] for p, q in P],
    ],
    ids=[
        "dicts", "tuple", "generator", "array", "ordered", "tensors", "nested", "columns", "pairs", "sorted pairs",
        "synonyms", "named tuples", "objects", "zero shot", "categories", "tuples",
    ],
)  # fmt: skip
def test_scores_by_label_are_the_same_in_any_form_and_order(answer: Any) -> None:
    names, Y = asked(answer)
    found = by_name(names, Y)
    assert set(found) == {"no", "yes"}
    for name, values in WANTED.items():
        assert np.allclose(found[name], values)


@pytest.mark.parametrize(
    "answer",
    [
        SimpleNamespace(logits=P),
        SimpleNamespace(logits=Tensor(P), loss=None, hidden_states=None),
        OrderedDict(loss=0.5, logits=P),
        {"logits": P},
        {"probabilities": P.tolist()},
        SimpleNamespace(predictions=P, label_ids=None),
        (P,),
        [P],
        (np.array(["no", "yes", "yes"]), P),
        [np.array([0, 1, 1]), P],
        [SimpleNamespace(logits=row[None]) for row in P],
        map(list, P),
        iter(P),
        P[:, :, None, None],
        P[:, None, :],
    ],
    ids=[
        "logits", "tensor", "output", "dict", "lists", "predictions", "tuple", "list", "label and scores", "onnx",
        "each", "map", "iterator", "convolution", "recurrent",
    ],
)  # fmt: skip
def test_numbers_are_found_inside_of_what_libraries_wrap_around_them(answer: Any) -> None:
    names, Y = asked(answer)
    assert names == ("output 0", "output 1")
    assert np.array_equal(Y, P)


def test_onnx_maps_keep_their_whole_numbers_as_labels() -> None:
    caller = Caller(lambda X: ([2, 1, 1], [{1: p, 2: q} for p, q in P]))
    assert np.array_equal(caller.ask([INPUTS])[0], P)
    assert caller.columns is not None
    assert (caller.columns.names, caller.columns.labels) == (("1", "2"), (1, 2))


def test_labels_left_out_are_nought_and_that_is_said() -> None:
    caller = Caller(
        lambda X: [{"label": "yes", "score": 0.9}, {"label": "no", "score": 0.8}, {"label": "no", "score": 1}]
    )
    Y = caller.ask([INPUTS])[0]
    assert by_name(caller.output_names, Y) == {"no": [0.0, 0.8, 1.0], "yes": [0.9, 0.0, 0.0]}
    assert "leave labels out, which count as 0" in caller.notes("auto")[0]


@pytest.mark.parametrize(
    "answer",
    [
        {"label": ["yes", "no", "no"], "score": [0.9, 0.8, 1]},
        [("yes", 0.9), ("no", 0.8), ("no", 1.0)],
        [{"prediction": "yes", "probability": 0.9}, {"class": "no", "prob": 0.8}, {"label": "no", "confidence": 1}],
        [Label("yes", 0.9), Label("no", 0.8), Label("no", 1)],
    ],
    ids=["columns", "tuples", "synonyms", "named tuples"],
)
def test_a_label_with_a_score_is_the_score_of_that_label(answer: Any) -> None:
    names, Y = asked(answer)
    assert by_name(names, Y) == {"no": [0.0, 0.8, 1.0], "yes": [0.9, 0.0, 0.0]}


def test_a_number_beside_whole_numbers_is_refused_since_it_may_be_the_score_of_any_label() -> None:
    with pytest.raises(ModelOutputError, match="a tuple of 2 arrays"):
        asked((np.array([1, 0, 1]), np.array([0.9, 0.8, 1.0])))


def test_labels_wrapped_one_by_one_are_labels() -> None:
    for answer in ([{"label": "yes"}, {"label": "no"}, {"label": "no"}], [["yes"], ["no"], ["no"]]):
        names, Y = asked(answer)
        assert by_name(names, Y) == {"no": [0.0, 1.0, 1.0], "yes": [1.0, 0.0, 0.0]}


def test_one_input_may_be_answered_by_what_a_pipeline_returns_for_one() -> None:
    for answer in ({"no": 0.25, "yes": 0.75}, [{"label": "yes", "score": 0.75}, {"label": "no", "score": 0.25}]):
        caller = Caller(lambda X, answer=answer: answer)
        Y = caller.ask([INPUTS[:1]])[0]
        assert by_name(caller.output_names, Y) == {"no": [0.25], "yes": [0.75]}


def test_the_names_of_columns_do_not_depend_on_which_row_is_answered_first() -> None:
    rows = [
        [{"label": "b", "score": 0.9}, {"label": "a", "score": 0.1}],
        [{"label": "a", "score": 0.6}, {"label": "b", "score": 0.4}],
    ]
    for order in (rows, rows[::-1]):
        caller = Caller(lambda X, order=order: order)
        caller.ask([INPUTS[:2]])
        assert caller.output_names == ("a", "b")


def test_names_given_choose_the_order_of_scores_by_label() -> None:
    names, Y = asked([{"no": p, "yes": q} for p, q in P], output_names=["yes", "no"])
    assert names == ("yes", "no")
    assert np.array_equal(Y, P[:, ::-1])
    with pytest.raises(ModelOutputError, match="the label 'no'.*output_names lists"):
        asked([{"no": p, "yes": q} for p, q in P], output_names=["maybe", "yes"])


# ---- refused, with a wrapper that can be followed --------------------------------------------------------------------


class Boxes:
    """What a detector answers."""

    boxes = np.zeros((4, 4))


@pytest.mark.parametrize(
    ("answer", "got", "remedy"),
    [
        ([{"boxes": np.zeros((2, 4)), "labels": [1, 3], "scores": [0.5, 0.9]}] * 3, "'boxes'", "r['scores']"),
        ([[{"label": "cat", "score": 0.9, "box": {"xmin": 0}}]] * 3, "'box'", "box['label'] == 'cat'"),
        ([Boxes()] * 3, "'boxes'", "def one_number(images)"),
        ({"boxes": np.zeros((3, 4)), "scores": np.zeros(3), "labels": np.zeros(3)}, "'boxes'", "one_number"),
        ([[{"label": "sky", "score": None, "mask": np.zeros((4, 4))}]] * 3, "'mask'", "mask['area']"),
        ([[{"segmentation": np.zeros((4, 4)), "area": 7}]] * 3, "'segmentation'", "mask['area']"),
        (np.zeros((3, 21, 8, 8)), "shape (3, 21, 8, 8)", "[:, 0].reshape(len(inputs), -1).mean(axis=1)"),
        (SimpleNamespace(logits=np.zeros((3, 21, 8, 8))), "shape (3, 21, 8, 8)", "mean(axis=1)"),
        (np.zeros((3, 12, 5)), "shape (3, 12, 5)", "one_number"),
        ([[{"entity": "PER", "word": "Ada", "score": 0.9}]] * 3, "'entity'", "e['score']"),
        ([[{"generated_text": "yes, it is"}]] * 3, "'generated_text'", "'yes' in str(answer).lower()"),
        ("a text", "a str", "one_number(texts)"),
        (SimpleNamespace(last_hidden_state=np.zeros((3, 7, 8))), "'last_hidden_state'", "embed"),
        ([lambda t: 1.0] * 3, "a function", "curve(365)"),
        ((P[:, 0], P[:, 1]) * 2, "a tuple of 4 arrays", "model(inputs)[0]"),
        ([{"text": "a", "value": 0.5}] * 3, "'text', 'value'", "row['value']"),
        ({"text": ["a"] * 3, "values": [1, 2, 3], "more": 1}, "'values'", "model(inputs)['text']"),
        (None, "None", "return statement"),
        (np.array([["a", "b"]] * 3), "shape (3, 2) of strings", "[:, 0]"),
    ],
    ids=lambda value: str(value)[:24].replace("\n", " "),
)
def test_what_is_no_number_is_refused_with_a_wrapper_of_its_own_kind(answer: Any, got: str, remedy: str) -> None:
    with pytest.raises(ModelOutputError) as caught:
        asked(lambda X: answer)
    message = str(caught.value)
    assert got in message
    assert remedy in message
    # advice that cannot be followed here
    assert "predict_proba" not in message
    assert "Return an array" not in message


@pytest.mark.parametrize(
    "answer",
    [
        [{"boxes": np.zeros((2, 4)), "labels": [1, 3], "scores": [0.5, 0.9]}] * 3,
        [[{"label": "cat", "score": 0.9, "box": 0}, {"label": "dog", "score": 0.8, "box": 0}]] * 3,
        np.zeros((3, 21, 8, 8)),
        [[{"segmentation": np.zeros((4, 4)), "area": 7}]] * 3,
        [[{"entity": "PER", "word": "Paris", "score": 0.9}]] * 3,
        [[{"generated_text": "yes, it is"}]] * 3,
        [lambda t: 1.0 / t] * 3,
        (P[:, 0], P[:, 1]) * 2,
        [{"text": "a", "value": 0.5}] * 3,
    ],
    ids=range(9),
)
def test_the_wrapper_that_an_error_offers_runs_and_makes_numbers(answer: Any) -> None:
    with pytest.raises(ModelOutputError) as caught:
        asked(lambda X: answer)
    _, _, body = str(caught.value).partition("\n    def ")
    code = "def " + "\n".join(line.removeprefix("    ") for line in body.splitlines())
    scope: dict[str, Any] = {"model": lambda inputs: answer, "np": np}
    exec(code, scope)
    _, Y = asked(scope["one_number"])
    assert Y.shape == (3, 1)


def test_coroutine_functions_are_refused_before_anything_is_asked() -> None:
    async def model(X: Any) -> Any:
        return X[:, 0]

    class Remote:
        async def predict(self, X: Any) -> Any:
            return X[:, 0]

        async def __call__(self, X: Any) -> Any:
            return X[:, 0]

    for each in (model, Remote(), Remote().predict, Remote().__call__):
        with pytest.raises(InputError, match=r"asyncio.run\(model\(inputs\)\)"):
            Caller(each)
    with pytest.raises(ModelOutputError, match="a promise of an answer"):
        asked(lambda X: model(X))
    assert Caller(lambda X: asyncio.run(model(X))).ask([INPUTS])[0].tolist() == INPUTS.tolist()


def test_a_model_keeps_to_one_form() -> None:
    answers = iter([P[:1], [{"no": 0.5, "yes": 0.5}]])
    caller = Caller(lambda X: next(answers), batch_size=1)
    with pytest.raises(ModelOutputError, match=r"scores in batch 2 .*expected numbers as in its first answer"):
        caller.ask([INPUTS[:2]])


def test_a_score_that_is_no_number_is_named_by_its_label() -> None:
    with pytest.raises(ModelOutputError, match="nan for output 'yes' of row 1"):
        asked([{"no": 0.1, "yes": 0.9}, {"no": 0.1, "yes": float("nan")}, {"no": 0.1, "yes": 0.9}])


def test_batches_are_named_in_what_is_refused() -> None:
    assert str(Batch(2, 3, 6, 6)) == "batch 2 (rows 3–5 of 6)"
    with pytest.raises(ModelOutputError, match=r"batch 1 \(rows 0–0 of 3\)|batch 1 \(row 0 of 3\)"):
        Caller(lambda X: [{"boxes": [], "scores": [], "labels": []}] * len(X), batch_size=1).ask([INPUTS])
