"""A row with words, a picture and columns: each is shown its own features, and the same facts are in all views."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.testing import check_modality
from limelight.views import mixed, raster
from limelight.views.facts import all_targets
from limelight.views.kinds import kind_of


@pytest.fixture(scope="module")
def explanation() -> ll.Explanation:
    picture = np.full((32, 32), 40, np.uint8)
    picture[8:16, 8:16] = 200
    rows = [
        {"title": "nice <b>flat</b>", "photo": picture, "curve": np.arange(30.0), "rooms": rooms} for rooms in (1, 1, 3)
    ]

    def model(batch: list[dict]) -> list[float]:
        return [
            2.0 * ("nice" in row["title"])
            + row["photo"][8:16, 8:16].mean() / 100
            + row["curve"][-3:].mean() / 30
            + row["rooms"]
            for row in batch
        ]

    parts = {"title": ll.Text(), "photo": ll.Image(segments="grid"), "curve": ll.TimeSeries()}
    return ll.Explainer(model, ll.Composite(rows, parts), max_samples=2048).explain(rows[2])


def test_the_page_shows_words_picture_and_series_under_their_names(explanation: ll.Explanation) -> None:
    page = explanation.to_html()
    heads = re.findall(r'<h4 class="field">(?:<[^>]+>)?(\w+)', page)
    assert heads == ["title", "photo", "curve"]
    assert re.search(r"<mark[^>]*>nice</mark>", page)
    assert "&lt;" in page and "<b>flat" not in page  # what the row holds is shown and not run
    assert '<article class="ll mixed">' in page
    assert "rooms = 3, not 1" in page


def test_words_are_marked_where_words_are_and_windows_are_not_letters(explanation: ll.Explanation) -> None:
    text, _ = mixed._only("word", explanation, all_targets(explanation)[0])
    placed = {feature.where.kind for feature in text.features if feature.where.places}
    assert placed == {"word"}


def test_the_script_knows_the_segments_and_nothing_else_as_labels(explanation: ll.Explanation) -> None:
    labels = kind_of(explanation).data(explanation)["labels"]  # type: ignore[misc]
    for label, feature in zip(labels, explanation.features, strict=True):
        assert (label >= 0) == (feature.where.kind == "segment"), feature
    assert json.dumps(labels)


def test_hiding_is_called_off_for_all_kinds(explanation: ll.Explanation) -> None:
    assert kind_of(explanation).without == ("was off", "were off")
    assert "were off" in explanation.to_html()


def test_the_terminal_shows_the_text(explanation: ll.Explanation) -> None:
    pytest.importorskip("rich")
    drawn = str(mixed.terminal(explanation, all_targets(explanation)[0]))
    assert "nice" in drawn and "photo" in drawn


def test_a_figure_has_the_bars(explanation: ll.Explanation) -> None:
    pytest.importorskip("matplotlib")
    labels = [text.get_text() for text in explanation.plot().get_yticklabels()]
    assert any("title: nice" in label for label in labels)


def test_a_figure_shows_the_parts_above_the_bars(explanation: ll.Explanation) -> None:
    pytest.importorskip("matplotlib")
    drawn = explanation.plot().figure
    assert len(drawn.subfigs) == 1
    assert len(drawn.subfigs[0].subfigs) == 1 + len(explanation.layout["parts"])
    assert mixed.height(explanation.layout) > 2


def test_two_pictures_of_one_row_are_each_shown_their_own_weights() -> None:
    draw = np.random.default_rng(0)
    photos = draw.integers(0, 256, (2, 20, 8, 8, 3), dtype=np.uint8)
    frame = pd.DataFrame({"n": range(20), "first": list(photos[0]), "second": list(photos[1])})

    def first(rows: pd.DataFrame) -> np.ndarray:
        return np.array([photo[:4].mean() for photo in rows["first"]])

    halves = ll.Image(fill=0, segments=np.repeat([0, 1], [32, 32]).reshape(8, 8))
    made = ll.Composite(frame, {"first": halves, "second": halves}, fixed=["n"])
    check_modality(made, [frame.iloc[0], frame.iloc[1]])
    explanation = ll.Explainer(first, made, seed=0, max_features=None).explain(frame.iloc[0])
    assert ll.Explanation.from_json(explanation.to_json()) == explanation
    facts = all_targets(explanation)[0]
    weights = [raster.segment_weights(*mixed._of_part(name, explanation, facts)) for name in ("first", "second")]
    assert [sorted(each) for each in weights] == [[0, 1], [0, 1]]
    assert abs(weights[0][0][0]) > 1.0
    assert max(abs(weight) for weight, _ in weights[1].values()) < 1e-9


def test_values_of_columns_stand_beside_the_words_and_what_is_held_says_so() -> None:
    frame = pd.DataFrame({"id": ["<b>"] * 9, "n": range(9), "m": [1] * 8 + [2], "text": ["a b", "c"] * 4 + ["a"]})

    def model(rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(rows["n"] + rows["text"].str.contains("a"), dtype=float)

    made = ll.Composite(frame, {"text": ll.Text()}, fixed=["id"])
    explanation = ll.Explainer(model, made, seed=0, max_features=2).explain(frame.iloc[0])
    assert explanation.layout["columns"] == [["id", "<b>", "held"], ["n", "0", ""], ["m", "1", "typical"]]
    page = mixed.page(explanation, all_targets(explanation)[0])
    assert "<b>" not in page
    assert re.search(r'<dt><bdi>n</bdi></dt><dd><mark data-f="0" class="neg"[^>]*>0</mark></dd>', page)
    assert "<dd>1 <small>typical</small></dd>" in page
    damaged = explanation.to_dict()
    damaged["layout"] = {**damaged["layout"], "columns": [["n", 0, ""]]}
    with pytest.raises(ll.InputError, match="columns"):
        ll.Explanation.from_dict(damaged)
