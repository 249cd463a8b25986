"""The application: which address answers what, who waits, and what is counted.

Input: explainers by name. Output: an ASGI application: KServe's V1 protocol, health, metrics, and the live page.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from limelight.errors import InputError, LimelightError, UnknownNameError
from limelight.explainer import Explainer
from limelight.optional import require
from limelight.web import service
from limelight.web.guard import COOKIE, LOOPBACK, Guard, same
from limelight.web.page import login_page, models_page, what_if_page
from limelight.web.queue import Busy, Queue

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

VERBS: dict[str, Callable[[Explainer, Any], Any]] = {
    "predict": service.predict,
    "explain": service.explain,
    "whatif": service.what_if,
    "why": service.why,
    "page": service.page,
}
STATIC = {"live.js": "text/javascript", "live.css": "text/css", "limelight.css": "text/css"}
Answer = Callable[["Request"], Awaitable["Response"]]


def create(
    explainers: Mapping[str, Explainer],
    *,
    start: Mapping[str, Any] | None = None,
    token: str | None = None,
    hosts: Collection[str] = LOOPBACK,
    body_limit: int = 10_000_000,
    waiting: int = 32,
) -> Guard:
    """Return the service and live page of some models, for any ASGI server.

    Parameters
    ----------
    explainers
        By the name under which each is asked: ``POST /v1/models/{name}:explain``.
    start
        For each name the instance with which its page begins: a row as a list in column order, or a text. A model
        without one is served, and has no page.
    token
        Who asks must bring it, as ``Authorization: Bearer …`` or by the form at ``/login``; None for none.
    hosts
        Names under which the server may be addressed; empty for any. The default is this machine.
    body_limit
        Largest body of a request, in bytes; 10 MB hold 1,000 wide rows.
    waiting
        How many requests may be in hand; the next is answered 503, with the time after which to try again.

    Raises
    ------
    InputError
        If there is no model, a name does not fit into an address, or any host may ask without a token.
    MissingDependencyError
        If starlette is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> app = create({"demo": Explainer(lambda X: X[:, 0], Tabular(X), seed=0)}, start={"demo": [0.0, 1.0]})
    >>> app.hosts
    ('127.0.0.1', 'localhost', '::1')
    """
    _check(explainers, token, hosts)
    require("starlette", "web")
    from starlette.applications import Starlette
    from starlette.routing import Route

    server = Server(dict(explainers), dict(start or {}), token, Queue(waiting))
    routes = [
        Route("/", server.front),
        Route("/login", server.login, methods=["GET", "POST"]),
        Route("/healthz", server.health),
        Route("/metrics", server.metrics),
        Route("/static/{name}", server.static),
        Route("/models/{model}", server.page),
        Route("/v1/models", server.models),
        Route("/v1/models/{model:str}:{verb}", server.ask, methods=["POST"]),
        Route("/v1/models/{model}", server.model),
        Route("/openapi.json", server.static_schema),
    ]
    return Guard(Starlette(routes=routes), hosts, token, body_limit)


def _check(explainers: Mapping[str, Explainer], token: str | None, hosts: Collection[str]) -> None:
    if not explainers:
        raise InputError("explainers: expected at least one, got none; pass {'name': Explainer(…)}.")
    for name in explainers:
        if not name or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise InputError(f"explainers: {name!r} does not fit into an address; use letters, digits, -, _ and dots.")
    if token is None and not hosts:
        raise InputError("hosts: any name may be used with a token only; pass token=, or the names of this server.")
    if token is not None and len(token) < 16:
        raise InputError(
            f"token: expected at least 16 characters, got {len(token)}; secrets.token_urlsafe() makes one."
        )


class Server:
    """The answers, one method for each address.

    Parameters
    ----------
    explainers, start, token
        As in `create`.
    queue
        Who waits, and what was counted.
    """

    def __init__(
        self, explainers: dict[str, Explainer], start: dict[str, Any], token: str | None, queue: Queue
    ) -> None:
        self.explainers, self.start, self.token, self.queue = explainers, start, token, queue

    async def ask(self, request: Request) -> Response:
        """Answer ``POST /v1/models/{model}:{verb}``."""
        from starlette.responses import HTMLResponse, Response

        try:
            explainer, verb = self._found(request), request.path_params["verb"]
            if verb not in VERBS:
                raise UnknownNameError("verb", verb[:80], VERBS)
            said = await self.queue.run(verb, VERBS[verb], explainer, _read(await request.body()))
        except Busy:
            return _json({"error": "Too many requests wait; try again."}, 503, {"Retry-After": "1"})
        except UnknownNameError as error:
            return _json({"error": str(error)}, 404 if str(error).startswith(("model:", "verb:")) else 400)
        except InputError as error:
            return _json({"error": str(error)}, 400)
        except LimelightError as error:
            return _json({"error": str(error)}, 500)
        return HTMLResponse(said) if isinstance(said, str) else Response(_text(said), media_type="application/json")

    async def models(self, request: Request) -> Response:
        """Answer which models there are, as KServe does."""
        return _json({"models": list(self.explainers)})

    async def model(self, request: Request) -> Response:
        """Answer whether a model is ready, as KServe does."""
        try:
            self._found(request)
        except UnknownNameError as error:
            return _json({"error": str(error)}, 404)
        return _json({"name": request.path_params["model"], "ready": True})

    async def health(self, request: Request) -> Response:
        """Answer that the server lives."""
        return _json({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """Answer with what was counted, in the text that Prometheus reads."""
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(self.queue.metrics(), media_type="text/plain; version=0.0.4")

    async def static(self, request: Request) -> Response:
        """Answer with the script or a style sheet; nothing else lies there."""
        from starlette.responses import Response

        from limelight.views.html import sheet

        name = request.path_params["name"]
        if name not in STATIC:
            return _json({"error": "There is no such file."}, 404)
        if name == "limelight.css":
            return Response(sheet(name), media_type=STATIC[name])
        text = files("limelight.web").joinpath("static", name).read_text(encoding="utf-8")
        return Response(text, media_type=STATIC[name])

    async def static_schema(self, request: Request) -> Response:
        """Answer with the description of this service, in the form of OpenAPI."""
        from starlette.responses import Response

        text = files("limelight.web").joinpath("static", "openapi.json").read_text(encoding="utf-8")
        return Response(text, media_type="application/json")

    async def front(self, request: Request) -> Response:
        """Answer with a list of the models that have a page."""
        from starlette.responses import HTMLResponse

        return HTMLResponse(models_page(list(self.explainers), self.start))

    async def page(self, request: Request) -> Response:
        """Answer with the live page of one model."""
        from starlette.responses import HTMLResponse

        try:
            explainer = self._found(request)
        except UnknownNameError as error:
            return _json({"error": str(error)}, 404)
        name = request.path_params["model"]
        return HTMLResponse(what_if_page(name, explainer.modality, self.start.get(name)))

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

    def _found(self, request: Request) -> Explainer:
        name = request.path_params["model"]
        if name not in self.explainers:
            raise UnknownNameError("model", name[:80], self.explainers)
        return self.explainers[name]


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"body: expected JSON ({type(error).__name__}).") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _text(said: Any) -> str:
    return json.dumps(service.finite(said), allow_nan=False)


def _json(said: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    from starlette.responses import Response

    return Response(_text(said), status_code=status, media_type="application/json", headers=headers)
