"""Hostile inputs at other doors: settings, rows of many kinds, prompts and chats, bodies of HTTP, the drop-in."""

from __future__ import annotations

import json
from typing import Any

import doors
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import limelight as ll
from limelight.compat.lime import lime_base, lime_image, lime_tabular, lime_text
from limelight.errors import LimelightError
from limelight.result.schema import from_dict
from limelight.settings import Settings
from limelight.web.answering import Models, answer

pytestmark = pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore::UserWarning", "ignore::hypothesis.errors.HypothesisWarning"
)

# ---- settings --------------------------------------------------------------------------------------------------------

NAMES = sorted(Settings.__dataclass_fields__)
WORTH_TRYING = st.sampled_from(
    [
        "auto", "all", "top1", "top99", "none", "pairs", "sobol", "lhs", "plain", "forward", "lasso_path", "ranking",
        "cosine", "euclidean", "ridge", "yes", "no", 0, 1, 2, 7, 64, -1, 0.05, 0.5, 1.0, True, False, None, (), (0, 1),
        ("no", "yes"), ["no"], np.int64(1), np.float32(0.5), np.array([0, 1]), len, max,
    ]
)  # fmt: skip


@doors.FEW
@given(given=st.dictionaries(st.sampled_from(NAMES), st.one_of(WORTH_TRYING, doors.ANSWERS), max_size=3))
@example(given={"n_samples": 2**70})
@example(given={"max_samples": 1, "n_samples": "auto"})
def test_any_settings_are_obeyed_or_refused(given: dict[str, Any]) -> None:
    def model(texts: list[str]) -> Any:
        p = np.array([0.9 if "good" in text else 0.2 for text in texts])
        return np.stack([1 - p, p], axis=1)

    settings = {"n_samples": 24, "max_samples": 64, **given}
    try:
        explainer = ll.Explainer(model, ll.Text(), output_names=["no", "yes"], **settings)
        explanation = explainer.explain("a good film today")
    except LimelightError as error:
        assert 10 < len(str(error)) < 4000
        return
    assert np.isfinite(explanation.coef).all()
    place = [("no", "yes").index(name) for name in explanation.targets]
    assert np.allclose(explanation.prediction, np.array([0.1, 0.9])[place])
    if type(given.get("max_features")) is int:
        assert all(len(names) <= given["max_features"] for names in explanation.selected)
    if type(given.get("seed")) is int:
        assert explanation.provenance.seed == given["seed"]
    assert ll.Explanation.from_json(explanation.to_json()) == explanation


# ---- rows of many kinds ----------------------------------------------------------------------------------------------


@doors.FEW
@given(
    frame=doors.frames(),
    texts=st.lists(st.one_of(doors.TEXTS, st.text("ab .é", max_size=12)), min_size=30, max_size=30),
    row=st.integers(0, 29),
    against=st.sampled_from(["typical", "background"]),
    changed=st.dictionaries(st.sampled_from(["words", "float0", "int0", "city0"]), doors.SCALARS, max_size=2),
)
def test_a_row_of_words_and_columns_reaches_the_model_as_it_is(
    frame: pd.DataFrame, texts: list[str], row: int, against: Any, changed: dict[str, Any]
) -> None:
    frame = frame.assign(words=pd.Series(texts[: len(frame)], dtype=object))
    one = frame.iloc[[row % len(frame)]]

    def model(rows: Any) -> Any:
        found = [rows[name].tolist() for name in rows]
        return [sum(map(doors.number_of, values)) for values in zip(*found, strict=True)]

    try:
        composite = ll.Composite(frame, {"words": ll.Text()}, against=against)
    except LimelightError:
        return
    doors.explained(model, composite, one, model(one)[0])
    doors.explained(lambda rows: np.zeros(len(rows)), composite, {**one.iloc[0].to_dict(), **changed}, None)


# ---- prompts and what a chat says ------------------------------------------------------------------------------------

MESSAGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.one_of(st.sampled_from(["user", "system", "assistant", "tool"]), doors.SCALARS),
            "content": st.one_of(st.text(max_size=30), doors.ANSWERS),
            "name": doors.SCALARS,
        },
    ),
    max_size=3,
)
PROMPTS = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.text("ab. \n?!{}", max_size=40),
    MESSAGES,
    st.dictionaries(
        st.sampled_from(["q", "passages", "x"]), st.one_of(st.text(max_size=20), doors.ANSWERS), max_size=3
    ),
    doors.ANSWERS,
)


@doors.FEW
@given(
    prompt=PROMPTS,
    units=st.sampled_from(["sentences", "words", "lines", "passages", "turns", "fields", "examples", "tools", "a+"]),
    template=st.sampled_from([None, "{q} {passages}", "{q}", "{", "{x!r:>9}", [{"role": "user", "content": "{q}"}]]),
)
def test_any_prompt_reaches_the_chat_as_it_is(prompt: Any, units: Any, template: Any) -> None:
    asked: list[Any] = []

    def model(prompts: list[Any]) -> Any:
        asked.append(prompts[0])
        return [doors.number_of(repr(each)) for each in prompts]

    try:
        modality = ll.Prompt(units, template=template)
    except LimelightError as error:
        assert len(str(error)) < 2000
        return
    if doors.explained(model, modality, prompt, None) and template is None:
        assert repr(asked[0]) == repr(prompt)


SAID = st.one_of(
    st.text(max_size=12),
    doors.ANSWERS,
    st.fixed_dictionaries({"text": st.one_of(st.text(max_size=8), doors.SCALARS)}, optional={
        "tokens_in": doors.SCALARS, "cost": doors.SCALARS, "cached": doors.SCALARS, "finish": doors.SCALARS,
    }),
)  # fmt: skip


@doors.FEW
@given(
    said=st.lists(SAID, min_size=1, max_size=3),
    scalariser=st.sampled_from(["words", "rouge-l", "match", ll.scalarisers.labels(["yes", "no"]), ["words", "match"]]),
    container=st.sampled_from(["list", "tuple", "series", "short", "first", "generator"]),
)
def test_whatever_a_chat_says_is_read_or_refused(said: list[Any], scalariser: Any, container: str) -> None:
    def chat(prompts: list[Any]) -> Any:
        return doors.CONTAINERS[container]([said[len(prompt) % len(said)] for prompt in prompts])

    doors.explained(ll.Answers(chat, scalariser, max_calls=24), ll.Prompt("words"), "is it so or not", None)


# ---- bodies of HTTP --------------------------------------------------------------------------------------------------

SERVED = Models(
    {
        "table": ll.Explainer(
            lambda f: f["age"] / 100.0 + (f["city"] == "Rome"),
            ll.Tabular(pd.DataFrame({"age": [20, 40, 60, 80] * 5, "city": ["Oslo", "Rome"] * 10})),
            n_samples=24,
        ),
        "text": ll.Explainer(lambda texts: [float(len(text)) for text in texts], ll.Text(), n_samples=24),
        "series": ll.Explainer(lambda many: [float(np.mean(each)) for each in many], ll.TimeSeries(3), n_samples=24),
    },
    start={"table": [40, "Oslo"], "text": "ab cd"},
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.sampled_from(["Rome", 40])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["age", "city", "x", ""]), inner, max_size=3),
    ),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.dictionaries(
        st.sampled_from(
            ["instances", "instance", "targets", "output", "changes", "against", "model", "values", "seed"]
        ),
        VALUES,
        max_size=4,
    ).map(lambda body: json.dumps(body).encode()),
    st.lists(VALUES, max_size=2).map(lambda rows: json.dumps({"instances": rows}).encode()),
)


@doors.FEW
@given(model=st.sampled_from(sorted(SERVED.explainers)), verb=st.integers(0, 9), body=BODIES)
@example(model="text", verb=0, body=b'{"instances": ["\\ud800 a"]}')
@example(model="table", verb=0, body=b'{"instances": [[1e999, "Rome"]]}')
def test_any_body_is_answered_or_refused_in_words(model: str, verb: int, body: bytes) -> None:
    from limelight.web.answering import QUESTIONS
    from limelight.web.answering import VERBS as FIXED

    verbs = sorted({"infer", *FIXED, *QUESTIONS})
    found = answer(SERVED, model, verbs[verb % len(verbs)], body)
    assert found.status in (200, 400, 413, 422), (found.status, found.content[:200])
    if found.kind == "application/json":
        value = json.loads(found.content)
        if found.status != 200:
            assert 5 < len(value["error"]) < 4000
        for each in value.get("explanations", []) if isinstance(value, dict) else []:
            assert np.isfinite(from_dict(each).coef).all()


# ---- the drop-in -----------------------------------------------------------------------------------------------------

ROWS = np.random.default_rng(0).normal(size=(40, 3))


def proba(rows: Any) -> Any:
    p = 1 / (1 + np.exp(-np.asarray(rows, dtype=float)[:, 0]))
    return np.stack([1 - p, p], axis=1)


LIME_WORDS = st.dictionaries(
    st.sampled_from(["labels", "top_labels", "num_features", "num_samples", "distance_metric", "sampling_method"]),
    st.one_of(st.sampled_from([0, 1, 2, 5, -1, (0,), (0, 1), [1], range(2), "cosine", "lhs", None]), doors.ANSWERS),
    max_size=3,
)
MADE = st.dictionaries(
    st.sampled_from(
        "mode feature_names class_names categorical_features kernel_width discretize_continuous discretizer "
        "feature_selection sample_around_instance training_labels random_state".split()
    ),
    st.one_of(
        st.sampled_from(
            ["regression", "classification", "decile", "entropy", "quartile", "none", [0], [5], 1, 3.0, True, False,
             ["a", "b", "c"], [f"r{i}" for i in range(40)], [0, 1] * 20]
        ),
        doors.ANSWERS,
    ),
    max_size=3,
)  # fmt: skip


def known(words: dict[str, Any]) -> dict[str, Any]:
    """Leave out what texts and images have no word for."""
    return {name: value for name, value in words.items() if name != "sampling_method"}


def is_about(explanation: Any, said: Any) -> None:
    """Every weight is finite, and what the model said of the instance is what it says."""
    for pairs in explanation.local_exp.values():
        assert np.isfinite([weight for _, weight in pairs]).all()
    if getattr(explanation, "predict_proba", None) is not None:
        assert np.allclose(explanation.predict_proba, said)


@doors.FEW
@given(made=MADE, words=LIME_WORDS, row=st.one_of(st.integers(0, 39), doors.ANSWERS))
def test_the_drop_in_explains_a_row_or_refuses(made: dict[str, Any], words: dict[str, Any], row: Any) -> None:
    instance = ROWS[row] if type(row) is int and 0 <= row < 40 else row
    regression = made.get("mode") == "regression"
    asked = (lambda rows: proba(rows)[:, 1]) if regression else proba
    try:
        explainer = lime_tabular.LimeTabularExplainer(ROWS, **made)
        explanation = explainer.explain_instance(instance, asked, **{"num_samples": 60, **words})
    except (LimelightError, NotImplementedError) as error:
        assert 5 < len(str(error)) < 4000
        return
    is_about(explanation, None if regression else proba(np.reshape(instance, (1, 3)).astype(float))[0])


TEXTS_MADE = st.fixed_dictionaries(
    {},
    optional={
        "bow": st.booleans(),
        "char_level": st.booleans(),
        "split_expression": st.sampled_from([r"\W+", r"\s", "(", "", str.split, 3]),
        "mask_string": doors.SCALARS,
        "kernel_width": WORTH_TRYING,
        "class_names": WORTH_TRYING,
    },
)


@doors.FEW
@given(
    text=st.one_of(st.text(st.characters(codec=None), max_size=40), doors.ANSWERS), words=LIME_WORDS, made=TEXTS_MADE
)
def test_the_drop_in_explains_a_text_or_refuses(text: Any, words: dict[str, Any], made: dict[str, Any]) -> None:
    def model(texts: Any) -> Any:
        p = np.array([doors.number_of(each) for each in texts])
        return np.stack([1 - p, p], axis=1)

    try:
        explainer = lime_text.LimeTextExplainer(**made)
        explanation = explainer.explain_instance(text, model, **{"num_samples": 40, **known(words)})
    except LimelightError as error:
        assert 5 < len(str(error)) < 4000
        return
    is_about(explanation, model([text])[0])


@doors.FEW
@given(
    image=hnp.arrays(
        st.sampled_from(["u1", "f8", "i4", "?", "O"]), hnp.array_shapes(min_dims=0, max_dims=4, max_side=9)
    ),
    words=LIME_WORDS,
    hide=st.one_of(st.none(), st.sampled_from([0, 255, 0.5]), doors.SCALARS),
    segments=hnp.arrays("i4", hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(-2, 4)),
)
def test_the_drop_in_explains_an_image_or_refuses(image: Any, words: dict[str, Any], hide: Any, segments: Any) -> None:
    def model(images: Any) -> Any:
        p = np.tanh([np.asarray(each, dtype=float).mean() for each in images])
        return np.stack([1 - p, p], axis=1)

    try:
        explanation = lime_image.LimeImageExplainer(random_state=0).explain_instance(
            image, model, hide_color=hide, segmentation_fn=lambda _: np.resize(segments, image.shape[:2]),
            progress_bar=False, **{"num_samples": 20, **known(words)},
        )  # fmt: skip
    except LimelightError as error:
        assert 5 < len(str(error)) < 4000
        return
    is_about(explanation, None)
    explanation.get_image_and_mask(next(iter(explanation.local_exp)))


@doors.FEW
@given(
    data=hnp.arrays("f8", (12, 3), elements=st.floats(-3, 3)),
    answers=hnp.arrays("f8", (12, 2), elements=st.floats(allow_nan=True, allow_infinity=True)),
    words=st.fixed_dictionaries({}, optional={"label": WORTH_TRYING, "num_features": WORTH_TRYING,
    "feature_selection": WORTH_TRYING}),
)  # fmt: skip
def test_the_drop_in_fits_any_neighborhood_or_refuses(data: Any, answers: Any, words: dict[str, Any]) -> None:
    base = lime_base.LimeBase(lambda d: np.exp(-(d**2)))
    asked = {"label": 1, "num_features": 2, **words}
    try:
        _, pairs, _, _ = base.explain_instance_with_data(data, answers, np.abs(data[:, 0]), **asked)
    except LimelightError as error:
        assert 5 < len(str(error)) < 4000
        return
    assert np.isfinite([weight for _, weight in pairs]).all()
