"""The pages of the service as HTML: no name breaks out of its place, and links lead where things are."""

from __future__ import annotations

import re

import numpy as np
import pytest

import limelight as ll
from limelight.web import page

HOSTILE = '"><script>alert(1)</script>{title}'
X = np.random.default_rng(0).normal(size=(100, 2))


def pages() -> dict[str, str]:
    table = ll.Tabular(X, names=[HOSTILE, "b"])
    return {
        "live": page.what_if_page(HOSTILE, table, X[0], [HOSTILE]),
        "none": page.what_if_page(HOSTILE, ll.Components(["a"], np.asarray), None),
        "models": page.models_page([HOSTILE], {HOSTILE: None}, [("a.html", HOSTILE)]),
        "lost": page.lost_page(HOSTILE, "../"),
        "login": page.login_page(wrong=True),
    }


@pytest.mark.parametrize("which", list(pages()))
def test_whatever_somebody_calls_things_no_page_runs_it(which: str) -> None:
    html = pages()[which]
    assert "<script>alert" not in html
    assert "alert(1)</script>" not in html
    assert html.startswith("<!doctype html>")
    assert html.count("</html>") == 1
    # all scripts and styles are files, as the policy asks
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "<style" not in html


def test_a_live_page_carries_its_data_and_the_models_that_may_stand_beside_it() -> None:
    read = page.read_island(pages()["live"])
    assert (read["kind"], read["model"], read["others"]) == ("table", HOSTILE, [HOSTILE])
    assert HOSTILE in str(read)


@pytest.mark.parametrize("kind", list(page.WORDS))
def test_a_page_says_what_one_does_with_its_kind_of_data(kind: str) -> None:
    change, parts, why = page.WORDS[kind]
    body = page.what_if_body("m", kind)
    assert f'<h2 id="change">{change}</h2>' in body
    assert f'aria-label="{parts}"' in body
    assert f'<h2 id="why">{why}</h2>' in body


def test_data_without_a_page_say_where_to_ask() -> None:
    html = pages()["none"]
    assert "No page for this kind of data" in html
    assert ":explain" in html
    assert "whatif.js" not in html


def test_only_models_with_a_page_are_linked_and_the_dashboard_where_there_is_one() -> None:
    html = page.models_page(["a", "b"], {"a": None})
    assert '<a href="models/a">a</a>' in html
    assert 'href="models/b"' not in html
    assert "POST v1/models/b:explain" in html
    assert "dashboard" not in html
    assert '<a href="dashboard">' in page.models_page([], {}, dashboard=True)
    # a name of its own direction turns nothing beside it
    assert page.page_links([("x.html", "May")]) == ['<a href="pages/x.html"><bdi>May</bdi></a>']


def test_the_way_back_is_the_list_of_models_from_wherever_one_is() -> None:
    assert '<a href="./">What there is</a>' in page.lost_page("no", "")
    deep = page.lost_page("no", "../../")
    assert '<a href="../../">What there is</a>' in deep
    assert 'href="../../static/limelight.css"' in deep


def test_a_wrong_token_is_said_and_only_then() -> None:
    assert "That is not the token" in page.login_page(wrong=True)
    assert "That is not the token" not in page.login_page(wrong=False)
    assert 'type="password"' in page.login_page(wrong=False)


def test_further_sheets_are_found_from_the_root() -> None:
    assert 'href="../static/board.css"' in page.filled("t", "b", root="../", sheets=["board.css"])
