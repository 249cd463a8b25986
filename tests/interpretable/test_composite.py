"""Rows of many kinds: words, pictures, series and columns weighed against each other, by hand and by law."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import limelight as ll
from limelight.testing import check_modality


def reviews(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = "good bad slow fast cold warm food staff".split()
    return pd.DataFrame(
        {
            "id": range(n),
            "review": [" ".join(rng.choice(words, 5)) for _ in range(n)],
            "stars": rng.integers(1, 6, n),
            "country": pd.Categorical(rng.choice(["DE", "FR", "IT"], n, p=[0.5, 0.3, 0.2])),
            "price": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(3, 0.5, n).round(2)),
            "day": pd.date_range("2026-01-01", periods=n),
        }
    )


def liked(frame: pd.DataFrame) -> np.ndarray:
    assert str(frame["country"].dtype) == "category"
    assert str(frame["day"].dtype).startswith("datetime64")
    text = frame["review"]
    words = 2.0 * text.str.contains("good") - 1.5 * text.str.contains("bad")
    columns = 0.7 * frame["stars"] + 0.5 * (frame["country"] == "FR") + 0.01 * frame["price"].fillna(500)
    return np.asarray(words + columns, dtype=float)


def composite(frame: Any = None, **how: Any) -> ll.Composite:
    return ll.Composite(reviews() if frame is None else frame, {"review": ll.Text()}, fixed=["id"], **how)


ROW = {
    "id": 7,
    "review": "good staff, bad food",
    "stars": 5,
    "country": "FR",
    "price": None,
    "day": pd.Timestamp("2026-01-01"),
}


def weights(explanation: ll.Explanation) -> dict[str, float]:
    return {
        str(each.where.key) if each.where.kind == "column" else each.name: weight
        for each, weight in zip(explanation.features, explanation.coef[0].tolist(), strict=True)
    }


def test_words_and_columns_of_a_sum_are_what_they_are_by_hand() -> None:
    frame = reviews()
    explanation = ll.Explainer(liked, composite(frame)).explain(ROW)
    price, stars = np.sort(frame["price"].dropna())[(frame["price"].notna().sum() - 1) // 2], 3
    assert frame["stars"].sort_values().iloc[(len(frame) - 1) // 2] == stars
    expected = {
        "review: good": 2.0, "review: bad": -1.5, "review: staff": 0.0, "review: food": 0.0,
        "stars": 0.7 * (5 - stars), "country": 0.5, "price": 0.01 * (500 - price), "day": 0.0,
    }  # fmt: skip
    assert weights(explanation) == pytest.approx(expected, abs=1e-9)
    assert explanation.provenance.stopped == "exhaustive"
    names = [feature.name for feature in explanation.features]
    assert names[:3] == ["stars = 5, not 3", "country = FR, not DE", f"price = missing, not {price:.4g}"]
    # what is left without any of them is the model's answer to a typical row without words
    assert explanation.intercept[0] == pytest.approx(0.7 * stars + 0.01 * price)
    assert any("held as in the row: id" in warning for warning in explanation.warnings)


@pytest.mark.parametrize("against", ["typical", "background"])  # all masks, and drawn ones, which follow from content
def test_a_row_comes_as_it_likes_and_has_one_explanation(against: Any) -> None:
    frame = reviews()
    explainer = ll.Explainer(liked, composite(frame, against=against))
    one = explainer.explain(frame.iloc[3])
    assert explainer.explain(frame.iloc[[3]]) == one
    assert explainer.explain(frame.iloc[3].to_dict()) == one
    assert explainer.explain({name: frame[name].to_numpy()[3] for name in frame}) == one  # scalars of numpy
    assert explainer.explain(pl.from_pandas(frame.iloc[[3]])) == one
    assert list(explainer.explain_many(frame.head(5)))[3] == one
    assert ll.Explanation.from_json(one.to_json()) == one
    several = explainer.explain_all(frame.head(3))
    assert several[1] == explainer.explain(frame.iloc[1])


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dicts"])
def test_every_kind_of_row_says_the_same(kind: str) -> None:
    frame = reviews().drop(columns=["country"])

    def model(rows: Any) -> np.ndarray:
        if isinstance(rows, list):
            rows = pl.DataFrame(rows)
        if kind == "pyarrow":
            rows = pl.from_arrow(rows)
        good = rows["review"].str.contains("good").to_numpy()
        return good * 2.0 + rows["stars"].to_numpy() + rows["price"].fill_null(500.0).to_numpy() / 100

    whole = pl.from_pandas(frame)
    given = {"polars": whole, "pyarrow": whole.to_arrow(), "dicts": whole.to_dicts()}[kind]
    explanation = ll.Explainer(model, composite(given)).explain({k: v for k, v in ROW.items() if k != "country"})
    price = np.sort(frame["price"].dropna())[(frame["price"].notna().sum() - 1) // 2]
    found = weights(explanation)
    assert found["review: good"] == pytest.approx(2.0)
    assert found["stars"] == pytest.approx(2.0)
    assert found["price"] == pytest.approx(5.0 - price / 100)


def test_the_laws_hold() -> None:
    frame = reviews(30)
    check_modality(composite(frame), [frame.iloc[0], frame.iloc[1]])


def test_pictures_and_series_have_their_place_beside_words(tmp_path: Path) -> None:
    pictures = [np.full((32, 32), 40, np.uint8) for _ in range(20)]
    for i, picture in enumerate(pictures):
        picture[8:16, 8:16] = 200 if i % 2 else 40
    curves = [np.sin(np.arange(40) / 3) + (np.arange(40) > 33) * (i % 3) for i in range(20)]
    frame = pd.DataFrame(
        {
            "title": ["nice flat" if i % 2 else "dark room" for i in range(20)],
            "photo": pictures,
            "curve": curves,
            "rooms": [1 + i % 4 for i in range(20)],
        }
    )

    def worth(rows: pd.DataFrame) -> np.ndarray:
        photo = np.stack(rows["photo"].tolist())[:, 8:16, 8:16].mean(axis=(1, 2))
        curve = np.stack(rows["curve"].tolist())[:, 34:].mean(axis=1)
        return np.asarray(2.0 * rows["title"].str.contains("nice") + photo / 100 + curve + 0.5 * rows["rooms"])

    parts = {"title": ll.Text(), "photo": ll.Image(segments="grid"), "curve": ll.TimeSeries()}
    explanation = ll.Explainer(worth, ll.Composite(frame, parts)).explain(frame.iloc[7])
    found = weights(explanation)
    assert found["title: nice"] == pytest.approx(2.0, abs=1e-6)
    assert found["rooms"] == pytest.approx(0.5 * (4 - 2), abs=1e-6)
    kinds = {feature.where.kind for feature in explanation.features}
    assert kinds == {"word", "column", "segment", "window"}
    bright = sum(w for f, w in zip(explanation.features, explanation.coef[0], strict=True) if f.where.kind == "segment")
    assert bright > 0.3
    assert explanation.layout["kind"] == "mixed"
    assert [part["name"] for part in explanation.layout["parts"]] == ["photo", "curve"]
    assert ll.Explanation.from_json(explanation.to_json()) == explanation


def test_words_of_two_texts_are_two_features_at_their_places() -> None:
    rows = [{"title": "good", "body": "so good", "stars": 1}, {"title": "x", "body": "y", "stars": 2}]

    def model(batch: list[dict[str, Any]]) -> list[float]:
        return [1.0 * ("good" in row["title"]) + 3.0 * ("good" in row["body"]) for row in batch]

    parts = {"title": ll.Text(), "body": ll.Text()}
    explanation = ll.Explainer(model, ll.Composite(rows, parts)).explain(rows[0])
    assert weights(explanation) == pytest.approx({"title: good": 1.0, "body: so": 0.0, "body: good": 3.0}, abs=1e-9)
    places = {feature.name: feature.where.places for feature in explanation.features}
    assert places == {"title: good": ((0, 4),), "body: so": ((4, 6),), "body: good": ((7, 11),)}
    assert any("no bar for stars" in warning for warning in explanation.warnings)


def test_a_pair_of_word_and_column_is_told_not_to_add_up() -> None:
    rows = [{"text": "a b c d", "x": x} for x in (0, 0, 0, 1)]

    def model(batch: list[dict[str, Any]]) -> list[float]:
        return [10.0 * ("a" in row["text"] and row["x"] == 1) for row in batch]

    explanation = ll.Explainer(model, ll.Composite(rows, {"text": ll.Text()})).explain({"text": "a b c d", "x": 1})
    assert explanation.additivity[0] < 0.9
    assert "adds up" not in explanation.causes


def test_what_if_changes_columns_and_words() -> None:
    explainer = ll.Explainer(liked, composite())
    before, stars, words = explainer.perturb(ROW, edits=[{}, {"stars": 1}, {"review": "good staff"}]).ravel()
    assert before - stars == pytest.approx(0.7 * 4)
    assert words - before == pytest.approx(1.5)
    with pytest.raises(ll.UnknownNameError, match="did you mean 'stars'"):
        explainer.perturb(ROW, edits=[{"star": 1}])


def test_typical_values_are_the_users_where_they_say_so() -> None:
    explanation = ll.Explainer(liked, composite(typical={"stars": 1, "country": "IT"})).explain(ROW)
    assert weights(explanation)["stars"] == pytest.approx(0.7 * 4)
    assert "country = FR, not IT" in [feature.name for feature in explanation.features]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ll.Composite(reviews(), {}), "parts: expected a mapping"),
        (lambda: ll.Composite(reviews(), {"review": "text"}), "modality such as ll.Text"),
        (lambda: ll.Composite(reviews(), {"review": ll.Text}), "got the class Text"),
        (lambda: ll.Composite(reviews(), {"review": ll.Text()}, fixed=5), r"pass \[5\]"),
        (lambda: ll.Composite(reviews(), {"review": ll.Text()}, typical=[1]), "typical: expected a mapping"),
        (lambda: ll.Composite(reviews(), {"reviews": ll.Text()}), "did you mean 'review'"),
        (lambda: ll.Composite(reviews(), {"country": ll.Text()}), "'review' looks like free text.*parts="),
        (lambda: ll.Composite(reviews(), {"review": ll.Text()}, fixed="id"), r"pass \['id'\]"),
        (lambda: ll.Composite(reviews(), {"review": ll.Text()}, fixed=["identity"]), "fixed: unknown name"),
        (lambda: ll.Composite([1, 2], {"review": ll.Text()}), "rows: expected a frame"),
        (
            lambda: ll.Composite(reviews(), {"review": ll.Text()}, fixed=["review"]),
            "fixed: expected columns that are no",
        ),
        (lambda: ll.Composite(reviews()[["id", "review", "id"]], {"review": ll.Text()}), "'id' twice; rename one"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(make: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        make()


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        ({"review": "good"}, r"expected all 6 columns of the background, got none of \['id', 'stars'"),
        ({**ROW, "country": "ES"}, "instance: expected a value of type category in 'country'.*'ES'"),
        ({**ROW, "stars": "many"}, "instance: expected a value of type int64 in 'stars'"),
        ({**ROW, "stars": "5"}, "instance: expected a value of type int64 in 'stars'.*got '5'"),
        ({**ROW, "stars": [[]]}, "instance: expected a value of type int64 in 'stars'"),
        ({**ROW, "price": "12"}, "instance: expected a value of type float64 in 'price'"),
        ({**ROW, "price": np.inf}, "instance: expected a finite number in 'price', got inf"),
        ({**ROW, "day": "2026-01-01"}, "instance: expected a value of type datetime64.* in 'day'"),
        ({**ROW, "review": 5}, "review.*got (int )?5"),  # pandas 2 holds it
        ({**ROW, "review": None}, "review: "),
        (reviews(), "expected one row, got 60"),
        ("good", "expected a row of the background's columns"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_before_the_model_is_asked(instance: Any, said: str) -> None:
    asked: list[int] = []

    def model(frame: pd.DataFrame) -> np.ndarray:
        asked.append(len(frame))
        return np.zeros(len(frame))

    with pytest.raises(ll.InputError, match=said):
        ll.Explainer(model, composite()).explain(instance)
    assert asked == []


def test_a_table_is_no_part_and_no_prompt_is_either() -> None:
    with pytest.raises(ll.InputError, match="parts can be hidden"):
        explainer = ll.Explainer(
            liked, ll.Composite(reviews(), {"review": ll.Text(), "stars": ll.Tabular(np.eye(3))}, fixed=["id"])
        )
        explainer.explain({**ROW, "stars": np.ones(3)})


@pytest.mark.parametrize("against", ["typical", "background"])
def test_names_that_are_no_strings_come_back_from_files(against: Any) -> None:
    frame = pd.DataFrame({0: ["good food", "bad", "fine"], 1: [1, 2, 3]})

    def model(given: pd.DataFrame) -> np.ndarray:
        return np.array([2.0 * ("good" in text) for text in given[0]]) + given[1].to_numpy()

    found = ll.Explainer(model, ll.Composite(frame, {0: ll.Text()}, against=against)).explain(frame.iloc[0])
    back = ll.Explanation.from_json(found.to_json())
    assert back.to_json() == found.to_json()
    assert back.to_html() == found.to_html()


def test_an_edit_that_is_no_mapping_is_refused_and_composites_can_be_compared() -> None:
    with pytest.raises(ll.InputError, match="edits: expected mappings"):
        ll.Explainer(liked, composite()).perturb(ROW, edits=[5])
    one = composite()
    assert one == one and one != composite() and len({one, one}) == 1


def test_jobs_explain_rows_with_a_text(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = reviews(12)
    explainer = ll.Explainer(liked, ll.Composite(frame, {"review": ll.Text()}), max_samples=512)
    job = ll.jobs.run(explainer, frame, tmp_path / "out", chunk_rows=5)
    assert (job.rows, job.failures) == (12, 0)
    found = ll.jobs.read(tmp_path / "out")
    assert found[7].coef == pytest.approx(explainer.explain(frame.iloc[7]).coef, rel=1e-6, abs=1e-9)


def test_real_reviews_words_and_stars_side_by_side(shared_data: Path) -> None:
    """A pipeline of TF-IDF, one-hot and numbers tells books from films; stars and length stand beside the words."""
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    parts = []
    for shop in ("books", "dvd"):
        part = pd.read_json(shared_data / "multi_domain_sentiment" / f"{shop}.jsonl", lines=True).head(600)
        parts.append(part.assign(shop=shop))
    frame = pd.concat(parts, ignore_index=True)
    frame["words"] = frame["text"].str.split().str.len()
    frame["mood"] = np.where(frame["label"] == frame["label"].iloc[0], "first", "second")
    X = frame[["text", "rating", "words", "mood"]]
    columns = make_column_transformer(
        (TfidfVectorizer(min_df=3), "text"), (StandardScaler(), ["rating", "words"]), (OneHotEncoder(), ["mood"])
    )
    model = make_pipeline(columns, LogisticRegression(C=10, max_iter=2000)).fit(X, frame["shop"])
    short = X[(X["words"] > 25) & (X["words"] < 60) & X["text"].str.contains(r"\bmovie\b|\bbook\b")]
    explainer = ll.Explainer(model, ll.Composite(X, {"text": ll.Text()}), seed=0)
    explanation = explainer.explain(short.iloc[0])
    named = [name for name, _ in explanation.as_list()[:4]]
    assert any(name in named for name in ("text: movie", "text: book", "text: film", "text: read")), named
    kinds = {feature.where.kind for feature in explanation.features}
    assert kinds == {"word", "column"}
    # the pipeline is a logistic of a sum: taking the first word out by hand moves it the way its weight says
    word, weight = explanation.as_list()[0]
    answer = explainer.perturb(short.iloc[0], masks=[[1] * len(explanation.features), _without(explanation, word)])
    target = list(model.classes_).index(explanation.targets[0])
    assert np.sign(answer[0, target] - answer[1, target]) == np.sign(weight)
    page = explanation.to_html()
    assert "words = " in page and "<mark" in page


def _without(explanation: ll.Explanation, name: str) -> list[int]:
    return [int(feature.name != name) for feature in explanation.features]
