"""A row with words, a picture and columns: each is shown its own features, and the same facts are in all views."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import limelight as ll
from limelight.views import mixed
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
