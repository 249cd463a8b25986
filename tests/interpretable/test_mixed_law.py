"""A row of words and columns against anybody's: what is drawn, what a weight is, and every law of a kind of data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.testing import check_modality

WORDS = "good bad fine awful the a of plot story acting".split()
SMALL = pd.DataFrame({"n": [0.0, 1.0, 2.0, 3.0], "text": ["a b", "c", "d e f", "g"]})


def frame_of(n=120):
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "stars": draw.integers(1, 6, n),
            "price": draw.normal(20.0, 5.0, n),
            "medium": pd.Categorical(draw.choice(["dvd", "book"], n)),
            "review": [" ".join(draw.choice(WORDS, 9)) for _ in range(n)],
            "day": pd.date_range("2020-01-01", periods=n),
        }
    )


FRAME = frame_of()


def score(frame):
    assert list(frame.columns) == list(FRAME.columns)
    assert (frame.dtypes == FRAME.dtypes).all()
    said = 2.0 * frame["review"].str.contains("good") - frame["review"].str.contains("bad")
    return np.asarray(said + 0.5 * frame["stars"] + 0.1 * frame["price"] + (frame["medium"] == "dvd"), float)


def composite(frame=FRAME, **how):
    return ll.Composite(frame, {"review": ll.Text()}, fixed=["id"], against="background", **how)


def law(n=1.0, text="x y"):
    row = ll.Composite(SMALL, {"text": ll.Text()}, against="background")
    return row.represent({"n": n, "text": text}, np.random.default_rng(0))


def test_the_first_half_is_the_rows_own_and_the_second_is_off():
    codes, rows = law().background.draw(np.array([[0.49, 0.49, 0.5], [0.51, 0.0, 0.0], [0.999, 0.99, 0.99]]))
    assert rows["text"].tolist() == ["x ", "x y", " "]
    assert rows["n"].tolist() == [1.0, 0.0, 3.0]
    assert law().encode(codes).tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]


def test_features_are_on_half_of_the_time_and_independently():
    background = law().background
    codes, rows = background.draw(np.random.default_rng(1).random((20_000, 3)))
    on = codes == 0
    np.testing.assert_allclose(on.mean(axis=0), 0.5, atol=0.015)
    np.testing.assert_allclose(np.corrcoef(on.T), np.eye(3), atol=0.03)
    drawn = rows["n"][~on[:, 0]].value_counts(normalize=True)
    np.testing.assert_allclose(drawn.sort_index(), 0.25, atol=0.02)
    assert (background.inside(np.full((2, 3), 0.7))[:, 1:] == 0).all()


def test_another_row_has_another_law():
    contents = [each.background.content for each in (law(), law(n=2.0), law(text="x z"), law())]
    assert contents[0] == contents[3]
    assert len(set(contents)) == 3


def test_each_weight_is_what_its_word_or_its_value_does_against_the_background():
    row = FRAME.iloc[3]
    explanation = ll.Explainer(score, composite(), seed=0, max_features=None).explain(row)
    keys = [str(each.where.key) for each in explanation.features]
    weights = dict(zip(keys, explanation.coef[0], strict=True))
    expected = {str(("review", word)): 2.0 * (word == "good") - (word == "bad") for word in set(row["review"].split())}
    expected |= {
        "stars": 0.5 * (row["stars"] - FRAME["stars"].mean()),
        "price": 0.1 * (row["price"] - FRAME["price"].mean()),
        "medium": float(row["medium"] == "dvd") - (FRAME["medium"] == "dvd").mean(),
        "day": 0.0,
    }
    assert weights == pytest.approx(expected, abs=2e-3)
    assert explanation.additivity[0] > 0.999
    average = 0.5 * FRAME["stars"].mean() + 0.1 * FRAME["price"].mean() + (FRAME["medium"] == "dvd").mean()
    assert explanation.base_values[0] == pytest.approx(average, abs=5e-3)
    total = explanation.base_values + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, explanation.local_prediction, atol=1e-9)


def test_a_column_at_its_typical_value_has_a_bar_here():
    typical = int(FRAME["stars"].sort_values().iloc[(len(FRAME) - 1) // 2])
    row = {**dict(FRAME.iloc[3]), "stars": typical}
    shown = [
        [each.where.key for each in ll.Explainer(score, made, seed=0).explain(row).features]
        for made in (composite(), ll.Composite(FRAME, {"review": ll.Text()}, fixed=["id"]))
    ]
    assert "stars" in shown[0]
    assert "stars" not in shown[1]


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_stay_what_they_are(library):
    module = pytest.importorskip(library)
    given = module.from_pandas(FRAME) if library == "polars" else module.Table.from_pandas(FRAME)

    def model(frame):
        assert type(frame) is type(given)
        return score(frame.to_pandas().astype(FRAME.dtypes))

    row = given[3:4] if library == "polars" else given.slice(3, 1)
    found = ll.Explainer(model, composite(given), seed=0).explain(row)
    wanted = ll.Explainer(score, composite(), seed=0).explain(FRAME.iloc[3])
    np.testing.assert_allclose(found.coef, wanted.coef, atol=1e-3)


@pytest.mark.parametrize(
    "parts",
    [{"review": ll.Text()}, {"photo": ll.Image(fill="noise"), "load": ll.TimeSeries()}],
    ids=["rows with as many words as they like", "a picture filled with noise, and a series"],
)
def test_every_law_of_a_kind_of_data_holds(parts):
    draw = np.random.default_rng(3)
    frame = FRAME[:40].assign(
        photo=list(draw.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)), load=list(draw.normal(size=(40, 24)))
    )
    frame.loc[3, "price"] = np.nan
    hold = ["id", *(name for name in ("review", "photo", "load") if name not in parts)]
    made = ll.Composite(frame, parts, fixed=hold, against="background")
    check_modality(made, [frame.iloc[2], frame.iloc[3]])


def test_a_row_is_kept_in_files_and_edited_like_any_other(tmp_path):
    explainer = ll.Explainer(score, composite(), seed=0)
    made = explainer.explain_all(FRAME[2:5])
    assert ll.Explanation.from_json(made[1].to_json()) == made[1] == explainer.explain(FRAME[3:4])
    pytest.importorskip("pyarrow")
    made.to_parquet(tmp_path / "set.parquet")
    assert list(ll.Explanations.from_parquet(tmp_path / "set.parquet")) == list(made)
    row = dict(FRAME.iloc[3])
    edits = [{"stars": 5}, {"review": "good"}]
    wanted = [score(pd.DataFrame([{**row, **edit}]).astype(FRAME.dtypes))[0] for edit in edits]
    np.testing.assert_allclose(explainer.perturb(FRAME.iloc[3], edits=edits).ravel(), wanted)


def test_a_word_is_not_said_to_be_drawn():
    page = ll.Explainer(score, composite(), seed=0).explain(FRAME.iloc[3]).to_html()
    assert "against the background" in page
    assert "drawn from the background" not in page
    assert "put it back" not in page


def test_what_has_no_effect_is_refused():
    with pytest.raises(InputError, match="typical: has no effect where columns are drawn"):
        composite(typical={"stars": 3})
    with pytest.raises(InputError, match="rows: expected a frame"):
        ll.Composite([{"text": "a", "n": 1}], {"text": ll.Text()}, against="background")
    with pytest.raises(UnknownNameError, match="against"):
        ll.Composite(SMALL, {"text": ll.Text()}, against="bins")
