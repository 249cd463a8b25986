"""Which parts of a prompt caused the answer? Planted causes, beside other methods at the same number of calls.

    python benchmarks/prompts.py --quick                       about two minutes
    python benchmarks/prompts.py --json docs/prompts.json      the whole, some 20 minutes
    python benchmarks/prompts.py --only recall                 parts of it: recall, coverage, exact, long

recall    causes among the six that are shown (of the others: the six largest weights): 20, 60 sentences; scores by
          degrees, exact matches; 0, 5, 10 % of the statements said the other way round; and the most that anybody could
          find who sees the scores, or the statements (`prompt_bounds.py`)
coverage  95 % intervals around LIME's limit: all, the causes, and the worst kind of cause
exact     how often 200 explanations of noisy models are called exact
long      400 sentences in 20 passages, coarse to fine within 200 calls

The model is a stand-in: a text of 20 words and four statements of twelve words, each said if its cause is in the prompt
and otherwise replaced by another one. Causes are one sentence, one, two together (and), one of two (or). Answers are
additive in their statements, as those of real models need not be.

The others are written from their papers, and get every call for a mask; limelight's calls include the reference and the
prompts asked twice. LOO leaves one out. ContextCite (Cohen-Wang et al., 2024): random halves, lasso of penalty .01 on
the standardised score. MExGen's C-LIME (Monteiro Paes et al., 2025): one to three removed, least squares, or a lasso
where calls are fewer than units. TokenSHAP (Goldshmidt & Horovicz, 2024): all that leave one out, then random subsets;
mean score with less mean score without.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import limelight as ll
import prompt_bounds

Masks = np.ndarray
SIZES = {"boiler": 20, "statement": 12}
TOTAL = SIZES["boiler"] + 4 * SIZES["statement"]


class Model:
    """A stand-in with planted causes; sentence j of its prompt is “Sentence j stands.”"""

    def __init__(self, d: int, seed: int, flips: float) -> None:
        rng = np.random.default_rng(seed)
        c = rng.choice(d, 6, replace=False).tolist()
        self.d, self.flips, self.rng, self.calls = d, flips, np.random.default_rng(seed + 999), 0
        self.causes = [c[:1], c[1:2], c[2:4], c[4:6]]
        self.asked: list[tuple[Masks, Masks]] = []
        self.truth = np.zeros(d, bool)
        self.truth[c] = True
        self.places = {f" {j} stands.": j for j in range(d)}

    def states(self, masks: Masks) -> np.ndarray:
        """Which statements are said, (n, 4)."""
        on = [masks[:, cause] for cause in self.causes]
        return np.column_stack([on[0][:, 0], on[1][:, 0], on[2].all(axis=1), on[3].any(axis=1)]).astype(bool)

    def say(self, states: np.ndarray) -> str:
        """The answer with these statements."""
        said = [f"{'yes' if there else 'no'}{s}x{w}" for s, there in enumerate(states) for w in range(12)]
        return " ".join([*(f"boiler{w}" for w in range(20)), *said])

    def answer(self, masks: Masks) -> list[str]:
        """Answers to prompts of which these sentences are there."""
        self.calls += len(masks)
        return [self.say(each) for each in self.flipped(masks)]

    def flipped(self, masks: Masks) -> np.ndarray:
        """Which statements are said, (n, 4), some of them the other way round."""
        said = self.states(masks) ^ (self.rng.random((len(masks), 4)) < self.flips)
        self.asked.append((np.array(masks, bool), said))
        return said

    def chat(self, prompts: Sequence[str]) -> list[str]:
        """Answer prompts: which sentences are there?"""
        return self.answer(np.array([self.read(prompt) for prompt in prompts]))

    def read(self, prompt: str) -> np.ndarray:
        """Which sentences are there."""
        there = np.zeros(self.d, bool)
        there[[int(part.split()[-1]) for part in prompt.split(" stands.") if part.strip()]] = True
        return there

    @property
    def prompt(self) -> str:
        """All sentences."""
        return " ".join(f"Sentence {j} stands." for j in range(self.d))

    @property
    def reference(self) -> str:
        """What is said to all of them, if nothing is flipped."""
        return self.say(np.ones(4, bool))


def recall(weights: np.ndarray, model: Model) -> float:
    """Return the share of the causes among as many largest weights."""
    return float(model.truth[np.argsort(-weights, kind="stable")[: model.truth.sum()]].mean())


# -- others -----------------------------------------------------------------------------------------------------------

Score = Callable[[Masks], np.ndarray]


def leave_one_out(score: Score, d: int, n: int, rng: np.random.Generator) -> np.ndarray:
    tried = rng.permutation(d)[:n]
    masks = np.ones((len(tried), d), bool)
    masks[np.arange(len(tried)), tried] = False
    weights = np.zeros(d)
    weights[tried] = 1.0 - score(masks)
    return weights


def contextcite(score: Score, d: int, n: int, rng: np.random.Generator) -> np.ndarray:
    from sklearn.linear_model import Lasso

    masks = rng.random((n, d)) < 0.5
    y = score(masks)
    return np.asarray(Lasso(0.01).fit(masks, (y - y.mean()) / (y.std() or 1.0)).coef_)


def mexgen(score: Score, d: int, n: int, rng: np.random.Generator) -> np.ndarray:
    from sklearn.linear_model import LassoCV, LinearRegression

    masks = np.ones((n, d), bool)
    for row in masks:
        row[rng.choice(d, rng.integers(1, 4), replace=False)] = False
    y = score(masks)
    if not np.ptp(y):
        return np.zeros(d)
    return np.asarray((LinearRegression() if n > d + 4 else LassoCV(cv=5)).fit(masks, y).coef_)


def tokenshap(score: Score, d: int, n: int, rng: np.random.Generator) -> np.ndarray:
    masks = np.vstack([~np.eye(d, dtype=bool), rng.random((max(n - d, 0), d)) < 0.5])[:n]
    y = score(masks)
    total = masks.sum(axis=0), (~masks).sum(axis=0)
    return np.asarray(y @ masks / np.maximum(total[0], 1) - y @ ~masks / np.maximum(total[1], 1))


OTHERS = {"LOO": leave_one_out, "ContextCite": contextcite, "MExGen": mexgen, "TokenSHAP": tokenshap}


def scorer(model: Model, kind: str) -> Score:
    """Return masks → numbers for the others: the same scalarisers, against the true answer."""
    if kind == "log-prob":
        return lambda masks: log_probability(model, masks).sum(axis=1)
    each = ll.scalarisers.match() if kind == "match" else ll.scalarisers.words()
    return lambda masks: each(model.answer(masks), model.reference).ravel()


def log_probability(model: Model, masks: Masks) -> np.ndarray:
    """(n, 4) −1 for each statement whose cause is there, −9 for each other; flipped where answers waver."""
    model.calls += len(masks)
    return np.where(model.flipped(masks), -1.0, -9.0)


def explained(model: Model, kind: str, calls: int, seed: int, **options: Any) -> ll.Explanation:
    """Return limelight's explanation; its reference is asked for like any user's."""
    scalariser: Any = {"words": "words", "match": "match"}.get(kind)
    if kind == "log-prob":

        def score(prompts: Sequence[str], reference: str) -> np.ndarray:
            return log_probability(model, np.array([model.read(prompt) for prompt in prompts]))

        scalariser = ll.scalarisers.logprob(score)
    answers = ll.Answers(model.chat, scalariser, max_calls=calls, **options)
    settings: dict[str, Any] = {"seed": seed, "max_features": model.truth.sum(), "tolerance": 1e-6}
    found = ll.Explainer(answers, ll.Prompt(), **settings).explain(model.prompt)
    assert model.calls <= calls, (model.calls, calls)
    return found


# -- parts ------------------------------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]
FLIPS = (0.0, 0.05, 0.1)
RECALL = [(20, kind, calls) for kind in ("words", "log-prob") for calls in (32, 64)]
RECALL += [(60, "words", 64), (60, "words", 128), (20, "match", 64), (60, "match", 64), (60, "match", 128)]
COVERAGE = [(20, "words", calls) for calls in (32, 64, 160)] + [(60, "words", calls) for calls in (64, 128, 256)]
COVERAGE += [(20, "match", calls) for calls in (32, 64, 160)]


def found_by_all(d: int, kind: str, calls: int, flips: float, seed: int) -> dict[str, float]:
    """Return the recall of limelight, of the bounds on its masks, and of the others."""
    model = Model(d, seed, flips)
    shown = explained(model, kind, calls, seed).selected[0]
    found = {"limelight": float(model.truth[shown].sum() / model.truth.sum())}
    masks, said = (np.concatenate(part) for part in zip(*model.asked, strict=True))
    by_score = prompt_bounds.by_score(masks, said, flips, model.causes, match=kind == "match")
    found["bound by score"] = recall(by_score, model)
    found["bound by statements"] = recall(prompt_bounds.by_statements(masks, said, flips), model)
    for name, method in OTHERS.items():
        model = Model(d, seed, flips)
        found[name] = recall(method(scorer(model, kind), d, calls, np.random.default_rng(seed)), model)
    return found


def run_recall(seeds: range) -> Rows:
    names = ("limelight", "bound by score", "bound by statements", *OTHERS)
    print(f"{'d':>3} {'score':9} {'flips':>5} {'calls':>5}  " + "  ".join(f"{name:>11}" for name in names))
    rows = []
    for (d, kind, calls), flips in itertools.product(RECALL, FLIPS):
        each = [found_by_all(d, kind, calls, flips, seed) for seed in seeds]
        means = {name: round(float(np.mean([found[name] for found in each])), 3) for name in names}
        told = "  ".join(f"{means[name]:>11.3f}" for name in names)
        print(f"{d:3} {kind:9} {flips:5.2f} {calls:5}  {told}", flush=True)
        rows.append({"units": d, "score": kind, "flips": flips, "calls": calls, "recall": means})
    return rows


def limits(d: int, kind: str, flips: float) -> list[float]:
    """Return LIME's limit weights against the true answer: of a sentence of each of four causes, and of no cause."""
    from limelight.local.sampling import size_law

    if kind == "words":
        size = (1 - 2 * flips) * SIZES["statement"] / TOTAL
        return [size, size, size / 2, size / 2, 0.0]
    model, rng, n = Model(d, 0, flips), np.random.default_rng(0), 400_000
    sizes = rng.choice(d + 1, n, p=size_law("near", d))
    masks = np.argsort(np.argsort(rng.random((n, d)), axis=1), axis=1) < sizes[:, None]
    y = np.where(model.states(masks), 1 - flips, flips).prod(axis=1)
    weights = np.linalg.lstsq(np.column_stack([np.ones(n), masks]), y, rcond=None)[0][1:]
    return [float(weights[each].mean()) for each in (*model.causes, ~model.truth)]


def run_coverage(seeds: range) -> Rows:
    print(f"{'d':>3} {'score':9} {'flips':>5} {'calls':>5}    all causes  worst  mean half-width")
    rows = []
    for (d, kind, calls), flips in itertools.product(COVERAGE, FLIPS):
        known, covered, widths = limits(d, kind, flips), [], []
        for seed in seeds:
            model = Model(d, seed, flips)
            found = explained(model, kind, calls, seed, reference=model.reference)
            limit = np.full(d, known[4])
            for cause, weight in zip(model.causes, known[:4], strict=True):
                limit[cause] = weight
            low, high = found.interval()[0].T
            inside = (low <= limit) & (limit <= high)
            single, others = model.causes[0] + model.causes[1], model.causes[2:]
            covered.append([inside.mean(), inside[model.truth].mean(), *(inside[c].mean() for c in (single, *others))])
            widths.append((high - low).mean() / 2)
        means = np.mean(covered, axis=0)
        share = {"all": means[0], "causes": means[1], "alone": means[2], "and": means[3], "or": means[4]}
        line = f"{means[0]:6.3f} {means[1]:6.3f} {means[2:].min():6.3f}  {np.mean(widths):.3f}"
        print(f"{d:3} {kind:9} {flips:5.2f} {calls:5} {line}", flush=True)
        told = {name: round(float(value), 3) for name, value in share.items()}
        rows.append({"units": d, "score": kind, "flips": flips, "calls": calls, "coverage": told})
    return rows


def run_exact(_: range) -> Rows:
    called = zero = noticed = 0
    for seed in range(200):
        model = Model(6 + seed % 15, seed, (0.05, 0.1)[seed % 2])
        found = explained(model, "words", (32, 64)[seed // 2 % 2], seed)
        called += found.provenance.stopped == "exhaustive" or found.provenance.estimator == "exact"
        zero += not (found.stderr > 1e-6).all()
        noticed += any("not deterministic" in warning for warning in found.provenance.warnings)
    print(f"noisy models: called exact {called} of 200; an error of 0 in {zero}; noise noticed in {noticed}")
    return [{"models": 200, "called exact": called, "an error of 0": zero, "noise noticed": noticed}]


def run_long(seeds: range) -> Rows:
    rows = []
    for flips in FLIPS:
        found, calls = [], []
        for seed in seeds:
            model = Model(400, seed, flips)
            sentences = [f"Sentence {j} stands." for j in range(400)]
            passages = [" ".join(sentences[start : start + 20]) for start in range(0, 400, 20)]
            modality = ll.Prompt(("passages", "sentences"), template="{passages}")
            explainer = ll.Explainer(ll.Answers(model.chat), modality, seed=seed, max_features=6, tolerance=1e-6)
            fine = ll.refine(explainer, {"passages": passages}, budget=200).fine
            shown = [int(fine.features[j].name.split()[1]) for j in fine.selected[0]]
            found.append(float(model.truth[shown].sum() / model.truth.sum()))
            calls.append(model.calls)
        line = f"400 sentences in 20 passages, flips {flips:.2f}: recall {np.mean(found):.3f}, calls ≤ {max(calls)}"
        print(line, flush=True)
        rows.append({"flips": flips, "recall": round(float(np.mean(found)), 3), "most calls": max(calls)})
    return rows


PARTS: dict[str, tuple[Callable[[range], Rows], int]] = {
    "recall": (run_recall, 40),
    "coverage": (run_coverage, 80),
    "exact": (run_exact, 200),
    "long": (run_long, 40),
}
"""Parts, and how many seeds each has."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=5000, help="the first seed; none below 5000 is for reporting")
    parser.add_argument("--quick", action="store_true", help="6 seeds")
    parser.add_argument("--only", nargs="*", default=list(PARTS))
    parser.add_argument("--json", type=Path, help="where to keep the figures; parts that are not run stay as they are")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in given.only:
        began = time.process_time()
        run, seeds = PARTS[name]
        print(f"-- {name}")
        rows = run(range(given.first, given.first + (6 if given.quick else seeds)))
        print(f"   {time.process_time() - began:.0f} CPU s\n")
        if given.json:
            kept = json.loads(given.json.read_text(encoding="utf-8")) if given.json.exists() else {}
            kept[name] = {"seeds": 6 if given.quick else seeds, "rows": rows}
            given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
