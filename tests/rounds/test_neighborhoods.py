"""Where the rows come from: each drawn once, none asked twice."""

import numpy as np

import limelight as ll


class Recorder:
    """A model that keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, X):
        self.asked.append(np.array(X))
        return np.asarray(X, dtype=float).sum(axis=1)


def test_a_pool_is_asked_once_and_grows_at_its_end():
    X = np.random.default_rng(0).normal(size=(100, 3))
    model = Recorder()
    explainer = ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=500, replicates=1)
    list(explainer.explain_many(X[:10]))
    assert sum(map(len, model.asked)) == 500 + 10
    shorter, longer = (ll.Explainer(Recorder(), ll.Tabular(X), seed=0, n_samples=n) for n in (200, 500))
    shorter.explain(X[0]), longer.explain(X[0])
    (one,), (other,) = (e._context.pools.values() for e in (shorter, longer))
    np.testing.assert_array_equal(one.codes, other.codes[:200])


def test_equal_masks_of_a_block_are_asked_once():
    model = Recorder()
    parts = ll.Components([f"p{j}" for j in range(8)], np.asarray)
    explanation = ll.Explainer(model, parts, seed=0, n_samples=200, sampler="plain", replicates=1).explain(None)
    rows = np.concatenate(model.asked[0:])
    asked = rows[1:] if len(rows) > 1 else rows
    assert len(np.unique(asked, axis=0)) == len(asked)
    assert explanation.provenance.n_samples == 200
    assert explanation.provenance.cost.model_rows < 201


def test_a_random_inverse_is_asked_every_time_and_is_never_called_exact():
    rng = np.random.default_rng(0)

    def noisy(masks):
        return np.asarray(masks) + 0.0

    parts = ll.Components(["a", "b", "c"], noisy, deterministic=False)
    explainer = ll.Explainer(lambda X: X.sum(axis=1) + rng.normal(size=len(X)), parts, seed=0, n_samples=300)
    explanation = explainer.explain(None)
    assert explanation.provenance.stopped == "fixed"
    assert (explanation.stderr > 0).all()


def test_looks_grow_the_same_sample():
    parts = ll.Components([f"p{j}" for j in range(30)], np.asarray)
    model = Recorder()
    explanation = ll.Explainer(
        lambda Z: model(Z) ** 3, parts, seed=0, tolerance=0.001, max_samples=1024, control_variates=False, replicates=1
    ).explain(None)
    assert explanation.provenance.n_samples == 1024
    assert sum(map(len, model.asked)) == 1 + 1024
