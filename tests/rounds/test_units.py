"""Outputs of any size are explained alike, and rounding is not explained at all."""

import json

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.units import find_units

X = np.random.default_rng(0).normal(size=(800, 3))
TEXT = " ".join([f"word{i}" for i in range(18)] + ["bad"])


def scores(texts):
    counts = [
        0.3 * text.count("bad") + 0.2 * ("word3 " in text) * ("word7 " in text) - 0.1 * ("word5" in text)
        for text in texts
    ]
    return np.array(counts)


def columns(rows):
    return np.tanh(rows[:, 0]) + 0.5 * rows[:, 1] * (rows[:, 2] > 0)


def explained(scale, offset, *, text):
    if text:
        return ll.Explainer(lambda texts: offset + scale * scores(texts), ll.Text(), n_samples=512).explain(TEXT)
    return ll.Explainer(lambda rows: offset + scale * columns(rows), ll.Tabular(X), n_samples=512).explain(X[0])


@pytest.mark.parametrize("text", [True, False], ids=["text", "table"])
@pytest.mark.parametrize(
    ("scale", "offset", "tolerance"),
    [
        (1e-300, 0.0, 1e-9),
        (1e200, 0.0, 1e-9),
        (1e300, 0.0, 1e-9),
        (1e-60, 0.0, 1e-9),
        (1.0, 1e6, 1e-6),
        (1.0, 1e12, 1e-2),
    ],
)
def test_outputs_of_any_size_are_explained_alike(scale, offset, tolerance, text):
    plain, other = explained(1.0, 0.0, text=text), explained(scale, offset, text=text)
    np.testing.assert_allclose(other.coef / scale, plain.coef, atol=tolerance)
    np.testing.assert_allclose(other.stderr / scale, plain.stderr, atol=tolerance)
    np.testing.assert_allclose(
        (other.local_prediction - offset) / scale, plain.local_prediction, atol=tolerance + 1e-15 * offset
    )
    assert other.fidelity[0] == pytest.approx(plain.fidelity[0], abs=0.02)
    assert [shown[:3].tolist() for shown in other.selected] == [shown[:3].tolist() for shown in plain.selected]
    assert other.causes == plain.causes


@pytest.mark.parametrize("text", [True, False], ids=["text", "table"])
def test_an_offset_that_leaves_a_few_digits_leaves_weights_of_a_few_digits(text):
    plain, other = explained(1.0, 0.0, text=text), explained(16.0, 1e15, text=text)
    assert np.abs(other.coef[0] / 16 - plain.coef[0]).max() < 0.05
    assert np.abs(other.coef[0]).max() > 1


def test_what_is_written_of_extreme_outputs_is_read_again():
    for scale in (1e-300, 1e200, 1e290):
        explanation = explained(scale, 0.0, text=True)
        assert ll.Explanation.from_dict(json.loads(explanation.to_json())) == explanation


def test_a_model_that_moves_by_rounding_alone_does_not_move():
    def jitters(rows):
        return 0.3 + 6e-17 * np.sign(rows[:, 0])

    def in_single_precision(texts):
        return np.float32(0.7) + np.float32(6e-8) * np.array([len(text) % 2 for text in texts], dtype=np.float32)

    assert ll.Explainer(jitters, ll.Tabular(X)).explain(X[0]).causes == ("nothing moved",)
    assert ll.Explainer(in_single_precision, ll.Text()).explain(TEXT).causes == ("nothing moved",)
    assert ll.Explainer(lambda rows: 1e-9 * rows[:, 0], ll.Tabular(X)).explain(X[0]).causes != ("nothing moved",)


def test_large_whole_numbers_that_move_by_one_move():
    Y = 20_000_000.0 + np.arange(8.0)[:, None]
    assert np.ptp(find_units(Y).told(Y)) > 0


def test_ordinary_outputs_are_left_as_they_are():
    Y = np.random.default_rng(0).random((50, 3)) * [1e-12, 1.0, 1e9]
    assert find_units(Y).plain
    assert find_units(Y).told(Y) is Y


def test_units_are_told_and_taken_back_without_loss():
    Y = np.array([[3e-310, 1e15 + 0.5, -1.7e308, 0.0], [1e-310, 1e15 + 4, 1.7e308, 0.0]])
    units = find_units(Y)
    told = units.told(Y)
    assert np.isfinite(told).all()
    assert np.abs(told).max() < 64
    np.testing.assert_allclose(units.back(told), Y, rtol=1e-12)


def test_a_surrogate_of_the_users_own_sees_outputs_as_they_are():
    from sklearn.linear_model import Ridge

    explanation = ll.Explainer(lambda rows: 1e12 + columns(rows), ll.Tabular(X), n_samples=256, surrogate=Ridge())
    assert explanation.explain(X[0]).intercept[0] == pytest.approx(1e12, rel=1e-6)


UNMOVED = {
    "word": (
        ll.Text(),
        "buy now!!! only today, at this price, in this shop",
        lambda texts: [0.2 * t.count("!") for t in texts],
    ),
    "window": (ll.TimeSeries(), np.sin(np.arange(60.0)), lambda series: np.full(len(series), 0.4)),
    "column": (ll.Tabular(X), X[0], lambda rows: np.full(len(rows), 0.1)),
}


@pytest.mark.parametrize("kind", sorted(UNMOVED))
def test_an_answer_that_never_moves_is_said_with_what_to_try_and_is_not_trusted_well(kind):
    modality, instance, model = UNMOVED[kind]
    explanation = ll.Explainer(model, modality).explain(instance)
    assert explanation.causes == ("nothing moved",)
    assert np.isnan(explanation.fidelity[0])
    assert np.isnan(explanation.additivity[0])
    assert explanation.gap[0] == 0
    assert not explanation.coef.any()
    assert "never moved" in explanation.verdicts[0]
    assert any("never moved" in warning for warning in explanation.warnings)
    assert "trust it well" not in explanation.describe()
    assert explanation.provenance.cost.model_rows <= 2048 + 18
    assert ll.Explanation.from_dict(json.loads(explanation.to_json())) == explanation


def test_an_answer_that_moves_at_the_instance_alone_is_a_gap():
    parts = ll.Components([f"part {j}" for j in range(14)], np.asarray)
    explanation = ll.Explainer(lambda Z: 1000.0 * (Z.sum(axis=1) == 14), parts).explain(None)
    assert explanation.causes == ("gap",)
    assert np.isnan(explanation.fidelity[0])
    said = " ".join((*explanation.verdicts, *explanation.warnings))
    assert "1e+03" in said
    assert "expect 0" in said


def test_a_model_of_one_word_in_nineteen_is_known_at_the_first_look():
    explanation = ll.Explainer(lambda texts: [1.0 * ("bad" in text) for text in texts], ll.Text()).explain(TEXT)
    assert explanation.provenance.cost.model_rows <= 256 + 2 + 16
    assert explanation.coef[0].round(9).tolist() == [0.0] * 18 + [1.0]
    assert not explanation.stderr[0, :18].any()
    assert explanation.rankings[0].order.tolist() == [18]
    assert explanation.warnings == ()


def test_a_model_of_two_words_is_too_however_many_outputs_it_has():
    def two(texts):
        return [[float("bad" in text), 2.0 * ("word4 " in text), 0.5] for text in texts]

    explanation = ll.Explainer(two, ll.Text(), targets="all").explain(TEXT)
    assert explanation.provenance.cost.model_rows <= 256 + 2 + 16
    assert [ranking.order.tolist() for ranking in explanation.rankings] == [[18], [4], []]
