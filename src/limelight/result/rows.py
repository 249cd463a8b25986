"""One row of a block: made an `Explanation` again, equal to the one that was taken apart, or only what is asked of it.

Arrays of what is made again are copies of a few numbers, so that an explanation that is kept does not keep its block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray
from limelight.errors import InputError
from limelight.ranking import Ranking
from limelight.result.block import BY_TARGET, OPTIONAL
from limelight.result.columns import cut
from limelight.result.effects import Curves, Interaction
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.result.failure import Failure
from limelight.result.open_block import OpenBlock


def restore(block: OpenBlock, row: int) -> Explanation:
    """Return one row of a block as the explanation that it was."""
    made = block.made(row)
    if made is not None:
        return made
    targets = tuple(block.entries("targets", row))
    features = _features(block, row)
    shape = (len(targets), len(features))
    by_target: dict[str, Any] = {name: block.array(name, row) for name in BY_TARGET}
    pieces = cut(block.array("covariance", row), block.column("covariance_count").at(row))
    return Explanation(
        features=features,
        targets=targets,
        coef=block.array("coef", row).reshape(shape),
        stderr=block.array("stderr", row).reshape(shape),
        **by_target,
        selected=tuple(
            cut(np.array(block.entries("selected", row), dtype=np.int64), block.column("selected_count").at(row))
        ),
        covariance=tuple([_single(piece) for piece in pieces]),
        outputs=tuple(zip(block.entries("output_names", row), block.entries("output_values", row), strict=True)),
        layout=block.one("layout", row),
        provenance=_provenance(block, row),
        rankings=_rankings(block, row),
        df=block.one("df", row),
        **_optional(block, row),
        curves=_curves(block, row),
        pairs=_pairs(block, row),
        verdicts=tuple(block.entries("verdicts", row)),
        causes=tuple(block.entries("causes", row)),
    )


def _features(block: OpenBlock, row: int) -> tuple[Feature, ...]:
    pairs = zip(block.entries("features", row), block.entries("values", row), strict=True)
    return tuple([Feature(each.name, each.where, value, each.keep) for each, value in pairs])


def _single(numbers: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    """Return a covariance in single precision where that loses nothing, which is how it is kept."""
    with np.errstate(over="ignore", under="ignore"):
        single = numbers.astype(np.float32)
    if np.array_equal(single, numbers, equal_nan=True):
        return single
    return numbers


def _optional(block: OpenBlock, row: int) -> dict[str, Any]:
    given = block.one("given", row)
    found: dict[str, Any] = {}
    for bit, name in enumerate(OPTIONAL):
        if not given >> bit & 1:  # the explanation had None here
            found[name] = None
        elif name == "curve":
            found[name] = block.one(name, row)
        else:
            found[name] = block.array(name, row)
    return found


def _rankings(block: OpenBlock, row: int) -> tuple[Ranking, ...]:
    orders = cut(
        np.array(block.entries("ranking_order", row), dtype=np.int64), block.column("ranking_order_count").at(row)
    )
    cuts = cut(block.entries("ranking_cuts", row), block.column("ranking_cuts_count").at(row))
    certified = block.entries("ranking_certified", row)
    contenders = block.entries("ranking_contender", row)
    doubts = block.entries("ranking_doubt", row)
    each = zip(orders, certified, cuts, contenders, doubts, strict=True)
    return tuple([Ranking(order, sure, tuple(cut), other, doubt) for order, sure, cut, other, doubt in each])


def first_is_open(block: OpenBlock, rows: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Return for some rows and targets whether the order of the first two features is open; None where not known.

    Parameters
    ----------
    block
        The block.
    rows, places
        (r,) which rows of it, and which of their targets.
    """
    if not block.ranked:
        return None
    counts, cut_counts = block.column("ranking_order_count"), block.column("ranking_cuts_count")
    found = np.zeros(len(rows), dtype=np.bool_)
    for at, (row, place) in enumerate(zip(rows.tolist(), places.tolist(), strict=True)):
        sizes, cuts = counts.at(row), cut_counts.at(row)
        if place < len(sizes):
            # cuts of all targets lie end to end; the first cut is after the first group of features in doubt
            before = int(sum(cuts[:place]))
            if cuts[place]:
                first = block.entries("ranking_cuts", row)[before]
            else:
                first = sizes[place]
            found[at] = first > 1
    return found


def _curves(block: OpenBlock, row: int) -> tuple[Curves, ...]:
    names = block.entries("effect_names", row)
    features, own = block.entries("effect_feature", row), block.entries("effect_own", row)
    numbers = np.stack([block.column(name).at(row) for name in ("bin_share", "bin_effect", "bin_stderr")])
    bins = list(accumulate(map(len, names), initial=0))
    found = []
    start = 0
    for count in block.entries("effects_count", row):
        end = start + count
        ends = tuple([place - bins[start] for place in bins[start : end + 1]])
        of_target = numbers[:, bins[start] : bins[end]].copy()
        labels = tuple(names[start:end])
        found.append(Curves(tuple(features[start:end]), labels, tuple(own[start:end]), ends, of_target))
        start = end
    return tuple(found)


def _pairs(block: OpenBlock, row: int) -> tuple[tuple[Interaction, ...], ...]:
    columns = ("pair_first", "pair_second", "pair_share", "pair_share_stderr", "pair_size", "pair_stderr")
    each = zip(*[block.entries(name, row) for name in columns], strict=True)
    pairs = [Interaction(*entries) for entries in each]
    return tuple([tuple(piece) for piece in cut(pairs, block.column("pairs_count").at(row))])


def _provenance(block: OpenBlock, row: int) -> Provenance:
    names = "n_samples effective_sample_size stopped samples_needed estimator kernel_width settings modality versions"
    facts = {name: block.one(name, row) for name in names.split()}
    cost = Cost(block.one("cost_rows", row), block.one("cost_calls", row), block.one("cost_seconds", row))
    return Provenance(
        **facts,
        seed=int(block.one("seed", row)),
        shared=bool(block.one("shared", row)),
        warnings=tuple(block.entries("warnings", row)),
        cost=cost,
        path=block.one("path", row),
    )


def target_position(target: str | int | None, names: Sequence[str]) -> int | None:
    """Return the place of a target among the names of an explanation's; None where it has no such."""
    if target is None:
        if names:
            return 0
        return None
    if isinstance(target, str):
        if target in names:
            return names.index(target)
        return None
    if 0 <= target < len(names):
        return int(target)
    return None


def shows(block: OpenBlock, row: int, feature: Any, target: str | int | None) -> bool:
    """Return whether an explanation shows a feature, for a target or for any."""
    found = set()
    for j, each in enumerate(block.entries("features", row)):
        if feature in (each.name, each.where.key):
            found.add(j)
    start = 0
    selected = block.entries("selected", row)
    if target is None:
        chosen = None
    else:
        chosen = target_position(target, block.entries("targets", row))
    for position, count in enumerate(block.entries("selected_count", row)):
        shown = selected[start : start + count]
        start += count
        if chosen in (None, position) and found.intersection(shown):
            return True
    return False


def contributions(block: OpenBlock, row: int, target: int) -> FloatArray:
    """Return (d,) the contributions to one target; see `Explanation.contributions`."""
    d = len(block.column("features").at(row))
    coef = block.column("coef").at(row)[target * d : (target + 1) * d]
    if not compared(block, row):
        return np.array(coef)
    return np.asarray(coef * (block.column("center").at(row) - block.column("reference").at(row)))


def compared(block: OpenBlock, row: int) -> bool:
    """Return whether an explanation says what its features are compared with; see `Explanation.compared`."""
    return bool(are_compared(np.array(block.one("given", row))))


def are_compared(given: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which explanations say what their features are compared with, by which of `OPTIONAL` each has."""
    both = sum(1 << OPTIONAL.index(name) for name in ("center", "reference"))
    return np.asarray(given & both == both)


def without_failures(explanations: Iterable[Any], failures: list[Failure]) -> Iterator[Any]:
    """Yield all but the failures, which are put into a list."""
    for each in explanations:
        if isinstance(each, Failure):
            failures.append(each)
        else:
            yield each


def checked(explanations: Iterable[Any]) -> Iterator[Explanation]:
    """Yield explanations.

    Raises
    ------
    InputError
        If one is none.
    """
    for position, explanation in enumerate(explanations):
        if not isinstance(explanation, Explanation):
            raise InputError(
                f"explanations: expected an Explanation at position {position}, got {type(explanation).__name__}; "
                "read dicts with Explanation.from_dict."
            )
        yield explanation


def counted(counts: Counter[str]) -> str:
    """Return the most frequent of some names, and how often each occurs."""
    shown = [f"{name} {count:,}" for name, count in counts.most_common(4)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more > 0 else "")


def seen(lists: Iterable[Iterable[str]]) -> list[str]:
    """Return every name once, in the order met."""
    found: dict[str, None] = {}
    for names in lists:
        found.update(dict.fromkeys(names))
    return list(found)
