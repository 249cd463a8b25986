"""Against the `lime` package on real data: the same estimand, so the same means over seeds."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import limelight as ll

SEEDS, SAMPLES = 60, 5000


@pytest.fixture(scope="module")
def coded_adult(adult):
    """Adult as lime takes it: floats, with categories as codes."""
    frame, label = adult
    frame = frame.drop(columns=["fnlwgt", "education-num"])
    words = [column for column in frame if not np.issubdtype(np.asarray(frame[column]).dtype, np.number)]
    coded = frame.copy()
    coded[words] = OrdinalEncoder().fit_transform(frame[words])
    X = coded.to_numpy(dtype=float)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, np.asarray(label) == ">50K")
    return X, model.predict_proba, [frame.columns.get_loc(word) for word in words]


def lime_explainer(X, categorical):
    """Return lime's explainer without its two biases of order 1/n, which 60 seeds are enough to see: it counts the
    instance itself as one of the n rows, which tells where its own category is rare, and shrinks by Ridge(1).
    """
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(X, categorical_features=categorical, random_state=0, feature_selection="none")
    fit = explainer.base.explain_instance_with_data
    explainer.base.explain_instance_with_data = lambda Z, Y, D, *rest, **named: fit(Z[1:], Y[1:], D[1:], *rest, **named)
    return explainer


def lime_weights(explainer, predict, row):
    """Return the weights of one run; the explainer's random state moves on, so that every run draws anew."""
    explained = explainer.explain_instance(
        row, predict, num_features=len(row), num_samples=SAMPLES, model_regressor=LinearRegression()
    )
    return [weight for _, weight in sorted(explained.local_exp[1])]


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore")
def test_over_seeds_the_means_agree_with_lime_within_their_sampling_error(coded_adult):
    # Values inside bins are drawn here as lime draws them, from truncated normals.
    X, predict, categorical = coded_adult
    tabular = ll.Tabular(X, categorical=categorical, sampling="gaussian")
    settings = {"targets": 1, "n_samples": SAMPLES, "sampler": "plain", "control_variates": False, "max_features": None}
    incumbent, z = lime_explainer(X, categorical), []
    for number, row in enumerate(X[:4]):
        seeds = range(SEEDS * number, SEEDS * (number + 1))
        theirs = np.array([lime_weights(incumbent, predict, row) for _ in seeds])
        ours = np.array([ll.Explainer(predict, tabular, seed=s, **settings).explain(row).coef[0] for s in seeds])
        error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / SEEDS)
        z.append((theirs.mean(axis=0) - ours.mean(axis=0)) / error)
    assert np.sqrt(np.mean(np.square(z))) < 1.3
