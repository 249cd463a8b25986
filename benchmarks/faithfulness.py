"""What a bar of a table is worth: does the answer move as the bars say? Beside lime and shap, at equal model rows.

    python benchmarks/faithfulness.py [--quick] [--data FOLDER] [--rows 12]

Three protocols, rebuilt from the papers, all of one game: v(K) is the mean of the model's answer over rows whose
columns in K are the explained row's, and whose others come together from one row of the background [lundberg2017, §4].

- *Removal correlation* [bhatt2020]: over random subsets S of half of the columns, the correlation of Σ_S weights with
  v(all) − v(all but S).
- *Area* [petsiuk2018]: columns are inserted into the background, longest bar first, and deleted from the row; the mean
  of v along the first path less that along the second, divided by that of limelight's defaults.
- *Signs*: of the three longest bars, how many point where redrawing that column alone moves the answer.

And on Adult: how often the longest bar is a condition that is true of more than 80 % of people although redrawing the
column moves the answer by less than .02.

Every method sees the same array, with categories as codes, and the same columns. lime and shap are left out, with a
message, where they are not installed: `pip install lime shap`. shap gets 1,000 model rows as two permutations there and
back, 2 d + 1 evaluations each, on as many background rows as that pays for (better for it than one or four), and as
100 evaluations on each of 10 (Kernel, without its selection of ten features).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import limelight as ll
from limelight.bench.game import Game

BUDGET = 1000
"""Model rows a person, where methods are compared at equal rows."""
TRAINED_ON = 6000
"""Rows that models are fitted to and backgrounds are made of: enough for these columns, and forests stay quick."""
MOVES = 0.02
"""A condition moves the answer where redrawing its column changes a probability by more than this."""


# -- tables and models ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A data set as arrays: X with categories as codes, y, and which columns are categories."""

    name: str
    X: np.ndarray
    y: np.ndarray
    columns: list[str]
    levels: dict[int, list[str]]
    classify: bool

    @property
    def mixed(self) -> bool:
        """Whether it has categories."""
        return bool(self.levels)

    @property
    def categorical(self) -> list[int]:
        """The columns that are categories."""
        return list(self.levels)


def coded(name: str, frame: pd.DataFrame, y: Any, *, names: tuple[str, ...] = (), classify: bool = True) -> Table:
    """Return a frame as an array; strings, and columns that are `names` for things, become codes."""
    levels: dict[int, list[str]] = {}
    frame = frame.copy()
    for j, column in enumerate(frame):
        if column in names or not pd.api.types.is_numeric_dtype(frame[column]):
            values = pd.Categorical(frame[column])
            levels[j] = [str(value) for value in values.categories]
            frame[column] = values.codes
    return Table(name, frame.to_numpy(dtype=float), np.asarray(y), list(map(str, frame)), levels, classify)


def mixed_tables(folder: Path) -> Iterator[Table]:
    """Yield tables with categories, from the folder of real data sets."""
    names = (
        "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
        "capital-loss,hours-per-week,native-country,income"
    ).split(",")
    adult = pd.read_csv(folder / "adult" / "adult.csv", names=names, skipinitialspace=True)
    yield coded("Adult", adult.drop(columns=["fnlwgt", "education-num", "income"]), adult["income"] == ">50K")
    compas = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    compas = compas[(compas["days_b_screening_arrest"].abs() <= 30) & (compas["score_text"] != "N/A")]
    used = "sex,age,race,juv_fel_count,juv_misd_count,juv_other_count,priors_count,c_charge_degree".split(",")
    yield coded("COMPAS", compas[used], compas["two_year_recid"])
    bike = pd.read_csv(folder / "bike_sharing" / "bike.csv")
    categories = ("season", "year", "month", "holiday", "weekday", "workingday", "weather")
    yield coded("bike sharing", bike.drop(columns="count"), bike["count"], names=categories, classify=False)


def numeric_tables(folder: Path) -> Iterator[Table]:
    """Yield tables of numbers; all but one come with scikit-learn."""
    housing = folder / "california_housing" / "california_housing.csv"
    if housing.is_file():
        frame = pd.read_csv(housing)
        yield coded("California", frame.drop(columns="MedHouseVal"), frame["MedHouseVal"], classify=False)
    for name, load, classify in (
        ("breast cancer", load_breast_cancer, True),
        ("wine", load_wine, True),
        ("diabetes", load_diabetes, False),
    ):
        found = load(as_frame=True)
        yield coded(name, found.data, found.target, classify=classify)


@dataclass(frozen=True)
class Case:
    """A fitted model with the rows that it was fitted to, and those that are explained."""

    table: Table
    model_name: str
    predict: Callable[[np.ndarray], np.ndarray]
    background: np.ndarray
    rows: np.ndarray

    @property
    def classify(self) -> bool:
        """Whether the model answers probabilities."""
        return self.table.classify

    @property
    def name(self) -> str:
        """The table and the model."""
        return f"{self.table.name}, {self.model_name}"


def split(table: Table, n_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows to fit to, their answers, and rows to explain."""
    order = np.random.default_rng(0).permutation(len(table.X))
    cut = int(0.8 * len(order))
    fitted, explained = order[: min(cut, TRAINED_ON)], order[cut : cut + n_rows]
    return table.X[fitted], table.y[fitted], table.X[explained]


def cases(table: Table, n_rows: int, *, quick: bool) -> Iterator[Case]:
    """Yield a linear model, a forest and boosted trees; for a quick look boosted trees alone."""
    X, y, rows = split(table, n_rows)
    others = [j for j in range(X.shape[1]) if j not in table.levels]
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), table.categorical), (StandardScaler(), others)
    )
    categorical = table.categorical or None
    if table.classify:
        linear: Any = make_pipeline(encode, LogisticRegression(max_iter=1000))
        forest: Any = make_pipeline(encode, RandomForestClassifier(100, min_samples_leaf=5, random_state=0))
        boosting: Any = HistGradientBoostingClassifier(random_state=0, categorical_features=categorical)
    else:
        linear = make_pipeline(encode, Ridge())
        forest = make_pipeline(encode, RandomForestRegressor(100, min_samples_leaf=5, random_state=0))
        boosting = HistGradientBoostingRegressor(random_state=0, categorical_features=categorical)
    for name, model in (("linear", linear), ("forest", forest), ("boosting", boosting)):
        if quick and name != "boosting":
            continue
        model.fit(X, y)
        yield Case(table, name, model.predict_proba if table.classify else model.predict, X, rows)


# -- the methods ------------------------------------------------------------------------------------------------------

Method = Callable[[Case, list[Game]], list[np.ndarray]]


def limelight(case: Case, games: list[Game], *, weights: str = "contributions", **options: Any) -> list[np.ndarray]:
    """Return the contributions, or LIME's own weights, from limelight."""
    contrast = options.pop("contrast", "bin")
    table = case.table
    tabular = ll.Tabular(case.background, categorical=table.categorical, names=table.columns, contrast=contrast)
    explainer = ll.Explainer(case.predict, tabular, max_features=None, **options)
    found = []
    for explanation in explainer.explain_many(case.rows):
        shown = explanation.coef[0] if weights == "coef" else explanation.contributions[0]
        if weights != "coef" and contrast == "bin" and not explanation.compared:
            shown = shown * (1.0 - np.array([feature.keep for feature in explanation.features]))
        found.append(shown)
    return found


def lime(case: Case, games: list[Game], *, n_samples: int) -> list[np.ndarray]:
    """Return the weights of the lime package."""
    from lime.lime_tabular import LimeTabularExplainer

    table = case.table
    explainer = LimeTabularExplainer(
        case.background,
        mode="classification" if table.classify else "regression",
        feature_names=table.columns,
        categorical_features=table.categorical,
        categorical_names=table.levels,
        random_state=0,
    )
    found = []
    for game in games:
        d, label = len(game.row), game.target if table.classify else 1
        asked = {"num_features": d, "num_samples": n_samples}
        if table.classify:
            asked["labels"] = (label,)
        weights = np.zeros(d)
        for column, weight in explainer.explain_instance(game.row, case.predict, **asked).local_exp[label]:
            weights[column] = weight
        found.append(weights)
    return found


def shap_permutation(case: Case, games: list[Game]) -> list[np.ndarray]:
    """Return Shapley values by two permutations there and back, on as many background rows as are paid for."""
    import shap

    evaluations = 2 * (2 * case.background.shape[1] + 1)
    drawn = case.background[np.random.default_rng(1).permutation(len(case.background))[: max(1, BUDGET // evaluations)]]
    found = []
    for game in games:
        masker = shap.maskers.Independent(drawn, max_samples=len(drawn))
        explainer = shap.PermutationExplainer(game.answer, masker, seed=0)
        found.append(explainer(game.row[None], max_evals=evaluations, silent=True).values[0])
    return found


def shap_kernel(case: Case, games: list[Game]) -> list[np.ndarray]:
    """Return Shapley values by weighted least squares."""
    import shap

    drawn = case.background[np.random.default_rng(1).permutation(len(case.background))[:10]]
    found = []
    for game in games:
        explainer = shap.KernelExplainer(game.answer, drawn, seed=0)
        found.append(explainer.shap_values(game.row, nsamples=BUDGET // len(drawn), l1_reg=False, silent=True))
    return found


def methods() -> dict[str, Method]:
    """Return the methods by name, those whose package is installed."""

    def ours(**options: Any) -> Method:
        return lambda case, games: limelight(case, games, **options)

    found: dict[str, Method] = {
        "limelight, shared pool, defaults": ours(),
        "limelight, shared pool, 1,000": ours(n_samples=BUDGET),
        "limelight, LIME's weights, 1,000": ours(n_samples=BUDGET, weights="coef"),
        'limelight, contrast="value", 1,000': ours(n_samples=BUDGET, contrast="value"),
    }
    if importlib.util.find_spec("lime") is not None:
        found["lime, 5,000"] = lambda case, games: lime(case, games, n_samples=5000)
        found["lime, 1,000"] = lambda case, games: lime(case, games, n_samples=BUDGET)
    else:
        print("lime is not installed and left out: pip install lime", file=sys.stderr)
    if importlib.util.find_spec("shap") is not None:
        found["shap Permutation, 1,000"] = shap_permutation
        found["shap Kernel, 1,000"] = shap_kernel
    else:
        print("shap is not installed and left out: pip install shap", file=sys.stderr)
    return found


# -- tables of results ------------------------------------------------------------------------------------------------


@dataclass
class Scores:
    """What one method reaches on one case."""

    correlation: float
    area: float
    signs: list[bool]
    seconds: float


def score(method: Method, case: Case, games: list[Game]) -> tuple[Scores, list[np.ndarray]]:
    """Return the scores of a method on a case, and its weights."""
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = method(case, games)
    seconds = (time.process_time() - started) / len(games)
    pairs = list(zip(games, weights, strict=True))
    correlation = float(np.nanmean([game.correlation(each) for game, each in pairs]))
    area = float(np.mean([game.area(each) for game, each in pairs]))
    signs = [agrees for game, each in pairs for agrees in game.signs(each)]
    return Scores(correlation, area, signs, seconds), weights


def empty_leaders(case: Case, games: list[Game], weights: list[np.ndarray]) -> float:
    """Return the share of rows whose longest bar is true of more than 80 % and moves the answer by nothing."""
    edges = [np.unique(np.quantile(column, (0.25, 0.5, 0.75))) for column in case.background.T]
    empty = 0
    for game, each in zip(games, weights, strict=True):
        j = int(np.abs(each).argmax())
        people, own = case.background[:, j], game.row[j]
        if j in case.table.levels:
            share = np.mean(people == own)
        else:
            share = np.mean(np.searchsorted(edges[j], people) == np.searchsorted(edges[j], own))
        empty += bool(share > 0.8 and abs(game.alone[j]) < MOVES)
    return empty / len(games)


def compare(tables: Iterator[Table], chosen: dict[str, Method], n_rows: int, *, quick: bool) -> None:
    """Explain, score, and print one table of means over all cases."""
    found: dict[str, list[Scores]] = defaultdict(list)
    leaders: dict[str, list[float]] = defaultdict(list)
    for table in tables:
        for case in cases(table, n_rows, quick=quick):
            rng = np.random.default_rng(7)
            games = [Game(case, row, rng) for row in case.rows]
            line = []
            for name, method in chosen.items():
                scores, weights = score(method, case, games)
                found[name].append(scores)
                line.append(f"{scores.correlation:.3f}")
                if table.name == "Adult":
                    leaders[name].append(empty_leaders(case, games, weights))
            print(f"  {case.name:24} removal correlation {'  '.join(line)}", flush=True)
    print_means(found, leaders)


def print_means(found: dict[str, list[Scores]], leaders: dict[str, list[float]]) -> None:
    """Print the table of one kind of data."""
    first = next(iter(found.values()), [])
    print("| | removal correlation | area | signs of 3 longest | empty leader on Adult | CPU ms a row |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, scores in found.items():
        correlation = np.mean([each.correlation for each in scores])
        area = np.mean([each.area / base.area for each, base in zip(scores, first, strict=True)])
        signs = np.mean([agrees for each in scores for agrees in each.signs])
        seconds = np.mean([each.seconds for each in scores])
        empty = f"{np.mean(leaders[name]):.0%}" if leaders[name] else ""
        print(f"| {name} | {correlation:.3f} | {area:.3f} | {signs:.0%} | {empty} | {seconds * 1000:.0f} |")
    print(flush=True)


def main() -> None:
    """Run both kinds of tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the real data sets")
    parser.add_argument("--rows", type=int, default=None, help="rows explained of each model: 12, or 4 with --quick")
    parser.add_argument("--quick", action="store_true", help="boosted trees alone, a minute")
    arguments = parser.parse_args()
    n_rows = arguments.rows or (4 if arguments.quick else 12)
    chosen = methods()
    print("Methods, in the order of the columns below:", "; ".join(chosen))
    if arguments.data.is_dir():
        print(f"\nTables with categories, {n_rows} rows of each model")
        compare(mixed_tables(arguments.data), chosen, n_rows, quick=arguments.quick)
    else:
        print(f"no folder {arguments.data}: tables with categories are left out; pass --data", file=sys.stderr)
    print(f"Tables of numbers, {n_rows} rows of each model")
    compare(numeric_tables(arguments.data), chosen, n_rows, quick=arguments.quick)


if __name__ == "__main__":
    main()
