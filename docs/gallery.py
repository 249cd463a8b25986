"""Draw the gallery: one explanation of each layout from real data and real models, in every view, into docs/gallery.

Needs the folder of real data sets (`LIMELIGHT_SHARED_DATA`, or `shared/data` beside the repository); whatever it does
not hold is left out. Screenshots need Chromium and Playwright, and are left out too.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import limelight as ll
from limelight.views import figure, html, markdown, terminal

HERE = Path(__file__).resolve().parent
OUT = HERE / "gallery"
DATA = Path(os.environ.get("LIMELIGHT_SHARED_DATA", HERE.parents[1] / "shared" / "data"))
CHROMIUM = Path(os.environ.get("LIMELIGHT_CHROMIUM", "/usr/bin/chromium"))
SENSORS = [f"{sensor} {axis}" for sensor in ("acceleration", "rotation") for axis in "xyz"]
ROW = 534
ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
    "capital-gain capital-loss hours-per-week native-country income"
).split()


def adult() -> tuple[ll.Explainer, Any]:
    """Adult: does this person earn more than 50,000 dollars? Boosted trees on raw columns."""
    import pandas as pd
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    frame = pd.read_csv(DATA / "adult" / "adult.csv", names=ADULT, skipinitialspace=True).drop(columns="fnlwgt")
    X, y = frame.drop(columns="income"), frame["income"]
    encode = make_column_transformer(
        (OrdinalEncoder(), make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    model = make_pipeline(encode, HistGradientBoostingClassifier(random_state=0)).fit(X, y)
    return ll.Explainer(model, ll.Tabular(X), seed=0, targets=[">50K"]), X


def table() -> ll.Explanation:
    """One person of Adult."""
    explainer, X = adult()
    return explainer.explain(X.iloc[ROW])


def many() -> None:
    """How much each column matters to 400 people of Adult, with intervals, and every weight as a dot."""
    explainer, X = adult()
    explanations = list(explainer.explain_many(X.iloc[:400]))
    save(ll.plot_importance(ll.feature_importance(explanations)), "many-importance")
    save(ll.plot_beeswarm(explanations), "many-beeswarm")


def text() -> ll.Explanation:
    """SMS spam: a linear model on words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    file = next((DATA / "sms_spam").glob("[sS][mM][sS]*"))
    pairs = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines() if "\t" in line]
    labels, messages = zip(*pairs, strict=True)
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))
    model.fit(messages, labels)
    chosen = next(message for message in messages if "2000 pound award! Call" in message)
    return ll.Explainer(model, ll.Text(), seed=0, targets="all", n_samples=1024).explain(chosen)


def image() -> ll.Explanation:
    """SqueezeNet on a photo of a cat: the three likeliest of 1,000 classes."""
    import json

    import onnxruntime
    from PIL import Image

    folder = DATA / "squeezenet"
    session = onnxruntime.InferenceSession(folder / "SqueezeNet_fp16.onnx", providers=["CPUExecutionProvider"])
    index = json.loads((folder / "imagenet_class_index.json").read_text())
    plain = [index[str(i)][1].replace("_", " ") for i in range(1000)]
    names = [name if plain.count(name) == 1 else f"{name} {i}" for i, name in enumerate(plain)]
    photo = np.asarray(Image.open(DATA / "photos" / "chelsea_cat.png").convert("RGB").resize((224, 224)))
    model = SqueezeNet(session)
    return ll.Explainer(model, ll.Image(), seed=0, targets="top3", output_names=names).explain(photo)


class SqueezeNet:
    """SqueezeNet as (n, 224, 224, 3) → (n, 1000); it takes one picture at a time, blue first."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def __call__(self, pictures: Any) -> Any:
        """Return the probabilities (n, 1000) of pictures (n, 224, 224, 3)."""
        pixels = np.asarray(pictures, dtype=np.float32)[..., ::-1] - np.array([104, 117, 123], np.float32)
        batch = pixels.transpose(0, 3, 1, 2).astype(np.float16)
        return np.concatenate([self.session.run(None, {"data_0": one[None]})[0].reshape(1, -1) for one in batch])


def series() -> ll.Explanation:
    """BasicMotions: which motion does the wrist make? Six sensors, a forest on simple statistics of stretches."""
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier

    X, y = motions("TRAIN")
    model = RandomForestClassifier(300, random_state=0).fit(stretches(X), y)
    modality = ll.TimeSeries(n_windows=5, per_channel=True, model_channels="first")
    explainer = ll.Explainer(Motions(model), modality, seed=0, output_names=list(model.classes_), n_samples=1024)
    return explainer.explain(pd.DataFrame(motions("TEST")[0][12].T, columns=SENSORS))


class Motions:
    """The forest, asked with whole series (n, 6, 100)."""

    def __init__(self, forest: Any) -> None:
        self.forest = forest

    def __call__(self, many: Any) -> Any:
        """Return the probabilities (n, 4) of series (n, 6, 100)."""
        return self.forest.predict_proba(stretches(np.asarray(many)))


def stretches(X: Any) -> Any:
    """Return mean, spread and range of each fifth of each channel."""
    parts = np.split(X, 5, axis=2)
    return np.concatenate([np.concatenate([p.mean(2), p.std(2), np.ptp(p, axis=2)], axis=1) for p in parts], axis=1)


def motions(which: str) -> tuple[Any, list[str]]:
    """Return (n, 6, 100) and the names of the motions."""
    lines = (DATA / "ucr" / f"BasicMotions_{which}.ts").read_text().splitlines()
    rows = [line.split(":") for line in lines if line and line[0] not in "@#"]
    return np.array([[channel.split(",") for channel in row[:-1]] for row in rows], float), [row[-1] for row in rows]


def draw(name: str, explanation: ll.Explanation) -> None:
    """Write an explanation as page, figure, Markdown and text."""
    (OUT / f"{name}.html").write_text(html.page(explanation), encoding="utf-8")
    (OUT / f"{name}.md").write_text(markdown.render(explanation), encoding="utf-8")
    (OUT / f"{name}.txt").write_text(terminal.render(explanation) + "\n", encoding="utf-8")
    said = explanation.outputs[0][0]
    save(figure.plot(explanation, target=said if said in explanation.targets else None), f"{name}-figure")


def save(axes: Any, name: str) -> None:
    """Write a figure as a small picture."""
    file = io.BytesIO()
    axes.figure.savefig(file)
    shrink(file.getvalue(), name)


def shrink(png: bytes, name: str) -> None:
    """Write a picture small: photographs as JPEG, drawings as PNG with the 256 colours that they do not exceed."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        colours = picture.convert("RGB")
    if name.startswith("image"):
        colours.save(OUT / f"{name}.jpg", quality=88, subsampling=0, optimize=True)
    else:
        colours.quantize(256).save(OUT / f"{name}.png", optimize=True)


def screenshots(names: list[str]) -> None:
    """Photograph the pages, light and dark."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("no screenshots: playwright is not installed")
        return
    if not CHROMIUM.exists():
        print(f"no screenshots: no browser at {CHROMIUM}")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name in names:
            for scheme in ("light", "dark"):
                page = browser.new_page(color_scheme=scheme, viewport={"width": 1000, "height": 400})
                page.goto((OUT / f"{name}.html").as_uri())
                page.wait_for_timeout(300)
                shrink(page.screenshot(full_page=True), f"{name}-{scheme}")
        browser.close()


GALLERY: dict[str, Callable[[], ll.Explanation]] = {"table": table, "text": text, "image": image, "series": series}


def main(wanted: list[str]) -> None:
    """Draw all, or those that are named."""
    OUT.mkdir(exist_ok=True)
    drawn = []
    if (not wanted or "many" in wanted) and (DATA / "adult").is_dir():
        many()
    for name, explain in GALLERY.items():
        if wanted and name not in wanted:
            continue
        try:
            explanation = explain()
        except (FileNotFoundError, StopIteration) as missing:
            print(f"{name}: left out, {missing or 'no such data'}")
            continue
        draw(name, explanation)
        drawn.append(name)
        print(f"{name}: {explanation.provenance.cost.model_rows:,} model rows")
    screenshots(drawn)


if __name__ == "__main__":
    main(sys.argv[1:])
