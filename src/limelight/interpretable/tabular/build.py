"""From a background and options to a `DenseTable`: every option is checked here, before any statistic is computed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular.background import TableBackground
from limelight.interpretable.tabular.columns import Column
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.features import (
    Part,
    Ranked,
    bins_by_value,
    column_by_bins,
    column_by_value,
    column_law,
    column_part,
    group_label,
    group_law,
    group_part,
    one_hot_groups,
    one_hot_value,
)
from limelight.interpretable.tabular.fixed import fixed_columns
from limelight.interpretable.tabular.frames import RawColumn, read_table
from limelight.interpretable.tabular.laws import Law
from limelight.interpretable.tabular.store import Store, take_support
from limelight.interpretable.tabular.together import columns_together, twins

GROUPS = ("one-hot", "auto")
Groups = dict[Hashable, tuple[tuple[int, ...], bool]]
"""Group name → (positions of its columns, whether they are one-hot)."""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `Tabular`, as given."""

    bins: Any
    categorical: Any
    numeric: Any
    groups: Any
    sampling: str
    around: str
    contrast: str = "bin"
    fixed: Any = ()

    @property
    def alone(self) -> bool:
        """Whether each row draws a neighborhood of its own."""
        return self.contrast == "value" or self.around == "instance" or bool(self.fixed)

    def check(self, targets: Any) -> None:
        """Refuse values that are not known, and combinations in which an argument has no effect."""
        if self.sampling not in ("background", "gaussian"):
            raise UnknownNameError("sampling", self.sampling, ("background", "gaussian"))
        if self.around not in ("background", "instance"):
            raise UnknownNameError("around", self.around, ("background", "instance"))
        if self.contrast not in ("bin", "value"):
            raise UnknownNameError("contrast", self.contrast, ("bin", "value"))
        if self.contrast == "value" and not (isinstance(self.bins, str) and self.bins == "quartile"):
            raise InputError(
                f'bins: expected none with contrast="value", whose features are the row\'s own values, got '
                f'{self.bins!r}; leave bins out, or pass contrast="bin".'
            )
        if isinstance(self.groups, str) and self.groups == "auto" and self.bins is None:
            raise InputError(
                'groups: "auto" expected bins, got bins=None; columns that move together share bins. Leave bins out.'
            )
        if self.around == "instance" and (self.bins is not None or self.sampling != "gaussian"):
            raise InputError(
                'around: "instance" expected bins=None and gaussian sampling, got bins or observed values; '
                'pass bins=None, or leave around="background".'
            )
        if isinstance(self.bins, Mapping):
            hows = list(self.bins.values())
        else:
            hows = [self.bins]
        if targets is not None and not any(isinstance(how, str) and how == "entropy" for how in hows):
            raise InputError(
                'targets: expected None unless bins are "entropy", got targets; they have no effect otherwise.'
            )

    def describe_bins(self) -> Any:
        """Return `bins` as JSON."""
        if isinstance(self.bins, Mapping):
            told: dict[str, Any] = {}
            for name, how in self.bins.items():
                told[str(name)] = how if isinstance(how, str) else [float(edge) for edge in how]
            return told
        if self.bins is None or isinstance(self.bins, str):
            return self.bins
        return [float(x) for x in self.bins]

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        described = {"bins": self.describe_bins(), "sampling": self.sampling, "around": self.around}
        described |= {"contrast": self.contrast, "groups": self.describe_groups()}
        # only where there are some, so that jobs which were begun before go on
        if self.fixed:
            return {**described, "fixed": [str(name) for name in self.fixed]}
        return described

    def describe_groups(self) -> str | None:
        """Return how columns are grouped, in a word."""
        if isinstance(self.groups, Mapping):
            return "named"
        if self.groups is None:
            return None
        return str(self.groups)


def build_dense(background: Any, options: Options, *, targets: Any, names: Sequence[Hashable] | None) -> DenseTable:
    """Return the statistics of a background that is a frame or an array.

    Raises
    ------
    InputError
        If the background is empty or infinite, or an option does not fit it.
    UnknownNameError
        If an option names a column that is not there.
    """
    library, raws = read_table(background, names)
    labels = tuple(raw.label for raw in raws)
    kinds = {
        **dict.fromkeys(positions(options.categorical, labels, "categorical"), True),
        **dict.fromkeys(positions(options.numeric, labels, "numeric"), False),
    }
    groups = _find_groups(options.groups, raws, labels)
    fixed = fixed_columns(labels, positions(options.fixed, labels, "fixed"), groups)
    _check_cut(options.bins, labels, fixed)
    groups = {name: (at, one_hot) for name, (at, one_hot) in groups.items() if not set(at) & set(fixed)}
    told = check_targets(targets, len(raws[0].missing))
    columns, ranked = _read_columns(raws, bins_by_column(options.bins, labels), kinds, told, groups)
    if options.groups == "auto":
        groups |= _groups_together(ranked, groups, labels, fixed)
    gaussian = options.sampling == "gaussian"
    read = list(zip(raws, columns, ranked, strict=True))
    parts, laws, supports = _build_laws(read, groups, fixed, library, gaussian)
    law = TableBackground(laws, tuple(part.members for part in parts), Store(library, labels, supports))
    twins = _twins(columns, ranked, parts)
    return DenseTable(columns, parts, law, options.around, options.contrast, twins, fixed)


def _check_cut(bins: Any, labels: tuple[Hashable, ...], fixed: tuple[int, ...]) -> None:
    """Refuse bins for a column that is held: it is no feature, so they would be ignored."""
    if not isinstance(bins, Mapping):
        return
    for name in bins:
        if name in labels and labels.index(name) in fixed:
            raise InputError(
                f"bins: have no effect for {name!r}, which is fixed at the row's own value; leave it out of bins, or "
                "of fixed."
            )


def check_targets(targets: Any, n: int) -> NDArray[Any] | None:
    """Return the targets (n,) as an array."""
    if targets is None:
        return None
    told = np.asarray(targets)
    if told.shape != (n,):
        raise InputError(
            f"targets: expected one per background row, shape ({n},), got shape {told.shape}; pass y_train."
        )
    return told


def listed(argument: str, named: Any) -> Any:
    """Return a sequence of names as a tuple; a string is left for `positions` to refuse.

    >>> listed("categorical", ["city"])
    ('city',)
    """
    if isinstance(named, str):
        return named
    if named is None:
        raise InputError(f"{argument}: expected a list of column names, got None; leave it out where there are none.")
    if not isinstance(named, Iterable):
        raise InputError(f"{argument}: expected a list of column names, got {named!r}; pass [{named!r}].")
    return tuple(named)


def positions(named: Iterable[Hashable], labels: tuple[Hashable, ...], argument: str) -> list[int]:
    """Return the positions of columns that the user named, or numbered."""
    if isinstance(named, str):
        raise InputError(f"{argument}: expected a list of column names, got the string {named!r}; pass [{named!r}].")
    found = []
    for name in named:
        if name in labels:
            found.append(labels.index(name))
        elif (
            isinstance(name, (int, np.integer)) and 0 <= name < len(labels) and all(isinstance(x, str) for x in labels)
        ):
            found.append(int(name))
        else:
            raise UnknownNameError(argument, name, labels)
    return found


def bins_by_column(bins: Any, labels: tuple[Hashable, ...]) -> list[tuple[str | Sequence[float] | None, bool]]:
    """Return for each column how to cut it, and whether the user said so for this very column."""
    if not isinstance(bins, Mapping):
        return [(bins, False)] * len(labels)
    hows: list[tuple[str | Sequence[float] | None, bool]] = [("quartile", False)] * len(labels)
    for name, how in bins.items():
        hows[positions([name], labels, "bins")[0]] = (how, True)
    return hows


def _find_groups(groups: Any, raws: Sequence[RawColumn], labels: tuple[Hashable, ...]) -> Groups:
    """Return the groups as name → (columns, whether they are one-hot)."""
    if groups is None:
        return {}
    if isinstance(groups, str) and groups not in GROUPS:
        raise UnknownNameError("groups", groups, GROUPS)
    if not isinstance(groups, (str, Mapping)):
        raise InputError(
            f"groups: expected a mapping from a name to its columns, 'one-hot', 'auto' or None, got {groups!r}; pass "
            "for example {'address': ['street', 'city']}."
        )
    found: Groups = {}
    taken: set[int] = set()
    for name, members in ({} if isinstance(groups, str) else dict(groups)).items():
        at = positions(members, labels, f"groups[{name!r}]")
        if not at or taken & set(at) or len(set(at)) < len(at):
            raise InputError(
                f"groups[{name!r}]: expected columns that are in no other group, got {list(members)!r}; name each once."
            )
        taken |= set(at)
        found[name] = (tuple(at), False)
    for prefix, one_hot in one_hot_groups(raws, taken).items():
        found[prefix] = (one_hot, True)
    clash = [name for name, (at, _) in found.items() if name in labels and labels.index(name) not in at]
    if clash:
        raise InputError(f"groups: expected names that are no other column's, got {clash[0]!r}; choose another name.")
    return found


def _groups_together(
    ranked: Sequence[Ranked], grouped: Groups, labels: tuple[Hashable, ...], fixed: tuple[int, ...]
) -> Groups:
    """Return the groups of columns that move together in the background, among those that are in none yet."""
    taken = {j for members, _ in grouped.values() for j in members} | set(fixed)
    free = [j for j in range(len(labels)) if j not in taken]
    found = columns_together([ranked[j].codes[ranked[j].ranks] for j in free])
    groups: Groups = {}
    for members in found:
        at = tuple(free[j] for j in members)
        groups[group_label([labels[j] for j in at])] = (at, False)
    return groups


def _twins(
    columns: Sequence[Column], ranked: Sequence[Ranked], parts: Sequence[Part]
) -> tuple[tuple[Hashable, Hashable], ...]:
    """Return the names of columns that say the same in every row and are not one feature."""
    home = {j: number for number, part in enumerate(parts) for j in part.members}
    found = twins([each.ranks for each in ranked], [each.numbers.size > 0 for each in ranked])
    free = [(a, b) for a, b in found if a in home and b in home]
    return tuple((columns[a].label, columns[b].label) for a, b in free if home[a] != home[b])


def _read_columns(
    raws: Sequence[RawColumn],
    hows: Sequence[tuple[Any, bool]],
    kinds: Mapping[int, bool],
    targets: NDArray[Any] | None,
    grouped: Groups,
) -> tuple[tuple[Column, ...], list[Ranked]]:
    in_group = {j for members, _ in grouped.values() for j in members}
    pairs = []
    for j, (raw, (how, named)) in enumerate(zip(raws, hows, strict=True)):
        how = "quartile" if how is None and j in in_group else how
        if bins_by_value(raw, how, kinds.get(j)):
            if named:
                raise InputError(
                    f"bins[{raw.label!r}]: expected a column of numbers with several values, got one with a bin per "
                    f"value; leave it out, or name it in numeric=."
                )
            pairs.append(column_by_value(raw))
        else:
            pairs.append(column_by_bins(raw, how, targets))
    return tuple(column for column, _ in pairs), [ranked for _, ranked in pairs]


def _build_laws(
    read: Sequence[tuple[RawColumn, Column, Ranked]],
    grouped: Groups,
    fixed: tuple[int, ...],
    library: str,
    gaussian: bool,
) -> tuple[tuple[Part, ...], tuple[Law, ...], tuple[Any, ...]]:
    """Return features, their laws, and every column's support; a group stands where its first column does."""
    starts = {members[0]: (name, members, one_hot) for name, (members, one_hot) in grouped.items()}
    in_group = {j for members, _ in grouped.values() for j in members}
    parts: list[Part] = []
    laws: list[Law] = []
    supports: list[Any] = [None] * len(read)
    for j, (raw, column, ranked) in enumerate(read):
        if j in fixed:
            # one value, which shows the column's type
            supports[j] = take_support(raw.native, np.array([np.argmin(raw.missing)], dtype=np.intp), library)
        elif j in starts:
            name, members, one_hot = starts[j]
            law, codes, rows = group_law([read[i][2] for i in members])
            if one_hot:
                values = tuple(one_hot_value(read[i][0].label, str(name)) for i in members)
            else:
                values = ()
            parts.append(group_part(name, members, law, codes, values))
            laws.append(law)
            for i in members:
                supports[i] = take_support(read[i][0].native, rows, library)
        elif j not in in_group:
            own, supports[j] = column_law(raw, column, ranked, library=library, gaussian=gaussian)
            parts.append(column_part(j, column, own))
            laws.append(own)
    return tuple(parts), tuple(laws), tuple(supports)
