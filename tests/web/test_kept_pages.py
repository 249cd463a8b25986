"""Pages that were written before are shown as they are, in a sandbox, and no other file is.

The claims of `web/kept.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from aside import aside
from limelight.errors import InputError
from limelight.result.schema import to_json

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")
httpx = pytest.importorskip("httpx")
pytest.importorskip("pyarrow")

from limelight.web import create  # noqa: E402
from limelight.web.kept import Kept  # noqa: E402

TOKEN = "a-token-of-twenty-letters"


def get(app: Any, path: str, **headers: str) -> Any:
    async def sent() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return aside(sent())


@pytest.fixture
def many(tmp_path: Path) -> tuple[Path, ll.Explanations]:
    X = np.random.default_rng(0).normal(size=(40, 2))
    explainer = ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X, names=["a", "b"]), seed=0)
    found = explainer.explain_all(X)
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(to_json(each) for each in found), encoding="utf-8")
    return file, found


def test_an_audit_is_linked_and_shown_as_it_was_written(many: Any, tmp_path: Path) -> None:
    file, found = many
    page = tmp_path / "_the audit.html"
    written = ll.audit(found).to_html(page)
    app = create({}, explanations=file, pages=[page])
    title = written.partition("<title>")[2].partition("</title>")[0]
    for place in ("/dashboard", "/"):
        shown = get(app, place, accept="text/html").text
        assert 'href="pages/the-audit"' in shown
        assert title in shown
    answer = get(app, "/pages/the-audit")
    assert answer.text == written
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert policies[0].startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policies[0]
    assert answer.headers["x-content-type-options"] == "nosniff"
    written_again = page.write_text("<title>&lt;b&gt; new</title>", encoding="utf-8")
    assert written_again
    assert "&lt;b&gt; new" in get(app, "/dashboard").text
    page.unlink()
    assert "pages/" not in get(app, "/dashboard").text
    assert get(app, "/pages/the-audit").status_code == 404


def test_pages_in_a_folder_are_found_and_nothing_else_of_it_is_shown(tmp_path: Path) -> None:
    (tmp_path / "_drift.html").write_text("<title>From May to June</title>", encoding="utf-8")
    (tmp_path / "secret.html").write_text("secret", encoding="utf-8")
    (tmp_path / "_limelight.json").write_text("{}", encoding="utf-8")
    kept = Kept(folder=tmp_path)
    assert kept.titles() == [("drift", "From May to June")]
    assert Kept([tmp_path / "_drift.html"], tmp_path).titles() == kept.titles()


def test_no_other_file_is_read_and_the_token_is_asked_for(many: Any, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    page.write_text("<p>nothing", encoding="utf-8")
    app = create({}, explanations=many[0], pages=[page], token=TOKEN, hosts=())
    assert get(app, "/pages/audit").status_code == 401
    known = {"authorization": f"Bearer {TOKEN}"}
    assert get(app, "/pages/audit", **known).text == "<p>nothing"
    for name in ("audit.html", "..%2faudit.html", "many", "_audit", "%2e%2e%2faudit"):
        assert get(app, f"/pages/{name}", **known).status_code == 404


def test_what_is_no_page_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the file of a page"):
        Kept([tmp_path / "missing.html"])
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="expected the file of a page"):
        Kept([tmp_path / "a.txt"])
    for name in ("_a.html", "a.html"):
        (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="have the same name"):
        Kept([tmp_path / "a.html", tmp_path / "_a.html"])
