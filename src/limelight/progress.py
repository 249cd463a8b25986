"""A progress bar for long work: silent in scripts, absent without tqdm, and late, so that quick work shows nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

from limelight.errors import MissingDependencyError
from limelight.optional import require

T = TypeVar("T")

DELAY_SECONDS = 2.0
"""Work that ends sooner needs no bar."""


def progress(items: Iterable[T], *, total: int | None = None, what: str = "explained") -> Generator[T, None, None]:
    """Yield the items, and show on stderr how many have passed.

    Parameters
    ----------
    items
        Anything iterable; it is not consumed ahead.
    total
        How many there will be, where known; None shows a count without an end.
    what
        The word beside the bar.

    The bar appears after two seconds, in a notebook or where stderr is a terminal. Without tqdm there is none.

    >>> list(progress([1, 2, 3], total=3))
    [1, 2, 3]
    """
    try:
        bar = require("tqdm.auto", "cli").tqdm
    except MissingDependencyError:
        yield from items
        return
    # disable=None: only where stderr is a terminal (a notebook's bar ignores it, and shows)
    yield from bar(items, total=total, desc=what, delay=DELAY_SECONDS, disable=None, leave=False)
