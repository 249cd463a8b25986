"""One set of flags about columns and files: every command that reads rows knows all of them, and reads rows alike.

The claims of `cli/loading.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.cli.catalogue import several
from limelight.cli.tables import NAMES, TableFlags
from limelight.errors import InputError

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")

MODELS = """
def score(frame):
    assert frame["id"].map(type).eq(str).all() and frame["price"].dtype == float
    return 2.0 * (frame["age"] > 40) + 1.5 * frame["review"].str.contains("süß") + 10.0 * (frame["id"] == "007")


def other(frame):
    return 2 * score(frame)
"""
WORDS = "süß gut kalt warm teuer schnell".split()
FILE = ["--sep", ";", "--decimal", ",", "--encoding", "cp1252"]
ASKED = ["--model", "of_reviews:score", "--background", "rows.csv", "--data", "rows.csv", *FILE]
HELD = ["--fixed", "id", "--fixed", "review"]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `limelight` in a folder with a model and a German spreadsheet."""
    from limelight.cli.commands import app

    rng = np.random.default_rng(0)
    lines = ["id;age;review;price"]
    for i in range(120):
        review = " ".join(rng.choice(WORDS, 4, replace=False)) + f" {i}"
        lines.append(f"{i:03d};{20 + i % 41};{review};{i},5")
    (tmp_path / "rows.csv").write_text("\n".join(lines), encoding="cp1252")
    (tmp_path / "of_reviews.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: testing.CliRunner().invoke(app, [str(each) for each in arguments])


def done(result: Any) -> str:
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_every_command_that_reads_rows_has_all_flags(call: Any) -> None:
    flags = ["--" + name.replace("_", "-") for name in NAMES]
    for command in (["explain"], ["compare"], ["serve"], ["job", "run"], ["job", "retry"]):
        said = done(call(*command, "--help"))
        assert [flag for flag in flags if flag not in said] == []
    said = done(call("audit", "--help"))
    assert all(flag in said for flag in ("--sep", "--decimal", "--encoding", "--dtype"))


def test_fixed_columns_are_said_and_get_no_bar(call: Any) -> None:
    said = done(call("explain", *ASKED, *HELD, "--row", 7, "--json", "why.json"))
    assert "held as in the row: id = 007" in " ".join(said.split())
    made = ll.Explanation.from_json(Path("why.json"))
    assert {feature.where.key for feature in made.features} == {"age", "price"}
    assert made.intercept[0] > 9


def test_rows_like_this_one_lend_their_values_where_the_law_says_so(call: Any) -> None:
    flags = ["--fixed", "id", "--law", "conditional", "--row", 7, "--n-samples", 64]
    said = " ".join(done(call("explain", *ASKED, *flags, "--json", "why.json")).split())
    assert "rows like this one" in said
    assert "held as in the row: id = 007" in said
    made = ll.Explanation.from_json(Path("why.json"))
    assert made.provenance.modality["modality"] == "conditional"
    assert {feature.where.key for feature in made.features} == {"age", "review", "price"}
    cost = done(call("explain", *ASKED, *flags[:4], "--rows", "0:9", "--out", "a.jsonl", "--dry-run"))
    assert "each with its own neighborhood" in cost
    assert done(call("explain", *ASKED, "--law", "independent", *HELD, "--row", 7))


def test_words_and_columns_are_weighed_together(call: Any) -> None:
    frame = pd.read_csv("rows.csv", sep=";", decimal=",", encoding="cp1252", dtype={"id": str})
    row = int(np.flatnonzero(frame["review"].str.contains("süß") & (frame["age"] > 50))[0])
    flags = ["--fixed", "id", "--text-column", "review", "--row", row, "--json", "why.json"]
    done(call("explain", *ASKED, *flags))
    weights = dict(ll.Explanation.from_json(Path("why.json")).as_list())
    assert weights["review: süß"] == pytest.approx(1.5)
    assert max(weights, key=weights.get).startswith("age = ")  # type: ignore[arg-type]
    done(call("explain", *ASKED, *flags, "--contrast", "value"))
    drawn = dict(ll.Explanation.from_json(Path("why.json")).as_list())
    assert drawn["review: süß"] == pytest.approx(1.5, abs=0.05)
    assert any(name.startswith("price = ") for name in drawn)


def test_jobs_read_as_one_explanation_does_also_words_and_columns(call: Any) -> None:
    pytest.importorskip("loky")
    for out, flags in (("held", HELD), ("words", ["--fixed", "id", "--text-column", "review"])):
        asked = [*ASKED, *flags, "--n-samples", 256]
        assert "120 rows in 1 part; complete" in done(call("job", "run", *asked, "--out", out))
        done(call("explain", *asked, "--row", 7, "--json", "why.json"))
        alone = ll.Explanation.from_json(Path("why.json"))
        row = ll.jobs.table(out).slice(7, 1).to_pylist()[0]
        assert row["condition"] == [feature.name for feature in alone.features]
        assert row["weight"] == pytest.approx(alone.coef[0].tolist(), rel=1e-6)  # as parts round them


def test_models_are_compared_and_explanations_audited_from_the_same_file(call: Any) -> None:
    said = done(call("compare", *ASKED, *HELD, "--against", "of_reviews:other", "--rows", "0:3"))
    assert "on 3 rows" in said
    done(call("explain", *ASKED, *HELD, "--rows", "0:5", "--out", "many.jsonl"))
    done(call("audit", "many.jsonl", "--data", "rows.csv", "--rows", "0:5", *FILE))
    refused = call("audit", "many.jsonl", "--data", "rows.csv", "--rows", "0:5")
    assert refused.exit_code == 2
    assert "--encoding latin-1" in refused.stderr


def test_a_file_of_several_models_says_the_same_of_each(call: Any) -> None:
    pytest.importorskip("yaml")
    one = {"model": "of_reviews:score", "background": "rows.csv", "sep": ";", "decimal": ",", "encoding": "cp1252"}
    Path("models.yaml").write_text(json.dumps({"models": {"a": {**one, "fixed": ["id", "review"]}}}), encoding="utf-8")
    entry = (several("models.yaml") or [])[0]
    assert entry.table == TableFlags(fixed=("id", "review"), sep=";", decimal=",", encoding="cp1252")
    explainer, start = entry.opened(trust_pickle=False, tell=str)
    assert start[0] == "000"
    assert explainer.explain(start).features[0].where.key == "age"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--fixed", "id", "--drop", "id"], "--fixed: 'id' is given to --drop too"),
        (["--text-column", "review", "--fixed", "review"], "--text-column: 'review' is given to --fixed too"),
        (["--text-column", "review", "--categorical", "age"], "--categorical: has no effect with --text-column"),
        (["--fixed", "ids"], "--fixed: unknown name 'ids'; did you mean 'id'?"),
        (["--text-column", "reviews", "--fixed", "id"], "--text-column: unknown name 'reviews'"),
        (["--contrast", "rank", "--text-column", "review"], "--contrast: unknown name 'rank'"),
        (["--law", "conditonal"], "--law: unknown name 'conditonal'; did you mean 'conditional'?"),
        (["--law", "conditional", "--contrast", "bin"], "--contrast: bin has no effect with --law conditional"),
        (["--law", "conditional", "--text-column", "review"], "leave out --text-column, or --law"),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_the_flags(call: Any, flags: list[str], said: str) -> None:
    result = call("explain", *ASKED, *flags, "--row", 0)
    assert result.exit_code == 2
    assert said in result.stderr


def test_flags_are_read_as_they_are_written() -> None:
    assert TableFlags.of({"drop": "label", "dtype": ["zip=str"], "sep": "tab"}).form.sep == "\t"
    assert TableFlags.of({"drop": "label"}).given() == {"drop": ("label",)}
    with pytest.raises(InputError, match="--encoding: expected a name such as utf-8"):
        TableFlags(encoding="klingon").check()
