"""What a browser opens: the pages, the script and style sheets beside them, and the form that asks for the token.

Input: explainers by name, and the instances with which their pages begin. Output: responses.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING

from limelight.errors import UnknownNameError
from limelight.web.answering import Models, Said, said
from limelight.web.controls import alike
from limelight.web.crew import Gone
from limelight.web.guard import COOKIE, same
from limelight.web.kept import Kept
from limelight.web.page import login_page, lost_page, models_page, what_if_page
from limelight.web.queue import Busy, Left, Queue

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

STATIC = {
    "live.js": "text/javascript",
    "beside.js": "text/javascript",
    "whatif.js": "text/javascript",
    "pieces.js": "text/javascript",
    "dashboard.js": "text/javascript",
    "live.css": "text/css",
    "dashboard.css": "text/css",
    "limelight.css": "text/css",
}


class Site:
    """The pages, one method for each address.

    Parameters
    ----------
    models
        What is served.
    token
        As in `limelight.web.create`.
    kept
        Pages that were written before.
    dashboard
        Whether there is one.
    """

    def __init__(self, models: Models, token: str | None, kept: Kept, *, dashboard: bool = False) -> None:
        self.kept = kept
        self.explainers, self.start, self.token, self.dashboard = models.explainers, models.start, token, dashboard

    async def front(self, request: Request) -> Response:
        """Answer a browser with a list of the models that have a page, and anybody else as KServe's V1: alive."""
        from starlette.responses import HTMLResponse

        either = {"Vary": "Accept"}
        if not wants_page(request.headers.get("accept", "")):
            return response(said({"status": "alive"}), either)
        shown = models_page(list(self.explainers), self.start, self.kept.titles(), dashboard=self.dashboard)
        return HTMLResponse(shown, headers=either)

    async def page(self, request: Request) -> Response:
        """Answer with the live page of one model."""
        from starlette.responses import HTMLResponse

        name = request.path_params["model"]
        if name not in self.explainers:
            return lost(request, str(UnknownNameError("model", name[:80], self.explainers)))
        modality = self.explainers[name].modality
        others = [other for other, each in self.explainers.items() if other != name and alike(modality, each.modality)]
        return HTMLResponse(what_if_page(name, modality, self.start.get(name), others))

    async def static(self, request: Request) -> Response:
        """Answer with the script or a style sheet; nothing else lies there."""
        from starlette.responses import Response

        from limelight.views.html import sheet

        name = request.path_params["name"]
        if name not in STATIC:
            return response(said({"error": "There is no such file."}, 404))
        return Response(sheet(name) if name == "limelight.css" else _file(name), media_type=STATIC[name])

    async def schema(self, request: Request) -> Response:
        """Answer with the description of the service, in the form of OpenAPI, with the models that there are."""
        found = json.loads(_file("openapi.json"))
        for methods in found["paths"].values():
            for operation in methods.values():
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = {"enum": list(self.explainers)}
        return response(said(found))

    async def login(self, request: Request) -> Response:
        """Ask for the token, and keep it in a cookie that no script reads and no other site sends."""
        from urllib.parse import parse_qs

        from starlette.responses import HTMLResponse, RedirectResponse

        if request.method == "GET" or self.token is None:
            return HTMLResponse(login_page(wrong=False))
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
        if not same(given, self.token):
            return HTMLResponse(login_page(wrong=True), status_code=401)
        answer = RedirectResponse("./", status_code=303)
        answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer


def wants_page(accept: str) -> bool:
    """Return whether a request would rather have HTML than JSON: browsers name it, programs say nothing or anything.

    Parameters
    ----------
    accept
        The header of that name (RFC 9110, 12.5.1).

    >>> wants_page("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), wants_page("*/*"), wants_page("")
    (True, False, False)
    """
    shares = {"text/html": 0.0, "application/json": 0.0}
    for each in accept.lower().split(","):
        kind, *options = [part.strip() for part in each.split(";")]
        if kind in shares:
            shares[kind] = next((_share(option[2:]) for option in options if option.startswith("q=")), 1.0)
    return shares["text/html"] > 0 and shares["text/html"] >= shares["application/json"]


def _share(text: str) -> float:
    """Return a quality of 0 to 1; what is none is not wanted."""
    try:
        found = float(text)
    except ValueError:
        return 0.0
    if 0 <= found <= 1:
        return found
    return 0.0


async def nowhere(request: Request, error: Exception) -> Response:
    """Answer that there is nothing at an address, in the form that is asked for."""
    return lost(request, "There is nothing at this address.")


def lost(request: Request, sentence: str) -> Response:
    """Return a page with the way back for a browser, JSON for a program, and 404 for both."""
    from starlette.responses import HTMLResponse

    if not wants_page(request.headers.get("accept", "")):
        return response(said({"error": sentence}, 404))
    return HTMLResponse(lost_page(sentence, "../" * (request.url.path.count("/") - 1)), 404)


async def queued(
    queue: Queue, verb: str, question: Callable[[], Awaitable[Said]], gone: Callable[[], Awaitable[bool]]
) -> Response:
    """Return the answer to a question that waits for its turn, or when to come back; the rest as `Queue.run`."""
    try:
        return response(await queue.run(verb, question, gone))
    except Busy as busy:
        again, seconds = "So many requests wait that this one would wait too long; try again.", busy.seconds
    except Gone:
        again, seconds = "A worker process ended and took this request with it; try again.", 1
    except Left:
        return response(said({"error": "The connection was closed."}, 499))
    return response(said({"error": again}, 503), {"Retry-After": str(seconds)})


def response(what: Said, headers: dict[str, str] | None = None) -> Response:
    """Return an answer as a response."""
    from starlette.responses import Response

    return Response(what.content, what.status, headers, media_type=what.kind)


def _file(name: str) -> str:
    return files("limelight.web").joinpath("static", name).read_text(encoding="utf-8")
