"""Explaining many: what becomes of those that fail, and of what was paid for the others."""

import pickle

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError, ModelCallError, ModelOutputError, UnknownNameError

X = np.random.default_rng(0).normal(size=(300, 3))
PLOT = "with a plot that nobody in town has seen since the day of its release"
TEXTS = [f"a good film number {j} {PLOT}" for j in range(8)]


def model_of_texts(texts):
    if any("poison" in text for text in texts):
        raise ValueError("poisoned")
    return [text.count("good") + 0.5 * ("plot" in text) * ("town" in text) for text in texts]


class Counting:
    """Counts rows, and breaks once so many have been asked, as Ctrl-C or a lost connection does."""

    def __init__(self, function, most=10**9, error=KeyboardInterrupt):
        self.function, self.most, self.error, self.rows = function, most, error, 0

    def __call__(self, inputs):
        if self.rows + len(inputs) > self.most:
            raise self.error("gone")
        self.rows += len(inputs)
        return self.function(inputs)


def test_raise_yields_all_that_come_before_and_names_the_instance():
    texts = [*TEXTS[:3], "a poison film", *TEXTS[3:]]
    stream = ll.Explainer(model_of_texts, ll.Text(), n_samples=128).explain_many(texts)
    kept = []
    with pytest.raises(ModelCallError, match="poisoned") as caught:
        kept.extend(stream)
    assert caught.value.__notes__ == ["instance number 3"]
    alone = ll.Explainer(model_of_texts, ll.Text(), n_samples=128)
    assert kept == [alone.explain(text) for text in TEXTS[:3]]


def test_skip_leaves_out_and_says_how_many():
    texts = ["a poison film", *TEXTS[:2], 7]
    with pytest.warns(UserWarning, match=r"2 instances were skipped; instance number 0: the model raised ValueError"):
        kept = list(ll.Explainer(model_of_texts, ll.Text(), n_samples=128).explain_many(texts, on_error="skip"))
    alone = ll.Explainer(model_of_texts, ll.Text(), n_samples=128)
    assert kept == [alone.explain(text) for text in TEXTS[:2]]


def test_record_puts_a_failure_in_the_place_of_each():
    frame = pd.DataFrame(X, columns=list("abc"), index=[f"row {j}" for j in range(len(X))])

    def model(F):
        return np.where(F.a > 1.5, np.nan, F.a - F.b)

    rows = frame.iloc[:40]
    made = list(ll.Explainer(model, ll.Tabular(frame)).explain_many(rows, on_error="record"))
    failed = [each for each in made if isinstance(each, ll.Failure)]
    assert [each.number for each in failed] == np.flatnonzero(rows.a > 1.5).tolist()
    assert [each.label for each in failed] == rows.index[rows.a > 1.5].tolist()
    assert str(failed[0]).startswith(
        f"instance number {failed[0].number} ('row {failed[0].number}'): model returned nan"
    )
    alone = ll.Explainer(model, ll.Tabular(frame))
    assert [each for each in made if isinstance(each, ll.Explanation)] == list(alone.explain_many(rows[rows.a <= 1.5]))


def test_a_row_that_does_not_fit_is_recorded_like_one_that_the_model_refuses():
    rows = [[0.0, 1.0, 2.0], [0.0, 1.0], [1.0, 1.0, 1.0]]
    made = list(ll.Explainer(lambda A: A[:, 0], ll.Tabular(X)).explain_many(rows, on_error="record"))
    assert [type(each).__name__ for each in made] == ["Explanation", "Failure", "Explanation"]
    assert isinstance(made[1].error, InputError)


def test_a_text_whose_masks_all_fail_costs_no_other_text():
    def model(texts):
        if any("bad" in text for text in texts):
            raise ValueError("bad")
        return [text.count("good") for text in texts]

    bad = " ".join(f"bad{j}" for j in range(30))
    made = list(ll.Explainer(model, ll.Text(), n_samples=128).explain_many([bad, *TEXTS[:3], bad], on_error="record"))
    assert [type(each).__name__ for each in made] == ["Failure", *["Explanation"] * 3, "Failure"]


@pytest.mark.parametrize("on_error", ["raise", "skip", "record"])
def test_a_model_that_answers_nothing_at_all_raises_whatever_was_said(on_error):
    def model(A):
        raise RuntimeError("not fitted")

    with pytest.raises(ModelCallError, match="not fitted"):
        list(ll.Explainer(model, ll.Tabular(X)).explain_many(X[:5], on_error=on_error))


def test_explain_all_skips_and_keeps_a_set():
    with pytest.warns(UserWarning, match="1 instance was skipped"):
        kept = ll.Explainer(model_of_texts, ll.Text(), n_samples=64).explain_all(["poison"], on_error="skip")
    assert len(kept) == 0
    with pytest.raises(UnknownNameError, match="on_error"):
        ll.Explainer(model_of_texts, ll.Text()).explain_all(TEXTS, on_error="ignore")


def test_explain_all_records_failures_beside_the_set():
    texts = [TEXTS[0], "a poison film", *TEXTS[1:3], 7]
    made = ll.Explainer(model_of_texts, ll.Text(), n_samples=64).explain_all(texts, on_error="record")
    assert [each.number for each in made.failures] == [1, 4]
    assert made == ll.Explainer(model_of_texts, ll.Text(), n_samples=64).explain_all(TEXTS[:3])
    again = pickle.loads(pickle.dumps(made))
    assert [str(each) for each in again.failures] == [str(each) for each in made.failures]
    assert ll.Explainer(model_of_texts, ll.Text(), n_samples=64).explain_all(TEXTS[:2]).failures == ()


@pytest.mark.parametrize("how", ["explain_many", "explain_all"])
def test_what_was_skipped_is_said_at_the_line_that_asked(how):
    explainer = ll.Explainer(model_of_texts, ll.Text(), n_samples=64)
    with pytest.warns(UserWarning, match="skipped") as said:
        list(getattr(explainer, how)(["poison", TEXTS[0]], on_error="skip"))
    assert said[0].filename == __file__


def test_an_image_that_holds_nan_is_named_beside_the_model():
    image = np.zeros((16, 16, 3))
    image[3, 4, 0] = np.nan
    with pytest.raises(ModelOutputError, match="Instance number 0 itself holds NaN: fill it"):
        ll.Explainer(lambda X: X.mean(axis=(1, 2, 3)), ll.Image()).explain(image)
    with pytest.raises(ModelOutputError) as caught:
        ll.Explainer(lambda X: np.full(len(X), np.nan), ll.Image()).explain(np.zeros((16, 16, 3)))
    assert "itself" not in str(caught.value)
    assert len(ll.Explainer(lambda X: np.nanmean(X, axis=(1, 2, 3)), ll.Image()).explain(image).features)


def test_an_unknown_policy_is_refused_before_anything_is_asked():
    with pytest.raises(UnknownNameError, match=r"on_error: unknown name 'ignore'"):
        ll.Explainer(model_of_texts, ll.Text()).explain_many(TEXTS, on_error="ignore")  # type: ignore[call-overload]


# -- what was paid is kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, ConnectionError])
@pytest.mark.parametrize("most", [100, 1000, 1777, 2100])
def test_texts_are_asked_for_the_rest_only_after_an_interruption(most, error):
    expected = list(ll.Explainer(model_of_texts, ll.Text(), n_samples=256, batch_size=64).explain_many(TEXTS))
    model = Counting(model_of_texts, most, error)
    explainer = ll.Explainer(model, ll.Text(), n_samples=256, batch_size=64)
    kept = []
    with pytest.raises((KeyboardInterrupt, ModelCallError)):
        kept.extend(explainer.explain_many(TEXTS))
    paid, model.most, model.rows = model.rows, 10**9, 0
    kept += explainer.explain_many(TEXTS[len(kept) :])
    assert kept == expected
    assert paid > most - 64
    # each f(x) is asked again, twice, and tells that the model is the same; so is at most the batch in hand
    assert model.rows <= 8 * (256 + 16 + 2) - paid + 8 * 2 + 64


@pytest.mark.parametrize("error", [KeyboardInterrupt, ConnectionError])
@pytest.mark.parametrize("most", [700, 3000, 5000])
def test_the_pool_of_a_table_is_asked_for_the_rest_only_after_an_interruption(most, error):
    def linear(A):
        return A[:, 0] - A[:, 1]

    def fresh(model):
        return ll.Explainer(model, ll.Tabular(X), n_samples=6000, batch_size=128)

    expected = list(fresh(linear).explain_many(X[:4]))
    model = Counting(linear, most, error)
    explainer = fresh(model)
    with pytest.raises((KeyboardInterrupt, ModelCallError)):
        list(explainer.explain_many(X[:4]))
    paid, model.most, model.rows = model.rows, 10**9, 0
    assert list(explainer.explain_many(X[:4])) == expected
    assert model.rows <= 6000 + 16 + 4 - paid + 4 + 1 + 128


def test_what_was_paid_to_another_model_is_not_used():
    weights = np.array([1.0, -1.0, 0.0])

    def linear(A):
        return A @ weights

    for modality, instances in ((ll.Tabular(X), X[:3]), (ll.Components(list("abc"), np.asarray), [None])):
        weights[:] = 1.0, -1.0, 0.0
        model = Counting(linear, 60)
        explainer = ll.Explainer(model, modality, n_samples=256, batch_size=16)
        with pytest.raises(KeyboardInterrupt):
            list(explainer.explain_many(instances))
        weights[:], model.most = (0.0, 3.0, 1.0), 10**9
        expected = list(ll.Explainer(linear, modality, n_samples=256).explain_many(instances))
        assert list(explainer.explain_many(instances)) == expected


def test_an_error_of_one_text_keeps_what_the_others_have_cost():
    model = Counting(model_of_texts)
    explainer = ll.Explainer(model, ll.Text(), n_samples=256)
    with pytest.raises(ModelCallError, match="poisoned"):
        list(explainer.explain_many([TEXTS[0], "poison", *TEXTS[1:]]))
    model.rows = 0
    assert len(list(explainer.explain_many(TEXTS[1:]))) == 7
    assert model.rows <= 7 * (2 + 2 * 3)  # f(x), twice, and the few that tell whether it reads both ends; not 256


def test_prompts_whose_calls_cost_money_are_not_asked_again():
    text = " ".join(f"w{j}" for j in range(30))

    def answer(prompts):
        return ["yes" if "w1 " in prompt else "no" for prompt in prompts]

    def explainer(model):
        return ll.Explainer(ll.Answers(model, max_calls=64), ll.Prompt("words"), batch_size=8)

    model = Counting(answer, 40)
    interrupted = explainer(model)
    with pytest.raises(KeyboardInterrupt):
        interrupted.explain(text)
    paid, model.most, model.rows = model.rows, 10**9, 0
    made, expected = interrupted.explain(text), explainer(answer).explain(text)
    np.testing.assert_array_equal(made.coef, expected.coef)
    np.testing.assert_array_equal(made.stderr, expected.stderr)
    assert paid == 40
    assert model.rows <= 64 - paid


def test_a_pickled_explainer_takes_nothing_of_an_interrupted_call_along():
    import pickle

    explainer = ll.Explainer(np.sum, ll.Text())
    plain = len(pickle.dumps(explainer))
    explainer._context.shelf[b"x"] = explainer  # type: ignore[assignment]
    assert len(pickle.dumps(explainer)) == plain
