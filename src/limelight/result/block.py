"""A block of explanations as columns: `Writer` takes explanations apart, `Block` keeps them, `restore` makes one again.

`COLUMNS` says what is kept, and as what:

- ``"number"``, ``"whole"``: floats and integers of each row, end to end;
- ``"text"``: strings that differ from row to row, such as values and verdicts;
- the others are things that rows share, kept once in a list of the block, with a code in each row: ``"name"``, a
  string; ``"feature"``, a `Feature` without its value; ``"bins"``, the names of a column's bins; ``"document"``, a
  mapping such as the settings or a layout.

What has two axes, or a list for each target, is laid end to end, and a column of counts beside it says where to cut.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from limelight.contracts import Feature
from limelight.result.columns import Numbers, Strings, alone, each_of, joined, named
from limelight.result.effects import side_by_side
from limelight.result.explanation import Explanation
from limelight.result.open_block import OpenBlock

BY_TARGET = ("intercept", "prediction", "local_prediction", "fidelity", "fidelity_stderr", "r2")
OPTIONAL = ("additivity", "additivity_stderr", "gap", "center", "reference", "curve")
"""Fields that may be None; bit i of the column `given` says whether the i-th is there."""

COLUMNS: dict[str, str] = {
    "targets": "name",
    "features": "feature",
    "values": "text",
    "coef": "number",
    "stderr": "number",
    **dict.fromkeys(BY_TARGET, "number"),
    "given": "whole",
    "additivity": "number",
    "additivity_stderr": "number",
    "gap": "number",
    "center": "number",
    "reference": "number",
    "df": "number",
    "selected": "whole",
    "selected_count": "whole",
    "covariance": "number",
    "covariance_count": "whole",
    "output_names": "name",
    "output_values": "number",
    "layout": "document",
    "curve": "document",
    "ranking_order": "whole",
    "ranking_order_count": "whole",
    "ranking_certified": "whole",
    "ranking_cuts": "whole",
    "ranking_cuts_count": "whole",
    "ranking_contender": "whole",
    "ranking_doubt": "number",
    "effects_count": "whole",
    "effect_feature": "whole",
    "effect_own": "whole",
    "effect_names": "bins",
    "bin_share": "number",
    "bin_effect": "number",
    "bin_stderr": "number",
    "pairs_count": "whole",
    "pair_first": "whole",
    "pair_second": "whole",
    "pair_share": "number",
    "pair_share_stderr": "number",
    "pair_size": "number",
    "pair_stderr": "number",
    "verdicts": "text",
    "causes": "name",
    "seed": "name",
    "n_samples": "whole",
    "effective_sample_size": "number",
    "stopped": "name",
    "samples_needed": "whole",
    "estimator": "name",
    "kernel_width": "number",
    "shared": "whole",
    "warnings": "text",
    "settings": "document",
    "modality": "document",
    "versions": "document",
    "cost_rows": "whole",
    "cost_calls": "whole",
    "cost_seconds": "number",
    "path": "name",
}
ONCE = frozenset(
    "given df layout seed n_samples effective_sample_size stopped samples_needed estimator kernel_width shared "
    "settings modality versions cost_rows cost_calls cost_seconds path".split()
)
"""Columns with exactly one entry in each row."""
OFTEN_ALIKE = {"ranking_order": "selected", "effect_feature": "selected", "output_values": "prediction"}
"""Columns that are kept once where they say the same as another."""
PLAIN = ("number", "whole", "text")
_SHORT = 4096
"""Documents whose JSON is longer are hardly ever the same twice, and are told apart by identity alone."""
_MOST = 1 << 16
"""How many things are remembered, so that an endless stream of texts takes no memory for words long gone."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some explanations, as columns.

    Parameters
    ----------
    columns
        One for each name of `COLUMNS`.
    things
        For each column of codes what they stand for.
    size
        How many rows there are.
    """

    columns: dict[str, Numbers | Strings]
    things: dict[str, list[Any]]
    size: int

    def open(self) -> OpenBlock:
        """Return it ready to be read."""
        return OpenBlock(self)


class Interner:
    """Finds one thing for all that are equal, across blocks."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def same(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the thing of a key, made where it is new."""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[key] = make()
        return found

    def feature(self, feature: Feature) -> Feature:
        """Return the feature without the instance's own value."""
        # 1, True and 1.0 are equal and are not the same key of a column: how it is written tells them apart
        key = (feature.name, feature.where, repr(feature.where.key), feature.keep)
        found: Feature = self.same(key, lambda: Feature(feature.name, feature.where, keep=feature.keep))
        return found

    def document(self, document: Any) -> Any:
        """Return an equal document that was met before, or this one."""
        try:
            text = json.dumps(document)
        except (TypeError, ValueError):
            return document
        if len(text) > _SHORT:
            return document
        found = self.same(("document", text), lambda: document)
        if found == document:
            return found
        return document


class Writer:
    """Takes explanations apart into columns, one column of all of them after the other.

    Parameters
    ----------
    explanations
        Those of one block. They are held until it is closed, so that what they share can be told by identity.
    interner
        Of the whole set.
    """

    def __init__(self, explanations: Sequence[Explanation], interner: Interner) -> None:
        self._explanations = explanations
        self._interner = interner
        self._flat: dict[str, Any] = {}
        self._lengths: dict[str, Sequence[int]] = {}
        self._things: dict[str, list[Any]] = {name: [] for name, kind in COLUMNS.items() if kind not in PLAIN}
        self._codes: dict[str, dict[int, int]] = {name: {} for name in self._things}

    def block(self) -> Block:
        """Return the block."""
        self._facts()
        self._findings()
        self._curves()
        self._provenance()
        columns = {name: self._column(name, kind) for name, kind in COLUMNS.items()}
        for name, other in OFTEN_ALIKE.items():
            if self._lengths[name] == self._lengths[other] and _alike(self._flat[name], self._flat[other]):
                columns[name] = columns[other]
        return Block(columns, self._things, len(self._explanations))

    def _column(self, name: str, kind: str) -> Numbers | Strings:
        flat, lengths = self._flat[name], self._lengths[name]
        if kind == "text":
            return Strings.of(lengths, flat)
        return Numbers.of(lengths, flat if kind == "number" else np.array(flat, dtype=np.int64))

    # -- one column ---------------------------------------------------------------------------------------------------

    def _arrays(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keep for each row some arrays of numbers, end to end."""
        lengths: list[int] = []
        every = [np.empty(0)]
        for row in rows:
            flat = [np.asarray(array).reshape(-1) for array in row]
            lengths.append(sum(map(len, flat)))
            every += flat
        self._lengths[name] = lengths
        self._flat[name] = np.concatenate(every).astype(np.float64, copy=False)

    def _numbers(self, name: str, rows: Sequence[Sequence[float]]) -> None:
        """Keep for each row a list of numbers."""
        self._lengths[name] = list(map(len, rows))
        self._flat[name] = np.array(list(chain.from_iterable(rows)), dtype=np.float64)

    def _list(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Keep for each row a list of whole numbers or strings."""
        self._lengths[name] = list(map(len, rows))
        self._flat[name] = list(chain.from_iterable(rows))

    def _one(self, name: str, values: Sequence[Any]) -> None:
        """Keep one entry for each row."""
        self._lengths[name] = [1] * len(values)
        if COLUMNS[name] == "number":
            self._flat[name] = np.array(values, dtype=np.float64)
        else:
            self._flat[name] = list(values)

    def _cut(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Lay lists of indices end to end, and their lengths beside them."""
        self._list(name, [list(chain.from_iterable(map(_listed, row))) for row in rows])
        self._list(f"{name}_count", each_of(rows, len))

    def _shared(self, name: str, rows: Sequence[Sequence[Any]], same: Callable[[Any], Any]) -> None:
        """Keep for each row the codes of things that rows share."""
        # most rows share them one by one, and many the whole of them; identities hold, since explanations are held
        known: dict[int, int] = {}

        def code(thing: Any) -> int:
            found = known.get(id(thing))
            if found is None:
                found = known[id(thing)] = self._code(name, same(thing))
            return found

        self._list(name, each_of(rows, code))

    def _code(self, name: str, thing: Any) -> int:
        """Return the place of a thing in the block's list; it is held there, so that its identity stays its own."""
        codes = self._codes[name]
        found = codes.get(id(thing))
        if found is None:
            found = codes[id(thing)] = len(codes)
            self._things[name].append(thing)
        return found

    def _names(self, name: str, rows: Sequence[Sequence[str]]) -> None:
        known: dict[str, int] = {}

        def code(text: str) -> int:
            found = known.get(text)
            if found is None:
                found = known[text] = self._code(name, self._interner.same(text, lambda: text))
            return found

        self._list(name, each_of(rows, code))

    # -- all explanations ---------------------------------------------------------------------------------------------

    def _facts(self) -> None:
        rows = self._explanations
        self._names("targets", named(rows, "targets"))
        self._features()
        for name in ("coef", "stderr", *BY_TARGET):
            self._arrays(name, alone(named(rows, name)))
        self._one("df", named(rows, "df"))
        outputs = named(rows, "outputs")
        self._names("output_names", each_of(outputs, itemgetter(0)))
        self._numbers("output_values", each_of(outputs, itemgetter(1)))
        self._shared("layout", alone(named(rows, "layout")), self._interner.document)
        for name in OPTIONAL:
            there = [[] if value is None else [value] for value in named(rows, name)]
            if name == "curve":
                self._shared(name, there, self._interner.document)
            else:
                self._arrays(name, there)
        self._one("given", list(map(_given, rows)))

    def _features(self) -> None:
        """Keep features without the values of the instance, which are columns of their own."""
        rows = named(self._explanations, "features")
        self._list("values", each_of(rows, attrgetter("value")))
        known: dict[tuple[str, int, float], int] = {}
        met: dict[int, int] = {}

        def code(feature: Feature) -> int:
            found = met.get(id(feature))
            if found is None:
                # rows share the `where` of a column; the name says which bin
                key = (feature.name, id(feature.where), feature.keep)
                if key not in known:
                    known[key] = self._code("features", self._interner.feature(feature))
                found = met[id(feature)] = known[key]
            return found

        self._list("features", each_of(rows, code))

    def _findings(self) -> None:
        rows = self._explanations
        self._cut("selected", named(rows, "selected"))
        covariance = named(rows, "covariance")
        self._arrays("covariance", covariance)
        self._list("covariance_count", each_of(covariance, len))
        rankings = named(rows, "rankings")
        for name in ("order", "cuts"):
            self._cut(f"ranking_{name}", each_of(rankings, attrgetter(name)))
        for name in ("certified", "contender"):
            self._list(f"ranking_{name}", each_of(rankings, attrgetter(name)))
        self._numbers("ranking_doubt", each_of(rankings, attrgetter("doubt")))
        self._list("pairs_count", each_of(named(rows, "pairs"), len))
        pairs = [list(chain.from_iterable(each.pairs)) for each in rows]
        for name in ("first", "second"):
            self._list(f"pair_{name}", each_of(pairs, attrgetter(name)))
        for name in ("share", "share_stderr", "size", "stderr"):
            self._numbers(f"pair_{name}", each_of(pairs, attrgetter(name)))
        self._list("verdicts", named(rows, "verdicts"))
        self._names("causes", named(rows, "causes"))

    def _curves(self) -> None:
        rows = each_of(named(self._explanations, "curves"), side_by_side)
        self._list("effects_count", each_of(rows, len))
        # of each row the features of all its targets, end to end; so are the places and the names of their bins
        features, own, names = (joined(rows, name) for name in ("features", "own", "names"))
        self._list("effect_feature", features)
        self._list("effect_own", own)
        self._shared("effect_names", names, lambda bins: self._interner.same(bins, lambda: tuple(bins)))
        for at, name in enumerate(("bin_share", "bin_effect", "bin_stderr")):
            self._arrays(name, [[curves.numbers[at] for curves in row] for row in rows])

    def _provenance(self) -> None:
        rows = named(self._explanations, "provenance")
        # a seed may be larger than any integer of 64 bits
        self._names("seed", alone(map(str, named(rows, "seed"))))
        for name in ("n_samples", "samples_needed", "shared"):
            self._one(name, list(map(int, named(rows, name))))
        for name in ("effective_sample_size", "kernel_width"):
            self._one(name, named(rows, name))
        for name in ("stopped", "estimator", "path"):
            self._names(name, alone(named(rows, name)))
        for name in ("settings", "modality", "versions"):
            self._shared(name, alone(named(rows, name)), self._interner.document)
        self._list("warnings", named(rows, "warnings"))
        costs = named(rows, "cost")
        for column, name in (("rows", "model_rows"), ("calls", "model_calls"), ("seconds", "seconds")):
            self._one(f"cost_{column}", named(costs, name))


def _given(explanation: Explanation) -> int:
    """Return which of the optional fields there are, a bit for each."""
    bits = 0
    for bit, name in enumerate(OPTIONAL):
        if getattr(explanation, name) is not None:
            bits |= 1 << bit
    return bits


def _listed(indices: Any) -> list[int]:
    """Return indices as Python integers."""
    if isinstance(indices, np.ndarray):
        found: list[int] = indices.tolist()
        return found
    return list(map(int, indices))


def _alike(entries: Any, others: Any) -> bool:
    """Return whether two columns hold the same entries, bit by bit where they are numbers."""
    if isinstance(entries, np.ndarray):
        return bool(entries.tobytes() == others.tobytes())
    return bool(entries == others)
