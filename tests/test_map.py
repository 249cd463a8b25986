"""The map is true: what it names under "The algorithm" and "Local" is what explaining reaches, not what once did."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import limelight as ll

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "limelight"
PLACE = re.compile(r"`([\w/]+\.py)(?::([\w.]+))?`")


def chapter(title: str) -> str:
    """The part of the map under one heading."""
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    assert found, f"docs/map.md has no chapter {title!r}"
    return found.group(1)


PLACES = sorted(set(PLACE.findall(chapter("The algorithm") + chapter("Local: functions of arrays"))))


def traced(*doings: Callable[[], Any]) -> dict[str, set[str]]:
    """The functions of each file of the package that run, by their qualified names."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            codes.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for do in doings:
            do()
    finally:
        sys.setprofile(before)
    found: dict[str, set[str]] = {}
    for code in codes:
        path = Path(code.co_filename)
        if path.is_relative_to(SRC):
            found.setdefault(path.relative_to(SRC).as_posix(), set()).add(code.co_qualname)
    return found


def explanations() -> Iterator[Callable[[], Any]]:
    """A table, a text, a noisy model, a width chosen from the samples, a refit, and the doors around them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "c": rng.choice(["x", "y"], 400)})
    frame.loc[0, "c"] = "rare"

    def bent(F: pd.DataFrame) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-2 * F["a"] * (1 + F["b"]) - (F["c"] == "x"))))

    table = ll.Explainer(bent, ll.Tabular(frame))
    yield lambda: [table.explain(frame.iloc[0]), table.explain(frame.iloc[1]), table.estimate_cost(frame.iloc[2])]
    yield lambda: type(table.explain(frame.iloc[0])).from_json(table.explain(frame.iloc[0]).to_json())
    yield lambda: ll.Explainer(bent, ll.Tabular(frame), kernel_width="auto").explain(frame.iloc[1])
    yield lambda: ll.Explainer(bent, ll.Tabular(frame), refit=True, max_features=2).explain(frame.iloc[1])
    yield lambda: ll.Explainer(bent, ll.Tabular(frame, bins=None)).explain(frame.iloc[1])
    chosen = {"selection": "forward", "max_features": 2}
    yield lambda: ll.Explainer(bent, ll.Tabular(frame), **chosen).explain(frame.iloc[1])
    yield lambda: ll.Explainer(bent, ll.Tabular(frame), surrogate=Ridge(), n_samples=256).explain(frame.iloc[1])
    yield lambda: fitted_anew(frame[["a", "b"]])

    text = " ".join(f"w{i}" for i in range(24))

    def words(texts: list[str]) -> np.ndarray:
        return np.array([1 / (1 + np.exp(6 - len(set(each.split()) & {"w1", "w2", "w3"}) ** 2)) for each in texts])

    yield lambda: ll.Explainer(words, ll.Text()).explain(text)
    yield lambda: ll.Explainer(words, ll.Text(), stop="ranking", max_samples=512).explain(text)

    def noisy(texts: list[str]) -> np.ndarray:
        return words(texts) + 0.1 * rng.normal(size=len(texts))

    yield lambda: ll.Explainer(noisy, ll.Text(), n_samples=512).explain(text)

    def chat(prompts: list[str]) -> list[str]:
        return ["w1" if "w1 " in prompt else "no" for prompt in prompts]

    yield lambda: ll.Explainer(ll.Answers(chat, max_calls=64), ll.Prompt("words")).explain(text)

    def refusing(texts: list[str]) -> np.ndarray:
        return np.where([each.strip() == "" for each in texts], np.nan, words(texts))

    yield lambda: list(ll.Explainer(refusing, ll.Text()).explain_many(["w1 w2 w3", ""], on_error="record"))


def fitted_anew(frame: pd.DataFrame) -> None:
    """Explain, fit the same model object to other answers, and explain again."""
    model = LogisticRegression().fit(frame, frame["a"] > 0)
    explainer = ll.Explainer(model, ll.Tabular(frame), targets=1)
    explainer.explain(frame.iloc[0])
    model.fit(frame, frame["b"] > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer.explain(frame.iloc[1])


@cache
def reached() -> dict[str, set[str]]:
    return traced(*explanations())


def runs(path: str, symbol: str) -> bool:
    """Whether a function ran, or any method of a class, or anything of a file."""
    names = reached().get(path, set())
    if not symbol:
        return bool(names)
    return any(name == symbol or name.startswith(f"{symbol}.") for name in names)


@pytest.mark.parametrize(("path", "symbol"), PLACES)
def test_what_the_map_names_is_reached_by_explaining(path: str, symbol: str) -> None:
    assert runs(path, symbol), f"docs/map.md sends a reader to {path}:{symbol}, which no explanation reaches"


def test_the_trace_tells_what_runs_from_what_only_exists() -> None:
    assert runs("local/regression.py", "regressions")
    assert not runs("local/surrogate.py", "RidgeSurrogate")  # lime's own fit, for the drop-in alone
    assert not runs("compat/lime/lime_base.py", "")
