"""Many explanations, read one at a time.

Input: a list, a stream or a file. Output: what each feature contributes, keyed by identity.

Only `Entry` is kept by who reads, never an explanation, so that a stream of any length takes the memory of its numbers.
Contributions are against the average row, as every view of one explanation shows them, not LIME's weights: the weight
of "capital gain = 0" is large on every row of a census, and says only what the few rich would lose. A feature is the
same in two explanations where `Feature.where` says so (a column, a word, a part), not where its name reads alike:
"age > 37" and "28 < age ≤ 37" are one column. Superpixel 7 of two pictures is not one thing, so for pictures and series
the caller says what it shows.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from limelight.contracts import Feature
from limelight.errors import InputError, UnknownNameError
from limelight.result import schema
from limelight.result.contributions import distance_of
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations as Columns
from limelight.result.failure import Failure
from limelight.result.open_block import SUM_TO_ONE, law_of
from limelight.result.opening import is_parquet, open_set

Explanations = Iterable[Explanation] | str | Path
"""A list, a set, any iterable; the path of a file with one explanation as JSON in each line, of a .parquet file, or of
a folder of these, such as a job's."""
Name = Callable[[Explanation, Feature], Hashable]
"""What a feature is called across explanations; None leaves it out."""

OWN_NUMBERING = {"segment": "superpixel", "window": "window"}
"""Kinds of features whose keys number the parts of one instance and mean nothing in another."""
SUFFIXES = (".jsonl", ".ndjson")
_NEEDED = ("features", "targets", "coef", "stderr", "center", "reference", "selected", "provenance", "outputs")
"""What is read of a line where only contributions count; the rest is passed over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one explanation adds to a view of many.

    Parameters
    ----------
    position
        Its place in the list or stream, or its line in the file, counted from 0.
    keys
        (d,) what each feature is; None for those that are left out.
    names
        (d,) how each reads in this instance: the bin of a column, say.
    targets
        Names of the k outputs it explains.
    contributions, stderr
        (k, d) what each feature adds to the answer against the average row, and its standard error, as lists. Those of
        masks are the weights.
    compared
        Whether the explanation says what its bars are compared with. Where it does not, as in files that an early
        version wrote, the weights stand for the contributions.
    selected
        For each target the indices of the features shown, largest |contribution| first.
    shared
        Whether its perturbations were shared, so that its errors go along with those of others.
    two_classes
        Names of the model's only two outputs, in order, where one is what the other leaves of 1; else empty.
    """

    position: int
    keys: tuple[Hashable, ...]
    names: tuple[str, ...]
    targets: tuple[str, ...]
    contributions: list[list[float]]
    stderr: list[list[float]]
    compared: bool
    selected: list[list[int]]
    shared: bool
    two_classes: tuple[str, ...] = ()

    def rows(self, target: str | int | None) -> list[int]:
        """Return the rows of a target: all for None, and none where it is not explained here."""
        if target is None:
            return list(range(len(self.targets)))
        if isinstance(target, str):
            return [row for row, name in enumerate(self.targets) if name == target]
        if target < len(self.targets):
            return [target]
        return []


def read_entries(explanations: Explanations, name: Name | None = None) -> Iterator[Entry]:
    """Yield what the features contribute in each explanation, in order; nothing is read ahead.

    Parameters
    ----------
    explanations
        A list, any iterable, or the path of a file as `limelight explain --rows … --out` writes it, also gzipped, of a
        .parquet file, or of a folder of these.
    name
        ``name(explanation, feature)`` → what the feature is called across explanations. None takes the feature's
        identity, which serves wherever instances share their features: columns, words, parts.

    Raises
    ------
    InputError
        If an entry is no explanation, if kinds of features are mixed, or if superpixels or windows have no `name`.
    """
    kind: str | None = None
    for position, entry in _each(explanations):
        if name is not None:
            yield _named(position, _whole(entry, position), name)
            continue
        kinds, found = _identified(position, entry)
        for other in kinds:
            kind = other if kind is None else kind  # that of the first is what all must have
            check_kind(kind, other, position)
        yield found


def whole_explanations(explanations: Explanations) -> Iterator[Explanation]:
    """Yield many explanations whole, one at a time, from wherever they are.

    Raises
    ------
    InputError
        If an entry is no explanation.
    """
    for position, entry in _each(explanations):
        yield _whole(entry, position)


def gathered(explanations: Any) -> Sequence[Explanation]:
    """Return many explanations as a sequence that may be read more than once, from wherever they are.

    Parameters
    ----------
    explanations
        A list or a set, which stay what they are; a stream; a .jsonl or .parquet file, or a folder of .parquet files,
        such as a job's.

    Raises
    ------
    InputError
        If there are none, or if an entry is no explanation.
    """
    if isinstance(explanations, (str, Path)):
        explanations = _from_path(Path(explanations))
    elif not isinstance(explanations, Sequence):
        explanations = Columns.of(explanation for _, explanation in _each(explanations))
    elif not isinstance(explanations, Columns):
        for _ in _each(explanations):
            pass
    if not len(explanations):
        raise InputError("explanations: expected at least one, got none; a stream can be read only once.")
    found: Sequence[Explanation] = explanations
    return found


def _from_path(path: Path) -> Columns:
    if is_parquet(path):
        return open_set(path)
    return Columns.of(_whole(line, at) for at, line in _lines(path))


def check_target(target: str | int | None) -> None:
    """Say no to a target that is neither a name nor a position.

    Raises
    ------
    InputError
        If it is neither.
    """
    is_position = isinstance(target, int) and not isinstance(target, bool) and target >= 0
    if not (target is None or isinstance(target, str) or is_position):
        raise InputError(f"target: expected a name, a position from 0, or None for all, got {target!r}.")


def nothing_explains(target: str | int | None, known: Collection[str]) -> InputError:
    """Return the error that says why nothing is left to look at."""
    if not known:
        return InputError("explanations: expected at least one, got none; a stream can be read only once.")
    return UnknownNameError("target", target, known)


def uncompared_note(count: int) -> tuple[str, ...]:
    """Return the sentence about explanations that do not say what their bars are compared with, if there are any.

    >>> uncompared_note(0)
    ()
    """
    if not count:
        return ()
    verb = "does" if count == 1 else "do"
    return (
        f"{count:,} explanation{'' if count == 1 else 's'} {verb} not say what the bars are compared with; "
        "there LIME's weights were taken, which make bins that nearly all rows are in too important. Explain again.",
    )


def pick_positions(explanations: Explanations, positions: Sequence[int]) -> tuple[Explanation, ...]:
    """Return the explanations at some positions of a sequence or a file; none of a stream, which has passed."""
    if isinstance(explanations, (str, Path)) and is_parquet(Path(explanations)):
        explanations = open_set(Path(explanations))
    if isinstance(explanations, (str, Path)):
        wanted = set(positions)
        found = {at: _whole(line, at) for at, line in _lines(Path(explanations)) if at in wanted}
        return tuple([found[at] for at in positions])
    if isinstance(explanations, Sequence):
        listed: Sequence[Any] = explanations
        return tuple([listed[at] for at in positions])
    return ()


# -- one entry --------------------------------------------------------------------------------------------------------


def _identified(position: int, entry: Any) -> tuple[set[str], Entry]:
    """Return the kinds of an entry's features, and what they contribute, keyed by their identity."""
    if isinstance(entry, Explanation):
        kinds = _kinds(entry.features, entry.provenance.modality)
        return kinds, _of_explanation(position, entry, tuple([feature.where.key for feature in entry.features]))
    data = _parsed(entry, position)
    try:
        read = schema.read_fields(data, _NEEDED)
    except InputError as error:
        raise _no_explanation(position, str(error)) from error
    features = read["features"]
    compared = read["center"] is not None and read["reference"] is not None
    distance = distance_of(read["center"], read["reference"], len(features))
    found = Entry(
        position,
        tuple([feature.where.key for feature in features]),
        tuple([feature.name for feature in features]),
        read["targets"],
        (read["coef"] * distance).tolist(),
        (read["stderr"] * np.abs(distance)).tolist(),
        compared,
        [indices.tolist() for indices in read["selected"]],
        read["provenance"].shared,
        two_classes(read["outputs"]),
    )
    return _kinds(features, read["provenance"].modality), found


def _kinds(features: Iterable[Feature], modality: Mapping[str, Any]) -> set[str]:
    """Return the kinds of features; a weight under another law is of another kind, whatever its column."""
    law = law_of(modality)
    return {feature.where.kind + law for feature in features}


def _named(position: int, explanation: Explanation, name: Name) -> Entry:
    keys = tuple([name(explanation, feature) for feature in explanation.features])
    for key in keys:
        if not isinstance(key, Hashable):
            raise InputError(f"name: expected something hashable, such as a string, got {key!r}.")
    return _of_explanation(position, explanation, keys)


def _of_explanation(position: int, explanation: Explanation, keys: tuple[Hashable, ...]) -> Entry:
    return Entry(
        position,
        keys,
        tuple([feature.name for feature in explanation.features]),
        explanation.targets,
        explanation.contributions.tolist(),
        explanation.contribution_stderr.tolist(),
        explanation.compared,
        [indices.tolist() for indices in explanation.selected],
        explanation.provenance.shared,
        two_classes(explanation.outputs),
    )


def two_classes(outputs: Iterable[tuple[str, float]]) -> tuple[str, ...]:
    """Return the names of two outputs of which one is what the other leaves of 1; else nothing.

    >>> two_classes([("yes", 0.7), ("no", 0.3)]), two_classes([("up", 0.7), ("left", 0.7)])
    (('no', 'yes'), ())
    """
    said = sorted(outputs)
    if len(said) != 2 or abs(said[0][1] + said[1][1] - 1.0) > SUM_TO_ONE:
        return ()
    return tuple([name for name, _ in said])


def check_kind(kind: str, other: str, position: int) -> None:
    """Say no to features of another kind than those before, and to kinds that each instance numbers for itself.

    Raises
    ------
    InputError
        If they cannot be compared.
    """
    if other in OWN_NUMBERING:
        what = OWN_NUMBERING[other]
        raise InputError(
            f"name: {what} 7 of one instance is not {what} 7 of another, so explanations cannot be compared by it; "
            "pass name=, a callable (explanation, feature) → what the feature shows, such as 'sky'."
        )
    if other != kind:
        raise InputError(
            f"explanations: expected features of one kind, got {kind!r} and, at position {position}, {other!r}; "
            "look at one kind at a time, or pass name=, a callable (explanation, feature) → what the feature is."
        )


# -- lists, streams and files -----------------------------------------------------------------------------------------


def _each(explanations: Explanations) -> Iterator[tuple[int, Any]]:
    if isinstance(explanations, (str, Path)):
        path = Path(explanations)
        if is_parquet(path):
            return enumerate(open_set(path))
        return _lines(path)
    if isinstance(explanations, (Explanation, Mapping)) or not isinstance(explanations, Iterable):
        raise InputError(
            "explanations: expected many of them (a list, a stream, the path of a .jsonl or .parquet file or of a "
            f"folder), got {type(explanations).__name__}; put one into a list."
        )
    return _checked(explanations)


def _checked(explanations: Iterable[Any]) -> Iterator[tuple[int, Explanation]]:
    for position, entry in enumerate(explanations):
        if isinstance(entry, Failure):
            raise InputError(
                f"explanations: expected an Explanation at position {position}, got the Failure of one "
                f"({entry.error}); keep those that are an ll.Explanation, or explain with on_error='skip'."
            )
        if not isinstance(entry, Explanation):
            raise InputError(
                f"explanations: expected an Explanation at position {position}, got {type(entry).__name__}; "
                "read dicts with Explanation.from_dict."
            )
        yield position, entry


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not blank, with their numbers from 0."""
    if not path.name.lower().removesuffix(".gz").endswith(SUFFIXES):
        raise InputError(
            "explanations: expected a .jsonl file, one explanation in each line, a .parquet file or a folder, got "
            f"'{path}'."
        )
    if not path.is_file():
        raise InputError(f"explanations: no file '{path}'.")
    with _open(path) as file:
        for number, line in enumerate(file):
            if not line.isspace():
                yield number, line


def _open(path: Path) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _whole(entry: Explanation | str, position: int) -> Explanation:
    if isinstance(entry, Explanation):
        return entry
    try:
        return Explanation.from_dict(_parsed(entry, position))
    except InputError as error:
        raise _no_explanation(position, str(error)) from error


def _parsed(line: str, position: int) -> Any:
    try:
        return schema.parsed(line)
    except InputError as error:
        raise _no_explanation(position, str(error)) from error


def _no_explanation(position: int, why: str) -> InputError:
    return InputError(
        f"explanations: line {position}, counted from 0, is not an explanation ({why}); "
        "write each with to_json(), one in a line."
    )
