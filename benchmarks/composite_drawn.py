"""Do the intervals of words and of drawn columns cover the truth, where the truth is known to the last digit?

    python benchmarks/composite_drawn.py              two hundred rows of each model: some ten minutes
    python benchmarks/composite_drawn.py --rows 20    a look

Each row is explained by `Composite(…, against="background")`. It has five words and four columns of few values, so that
the limit of the surrogate (all 2^9 masks, and for each mask the mean over all that the columns may show) is worked out
exactly. Rows, backgrounds and seeds differ; a cell is the share of 95 % intervals of one kind of weight that hold the
exact weight. Also told: the root mean square of the errors, over the size of the largest weight of its row; and how
often each verdict is given.

linear     words + columns
logistic   the logistic function of the same sum: it saturates
product    the sum, and words that count only where a column is high
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import limelight as ll
from limelight.local.proximity import default_kernel_width, proximity_to

WORDS = ("good", "bad", "plot", "story", "fine", "awful", "slow", "brave", "dull", "acting")
SIZES = dict(zip(WORDS, (1.2, -1.5, 0.0, 0.1, 0.5, -0.9, -0.4, 0.3, -0.6, 0.0), strict=True))
MEDIA = ("book", "dvd", "tape")
LENGTH, BACKGROUND = 5, 300


def frame_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Return n rows: stars, a price of few values, a medium, an age that does nothing, and a review."""
    return pd.DataFrame(
        {
            "stars": rng.choice([1, 2, 3, 4, 5], n, p=[0.2, 0.1, 0.1, 0.2, 0.4]),
            "price": rng.choice([5.0, 10.0, 20.0, 60.0], n),
            "medium": pd.Categorical(rng.choice(MEDIA, n), categories=list(MEDIA)),
            "age": rng.integers(0, 4, n),
            "review": [" ".join(rng.choice(WORDS, LENGTH, replace=False)) for _ in range(n)],
        }
    )


def index(words: np.ndarray, columns: pd.DataFrame) -> np.ndarray:
    """Return the sum for words (n, |WORDS|), 1 where there, and columns."""
    told = words @ np.array(list(SIZES.values()))
    medium = columns["medium"].map(dict(zip(MEDIA, (0.0, 0.4, -0.3), strict=True))).to_numpy(float)
    return told + 0.3 * columns["stars"].to_numpy(float) - 0.01 * columns["price"].to_numpy(float) + medium - 1.0


def linear(words: np.ndarray, columns: pd.DataFrame) -> np.ndarray:
    return index(words, columns)


def logistic(words: np.ndarray, columns: pd.DataFrame) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-2.0 * index(words, columns)))


def product(words: np.ndarray, columns: pd.DataFrame) -> np.ndarray:
    high = columns["stars"].to_numpy() >= 4
    first = words[:, :3].sum(axis=1)
    return index(words, columns) + 1.5 * first * high


MODELS: dict[str, Callable[[np.ndarray, pd.DataFrame], np.ndarray]] = {
    "linear": linear, "logistic": logistic, "product": product,
}  # fmt: skip


def model_of(name: str) -> Callable[[pd.DataFrame], np.ndarray]:
    """Return the model as it is explained: it reads the strings."""

    def model(frame: pd.DataFrame) -> np.ndarray:
        there = [set(text.split()) for text in frame["review"]]
        words = np.array([[word in one for word in WORDS] for one in there], float)
        return MODELS[name](words, frame)

    return model


def exact(name: str, row: pd.Series, background: pd.DataFrame, words: list[str]) -> np.ndarray:
    """Return the weights (d,) of the surrogate in the limit: all masks, and for each all that columns may show."""
    columns = ["stars", "price", "medium", "age"]
    found = [
        [(value, share) for value, share in background[c].value_counts(normalize=True).items()] for c in columns[:3]
    ]
    grid = list(itertools.product(*found))
    drawn = pd.DataFrame({c: [point[j][0] for point in grid] for j, c in enumerate(columns[:3])})
    drawn["medium"] = pd.Categorical(drawn["medium"], categories=list(MEDIA))
    mass = np.array([np.prod([share for _, share in point]) for point in grid])
    Z = np.array(list(itertools.product((0, 1), repeat=len(columns) + len(words))), np.uint8)
    means: dict[bytes, float] = {}
    Y = np.empty(len(Z))
    for i, z in enumerate(Z):
        key = z[[0, 1, 2, *range(4, len(z))]].tobytes()  # no model reads the age
        if key not in means:
            shown = drawn.copy()
            for j, c in enumerate(columns[:3]):
                if z[j]:
                    shown[c] = pd.Categorical([row[c]] * len(grid), categories=list(MEDIA)) if j == 2 else row[c]
            on = {word for word, there in zip(words, z[4:], strict=True) if there}
            said = np.tile([float(word in on) for word in WORDS], (len(grid), 1))
            means[key] = float(mass @ MODELS[name](said, shown))
        Y[i] = means[key]
    width = default_kernel_width("euclidean", Z.shape[1])
    near = proximity_to(Z, np.ones(Z.shape[1]), distance="euclidean", width=width, kernel="exponential")
    X = np.column_stack([np.ones(len(Z)), Z]) * np.sqrt(near)[:, None]
    return np.linalg.lstsq(X, Y * np.sqrt(near), rcond=None)[0][1:]


def study(name: str, rows: int, **settings: Any) -> dict[str, Any]:
    """Return coverage by kind of weight, errors, and verdicts."""
    covered: dict[str, list[bool]] = {"columns": [], "words": [], "nothing": []}
    errors, causes = [], Counter[str]()
    for number in range(rows):
        rng = np.random.default_rng([number, 7])
        background, row = frame_of(rng, BACKGROUND), frame_of(rng, 1).iloc[0]
        explainer = ll.Explainer(
            model_of(name),
            ll.Composite(background, {"review": ll.Text()}, against="background"),
            seed=number,
            **settings,
        )
        found = explainer.explain(row)
        truth = exact(name, row, background, [each.where.key[1] for each in found.features[4:]])
        low, high = found.interval()[0].T
        slack = 1e-9 * np.abs(truth).max()
        inside = (low - slack <= truth) & (truth <= high + slack)
        for j, feature in enumerate(found.features):
            kind = "columns" if feature.where.kind == "column" else "words"
            covered["nothing" if abs(truth[j]) < 1e-12 else kind].append(bool(inside[j]))
        errors.append(np.sqrt(np.mean((found.coef[0] - truth) ** 2)) / np.abs(truth).max())
        causes[found.causes[0]] += 1
    shares = {kind: f"{np.mean(each):.3f} of {len(each):,}" for kind, each in covered.items() if each}
    return {**shares, "error": f"{np.sqrt(np.mean(np.square(errors))):.2g}", "verdicts": dict(causes)}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--only", nargs="*", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--n-samples", type=int, default=None, help="so many rows, instead of as many as needed")
    given = parser.parse_args()
    settings = {} if given.n_samples is None else {"n_samples": given.n_samples}
    print(f"{given.rows} rows, each with a background and a seed of its own; 95 % intervals, {settings or 'defaults'}")
    print("| model | columns | words | weights that are 0 | error / largest weight | verdicts |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in given.only:
        cells = study(name, given.rows, **settings)
        told = [str(cells.get(kind, "none")) for kind in ("columns", "words", "nothing", "error", "verdicts")]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
