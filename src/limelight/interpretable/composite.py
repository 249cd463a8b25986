"""**I**nterpretable, for a row of many kinds: words of its texts, superpixels of its picture, and its other columns.

Input: a row of a frame, or a dict, with free text, numbers, categories, dates, an image, a series. Output: features of
all of them under one law of masks, so that one surrogate weighs them against each other. Each part is cut up by its own
modality; a column that is no part is on with the row's own value, and off with a typical one, which is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Masked, Modality, Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import fingerprint
from limelight.interpretable.mixed_law import DrawnRow, MixedBackground
from limelight.interpretable.mixed_rows import MixedRows, MixedTable, open_table
from limelight.interpretable.tabular.held import HeldRow
from limelight.interpretable.tabular.modality import Tabular
from limelight.interpretable.text import MAX_FEATURES, MAX_SAMPLES, MaskedDocument
from limelight.result.layouts import mixed_layout

MOST_NOTED = 8
"""Typical values that are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One part of a row, as its own modality cuts it up.

    Parameters
    ----------
    name
        The column.
    masked
        Its representation.
    first
        The number of its first feature among all.
    is_text
        Whether its inputs come as dicts of one text.
    """

    name: str
    masked: Masked
    first: int
    is_text: bool

    def values(self, Z: MaskArray, rng: np.random.Generator) -> Sequence[Any]:
        """Return the n values of this part for masks Z (n, d) of all features."""
        own = Z[:, self.first : self.first + len(self.masked.features)]
        found = self.masked.reconstruct(own, rng)
        if self.is_text:
            return [each[self.name] for each in found]
        return list(found)


@dataclass(frozen=True)
class MixedRow:
    """x' of one row: its columns, then the features of each part.

    Parameters
    ----------
    features
        All of them.
    rows
        Makes model inputs of chosen values.
    columns
        The columns that are features, in order.
    parts
        The parts, in order.
    content
        Bytes equal for equal rows.
    notes
        What columns are weighed against, and which are held.
    """

    features: tuple[Feature, ...]
    rows: MixedRows
    columns: tuple[Any, ...]
    parts: tuple[Cut, ...]
    content: bytes
    notes: tuple[str, ...]

    @property
    def center(self) -> FloatArray:
        """Return (d,) ones: everything is as in the row."""
        return np.ones(len(self.features))

    @property
    def original(self) -> Inputs:
        """Return the row as one model input."""
        return self.rows.original

    @property
    def deterministic(self) -> bool:
        """Whether equal masks give equal rows: where all parts say so."""
        return all(part.masked.deterministic for part in self.parts)

    @property
    def chunk(self) -> int:
        """Return how many rows are made at once: as few as the largest part wants."""
        return min([part.masked.chunk for part in self.parts], default=1 << 30)

    @property
    def law(self) -> Literal["uniform"]:
        """Return LIME's law for text: the number of hidden features is uniform."""
        return "uniform"

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return n rows of the instance's own kind for masks Z (n, d)."""
        Z = np.asarray(Z) != 0
        own = {name: Z[:, j] for j, name in enumerate(self.columns)}
        return self.rows.make(len(Z), own, {part.name: part.values(Z, rng) for part in self.parts})

    def layout(self) -> Layout:
        """Return the texts, marked by the views, and the pictures of the other parts."""
        texts = {str(part.name): self.rows.text(part.name) for part in self.parts if part.is_text}
        pictures = {str(part.name): part.masked.layout() for part in self.parts if not part.is_text}
        table, parts = self.rows.table, {part.name for part in self.parts}
        columns = []
        for name in table.names:
            if name in parts:
                continue
            if name not in table.weighed:
                state = "held"
            elif name in self.columns:
                state = ""
            else:
                state = "typical"
            columns.append((str(name), self.rows.shown(name), state))
        return mixed_layout(texts, pictures, columns)


@dataclass(frozen=True, eq=False)
class Composite:
    """Rows with free text, pictures or series beside numbers and categories: one explanation of all of them.

    Parameters
    ----------
    rows
        The background: a frame of pandas, polars or pyarrow, or a list of dicts, with the columns that the model
        reads: where typical values come from. What is explained is a row of the same columns; the model gets rows of
        the same kind.
    parts
        Column → the modality that cuts it up: ``{"review": ll.Text(), "photo": ll.Image()}``. All other columns are
        weighed as a whole.
    typical
        Column → the value that stands for "anything else" when the column is off. By default the median of numbers and
        dates (a value that occurs) and the most frequent of everything else. A column that has its typical value has
        no bar, which the explanation says.
    against
        What stands in place of a column that is off. ``"typical"`` (default): one value, which the bar names; masks of
        few features are then all asked, and bars exact. ``"background"``: values drawn from the background, as in
        ``Tabular(contrast="value")``: the bar is the row's value against anybody's, also of a column that has its
        typical value. It needs a frame.
    fixed
        Columns that stay as they are, such as ids.
    max_samples
        Default budget of model rows for one row; 5,000, as for texts.

    Raises
    ------
    InputError
        If a column looks like free text and nobody says what it is, or an argument does not fit.
    UnknownNameError
        If a named column is not there.

    Notes
    -----
    Against typical values, the law is LIME's for texts, over all features together [ribeiro2016, §3.4]: a number of
    them that is uniform on 1..d is off, and nearness is the cosine between masks. A word that is off is hidden; a
    column that is off has its typical value. So a bar of a word says what the word adds, and a bar of a column what its
    value adds to the typical one; both are exact where all masks are asked, and both add up from the same surrogate.
    Against the background every feature is on with probability ½, independently of the others, and nearness is
    Euclidean, as for tables.

    Examples
    --------
    >>> import limelight as ll
    >>> reviews = [{"text": "good food", "stars": 5}, {"text": "cold", "stars": 2}, {"text": "fine", "stars": 4}]
    >>> def model(rows):
    ...     return [2.0 * ("good" in row["text"]) + row["stars"] for row in rows]
    >>> explainer = ll.Explainer(model, ll.Composite(reviews, {"text": ll.Text()}))
    >>> [(name, round(weight, 6) + 0) for name, weight in explainer.explain(reviews[0]).as_list()]
    [('text: good', 2.0), ('stars = 5, not 4', 1.0), ('text: food', 0.0)]
    """

    rows: Any
    parts: Mapping[str, Modality]
    _: KW_ONLY
    typical: Mapping[str, Any] | None = None
    against: Literal["typical", "background"] = "typical"
    fixed: Sequence[str] = ()
    max_samples: int = MAX_SAMPLES

    def __post_init__(self) -> None:
        if not isinstance(self.parts, Mapping) or not self.parts:
            raise InputError(
                "parts: expected a mapping from columns to modalities, such as {'review': ll.Text()}, got "
                f"{self.parts!r}; for a table without such columns use ll.Tabular."
            )
        if self.fixed is None:
            raise InputError("fixed: expected a sequence of names, got None; leave it out where there are none.")
        if isinstance(self.fixed, str) or not isinstance(self.fixed, Iterable):
            raise InputError(f"fixed: expected a sequence of names, got {self.fixed!r}; pass [{self.fixed!r}].")
        if self.typical is not None and not isinstance(self.typical, Mapping):
            raise InputError(f"typical: expected a mapping from columns to values, got {self.typical!r}.")
        for name, part in self.parts.items():
            if not hasattr(part, "represent") or isinstance(part, type):
                if isinstance(part, type):
                    got = f"the class {part.__name__}"
                else:
                    got = type(part).__name__
                raise InputError(f"parts: expected a modality such as ll.Text() for {name!r}, got {got}.")
        # copies, since the caller may go on to change them
        object.__setattr__(self, "parts", dict(self.parts))
        object.__setattr__(self, "fixed", tuple(self.fixed))
        object.__setattr__(self, "typical", dict(self.typical or {}))
        if self.against not in ("typical", "background"):
            raise UnknownNameError("against", self.against, ("typical", "background"))
        self.table  # noqa: B018 - everything that can be refused is refused here
        self.drawn  # noqa: B018

    @cached_property
    def table(self) -> MixedTable:
        """The background, read once: its columns, their types, and their typical values."""
        return open_table(self.rows, tuple(self.parts), self.fixed, self.typical or {})

    @cached_property
    def drawn(self) -> Tabular | None:
        """The law of the weighed columns, where they are drawn from the background."""
        if self.against == "typical":
            return None
        if self.typical:
            raise InputError('typical: has no effect where columns are drawn; leave it out, or against="background".')
        if self.table.frame is None:
            raise InputError('rows: expected a frame with against="background", got dicts; pass a frame of them.')
        names = list(self.table.weighed)
        frame = self.table.frame
        if hasattr(frame, "iloc"):
            chosen = frame[names]
        else:
            chosen = frame.select(names)
        if names:
            return Tabular(chosen, groups=None, contrast="value")
        return None

    @property
    def distance(self) -> Literal["cosine", "euclidean"]:
        """Return LIME's distance for masks; for draws that of tables, whose kernel is a product over features."""
        if self.against == "typical":
            return "cosine"
        return "euclidean"

    def represent(self, instance: Any, rng: np.random.Generator) -> MixedRow | DrawnRow:
        """Return the features of one row: a dict, a row of a frame, a Series with names.

        Raises
        ------
        InputError
            If it is none of these, a column is missing, a value does not fit its column or part, or there are too many
            features.
        """
        rows = self.table.rows_of(instance)
        if self.drawn is None:
            held = None
        else:
            held = self.drawn.represent([rows.value(name) for name in self.table.weighed])
        columns = self.table.weighed
        features = [] if held is None else list(held.features)
        if self.against == "typical":
            columns = tuple(name for name in columns if not rows.is_typical(name))
            features = [
                Feature(f"{name} = {rows.shown(name)}, not {self.table.shown(name)}", Where("column", name))
                for name in columns
            ]
        parts: list[Cut] = []
        read = 0
        for name, modality in self.parts.items():
            part = _cut(name, modality, rows.value(name), len(features), rng)
            features += _renamed(part, read)
            read += len(rows.text(name)) if part.is_text else 0
            parts.append(part)
        if len(features) > MAX_FEATURES:
            raise InputError(
                f"instance: expected at most {MAX_FEATURES} features, got {len(features)}; cut a text into sentences, "
                "Text('sentences'), or a picture into fewer superpixels."
            )
        notes = (*self._notes(rows, columns), *[note for part in parts for note in getattr(part.masked, "notes", ())])
        content = fingerprint([rows.content, *[part.masked.content for part in parts]])
        found = MixedRow(tuple(features), rows, columns, tuple(parts), content, notes)
        if self.against == "typical":
            return found
        return DrawnRow(found, MixedBackground(found, None if held is None else cast(HeldRow, held).background))

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the rows of a frame, or the dicts of a list or stream.

        Raises
        ------
        InputError
            If this is one row rather than many.
        """
        return self.table.rows_in(many)

    def edited(self, instance: Any, edit: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row with some columns changed, for `Explainer.perturb`.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        """
        rows = self.table.rows_of(instance)
        if not isinstance(edit, Mapping):
            raise InputError(
                f"edits: expected mappings from columns to values, got {edit!r:.60}; pass [{{'column': …}}]."
            )
        for name in edit:
            if name not in self.table.names:
                raise UnknownNameError("edits", name, self.table.names)
        return {**{name: rows.value(name) for name in self.table.names}, **edit}

    @property
    def content(self) -> bytes:
        """Return bytes that are equal for equal data among the options, which `describe` does not hold."""
        held = [getattr(part, "content", b"") for part in self.parts.values()]
        held.append(b"" if self.drawn is None else self.drawn.content)
        if any(held):
            return fingerprint(held)
        return b""

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        return {
            "modality": "composite",
            "parts": {name: part.describe() for name, part in self.parts.items()},
            "against": self.against,
            "typical": {str(name): self.table.shown(name) for name in self.table.weighed},
            "fixed": [str(name) for name in self.fixed],
        }

    def _notes(self, rows: MixedRows, columns: Sequence[Any]) -> tuple[str, ...]:
        said = []
        same = [str(name) for name in self.table.weighed if name not in columns]
        if same:
            said.append(f"no bar for {_listed(same)}: the row has the typical value there, which stands for off")
        if self.fixed:
            said.append(
                f"held as in the row: {_listed([str(name) for name in self.fixed])}; what is held is in the intercept"
            )
        return tuple(said)


def _cut(name: str, modality: Modality, value: Any, first: int, rng: np.random.Generator) -> Cut:
    """Return a part of a row, cut up; a text goes in under its name, so that its words are told from other texts'."""
    is_text = isinstance(value, str) and _reads_texts(modality)
    try:
        found = modality.represent({name: value} if is_text else value, rng)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if not hasattr(found, "reconstruct") or hasattr(found, "budget"):
        raise InputError(
            f"parts: expected a modality whose parts can be hidden, such as ll.Text() or ll.Image(), for {name!r}, got "
            f"{type(modality).__name__}; columns of a table need no part, and prompts are explained by themselves."
        )
    return Cut(name, cast(Masked, found), first, isinstance(found, MaskedDocument))


def _reads_texts(modality: Modality) -> bool:
    return modality.describe().get("modality") == "text"


def _renamed(part: Cut, read: int) -> list[Feature]:
    """Return a part's features under its name, and where its words stand among all texts."""
    if part.is_text:
        shifted = []
        for each in part.masked.features:
            places = tuple((start + read, stop + read) for start, stop in each.where.places)
            shifted.append(replace(each, where=replace(each.where, places=places)))
        return shifted
    # the key tells the superpixels of two pictures apart
    return [
        replace(each, name=f"{part.name}: {each.name}", where=replace(each.where, key=(part.name, each.where.key)))
        for each in part.masked.features
    ]


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NOTED:
        more = f" and {len(names) - MOST_NOTED} more"
    else:
        more = ""
    return ", ".join(names[:MOST_NOTED]) + more
