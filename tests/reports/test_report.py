"""Reports: of a row, of many, as a card; what they say, where they come from, how they are made again.

The claims of `reports/__init__.py`, `reports/row.py`, `reports/many.py`, `reports/summary.py`, `reports/origin.py`,
`reports/card.py` and `reports/pieces.py`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight import contracts
from limelight.errors import InputError
from limelight.reports.origin import Origin, command, fingerprint, setting_flags
from limelight.reports.printing import BROWSERS
from limelight.reports.row import plain_words
from limelight.reports.summary import UNSURE, summarise
from limelight.result.explanations import Explanations
from limelight.views import facts as f
from views import samples

WHEN = date(2026, 2, 3)


@pytest.fixture(scope="module")
def many() -> Explanations:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))

    def classes(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-(2 * X[:, 0] - X[:, 1])))
        return np.column_stack([1 - p, p])

    tabular = ll.Tabular(X, names=["income", "<b>debt</b>", "noise"])
    explainer = ll.Explainer(classes, tabular, output_names=["no", "yes"], n_samples=1024)
    return explainer.explain_all(rng.normal(size=(30, 3)))


def words(page: str) -> str:
    """What a reader sees: no tags, style or script."""
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext to read pages with")
def test_on_paper_nothing_is_signed_on_an_empty_page_and_the_origin_is_on_one(
    many: Explanations, tmp_path: Path
) -> None:
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("no Chromium browser is installed")
    path = tmp_path / "report.pdf"
    for lines in (0, 6, 12, 18, 24, 30, 36):
        ll.report(many[0], path, origin=Origin(role="A clerk decides. " * 6 * lines, contact="Room 5", when=WHEN))
        text = subprocess.run(
            ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True
        ).stdout
        pages = text.split("\f")
        together = [("How to make it again", "Prepared by"), ("Where this comes from", "Questions to")]
        for first, last in together:
            assert [first in page for page in pages] == [last in page for page in pages], (lines, first)


# -- one row ----------------------------------------------------------------------------------------------------------


def test_a_row_is_told_in_plain_words_with_reasons_doubts_origin_and_lines_to_sign(many: Explanations) -> None:
    page = ll.report(many[0], origin=Origin(model="score 3.1", subject="A-1042", role="A clerk decides.", when=WHEN))
    text = words(page)
    order = ["score 3.1", "A-1042", "A clerk decides.", "In plain words", "The reasons, and how sure they are"]
    order += ["What not to rely on", "Where this comes from", "How to make it again", "Prepared by", "Reviewed by"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "2026-02-03" in text and fingerprint(many[0]) in text
    assert "<b>debt</b>" not in page, "somebody else's markup is escaped"
    assert not re.search(r'(?:src|href)="', page), "nothing is loaded"


def test_plain_words_name_what_is_certain_on_either_side_and_nothing_else() -> None:
    features = [contracts.Feature(name, contracts.Where("word", name)) for name in ("up", "down", "unsure")]
    made = samples.explanation(
        features, [[0.4, -0.3, 0.1]], stderr=[[0.01, 0.01, 0.2]], outputs=[("spam", 0.9), ("ham", 0.1)]
    )
    text = words(plain_words(made, f.target_facts(made)))
    assert "answer is spam , at 0.4" in text
    assert "What raised “ spam ” most is up ; what lowered it most is down ." in text
    assert "unsure" not in text and "83 %" in text


def test_plain_words_give_no_reasons_where_the_verdict_is_against_them() -> None:
    made = replace(samples.table(), causes=("acts together",), verdicts=("Features act together.",))
    facts = f.target_facts(made)
    text = words(plain_words(made, facts))
    assert "cannot be told fact by fact" in text and "Features act together" in text
    assert not any(row.name in text for row in facts.rows)
    assert "Do not use the weights" in words(ll.report(made))


def test_principal_reasons_stand_in_the_report_of_a_row_and_only_there(many: Explanations) -> None:
    row = next(each for each in many if each.outputs[0][0] == "no")
    texts = {"income": "Income insufficient", "<b>debt</b>": "Too much debt", "noise": "Noise"}
    reasons = ll.adverse_action(row, texts, target="no", reference="all applicants")
    told = words(ll.report(row, reasons=reasons))
    assert all(reason.text in told for reason in reasons.reasons) and "all applicants" in told
    refused = replace(reasons, reasons=(), refusal="it cannot be said.")
    assert "No principal reasons are given: it cannot be said." in words(ll.report(row, reasons=refused))
    with pytest.raises(InputError, match="reasons: are for the report of one"):
        ll.report(many, reasons=reasons)


@pytest.mark.parametrize("name", samples.ALL)
def test_every_kind_of_explanation_can_be_reported(name: str) -> None:
    explanation = samples.ALL[name]()
    assert "In plain words" in ll.report(explanation, signers=()) and "Prepared by" not in ll.report(
        explanation, signers=()
    )


# -- many -------------------------------------------------------------------------------------------------------------


def test_many_are_counted_ranked_and_their_verdicts_told(many: Explanations, tmp_path: Path) -> None:
    said = [each.outputs[0][0] for each in many]
    summary = summarise(many)
    assert dict(summary.answers) == {"no": said.count("no"), "yes": said.count("yes")}
    assert summary.features[0][2][0].feature == "income"
    assert sum(count for _, count in summary.causes) == 30
    assert summary.fidelity is not None and list(summary.fidelity) == sorted(summary.fidelity)
    median = float(np.median([each.fidelity[0] for each in many]))
    assert summary.fidelity[2] == pytest.approx(median)
    path = tmp_path / "many.html"
    page = ll.report(many, path)
    assert path.read_text(encoding="utf-8") == page
    assert f"{summary.fidelity[2]:.2f}" in words(page) and "30 answers of a model, explained" in page


def test_a_list_a_stream_a_file_and_a_set_are_the_same_report(many: Explanations, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(each.to_json() + "\n" for each in many), encoding="utf-8")
    origin = Origin(when=WHEN)
    pages = {ll.report(subject, origin=origin) for subject in (many, list(many), iter(many), file)}
    assert len(pages) == 1
    with pytest.raises(InputError, match="at least one"):
        ll.report([])


def test_a_single_quantity_has_its_range_instead_of_shares() -> None:
    X = np.arange(40.0).reshape(20, 2)
    explained = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), output_names=["price"], n_samples=256).explain_all(X[:3])
    assert summarise(explained).quantity == ("price", 0.0, 2.0, 4.0)
    assert "smallest 0.00, median 2.00, largest 4.00" in words(ll.report(explained))


def test_warnings_that_differ_in_numbers_are_one_and_unsure_signs_are_counted_once() -> None:
    features = [contracts.Feature("a", contracts.Where("word", "a"))]
    made = [
        samples.explanation(features, [[0.1]], stderr=[[error]], warnings=[f"after {n} samples"])
        for n, error in ((10, 0.01), (20, 0.2), (30, 0.2))
    ]
    assert summarise(made).warnings == (("after 10 samples", 3), (UNSURE, 2))


def test_pictures_have_no_ranking_across_rows_but_are_reported() -> None:
    pictures = [samples.raster(), samples.raster()]
    summary = summarise(pictures)
    assert summary.features == () and np.isnan(summary.coverage) and summary.examples == (0, 1)
    assert "Cases that show most of it" in ll.report(pictures)


def test_a_model_card_holds_the_same_numbers_as_markdown(many: Explanations) -> None:
    card = ll.model_card(many, origin=Origin(model="score | 3", when=WHEN))
    assert card.startswith("## Explanations of score \\| 3\n")
    entry = summarise(many).features[0][2][0]
    assert re.search(rf"\| income \| {entry.mean_abs:.3f} \|", card)
    assert fingerprint(many) in card and "2026-02-03" in card


# -- where it comes from ----------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_the_numbers_not_of_the_run(many: Explanations) -> None:
    first = many[0]
    provenance = first.provenance
    elsewhere = replace(provenance, cost=replace(provenance.cost, seconds=9.0), versions={"limelight": "9"})
    assert fingerprint(replace(first, provenance=elsewhere)) == fingerprint(first)
    assert fingerprint(replace(first, provenance=replace(provenance, seed=1))) != fingerprint(first)
    assert fingerprint(replace(first, coef=first.coef * (1 + 1e-15))) != fingerprint(first)
    assert fingerprint([many[0], many[1]]) != fingerprint([many[1], many[0]])


def made_by_files(folder: Path, **changes: object) -> Origin:
    paths = {name: folder / f"{name} 1" for name in ("model_file", "background_file", "data_file")}
    for path in paths.values():
        path.write_bytes(b"abc")
    return Origin(**{**paths, "row": 3, **changes})  # type: ignore[arg-type]


def test_the_command_has_the_files_the_row_and_what_is_not_a_default(many: Explanations, tmp_path: Path) -> None:
    origin = made_by_files(tmp_path, flags=("--drop", "label"))
    told = command(many[0], origin)
    assert told.startswith(f"limelight explain --model '{tmp_path}/model_file 1' --background ")
    assert told.endswith("--drop label --n-samples 1024 --seed 0 --row 3 --json again.json")
    assert command(many[0], made_by_files(tmp_path, row="0:30")).endswith("--rows 0:30 --out again.jsonl")
    page = words(ll.report(many[0], origin=origin))
    assert hashlib.sha256(b"abc").hexdigest() in page and "--n-samples 1024" in page


def test_there_is_no_command_where_it_would_not_make_the_same(many: Explanations, tmp_path: Path) -> None:
    origin = made_by_files(tmp_path)
    assert command(many[0], Origin()) == ""
    assert command(many[0], replace(origin, row=None)) == ""
    assert command(samples.text(), origin) == ""
    other = replace(many[0].provenance, modality={**many[0].provenance.modality, "bins": "decile"})
    assert command(replace(many[0], provenance=other), origin) == ""
    own = replace(many[0].provenance, settings={**many[0].provenance.settings, "kernel": "my_kernel"})
    assert command(replace(many[0], provenance=own), origin) == ""
    assert "no command" in words(ll.report(many[0]))


def test_settings_become_the_flags_that_make_them() -> None:
    from limelight.cli.options import parse

    given = {"max_features": None, "tolerance": 0.01, "targets": ["a", "b"], "refit": False, "control_variates": False}
    flags = setting_flags({**ll.Settings(**given).to_dict()})
    assert flags is not None
    read = {"--max-features": "none", "--tolerance": "0.01", "--seed": "0"}
    assert {name: flags[flags.index(name) + 1] for name in read} == read
    assert flags.count("--target") == 2 and "--no-control-variates" in flags and "--refit" not in flags
    assert parse({"max_features": "none", "tolerance": "0.01"}) == {"max_features": None, "tolerance": 0.01}


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data_file: expected a file"):
        Origin(data_file=tmp_path / "none.csv")
