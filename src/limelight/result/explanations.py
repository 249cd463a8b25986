"""**E**xplanations: many of them as columns, in a quarter of the memory; one is made again when it is asked for.

What `explain_many` streams is taken apart block by block (`block.Writer`): numbers of a few hundred explanations end to
end, what they share once. Nothing is rounded, so that each that comes back equals the one that went in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, LimelightError, MissingDependencyError, UnknownNameError
from limelight.optional import require
from limelight.result.batch import Batch, batch_of
from limelight.result.block import Block, Interner, Writer
from limelight.result.explanation import Explanation
from limelight.result.failure import Failure, hand_over
from limelight.result.open_block import Kept, OpenBlock, all_places
from limelight.result.rows import checked, contributions, counted, restore, seen, shows, target_position
from limelight.result.side_by_side import check_alike, check_one_target, first_targets

BLOCK = 512
"""Explanations that are laid side by side."""


class Explanations(Sequence[Explanation]):
    """Many explanations, kept as columns: about 1.5 KB for each row of a table of twelve columns.

    Made by `Explainer.explain_all`, or by `Explanations.of` from any iterable. An `Explanation` is put together when it
    is asked for, by index or by going through all. Slices, filtered sets and sums share the columns of what they come
    from. `failures` are what ``explain_all(…, on_error="record")`` could not explain; slices and files are without.

    Parameters
    ----------
    blocks
        The columns; `of` makes them.
    places
        (n, 2) for each explanation the number of its block, and its row there.
    target
        The target that `values` and `to_frame` speak of, see `filter`; None is the first of each explanation.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> explanations = Explainer(lambda X: 2 * X[:, 0] - X[:, 1], Tabular(X), seed=0).explain_all(X[:50])
    >>> len(explanations), explanations.values.shape
    (50, (50, 3))
    >>> explanations[7] == explanations[5:10][2]
    True
    """

    __slots__ = ("_blocks", "_last", "_places", "_target", "failures")

    def __init__(
        self, blocks: tuple[Kept, ...] = (), places: NDArray[np.int32] | None = None, target: str | int | None = None
    ) -> None:
        self._blocks = blocks
        self._places = all_places(blocks) if places is None else places
        self._target = target
        self.failures: tuple[Failure, ...] = ()
        self._last: tuple[int, OpenBlock] | None = None

    @classmethod
    def of(cls, explanations: Iterable[Explanation]) -> Explanations:
        """Return the set of some explanations, which are taken one at a time.

        Parameters
        ----------
        explanations
            A list, or a stream such as that of `explain_many`.

        Raises
        ------
        InputError
            If one is no `Explanation`.
        """
        if isinstance(explanations, Explanation) or not isinstance(explanations, Iterable):
            raise InputError(
                "explanations: expected many of them (a list, the stream of explain_many), "
                f"got {type(explanations).__name__}; put one into a list."
            )
        interner = Interner()
        blocks: list[Block] = []
        waiting: list[Explanation] = []
        try:
            for explanation in checked(explanations):
                waiting.append(explanation)
                if len(waiting) == BLOCK:
                    blocks.append(Writer(waiting, interner).block())
                    waiting = []
        except LimelightError as error:
            hand_over(error, cls((*blocks, Writer(waiting, interner).block())))
            raise
        if waiting:
            blocks.append(Writer(waiting, interner).block())
        return cls(tuple(blocks))

    # -- a sequence ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Explanation: ...

    @overload
    def __getitem__(self, index: slice | NDArray[np.int64]) -> Explanations: ...

    def __getitem__(self, index: int | slice | NDArray[np.int64]) -> Explanation | Explanations:
        """Return one explanation, or the set of some, by a slice or an array of positions."""
        if isinstance(index, slice | np.ndarray):
            return Explanations(self._blocks, self._places[index], self._target)
        block, row = self._places[range(len(self))[index]].tolist()
        return restore(self._opened(block), row)

    def __iter__(self) -> Iterator[Explanation]:
        for block, row in self._each():
            yield restore(block, row)

    def __add__(self, other: Explanations) -> Explanations:
        """Return the explanations of both, one after the other."""
        if not isinstance(other, Explanations):
            return NotImplemented
        shifted = other._places + np.array([len(self._blocks), 0], dtype=np.int32)
        target = self._target if self._target == other._target else None
        return Explanations(self._blocks + other._blocks, np.concatenate([self._places, shifted]), target)

    def __eq__(self, other: object) -> bool:
        """Return whether both hold equal explanations, in the same order."""
        if not isinstance(other, Explanations):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((len(self), hash(self[0]) if len(self) else 0))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the blocks that rows of this set lie in, and not what is open of them."""
        used, numbers = np.unique(self._places[:, 0], return_inverse=True)
        places = np.stack([numbers.astype(np.int32), self._places[:, 1]], axis=1)
        blocks = tuple([self._blocks[number] for number in used.tolist()])
        return {"_blocks": blocks, "_places": places, "_target": self._target, "failures": self.failures}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_blocks"], state["_places"], state["_target"])  # type: ignore[misc]
        self.failures = state.get("failures", ())

    def __repr__(self) -> str:
        """Return how many there are, of which targets, and what may be made of them."""
        targets: Counter[str] = Counter()
        causes: Counter[str] = Counter()
        for block, row in self._each():
            chosen = self._target_row(block, row)
            targets[block.entries("targets", row)[chosen]] += 1
            of_targets = block.entries("causes", row)
            causes[(of_targets[chosen] if chosen < len(of_targets) else "") or "not judged"] += 1
        if not targets:
            return "<Explanations: none>"
        return f"<Explanations: {len(self):,} ({counted(targets)}); verdicts: {counted(causes)}>"

    # -- some of them -------------------------------------------------------------------------------------------------

    def filter(self, *, target: str | int | None = None, feature: Any = None) -> Explanations:
        """Return the explanations of one target, or those that show one feature.

        Parameters
        ----------
        target
            Name or index. Keeps the explanations that have it; `values`, `base_values`, `data`, `to_frame` and
            `to_shap` of what is returned speak of it. None keeps what was chosen before.
        feature
            The name of a feature, as ``"age > 37"``, or what it is across instances, as the column ``"age"``. Keeps the
            explanations that show it, for the target chosen here or before; for any target where none was.

        Raises
        ------
        UnknownNameError
            If no explanation has it.
        """
        chosen = self._target if target is None else target
        kept = self
        if target is not None:
            rows = [target_position(target, names) is not None for names in self._column("targets")]
            if not any(rows):
                raise UnknownNameError("target", target, seen(self._column("targets")))
            kept = self._where(rows, chosen)
        if feature is None:
            return kept
        rows = [shows(block, row, feature, chosen) for block, row in kept._each()]
        if not any(rows):
            names = ([each.name for each in features] for features in kept._column("features"))
            raise UnknownNameError("feature", feature, seen(names))
        return kept._where(rows, chosen)

    def _where(self, rows: Sequence[bool], target: str | int | None) -> Explanations:
        return Explanations(self._blocks, self._places[np.array(rows, dtype=np.bool_)], target)

    # -- arrays -------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> FloatArray:
        """Return (n, d) what each feature contributes to the answer, for the target of `filter`, else the first.

        Raises
        ------
        InputError
            If the explanations have different features, as texts do, or their first targets are not the same.
        """
        check_alike(self._each, self._target)
        rows = [contributions(block, row, self._target_row(block, row)) for block, row in self._each()]
        return np.array(rows).reshape(len(self), self._width())

    @property
    def base_values(self) -> FloatArray:
        """Return (n,) where the contributions start; see `Explanation.base_values`."""
        check_one_target(self._each, self._target)
        found = np.empty(len(self))
        for i, (block, row) in enumerate(self._each()):
            chosen = self._target_row(block, row)
            local = block.column("local_prediction").at(row)[chosen]
            found[i] = local - contributions(block, row, chosen).sum()
        return found

    @property
    def data(self) -> NDArray[np.object_]:
        """Return (n, d) the instances' own values as strings, as they are shown; a feature's name where it has none.

        Raises
        ------
        InputError
            As `values`.
        """
        check_alike(self._each, self._target)
        found = np.empty((len(self), self._width()), dtype=object)
        for i, (block, row) in enumerate(self._each()):
            pairs = zip(block.entries("values", row), block.entries("features", row), strict=True)
            found[i] = [value or feature.name for value, feature in pairs]
        return found

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Return the names of the d features: what they are in all instances, as a column without the bin.

        Raises
        ------
        InputError
            As `values`.
        """
        check_alike(self._each, self._target)
        if not len(self):
            return ()
        block, row = next(self._each())
        features = block.entries("features", row)
        return tuple([str(each.where.key) if each.where.kind == "column" else each.name for each in features])

    # -- other libraries ----------------------------------------------------------------------------------------------

    def to_frame(self) -> Any:
        """Return one tidy row per explanation, target and shown feature, in the library that the instances came in.

        That is pandas, polars or pyarrow for tables of these, pandas for everything else. Columns: `row`, the position
        in this set, and those of `Explanation.to_frame`. After ``filter(target=…)`` only rows of that target.
        """
        columns: dict[str, list[Any]] = {}
        for position, explanation in enumerate(self):
            chosen = None
            if self._target is not None:
                chosen = explanation.targets[explanation.target_index(self._target)]
            for entry in explanation.rows():
                if chosen is None or entry["target"] == chosen:
                    for name, value in {"row": position, **entry}.items():
                        columns.setdefault(name, []).append(value)
        library = self[0].provenance.modality.get("library") if len(self) else None
        if library == "polars":
            return require("polars", "cli").DataFrame(columns)
        if library == "pyarrow":
            return require("pyarrow", "cli").table(columns)
        return require("pandas", "notebook").DataFrame(columns)

    def to_shap(self) -> Any:
        """Return a `shap.Explanation` of these contributions, for the plots of the shap package.

        Its values are contributions against the average row, not Shapley values.

        Raises
        ------
        MissingDependencyError
            If shap is not installed.
        InputError
            As `values`.
        """
        try:
            shap = require("shap", "all")
        except MissingDependencyError as error:
            raise MissingDependencyError(
                "to_shap: the shap package is needed here and is not installed; install it with: pip install shap"
            ) from error
        values, names = self.values, list(self.feature_names)
        target = next(iter(first_targets(self._each, self._target)), None)
        return shap.Explanation(
            values=values,
            base_values=self.base_values,
            data=self.data,
            feature_names=names,
            output_names=target,
        )

    def to_parquet(self, path: str | Path, *, digits: int | None = None) -> None:
        """Write a Parquet file, one row for each explanation, in nested list columns; needs pyarrow.

        Parameters
        ----------
        path
            The file; it is replaced when all is written.
        digits
            Significant digits of the numbers that are kept, one fewer of their errors; None keeps every bit, and reads
            back equal. Three are what pictures show, in a third of the space.

        Raises
        ------
        InputError
            If `digits` is not from 1 to 15.
        """
        from limelight.result import parquet

        parquet.write(path, self.parts(), digits)

    @classmethod
    def from_parquet(cls, path: str | Path) -> Explanations:
        """Return the explanations that `to_parquet` wrote.

        Raises
        ------
        InputError
            If it is not such a file, was damaged, or was written by a later version of limelight.
        """
        from limelight.result import parquet

        try:
            return cls.of(parquet.read(path))
        except parquet.WRONG as error:
            if isinstance(error, InputError):
                raise
            raise parquet.damaged(path, error) from error

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _opened(self, number: int) -> OpenBlock:
        """Return a block, open; the last one stays so, since neighbors are often asked for one after the other."""
        last = self._last
        if last is None or last[0] != number:
            last = self._last = (number, self._blocks[number].open())
        return last[1]

    def parts(self) -> Iterator[tuple[OpenBlock, list[int]]]:
        """Yield runs of rows that lie in one block, in order: for what reads columns, such as files."""
        for start in range(0, len(self), BLOCK):
            for number, run in groupby(self._places[start : start + BLOCK].tolist(), key=lambda place: place[0]):
                yield self._opened(number), [row for _, row in run]

    def batches(self) -> Iterator[Batch]:
        """Yield what they contribute as arrays, a block at a time, in order: for what sums over many."""
        for block, rows, start in self.runs():
            yield batch_of(block, rows, start)

    def runs(self) -> Iterator[tuple[OpenBlock, NDArray[np.int64], int]]:
        """Yield each block, open, which of its rows are here, and the position of the first of them, in order."""
        numbers, rows = self._places[:, 0], self._places[:, 1].astype(np.int64)
        bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(self)]
        for start, stop in pairwise(bounds):
            if stop > start:
                yield self._opened(int(numbers[start])), rows[start:stop], start

    def _each(self) -> Iterator[tuple[OpenBlock, int]]:
        for block, rows in self.parts():
            for row in rows:
                yield block, row

    def _column(self, name: str) -> Iterator[list[Any]]:
        for block, row in self._each():
            yield block.entries(name, row)

    def _target_row(self, block: OpenBlock, row: int) -> int:
        found = target_position(self._target, block.entries("targets", row))
        if found is None:
            return 0
        return found

    def _width(self) -> int:
        return len(next(self._column("features"), []))
