"""Two models compared, models audited, a month held against another: is what is said true, and is what is there said?

    python benchmarks/trust.py                           all parts, about ten minutes
    python benchmarks/trust.py --only compare drift      parts of it: null, refits, variance, rule, audit, drift
    python benchmarks/trust.py --json docs/trust.json    keep the figures by part, and go on where it was cut off
    python benchmarks/scaffolds.py                       tampering has a file of its own

null      a second model that adds what no surrogate sees: how often a weight is said to differ at 95 %
refits    two forests fitted on independent noise: they are two functions, and told apart; refits=… asks whether they
          differ by more than another fit does
variance  that of a paired change against that of two separate explanations, over seeds
rule      two forests that differ in one planted rule: is its feature the first?
audit     data with a planted leak, identifier, group and region, and data without: recall, and false findings
drift     one set split in two again and again: false alarms
halved    one coefficient halved: is it the largest change of a reason?
husky     pictures whose background goes along with the answer: is it found where the model reads it, and only there?
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

warnings.filterwarnings("ignore")
Model = Callable[[Any], np.ndarray]
NAMES = [f"x{j}" for j in range(6)]


KEPT: dict[str, Any] = {}
"""What is written by --json: for each figure its count, of how many, share and interval, or its value."""


def keep(name: str, count: int, n: int) -> str:
    """Note a share and return it as it is printed."""
    low, high = wilson(count, n)
    KEPT[name] = {"count": count, "of": n, "share": count / n, "low": low, "high": high}
    return share(count, n)


def share(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count} of {n}, {count / n:.1%} [{low:.1%}, {high:.1%}]"


def table(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return six columns: normal, skewed, counted, uniform, a code of three, normal."""
    columns = [
        rng.normal(size=n),
        rng.lognormal(sigma=0.7, size=n),
        rng.poisson(2.0, size=n),
        rng.random(n),
        rng.integers(0, 3, n),
        rng.normal(size=n),
    ]
    return np.column_stack(columns).astype(float)


def smooth(X: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(X[:, 0] + 0.5 * np.log(X[:, 1]) + np.sin(X[:, 2]) * X[:, 5])))


# -- compare ----------------------------------------------------------------------------------------------------------


def null(seeds: int = 250) -> None:
    """Ask how often a weight of the difference is said not to be 0, where its limit is."""
    rejected = tests = findings = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X = table(rng, 1000)
        phase = rng.uniform(300, 900, size=6)
        first = ll.Explainer(smooth, ll.Tabular(X), seed=seed, n_samples=1024)
        found = ll.compare(first, lambda Z, phase=phase: smooth(Z) + 0.3 * np.sin((Z * phase).sum(axis=1)), X[:1])
        change = found.explanations[0]
        rejected += int((np.abs(change.coef[2]) > 1.959964 * change.stderr[2]).sum())
        tests += 6
        findings += any(entry.rows for entry in found.features)
    weights, runs = keep("null weights", rejected, tests), keep("null runs", findings, seeds)
    print(f"null: weights said to differ {weights}; runs with any, corrected: {runs}")


def forest(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(30, min_samples_leaf=5, random_state=seed).fit(X, y)


def refits(runs: int = 100) -> None:
    """Ask the same of two forests fitted on independent noise."""
    told = differs = tests = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        X = table(rng, 400)
        models = [forest(X, rng.integers(0, 2, 400), seed) for _ in range(8)]
        first = ll.Explainer(models[0], ll.Tabular(X), seed=seed, n_samples=1024)
        found = ll.compare(first, models[1], X[:1], refits=models[2:])
        differs += sum(entry.rows > 0 for entry in found.features)
        told += any(entry.p_refit <= 0.05 for entry in found.features)
        tests += len(found.features)
    print(f"refits: two fits on noise are told apart as functions in {keep('refits apart', differs, tests)} features;")
    print(f"        said to differ by more than another fit: {keep('refits beyond', told, runs)} runs with any feature")


def pairs(rng: np.random.Generator) -> Iterator[tuple[str, Model, Model, np.ndarray]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    X = table(rng, 1500)
    y = (rng.random(1500) < smooth(X)).astype(int)
    ruled = np.where(X[:, 3] > 0.8, 1, y)
    yield "forest and one with a rule", forest(X, y, 0).predict_proba, forest(X, ruled, 0).predict_proba, X
    yield "forest and another seed", forest(X, y, 0).predict_proba, forest(X, y, 1).predict_proba, X
    boosted = [HistGradientBoostingClassifier(max_iter=each, random_state=0).fit(X, y) for each in (60, 80)]
    yield "boosting, 60 and 80 rounds", boosted[0].predict_proba, boosted[1].predict_proba, X
    linear = LogisticRegression(max_iter=500).fit(X, y)
    yield "logistic and boosting", linear.predict_proba, boosted[0].predict_proba, X
    first = boosted[0].predict_proba
    yield "boosting, recalibrated", first, lambda Z: first(Z) ** 1.2, X
    yield "boosting and a rule put on", first, lambda Z: first(Z) * np.where(Z[:, [3]] > 0.8, 0.7, 1.0), X


def variance(seeds: int = 30) -> None:
    """Hold the variance over seeds of a paired change against that of two explanations with seeds of their own.

    On the same perturbations Var(b − a) = Var a + Var b − 2 ρ sd(a) sd(b). What was left of it if the errors of both
    models went entirely together (ρ = 1) is the floor: models that are not equally rough have a high one.
    """
    for name, first, second, X in pairs(np.random.default_rng(0)):
        one, two = (lambda Z, m=model: m(Z)[:, 1] for model in (first, second))
        paired, alone = [], []
        for seed in range(seeds):
            explainer = ll.Explainer(one, ll.Tabular(X), seed=seed, n_samples=1024)
            paired.append([row.coef for row in ll.compare(explainer, two, X[:4]).explanations])
            other = ll.Explainer(two, ll.Tabular(X), seed=1000 + seed, n_samples=1024)
            both = zip(explainer.explain_many(X[:4]), other.explain_many(X[:4]), strict=True)
            alone.append([(a.coef[0], b.coef[0]) for a, b in both])
        apart = np.moveaxis(np.array(alone), 2, 0)
        together = np.moveaxis(np.array(paired), 2, 0)
        separate = np.var(apart[1] - apart[0], axis=0)
        ratio = np.var(together[2], axis=0) / np.maximum(separate, 1e-300)
        pooled = np.var(together[2], axis=0).sum() / separate.sum()
        a, b = np.std(apart, axis=1)
        floor = np.square(b - a).sum() / (np.square(a) + np.square(b)).sum()
        errors = together[:2] - together[:2].mean(axis=1, keepdims=True)
        rho = (errors[0] * errors[1]).sum() / np.sqrt(np.square(errors[0]).sum() * np.square(errors[1]).sum())
        KEPT[f"variance {name}"] = {
            "pooled": float(pooled),
            "worst": float(ratio.max()),
            "floor": float(floor),
            "correlation": float(rho),
            "seeds": seeds,
        }
        print(
            f"variance: {name:<28} {pooled:.2f} of two separate explanations; worst weight {ratio.max():.2f}; errors "
            f"correlate by {rho:.2f}, and if by 1: {floor:.2f}"
        )


def rule(runs: int = 20) -> None:
    """Count how often the planted rule's feature is first, on 200 rows."""
    first = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        X = table(rng, 1500)
        y = (rng.random(1500) < smooth(X)).astype(int)
        at = int(rng.integers(0, 6))
        planted = X[:, at] >= np.quantile(X[:, at], 0.7)
        explainer = ll.Explainer(forest(X, y, seed), ll.Tabular(X, names=NAMES), seed=0, n_samples=1024)
        found = ll.compare(explainer, forest(X, np.where(planted, 1, y), seed + 1), X[:200])
        first += int(found.of()[0].feature == NAMES[at])
    print(f"rule: its feature is first in {keep('rule first', first, runs)}")


# -- audit ------------------------------------------------------------------------------------------------------------

PLANTS = ("none", "leak", "artefact", "group", "region")
SUBJECT = {"leak": "after", "artefact": "id", "group": "side", "region": "x3"}


def planted(kind: str, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, Model]:
    """Return rows, what was true of them, a column that makes groups, and a fitted model of the rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    n = 2300
    frame = pd.DataFrame(table(rng, n), columns=[f"x{j}" for j in range(6)])
    logit = frame.x0 + 0.6 * np.log(frame.x1) + 0.4 * (frame.x4 == 1) + 0.5 * frame.x5
    side = rng.random(n) < 0.5
    if kind == "artefact":
        frame["id"] = np.arange(n, dtype=float)
        logit = logit + 3.0 * (np.arange(n) / n - 0.5)
    if kind == "group":
        side = frame.x0 + rng.normal(size=n) > 0
    inside = frame.x3 > 0.85
    if kind == "region":
        logit = np.where(inside, 5.0 * np.sign(frame.x0 * frame.x5), logit)
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    if kind == "leak":
        wrong = rng.random(n) < 0.03
        frame["after"] = np.where(wrong, 1 - y, y) + 0.1 * rng.normal(size=n)
    kinds = [
        HistGradientBoostingClassifier(max_iter=60, max_depth=4, random_state=0),
        RandomForestClassifier(60, min_samples_leaf=5, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    ]
    learner = kinds[0] if kind == "region" else kinds[seed % 3]
    known = np.sort(rng.permutation(n)[:1900])
    learner.fit(frame.to_numpy()[known], np.asarray(y)[known])
    rest = np.setdiff1d(np.arange(n), known)
    rows = frame.iloc[rest].reset_index(drop=True)
    return rows, np.asarray(y)[rest], np.where(side, "left", "right")[rest], learner


def audits(sets: int = 20) -> None:
    """Audit every kind of planted data, and as many without."""
    found: Counter[str] = Counter()
    false: Counter[str] = Counter()
    wrong_sets = findings = 0
    for seed in range(sets):
        for kind in PLANTS:
            rows, y, side, model = planted(kind, seed)
            explainer = ll.Explainer(
                lambda frame, model=model: model.predict_proba(frame.to_numpy()),
                ll.Tabular(rows),
                seed=0,
                n_samples=1024,
            )
            told = ll.audit(explainer.explain_all(rows), rows.assign(side=side), truth=y, sensitive="side")
            hits = [each for each in told.findings if each.kind == kind and SUBJECT.get(kind, "") in each.subject]
            found[kind] += bool(hits)
            true = {kind, "unstable"}  # a region beside the planted one was tested on rows of its own
            others = [each for each in told.findings if each not in hits and each.kind not in true]
            false.update(f"{kind}: {each.kind} {each.subject}" for each in others)
            findings += len(told.findings)
            wrong_sets += kind == "none" and bool(others)
    for kind in PLANTS[1:]:
        print(f"audit: planted {kind:<9} found in {keep(f'audit {kind}', found[kind], sets)}")
    count = sum(false.values())
    print(
        f"audit: {keep('audit false', count, max(findings, 1))} of all findings were not planted; "
        f"data without: {keep('audit without', wrong_sets, sets)} with any"
    )
    for name, times in false.most_common(15):
        print(f"       {times} × {name}")


# -- drift ------------------------------------------------------------------------------------------------------------


def drifts(splits: int = 200) -> None:
    """Split one set again and again."""
    rng = np.random.default_rng(0)
    X = table(rng, 3000)
    tabular = ll.Tabular(X[:1000])
    many = ll.Explainer(smooth, tabular, seed=0).explain_all(X[1000:2000])
    rows = list(many)
    alarms: Counter[str] = Counter()
    for _ in range(splits):
        order = rng.permutation(len(rows))
        half = [[rows[at] for at in part.tolist()] for part in (order[:500], order[500:])]
        found = ll.drift(*half, permutations=199)
        alarms["data"] += bool(found.data_changed)
        alarms["reasons"] += bool(found.reasons_changed)
    for kind in ("data", "reasons"):
        print(f"drift: false alarms, {kind}: {keep(f'drift {kind}', alarms[kind], splits)}")


def halved() -> None:
    """Halve a coefficient, on 2,000 rows each."""
    hits = others = 0
    for seed in range(6):
        X = table(np.random.default_rng(seed), 5000)
        tabular = ll.Tabular(X[:1000], names=NAMES)
        slopes = np.array([1.0, 0.3, 0.4, 1.0, 0.5, 0.5])
        halved = slopes * np.where(np.arange(6) == seed % 6, 0.5, 1.0)
        sets = [
            ll.Explainer(lambda Z, s=s: 1 / (1 + np.exp(2 - Z @ s)), tabular, seed=0).explain_all(part)
            for s, part in ((slopes, X[1000:3000]), (halved, X[3000:]))
        ]
        found = ll.drift(*sets)
        top = max(found.features, key=lambda entry: abs(entry.adds - entry.added))
        hits += top.p_reasons <= 0.05 and top.feature == NAMES[seed % 6]
        others += len(found.data_changed)
    print(
        f"drift: the halved coefficient is the largest change of a reason in {keep('halved', hits, 6)}; "
        f"data said changed {others} times"
    )


# -- pictures ---------------------------------------------------------------------------------------------------------

SIZE, CELL = 24, 8


def pictures(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return grey pictures of an animal in the middle, and which show a wolf: behind nine of ten wolves lies snow."""
    wolf = rng.random(n) < 0.5
    snow = np.where(rng.random(n) < 0.9, wolf, ~wolf)
    images = np.where(snow[:, None, None], 200.0, 90.0) + rng.normal(0, 15, (n, SIZE, SIZE))
    middle = slice(CELL, 2 * CELL)
    images[:, middle, middle] = np.where(wolf, 80.0, 140.0)[:, None, None] + rng.normal(0, 25, (n, CELL, CELL))
    return np.clip(images, 0, 255).astype(np.uint8), wolf


def huskies(sets: int = 20) -> None:
    """Fit a model to the whole brightness outside the animal, or inside, and audit both."""
    from sklearn.linear_model import LogisticRegression

    found: Counter[str] = Counter()
    inside = np.zeros((SIZE, SIZE), dtype=bool)
    inside[CELL : 2 * CELL, CELL : 2 * CELL] = True
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        images, wolf = pictures(rng, 400)
        for where, region in (("background", ~inside), ("animal", inside)):
            means = lambda many, region=region: np.asarray(many, float)[:, region].mean(axis=1, keepdims=True) / 255  # noqa: E731
            fitted = LogisticRegression(C=100.0).fit(means(images[:300]), wolf[:300])
            explainer = ll.Explainer(
                lambda many, fitted=fitted, means=means: fitted.predict_proba(means(many)),
                ll.Image(segments="grid", n_segments=9, fill=128),
                output_names=["husky", "wolf"],
                targets="wolf",
                n_samples=256,
                seed=0,
            )
            told = ll.audit(
                explainer.explain_all(list(images[300:])),
                truth=np.where(wolf[300:], "wolf", "husky"),
                name=lambda _, feature: "animal" if feature.where.key == 4 else "background",
                unwanted="background",
            )
            found[where] += any(each.kind == "artefact" for each in told.findings)
    print(f"husky: a model that reads the background is found in {keep('husky background', found['background'], sets)}")
    print(f"       one that reads the animal is said to in {keep('husky animal', found['animal'], sets)}")


def main() -> None:
    parts = {
        "null": null,
        "refits": refits,
        "variance": variance,
        "rule": rule,
        "audit": audits,
        "drift": drifts,
        "halved": halved,
        "husky": huskies,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(parts), help="parts to run, also if they were run before")
    parser.add_argument("--json", type=Path, help="file that keeps the figures; parts that it holds are not run again")
    asked = parser.parse_args()
    if asked.json is not None and asked.json.exists():
        KEPT.update(json.loads(asked.json.read_text(encoding="utf-8")))
    known = KEPT.setdefault("parts", [])
    for name in asked.only or [each for each in parts if each not in known]:
        started = time.process_time()
        parts[name]()
        KEPT["parts"] = [each for each in parts if each in known or each == name]
        known = KEPT["parts"]
        if asked.json is not None:
            asked.json.write_text(json.dumps(KEPT, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"        ({time.process_time() - started:.0f} s CPU)", flush=True)


if __name__ == "__main__":
    main()
