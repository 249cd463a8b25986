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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature
from limelight.result.columns import Numbers, OpenColumn, Strings, starts_of
from limelight.result.effects import Effect
from limelight.result.explanation import Explanation

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


class Coded(NamedTuple):
    """A column of things that rows share, as codes: `starts` (n + 1,), `codes` end to end, and the `things`."""

    starts: NDArray[np.int64]
    codes: NDArray[np.int64]
    things: list[Any]


class OpenBlock:
    """A block that is being read: each column is opened when it is first asked for.

    Parameters
    ----------
    block
        The block; None where all columns are open already.
    columns
        Columns that are open.
    """

    def __init__(self, block: Block | None = None, columns: Mapping[str, OpenColumn] | None = None) -> None:
        self._block = block
        self._open = dict(columns or {})

    def column(self, name: str) -> OpenColumn:
        """Return a column, open; what stands for a thing that rows share is the thing."""
        found = self._open.get(name)
        if found is None:
            if self._block is None:
                raise KeyError(name)
            found = self._block.columns[name].open()
            if name in self._block.things:
                things = self._block.things[name]
                found = OpenColumn(found.starts, [things[code] for code in found.flat])
            self._open[name] = found
        return found

    def coded(self, name: str) -> Coded:
        """Return a column of things as codes, and what they stand for: many rows are then told apart at once."""
        if self._block is not None:
            packed = self._block.columns[name]
            if isinstance(packed, Numbers):
                starts = np.array(starts_of(packed.lengths))
                return Coded(starts, packed.flat.unpack().astype(np.int64), self._block.things[name])
        column = self.column(name)
        places: dict[int, int] = {}
        things: list[Any] = []
        codes = np.empty(len(column.flat), dtype=np.int64)
        for i, thing in enumerate(column.flat):
            codes[i] = places.setdefault(id(thing), len(places))
            if len(places) > len(things):
                things.append(thing)
        return Coded(np.array(column.starts), codes, things)

    def array(self, name: str, row: int) -> NDArray[Any]:
        """Return the numbers of one row, in memory of their own."""
        return np.array(self.column(name).at(row))

    def entries(self, name: str, row: int) -> list[Any]:
        """Return the entries of one row in a list: numbers, strings, or things."""
        found = self.column(name).at(row)
        return found.tolist() if isinstance(found, np.ndarray) else list(found)

    def one(self, name: str, row: int) -> Any:
        """Return the only entry of one row."""
        return self.entries(name, row)[0]


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
        return found if found == document else document


class Writer:
    """Takes explanations apart into columns.

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
        self._entries: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        self._lengths: dict[str, list[int]] = {name: [] for name in COLUMNS}
        self._things: dict[str, list[Any]] = {name: [] for name, kind in COLUMNS.items() if kind not in PLAIN}
        self._codes: dict[str, dict[int, int]] = {name: {} for name in self._things}
        self._documents: dict[int, Any] = {}

    def block(self) -> Block:
        """Return the block."""
        for explanation in self._explanations:
            self._facts(explanation)
            self._findings(explanation)
            self._curves(explanation)
            self._provenance(explanation)
        columns = {name: self._column(name, kind) for name, kind in COLUMNS.items()}
        for name, other in OFTEN_ALIKE.items():
            if self._lengths[name] == self._lengths[other] and _alike(self._entries[name], self._entries[other]):
                columns[name] = columns[other]
        return Block(columns, self._things, len(self._explanations))

    def _column(self, name: str, kind: str) -> Numbers | Strings:
        entries, lengths = self._entries[name], self._lengths[name]
        if kind == "text":
            return Strings.of(lengths, entries)
        if kind == "number":
            return Numbers.of(lengths, np.concatenate([np.empty(0), *entries]))
        return Numbers.of(lengths, np.array(entries, dtype=np.int64))

    # -- one row of one column ----------------------------------------------------------------------------------------

    def _numbers(self, name: str, values: Any) -> None:
        array = np.asarray(values, dtype=np.float64).ravel()
        self._entries[name].append(array)
        self._lengths[name].append(len(array))

    def _list(self, name: str, values: Iterable[Any]) -> None:
        entries = self._entries[name]
        before = len(entries)
        entries.extend(values)
        self._lengths[name].append(len(entries) - before)

    def _shared(self, name: str, things: Iterable[Any], same: Callable[[Any], Any]) -> None:
        self._list(name, [self._code(name, same(thing)) for thing in things])

    def _code(self, name: str, thing: Any) -> int:
        """Return the place of a thing in the block's list; it is held there, so that its identity stays its own."""
        codes = self._codes[name]
        code = codes.get(id(thing))
        if code is None:
            code = codes[id(thing)] = len(codes)
            self._things[name].append(thing)
        return code

    def _names(self, name: str, values: Iterable[str]) -> None:
        self._shared(name, values, lambda value: self._interner.same(value, lambda: value))

    # -- one explanation ----------------------------------------------------------------------------------------------

    def _facts(self, explanation: Explanation) -> None:
        self._names("targets", explanation.targets)
        self._shared("features", explanation.features, self._interner.feature)
        self._list("values", [feature.value for feature in explanation.features])
        for name in ("coef", "stderr", *BY_TARGET):
            self._numbers(name, getattr(explanation, name))
        self._numbers("df", [explanation.df])
        self._names("output_names", [name for name, _ in explanation.outputs])
        self._numbers("output_values", [value for _, value in explanation.outputs])
        self._shared("layout", [explanation.layout], self._interner.document)
        given = 0
        for bit, name in enumerate(OPTIONAL):
            value = getattr(explanation, name)
            given |= (value is not None) << bit
            if name == "curve":
                self._shared(name, [] if value is None else [value], self._interner.document)
            else:
                self._numbers(name, [] if value is None else value)
        self._list("given", [given])

    def _findings(self, explanation: Explanation) -> None:
        self._cut("selected", explanation.selected)
        triangles = explanation.covariance
        self._numbers("covariance", np.concatenate([np.empty(0), *triangles]))
        self._list("covariance_count", [len(each) for each in triangles])
        rankings = explanation.rankings
        self._cut("ranking_order", [each.order for each in rankings])
        self._cut("ranking_cuts", [each.cuts for each in rankings])
        self._list("ranking_certified", [each.certified for each in rankings])
        self._list("ranking_contender", [each.contender for each in rankings])
        self._numbers("ranking_doubt", [each.doubt for each in rankings])
        pairs = [pair for of_target in explanation.pairs for pair in of_target]
        self._list("pairs_count", [len(of_target) for of_target in explanation.pairs])
        for name in ("first", "second"):
            self._list(f"pair_{name}", [getattr(pair, name) for pair in pairs])
        for name in ("share", "share_stderr", "size", "stderr"):
            self._numbers(f"pair_{name}", [getattr(pair, name) for pair in pairs])
        self._list("verdicts", explanation.verdicts)
        self._names("causes", explanation.causes)

    def _cut(self, name: str, lists: Sequence[Any]) -> None:
        """Lay lists of indices end to end, and their lengths beside them."""
        self._list(name, [int(index) for each in lists for index in each])
        self._list(f"{name}_count", [len(each) for each in lists])

    def _curves(self, explanation: Explanation) -> None:
        effects: list[Effect] = [effect for curves in explanation.curves for effect in curves]
        self._list("effects_count", [len(curves) for curves in explanation.curves])
        self._list("effect_feature", [effect.feature for effect in effects])
        self._list("effect_own", [effect.own for effect in effects])
        self._shared(
            "effect_names", effects, lambda effect: self._interner.same(effect.names, lambda: tuple(effect.names))
        )
        for column, field in (("bin_share", "shares"), ("bin_effect", "effects"), ("bin_stderr", "stderr")):
            self._numbers(column, np.concatenate([np.empty(0), *[getattr(effect, field) for effect in effects]]))

    def _provenance(self, explanation: Explanation) -> None:
        provenance = explanation.provenance
        # a seed may be larger than any integer of 64 bits
        self._names("seed", [str(provenance.seed)])
        for name in ("n_samples", "samples_needed", "shared"):
            self._list(name, [int(getattr(provenance, name))])
        for name in ("effective_sample_size", "kernel_width"):
            self._numbers(name, [getattr(provenance, name)])
        for name in ("stopped", "estimator", "path"):
            self._names(name, [getattr(provenance, name)])
        for name in ("settings", "modality", "versions"):
            self._shared(name, [getattr(provenance, name)], self._document)
        self._list("warnings", provenance.warnings)
        self._list("cost_rows", [provenance.cost.model_rows])
        self._list("cost_calls", [provenance.cost.model_calls])
        self._numbers("cost_seconds", [provenance.cost.seconds])

    def _document(self, document: Any) -> Any:
        """Return a document that explanations of one explainer share; most are the very same object."""
        # identities hold while the block is written, since its explanations are held
        found = self._documents.get(id(document))
        if found is None:
            found = self._documents[id(document)] = self._interner.document(document)
        return found


def _alike(entries: list[Any], others: list[Any]) -> bool:
    """Return whether two columns hold the same entries."""
    if entries and isinstance(entries[0], np.ndarray):
        return b"".join(map(np.ndarray.tobytes, entries)) == b"".join(map(np.ndarray.tobytes, others))
    return entries == others
