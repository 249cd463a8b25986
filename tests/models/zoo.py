"""Models of every kind whose truth is known, and what an explanation of each must say: sign, class, size.

All learn, or are given, the same: a column `a` (or the word "good") speaks for, `b` ("bad") against, `c` and all else
mean nothing. What a model thinks of changed inputs is asked of it by its own library's call, never through limelight.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll

rng = np.random.default_rng(0)
FRAME = pd.DataFrame(rng.normal(size=(1000, 3)), columns=list("abc")).round(3)
ARRAY = FRAME.to_numpy()
MIXED = FRAME.assign(city=rng.choice(["Rome", "Oslo", "Lima"], 1000))
ROW = pd.DataFrame({"a": [1.2], "b": [0.9], "c": [0.1]})
SIGNAL = 2 * FRAME["a"] - FRAME["b"]
CLEAR = SIGNAL + 0.3 * rng.normal(size=1000)
TWO = (CLEAR > 0).astype(int)
THREE = np.digitize(CLEAR, [-1, 1])
NAMED = np.array(["low", "mid", "high"])[THREE]
LABELS = np.column_stack([CLEAR > 0, CLEAR < 0]).astype(int)
PAIR = np.column_stack([CLEAR, -CLEAR])
TEXT = "a good film with a bad end today"
FILLERS = ("a", "film", "with", "end", "today", "the", "plot", "was")


def _texts() -> tuple[list[str], Any]:
    good, bad = rng.random(600) < 0.5, rng.random(600) < 0.5
    texts = []
    for g, b in zip(good, bad, strict=True):
        words = [str(word) for word in rng.choice(FILLERS, rng.integers(2, 9))]
        words += ["good"] * bool(g) + ["bad"] * bool(b)
        texts.append(" ".join(rng.permutation(words).tolist()))
    speaks = 1 / (1 + np.exp(-(4.0 * good - 2.0 * bad - 1)))
    return texts, (rng.random(600) < speaks).astype(int)


TEXTS, MOODS = _texts()

WITHIN = 0.15
"""How far a weight may be from the truth, as a share of the largest; the truth is for a model that adds up."""
Ask = Any
"""A function of inputs, or the known weights of all parts."""


@dataclass(frozen=True)
class Known:
    """A model, what it is asked about, and what each explained output is by the model's own call."""

    model: Any
    modality: Any
    instance: Any
    outputs: dict[str, tuple[Ask, int]]
    """By the name of a target: what asks for its score, and +1, or −1 where `a` speaks against it."""
    options: dict[str, Any] = field(default_factory=dict)
    background: Any = None


@dataclass(frozen=True)
class Kind:
    """One line of the table: a library's kind of model, a task, and how the model is made."""

    library: str
    kind: str
    task: str
    given: str
    make: Callable[[], Known]

    @property
    def name(self) -> str:
        return f"{self.library} {self.kind}, {self.task}, {self.given}"


KINDS: list[Kind] = []


def kind(library: str, what: str, task: str, given: str = "frame") -> Callable[[Callable[[], Known]], Any]:
    """Register the function below as the maker of a kind of model."""

    def register(make: Callable[[], Known]) -> Callable[[], Known]:
        KINDS.append(Kind(library, what, task, given, make))
        return make

    return register


def need(*modules: str) -> Any:
    """Return the first module, or skip the test where one of them is missing."""
    found = [pytest.importorskip(module, exc_type=ImportError) for module in modules]
    return found[0]


PACKAGES = {"ONNX Runtime": "onnxruntime", "PyTorch": "torch", "Hugging Face": "transformers", "spaCy": "spacy"}


def version(library: str) -> str:
    """Return which version of a library is installed."""
    name = PACKAGES.get(library, library.lower().replace(" ", "-"))
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return str(getattr(importlib.import_module(name.replace("-", "_")), "__version__", "?"))


def table(model: Any, outputs: dict[str, tuple[Ask, int]], background: Any = FRAME, **more: Any) -> Known:
    """Return a model of a table; the row asked about has large `a` and `b`."""
    row: Any = ROW.iloc[0]
    if isinstance(background, np.ndarray):
        row = ROW.to_numpy(dtype=background.dtype)[0]
        return Known(model, ll.Tabular(background, names=list("abc")), row, outputs, background=background, **more)
    if "city" in background:
        row = ROW.assign(city="Rome").astype({"city": background["city"].dtype}).iloc[0]
    return Known(model, ll.Tabular(background), row, outputs, background=background, **more)


def text(model: Any, outputs: dict[str, tuple[Ask, int]], **more: Any) -> Known:
    """Return a model of texts."""
    return Known(model, ll.Text(), TEXT, outputs, **more)


# ---- what must hold --------------------------------------------------------------------------------------------------


def check(known: Known) -> tuple[ll.Explanation, float]:
    """Explain at the first try, and hold it against the truth; return how far off the worst weight is, as a share."""
    worst = 0.0
    explanation = ll.Explainer(known.model, known.modality, seed=0, **known.options).explain(known.instance)
    assert explanation.targets == tuple(known.outputs), explanation.targets
    for number, (ask, sign) in enumerate(known.outputs.values()):
        if isinstance(ask, np.ndarray):  # of a picture or a series, part by part
            worst = max(worst, float(np.abs(explanation.coef[number] - ask).max() / np.abs(ask).max()))
            assert worst < 0.05, explanation.coef
            continue
        truth = _truth(known, ask)
        assert np.allclose(explanation.prediction[number], truth["prediction"], rtol=1e-3, atol=1e-4)
        found = {word: _weight(explanation, number, word) for word in truth if word != "prediction"}
        largest = max(abs(each) for word, each in truth.items() if word != "prediction")
        up, down = ("a", "b") if "a" in found and "b" in found else ("good", "bad")
        assert sign * found[up] > 0 > sign * found[down], found
        for word, weight in found.items():
            worst = max(worst, abs(weight - truth[word]) / largest)
        assert worst < WITHIN, (found, truth)
    return explanation, worst


def _weight(explanation: ll.Explanation, number: int, word: str) -> float:
    names = [feature.name for feature in explanation.features]
    (place,) = [i for i, name in enumerate(names) if re.search(rf"(?<!\w){word}(?!\w)", name)]
    return float(explanation.coef[number, place])


def _truth(known: Known, ask: Ask) -> dict[str, float]:
    return _truth_of_words(ask) if isinstance(known.instance, str) else _truth_of_columns(known, ask)


def _truth_of_words(ask: Ask) -> dict[str, float]:
    """Mean change that a word makes, over all subsets of the others."""
    words = TEXT.split()
    masks = np.array(list(product([0, 1], repeat=len(words))))
    answers = np.asarray(ask([" ".join(w for w, kept in zip(words, m, strict=True) if kept) for m in masks]), float)
    truth = {"prediction": float(np.asarray(ask([TEXT]), float)[0])}
    for word in ("good", "bad"):
        kept = masks[:, words.index(word)] == 1
        truth[word] = float(answers[kept].mean() - answers[~kept].mean())
    return truth


def _truth_of_columns(known: Known, ask: Ask) -> dict[str, float]:
    """Mean change that the row's own quarter of a column makes against the other quarters."""
    background = known.background
    as_array = isinstance(background, np.ndarray)
    frame = pd.DataFrame(background, columns=list("abc")) if as_array else background
    row = known.instance

    def asked(changed: pd.DataFrame) -> Any:
        return np.asarray(ask(changed.to_numpy().astype(background.dtype) if as_array else changed), float)

    one = pd.DataFrame([row], columns=list(frame)).astype(frame.dtypes.to_dict()) if as_array else None
    one = frame.iloc[:1].assign(**{name: [row[name]] for name in frame}) if one is None else one
    truth = {"prediction": float(asked(one.astype(frame.dtypes.to_dict()))[0])}
    draws = np.random.default_rng(1)
    for place, name in enumerate("abc"):
        value = row[place] if as_array else row[name]
        edges = np.quantile(frame[name], [0.25, 0.5, 0.75])
        own = np.searchsorted(edges, frame[name]) == np.searchsorted(edges, value)
        means = []
        for part in (own, ~own):
            values = draws.choice(frame[name].to_numpy()[part], len(frame))
            means.append(asked(frame.assign(**{name: values.astype(frame[name].dtype)})).mean())
        truth[name] = float(means[0] - means[1])
    return truth


def column(ask: Ask, number: int) -> Ask:
    """Return what asks for one column of an answer."""
    return lambda inputs: np.asarray(ask(inputs))[:, number]


def each(ask: Ask, names: Sequence[str], signs: Sequence[int]) -> dict[str, tuple[Ask, int]]:
    """Return the outputs of a model that answers with a column for each name."""
    return {name: (column(ask, i), sign) for i, (name, sign) in enumerate(zip(names, signs, strict=True))}
