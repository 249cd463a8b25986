"""The command line: what it prints, what it writes, and that every failure is one line and exit code 2.

The claims of `cli/__init__.py`, `cli/commands.py`, `cli/explaining.py`, `cli/showing.py`, `cli/inputs.py`,
`cli/options.py` and `cli/flags.py`.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.cli.commands import app
from limelight.cli.options import parse
from limelight.errors import InputError
from limelight.settings import Settings

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fitted model, the table it was fitted to with its label, and rows to explain in three formats."""
    import joblib
    import skops.io
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    data = load_iris(as_frame=True)
    label = data.target_names[data.target]
    model = LogisticRegression(max_iter=1000).fit(data.data, label)
    folder = tmp_path_factory.mktemp("iris")
    skops.io.dump(model, folder / "model.skops")
    joblib.dump(model, folder / "model.joblib")
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    data.data.assign(species=label).to_csv(folder / "train.csv", index=False)
    test = data.data.iloc[::10].assign(species=label[::10])
    test.to_csv(folder / "test.csv", index=False)
    test.to_parquet(folder / "test.parquet")
    test.to_json(folder / "test.jsonl", orient="records", lines=True)
    return folder


@pytest.fixture
def call(iris: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in the folder of the model: `call("explain", "--row", "3")`, with the files filled in."""
    monkeypatch.chdir(iris)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("COLUMNS", "200")

    def run(command: str, *arguments: str, model: str = "model.skops", data: str = "test.csv") -> Any:
        files = ("--model", model, "--background", "train.csv", "--data", data, "--seed", "0", "--n-samples", "300")
        return testing.CliRunner().invoke(app, [command, *(files if command == "explain" else ()), *arguments])

    return run


def refused(result: Any) -> str:
    """The one line of a refusal; remarks on columns may stand above it."""
    assert result.exit_code == 2, result.output
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Left out of")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("limelight: ")
    return str(lines[0])


# -- explain ----------------------------------------------------------------------------------------------------------


def test_one_row_is_explained_as_python_would(call: Any, iris: Path, tmp_path: Path) -> None:
    import skops.io

    result = call("explain", "--row", "3", "--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html"))
    assert result.exit_code == 0, result.output
    train, test = pd.read_csv(iris / "train.csv"), pd.read_csv(iris / "test.csv")
    model = skops.io.load(iris / "model.skops")
    background = ll.Tabular(train.drop(columns="species"))
    expected = ll.Explainer(model, background, seed=0, n_samples=300).explain(test.drop(columns="species").iloc[3])
    assert ll.Explanation.from_json(tmp_path / "a.json") == expected
    assert expected.as_list()[0][0] in result.stdout
    assert "<html" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_label_column_is_left_out_and_this_is_said(call: Any) -> None:
    result = call("explain", "--row", "3")
    assert "Left out of 'train.csv', since the model does not take it: 'species'" in result.stderr
    assert "Left out of 'test.csv'" in result.stderr


def test_a_column_that_is_dropped_by_name_needs_no_remark(call: Any) -> None:
    result = call("explain", "--row", "3", "--drop", "species")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""


@pytest.mark.parametrize("data", ["test.parquet", "test.jsonl"])
def test_every_format_gives_the_same_explanation(call: Any, tmp_path: Path, data: str) -> None:
    for name, source in (("csv", "test.csv"), ("other", data)):
        assert call("explain", "--row", "5", "--json", str(tmp_path / name), data=source).exit_code == 0
    assert ll.Explanation.from_json(tmp_path / "csv") == ll.Explanation.from_json(tmp_path / "other")


def test_many_rows_are_the_single_rows_one_line_each(call: Any, tmp_path: Path) -> None:
    out, single = tmp_path / "many.jsonl", tmp_path / "one.json"
    result = call("explain", "--rows", "2:6", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "4 of 4 explanations" in result.stdout
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert call("explain", "--row", "4", "--json", str(single)).exit_code == 0
    assert ll.Explanation.from_json(lines[2]) == ll.Explanation.from_json(single)


def test_settings_are_flags(call: Any, tmp_path: Path) -> None:
    arguments = ("--target", "setosa", "--target", "virginica", "--max-features", "2", "--kernel", "cli_models:flat")
    result = call("explain", "--row", "0", *arguments, "--no-control-variates", "--json", str(tmp_path / "a.json"))
    assert result.exit_code == 0, result.output
    explanation = ll.Explanation.from_json(tmp_path / "a.json")
    assert explanation.targets == ("setosa", "virginica")
    assert [len(shown) for shown in explanation.selected] == [2, 2]
    settings = explanation.provenance.settings
    assert (settings["kernel"], settings["control_variates"], settings["n_samples"]) == ("flat", False, 300)


def test_what_a_weight_compares_is_a_flag(call: Any, tmp_path: Path) -> None:
    result = call("explain", "--row", "3", "--contrast", "value", "--json", str(tmp_path / "a.json"))
    assert result.exit_code == 0, result.output
    explanation = ll.Explanation.from_json(tmp_path / "a.json")
    assert explanation.provenance.modality["contrast"] == "value"
    assert all(" = " in feature.name for feature in explanation.features)


def test_a_model_may_be_any_object_of_a_module(call: Any) -> None:
    result = call("explain", "--row", "3", "--drop", "species", model="cli_models:long_petals")
    assert result.exit_code == 0, result.output
    assert "petal length (cm)" in result.stdout


@pytest.mark.parametrize("model", ["model.joblib", "model.pkl"])
def test_a_pickle_is_read_only_when_it_is_trusted(call: Any, model: str) -> None:
    message = refused(call("explain", "--row", "3", model=model))
    assert "unpickling runs whatever code" in message
    assert "--trust-pickle" in message
    assert call("explain", "--row", "3", "--trust-pickle", model=model).exit_code == 0


def test_types_that_skops_does_not_trust_are_listed_with_the_flag_that_trusts_them(call: Any, iris: Path) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    import cli_models

    train = pd.read_csv(iris / "train.csv")
    steps = (FunctionTransformer(cli_models.doubled), LogisticRegression(max_iter=1000))
    skops.io.dump(make_pipeline(*steps).fit(train.drop(columns="species"), train["species"]), iris / "own.skops")
    message = refused(call("explain", "--row", "3", model="own.skops"))
    assert message.endswith("pass --trust cli_models.doubled")
    result = call("explain", "--row", "3", "--trust", "cli_models.doubled", "--drop", "species", model="own.skops")
    assert result.exit_code == 0, result.output


def test_a_model_that_was_fitted_on_an_array_receives_arrays(call: Any, iris: Path) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    train = pd.read_csv(iris / "train.csv")
    model = LogisticRegression(max_iter=1000).fit(train.drop(columns="species").to_numpy(), train["species"])
    skops.io.dump(model, iris / "array.skops")
    assert "--drop" in refused(call("explain", "--row", "3", model="array.skops"))
    result = call("explain", "--row", "3", "--drop", "species", model="array.skops")
    assert result.exit_code == 0, result.output
    assert "petal length (cm)" in result.stdout


def test_a_dry_run_says_what_it_would_cost_and_explains_nothing(call: Any, tmp_path: Path) -> None:
    many = ("--rows", "0:10", "--out", str(tmp_path / "never.jsonl"), "--dry-run")
    shared = call("explain", *many)
    assert shared.exit_code == 0, shared.output
    # 300 perturbations, 16 of them twice to look for noise, and the row itself
    assert "One explanation: about 317 model rows" in shared.stdout
    assert "All 10: about 326 model rows" in shared.stdout
    assert "All 10: about 3,170 model rows" in call("explain", *many, "--fresh").stdout
    assert not (tmp_path / "never.jsonl").exists()


def test_a_dry_run_counts_the_rows_that_a_run_then_takes(call: Any, tmp_path: Path) -> None:
    import cli_models

    asked: list[int] = []

    def counting(frame: Any) -> Any:
        asked.append(len(frame))
        return cli_models.long_petals(frame)

    cli_models.counting = counting  # type: ignore[attr-defined]
    many = ("--rows", "0:10", "--out", str(tmp_path / "a.jsonl"), "--drop", "species")
    said = call("explain", *many, "--dry-run", model="cli_models:counting").stdout
    asked.clear()
    assert call("explain", *many, model="cli_models:counting").exit_code == 0
    assert abs(int(re.findall(r"All 10: about (\d+)", said)[0]) - sum(asked)) <= 3


@pytest.mark.parametrize(("target", "name"), [("virginica", "virginica"), ("2", "virginica"), ("0", "setosa")])
def test_a_target_is_a_name_or_an_index(call: Any, tmp_path: Path, target: str, name: str) -> None:
    path = tmp_path / "a.json"
    assert call("explain", "--row", "3", "--target", target, "--json", str(path)).exit_code == 0
    assert ll.Explanation.from_json(path).targets == (name,)


def test_digits_that_are_the_name_of_a_class_are_that_class() -> None:
    class Model:
        classes_ = np.array([3, 1, 2])

        def predict_proba(self, X: Any) -> Any:
            return np.tile([0.2, 0.5, 0.3], (len(X), 1))

    background = ll.Tabular(np.random.default_rng(0).normal(size=(50, 2)))
    for wanted in ("1", ("1",), 1):  # what the command line hands over, and what a program does
        assert ll.Explainer(Model(), background, targets=wanted).explain([0.0, 0.0]).targets == ("1",)
    with pytest.raises(InputError, match="'3', '1', '2'"):
        ll.Explainer(Model(), background, targets="0")


# -- texts, images, series --------------------------------------------------------------------------------------------


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Explain what is no table in an empty folder: `ask("coughs", "--text", "…")` gives the explanation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(HERE))

    def run(model: str, *arguments: str, refuses: bool = False) -> Any:
        given = ("explain", "--model", f"cli_models:{model}", *arguments, "--seed", "0", "--json", "a.json")
        result = testing.CliRunner().invoke(app, [str(one) for one in given])
        if refuses:
            return refused(result)
        assert result.exit_code == 0, result.output
        return ll.Explanation.from_json(tmp_path / "a.json")

    return run


def test_a_text_is_explained_from_the_line_or_from_a_file_as_python_would(ask: Any, tmp_path: Path) -> None:
    import cli_models

    text = "Dry cough and fever, a cough at night"
    (tmp_path / "note.txt").write_text(text, encoding="utf-8")
    explanation = ask("coughs", "--text", text)
    assert explanation == ask("coughs", "--text", "@note.txt")
    assert explanation == ll.Explainer(cli_models.coughs, ll.Text(), seed=0).explain(text)
    assert explanation.as_list()[0][0] == "cough"


def test_what_is_hidden_of_a_text_and_what_stands_for_it_are_flags(ask: Any) -> None:
    by_pattern = ask("coughs", "--text", "cough, cough and cold", "--tokens", r"c\w+", "--fill", "[MASK]")
    assert sorted(feature.name for feature in by_pattern.features) == ["cold", "cough"]
    assert ask("coughs", "--text", "@@mary coughs").features[0].name == "mary"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file of 16 × 24 pixels, light on the left."""
    image = pytest.importorskip("PIL.Image")
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, :12] = 200
    image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("cut", ["halves", "grid", "4"])
def test_an_image_file_is_explained_by_its_parts(ask: Any, photo: Path, cut: str) -> None:
    segments = "cli_models:halves" if cut == "halves" else cut
    explanation = ask("left_light", "--image", photo, "--segments", segments, "--fill", "0")
    assert len(explanation.features) == {"halves": 2, "grid": 48, "4": 4}[cut]
    assert explanation.as_list()[0][1] > 0
    if cut == "halves":
        assert explanation.as_list()[0][1] == pytest.approx(200 / 255)


@pytest.mark.parametrize(("fill", "gain"), [("mean", 0), ("10,20,30", 200), ("photo.png", 0), ("noise", 200)])
def test_a_fill_is_a_name_a_colour_or_an_image(ask: Any, photo: Path, fill: str, gain: float) -> None:
    explanation = ask("left_light", "--image", photo, "--segments", "4", "--fill", fill)
    # noise shows as much light on both sides, on average
    assert explanation.coef[0].sum() == pytest.approx(gain / 255, abs=0.05 if fill == "noise" else 1e-9)


def test_a_series_is_explained_from_an_array_from_one_line_and_from_a_column(ask: Any, tmp_path: Path) -> None:
    import cli_models

    values = np.linspace(1, 3, 36).round(3)
    np.save(tmp_path / "a.npy", values)
    (tmp_path / "line.csv").write_text(",".join(map(str, values)), encoding="utf-8")
    (tmp_path / "column.csv").write_text("\n".join(["value", *map(str, values)]), encoding="utf-8")
    explanation = ask("late", "--series", "a.npy")
    assert explanation == ll.Explainer(cli_models.late, ll.TimeSeries(), seed=0).explain(values)
    for other in ("line.csv", "column.csv"):
        assert ask("late", "--series", other).as_list() == explanation.as_list()


def test_columns_of_a_series_are_channels_and_a_first_column_of_words_holds_the_times(ask: Any, tmp_path: Path) -> None:
    rows = [f"day {i},{i % 3},{i / 2}" for i in range(12)]
    (tmp_path / "two.csv").write_text("\n".join(["when,a,b", *rows]), encoding="utf-8")
    explanation = ask("late", "--series", "two.csv", "--windows", "6", "--fill", "zero")
    assert [feature.name for feature in explanation.features] == ["day 0 … day 5", "day 6 … day 11"]
    assert explanation.as_list()[0][1] == pytest.approx(np.arange(6, 12).mean() / 2)


def test_other_series_fill_what_is_hidden(ask: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(20))
    (tmp_path / "others.csv").write_text("\n".join(",".join(["0"] * 20) for _ in range(5)), encoding="utf-8")
    explanation = ask("late", "--series", "a.npy", "--background", "others.csv", "--fill", "swap")
    assert explanation.as_list()[0][1] > 0.1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give one of --data, --text, --image and --series, got none"),
        (("--text", "a", "--image", "b.png"), "got --text and --image"),
        (("--text", "a", "--background", "b.csv"), "--background: has no effect with --text"),
        (("--text", "a", "--row", "3"), "--row: has no effect with --text, only with --data"),
        (("--text", "a", "--windows", "3"), "--windows: has no effect with --text, only with --series"),
        (("--text", "@missing.txt"), "no file 'missing.txt'; a text that begins with @ is written with @@"),
        (("--text", "a", "--tokens", "("), "tokens"),
        (("--image", "missing.png"), "--image: no file 'missing.png'"),
        (("--image", "words.txt"), "--image: expected an image file"),
        (("--series", "missing.npy"), "--series: no file 'missing.npy'"),
        (("--series", "words.txt"), "--series: expected .csv"),
        (("--series", "words.csv"), "--series: expected a series of numbers"),
        (("--series", "words.npy"), "--series: could not read"),
        (("--data", "words.csv", "--row", "0"), "--background: expected with --data"),
    ],
)
def test_every_refusal_of_a_text_an_image_or_a_series_names_the_flag(
    ask: Any, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    for name in ("words.txt", "words.csv", "words.npy"):
        (tmp_path / name).write_text("when,what\nMonday,rain\n", encoding="utf-8")
    assert says in ask("coughs", *arguments, refuses=True)


def test_a_dry_run_of_a_text_says_what_it_would_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    arguments = ["explain", "--model", "cli_models:coughs", "--text", "a dry cough", "--dry-run"]
    result = testing.CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("One explanation: about ")
    assert len(result.stdout.splitlines()) == 1


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "model", "data", "says"),
    [
        ((), "model.skops", "test.csv", "--row"),
        (("--text", "x"), "model.skops", "test.csv", "got --data and --text"),
        (("--row", "1", "--tokens", "words"), "model.skops", "test.csv", "--tokens: has no effect with --data"),
        (("--row", "1", "--png", "why.jpg"), "model.skops", "test.csv", "--png: expected a file named .png"),
        (("--rows", "0:2", "--out", "x", "--png", "why.png"), "model.skops", "test.csv", "for one --row"),
        (("--row", "1", "--target", "3"), "model.skops", "test.csv", "2 (virginica)"),
        (("--row", "1", "--rows", "0:2"), "model.skops", "test.csv", "--row"),
        (("--rows", "0:2"), "model.skops", "test.csv", "--out"),
        (("--row", "1", "--out", "x.docx"), "model.skops", "test.csv", "--out"),
        (("--rows", "0:2", "--out", "x", "--html", "y"), "model.skops", "test.csv", "--html"),
        (("--row", "15"), "model.skops", "test.csv", "between 0 and 14"),
        (("--rows", "one:two", "--out", "x"), "model.skops", "test.csv", "start:stop"),
        (("--rows", "20:30", "--out", "x"), "model.skops", "test.csv", "no row of 15"),
        (("--row", "1", "--contrast", "bins"), "model.skops", "test.csv", "did you mean 'bin'"),
        (("--row", "1", "--tolerance", "much"), "model.skops", "test.csv", "--tolerance: expected a number"),
        (("--row", "1", "--tolerance", "7"), "model.skops", "test.csv", "tolerance: expected a fraction"),
        (("--row", "1", "--selection", "foward"), "model.skops", "test.csv", "did you mean 'forward'"),
        (("--row", "1", "--target", "setoza"), "model.skops", "test.csv", "did you mean 'setosa'"),
        (("--row", "1"), "missing.skops", "test.csv", "no file 'missing.skops'"),
        (("--row", "1"), "train.csv", "test.csv", "module:object"),
        (("--row", "1"), "cli_models:nothing", "test.csv", "could not import 'cli_models:nothing'"),
        (("--row", "1"), "no_such_module:model", "test.csv", "could not import"),
        (("--row", "1", "--drop", "species"), "cli_models:broken", "test.csv", "out of order"),
        (("--row", "1"), "cli_models:number", "test.csv", "model"),
        (("--row", "1"), "model.skops", "missing.csv", "no file 'missing.csv'"),
        (("--row", "1"), "model.skops", "model.skops", "expected .csv, .tsv, .parquet or .jsonl"),
        (("--row", "1", "--drop", "petal width (cm)"), "model.skops", "test.csv", "which the model was fitted on"),
    ],
)
def test_every_refusal_is_one_line_that_names_the_flag(
    call: Any, arguments: tuple[str, ...], model: str, data: str, says: str
) -> None:
    assert says in refused(call("explain", *arguments, model=model, data=data))


def test_an_unreadable_model_or_table_is_refused_in_one_line(call: Any, tmp_path: Path) -> None:
    for name in ("bad.skops", "bad.joblib", "bad.parquet"):
        (tmp_path / name).write_bytes(b"\x00not what it says")
    assert "could not read" in refused(call("explain", "--row", "1", model=str(tmp_path / "bad.skops")))
    bad = str(tmp_path / "bad.joblib")
    assert "could not read" in refused(call("explain", "--row", "1", "--trust-pickle", model=bad))
    assert "could not read" in refused(call("explain", "--row", "1", data=str(tmp_path / "bad.parquet")))


def test_a_table_without_a_column_of_the_background_is_refused_by_name(call: Any, iris: Path, tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.csv"
    pd.read_csv(iris / "test.csv").drop(columns="petal width (cm)").to_csv(narrow, index=False)
    assert "lacks 'petal width (cm)'" in refused(call("explain", "--row", "1", data=str(narrow)))


# -- show -------------------------------------------------------------------------------------------------------------


def test_a_saved_explanation_is_shown_as_it_was(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    printed = call("explain", "--row", "3", "--json", str(path)).stdout
    shown = call("show", str(path), "--html", str(tmp_path / "a.html"))
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[0] == printed.splitlines()[0]
    assert "<html" in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_saved_explanation_becomes_a_picture(call: Any, tmp_path: Path, name: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.json"
    call("explain", "--row", "3", "--json", str(path))
    shown = call("show", str(path), "--png", str(tmp_path / name))
    assert shown.exit_code == 0, shown.output
    assert f"Picture: {tmp_path / name}" in shown.stdout
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert "--png" in refused(call("show", str(path), "--png", "a.jpg"))


def test_a_line_of_many_is_shown_by_its_number(call: Any, tmp_path: Path) -> None:
    out = tmp_path / "many.jsonl"
    call("explain", "--rows", "0:3", "--out", str(out))
    third = ll.Explanation.from_json(out.read_text(encoding="utf-8").splitlines()[2])
    assert call("show", str(out), "--line", "2").stdout.strip() == str(third).strip()
    assert "no line 3" in refused(call("show", str(out), "--line", "3"))


def test_what_is_no_explanation_is_refused(call: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"schema_version": 99}), encoding="utf-8")
    assert "schema_version" in refused(call("show", str(other)))
    assert "missing.json" in refused(call("show", str(tmp_path / "missing.json")))
    assert "--line" in refused(call("show", str(other), "--line", "1"))


# -- demo -------------------------------------------------------------------------------------------------------------


def test_the_demo_is_a_command(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from limelight.demo import digits, notes, tumors

    monkeypatch.setattr(tumors, "chapters", tuple)
    monkeypatch.setattr(digits, "chapters", tuple)
    result = call("demo", "--folder", str(tmp_path / "pages"))
    assert result.exit_code == 0, result.output
    assert notes.LEAK in result.stdout
    assert (tmp_path / "pages" / "text.html").is_file()


# -- flags ------------------------------------------------------------------------------------------------------------


def test_every_setting_is_a_flag_with_its_own_help(call: Any) -> None:
    page = call("explain", "--help").stdout
    for field in fields(Settings):
        name = {"targets": "target", "control_variates": "no-control-variates"}.get(field.name, field.name)
        assert f"--{name.replace('_', '-')}" in page
    assert "draws until precise" in page
    assert "Example:" in page


def test_flags_become_the_values_that_settings_take() -> None:
    given = {
        "n_samples": "500",
        "tolerance": "0.1",
        "kernel_width": "none",
        "seed": "3",
        "fresh": True,
        "targets": ["1"],
    }
    expected = {"n_samples": 500, "tolerance": 0.1, "kernel_width": None, "seed": 3, "fresh": True, "targets": "1"}
    assert parse(given) == expected
    assert Settings(**parse(given)).tolerance == 0.1
    assert parse(dict.fromkeys(Settings.names())) == {}
    with pytest.raises(InputError, match="--seed: expected an integer or none, got 'x'"):
        parse({"seed": "x"})


def test_without_the_extra_the_command_prints_the_pip_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('No module named typer')", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from limelight.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "explain"], capture_output=True, text=True, check=False, cwd=HERE.parent / "src"
    )
    assert run.returncode == 2
    assert "pip install 'limelight[cli]'" in run.stderr
    assert "Traceback" not in run.stderr


def test_without_the_extra_a_greeting_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('No module named typer')", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from limelight.cli import main; main()"
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        [sys.executable, "-c", code],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=HERE.parent / "src",
    )
    os.close(write)
    assert (run.returncode, run.stderr) == (1, "")
