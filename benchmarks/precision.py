"""How many model rows a weight takes: plain LIME against limelight, at equal rows, where the truth is known.

    python benchmarks/precision.py [--data FOLDER] [--full] [--only set text image photo table stop]

Games: networks masked in all 2^14 or 2^16 ways (exact truth); TF-IDF classifiers on documents of 30, 50 and 100 words
and digits in 50 parts (truth from very many rows); SqueezeNet on photos in some 40 superpixels (rows and truth from a
bank of 40,000, so that n = 5,000 draws an eighth of it); tables of 13 and 30 columns in quartile bins (truth from 2^16
Sobol points with control). For each game and n: the mean squared error of plain LIME (independent rows of its own law,
weighted least squares, no ridge) over ours; bias over standard deviation; coverage of nominal 95 % intervals. Then what
automatic stopping does to coverage, how often a certified ranking is wrong, and what the statistics cost.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll
from limelight.contracts import Neighborhood
from limelight.control.masks import estimate_masked
from limelight.local.precision import estimate_plain
from limelight.local.sampling import (
    Law,
    MaskSampler,
    all_masks,
    design_weights,
    size_law,
    weighted_size_law,
)
from limelight.local.stopping import critical_value, look_schedule, rank, relative_error

SIZES = (200, 500, 1000, 5000)


@dataclass
class MaskGame:
    """A function of masks, LIME's law for it, and its weights, exact or with the reference's noise."""

    family: str
    d: int
    law: Law
    f: Callable[[np.ndarray], np.ndarray]
    truth: np.ndarray | None = None
    noise: np.ndarray | float = 0.0

    @property
    def proximity(self) -> np.ndarray:
        """Return π(s), LIME's cosine kernel by size."""
        return np.exp(-((1 - np.sqrt(np.arange(self.d + 1) / self.d)) ** 2) / (2 * 0.25**2))

    @property
    def q(self) -> np.ndarray:
        """Return the sizes' law under Q."""
        return weighted_size_law(size_law(self.law, self.d), self.proximity)

    def sample(self, n: int, design: str, seed: int) -> Neighborhood:
        """Return n rows with their answers and weights."""
        plan = MaskSampler(self.law, design).plan(self.d, n, exhaustive_up_to=0)  # type: ignore[arg-type]
        draws = plan.draw(n, np.random.default_rng([seed, design == "plain"]), first=True)
        weights = design_weights(draws.importance, draws.enumerated) * self.proximity[draws.Z.sum(axis=1)]
        return Neighborhood(
            draws.Z, self.f(draws.Z)[:, None], weights, np.ones(self.d), draws.enumerated, draws.clusters
        )

    def ours(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Return our weights, their standard errors, and the CPU seconds of the estimate."""
        sample = self.sample(n, "pairs", seed)
        started = time.thread_time()
        fit = estimate_masked(sample, self.q)
        return fit.coef[0], fit.stderr[0], time.thread_time() - started

    def plain(self, n: int, seed: int) -> np.ndarray:
        """Return plain LIME's weights."""
        return estimate_plain(self.sample(n, "plain", seed)).coef[0]


@dataclass
class TableGame:
    """A model of a table in quartile bins, one row of it, and the row's weights with the reference's noise."""

    family: str
    background: np.ndarray
    f: Callable[[np.ndarray], np.ndarray]
    row: np.ndarray
    truth: np.ndarray | None = None
    noise: np.ndarray | float = 0.0

    @property
    def d(self) -> int:
        """Return the number of features."""
        return len(self.row)

    def explained(self, n: int, seed: int, **settings: Any) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the weights, their standard errors, and the CPU seconds that were not the model's."""
        asked = 0.0

        def timed(X: np.ndarray) -> np.ndarray:
            nonlocal asked
            began = time.thread_time()
            answers = self.f(X)
            asked += time.thread_time() - began
            return answers

        started = time.thread_time()
        table = ll.Tabular(self.background)
        explainer = ll.Explainer(timed, table, seed=seed, n_samples=n, max_features=None, replicates=1, **settings)
        found = explainer.explain(self.row)
        return found.coef[0], found.stderr[0], time.thread_time() - started - asked

    def ours(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Return our weights, their standard errors, and the CPU seconds of the whole explanation."""
        return self.explained(n, seed)

    def plain(self, n: int, seed: int) -> np.ndarray:
        """Return plain LIME's weights."""
        return self.explained(n, seed, sampler="plain", control_variates=False)[0]


# -- games -------------------------------------------------------------------------------------------------------------


def set_games(data: Path, full: bool) -> Iterator[MaskGame]:
    for family, law in (("resnet14", "bernoulli"), ("sent14", "uniform"), ("vit16", "bernoulli")):
        with np.load(data / "set_functions" / f"{family}.npz") as archive:
            names = archive.files if full else archive.files[:4]
            for name in names:
                yield exactly(family, archive[name].astype(float), law)


def exactly(family: str, values: np.ndarray, law: Any) -> MaskGame:
    """A game known on all masks, with its exact weights."""
    d = int(np.log2(len(values)))
    bits = 1 << np.arange(d)
    game = MaskGame(family, d, law, lambda Z: values[Z @ bits])
    M = all_masks(d)
    weights = np.array([game.q[s] / comb(d, s) for s in range(d + 1)])[M.sum(axis=1)]
    everything = Neighborhood(M, values[:, None], weights, np.ones(d), np.ones(len(M), bool), np.arange(len(M)))
    return replace(game, truth=estimate_plain(everything).coef[0])


def text_games(data: Path, full: bool) -> Iterator[MaskGame]:
    """TF-IDF with logistic regression, random forest and a network on book reviews of 30, 50 and 100 distinct words."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    with (data / "multi_domain_sentiment" / "books.jsonl").open(encoding="utf-8") as lines:
        reviews = [json.loads(line) for line in lines]
    counts = CountVectorizer(max_features=1500, min_df=2).fit_transform([each["text"] for each in reviews])
    label = np.array([each["label"] == "positive" for each in reviews])
    tfidf = TfidfTransformer().fit(counts)
    words = np.diff(counts.indptr)
    models = [LogisticRegression(C=10), MLPClassifier((32,), max_iter=60, random_state=0)]
    models += [RandomForestClassifier(50, min_samples_leaf=2, random_state=0)]
    for model in models:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(tfidf.transform(counts), label)
        for d in (30, 50, 100):
            for row in np.flatnonzero(words == d)[: 2 if full else 1]:
                document = counts[row]
                game = MaskGame(f"text d={d}", d, "uniform", Documents(model, tfidf.idf_, document))
                yield with_reference(game, 100_000 if isinstance(model, RandomForestClassifier) else 600_000)


class Documents:
    """P(positive) of one document with words taken out, straight from its counts."""

    def __init__(self, model: Any, idf: np.ndarray, document: Any) -> None:
        self.model, self.columns, self.width = model, document.indices, document.shape[1]
        self.scaled = document.data * idf[document.indices]

    def __call__(self, Z: np.ndarray) -> np.ndarray:
        """Return one answer for every mask."""
        from scipy.sparse import csr_matrix

        answers = []
        for block in np.array_split(Z, max(1, len(Z) // 20_000)):
            values = block * self.scaled
            values = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
            rows = np.arange(0, values.size + 1, values.shape[1])
            X = csr_matrix((values.ravel(), np.tile(self.columns, len(values)), rows), (len(values), self.width))
            answers.append(self.model.predict_proba(X)[:, 1])
        return np.concatenate(answers)


def image_games(data: Path, full: bool) -> Iterator[MaskGame]:
    """Digits of 64 pixels in 50 parts, hidden parts grey; a network and a forest."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neural_network import MLPClassifier

    X, label = load_digits(return_X_y=True)
    parts = np.minimum(np.arange(64) // 2, 13) * (np.arange(64) < 28) + (np.arange(64) - 14) * (np.arange(64) >= 28)
    for model in (MLPClassifier((64,), max_iter=80, random_state=0), RandomForestClassifier(50, random_state=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X[300:], label[300:])
        for row in range(3 if full else 2):
            game = MaskGame("image d=50", 50, "bernoulli", Pictures(model, X[row], parts))
            yield with_reference(game, 100_000 if isinstance(model, RandomForestClassifier) else 600_000)


class Pictures:
    """P(the class it has) of one picture with parts in grey."""

    def __init__(self, model: Any, picture: np.ndarray, parts: np.ndarray) -> None:
        self.model, self.picture, self.parts = model, picture, parts
        self.target = int(model.predict_proba(picture[None])[0].argmax())

    def __call__(self, Z: np.ndarray) -> np.ndarray:
        """Return one answer for every mask."""
        blocks = np.array_split(Z[:, self.parts], max(1, len(Z) // 20_000))
        shown = (np.where(block == 1, self.picture, self.picture.mean()) for block in blocks)
        return np.concatenate([self.model.predict_proba(X)[:, self.target] for X in shown])


@dataclass
class Photo(MaskGame):
    """A network on a photo; rows are drawn from a bank of complement pairs, asked once."""

    bank: tuple[np.ndarray, np.ndarray] = (np.empty((0, 2, 0), np.uint8), np.empty((0, 2)))

    def sample(self, n: int, design: str, seed: int) -> Neighborhood:
        """Return n rows of the bank: whole pairs, or one row of each of n pairs."""
        Z, y = self.bank
        rng, paired = np.random.default_rng([seed, design == "plain"]), design == "pairs"
        chosen = rng.permutation(len(Z))[: n // 2 if paired else n]
        sides = (slice(None),) if paired else (rng.integers(0, 2, len(chosen)),)
        masks, outputs = Z[chosen, *sides].reshape(n, -1), y[chosen, *sides].reshape(n, 1)
        weights = self.proximity[masks.sum(axis=1)] / n
        clusters = np.repeat(np.arange(n // 2), 2) if paired else np.arange(n)
        return Neighborhood(masks, outputs, weights, np.ones(self.d), np.zeros(n, bool), clusters)


def photo_games(data: Path, full: bool, rows: int = 40_000) -> Iterator[MaskGame]:
    """SqueezeNet, P(the class it sees) on photos in superpixels; some four minutes to ask for each photo's bank."""
    import onnxruntime
    from PIL import Image

    session = onnxruntime.InferenceSession(str(data / "squeezenet" / "SqueezeNet_fp16.onnx"))
    mean = np.array([104, 117, 123], dtype=np.float32)
    for name in ("cat.jpg", "golden_puppy.jpg", "hummingbird.jpg")[: 3 if full else 2]:
        photo = np.asarray(Image.open(data / "photos" / name).convert("RGB").resize((224, 224)))
        parts = ll.Image().represent(photo, np.random.default_rng(0))

        def network(images: Any) -> np.ndarray:
            batch = (np.asarray(images, np.float32)[..., ::-1] - mean).transpose(0, 3, 1, 2).astype(np.float16)
            return np.concatenate([session.run(None, {"data_0": each[None]})[0].reshape(1, -1) for each in batch])

        d, target = len(parts.features), int(network(photo[None]).argmax())
        firsts = np.random.default_rng(0).integers(0, 2, (rows // 2, d), dtype=np.uint8)
        Z = np.stack([firsts, 1 - firsts], axis=1)
        blocks = np.array_split(Z.reshape(rows, d), rows // parts.chunk + 1)
        y = [network(parts.reconstruct(block, np.random.default_rng(0)))[:, target] for block in blocks]
        bank = (Z, np.concatenate(y).astype(float).reshape(-1, 2))
        yield with_reference(Photo("photo d≈40", d, "bernoulli", None, bank=bank), rows)  # type: ignore[arg-type]


def with_reference(game: MaskGame, rows: int) -> MaskGame:
    """The game with weights from very many rows in pairs: a control would gain little there, and take long."""
    known = estimate_plain(game.sample(rows, "pairs", 987_654))
    return replace(game, truth=known.coef[0], noise=known.stderr[0])


def table_games(data: Path, full: bool) -> Iterator[TableGame]:
    from sklearn.datasets import load_breast_cancer, load_wine
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for name, bunch in (("wine d=13", load_wine()), ("breast cancer d=30", load_breast_cancer())):
        label = bunch.target == 1
        models = [
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
            RandomForestClassifier(50, random_state=0),
            make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=500, random_state=0)),
            GradientBoostingClassifier(random_state=0),
        ]
        rows = np.random.default_rng(3).choice(len(label), 4 if full else 2, replace=False)
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(bunch.data, label)
            yield from tables_with_reference(name, bunch.data, model, bunch.data[rows])


def tables_with_reference(name: str, background: np.ndarray, model: Any, rows: np.ndarray) -> Iterator[TableGame]:
    """One game for each row, with a reference of 2^16 draws."""
    for row in rows:
        game = TableGame(name, background, lambda X: model.predict_proba(X)[:, 1], row)
        coef, stderr, _ = game.explained(2**16, 987_654)
        yield replace(game, truth=coef, noise=stderr)


# -- tables of results -------------------------------------------------------------------------------------------------


def efficiency(family: str, games: list[Any], repeats: int) -> dict[int, list[tuple[float, float]]]:
    """Print error ratios, bias and coverage for one family of games; return log ratios and coverages by size."""
    found: dict[int, list[tuple[float, float]]] = {}
    for n in SIZES:
        rows = [judged(game, n, repeats) for game in games if n < 2**game.d]
        ratio, bias, noise, covered, error, cost = np.array(rows).T
        found[n] = [*zip(np.log(ratio), covered, strict=True)]
        print(
            f"{family:20s} {n:5d}  {np.exp(np.log(ratio).mean()):7.2f} {ratio.min():7.2f}"
            f"  {bias.mean():6.2f} ({noise.mean():.2f})"
            f"  {covered.mean():6.3f} [{covered.min():.3f}, {covered.max():.3f}]"
            f"  {error.mean():5.2f}  {1e3 * cost.mean():7.1f}",
            flush=True,
        )
    return found


def judged(game: Any, n: int, repeats: int) -> tuple[float, ...]:
    """Return error ratio; rms bias over sd, and what chance and the reference's own noise make of it; coverage;
    standard error over rmse; CPU s.
    """
    ours = [game.ours(n, seed) for seed in range(repeats)]
    coef, stderr = np.array([each[0] for each in ours]), np.array([each[1] for each in ours])
    plain = np.array([game.plain(n, seed) for seed in range(repeats)])
    error = coef - game.truth
    spread = np.maximum(coef.std(axis=0, ddof=1), 1e-12)
    bias = error.mean(axis=0) / spread
    return (
        float(np.square(plain - game.truth).mean() / np.square(error).mean()),
        float(np.sqrt(np.square(bias).mean())),
        float(np.sqrt(1 / repeats + np.square(game.noise / spread).mean())),
        float((np.abs(error) <= 1.96 * stderr).mean()),
        float(np.sqrt(np.square(stderr).mean() / np.square(error).mean())),
        float(np.mean([each[2] for each in ours])),
    )


def stopping(games: list[MaskGame], repeats: int) -> None:
    """Print coverage after automatic stopping, and wrong rankings, with the rows used."""
    print(f"\n{'automatic stopping':20s} {'rows':>7s} {'budget':>7s} {'coverage':>9s}")
    budget = 6400
    for tolerance in (0.1, 0.05):
        rows, covered = [], []
        for game in games:
            for seed in range(repeats):
                n, fit = until(game, seed, budget, lambda fit: bool((relative_error(fit) <= tolerance).all()))  # noqa: B023
                rows.append(n)
                covered.append((np.abs(fit.coef[0] - game.truth) <= 1.96 * fit.stderr[0]).mean())
        print(f"{'tolerance':>14s} {tolerance:5.2f} {np.mean(rows):7.0f} {np.mean(np.array(rows) == budget):7.2f} "
              f"{np.mean(covered):9.3f}")  # fmt: skip
    critical = critical_value(looks=len(look_schedule(200, budget)))
    rows, certified, wrong = [], 0, 0
    for game in games:
        assert game.truth is not None
        best = np.argsort(-np.abs(game.truth))[:3]
        for seed in range(repeats):
            n, fit = until(game, seed, budget, lambda fit: rank(fit, 0, 3, critical=critical).settled)
            ranking = rank(fit, 0, 3, critical=critical)
            rows.append(n)
            certified += ranking.settled
            wrong += ranking.settled and set(ranking.order.tolist()) != set(best.tolist())
    runs = len(games) * repeats
    print(f"{'top 3, certified':>20s} {np.mean(rows):7.0f}   certified {certified / runs:.2f}, wrong {wrong} of {runs}")


def until(game: MaskGame, seed: int, budget: int, enough: Callable[[Any], bool]) -> tuple[int, Any]:
    """Grow one sample look by look, as the pipeline does."""
    plan = MaskSampler(game.law).plan(game.d, 200, exhaustive_up_to=0)
    Z, importance, enumerated, clusters, have = [], [], [], [], 0
    for n in look_schedule(200, budget):
        draws = plan.draw(n - have, np.random.default_rng([seed, n]), first=have == 0)
        Z.append(draws.Z), importance.append(draws.importance), enumerated.append(draws.enumerated)
        clusters.append(draws.clusters + 10 * have)
        have = n
        masks, complete = np.concatenate(Z), np.concatenate(enumerated)
        weights = design_weights(np.concatenate(importance), complete) * game.proximity[masks.sum(axis=1)]
        numbers = np.concatenate(clusters)
        sample = Neighborhood(masks, game.f(masks)[:, None], weights, np.ones(game.d), complete, numbers)
        fit = estimate_masked(sample, game.q)
        if enough(fit):
            break
    return n, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get(
        "LIMELIGHT_SHARED_DATA", str(Path(__file__).resolve().parents[1].parent / "shared" / "data")
    )
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of real data sets")
    parser.add_argument("--full", action="store_true", help="all games, 100 repeats: about an hour")
    parser.add_argument("--repeats", type=int, help="samples per game and size")
    parser.add_argument("--only", nargs="*", default=["set", "text", "image", "table", "stop"])
    options = parser.parse_args()
    repeats = options.repeats or (100 if options.full else 10)
    families = {"set": set_games, "text": text_games, "image": image_games, "photo": photo_games, "table": table_games}
    print(f"{'games':20s} {'n':>5s}  {'MSE plain/ours':>15s}  {'bias/sd (0)':>13s}  {'coverage of 95 %':>21s}"
          f"  se/e.  {'CPU ms':>7s}\n{'':20s} {'':5s}  {'geo':>7s} {'least':>7s}")  # fmt: skip
    together: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for name in options.only:
        if name == "stop":
            stopping(list(set_games(options.data, options.full)), max(2, repeats // 4))
            continue
        games = list(families[name](options.data, options.full))
        for family in dict.fromkeys(game.family for game in games):
            found = efficiency(family, [game for game in games if game.family == family], repeats)
            for n, each in found.items():
                together.setdefault(("tables" if name == "table" else "texts and images", n), []).extend(each)
    print()
    for (kind, n), each in together.items():
        ratio, covered = np.array(each).T
        mean, least = np.exp(ratio.mean()), np.exp(ratio.min())
        print(f"{kind:20s} {n:5d}  {mean:7.2f} {least:7.2f}  {'':13s}  {covered.mean():6.3f}")


if __name__ == "__main__":
    main()
