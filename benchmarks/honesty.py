"""Do the intervals of tables hold, weight by weight? Coverage of every (row, column), idle columns, rare values.

    python benchmarks/honesty.py --quick                     about five minutes
    python benchmarks/honesty.py --data DIR --seeds 200      the whole, hours; DIR holds adult/, bike_sharing/, …
    python benchmarks/honesty.py --only step rare --json docs/honesty.json     these alone; the others' figures stay
    python benchmarks/honesty.py --orders 8 --seeds 40 --json docs/honesty.json     real tables in other column orders

Each line is one problem at one number of draws: the least coverage of a cell and its 5th percentile, the shares of
cells below .90, below .85 and above .99, how far the standard errors are from the truth (sd / stated, 5th to 95th
percentile), and how often a column without effect is called three standard errors from zero. The truth is the mean of
16 explanations with 32,768 draws each; its own error is counted in.
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import limelight as ll
from limelight.local.replicates import NORMAL_95, student_quantile

DENSE = 32768
REPEATS = 16


@dataclass
class Problem:
    """A model of a table, rows of it, and the columns that have no effect on it."""

    name: str
    background: pd.DataFrame
    model: Callable[[pd.DataFrame], np.ndarray]
    rows: pd.DataFrame
    idle: list[str] = field(default_factory=list)
    categorical: tuple[str, ...] = ()

    def tabular(self) -> ll.Tabular:
        """Return the table."""
        return ll.Tabular(self.background, categorical=self.categorical)

    def weights(self, seed: int, n: int | str, sampler: str = "auto") -> tuple[np.ndarray, np.ndarray, float]:
        """Return the weights (rows, columns), their standard errors, and the degrees of freedom."""
        settings: dict[str, Any] = {"max_features": None, "replicates": 1, "sampler": sampler}
        explainer = ll.Explainer(self.model, self.tabular(), seed=seed, n_samples=n, **settings)
        explained = list(explainer.explain_many(self.rows))
        df = explained[0].df
        return np.array([e.coef[0] for e in explained]), np.array([e.stderr[0] for e in explained]), df

    def truth(self, draws: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
        """Return dense weights and their standard error."""
        runs = np.array([self.weights(10_000 + seed, draws)[0] for seed in range(repeats)])
        return runs.mean(axis=0), runs.std(axis=0, ddof=1) / np.sqrt(repeats)


def normal(d: int, n: int = 5000) -> pd.DataFrame:
    """Return independent normal columns x0, x1, …"""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(n, d)), columns=[f"x{j}" for j in range(d)])


def made_up() -> list[Problem]:
    """Return the problems whose idle columns are known."""
    frame = normal(8)
    frame["x7"] = (np.random.default_rng(1).random(5000) < 0.03).astype(float)
    rare = frame[frame.x7 == 1].iloc[:2]

    def mixed(F: pd.DataFrame) -> np.ndarray:
        A = F.to_numpy()
        inner = 4 * np.tanh(A[:, 0]) + 2 * np.tanh(A[:, 1]) * np.tanh(A[:, 2]) + A[:, 3]
        return inner + A[:, 7] * (1 + 3 * np.tanh(A[:, 0] * A[:, 4]))

    four, ten, six = normal(4), normal(10), normal(6)
    edge = float(np.quantile(six.x0, 0.75))
    return [
        Problem("mixed", frame, mixed, pd.concat([frame.iloc[:2], rare]), ["x5", "x6"], ("x7",)),
        Problem("x0·x1", four, lambda F: (F.x0 * F.x1).to_numpy(), four.iloc[:4], ["x2", "x3"]),
        Problem("xor", four, lambda F: ((F.x0 > 0) != (F.x1 > 0)).to_numpy(float), four.iloc[:4], ["x2", "x3"]),
        Problem(
            "three signs",
            ten,
            lambda F: np.sign(F.x0 * F.x1 * F.x2).to_numpy(),
            ten.iloc[:4],
            [f"x{j}" for j in range(3, 10)],
        ),
        Problem("product", six, lambda F: (F.x0 * F.x1 * F.x2).to_numpy(), six.iloc[:4], ["x3", "x4", "x5"]),
        Problem(
            "step",
            six,
            lambda F: ((F.x0 > edge) * (1 + 0.5 * (F.x1 > 0)) + 0.3 * F.x2).to_numpy(),
            six.iloc[:4],
            ["x3", "x4", "x5"],
        ),
    ]


def real(data: Path) -> list[Problem]:
    """Return the problems on real data, as far as it is there."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    found = []
    bike = data / "bike_sharing" / "bike.csv"
    if bike.exists():
        frame = pd.read_csv(bike)
        y = frame.pop("count").to_numpy(float)
        words = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
        encode = make_column_transformer((OrdinalEncoder(), words), remainder="passthrough")
        model = make_pipeline(encode, HistGradientBoostingRegressor(max_iter=150, random_state=0)).fit(frame, y)
        holidays = frame[frame.holiday.astype(str).isin(["1", "True", "Yes", "Holiday"])].iloc[[3, 40]]
        rows = pd.concat([frame.sample(4, random_state=5), holidays])
        named = tuple(c for c in ("holiday", "workingday", "year") if c in frame)
        found.append(Problem("bike", frame, model.predict, rows, categorical=named))
    adult = data / "adult" / "adult.csv"
    if adult.exists():
        frame = pd.read_csv(adult, header=None, skipinitialspace=True)
        y = (frame.pop(14) == ">50K").to_numpy()
        frame = frame.drop(columns=[2, 3]).rename(columns=str)
        words = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
        encode = make_column_transformer((OrdinalEncoder(), words), remainder="passthrough")
        forest = make_pipeline(encode, RandomForestClassifier(20, max_depth=10, random_state=0)).fit(frame, y)
        rows = frame.sample(4, random_state=5)
        found.append(Problem("adult", frame, lambda F: forest.predict_proba(F)[:, 1], rows))
    return [*found, *homes(data), *arrests(data)]


def homes(data: Path) -> list[Problem]:
    """Return boosted trees of the prices of Californian districts, all columns numbers."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    path = data / "california_housing" / "california_housing.csv"
    if not path.exists():
        return []
    frame = pd.read_csv(path)
    y = frame.pop("MedHouseVal").to_numpy(float)
    trees = HistGradientBoostingRegressor(max_iter=100, random_state=0).fit(frame, y)
    return [Problem("california", frame, trees.predict, frame.sample(4, random_state=5))]


def arrests(data: Path) -> list[Problem]:
    """Return a forest of who was arrested again: counts that are mostly 0, and words."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    path = data / "compas" / "compas-scores-two-years.csv"
    if not path.exists():
        return []
    used = ["sex", "age", "race", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"]
    frame = pd.read_csv(path)[[*used, "c_charge_degree", "two_year_recid"]]
    y = frame.pop("two_year_recid").to_numpy() == 1
    words = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    encode = make_column_transformer((OrdinalEncoder(), words), remainder="passthrough")
    forest = make_pipeline(encode, RandomForestClassifier(20, max_depth=10, random_state=0)).fit(frame, y)
    return [Problem("compas", frame, lambda F: forest.predict_proba(F)[:, 1], frame.sample(4, random_state=5))]


def reordered(problem: Problem, order: list[str]) -> Problem:
    """Return the same problem with its columns in another order; the model gets them in its own."""
    own = list(problem.background)
    return replace(
        problem,
        background=problem.background[order],
        model=lambda F: problem.model(F[own]),
        rows=problem.rows[order],
    )


def orders(problem: Problem, n: int, several: int, seeds: int) -> dict[str, Any]:
    """Return squared errors, summed over rows and weights, in several column orders ÷ those of independent draws.

    Beside them the mean width of intervals, and that in the order where it is widest, ÷ that of independent draws.

    Independent draws know no order, so theirs is that of twice the seeds in one. The first order is the table's own and
    the second that one backwards.
    """
    exact, error = problem.truth(DENSE, REPEATS // 2)
    own, rng = list(problem.background), np.random.default_rng(17)
    chance = float(np.square(error).sum())
    independent = [problem.weights(500 + s, n, "plain") for s in range(2 * seeds)]
    plain = [float(np.square(coef - exact).sum()) for coef, _, _ in independent]
    wide = np.mean([stderr.mean() for _, stderr, _ in independent])
    ratios, errors, widths = [], [], []
    for turn in range(several):
        order = own if turn == 0 else own[::-1] if turn == 1 else [str(name) for name in rng.permutation(own)]
        back = [order.index(name) for name in own]
        shuffled = reordered(problem, order)
        runs = [shuffled.weights(s, n) for s in range(seeds)]
        sums = np.array([np.square(coef[:, back] - exact).sum() for coef, _, _ in runs])
        widths.append(np.mean([stderr.mean() for _, stderr, _ in runs]) / wide)
        ratios.append((sums.mean() - chance) / (np.mean(plain) - chance))
        spread = np.hypot(sums.std() / sums.mean() / seeds**0.5, np.std(plain) / np.mean(plain) / (2 * seeds) ** 0.5)
        errors.append(ratios[-1] * spread)
    worst = int(np.argmax(ratios))
    return {
        "orders": several, "seeds": seeds, "median": float(np.median(ratios)),
        "worst": float(ratios[worst]), "worst_error": float(errors[worst]), "ratios": [round(r, 3) for r in ratios],
        "width": float(np.mean(widths)), "widest": float(max(widths)),
    }  # fmt: skip


def told_of_orders(name: str, found: dict[str, Any]) -> str:
    """Return the line of the table of column orders."""
    worst = f"{found['worst']:.2f} ± {found['worst_error']:.2f}"
    width = f"{found['width']:.2f}, {found['widest']:.2f}"
    return f"| {name} | {found['orders']} | {found['seeds']} | {found['median']:.2f}, {worst} | {width} |"


def measure(problem: Problem, n: int | str, seeds: int, truth: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    """Return the figures of one line of the table; shares of cells and of idle weights among them."""
    exact, error = truth
    runs = [problem.weights(seed, n) for seed in range(seeds)]
    coef, stderr, df = np.array([run[0] for run in runs]), np.array([run[1] for run in runs]), runs[0][2]
    # a cell whose weight is known to a millionth of the largest has no interval that could fail
    cells = stderr.mean(axis=0) > 1e-6 * np.abs(exact).max()
    reach = student_quantile(0.95, df) * error
    inside = np.abs(coef - exact) <= np.hypot(NORMAL_95 * stderr, reach)
    cover = inside.mean(axis=0)[cells]
    spread = coef.std(axis=0, ddof=1)[cells] / np.maximum(stderr.mean(axis=0)[cells], 1e-300)
    bias = np.abs(coef.mean(axis=0) - exact)[cells] / np.hypot(coef.std(axis=0, ddof=1), error)[cells]
    columns = [list(problem.background).index(name) for name in problem.idle]
    wild = float((np.abs(coef) > 3 * stderr)[:, :, columns].mean()) if columns else math.nan
    low, high = np.quantile(spread, [0.05, 0.95])
    return {
        "seeds": seeds, "least": cover.min(), "low": np.quantile(cover, 0.05), "mean": cover.mean(),
        "below_90": (cover < 0.9).mean(), "below_85": (cover < 0.85).mean(), "above_99": (cover > 0.99).mean(),
        "sd_low": low, "sd_high": high, "bias": bias.max(), "idle": wild,
    }  # fmt: skip


def told(name: str, n: int | str, found: dict[str, Any]) -> str:
    """Return the line of the table."""
    idle = "" if found["idle"] is None or math.isnan(found["idle"]) else f"{found['idle']:.4f}"
    return (
        f"| {name} | {n} | {found['seeds']} | {found['least']:.3f}, {found['mean']:.3f} "
        f"| {found['below_90']:.3f}, {found['above_99']:.3f} | {found['sd_low']:.2f}–{found['sd_high']:.2f} | {idle} |"
    )


def rare(share: float, n: int | str, seeds: int) -> dict[str, Any]:
    """Return the figures of a column that is rarely 1, for a row where it is; the truth is known exactly.

    Under Q the column v stays in the row's own quartile with probability q, so the weight is .9 + E_Q[tanh v].
    """
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"flag": np.zeros(40_000), "v": rng.normal(size=40_000), "w": rng.normal(size=40_000)})
    frame.loc[rng.choice(40_000, max(round(share * 40_000), 1), replace=False), "flag"] = 1.0

    def model(F: pd.DataFrame) -> np.ndarray:
        return (0.9 * F.flag + F.flag * np.tanh(F.v) + 0.5 * np.sin(2 * F.w)).to_numpy()

    problem = Problem("rare", frame, model, pd.DataFrame({"flag": [1.0], "v": [0.0], "w": [0.5]}), [], ("flag",))
    runs = [problem.weights(seed, n) for seed in range(seeds)]
    coef = np.array([run[0][0, 0] for run in runs])
    stderr = np.array([run[1][0, 0] for run in runs])
    edges = np.quantile(frame.v, [0.25, 0.5, 0.75])
    own = np.searchsorted(edges, frame.v) == np.searchsorted(edges, 0.0)
    ratio = np.exp(-1.0 / (2.0 * 0.75**2 * 3))
    stay = own.mean() / (own.mean() + ratio * (1.0 - own.mean()))
    moved = np.tanh(frame.v)
    exact = 0.9 + stay * moved[own].mean() + (1.0 - stay) * moved[~own].mean()
    cover = np.mean(np.abs(coef - exact) <= NORMAL_95 * stderr)
    bias = (coef.mean() - exact) / coef.std(ddof=1)
    return {"seeds": seeds, "coverage": cover, "bias": bias, "stderr": stderr.mean()}


def told_of_rare(share: str, found: dict[str, Any]) -> str:
    """Return the line of the table of rare values."""
    return (
        f"| {share} | {found['seeds']} | {found['coverage']:.3f} | {found['bias']:+.2f} ± {found['seeds'] ** -0.5:.2f} "
        f"| {found['stderr']:.4f} |"
    )


def keep(path: Path | None, table: str, name: str, found: dict[str, Any]) -> None:
    """Put one line's figures into a file, beside those of others."""
    if path is None:
        return
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    plain = {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in found.items()}
    whole.setdefault(table, {})[name] = {
        key: round(float(value), 5) if isinstance(value, float) else value for key, value in plain.items()
    }
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


SHARES = ("0.03", "0.01", "0.003", "0.001", "0.0003", "0.0001")


def main() -> None:
    """Print the tables."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--quick", action="store_true", help="40 seeds, made-up problems, 2,048 draws")
    ask.add_argument("--seeds", type=int, default=200)
    ask.add_argument("--data", type=Path, default=Path("../shared/data"))
    ask.add_argument("--only", nargs="+", help="names of problems; rare: the second table")
    ask.add_argument("--draws", nargs="+", default=["500", "2048", "8192", "auto"])
    ask.add_argument("--shares", nargs="+", default=SHARES)
    ask.add_argument("--orders", type=int, default=0, help="so many column orders of the real tables, and nothing else")
    ask.add_argument("--json", type=Path, help="a file for the figures; those of other lines stay")
    said = ask.parse_args()
    warnings.simplefilter("ignore")
    sizes: list[int | str] = [2048] if said.quick else [n if n == "auto" else int(n) for n in said.draws]
    seeds = 40 if said.quick else said.seeds
    if said.orders:
        print("| table | orders | seeds | squared error ÷ independent draws: median, worst | width: mean, widest |")
        for problem in real(said.data):
            if not said.only or problem.name in said.only:
                turned = orders(problem, 2048, said.orders, seeds)
                print(told_of_orders(problem.name, turned), flush=True)
                keep(said.json, "orders", f"{problem.name}, 2048", turned)
        return
    problems = made_up() if said.quick else [*made_up(), *real(said.data)]
    print("| problem | draws | seeds | coverage of a cell: least, mean | cells < .90, > .99 | sd / stated | idle > 3 |")
    for problem in problems:
        if said.only and problem.name not in said.only:
            continue
        truth = problem.truth(8192 if said.quick else DENSE, 8 if said.quick else REPEATS)
        for n in sizes:
            found = measure(problem, n, seeds, truth)
            print(told(problem.name, n, found), flush=True)
            keep(said.json, "cells", f"{problem.name}, {n}", found)
    if said.only and "rare" not in said.only:
        return
    print("| share | seeds | coverage | bias / sd | stated error |")
    for share in said.shares:
        found = rare(float(share), 2048, seeds)
        print(told_of_rare(share, found), flush=True)
        keep(said.json, "rare", share, found)


if __name__ == "__main__":
    main()
