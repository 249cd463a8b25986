"""Doors that take bytes, and damage to what they take: fast enough for a million inputs.

Every door returns whether it took the bytes. It raises AssertionError where what came out is not what was put in, and
whatever else comes out is an error of another library. `benchmarks/fuzz.py` counts; `test_bulk.py` looks briefly.
"""

from __future__ import annotations

import functools
import json
import random
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutations
import numpy as np
import pandas as pd

import limelight as ll
from limelight.cell_types import Format
from limelight.cells import read_frame
from limelight.compat.lime import lime_tabular, lime_text
from limelight.errors import InputError, LimelightError, RemoteError
from limelight.models.cache import packed, unpacked
from limelight.models.calls import Caller
from limelight.remote.open_inference import OpenInference
from limelight.remote.openai import Chat, Completions, Embeddings
from limelight.remote.scoring import HuggingFace, MLflow, TFServing, TorchServe
from limelight.remote.wire import Received, TornError, answers_of
from limelight.settings import Settings
from limelight.web.answering import QUESTIONS, VERBS, Models, answer

Door = Callable[[bytes], bool]
FOLDER = Path(tempfile.gettempdir())
HERE = Path(__file__).resolve().parents[1] / "data"
TEXT = ll.Explainer(lambda texts: [float(len(text)) for text in texts], ll.Text(), n_samples=16)
NUMBERS = pd.DataFrame({"age": [20.0, 40.0, 60.0, 80.0] * 5, "city": ["Oslo", "Rome"] * 10})
TABLE = ll.Explainer(lambda f: f["age"] + 10 * (f["city"] == "Rome"), ll.Tabular(NUMBERS), n_samples=16)
SERVED = Models(
    {"table": TABLE, "text": TEXT},
    start={"table": [40, "Oslo"], "text": "ab cd"},
)  # fmt: skip
WIRES = (
    MLflow(), TFServing("m"), TorchServe("m", rows_per_request=2), HuggingFace(), OpenInference("m"), Chat("m"),
    Completions("m"), Embeddings("m"),
)  # fmt: skip
SPOKEN = sorted({"infer", *VERBS, *QUESTIONS})


def refusing(door: Callable[[bytes], Any]) -> Door:
    """Return a door that says False where it refuses in words."""

    @functools.wraps(door)
    def checked(data: bytes) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return door(data) is not False
        except (LimelightError, NotImplementedError) as error:
            assert 5 < len(str(error)) < 4000, str(error)[:200]
            return False

    return checked


def value_of(data: bytes) -> Any:
    """Return JSON of any bytes; what is no JSON is a text."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "surrogateescape")


@functools.cache
def path_of(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix="limelight-fuzz-", dir=FOLDER)) / name


def written(name: str, data: bytes) -> Path:
    path = path_of(name)
    path.write_bytes(data)
    return path


@refusing
def explanation_json(data: bytes) -> None:
    explanation = ll.Explanation.from_json(data.decode("utf-8", "replace"))
    assert ll.Explanation.from_json(explanation.to_json()) == explanation


@refusing
def background_json(data: bytes) -> None:
    ll.Tabular.load(written("background.json", data)).describe()


@refusing
def csv(data: bytes) -> None:
    read_frame(written("any.csv", data), argument="--data")


@refusing
def json_lines(data: bytes) -> None:
    read_frame(written("any.jsonl", data), argument="--data")


@refusing
def parquet(data: bytes) -> None:
    read_frame(written("any.parquet", data), argument="--data")


@refusing
def set_parquet(data: bytes) -> None:
    for explanation in ll.Explanations.from_parquet(written("set.parquet", data)):
        assert np.isfinite(explanation.prediction).all()


def http_body(data: bytes) -> bool:
    verb = SPOKEN[sum(data[:8]) % len(SPOKEN)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = answer(SERVED, "table" if len(data) % 2 else "text", verb, data)
    assert found.status in (200, 400, 413, 422), (verb, found.status, found.content[:300])
    return found.status == 200


@refusing
def server_answers(data: bytes) -> None:
    """Read what a server says, as each protocol would: as it is sent, or cut off."""
    wire = WIRES[sum(data) % len(WIRES)]
    n = min(2, wire.rows_per_request)
    try:
        answers = answers_of(wire, Received(200, {}, data), n).answers
    except TornError:
        raise RemoteError("a torn answer, asked for again") from None
    assert len(unpacked(packed(answers))) == n


@refusing
def csv_flags(data: bytes) -> None:
    """Read a table as flags say: the first line is JSON, of what the flags say, and the rest the table."""
    flags, _, table = data.partition(b"\n")
    said = value_of(flags)
    if not isinstance(said, dict) or not all(isinstance(each, str) for each in said.values()):
        raise InputError("flags are texts")
    form = Format.of(said.get("sep"), said.get("decimal"), said.get("encoding"), [said.get("dtype", "zip=str")])
    read_frame(written("flags.csv", table), argument="--data", form=form)


@refusing
def answers_of_a_model(data: bytes) -> bool:
    value = value_of(data)
    outputs, _ = Caller(lambda texts: value).ask([["a good film", "a bad one"]])[0], None
    given = np.asarray(outputs)
    plain = isinstance(value, list) and len(value) == 2 and all(type(each) is float for each in value)
    assert not plain or np.array_equal(np.ravel(given), value)
    return True


@refusing
def settings(data: bytes) -> bool:
    value = value_of(data)
    if not isinstance(value, dict):
        return False
    names = {name: each for name, each in value.items() if name in Settings.__dataclass_fields__}
    made = Settings(**names)
    assert names.get("seed") in (None, made.seed)
    return True


@refusing
def prompt(data: bytes) -> bool:
    value = value_of(data)
    whole = ll.Prompt("words").represent(value).original[0]
    assert repr(whole) == repr(value), (whole, value)
    return True


@refusing
def text(data: bytes) -> None:
    value = value_of(data)
    assert isinstance(value, str) == (type(value) is str)
    assert TEXT.explain(value).prediction[0] == len(value)


ROWS = np.random.default_rng(0).normal(size=(30, 3))


def proba(rows: Any) -> Any:
    p = 1 / (1 + np.exp(-rows[:, 0]))
    return np.stack([1 - p, p], axis=1)


@refusing
def drop_in_table(data: bytes) -> bool:
    value = value_of(data)
    if not isinstance(value, dict):
        return False
    made = {
        name: value[name] for name in ("mode", "feature_names", "categorical_features", "kernel_width") if name in value
    }
    asked = {name: value[name] for name in ("labels", "top_labels", "num_features", "num_samples") if name in value}
    if isinstance(asked.get("num_samples"), int) and asked["num_samples"] > 1000:
        return False
    row = value.get("row", [0.0, 1.0, 2.0])
    function = proba if made.get("mode") != "regression" else (lambda rows: proba(rows)[:, 1])
    explanation = lime_tabular.LimeTabularExplainer(ROWS, random_state=0, **made).explain_instance(
        row, function, **asked
    )
    assert all(np.isfinite(weight) for pairs in explanation.local_exp.values() for _, weight in pairs)
    return True


@refusing
def drop_in_text(data: bytes) -> None:
    value = value_of(data)
    explainer = lime_text.LimeTextExplainer(random_state=0)
    explanation = explainer.explain_instance(value, lambda texts: [[1.0 - ("a" in t), float("a" in t)] for t in texts],
                                             num_samples=20)  # fmt: skip
    assert explanation.predict_proba[1] == float("a" in value)


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"zip": ["01", "02"] * 4, "price": np.linspace(0, 1, 8), "day": pd.date_range("2020", periods=8)}
    )


def _saved(name: str, save: Callable[[Path], Any]) -> bytes:
    path = path_of(name)
    save(path)
    return path.read_bytes()


def seeds() -> dict[str, list[bytes]]:
    """Return sound inputs of every door, to be damaged."""
    table = _frame()
    rows = [
        {"instances": [[40, "Rome"]], "targets": "auto"},
        {"instance": {"age": 1, "city": "Oslo"}, "changes": {"age": 3}},
        {"instances": ["ab cd", "x"]},
        {"instance": "ab cd", "against": "ab"},
    ]
    said = [
        [0.1, 0.9],
        [[0.1, 0.9], [0.5, 0.5]],
        [{"label": "a", "score": 0.4}, {"label": "b", "score": 0.6}],
        [{"a": 0.2, "b": 0.8}, {"a": 0.4, "b": 0.6}],
        ["yes", "no"],
        {"a": [0.1, 0.2], "b": [0.9, 0.8]},
        [[["a", 0.5], ["b", 0.5]], [["b", 0.1], ["a", 0.9]]],
    ]
    words = [
        {"mode": "classification", "labels": [0, 1], "num_features": 2, "num_samples": 20, "row": [0.5, 1, -1]},
        {"mode": "regression", "feature_names": ["a", "b", "c"], "num_samples": 20, "kernel_width": 3},
        {"top_labels": 2, "num_samples": 12, "categorical_features": [1], "row": [0, 1, 2]},
    ]
    bodies = [
        {"predictions": [[0.1, 0.9], [0.5, 0.5]]},
        {"outputs": [{"name": "p", "shape": [2, 1], "datatype": "FP64", "data": [0.5, 1.5]}]},
        [[{"label": "a", "score": 0.4}, {"label": "b", "score": 0.6}], [{"label": "a", "score": 1.0}]],
        {"choices": [{"index": 0, "text": "yes"}, {"index": 1, "text": "no"}], "usage": {"prompt_tokens": 3}},
        {"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [{"token": "y", "logprob": -0.1}]}}]},
        {"data": [{"index": 1, "embedding": [0.1, 0.2]}, {"index": 0, "embedding": [1, 2]}]},
        [0.25, 0.75],
    ]
    flagged = [
        ({"sep": ";", "decimal": ",", "encoding": "latin-1", "dtype": "day=%d.%m.%Y"}, b"day;x\n01.02.2024;1,5\n"),
        ({"sep": "\t", "dtype": "zip=str"}, b"zip\tx\n01\t2\n"),
    ]
    messages = [{"role": "user", "content": "a b c"}]
    chats: list[Any] = ["Rome is old. Is it?", messages, {"messages": messages}]
    some = {
        "targets": ["a", 1], "n_samples": 64, "tolerance": 0.1, "seed": 3, "kernel_width": 2.0, "selection": "auto",
        "sampler": "pairs", "max_features": 4, "replicates": 2, "batch_size": 8, "refit": False,
    }  # fmt: skip
    as_bytes = lambda values: [json.dumps(value).encode() for value in values]  # noqa: E731
    return {
        "explanation_json": [path.read_bytes() for path in sorted(HERE.glob("explanation-*.json"))],
        "background_json": [_saved("sound.json", ll.Tabular(table).save)],
        "csv": [table.to_csv(index=False).encode(), b'a;b\n"x;y";1,5\n01;2\n', "é,ü\n1,2\n".encode("latin-1")],
        "json_lines": [table.to_json(orient="records", lines=True, date_format="iso").encode()],
        "parquet": [_saved("sound.parquet", table.to_parquet)],
        "set_parquet": [_saved("set-of-two.parquet", TEXT.explain_all(["ab c", "d e f"]).to_parquet)],
        "server_answers": as_bytes(bodies),
        "csv_flags": [json.dumps(flags).encode() + b"\n" + cells for flags, cells in flagged],
        "http_body": as_bytes(rows),
        "answers_of_a_model": as_bytes(said),
        "settings": as_bytes([some]),
        "prompt": as_bytes(chats),
        "text": as_bytes(["a good film", "x"]),
        "drop_in_table": as_bytes(words),
        "drop_in_text": as_bytes(["a good film. a bad one", "b"]),
    }


BYTES = (explanation_json, background_json, csv, csv_flags, json_lines, server_answers, parquet, set_parquet, http_body)
VALUES = (answers_of_a_model, settings, prompt, text, drop_in_table, drop_in_text)
DOORS: dict[str, Door] = {each.__name__: each for each in (*BYTES, *VALUES)}


def damaged(data: bytes, rnd: random.Random) -> bytes:
    """Return bytes with one to four faults: of their JSON where they are some, else of the bytes."""
    if rnd.random() < 0.6:
        try:
            value, _ = mutations.damaged({"it": json.loads(data)}, rnd)
            return json.dumps(value.get("it", value)).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            pass
    out = bytearray(data)
    for _ in range(rnd.choice((1, 1, 2, 4))):
        place = rnd.randrange(len(out) + 1)
        how = rnd.randrange(5)
        if how == 0:
            out[place:place] = rnd.randbytes(rnd.choice((1, 1, 4)))
        elif how == 1:
            del out[place : place + rnd.choice((1, 1, 8, 64))]
        elif how == 2 and place < len(out):
            out[place] = rnd.choice((0, 34, 44, 48, 57, 123, 125, 255, rnd.randrange(256)))
        elif how == 3:
            del out[place:]
        else:
            start = rnd.randrange(len(out) + 1)
            out[place:place] = out[start : start + rnd.choice((1, 4, 32))]
    return bytes(out)
