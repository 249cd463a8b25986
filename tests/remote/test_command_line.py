"""`limelight explain --model http://…`: the same explanation as from Python, within the same limits.

The claims of `cli/addresses.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import servers
from typer import testing

from limelight import Explainer, Tabular
from limelight.cli.commands import app
from limelight.models.cache import Cache
from limelight.result.schema import from_json

FRAME = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 3)).round(6), columns=["age", "pay", "debt"])


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("rows.csv", index=False)
    files = ("--data", "rows.csv", "--background", "rows.csv", "--row", "3")

    def run(*arguments: str) -> Any:
        return testing.CliRunner().invoke(app, ["explain", *files, *arguments])

    return run


def test_a_row_is_explained_as_python_would_and_a_rerun_asks_nothing(call: Any) -> None:
    served = ("--protocol", "v2", "--served", "risk@7", "--cache", "answers.db", "--json", "why.json")
    with servers.serving(servers.v2()) as server:
        sent = []
        for _ in range(2):
            result = call("--model", server.url, *served)
            assert result.exit_code == 0, result.output
            sent.append((server.posts, server.gets))
    assert sent[0] == sent[1]
    assert 33 <= sent[0][0] <= 34  # the row's label is tried once more, alone
    here = Explainer(lambda frame: servers.model(frame), Tabular(FRAME)).explain(FRAME.iloc[[3]])
    assert from_json(Path("why.json").read_text(encoding="utf-8")).as_list() == here.as_list()


def test_a_dry_run_sends_nothing_and_says_requests(call: Any) -> None:
    with servers.serving(servers.v2()) as server:
        result = call("--model", server.url, "--protocol", "mlflow", "--dry-run")
        assert server.posts == 0
    assert "2,065 rows in 33 requests, where the first look is enough; at most 16,401 rows in 257" in result.output


def test_a_cap_holds_and_is_said_in_one_line(call: Any) -> None:
    with servers.serving(servers.v2()) as server:
        result = call("--model", server.url, "--protocol", "v2", "--served", "risk", "--max-requests", "5")
        assert server.posts == 5
    assert result.exit_code != 0
    assert "max_requests: 5 requests are spent" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--model", "http://localhost:1"), "--protocol: expected with an address"),
        (("--model", "model.skops", "--protocol", "v2"), "--protocol: has no effect with 'model.skops'"),
        (("--model", "http://localhost:1", "--protocol", "v2"), "model: expected with 'v2'"),
    ],
)
def test_flags_that_do_not_fit_are_said_before_anything_is_asked(call: Any, flags: tuple[str, ...], said: str) -> None:
    result = call(*flags)
    assert result.exit_code != 0
    assert said in " ".join(result.output.split())


def test_a_local_model_keeps_its_answers_too(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("scoring.py").write_text("def score(frame):\n    return frame['age'] * 2 - frame['debt']\n")
    for _ in range(2):
        result = call("--model", "scoring:score", "--cache", "answers.db", "--json", "why.json")
        assert result.exit_code == 0, result.output
    assert from_json(Path("why.json").read_text(encoding="utf-8")).features
    with Cache("answers.db") as cache:
        assert len(cache) > 2000
