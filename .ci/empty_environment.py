"""Run by .ci/run in an environment that holds the wheel and its core dependencies only."""

import sys
from importlib.resources import files

import numpy as np

import limelight as ll

OPTIONAL = ("pandas", "polars", "pyarrow", "matplotlib", "rich", "typer", "skimage", "PIL", "torch", "scipy", "sklearn")

loaded = [name for name in OPTIONAL if name in sys.modules]
if loaded:
    sys.exit(f"import limelight loads {', '.join(loaded)}")
if not files("limelight").joinpath("py.typed").is_file():
    sys.exit("the wheel lacks py.typed")


def probability(X: np.ndarray) -> np.ndarray:
    """A model of three columns that uses two of them."""
    return 1 / (1 + np.exp(-(X[:, 0] - 2 * X[:, 1])))


background = np.random.default_rng(0).normal(size=(200, 3))
explanation = ll.Explainer(probability, ll.Tabular(background), seed=0).explain(background[0])
used = {explanation.features[j].where.key for j in explanation.selected[0][:2]}
print(explanation)
print(f"limelight {ll.__version__} explains without extras; the two largest features: {sorted(map(str, used))}")

texts = ll.Explainer(lambda texts: [float("spam" in text) for text in texts], ll.Text()).explain("no spam today")
if texts.as_list()[0][0] != "spam":
    sys.exit(f"a text is not explained: {texts.as_list()}")
picture = np.zeros((32, 32), dtype=np.uint8)
picture[8:16, 8:16] = 255
bright = ll.Explainer(lambda images: np.asarray(images)[:, 8:16, 8:16].mean(axis=(1, 2)), ll.Image(segments="grid"))
if not bright.explain(picture).top(1)[0][1] > 0:
    sys.exit("an image is not explained")
print("a text and an image are explained, too")
