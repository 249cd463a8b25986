"""Explanations of every layout, written by hand: small numbers that a reader can add up."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from limelight.contracts import Feature, Where
from limelight.ranking import Ranking
from limelight.result.effects import Effect, Interaction
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.result.layouts import bars_layout, raster_layout, series_layout, text_layout


def explanation(
    features: Sequence[Feature],
    coef: Sequence[Sequence[float]],
    *,
    targets: Sequence[str] = ("spam",),
    stderr: Sequence[Sequence[float]] | None = None,
    intercept: Sequence[float] | None = None,
    prediction: Sequence[float] | None = None,
    outputs: Sequence[tuple[str, float]] = (),
    layout: Mapping[str, Any] | None = None,
    shown: int = 10,
    fidelity: float = 0.83,
    warnings: Sequence[str] = (),
) -> Explanation:
    """An explanation with the given weights; g(x') = intercept + Σ coef as for masks."""
    weights = np.asarray(coef, dtype=float).reshape(len(targets), len(features))
    errors = np.full_like(weights, 0.01) if stderr is None else np.asarray(stderr, dtype=float).reshape(weights.shape)
    base = np.full(len(targets), 0.2) if intercept is None else np.asarray(intercept, dtype=float)
    local = base + weights.sum(axis=1)
    said = local + 0.01 if prediction is None else np.asarray(prediction, dtype=float)
    selected = tuple(np.argsort(-np.abs(row), kind="stable")[:shown] for row in weights)
    squares = [np.diag(errors[i, chosen] ** 2) for i, chosen in enumerate(selected)]
    covariance = tuple(square[np.triu_indices(len(square))] for square in squares)
    k = len(targets)
    return Explanation(
        features=tuple(features),
        targets=tuple(targets),
        coef=weights,
        stderr=errors,
        intercept=base,
        prediction=said,
        local_prediction=local,
        fidelity=np.full(k, fidelity),
        fidelity_stderr=np.full(k, 0.02),
        r2=np.full(k, min(1.0, fidelity + 0.03)),
        selected=selected,
        covariance=covariance,
        rankings=tuple(Ranking(chosen, len(chosen), tuple(range(1, len(chosen))), -1, 0.0) for chosen in selected),
        outputs=tuple(outputs) or tuple(zip(targets, said.tolist(), strict=True)),
        layout=dict(layout or {"kind": "bars"}),
        provenance=Provenance(
            seed=7,
            n_samples=1000,
            effective_sample_size=412.5,
            stopped="precise",
            samples_needed=1000,
            estimator="least squares",
            kernel_width=0.25,
            shared=False,
            warnings=tuple(warnings),
            settings={"seed": 7},
            modality={"name": "Sample"},
            versions={"limelight": "0.1.0"},
            cost=Cost(model_rows=1001, model_calls=4, seconds=0.12),
        ),
    )


def table() -> Explanation:
    """A row of a census table: twelve columns, three of them uncertain."""
    rows = [
        ("capital-gain", "capital-gain > 0", "7298", 0.412, 0.021),
        ("marital-status", "marital-status = Married-civ-spouse", "Married-civ-spouse", 0.187, 0.012),
        ("education-num", "12 < education-num ≤ 13", "13", 0.094, 0.011),
        ("age", "28 < age ≤ 37", "31", -0.071, 0.010),
        ("hours-per-week", "40 < hours-per-week", "52", 0.062, 0.012),
        ("occupation", "occupation = Exec-managerial", "Exec-managerial", 0.055, 0.014),
        ("sex", "sex = Male", "Male", 0.021, 0.013),
        ("relationship", "relationship = Husband", "Husband", -0.018, 0.012),
        ("workclass", "workclass = Private", "Private", -0.011, 0.011),
        ("race", "race = White", "White", 0.006, 0.011),
        ("native-country", "native-country = United-States", "United-States", 0.002, 0.010),
        ("fnlwgt", "117827 < fnlwgt ≤ 178356", "154374", 0.001, 0.010),
    ]
    features = [Feature(name, Where("column", key), value) for key, name, value, _, _ in rows]
    return explanation(
        features,
        [[row[3] for row in rows]],
        stderr=[[row[4] for row in rows]],
        targets=[">50K"],
        intercept=[0.193],
        prediction=[0.951],
        outputs=[(">50K", 0.951), ("<=50K", 0.049)],
        layout={"kind": "table"},
        shown=9,
    )


def average() -> Explanation:
    """The same row with all that stands behind its weights: shares, curves, a pair, a verdict."""
    own = {"capital-gain": 0.08, "marital-status": 0.46, "education-num": 0.16, "age": 0.26, "sex": 0.67}
    sure = table()
    # How much of the census has the same as this person, where the sample says it.
    reference = np.array([own.get(str(feature.where.key), 0.3) for feature in sure.features])
    curves = {
        "capital-gain": (["capital-gain ≤ 0", "capital-gain > 0"], [0.92, 0.08], 1),
        "education-num": ([f"education-num {i}" for i in range(16)], [1 / 16] * 16, 12),
        "age": (["age ≤ 28", "28 < age ≤ 37", "37 < age ≤ 48", "48 < age"], [0.26, 0.26, 0.24, 0.24], 1),
        "hours-per-week": (["≤ 40", "40 <", "missing"], [0.7, 0.3, 0.0], -1),
    }
    made = replace(
        sure,
        center=np.ones(len(sure.features)),
        reference=reference,
        additivity=np.array([0.972]),
        additivity_stderr=np.array([0.004]),
        gap=np.array([0.4]),
        pairs=((Interaction(3, 4, 0.021, 0.004, 0.017, 0.003), Interaction(1, 6, 0.008, 0.003, -0.009, 0.003)),),
        verdicts=("The columns add up: their own curves explain 97 % of what the model does nearby.",),
        causes=("adds up",),
    )
    effects = []
    for j in made.selected[0]:
        key = str(made.features[j].where.key)
        if key in curves:
            names, shares, place = curves[key]
            rise = np.linspace(-1.0, 1.0, len(names)) * np.sign(made.coef[0, j])
            values = made.contributions[0, j] * rise / (rise[place] or 1.0)
            values[np.array(shares) == 0] = np.nan
            effects.append(Effect(int(j), tuple(names), np.array(shares), values, np.full(len(names), 0.006), place))
    return replace(made, curves=(tuple(effects),))


def slopes() -> Explanation:
    """A row of a table without bins: the bars are slope · (x − mean), and one points against its slope."""
    row = {"Latitude": "32.58", "MedInc": "8.3", "HouseAge": "41"}
    features = [Feature(name, Where("column", name), value) for name, value in row.items()]
    made = explanation(features, [[-0.61, 0.72, 0.05]], targets=["price"], intercept=[2.07])
    center = np.array([-1.43, 2.3, 1.0])
    return replace(
        made,
        center=center,
        reference=np.zeros(3),
        local_prediction=made.intercept + made.coef @ center,
        prediction=made.intercept + made.coef @ center - 0.2,
        layout={
            "kind": "table",
            "scale": {"Latitude": 2.14, "MedInc": 1.9, "HouseAge": 12.6},
            "mean": {"Latitude": 35.6, "MedInc": 3.9, "HouseAge": 28.6},
        },
    )


SENTENCE = "Great 👩‍👧 film — no fatigue, GREAT cast, but the ending is «awful». عظيم 映画"


def text() -> Explanation:
    """One line with an emoji of three code points, a word that occurs twice, and two other scripts."""
    words = {
        "Great": 0.31,
        "film": 0.04,
        "no": -0.08,
        "fatigue": 0.12,
        "cast": 0.003,
        "awful": -0.27,
        "عظيم": 0.06,
        "映画": 0.02,
    }
    features = [Feature(word, Where("word", word.lower(), spans(SENTENCE, word))) for word in words]
    return explanation(
        features,
        [list(words.values()), [-value / 2 for value in words.values()]],
        stderr=[[0.015] * len(words), [0.012] * len(words)],
        targets=["positive", "negative"],
        intercept=[0.45, 0.3],
        outputs=[("positive", 0.663), ("negative", 0.2), ("neutral", 0.137)],
        layout=text_layout(SENTENCE),
    )


def spans(whole: str, word: str) -> tuple[tuple[int, int], ...]:
    """All places of a word, whatever its case, in code points."""
    return tuple((found.start(), found.end()) for found in re.finditer(re.escape(word), whole, re.IGNORECASE))


def long_text() -> Explanation:
    """A mail of several screens, two fields, where a handful of words matter."""
    filler = "The quick brown fox jumps over the lazy dog while nobody at all is looking at it from behind. "
    body = filler * 6 + "Our offer: a free prize, call now!\n\n" + filler * 9 + "Regards, the committee.\n" + filler * 5
    fields = {"subject": "You have won!", "body": body}
    joined = "".join(fields.values())
    words = sorted(set(re.findall(r"\w+", joined.lower())))
    weights = {"free": 0.22, "prize": 0.31, "won": 0.17, "call": 0.09, "committee": -0.12, "regards": -0.02}
    features = [Feature(word, Where("word", word, spans_of_words(joined, word))) for word in words]
    return explanation(
        features,
        [[weights.get(word, 0.0004) for word in words]],
        stderr=[[0.012] * len(words)],
        intercept=[0.08],
        outputs=[("spam", 0.74), ("ham", 0.26)],
        layout=text_layout(fields),
        shown=6,
        fidelity=0.41,
        warnings=["held-out fidelity 0.41: a linear surrogate does not describe this model here"],
    )


def spans_of_words(whole: str, word: str) -> tuple[tuple[int, int], ...]:
    """All places of a whole word, in code points."""
    return tuple((m.start(), m.end()) for m in re.finditer(rf"\b{re.escape(word)}\b", whole, re.IGNORECASE))


def raster(side: int = 120) -> Explanation:
    """A disc on a gradient, cut into a 5 × 5 grid of segments with labels that do not start at 0."""
    y, x = np.mgrid[0:side, 0:side]
    wavy = x + 6 * np.sin(y / 9)
    labels = 3 + (y * 5 // side) * 5 + np.clip(wavy * 5 / side, 0, 4).astype(int)
    disc = (x - side * 0.55) ** 2 + (y - side * 0.45) ** 2 < (side * 0.3) ** 2
    image = np.stack(
        [np.where(disc, 230, x * 200 // side), np.where(disc, 160, 120), np.where(disc, 60, y * 200 // side)], -1
    )
    segments = sorted(set(labels.ravel().tolist()))
    inside = {label: disc[labels == label].mean() for label in segments}
    features = [Feature(f"segment {label}", Where("segment", label)) for label in segments]
    return explanation(
        features,
        [[0.12 * inside[label] - 0.018 + 0.012 * math.sin(label) for label in segments]],
        stderr=[[0.006] * len(segments)],
        targets=["orange"],
        intercept=[0.05],
        outputs=[("orange", 0.62), ("lemon", 0.21), ("sun hat", 0.04)],
        layout=raster_layout(labels, image.astype(np.uint8)),
    )


def series(steps: int = 240) -> Explanation:
    """Two channels with a gap; windows of one channel, and one of both."""
    t = np.arange(steps)
    heart = np.sin(t / 6) + 2.2 * np.exp(-(((t - 130) / 7) ** 2))
    breath = 20 + np.cos(t / 25)
    breath[60:75] = np.nan
    step = steps // 6
    features = [
        Feature(f"{channel} {i * step}–{(i + 1) * step}", Where("window", (channel, i), ((i * step, (i + 1) * step),)))
        for channel in ("heart", "breath")
        for i in range(6)
    ]
    weights = [0.01, -0.03, 0.05, 0.41, 0.08, -0.02, 0.0, 0.02, -0.14, 0.03, 0.01, 0.005]
    return explanation(
        features,
        [weights],
        stderr=[[0.02] * 12],
        targets=["arrhythmia"],
        intercept=[0.22],
        outputs=[("arrhythmia", 0.66), ("normal", 0.34)],
        layout=series_layout(np.stack([heart, breath]), ["heart", "breath"]),
        shown=8,
    )


def bars() -> Explanation:
    """A regression on parts without a layout of their own: large numbers, one exact weight."""
    features = [Feature(f"part {i}", Where("part", i)) for i in range(5)]
    told = explanation(
        features,
        [[125000.0, -34000.0, 2100.0, 800.0, 0.0]],
        stderr=[[900.0, 1200.0, 1500.0, 0.0, 0.0]],
        targets=["price"],
        intercept=[210000.0],
        layout=bars_layout(),
    )
    return replace(told, provenance=replace(told.provenance, stopped="exhaustive"))


ALL = {
    "table": table,
    "average": average,
    "slopes": slopes,
    "text": text,
    "long_text": long_text,
    "raster": raster,
    "series": series,
    "bars": bars,
}


def doubtful(sure: Explanation) -> Explanation:
    """The same explanation, the order of whose features is open, with a long warning."""
    rankings = tuple(Ranking(chosen, 0, (), len(sure.features) - 1, 0.31) for chosen in sure.selected)
    sentence = "held-out fidelity 0.37 for this output: a linear surrogate does not describe this model here, " * 2
    return replace(sure, rankings=rankings, provenance=replace(sure.provenance, warnings=(sentence,)))


def hostile(names: Sequence[str]) -> Explanation:
    """Whatever strings somebody may use as names, values, targets, outputs and warnings."""
    features = [Feature(name, Where("part", i), value=names[-1 - i]) for i, name in enumerate(names)]
    return explanation(
        features,
        [[0.5 - 0.07 * i for i in range(len(names))]],
        targets=[names[0]],
        outputs=[(name, 0.5 / (i + 1)) for i, name in enumerate(names[:3])],
        warnings=names[:2],
    )
