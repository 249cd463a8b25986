"""The dashboard: many explanations, asked by a page that sends a filter and receives sums, samples and few rows.

Input: a source of explanations. Output: responses. Nothing is asked of any model, and nothing is kept of a question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limelight.errors import InputError, LimelightError, UnknownNameError
from limelight.jobs.worker import give_back
from limelight.overview.board import Filter, Rows
from limelight.overview.board_reading import Source
from limelight.web.answering import Said, read, said
from limelight.web.board_page import dashboard_page
from limelight.web.kept import Kept
from limelight.web.queue import Queue
from limelight.web.service import drawn
from limelight.web.site import queued

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROWS_AT_ONCE = 25
SWARMED = 10
"""Features whose contributions are shown as points."""
WAITING, PATIENCE = 100, 30.0
"""How many questions may wait for their turn, and how many seconds each."""
KEPT_TWICE = 3_000_000
"""Rows up to which the rows of two filters are kept; beyond, of one."""
BOUNDS = ("low", "high")


class Dashboard:
    """The dashboard of one folder or file, one method for each address.

    Parameters
    ----------
    path
        A job's folder, or a file of explanations.
    kept
        Pages about them that were written before.

    Raises
    ------
    InputError
        If it holds none.
    """

    def __init__(self, path: str | Path, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        # one after the other: ten people who look at ten million rows would take ten times the memory at once
        self.queue = Queue(1, WAITING, PATIENCE)
        self.source = Source(path)
        self.board = self.source.board()
        self.views: dict[str, Callable[[Filter, Any], Any]] = {
            "overview": self.overview,
            "effect": self.effect,
            "examples": self.examples,
            "rows": self.rows,
            "row": self.row,
        }
        # whoever goes back and forth between two filters is not kept waiting; a set of rows takes 4 MB at a million
        filters = 2 if len(self.board) <= KEPT_TWICE else 1
        self._chosen: Callable[[Filter], Rows] = lru_cache(filters)(self.board.chosen)

    async def page(self, request: Request) -> Response:
        """Answer with the page."""
        from starlette.responses import HTMLResponse

        return HTMLResponse(dashboard_page(self.source.path.name, self.board, self.kept.titles()))

    async def view(self, request: Request) -> Response:
        """Answer ``POST /dashboard/{view}``."""
        name, body = request.path_params["view"], await request.body()
        question = partial(asyncio.to_thread, self.answer, name, body)
        return await queued(self.queue, "view", question, request.is_disconnected)

    def answer(self, name: str, body: bytes) -> Said:
        """Return what a view shows of the rows that a body's filter means."""
        try:
            if name not in self.views:
                return said({"error": str(UnknownNameError("view", name[:80], self.views))}, 404)
            question = read(body)
            if not isinstance(question, Mapping):
                raise InputError("body: expected a JSON object.")
            answer = said(self.views[name](self.filter(question.get("filter")), question))
            give_back()
            return answer
        except InputError as error:
            return said({"error": str(error)}, 400)
        except LimelightError as error:
            return said({"error": str(error)}, 500)

    def filter(self, given: Any) -> Filter:
        """Return a filter as it was sent.

        Raises
        ------
        InputError
            If it names what there is not.
        """
        given = {} if given is None else given
        known = {field.name for field in fields(Filter)}
        if not isinstance(given, Mapping) or not set(given) <= known:
            raise InputError(f"filter: expected an object with some of {sorted(known)}.")
        board = self.board
        sizes = {
            "target": len(board.targets),
            "reason": len(board.features),
            "condition": len(board.conditions),
            "cause": len(board.causes),
        }
        for name, value in given.items():
            if value is None and name != "target":
                continue
            if name in BOUNDS:
                _check(name, isinstance(value, (int, float)) and not isinstance(value, bool), "a number")
            elif name == "direction":
                _check(name, value in (1, -1), "1 or -1")
            else:
                _check(name, _is_code(value, sizes[name]), f"a number below {sizes[name]}")
        return Filter(**given)

    def overview(self, filter: Filter, question: Any) -> Any:
        """Return how many rows there are, importance, a swarm of points, and the map of fidelity."""
        rows, side = self._chosen(filter), self.board.side(filter.target)
        importance = self.board.importance(rows, side)
        swarm = self.board.swarm(rows, [each["code"] for each in importance[:SWARMED]], side)
        fidelity = self.board.fidelity_map(rows, side)
        return {"count": len(rows), "importance": importance, "swarm": swarm, "map": fidelity}

    def effect(self, filter: Filter, question: Any) -> Any:
        """Return what every condition of a feature does."""
        feature = question.get("feature")
        _check("feature", _is_code(feature, len(self.board.features)), "the number of a feature")
        bins = self.board.effect(self._chosen(filter), feature, self.board.side(filter.target))
        return {"feature": self.board.features[feature], "bins": bins}

    def examples(self, filter: Filter, question: Any) -> Any:
        """Return few rows that together show what matters."""
        return {"rows": self._listed(filter, self.board.examples(self._chosen(filter)))}

    def rows(self, filter: Filter, question: Any) -> Any:
        """Return some rows, from an offset on."""
        rows = self._chosen(filter)
        at = question.get("offset", 0)
        _check("offset", _is_code(at, len(rows) + 1), "a number of rows")
        return {"count": len(rows), "offset": at, "rows": self._listed(filter, rows[at : at + ROWS_AT_ONCE])}

    def _listed(self, filter: Filter, rows: Rows) -> list[dict[str, Any]]:
        shown = self.board.shown(rows, self.board.side(filter.target))
        ids = self.source.ids(rows.tolist())
        return [{"id": each, **row} for each, row in zip(ids, shown, strict=True)]

    def row(self, filter: Filter, question: Any) -> Any:
        """Return one explanation, drawn."""
        place = question.get("place")
        _check("place", _is_code(place, len(self.board)), "the place of a row")
        return {"article": drawn(self.source.explanation(place)), "id": self.source.ids([place])[0]}


def _is_code(value: Any, size: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def _check(name: str, fits: bool, expected: str) -> None:
    if not fits:
        raise InputError(f"{name}: expected {expected}.")
