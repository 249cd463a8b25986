"""What stands in files means what was written: codes are text, dates are dates, and rows fit the background.

The claims of `cells.py`.
"""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limelight.cell_types import Format
from limelight.cells import read_frame
from limelight.cli.commands import app
from limelight.errors import InputError
from limelight.result.explanation import Explanation

pd = pytest.importorskip("pandas")
testing = pytest.importorskip("typer.testing")

HERE = Path(__file__).resolve().parent
CODES = ["02134", "10001", "02139", "60601", "94103"] * 40
DAYS = [f"2024-03-{day:02d}" for day in range(1, 31)] * 4


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Explain a row of a file against a background; return the explanation, or the one line of a refusal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("COLUMNS", "400")

    def run(model: str, background: str, data: str, *flags: str) -> Any:
        files = ("--model", f"cli_models:{model}", "--background", background, "--data", data)
        asked = ("--row", "0", "--n-samples", "400", "--json", "why.json")
        result = testing.CliRunner().invoke(app, ["explain", *files, *asked, *flags])
        if result.exit_code == 2:
            return result.stderr
        assert result.exit_code == 0, result.output
        return Explanation.from_json(Path("why.json"))

    return run


def write(name: str, rows: list[dict[str, Any]]) -> str:
    if name.endswith(".jsonl"):
        Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif name.endswith(".parquet"):
        pd.DataFrame(rows).to_parquet(name)
    else:
        pd.DataFrame(rows).to_csv(name, index=False)
    return name


# -- codes are text ----------------------------------------------------------------------------------------------------


def code_rows() -> list[dict[str, Any]]:
    return [{"zip": code, "age": 20 + i % 50} for i, code in enumerate(CODES)]


@pytest.mark.parametrize("background", ["train.csv", "train.jsonl", "train.parquet"])
@pytest.mark.parametrize("data", ["test.csv", "test.jsonl", "test.parquet"])
def test_a_code_with_a_zero_in_front_is_text_in_every_kind_of_file(explain: Any, background: str, data: str) -> None:
    explanation = explain("in_boston", write(background, code_rows()), write(data, code_rows()[:1]))
    assert explanation.prediction[0] == 1
    assert explanation.as_list()[0][0] == "zip = 02134"
    # against the other codes, of which a quarter begin with 02 as well
    assert explanation.as_list()[0][1] == pytest.approx(0.75, abs=0.05)


def test_a_row_whose_code_has_no_zero_in_front_is_text_as_well(explain: Any) -> None:
    row = write("test.csv", [{"zip": "10001", "age": 30}])
    assert explain("in_boston", write("train.csv", code_rows()), row).as_list()[0][0] == "zip = 10001"


def test_a_code_against_numbers_is_refused(explain: Any) -> None:
    train = write("train.csv", [{"price": i, "age": i % 9} for i in range(100)])
    said = explain("price_of", train, write("test.csv", [{"price": "0123", "age": 1}]))
    assert "--data: column 'price': got the code '0123', the background holds numbers; pass --dtype price=str" in said


def test_a_number_against_text_is_refused(explain: Any) -> None:
    said = explain("in_boston", write("train.jsonl", code_rows()), write("test.jsonl", [{"zip": 2134, "age": 30}]))
    assert "--data: column 'zip': expected text, as in the background, got 2134" in said


def test_a_flag_says_that_digits_are_text_or_that_numbers_are_names(explain: Any) -> None:
    train = write("train.csv", [{"zip": 20000 + i % 5, "age": i % 9} for i in range(100)])
    for flags in (("--dtype", "zip=str"), ("--categorical", "zip")):
        explanation = explain("in_boston", train, train, *flags)
        assert {feature.name for feature in explanation.features} >= {"zip = 20000"}
    assert "no column 'zap'" in explain("in_boston", train, train, "--dtype", "zap=str")
    assert "--dtype: expected COLUMN=TYPE" in explain("in_boston", train, train, "--dtype", "zip")
    for unreadable in ("zip=,tr", "zip=%d.%d", "zip=", "zip=%Y%Y"):
        said = explain("in_boston", train, train, "--dtype", unreadable)
        assert "--dtype" in said and "Traceback" not in said, said
    assert "cannot be int64" in explain("in_boston", write("t.csv", [{"zip": "a"}]), train, "--dtype", "zip=int64")
    assert "zop" in explain("in_boston", train, train, "--categorical", "zop")


def test_zeros_and_numbers_below_one_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n0,0.5,-0.25\n1,1.5,00\n")
    frame = read_frame(path, argument="--data")
    assert [str(frame[name].dtype) for name in "ab"] == ["int64", "float64"]
    assert frame["c"].tolist() == ["-0.25", "00"]


def test_large_identifiers_beside_a_gap_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"id,x\n{2**60 + 1},1\n,2\n{2**60 + 2},3\n")
    assert read_frame(path, argument="--data")["id"].dropna().tolist() == [2**60 + 1, 2**60 + 2]


def test_an_encoding_that_nobody_knows_is_refused_by_its_flag() -> None:
    with pytest.raises(InputError, match="--encoding: expected a name such as utf-8"):
        Format.of(None, None, "utf-99", [])


def test_an_empty_column_is_missing_throughout(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,empty\n1,\n2,\n", encoding="utf-8")
    frame = read_frame(path, argument="--data")
    assert frame["empty"].isna().all()
    assert frame["x"].tolist() == [1, 2]


def test_large_identifiers_of_a_row_reach_the_model_exactly(explain: Any) -> None:
    rows = [{"price": 2**60 + i, "share": i / 7} for i in range(200)]
    explanation = explain("price_of", write("train.csv", rows), write("test.csv", rows[3:4]))
    assert explanation.features[0].value == str(2**60 + 3)


# -- dates are dates ---------------------------------------------------------------------------------------------------


def day_rows(form: str = "%Y-%m-%d") -> list[dict[str, Any]]:
    days = [datetime.date.fromisoformat(day) for day in DAYS]
    return [{"day": day.strftime(form), "age": i % 7} for i, day in enumerate(days)]


def test_dates_of_a_csv_are_dates(explain: Any) -> None:
    explanation = explain("after_march", write("train.csv", day_rows()), write("test.csv", day_rows()[29:30]))
    assert explanation.features[0].name == "day > 2024-03-23"
    assert explanation.coef[0, 0] > 0.5


def test_a_csv_row_takes_the_types_of_a_parquet_background(explain: Any) -> None:
    rows = [{"day": pd.Timestamp(row["day"]), "age": row["age"], "kind": "ab"[i % 2], "on": i % 3 == 0}
            for i, row in enumerate(day_rows())]  # fmt: skip
    frame = pd.DataFrame(rows).astype({"kind": "category", "age": "float32"})
    frame.to_parquet("train.parquet")
    frame.iloc[29:30].to_csv("test.csv", index=False)
    explanation = explain("after_march", "train.parquet", "test.csv")
    shown = {feature.where.key: feature.value for feature in explanation.features}
    assert shown == {"day": "2024-03-30", "age": "1", "kind": "b", "on": "False"}


def test_a_zone_is_kept_and_shown(explain: Any) -> None:
    times = pd.date_range("2024-03-01", periods=120, freq="6h", tz="America/New_York")
    pd.DataFrame({"day": times, "age": np.arange(120) % 7}).to_parquet("train.parquet")
    row = write("test.csv", [{"day": "2024-03-02T05:00:00Z", "age": 1}])
    assert explain("after_march", "train.parquet", row).features[0].value == "2024-03-02 00:00-05:00"
    naive = write("test.csv", [{"day": "2024-03-02T05:00:00", "age": 1}])
    assert "column 'day': expected a date in a time zone" in explain("after_march", "train.parquet", naive)


def test_dates_that_can_be_read_in_two_ways_are_said_and_read_as_told(explain: Any) -> None:
    train = write("train.csv", day_rows("%d.%m.%Y"))
    explanation = explain("after_march", train, train, "--dtype", "day=%d.%m.%Y")
    assert explanation.features[0].name == "day ≤ 2024-03-08"
    files = ["--background", train, "--data", train]
    arguments = ["explain", "--model", "cli_models:long_petals", *files, "--row", "0", "--dry-run"]
    said = testing.CliRunner().invoke(app, arguments).stderr
    assert "day and month cannot be told apart: 'day'; --dtype day=%d/%m/%Y" in said


def test_a_date_of_another_kind_is_refused(explain: Any) -> None:
    said = explain("after_march", write("train.csv", day_rows()), write("test.csv", [{"day": "March 3rd", "age": 1}]))
    assert "--data: column 'day': expected dates such as 2024-03-01" in said


def test_days_and_decimals_of_parquet_are_taken_by_a_csv_row(tmp_path: Path) -> None:
    frame = pd.DataFrame({"day": [datetime.date(2024, 3, 1)] * 3, "cost": [Decimal("1.50")] * 3})
    row = tmp_path / "t.csv"
    row.write_text("day,cost\n2024-03-02,2.50\n")
    found = read_frame(row, argument="--data", like=frame)
    assert found["day"].tolist() == [datetime.date(2024, 3, 2)]
    assert found["cost"].tolist() == [Decimal("2.50")]


# -- how a file is written ---------------------------------------------------------------------------------------------


def test_flags_say_what_separates_cells_decimals_and_how_letters_are_written(explain: Any) -> None:
    lines = ["größe;price", *[f"{i % 9};{i},5" for i in range(100)]]
    Path("train.csv").write_bytes("\n".join(lines).encode("latin-1"))
    Path("test.csv").write_bytes("größe;price\n3;99,5\n".encode("latin-1"))
    flags = ("--sep", ";", "--decimal", ",", "--encoding", "latin-1")
    explanation = explain("price_of", "train.csv", "test.csv", *flags)
    assert explanation.prediction[0] == 99.5
    assert {feature.where.key for feature in explanation.features} == {"größe", "price"}
    assert "pass --encoding latin-1" in explain("price_of", "train.csv", "test.csv").replace("such as", "pass")
    assert "pass --sep ';'" in explain("price_of", "train.csv", "test.csv", "--encoding", "latin-1")
    assert "pass --decimal ," in explain("price_of", "train.csv", "test.csv", "--encoding", "latin-1", "--sep", ";")


def test_flags_about_text_are_refused_where_no_file_is_text(explain: Any) -> None:
    train = write("train.parquet", [{"price": i} for i in range(50)])
    assert "--sep: has no effect with 'train.parquet'" in explain("price_of", train, train, "--sep", ";")


def test_a_text_file_is_read_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    note = tmp_path / "note.txt"
    note.write_bytes("no cough, but fièvre".encode("latin-1"))
    arguments = ["explain", "--model", "cli_models:coughs", "--text", f"@{note}"]
    assert "say --encoding latin-1" in testing.CliRunner().invoke(app, arguments).stderr
    assert "fièvre" in testing.CliRunner().invoke(app, [*arguments, "--encoding", "latin-1"]).stdout


@pytest.mark.parametrize("name", ["x.json", "x.html", "x.png"])
def test_many_explanations_are_not_written_where_one_belongs(explain: Any, name: str) -> None:
    train = write("train.csv", [{"price": i} for i in range(50)])
    arguments = ["explain", "--model", "cli_models:price_of", "--background", train, "--data", train, "--rows", "0:2"]
    result = testing.CliRunner().invoke(app, [*arguments, "--out", name])
    assert result.exit_code == 2
    said = f"--out: expected a file named .jsonl, .ndjson, .csv or .parquet, got '{name}'; that is for one --row."
    assert said in result.stderr
    assert not Path(name).exists()


def test_lines_that_are_no_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n[1, 2]\n')
    with pytest.raises(InputError, match="expected an object in each line"):
        read_frame(path, argument="--data")
    assert Format.of("tab", None, None, []).sep == "\t"
