"""Many rows at once: no bit of a row depends on the others, and rows with the same codes are fitted once."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.rounds import memory, together

N = 1500
_rng = np.random.default_rng(5)
X = pd.DataFrame(
    {
        "a": _rng.normal(size=N),
        "kind": np.array(list("pqrst"))[_rng.choice(5, N, p=[0.5, 0.3, 0.12, 0.05, 0.03])],
        "b": _rng.exponential(size=N),
        "flag": _rng.random(N) < 0.02,
        "same": 1.0,
    }
)
ROWS = pd.concat([X.iloc[:60], X.assign(kind="never seen").iloc[60:64], X.assign(a=99.0).iloc[64:67]])


def model(F: pd.DataFrame) -> np.ndarray:
    score = np.sin(2 * F["a"]) + F["kind"].map(dict(zip("pqrst", range(5), strict=True))).astype(float).fillna(9.0)
    p = 1 / (1 + np.exp(2.0 - score * (1 + 0.5 * F["flag"]) + 0.4 * (F["a"] > 0) * F["b"]))
    return np.column_stack([1 - p, p])


def explainer(**settings) -> ll.Explainer:
    return ll.Explainer(model, ll.Tabular(X), seed=3, **settings)


def bits(explanation: ll.Explanation) -> list[bytes]:
    """Every number of an explanation, to the last bit."""
    arrays = ("coef", "stderr", "intercept", "local_prediction", "fidelity", "fidelity_stderr", "r2", "gap")
    found = [getattr(explanation, name).tobytes() for name in arrays]
    found += [each.tobytes() for each in (*explanation.covariance, *explanation.selected)]
    found += [curves.numbers.tobytes() for curves in explanation.curves]
    found.append(repr((explanation.pairs, explanation.rankings, explanation.verdicts)).encode())
    return [*found, repr(explanation.provenance.effective_sample_size).encode()]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is remembered, so that every row is fitted whenever it is asked for."""
    monkeypatch.setattr(memory.Memory, "get", lambda self, key: None)
    yield


SETTINGS = [{}, {"targets": "all"}, {"n_samples": 1003}, {"control_variates": False}, {"max_features": 2}]


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
def test_no_bit_of_a_row_depends_on_how_many_are_looked_at_together(settings, forgetful, monkeypatch):
    whole = list(explainer(**settings).explain_many(ROWS))
    for most in (1, 7):
        monkeypatch.setattr(together, "_MOST_ROWS", most)
        for one, other in zip(explainer(**settings).explain_many(ROWS), whole, strict=True):
            assert bits(one) == bits(other)


def test_no_bit_of_a_row_depends_on_the_order_of_rows_or_on_what_is_remembered():
    whole, shuffled = list(explainer().explain_many(ROWS)), np.random.default_rng(1).permutation(len(ROWS))
    again = explainer()
    for _ in range(2):
        for at, one in zip(shuffled, again.explain_many(ROWS.iloc[shuffled]), strict=True):
            assert bits(one) == bits(whole[at])
    for at in (0, 61, 65):
        assert bits(explainer().explain(ROWS.iloc[at])) == bits(whole[at])


def test_rows_with_the_same_codes_are_fitted_once_and_keep_their_own_answers(monkeypatch):
    fitted = []
    stack_of = together.stack_of
    monkeypatch.setattr(
        together, "stack_of", lambda look, rows, width: fitted.extend(rows) or stack_of(look, rows, width)
    )
    row = X.iloc[[0]]
    nearby = pd.concat([row, row.assign(a=row["a"] + 1e-3), row])
    ours = explainer(n_samples=1024)
    first, other, same = ours.explain_many(nearby)
    assert len(fitted) == 1
    assert first.coef.tobytes() == other.coef.tobytes() == same.coef.tobytes()
    assert first.prediction[0] != other.prediction[0]
    assert other.features[0].value != first.features[0].value
    assert other.gap[0] != first.gap[0]
    assert first == same
    alone = explainer(n_samples=1024).explain(nearby.iloc[1])
    assert bits(alone) == bits(other)
    assert alone == other


def test_a_row_whose_own_answer_is_beyond_all_others_is_not_taken_for_its_equals():
    """An answer of 1e9 makes every other weight rounding; the row with the same codes keeps its weights."""
    there = float(X["a"].iloc[0])

    def singled_out(F: pd.DataFrame) -> np.ndarray:
        return np.where(F["a"] == there + 1e-3, 1e9, F["b"])

    row = X.iloc[[0]]
    table = ll.Tabular(X)
    plain, far = ll.Explainer(singled_out, table, seed=0).explain_many(pd.concat([row, row.assign(a=there + 1e-3)]))
    assert plain.coef.any()
    assert not far.coef.any()
    assert far.causes == ("gap",)


def test_what_equal_rows_share_cannot_be_changed_through_one_of_them():
    ours = explainer(n_samples=512)
    first, second = ours.explain_many(pd.concat([X.iloc[[0]], X.iloc[[0]]]))
    for array in (first.coef, first.stderr, first.selected[0], first.covariance[0], first.curves[0].numbers):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert first == second
    copied = pickle.loads(pickle.dumps(first))
    copied.coef[...] = 0.0
    assert ours.explain(X.iloc[0]) == second


def test_more_rows_than_are_remembered_are_explained_all_the_same(monkeypatch):
    expected = list(explainer(n_samples=512).explain_many(ROWS))
    small = memory.Memory.__init__
    monkeypatch.setattr(memory.Memory, "__init__", lambda self: small(self, 9000))
    found = list(explainer(n_samples=512).explain_many(ROWS))
    assert list(map(bits, found)) == list(map(bits, expected))


def test_a_kernel_and_a_distance_of_the_users_own_weigh_rows_as_the_named_ones_do():
    named = explainer(n_samples=512, control_variates=False)
    own = explainer(
        n_samples=512,
        control_variates=False,
        kernel=lambda D, width: np.exp(-0.5 * np.square(D / width)),
        kernel_width=named.explain(X.iloc[0]).provenance.kernel_width,
    )
    for one, other in zip(named.explain_many(ROWS), own.explain_many(ROWS), strict=True):
        np.testing.assert_allclose(one.coef, other.coef, atol=1e-12)
        np.testing.assert_allclose(one.stderr, other.stderr, atol=1e-12)


def test_a_row_that_is_looked_at_alone_says_the_same():
    """A selection by name that chooses what the default does: the same fit by the other way through the rounds."""
    ours = explainer(n_samples=1024)
    alone = explainer(n_samples=1024, selection="highest_weights", max_features=10)
    for one, other in zip(ours.explain_many(ROWS), alone.explain_many(ROWS), strict=True):
        np.testing.assert_allclose(one.coef, other.coef, atol=1e-12)
        np.testing.assert_allclose(one.stderr, other.stderr, atol=1e-12)
        np.testing.assert_allclose(one.curves[0].numbers, other.curves[0].numbers, atol=1e-9)
        np.testing.assert_allclose(one.gap, other.gap, rtol=1e-9)
        assert one.causes == other.causes
        np.testing.assert_allclose(one.covariance[0], other.covariance[0], rtol=1e-4, atol=1e-12)
        assert one.rankings[0].cuts == other.rankings[0].cuts


@pytest.mark.parametrize("options", [{}, {"contrast": "value"}, {"fixed": ["x1"]}])
def test_a_sparse_row_without_features_is_explained_by_nothing_alone_or_among_others(options):
    counts = (np.random.default_rng(0).random((60, 6)) < 0.4).astype(float)
    counts[3] = 0.0  # a document without a known word
    counts[5] = np.eye(6)[1]
    explainer = ll.Explainer(
        lambda rows: np.asarray(rows.sum(axis=1)).ravel(), ll.Tabular(csr_matrix(counts), **options)
    )
    many = list(explainer.explain_many(csr_matrix(counts[:8])))
    for at in (3, 5):
        assert explainer.explain(csr_matrix(counts[at])) == many[at]
    assert many[3].features == ()
    assert many[3].causes == ("nothing moved",)
    assert len(many[5].features) == (0 if "fixed" in options else 1)
    assert ll.Explanation.from_json(many[3].to_json()) == many[3]
    together = explainer.explain_all(csr_matrix(counts[:8]))
    assert together[3].prediction.tolist() == [0.0]
    assert "nothing moves" in str(many[3])
