"""Pages about many rows: everything is there, somebody else's strings are only text, and nothing is loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.views.trust_pages import comparison_page, track

X = np.random.default_rng(0).normal(size=(200, 3))


@pytest.fixture(scope="module")
def compared() -> Any:
    first = ll.Explainer(lambda X: X[:, 0] + X[:, 1], ll.Tabular(X, names=["a", "b", "<b>c"]), seed=0)
    rows = np.array([[0.0, 2.0, 2.0], [0.0, 2.0, -2.0]])
    return ll.compare(first, lambda X: X[:, 0] + X[:, 2], rows, names=("old", "<new>"), agree=0.1)


def test_the_page_of_a_comparison_says_all_it_knows(compared: Any) -> None:
    page = comparison_page(compared)
    for sentence in compared.sentences():
        assert sentence.split("“")[0].split("<")[0] in page
    assert "The same answer, another reason: 1 rows" not in page
    assert "The same answer, another reason: 1 row<" in page
    assert len(re.findall('class="track"', page)) == 3
    assert "<b>c" not in page
    assert "&lt;b&gt;c" in page
    assert "<new>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_same_model_needs_no_table(compared: Any) -> None:
    first = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0)
    page = ll.compare(first, lambda X: X[:, 0], X[:2]).to_html()
    assert "the same to the last bit" in page
    assert "<table" not in page


def test_it_is_written_where_a_path_is_given(compared: Any, tmp_path: Path) -> None:
    text = compared.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    noted = replace(compared, warnings=("beware",)).to_html()
    assert "beware" in noted


def test_a_track_lies_where_its_numbers_are() -> None:
    drawn = track(-1.0, -1.5, -0.5, -2.0, 2.0)
    assert 'class="fill neg" style="left:25.00%;width:25.00%"' in drawn
    assert 'class="whisk" style="left:12.50%;width:25.00%"' in drawn
