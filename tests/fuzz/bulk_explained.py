"""Doors that explain: rows, words and columns, chats, pictures, series, volumes, and lines of the command line.

As in `bulk`: whether the bytes were taken, AssertionError where the prediction is not what the model answers to the
very instance, and anything else that comes out is an error of another library.
"""

from __future__ import annotations

import functools
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bulk
import numpy as np
import pandas as pd

import limelight as ll

REVIEWS = pd.DataFrame({"words": ["good food", "cold soup", "fine", "good"] * 3, "stars": [1, 2, 3, 5] * 3})


def total(arrays: Any) -> list[float]:
    """Return the sum of each, missing ones left out."""
    return [float(np.nansum(np.asarray(each, dtype=np.float64))) for each in arrays]


def letters(chats: Any) -> list[float]:
    """Return how many letters the texts of each chat, or tuple, have."""
    return [float(sum(map(len, texts_of(chat)))) for chat in chats]


def texts_of(chat: Any) -> list[str]:
    """Return the texts of a chat, or of a tuple of texts."""
    contents = [each.get("content") if isinstance(each, dict) else each for each in chat]
    return [each for each in contents if isinstance(each, str)]


def stars_and_words(rows: Any) -> Any:
    """Return the stars, and two more where the food is good."""
    return [2.0 * ("good" in words) + stars for words, stars in zip(rows["words"], rows["stars"], strict=True)]


MIXED = ll.Explainer(stars_and_words, ll.Composite(REVIEWS, {"words": ll.Text()}), n_samples=16)
ALIKE = ll.Explainer(
    lambda f: f["age"] + 10 * (f["city"] == "Rome"), ll.Conditional(bulk.NUMBERS, fixed=["city"]), n_samples=16
)
CHATS = ll.Explainer(letters, ll.Text(phrases=["New York"]), n_samples=16)
PICTURES = ll.Explainer(total, ll.Image("grid", 0, n_segments=4), n_samples=16)
BANDS = ll.Explainer(total, ll.Image(fill=0, bands=True), n_samples=16)
SERIES = ll.Explainer(total, ll.TimeSeries("uniform", "linear", n_windows=4), n_samples=16)
RECORDED = ll.Explainer(total, ll.TimeSeries(fill="zero", rate=8, seconds=0.5), n_samples=16)
VOLUMES = ll.Explainer(total, ll.Volume("grid", fill=0, n_segments=8), n_samples=16)


def numbers_in(value: Any) -> bool:
    """Whether this is a number that a float holds, or lists of them."""
    if isinstance(value, list):
        return all(map(numbers_in, value))
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def same(found: Any, expected: float) -> None:
    """Check that a prediction is the model's answer."""
    assert abs(found - expected) <= 1e-6 * max(1.0, abs(expected)), (found, expected)


@bulk.refusing
def row(data: bytes) -> None:
    value = bulk.value_of(data)
    for explainer in (bulk.TABLE, ALIKE):
        found = explainer.explain(value).prediction[0]
        age, city = (value["age"], value["city"]) if isinstance(value, dict) else value
        if numbers_in(age):
            same(found, age + 10 * (city == "Rome"))


@bulk.refusing
def composite(data: bytes) -> None:
    value = bulk.value_of(data)
    found = MIXED.explain(value).prediction[0]
    assert isinstance(value["words"], str)
    if numbers_in(value["stars"]):
        same(found, value["stars"] + 2 * ("good" in value["words"]))


@bulk.refusing
def chat(data: bytes) -> None:
    value = bulk.value_of(data)
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        value = tuple(value)
    elif isinstance(value, str | dict):
        raise ll.InputError("this door takes chats")
    same(CHATS.explain(value).prediction[0], letters([value])[0])


@bulk.refusing
def picture_file(data: bytes) -> None:
    import PIL.Image

    found = PICTURES.explain(data).prediction[0]
    opened = PIL.Image.open(io.BytesIO(data))
    if opened.mode in ("L", "RGB", "RGBA"):
        same(found, total([opened])[0])


def array_door(explainers: Callable[[Any], list[ll.Explainer]]) -> bulk.Door:
    """Return a door for nested lists of numbers."""

    def door(data: bytes) -> None:
        value = bulk.value_of(data)
        for explainer in explainers(value):
            found = explainer.explain(value).prediction[0]
            if numbers_in(value):
                same(found, total([value])[0])

    return bulk.refusing(door)


pixels = array_door(lambda value: [PICTURES, BANDS])
series = array_door(lambda value: [SERIES, RECORDED])
volume = array_door(lambda value: [VOLUMES])
COMMANDS = ("explain", "show", "pick", "report", "compare", "audit", "drift", "job")
"""Not those that train models, measure, or listen for ever."""


def command_line(data: bytes) -> bool:
    """Type a line; it ends with an answer, or with code 2 and a sentence."""
    from typer.testing import CliRunner

    from limelight.cli.commands import app

    value = bulk.value_of(data)
    words = [str(word) for word in value] if isinstance(value, list) else []
    if not words or words[0] not in COMMANDS or any("\0" in word for word in words):
        return False
    before = Path.cwd()
    os.chdir(desk())
    try:
        result = CliRunner().invoke(app, words)
    finally:
        os.chdir(before)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 2), (words, result.exit_code, result.output)
    assert "Traceback" not in result.output
    return result.exit_code == 0


@functools.cache
def papers() -> dict[str, bytes]:
    """Return the files that lines of the command line speak of."""
    table = pd.DataFrame({"price": [1.0, 2.5, 3.0, 4.0] * 5, "zip": ["01", "02", "03", "01", "02"] * 4})
    explainer = ll.Explainer(lambda f: f["price"], ll.Tabular(table), n_samples=16)
    lines = [each.to_json() for each in explainer.explain_all(table)]
    texts = {"train.csv": table.to_csv(index=False), "why.json": lines[0], "many.jsonl": "\n".join(lines)}
    return {name: text.encode() for name, text in texts.items()}


def desk() -> Path:
    """Return a folder with these files, as new: the line before may have written there."""
    folder = bulk.path_of("desk").parent
    for name, data in papers().items():
        (folder / name).write_bytes(data)
    return folder


def _png() -> bytes:
    import PIL.Image

    drawn = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    out = io.BytesIO()
    PIL.Image.fromarray(drawn).save(out, "PNG")
    return out.getvalue()


def seeds() -> dict[str, list[bytes]]:
    """Return sound inputs of every door, to be damaged."""
    as_bytes = lambda values: [json.dumps(value).encode() for value in values]  # noqa: E731
    rnd = np.random.default_rng(0)
    start = ["--model", "cli_models:price_of", "--background", "train.csv", "--data", "train.csv", "--n-samples", "24"]
    lines = [
        ["explain", *start, "--row", "1", "--out", "new.json"],
        ["explain", *start, "--rows", "0:3", "--out", "new.jsonl", "--law", "conditional", "--fixed", "zip"],
        ["show", "why.json", "--html", "why.html"],
        ["pick", "many.jsonl", "--budget", "2"],
        ["drift", "many.jsonl", "many.jsonl"],
        ["report", "why.json", "--out", "report.html", "--name", "price 1", "--subject", "A"],
    ]
    return {
        "row": as_bytes([[40, "Rome"], {"age": 60, "city": "Oslo"}]),
        "composite": as_bytes([{"words": "good cold food", "stars": 5}]),
        "chat": as_bytes(
            [
                [{"role": "system", "content": "be brief"}, {"role": "user", "content": "is New York large"}],
                ["a b c", "New York"],
            ]
        ),
        "picture_file": [_png()],
        "pixels": as_bytes([rnd.integers(0, 255, (6, 6)).tolist(), rnd.random((4, 4, 3)).round(2).tolist()]),
        "series": as_bytes([rnd.random(12).round(2).tolist(), rnd.random((12, 2)).round(2).tolist()]),
        "volume": as_bytes([rnd.integers(0, 9, (4, 4, 4)).tolist(), rnd.random((3, 3, 3, 3)).round(2).tolist()]),
        "command_line": as_bytes(lines),
    }


DOORS: dict[str, bulk.Door] = {
    "row": row, "composite": composite, "chat": chat, "picture_file": picture_file, "pixels": pixels,
    "series": series, "volume": volume, "command_line": command_line,
}  # fmt: skip
