"""Are the words about an explanation true? What is said to add up does, who acts together does, the gap is a gap.

    python benchmarks/verdict.py --quick                 about two minutes; real models where the data are
    python benchmarks/verdict.py --data DIR --seeds 40   the whole; DIR holds adult/, bike_sharing/, compas/, …
    python benchmarks/verdict.py --only sums pairs       parts of it: sums, truth, pairs, gap, scaffold
    python benchmarks/verdict.py --only gap --rare 1000 --json docs/verdict.json     figures of other parts stay

Shares stand beside their 95 % interval (Wilson); rows of one model are not independent of each other, so that the
intervals of "sums" and "truth" are too narrow where models differ.

sums      generalised additive models, and models that are none: the share of rows told "adds up" or "saturates"
truth     real models: additivity against a dense truth, on which side of .5 and .8
pairs     pairs of columns named where none acts together, and where one does
gap       rare events at the explained row: warned of wherever the surrogate misses; and honest models, where it is not
scaffold  a model that is biased on real rows and innocent on drawn ones (Slack et al., 2020)
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import limelight as ll
from limelight.overview.many_tests import wilson

Model = Callable[[pd.DataFrame], np.ndarray]
Line = dict[str, Any]
SUMMED = {"adds up", "saturates"}


def share(count: int, n: int) -> list[float]:
    """Return a share and its 95 % interval."""
    low, high = wilson(count, n)
    return [round(count / n, 4), round(low, 4), round(high, 4)]


# -- models whose truth is known --------------------------------------------------------------------------------------


def table(d: int, rng: np.random.Generator, n: int = 2000) -> pd.DataFrame:
    """Return d independent columns, in turn normal, skewed, counted, categorical and uniform."""
    columns: dict[str, Any] = {}
    for j in range(d):
        made = (
            rng.normal(size=n),
            rng.lognormal(sigma=1.0, size=n),
            rng.poisson(2.0, size=n).astype(float),
            rng.choice(list("pqrst"), size=n, p=[0.5, 0.25, 0.15, 0.07, 0.03]),
            rng.random(n),
        )
        columns[f"x{j}"] = made[j % 5]
    return pd.DataFrame(columns)


def additive_index(frame: pd.DataFrame, rng: np.random.Generator) -> Model:
    """Return a sum of one curve for each column: a line, a bend, a step or a parabola; a level for each category."""
    parts: list[tuple[str, Any]] = []
    for name in frame:
        size = rng.choice([1.0, 0.5, 0.2])
        if not pd.api.types.is_numeric_dtype(frame[name]):
            levels = dict(zip(sorted(frame[name].unique()), size * rng.normal(size=frame[name].nunique()), strict=True))
            parts.append((name, levels))
            continue
        middle, spread = float(frame[name].median()), float(frame[name].std())
        cut = float(frame[name].quantile(rng.choice([0.25, 0.5, 0.75])))
        curves = (
            lambda v, m=middle, s=spread, a=size: a * (v - m) / s,
            lambda v, m=middle, s=spread, a=size: a * np.tanh(1.5 * (v - m) / s),
            lambda v, c=cut, a=size: a * (v > c),
            lambda v, m=middle, s=spread, a=size: a * np.minimum(np.square((v - m) / s), 4.0) / 2,
        )
        parts.append((name, curves[rng.integers(4)]))

    def index(F: pd.DataFrame) -> np.ndarray:
        found = np.zeros(len(F))
        for name, part in parts:
            values = F[name].map(part) if isinstance(part, dict) else part(F[name])
            found += np.asarray(values, dtype=float)
        return found

    return index


def linked(frame: pd.DataFrame, link: str, rng: np.random.Generator) -> Model:
    """Return a generalised additive model."""
    index = additive_index(frame, rng)
    seen = index(frame)
    middle, spread = seen.mean(), seen.std()
    cut = float(np.quantile(seen, rng.choice([0.3, 0.5, 0.8])))
    if not (seen > cut).any():  # of an index with a few values a constant, which is no threshold model
        cut = float(seen.min())
    if link == "logit":
        return lambda F: 1 / (1 + np.exp(-2.5 * (index(F) - middle) / spread))
    if link == "log":
        return lambda F: np.exp(0.8 * (index(F) - middle) / spread)
    if link == "threshold":
        return lambda F: (index(F) > cut).astype(float)
    return index


def joined(name: str, rng: np.random.Generator) -> Model:
    """Return a model of numeric columns that does not add up."""
    del rng
    return {
        "xor": lambda F: ((F.x0 > 0) != (F.x5 > 0)).to_numpy(float),
        "product": lambda F: (F.x0 * F.x5).to_numpy(),
        "parity": lambda F: np.sign(F.x0 * F.x5 * F.x10).to_numpy(),
        "product and sum": lambda F: (F.x0 * F.x5 + 0.3 * F.x1).to_numpy(),
    }[name]


def explained(model: Model, frame: pd.DataFrame, rows: pd.DataFrame, **settings: Any) -> list[Any]:
    """Return explanations of rows."""
    options = {name: settings.pop(name) for name in ("bins", "categorical", "groups") if name in settings}
    explainer = ll.Explainer(model, ll.Tabular(frame, **options), **{"seed": 0, **settings})
    return list(explainer.explain_many(rows))


# -- a. who is told that columns add up -------------------------------------------------------------------------------


def sums(seeds: int, sizes: tuple[int, ...]) -> Iterator[Line]:
    """Yield a line for each link and kind of bins."""
    for bins in ("quartile", "decile"):
        for link in ("identity", "logit", "log", "threshold"):
            for d in sizes:
                causes: Counter[str] = Counter()
                for seed in range(seeds):
                    rng = np.random.default_rng([seed, d])
                    frame = table(d, rng)
                    found = explained(linked(frame, link, rng), frame, frame.iloc[:10], bins=bins, seed=seed)
                    causes.update(each.causes[0] for each in found)
                yield _told(link, bins, d, causes)
    for name in ("xor", "product", "parity", "product and sum"):
        causes = Counter()
        for seed in range(seeds):
            rng = np.random.default_rng([seed, 7])
            frame = table(12, rng)
            causes.update(e.causes[0] for e in explained(joined(name, rng), frame, frame.iloc[:10], seed=seed))
        yield _told(name, "quartile", 12, causes)


def _told(name: str, bins: str, columns: int, causes: Counter[str]) -> Line:
    told = share(sum(causes[cause] for cause in SUMMED), causes.total())
    return {
        "model": name,
        "bins": bins,
        "columns": columns,
        "rows": causes.total(),
        "told additive": told,
        "causes": dict(causes.most_common()),
    }


# -- b. additivity against a dense truth ------------------------------------------------------------------------------


def dense_additivity(model: Model, frame: pd.DataFrame, draws: int, cells: int = 150) -> float:
    """Return the share that the best sum over columns explains, from draws in which columns are independent.

    Indicators of one thing are one column, as they are to whoever reads the explanation.

    Means and slopes in fine cells, fitted in turn; none of limelight's own code, bins or terms.
    """
    rng = np.random.default_rng(99)
    drawn = frame.iloc[np.zeros(draws, int)].reset_index(drop=True)
    parts = drawn_together(frame)
    for names in parts:
        drawn[names] = frame[names].to_numpy()[rng.integers(len(frame), size=draws)]
    y = np.concatenate([model(drawn.iloc[at : at + 20_000]) for at in range(0, draws, 20_000)]).astype(float)
    columns = [_cells(drawn[names[0]], cells) if len(names) == 1 else _which(drawn[names]) for names in parts]
    left = y - y.mean()
    for _ in range(4):
        for code, inner in columns:
            left = left - (np.bincount(code, left) / np.bincount(code))[code]
            slope = np.bincount(code, left * inner) / np.maximum(np.bincount(code, inner**2), 1e-300)
            left = left - slope[code] * inner
    free = draws - 1 - sum(len(set(code)) - 1 + len(set(code[inner != 0])) for code, inner in columns)
    return 1.0 - float(np.square(left).sum()) / free / y.var(ddof=1)


def drawn_together(frame: pd.DataFrame) -> list[list[str]]:
    """Return the columns in sets that are drawn as one: indicators of one thing, of which each row has exactly one."""
    found: dict[str, list[str]] = {}
    for name in frame:
        found.setdefault(name.rpartition("_")[0] or name, []).append(name)
    parts: list[list[str]] = []
    for names in found.values():
        whole = len(names) > 1 and frame[names].isin((0, 1)).all(axis=None) and (frame[names].sum(axis=1) == 1).all()
        parts += [names] if whole else [[name] for name in names]
    return parts


def _which(indicators: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the indicators each row has, as `_cells` does."""
    return indicators.to_numpy().argmax(axis=1), np.zeros(len(indicators))


def _cells(column: pd.Series, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell (n,) of every value, and the value less the mean of its cell; the latter 0 for categories."""
    code, levels = pd.factorize(column, use_na_sentinel=False)
    if len(levels) <= cells or not pd.api.types.is_numeric_dtype(column):
        return code.astype(np.int64), np.zeros(len(column))
    code = ((column.rank(method="first").to_numpy() - 1) * cells // len(column)).astype(np.int64)
    values = column.to_numpy(float)
    return code, values - (np.bincount(code, values) / np.bincount(code))[code]


def truth(data: Path, n_rows: int, draws: int) -> Iterator[Line]:
    """Yield a line for each real model.

    A row whose dense additivity lies within two stated errors of a bound disagrees by chance, and nobody would mind:
    both counts are given.
    """
    agreed, whole, far = [], [], 0
    for name, frame, model in real_models(data):
        rows = frame.sample(n_rows, random_state=3)
        found = explained(model, frame, rows)
        told = np.array([each.additivity[0] for each in found])
        error = np.array([each.additivity_stderr[0] for each in found])
        dense = dense_additivity(model, frame, draws)
        # rows where nothing moves or a gap is open have an additivity too
        half, most = ((told >= bound) == (dense >= bound) for bound in (0.5, 0.8))
        agreed += [*half.tolist(), *most.tolist()]
        whole += (half & most).tolist()
        for agree, bound in ((half, 0.5), (most, 0.8)):
            far += int((~agree & (abs(dense - bound) > 2.0 * error)).sum())
        causes = Counter(each.causes[0] for each in found)
        yield {
            "model": name,
            "dense additivity": round(dense, 3),
            "told": round(float(told.mean()), 3),
            "sd": round(float(told.std()), 3),
            "stated error": round(float(error.mean()), 4),
            "agrees at .5": round(float(half.mean()), 3),
            "agrees at .8": round(float(most.mean()), 3),
            "causes": dict(causes.most_common()),
        }
    if agreed:
        yield {
            "model": "all",
            "rows and bounds": len(agreed),
            "agree": share(sum(agreed), len(agreed)),
            "rows": len(whole),
            "rows that agree": share(sum(whole), len(whole)),
            "disagree, and more than two stated errors from the bound": far,
        }


def real_tables(data: Path) -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    """Yield name, columns and target of the real tables that are there."""
    from sklearn.datasets import load_breast_cancer, load_wine

    cancer = load_breast_cancer(as_frame=True)
    yield "cancer", cancer.data, cancer.target.to_numpy() == 1
    wine = load_wine(as_frame=True)
    yield "wine", wine.data, wine.target.to_numpy() == 1
    if (path := data / "california_housing" / "california_housing.csv").exists():
        frame = pd.read_csv(path)
        yield "california", frame, frame.pop("MedHouseVal").to_numpy(float)
    if (path := data / "bike_sharing" / "bike.csv").exists():
        frame = pd.read_csv(path)
        yield "bike", frame, frame.pop("count").to_numpy(float)
    if (path := data / "adult" / "adult.csv").exists():
        frame = pd.read_csv(path, header=None, skipinitialspace=True).rename(columns=lambda j: f"c{j}")
        y = (frame.pop("c14") == ">50K").to_numpy()
        yield "adult", frame.drop(columns=["c2", "c3"]), y
    if (path := data / "compas" / "compas-scores-two-years.csv").exists():
        frame = compas(path)
        yield "compas", frame, frame.pop("two_year_recid").to_numpy() == 1


def real_models(data: Path, most: int = 8000) -> Iterator[tuple[str, pd.DataFrame, Model]]:
    """Yield name, background and model: logistic or linear, forest, boosting, and a network."""
    from sklearn import ensemble, linear_model, neural_network
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    words, numbers = make_column_selector(dtype_include=object), make_column_selector(dtype_include="number")
    for name, whole, y in real_tables(data):
        frame = whole.sample(min(most, len(whole)), random_state=0)
        yes_no, y = y.dtype == bool, y[whole.index.get_indexer(frame.index)]
        ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        coded = make_column_transformer((ordinal, words), remainder="passthrough")
        hot = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers))
        network = _either(neural_network, "MLP", yes_no)
        kinds: list[tuple[str, Any, Any]] = [
            ("linear", hot, linear_model.LogisticRegression(max_iter=500) if yes_no else linear_model.Ridge()),
            ("forest", coded, _either(ensemble, "RandomForest", yes_no)(30, max_depth=12, random_state=0)),
            ("boosting", coded, _either(ensemble, "HistGradientBoosting", yes_no)(max_iter=80, random_state=0)),
            ("network", hot, network(hidden_layer_sizes=(32,), max_iter=60, random_state=0)),
        ]
        for kind, encode, estimator in kinds:
            fitted = make_pipeline(encode, estimator).fit(frame, y)
            yield f"{name} {kind}", frame, _answering(fitted, yes_no)


def _either(module: Any, name: str, yes_no: bool) -> Any:
    return getattr(module, f"{name}{'Classifier' if yes_no else 'Regressor'}")


def _answering(fitted: Any, yes_no: bool) -> Model:
    if yes_no:
        return lambda F: fitted.predict_proba(F)[:, 1]
    return lambda F: fitted.predict(F)


# -- c. pairs ---------------------------------------------------------------------------------------------------------


def pair_problems() -> dict[str, tuple[Callable[[np.ndarray], np.ndarray], set[tuple[int, int]], set[tuple[int, int]]]]:
    """Return models of ten normal columns: all pairs that act together, and those that carry a tenth or more."""
    line = np.linspace(1, 0.1, 10)

    def with_pair(share: float) -> Callable[[np.ndarray], np.ndarray]:
        scale = np.sqrt(share / (1 - share) * float(line @ line))
        return lambda A: A @ line + scale * A[:, 0] * A[:, 1]

    def two(A: np.ndarray) -> np.ndarray:
        pairs = 0.8 * np.sign(A[:, 0] * A[:, 3]) + 0.8 * A[:, 4] * A[:, 5]
        return np.asarray(A @ line + pairs)

    return {
        "linear": (lambda A: A @ line, set(), set()),
        "logit": (lambda A: 1 / (1 + np.exp(-2 * (A @ line))), set(), set()),
        "three signs": (lambda A: np.sign(A[:, 0] * A[:, 1] * A[:, 2]), set(), set()),
        "three signs and a line": (lambda A: A @ line + 2 * np.sign(A[:, 0] * A[:, 1] * A[:, 2]), set(), set()),
        "three of a kind": (lambda A: A[:, 0] * A[:, 1] * A[:, 2] * 1.5 + A @ line, set(), set()),
        "pair of 12 %": (with_pair(0.12), {(0, 1)}, {(0, 1)}),
        "pair of 30 %": (with_pair(0.30), {(0, 1)}, {(0, 1)}),
        "xor": (lambda A: ((A[:, 0] > 0) != (A[:, 1] > 0)) * 1.0, {(0, 1)}, {(0, 1)}),
        "two pairs": (two, {(0, 3), (4, 5)}, {(0, 3), (4, 5)}),
        "heavy tails": (lambda A: np.exp(A[:, 6]) + 1.5 * A[:, 0] * A[:, 1], {(0, 1)}, {(0, 1)}),
    }


def pairs(seeds: int, columns: tuple[int, ...] = (10, 30)) -> Iterator[Line]:
    """Yield a line for each model."""
    wrong, runs, hits = 0, 0, []
    for name, (model, real, strong) in pair_problems().items():
        for d in columns:
            A = np.random.default_rng(1).normal(size=(2000, d))
            false, found = [], []
            for seed in range(seeds):
                explainer = ll.Explainer(lambda X, f=model: f(X[:, :10]), ll.Tabular(A), seed=seed)
                named = {tuple(sorted((p.first, p.second))) for p in explainer.explain(A[0]).pairs[0]}
                false.append(bool(named - real))
                found += [pair in named for pair in strong]
            wrong, runs = wrong + sum(false), runs + len(false)
            hits += found
            yield {
                "model": name,
                "columns": d,
                "runs": len(false),
                "with a false pair": share(sum(false), len(false)),
                "power": share(sum(found), len(found)) if found else None,
            }
    yield {"model": "all", "with a false pair": share(wrong, runs), "power": share(sum(hits), len(hits))}


# -- d. the gap -------------------------------------------------------------------------------------------------------


def warned(explanation: Any) -> bool:
    """Return whether an explanation says that the model answers otherwise at its instance."""
    return explanation.causes[0] == "gap" or any("otherwise at this instance" in each for each in explanation.warnings)


def rare_event(rng: np.random.Generator) -> tuple[Model, pd.DataFrame, pd.DataFrame]:
    """Return a model that answers otherwise where a few columns are in their tails, a background, and such a row."""
    d = int(rng.integers(4, 14))
    frame = table(d, rng)
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    row = frame.iloc[[int(rng.integers(len(frame)))]].copy()
    kind = rng.choice(["tails", "spike", "only here"])
    height = float(rng.choice([1.0, 10.0, 1000.0]))
    base = additive_index(frame, rng)
    flat = kind == "only here" or rng.random() < 0.5
    chosen = rng.choice(numeric, size=min(len(numeric), int(rng.integers(3, 5))), replace=False)
    cuts = {name: float(frame[name].quantile(rng.choice([0.75, 0.9, 0.97]))) for name in chosen}
    for name in chosen:
        above = frame.loc[frame[name] > cuts[name], name]
        row[name] = float(above.iloc[0]) if len(above) else cuts[name] + 1.0

    def model(F: pd.DataFrame) -> np.ndarray:
        if kind == "tails":
            inside = np.all([F[name] > cuts[name] for name in chosen], axis=0)
        else:
            exact = list(frame) if kind == "only here" else chosen
            inside = np.all([F[name] == row[name].iloc[0] for name in exact], axis=0)
        return height * inside + (0.0 if flat else 0.1) * base(F)

    return model, frame, row


def surrogate_misses(explanation: Any, model: Model, frame: pd.DataFrame) -> bool:
    """Return whether the surrogate is off by more than four of its residual spreads, the latter from fresh draws."""
    rng = np.random.default_rng(5)
    drawn = pd.DataFrame({name: rng.choice(frame[name].to_numpy(), size=4000) for name in frame})
    # R² of the conditions says which share of the movement they leave
    left = np.asarray(model(drawn), dtype=float).var() * (1.0 - max(float(explanation.r2[0]), 0.0))
    f, g = float(explanation.prediction[0]), float(explanation.local_prediction[0])
    return abs(f - g) > max(4.0 * np.sqrt(left), 1e-9 * max(abs(f), abs(g)))


def gap(models: int, honest: int) -> Iterator[Line]:
    """Yield a line for rare events, and one for each honest model."""
    missed, silent = 0, []
    for seed in range(models):
        model, frame, row = rare_event(np.random.default_rng([seed, 11]))
        (explanation,) = explained(model, frame, row, seed=seed)
        if surrogate_misses(explanation, model, frame):
            missed += 1
            silent += [] if warned(explanation) else [seed]
    yield {
        "model": "rare event",
        "models": models,
        "surrogate misses": missed,
        "of these without a warning": share(len(silent), max(missed, 1)),
        "their seeds": silent[:20],
    }
    for link in ("identity", "logit", "log", "threshold", "threshold of 5 %"):
        found = []
        for seed in range(honest):
            rng = np.random.default_rng([seed, 23])
            frame = table(int(rng.choice([4, 8, 15, 30])), rng)
            model = _rarely_yes(frame, rng) if link == "threshold of 5 %" else linked(frame, link, rng)
            found += [warned(each) for each in explained(model, frame, frame.iloc[:50], seed=seed)]
        yield {"model": link, "rows": len(found), "with a gap": share(sum(found), len(found))}


def _rarely_yes(frame: pd.DataFrame, rng: np.random.Generator) -> Model:
    index = additive_index(frame, rng)
    cut = float(np.quantile(index(frame), 0.95))
    return lambda F: (index(F) > cut).astype(float)


# -- e. the scaffold --------------------------------------------------------------------------------------------------


def compas(path: Path) -> pd.DataFrame:
    """Return COMPAS as people used it: columns of numbers, sex and charge one column for each value."""
    frame = pd.read_csv(path)
    frame = frame[(frame.days_b_screening_arrest.abs() <= 30) & (frame.c_charge_degree != "O")]
    stay = pd.to_datetime(frame.c_jail_out) - pd.to_datetime(frame.c_jail_in)
    columns = {
        "age": frame.age,
        "charge_F": frame.c_charge_degree == "F",
        "charge_M": frame.c_charge_degree == "M",
        "sex_F": frame.sex == "Female",
        "sex_M": frame.sex == "Male",
        "race": frame.race == "African-American",
        "priors": frame.priors_count,
        "length_of_stay": stay.dt.days,
        "juvenile": frame.juv_fel_count + frame.juv_misd_count + frame.juv_other_count,
        "decile_score": frame.decile_score,
        "two_year_recid": frame.two_year_recid,
    }
    return pd.DataFrame(columns).dropna().astype(float).reset_index(drop=True)


def scaffold(data: Path, n_rows: int, seeds: int) -> Iterator[Line]:
    """Yield a line for each innocent model that a biased one hides behind."""
    from sklearn.ensemble import RandomForestClassifier

    path = data / "compas" / "compas-scores-two-years.csv"
    if not path.exists():
        return
    one_hot = (["charge_F", "charge_M"], ["sex_F", "sex_M"])
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        frame = compas(path)
        frame["u1"], frame["u2"] = rng.integers(2, size=(2, len(frame))).astype(float)
        train, test = frame.iloc[rng.permutation(len(frame))[:5000]], frame.sample(1000, random_state=seed)
        for trained, groups in (((), None), (one_hot, "auto"), ((), "auto")):
            drawn = pd.concat([_independent(train, rng, trained) for _ in range(2)])
            detector = RandomForestClassifier(60, min_samples_leaf=2, n_jobs=1, random_state=seed)
            detector.fit(pd.concat([train, drawn]), np.repeat([1, 0], [len(train), len(drawn)]))

            def model(F: pd.DataFrame, detector: Any = detector) -> np.ndarray:
                return np.where(detector.predict(F) == 1, F.race, F.u1).astype(float)

            differ = test[(test.race != test.u1) & (model(test) == test.race)].iloc[:n_rows]
            found = explained(model, train, differ, seed=seed, groups=groups)
            law = one_hot if groups else ()
            fooled = np.mean(detector.predict(_independent(test, rng, law)) == 1)
            first = np.mean(["race" in str(e.features[int(e.selected[0][0])].name) for e in found])
            yield {
                "detector trained on": "groups" if trained else "columns",
                "explained with": "groups" if groups else "columns",
                "seed": seed,
                "drawn rows taken for real": round(float(fooled), 3),
                "rows": len(differ),
                "warned": share(sum(warned(each) for each in found), len(found)),
                "biased column first": round(float(first), 3),
            }


def _independent(frame: pd.DataFrame, rng: np.random.Generator, together: Any = ()) -> pd.DataFrame:
    """Return the rows with every column permuted on its own, but for those that stay together."""
    order = {name: rng.permutation(len(frame)) for name in frame}
    for names in together:
        order.update(dict.fromkeys(names, rng.permutation(len(frame))))
    return pd.DataFrame({name: frame[name].to_numpy()[order[name]] for name in frame})


def shown(value: Any) -> str:
    """Return one cell of a printed table."""
    if isinstance(value, list) and len(value) == 3:
        return f"{value[0]:.4f} [{value[1]:.4f}, {value[2]:.4f}]"
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def keep(path: Path | None, part: str, lines: list[Line], seconds: float) -> None:
    """Write the lines of one part into a file; those of other parts stay."""
    if path is None:
        return
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    whole[part] = {"lines": lines, "cpu seconds": round(seconds)}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Print the tables, and keep them in a file."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--seeds", type=int, default=40)
    ask.add_argument("--rare", type=int, help="random rare-event models; default: ten for each seed")
    ask.add_argument("--rows", type=int, default=40, help="rows of each real model")
    ask.add_argument("--data", type=Path, default=Path("../shared/data"))
    ask.add_argument("--only", nargs="+", default=["sums", "truth", "pairs", "gap", "scaffold"])
    ask.add_argument("--json", type=Path, help="a file for the figures; those of other parts stay")
    said = ask.parse_args()
    warnings.simplefilter("ignore")
    quick, seeds = said.quick, 4 if said.quick else said.seeds
    rare = said.rare or 10 * seeds
    parts: dict[str, Callable[[], Iterator[Line]]] = {
        "sums": lambda: sums(max(seeds // 4, 2), (2, 12, 30) if quick else (1, 2, 5, 12, 30, 60)),
        "truth": lambda: truth(said.data, 10 if quick else said.rows, 40_000 if quick else 200_000),
        "pairs": lambda: pairs(seeds, (10,) if quick else (10, 30)),
        "gap": lambda: gap(rare, max(seeds // 2, 2)),
        "scaffold": lambda: scaffold(said.data, 20 if quick else 100, 1 if quick else 4),
    }
    for name in said.only:
        start, lines = time.process_time(), []
        for line in parts[name]():
            if not lines or set(line) != set(lines[-1]):
                print(f"| {' | '.join(line)} |", flush=True)
            print(f"| {' | '.join(map(shown, line.values()))} |", flush=True)
            lines.append(line)
        seconds = time.process_time() - start
        keep(said.json, name, lines, seconds)
        print(f"({name}: {seconds:.0f} s of CPU time)\n", flush=True)


if __name__ == "__main__":
    main()
