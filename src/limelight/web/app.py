"""The application: which address answers what.

Input: explainers by name. Output: an ASGI application: KServe's V1 protocol, the Open Inference Protocol v2, health,
metrics, and the live page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.optional import require
from limelight.web import tensors
from limelight.web.answering import QUESTIONS, VERBS, Models, said
from limelight.web.crew import Crew, Processes, Threads
from limelight.web.dashboard import Dashboard
from limelight.web.guard import LOOPBACK, Guard
from limelight.web.kept import Kept
from limelight.web.queue import Queue
from limelight.web.site import Site, nowhere, queued, response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ASKED = [*VERBS, *QUESTIONS]
"""What comes after the colon of an address."""


def create(
    explainers: Mapping[str, Explainer],
    *,
    start: Mapping[str, Any] | None = None,
    explanations: str | Path | None = None,
    pages: Collection[str | Path] = (),
    token: str | None = None,
    hosts: Collection[str] = LOOPBACK,
    workers: int = 1,
    body_limit: int = 10_000_000,
    waiting: int = 1000,
    patience: float = 30.0,
) -> Guard:
    """Return the service and live page of some models, for any ASGI server.

    Parameters
    ----------
    explainers
        By the name under which each is asked: ``POST /v1/models/{name}:explain``.
    start
        For each name the instance with which its page begins: a row as a list in column order, or a text. A model
        without one is served, and has no page.
    explanations
        A job's folder, or a file of explanations, that is shown at ``/dashboard``.
    pages
        Pages that were written before, such as those of `audit`, `compare`, `drift` and `report`, to be shown beside it
        at ``/pages/{name}``. Those in the folder that are called ``_….html`` are shown without being named here.
    token
        Who asks must bring it, as ``Authorization: Bearer …`` or by the form at ``/login``; None for none.
    hosts
        Names under which the server may be addressed; empty for any. The default is this machine.
    workers
        1, the default, answers in threads of this process. More are that many processes beside it, each with explainers
        of its own: models that compute in Python answer as many questions at once. Answers are the same to the bit.
    body_limit
        Largest body of a request, in bytes; 10 MB hold 1,000 wide rows.
    waiting
        How many requests may be in hand at most, whatever they take.
    patience
        Seconds that a request may wait for its turn. One that is expected to wait longer is answered 503 at once, with
        the time after which to try again.

    Raises
    ------
    InputError
        If there is no model, a page is not there, a name does not fit into an address, a model cannot be sent to a
        worker process, or any host may ask without a token.
    MissingDependencyError
        If starlette is not installed; for worker processes, loky.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> app = create({"demo": Explainer(lambda X: X[:, 0], Tabular(X), seed=0)}, start={"demo": [0.0, 1.0]})
    >>> app.hosts
    ('127.0.0.1', 'localhost', '::1')
    """
    _check(explainers, explanations, token, hosts, workers)
    require("starlette", "web")
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.routing import Route

    models = Models(dict(explainers), dict(start or {}))
    crew: Crew = Threads(models) if workers == 1 else Processes(models, workers)
    server = Server(dict(explainers), crew, Queue(crew.size, waiting, patience))
    kept = Kept(pages, explanations)
    site = Site(models, token, kept, dashboard=explanations is not None)
    routes = [
        Route("/", site.front),
        Route("/login", site.login, methods=["GET", "POST"]),
        Route("/static/{name}", site.static),
        Route("/models/{model}", site.page),
        Route("/pages/{name}", kept.page),
        Route("/openapi.json", site.schema),
        *server.routes(),
    ]

    if explanations is not None:
        dashboard = Dashboard(explanations, kept)
        routes.append(Route("/dashboard", dashboard.page))
        routes.append(Route("/dashboard/{view}", dashboard.view, methods=["POST"]))

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        yield
        crew.close()

    # texts shrink to a third; a browser says that it takes them so
    smaller = Middleware(GZipMiddleware, minimum_size=2048, compresslevel=6)
    app = Starlette(routes=routes, lifespan=lifespan, middleware=[smaller], exception_handlers={404: nowhere})
    app.router.redirect_slashes = False  # it would name an address that a proxy's prefix is missing from
    return Guard(app, hosts, token, body_limit)


def _check(
    explainers: Mapping[str, Explainer],
    explanations: str | Path | None,
    token: str | None,
    hosts: Collection[str],
    workers: int,
) -> None:
    if not explainers and explanations is None:
        raise InputError("explainers: expected at least one, got none; pass {'name': Explainer(…)}.")
    for name in explainers:
        if not name or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise InputError(f"explainers: {name!r} does not fit into an address; use letters, digits, -, _ and dots.")
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers: expected a positive number of processes, got {workers!r}.")
    if token is None and not hosts:
        raise InputError("hosts: any name may be used with a token only; pass token=, or the names of this server.")
    if token is not None and len(token) < 16:
        raise InputError(
            f"token: expected at least 16 characters, got {len(token)}; secrets.token_urlsafe() makes one."
        )


class Server:
    """The answers of the service, one method for each address.

    Parameters
    ----------
    explainers
        As in `create`.
    crew
        Who answers.
    queue
        Who waits, and what was counted.
    """

    def __init__(self, explainers: dict[str, Explainer], crew: Crew, queue: Queue) -> None:
        self.explainers, self.crew, self.queue = explainers, crew, queue

    def routes(self) -> list[Any]:
        """Return which address is answered by which method."""
        from starlette.routing import Route

        return [
            Route("/healthz", self.health),
            Route("/metrics", self.metrics),
            Route("/v1/models", self.models),
            Route("/v1/models/{model:str}:{verb}", self.ask, methods=["POST"]),
            Route("/v1/models/{model}", self.model),
            Route("/v2", self.about),
            Route("/v2/health/{state}", self.health),
            Route("/v2/models/{model}", self.metadata),
            Route("/v2/models/{model}/ready", self.model),
            Route("/v2/models/{model}/infer", self.infer, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Answer ``POST /v1/models/{model}:{verb}``."""
        verb = request.path_params["verb"]
        if verb not in ASKED:
            return response(said({"error": str(UnknownNameError("verb", verb[:80], ASKED))}, 404))
        return await self._asked(request, verb)

    async def infer(self, request: Request) -> Response:
        """Answer ``POST /v2/models/{model}/infer``."""
        return await self._asked(request, "infer")

    async def _asked(self, request: Request, verb: str) -> Response:
        model = request.path_params["model"]
        if model not in self.explainers:
            return self._unknown(model)
        body = await request.body()
        return await queued(self.queue, verb, lambda: self.crew.ask(model, verb, body), request.is_disconnected)

    async def models(self, request: Request) -> Response:
        """Answer which models there are, as KServe does."""
        return response(said({"models": list(self.explainers)}))

    async def model(self, request: Request) -> Response:
        """Answer whether a model is ready, as KServe does."""
        name = request.path_params["model"]
        if name in self.explainers:
            return response(said({"name": name, "ready": True}))
        return self._unknown(name)

    async def metadata(self, request: Request) -> Response:
        """Answer what a model takes, by the Open Inference Protocol."""
        name = request.path_params["model"]
        if name not in self.explainers:
            return self._unknown(name)
        return response(said(tensors.metadata(name, self.explainers[name].modality)))

    async def about(self, request: Request) -> Response:
        """Answer who this is, by the Open Inference Protocol."""
        from limelight import __version__

        return response(said({"name": "limelight", "version": __version__, "extensions": []}))

    async def health(self, request: Request) -> Response:
        """Answer that the server lives; models are loaded before it listens, so it is ready, too."""
        state = request.path_params.get("state")
        if state is None:
            return response(said({"status": "ok"}))
        known = state in ("live", "ready")
        return response(said({state: True} if known else {"error": "Ask for live or ready."}, 200 if known else 404))

    async def metrics(self, request: Request) -> Response:
        """Answer with what was counted, in the text that Prometheus reads."""
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(self.queue.metrics(), media_type="text/plain; version=0.0.4")

    def _unknown(self, name: str) -> Response:
        return response(said({"error": str(UnknownNameError("model", name[:80], self.explainers))}, 404))
