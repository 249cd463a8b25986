import inspect
import json

import pytest
from sklearn.linear_model import Lasso

from limelight.errors import InputError, UnknownNameError
from limelight.settings import Settings


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("max_features", 0, "max_features: expected a positive integer or None, got 0"),
        ("n_samples", "many", "n_samples: expected a positive integer or 'auto', got 'many'"),
        ("n_samples", 2.5, "n_samples"),
        ("n_samples", 1 << 40, "n_samples: expected at most 100,000,000, since perturbations are held in memory"),
        ("max_samples", 1 << 40, "max_samples: expected at most 100,000,000"),
        ("batch_size", 0, "batch_size"),
        ("max_samples", True, "max_samples"),
        ("tolerance", 0, "tolerance: expected a fraction"),
        ("regularization", -1, "regularization"),
        ("tolerance", "x", "tolerance: expected a fraction between 0 and 1, got 'x'"),
        ("tolerance", [0.1], "tolerance: expected a fraction"),
        ("tolerance", None, "tolerance: expected a fraction"),
        ("regularization", "strong", "regularization: expected a number"),
        ("regularization", float("inf"), "regularization: expected a number"),
        ("kernel_width", [0.5], "kernel_width: expected a positive number"),
        ("kernel", 3, "kernel: expected 'exponential' or a callable, got 3"),
        ("distance", 3, "distance: expected 'euclidean' or 'cosine' or a callable, got 3"),
        ("refit", "yes", "refit: expected True or False, got 'yes'"),
        ("fresh", 1, "fresh: expected True or False, got 1"),
        ("kernel_width", 0, "kernel_width: expected a positive number"),
        ("kernel_width", "wide", "kernel_width"),
        ("surrogate", 3, "surrogate: expected 'ridge' or a scikit-learn regressor"),
    ],
)
def test_a_value_out_of_range_is_named(argument, value, said):
    with pytest.raises(InputError) as caught:
        Settings(**{argument: value})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "value", "nearest"),
    [
        ("selection", "highest_weight", "highest_weights"),
        ("sampler", "sobel", "sobol"),
        ("stop", "rank", "ranking"),
        ("distance", "cosin", "cosine"),
        ("kernel", "exponent", "exponential"),
        ("surrogate", "rigde", "ridge"),
    ],
)
def test_an_unknown_name_gets_the_nearest_known_one(argument, value, nearest):
    with pytest.raises(UnknownNameError, match=f"did you mean '{nearest}'"):
        Settings(**{argument: value})


@pytest.mark.parametrize(
    "combination",
    [
        {"n_samples": 100, "max_samples": 200},
        {"n_samples": 100, "stop": "ranking"},
        {"surrogate": Lasso(), "regularization": 0.1},
        {"refit": True, "max_features": None},
        {"distance": len},
    ],
)
def test_an_argument_without_effect_is_refused(combination):
    with pytest.raises(InputError, match="has no effect|needed with"):
        Settings(**combination)


def test_settings_are_json_with_callables_by_name():
    written = Settings(seed=3, distance=len, kernel_width=1.0, surrogate=Lasso(alpha=2)).to_dict()
    assert json.loads(json.dumps(written)) == written
    assert (written["seed"], written["distance"], written["surrogate"]) == (3, "len", "Lasso(alpha=2)")


def test_nobody_has_to_choose_a_seed_to_get_the_answer_that_others_get():
    assert Settings().seed == Settings().seed == 0
    assert Settings(seed=None).seed != Settings(seed=None).seed


def test_every_setting_is_documented():
    assert all(
        f"\n    {name}\n" in inspect.cleandoc(Settings.__doc__).replace("\n", "\n    ") for name in Settings.names()
    )
