"""Reports of a comparison, an audit and a drift: all that is owed is there, and the command makes the same again."""

from __future__ import annotations

import json
import pickle
import re
import shlex
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.reports.origin import Origin, digest, fingerprint

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")

X = np.random.default_rng(0).normal(size=(200, 3))
FRAME = pd.DataFrame(X, columns=["income", "<i>debt</i>", "age"])
MODELS = "import numpy as np\n" + "".join(
    f"def {name}(frame):\n    return 1 / (1 + np.exp(-np.asarray(frame, float) @ np.array({slopes})))\n"
    for name, slopes in (("old", (1, 1, 0)), ("new", (1, 0, 1)))
)


def words(page: str) -> str:
    """What a reader sees: no tags, style or script."""
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.S)
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))
    return text.replace("“ ", "“").replace(" ”", "”")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two models, a table, explanations of either model, and a comparison, an audit and a drift."""
    (tmp_path / "their_models.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    import their_models  # type: ignore[import-not-found]

    for name in ("old", "new"):
        Path(f"{name}.pkl").write_bytes(pickle.dumps(getattr(their_models, name)))
    FRAME.to_csv("rows.csv", index=False)
    FRAME.assign(ill=(X[:, 0] > 0).astype(int), side=np.where(X[:, 1] > 0, "l", "r")).to_csv("more.csv", index=False)
    common = ["--background", "rows.csv", "--data", "rows.csv", "--trust-pickle", "--n-samples", "256"]
    for name, rows in (("old", "0:100"), ("new", "100:200")):
        limelight("explain", "--model", f"{name}.pkl", *common, "--rows", rows, "--out", f"{name}.jsonl")
    models = ["--model", "old.pkl", "--against", "new.pkl"]
    limelight("compare", *models, *common, "--rows", "0:20", "--json", "compare.json")
    beside = ["--data", "more.csv", "--rows", "0:100", "--truth", "ill", "--sensitive", "side"]
    limelight("audit", "old.jsonl", *beside, "--json", "audit.json")
    limelight("drift", "old.jsonl", "new.jsonl", "--json", "drift.json")
    return tmp_path


def limelight(*arguments: str) -> str:
    from limelight.cli.commands import app

    done = testing.CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return str(done.output)


FILES = {
    "compare": ["--against", "new.pkl", "--background", "rows.csv", "--data", "rows.csv", "--row", "0:20"],
    "audit": ["--explanations", "old.jsonl", "--data", "more.csv", "--row", "0:100"],
    "drift": ["--explanations", "old.jsonl", "--current", "new.jsonl"],
}
ORDER = ["In plain words", "What not to rely on", "Where this comes from", "How to make it again", "Prepared by"]


@pytest.mark.parametrize("what", list(FILES))
def test_a_report_says_all_that_is_owed_and_its_command_makes_the_same_numbers(folder: Path, what: str) -> None:
    told = ["--name", "score 3.1", "--model", "old.pkl", "--subject", "F-7", "--contact", "desk@example.org"]
    said = limelight("report", f"{what}.json", "--out", "report.html", *told, *FILES[what])
    page = Path("report.html").read_text(encoding="utf-8")
    text = words(page)
    places = [text.index(part) for part in ORDER]
    assert places == sorted(places)
    for owed in ("score 3.1", "F-7", "desk@example.org", digest("old.pkl"), "Seed 0", "n_samples 256", "limelight 0."):
        assert owed in text, owed
    mark = said.split("Fingerprint of the numbers: ")[1].strip()
    assert mark in text
    assert "<i>debt" not in page and not re.search(r'(?:src|href)="', page)
    shown = re.search(r"<pre>(.*?)</pre>", page, flags=re.S)
    assert shown is not None
    command = shlex.split(unescape(re.sub(r"<[^>]+>", "", shown.group(1))))
    assert command[0] == "limelight" and not Path("again.json").exists()
    extra = ["--trust-pickle"] if what == "compare" else []
    limelight(*command[1:], *extra)
    assert mark in limelight("report", "again.json")


def test_what_the_plain_words_say_is_what_was_found(folder: Path) -> None:
    texts = {what: words(ll.report(found(f"{what}.json"))) for what in FILES}
    assert re.search(r"were asked about the same 20 cases\. For \d+ of 20 cases their answers", texts["compare"])
    assert re.search(r"makes the difference most is “(<i>debt</i>|age)” and “(<i>debt</i>|age)”", texts["compare"])
    assert "100 cases that the model answered were looked through" in texts["audit"]
    assert "Reasons that differ by group: “side = r”" in texts["audit"] or "Leaks: “income”" in texts["audit"]
    assert re.search(r"The model gives other reasons for the same facts: .*“age”", texts["drift"])
    assert "no proof of a fault" in texts["audit"]


def found(name: str) -> Any:
    from limelight.result.found import read

    return read(Path(name))


def test_two_models_that_are_the_same_are_said_to_be(folder: Path) -> None:
    first = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0, n_samples=256)
    same = ll.compare(first, lambda X: X[:, 0], X[:3], names=("one", "two"))
    text = words(ll.report(same, signers=()))
    assert "one and two agree" in text and "to the last bit" in text and "Prepared by" not in text
    nothing = ll.audit(first.explain_all(X[:60]))
    assert "None was found." in words(ll.report(nothing))


def test_no_command_is_shown_that_would_not_make_the_same(folder: Path) -> None:
    audit = found("audit.json")
    origin = Origin(explanations_file="old.jsonl", data_file="more.csv", row="0:100")
    assert "limelight audit old.jsonl" in words(ll.report(audit, origin=origin))
    assert "has no command" in words(ll.report(replace(audit, asked={}), origin=origin))
    assert "has no command" in words(ll.report(audit, origin=Origin(explanations_file="old.jsonl")))
    truth = (X[:100, 0] > 0).astype(int)
    by_hand = ll.audit("old.jsonl", truth=truth)
    assert by_hand.asked == {}, "an array of truths is in no file"


def test_a_report_of_a_model_card_and_reasons_is_for_explanations(folder: Path) -> None:
    with pytest.raises(InputError, match="reasons: are for the report of one"):
        ll.report(found("drift.json"), reasons=object())  # type: ignore[arg-type]
    from limelight.cli.commands import app

    refused = testing.CliRunner().invoke(app, ["report", "audit.json", "--card", "card.md"])
    assert refused.exit_code == 2 and "--card" in refused.stderr


def test_a_folder_of_explanations_has_a_digest_that_every_file_counts_for(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a").write_text("1")
    first = digest(tmp_path / "parts")
    assert Origin(explanations_file=tmp_path / "parts").files()
    (tmp_path / "parts" / "b").write_text("")
    second = digest(tmp_path / "parts")
    (tmp_path / "parts" / "a").write_text("2")
    assert len({first, second, digest(tmp_path / "parts")}) == 3
    with pytest.raises(InputError, match="data_file"):
        Origin(data_file=tmp_path / "parts")


def test_numbers_of_explanations_have_the_fingerprint_that_they_had() -> None:
    explanation = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0, n_samples=256).explain(X[0])
    facts = json.loads(explanation.to_json())
    assert fingerprint(ll.Explanation.from_dict(facts)) == fingerprint(explanation)
    noted = replace(explanation, provenance=replace(explanation.provenance, warnings=("other",)))
    assert fingerprint(noted) != fingerprint(explanation), "of an explanation warnings count"
