"""Is a scaffold found (Slack et al., 2020), and is an honest model left in peace? `diagnostics.scaffold_check`.

    python benchmarks/scaffolds.py --quick               one table, one seed: two minutes
    python benchmarks/scaffolds.py --data DIR --seeds 3  DIR holds compas/, adult/, bike_sharing/, …

Honest models are rules (one that reads nothing but a protected column, an XOR, a soft rule, a constant with a step),
and learners fitted on 2,500 rows. An attacker fits boosted trees that tell its own real rows from perturbed ones (drawn
from normal laws as lime draws them, or by limelight itself), and answers by a biased rule where a row looks real and by
an innocent one elsewhere. An attack *works* where the biased rule answers more than 80 % of the auditor's real rows and
less than 30 % of limelight's draws. Attackers who know the test blend both rules smoothly, by the probability that a
row is real; it is said how far they get.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import limelight as ll
from limelight.overview.many_tests import wilson

warnings.filterwarnings("ignore")
Model = Callable[[np.ndarray], np.ndarray]
ADULT = (
    "age workclass fnlwgt education education-num marital relationship occupation race sex gain loss hours country y"
)


@dataclass(frozen=True)
class Table:
    """Rows as numbers, an answer, and three columns: the protected one, and two that rules use with their cuts."""

    name: str
    X: np.ndarray
    y: np.ndarray
    protected: int
    first: tuple[int, float]
    second: tuple[int, float]


def tables(folder: Path, rng: np.random.Generator) -> Iterator[Table]:
    """Yield real tables, each with two columns of coin tosses added, and a made-up one."""
    f = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    f = f[(f.days_b_screening_arrest.abs() <= 30) & (f.is_recid != -1) & (f.c_charge_degree != "O")]
    stay = (pd.to_datetime(f.c_jail_out) - pd.to_datetime(f.c_jail_in)).dt.days.clip(0, 800)
    compas = pd.DataFrame(
        {
            "race": f.race == "African-American",
            "sex": f.sex == "Male",
            "age": f.age,
            "priors": f.priors_count,
            "stay": stay,
            "felony": f.c_charge_degree == "F",
            "juvenile": f.juv_fel_count + f.juv_misd_count + f.juv_other_count,
            "recid": f.two_year_recid,
        }
    )
    yield made("compas", compas, f.score_text == "High", "race", "priors", "age", rng)
    adult = pd.read_csv(folder / "adult" / "adult.csv", names=ADULT.split(), skipinitialspace=True)
    yield made("adult", adult.drop(columns="y"), adult.y == ">50K", "sex", "education-num", "age", rng)
    bike = pd.read_csv(folder / "bike_sharing" / "bike.csv")
    rented = bike["count"] > bike["count"].median()
    yield made("bike", bike.drop(columns="count"), rented, "workingday", "hour", "temp", rng)
    homes = pd.read_csv(folder / "california_housing" / "california_housing.csv")
    dear = homes.MedHouseVal > homes.MedHouseVal.median()
    yield made("california", homes.drop(columns="MedHouseVal"), dear, "HouseAge", "MedInc", "Latitude", rng)
    shrooms = pd.read_csv(folder / "mushroom" / "mushroom_data.csv", header=None).astype(str)
    shrooms.columns = [f"c{j}" for j in range(shrooms.shape[1])]
    parts = shrooms[[c for c in shrooms if c != "c0" and shrooms[c].nunique() > 1]]
    yield made("mushroom", parts, shrooms.c0 == "p", "c4", "c9", "c3", rng)
    Z = rng.normal(size=(7000, 3)) @ rng.normal(size=(3, 9)) + 0.4 * rng.normal(size=(7000, 9))
    factors = pd.DataFrame(np.round(Z, 2), columns=[f"x{j}" for j in range(9)])
    factors["x0"] = factors["x0"] > 0
    yield made("factors", factors, factors["x3"] + factors["x4"] > 0, "x0", "x5", "x6", rng)


def made(
    name: str, X: pd.DataFrame, y: Any, protected: str, first: str, second: str, rng: np.random.Generator
) -> Table:
    X = X.copy()
    for column in X:
        if not pd.api.types.is_numeric_dtype(X[column]):
            X[column] = pd.Categorical(X[column]).codes
    X = X.fillna(0).astype(float)
    cut = X[protected].min() if X[protected].nunique() == 2 else X[protected].median()
    X[protected] = (X[protected] > cut).astype(float)
    at = rng.permutation(len(X))[:7000]
    A = X.to_numpy()[at]
    A = np.hstack([A, rng.integers(0, 2, (len(A), 2))]).astype(float)
    columns = list(X)
    places = [(columns.index(c), float(np.median(A[:, columns.index(c)]))) for c in (first, second)]
    return Table(name, A, np.asarray(y)[at].astype(int), columns.index(protected), places[0], places[1])


# -- honest models ----------------------------------------------------------------------------------------------------


def rules(table: Table) -> dict[str, tuple[Model, Model]]:
    """Return biased and innocent rules by name, as (kind, rule)."""
    s, (a, cut_a), (b, cut_b) = table.protected, table.first, table.second
    d1, d2 = table.X.shape[1] - 2, table.X.shape[1] - 1
    spread_a, spread_b = table.X[:, a].std() or 1.0, table.X[:, b].std() or 1.0

    def soft(Z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(2.5 * (Z[:, s] - 0.5) + (Z[:, a] - cut_a) / spread_a)))

    return {
        "protected": ("biased", lambda Z: (Z[:, s] > 0.5).astype(float)),
        "soft": ("biased", soft),
        "decoy": ("innocent", lambda Z: (Z[:, d1] > 0.5).astype(float)),
        "xor": ("innocent", lambda Z: ((Z[:, d1] > 0.5) ^ (Z[:, d2] > 0.5)).astype(float)),
        "first": ("innocent", lambda Z: (Z[:, a] > cut_a).astype(float)),
        "second": ("innocent", lambda Z: 1 / (1 + np.exp(2 * (Z[:, b] - cut_b) / spread_b))),
        "step": ("honest", lambda Z: 0.3 + 0.1 * (Z[:, b] > cut_b)),
    }  # type: ignore[return-value]


def fitted(table: Table, rows: np.ndarray, seed: int) -> Iterator[tuple[str, Model]]:
    """Yield learners of many kinds, fitted on some rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    def scaled(*steps: Any) -> Any:
        return make_pipeline(StandardScaler(), *steps)

    kinds = {
        "logistic": scaled(LogisticRegression()),
        "squares": scaled(PolynomialFeatures(2), LogisticRegression(max_iter=300)),
        "forest": RandomForestClassifier(60, random_state=seed),
        "shallow forest": RandomForestClassifier(60, max_depth=4, random_state=seed),
        "boosting": HistGradientBoostingClassifier(max_iter=80, random_state=seed),
        "tree": DecisionTreeClassifier(random_state=seed),
        "small tree": DecisionTreeClassifier(max_depth=3, random_state=seed),
        "15 neighbors": scaled(KNeighborsClassifier(15)),
        "1 neighbor": scaled(KNeighborsClassifier(1)),
        "network": scaled(MLPClassifier((50, 50), max_iter=120, random_state=seed)),
        "kernel": scaled(SVC(probability=True, random_state=seed)),
    }
    for name, model in kinds.items():
        model.fit(table.X[rows], table.y[rows])
        yield name, lambda Z, model=model: model.predict_proba(np.asarray(Z, float))[:, 1]


# -- attacks ----------------------------------------------------------------------------------------------------------


def drawn(table: Table, rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return n of limelight's own perturbed rows, as anybody who runs it can record them."""
    seen: list[np.ndarray] = []

    def record(Z: Any) -> np.ndarray:
        seen.append(np.asarray(Z, float).copy())
        return np.zeros(len(Z))

    ll.Explainer(record, ll.Tabular(table.X[rows]), seed=seed, n_samples=n, control_variates=False).explain(
        table.X[rows[0]]
    )
    return np.concatenate([block for block in seen if len(block) > 1])[:n]


def attacks(table: Table, rows: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, Model, Model]]:
    """Yield (name, attack, share of rows that it takes for real)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    X = table.X
    normal = X[rng.choice(rows, 7000)] + rng.normal(size=(7000, X.shape[1])) * X[rows].std(axis=0)
    ours = drawn(table, rows, 7000, seed=int(rng.integers(2**31)))
    named = rules(table)
    for kind, off in (("normal", normal), ("ours", ours)):
        both, truth = np.concatenate([X[rows], off]), np.repeat([1, 0], [len(rows), len(off)])
        known = rng.random(len(both)) < 0.85
        judge = HistGradientBoostingClassifier(max_iter=150, random_state=0).fit(both[known], truth[known])

        def real(Z: np.ndarray, judge: Any = judge) -> np.ndarray:
            return judge.predict_proba(np.asarray(Z, float))[:, 1]

        held = real(both[~known])[truth[~known] == 1]
        for quantile in (0.05, 0.15, None):
            cut = None if quantile is None else float(np.quantile(held, quantile))
            for biased in ("protected", "soft"):
                for innocent in ("decoy", "xor", "first", "second"):
                    pair = named[biased][1], named[innocent][1]
                    name = f"{'smooth' if cut is None else f'q{quantile}'} {kind} {biased}/{innocent}"
                    yield name, scaffold(real, pair, cut), taken(real, cut)


def scaffold(real: Model, pair: tuple[Model, Model], cut: float | None) -> Model:
    def model(Z: Any) -> np.ndarray:
        Z = np.asarray(Z, float)
        share = taken(real, cut)(Z)
        return share * pair[0](Z) + (1 - share) * pair[1](Z)

    return model


def taken(real: Model, cut: float | None) -> Model:
    """Return how much of a rule's say a row gets: all or nothing at a cut, or by the probability that it is real."""
    if cut is None:
        return lambda Z: real(Z)
    return lambda Z: (real(Z) > cut).astype(float)


# -- the check --------------------------------------------------------------------------------------------------------


def run(folder: Path, seeds: range, quick: bool) -> None:
    records = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for table in tables(folder, rng):
            started = time.process_time()
            records += one_table(table, rng, seed)
            print(f"{table.name} seed {seed}: {time.process_time() - started:.0f} s CPU", flush=True)
            if quick:
                break
    frame = pd.DataFrame(records)
    frame.to_csv("/tmp/scaffolds.csv", index=False)
    told(frame)


def one_table(table: Table, rng: np.random.Generator, seed: int) -> list[dict[str, Any]]:
    at = rng.permutation(len(table.X))
    theirs, ours = at[: len(at) // 2], at[len(at) // 2 :]
    draws = drawn(table, theirs, 2500, seed)
    modality = ll.Tabular(table.X[theirs])
    honest = [(f"rule {name}", rule) for name, (_, rule) in rules(table).items()]
    honest += list(fitted(table, theirs[:2500], seed))
    records = []
    for name, model in honest:
        records.append(
            {"table": table.name, "seed": seed, "kind": "honest", "name": name, **checked(model, modality, table, ours)}
        )
    for name, model, share in attacks(table, theirs, rng):
        on_real, on_drawn = float(share(table.X[ours]).mean()), float(share(draws).mean())
        works = on_real > 0.8 and on_drawn < 0.3
        kind = "smooth" if name.startswith("smooth") else "attack"
        found = checked(model, modality, table, ours)
        records.append(
            {
                "table": table.name,
                "seed": seed,
                "kind": kind,
                "name": name,
                "works": works,
                "real": on_real,
                "drawn": on_drawn,
                **found,
            }
        )
    return records


def checked(model: Model, modality: Any, table: Table, ours: np.ndarray) -> dict[str, Any]:
    check = ll.diagnostics.scaffold_check(ll.Explainer(model, modality, seed=0), table.X[ours])
    return {"statistic": check.statistic, "suspicious": check.suspicious, "auc": check.out_of_distribution_auc}


def told(frame: pd.DataFrame) -> None:
    honest = frame[frame.kind == "honest"]
    wrong = int(honest.suspicious.sum())
    low, high = wilson(wrong, len(honest))
    print(f"\nhonest models: {wrong} of {len(honest)} suspected [{low:.1%}, {high:.1%}]; largest statistic by table")
    print(honest.groupby("table").statistic.max().round(2).to_dict())
    print("auc", frame.groupby("table").auc.median().round(2).to_dict())
    if wrong:
        print(honest[honest.suspicious][["table", "seed", "name", "statistic"]].to_string())
    for kind in ("attack", "smooth"):
        part = frame[frame.kind == kind]
        working = part[part.works.astype(bool)]
        found = int(working.suspicious.sum())
        print(f"{kind}: {len(working)} of {len(part)} work; found {found} of these {wilson(found, len(working))}")
        if len(working):
            print(working.groupby("table").suspicious.agg(["sum", "count"]).to_string())
        if found < len(working):
            print(working[~working.suspicious][["table", "seed", "name", "statistic", "real", "drawn"]].to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    seeds = range(given.first, given.first + (1 if given.quick else given.seeds))
    run(given.data, seeds, given.quick)


if __name__ == "__main__":
    main()
