"""Other people's wrappers of lime run on ours, through `install()`; each is skipped where its package is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

HEAD = """
import warnings
warnings.simplefilter("ignore")
import limelight.compat.lime
limelight.compat.lime.install()
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X = X.iloc[:, :6].rename(columns=lambda name: name.replace(" ", "_"))
model = RandomForestClassifier(20, random_state=0).fit(X, y)
"""

SCRIPTS = {
    "interpret": """
from interpret.blackbox import LimeTabular
shown = LimeTabular(model, X, random_state=0).explain_local(X[:2], y[:2], num_samples=500)
said = shown.data(0)
assert len(said["names"]) == 6 and np.isfinite(said["scores"]).all(), said
""",
    "dalex": """
import dalex
explained = dalex.Explainer(model, X, y, verbose=False).predict_surrogate(X.iloc[0], type="lime", num_samples=500)
assert list(explained.result.columns) == ["variable", "effect"] and len(explained.result) == 6
assert isinstance(explained, limelight.compat.lime.explanation.Explanation)
""",
    "shapash": """
from shapash.backend.lime_backend import LimeBackend
backend = LimeBackend(model)
found = backend.run_explainer(X.iloc[:2])["contributions"]
assert np.isfinite(np.asarray(found, dtype=float)).all() and np.shape(found)[-1] == 6
""",
    "dianna": """
from dianna.methods.lime_text import LIMEText
class Words:
    mask_token = "UNKWORDZ"
    def tokenize(self, text): return text.split()
    def convert_tokens_to_string(self, tokens): return " ".join(tokens)
def says(texts):
    good = np.array([0.9 if "good" in text.split() else 0.2 for text in texts])
    return np.stack([1 - good, good], axis=1)
words = LIMEText(random_state=0).explain(says, "a good film", labels=(1,), tokenizer=Words(), num_samples=300)
assert max(words[0], key=lambda entry: entry[2])[0] == "good", words
from dianna.methods.lime_image import LIMEImage
image = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
def bright(images):
    p = np.asarray(images, float)[:, :12].mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - p, p], axis=1)
squares = lambda image: np.arange(24)[:, None] // 8 * 3 + np.arange(24) // 8
masks = LIMEImage(random_state=0, axis_labels=("height", "width", "channels")).explain(
    bright, image, labels=[1], num_samples=200, segmentation_fn=squares)
assert np.shape(masks)[-2:] == (24, 24)
""",
    "aix360": """
from aix360.algorithms.lime import LimeTabularExplainer
explainer = LimeTabularExplainer(X.to_numpy(), feature_names=list(X.columns), random_state=0)
assert len(explainer.explain_instance(X.to_numpy()[0], model.predict_proba, num_samples=500).as_list()) == 6
""",
    "omnixai": """
from omnixai.data.tabular import Tabular
from omnixai.explainers.tabular.agnostic.lime import LimeTabular
table = Tabular(X)
explainer = LimeTabular(table, lambda z: model.predict_proba(z.to_pd(copy=False).astype(float)))
found = explainer.explain(table[:1]).get_explanations(0)
assert len(found["features"]) == 6
""",
}


@pytest.mark.parametrize("package", SCRIPTS)
def test_a_wrapper_of_lime_works_on_ours(package):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed; pip install {package} to try its wrapper of lime on ours")
    run = subprocess.run([sys.executable, "-c", HEAD + SCRIPTS[package]], capture_output=True, text=True, timeout=300)
    lacking = run.returncode and "ModuleNotFoundError" in run.stderr
    if lacking:
        pytest.skip(f"{package} is installed without what it needs: {run.stderr.strip().splitlines()[-1]}")
    assert run.returncode == 0, run.stderr[-3000:]
