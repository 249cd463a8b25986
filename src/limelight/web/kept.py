"""Pages that were written before and are shown beside the rest: audits, comparisons, drift, reports.

Input: HTML files. Output: each at an address of its own, in a sandbox: whatever a file holds, it reads and sends
nothing of this server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from limelight.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A page's own style and script run as those of nobody: without cookies, and no request leaves."""
HEAD_BYTES = 1 << 16
_TITLE = re.compile(r"<title>(.*?)</title>", re.S | re.I)


class Kept:
    """Pages by name, read when they are asked for: a page that a nightly job writes anew is shown anew.

    Parameters
    ----------
    files
        HTML files; the name of each, without its ending and what does not fit into an address, is its own.
    folder
        Where explanations are: its pages are shown, too, which are called ``_….html`` so that whoever reads the folder
        as one table passes over them.

    Raises
    ------
    InputError
        If a file is not there or is no page, or two have one name.
    """

    def __init__(self, files: Iterable[str | Path] = (), folder: str | Path | None = None) -> None:
        self.pages: dict[str, Path] = {}
        if folder is not None and Path(folder).is_dir():
            beside = sorted(Path(folder).glob("_*.html"))
        else:
            beside = []
        for file in dict.fromkeys(each.resolve() for each in (*map(Path, files), *beside)):
            name = re.sub(r"[^\w.-]+", "-", file.stem.lstrip("_"), flags=re.ASCII).strip("-.") or "page"
            if not file.is_file() or file.suffix.lower() not in (".html", ".htm"):
                raise InputError(f"pages: expected the file of a page, such as audit.html, got '{file}'.")
            if name in self.pages:
                raise InputError(f"pages: '{self.pages[name]}' and '{file}' have the same name; rename one.")
            self.pages[name] = file

    def titles(self) -> list[tuple[str, str]]:
        """Return (name, title) of each page that is there now."""
        return [(name, _title(file) or name) for name, file in self.pages.items() if file.is_file()]

    async def page(self, request: Request) -> Response:
        """Answer with one page."""
        from starlette.responses import HTMLResponse, PlainTextResponse

        name = request.path_params["name"]
        file = self.pages.get(name)
        if file is None or not file.is_file():
            return PlainTextResponse(str(UnknownNameError("page", name[:80], self.pages)), 404)
        text = file.read_text(encoding="utf-8", errors="replace")
        return HTMLResponse(text, headers={"content-security-policy": POLICY})


def _title(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as opened:
        found = _TITLE.search(opened.read(HEAD_BYTES))
    if found:
        return " ".join(unescape(found.group(1)).split())
    return ""
