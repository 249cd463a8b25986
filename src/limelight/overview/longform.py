"""Many explanations as columns of numbers: one entry for each explanation and feature, whatever features they have.

Input: a list, a stream, a set or a file of explanations. Output: `Longform`, for each target that is asked for. Tables
have every feature in every explanation, texts a few of many thousand words; both are runs of entries, sorted by
feature, of which audits, comparisons and drift take sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.overview.longform_columns import ColumnBuilder, outputs_of
from limelight.overview.reading import OWN_NUMBERING, Explanations, whole_explanations
from limelight.result.batch import batch_of
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations as Columns
from limelight.result.open_block import SUM_TO_ONE, law_of
from limelight.result.quantiles import normal_quantile

MOST_ROWS = 50_000
"""So many explanations of a set are laid side by side; of more, a sample."""


@dataclass(frozen=True, eq=False)
class Longform:
    """What the features contribute to one target, in n explanations.

    Parameters
    ----------
    target
        Name of the output.
    keys
        (m,) what the features are: columns, words, parts.
    places
        For each feature how it reads where it occurs: the bins of a column that were met.
    row, key, place
        (N,) for each entry the explanation, the feature, and which of its places; sorted by feature, then explanation.
    value, stderr
        (N,) contribution against the average row, and its standard error as the t or normal law of its test wants it.
    df
        Degrees of freedom of the standard errors.
    positions
        (n,) where each explanation lies in the list or file.
    prediction, local
        (n,) f(x) and g(x′).
    causes
        (n,) why weights may be used or not, see `Explanation.causes`.
    tied
        (n,) whether the order of the first two features is open; None where that is not kept.
    shared
        Whether perturbations were shared, so that rows in the same bin of a column have the same error.
    """

    target: str
    keys: tuple[Hashable, ...]
    places: tuple[tuple[str, ...], ...]
    row: NDArray[np.integer[Any]]
    key: NDArray[np.integer[Any]]
    place: NDArray[np.integer[Any]]
    value: FloatArray
    stderr: FloatArray
    df: float
    positions: NDArray[np.int64]
    prediction: FloatArray
    local: FloatArray
    causes: tuple[str, ...]
    tied: NDArray[np.bool_] | None
    shared: bool
    ends: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def n(self) -> int:
        """Return how many explanations there are."""
        return len(self.positions)

    def entries(self, feature: int) -> slice:
        """Return which entries are those of one feature."""
        return slice(int(self.ends[feature]), int(self.ends[feature + 1]))

    def column(self, feature: int) -> FloatArray:
        """Return (n,) the contributions of one feature, 0 where an explanation does not have it."""
        return self._spread(feature, self.value)

    def errors(self, feature: int) -> FloatArray:
        """Return (n,) the standard errors of one feature's contributions, 0 where an explanation does not have it."""
        return self._spread(feature, self.stderr)

    def codes(self, feature: int) -> NDArray[np.int64]:
        """Return (n,) which of its places a feature is in, −1 where an explanation does not have it."""
        found = np.full(self.n, -1, dtype=np.int64)
        at = self.entries(feature)
        found[self.row[at]] = self.place[at]
        return found

    def sizes(self) -> FloatArray:
        """Return (n,) Σ |contribution| of each explanation."""
        found = np.zeros(self.n)
        np.add.at(found, self.row, np.abs(self.value))
        return found

    def leaders(self) -> NDArray[np.int64]:
        """Return (n,) the feature with the largest |contribution| of each explanation; −1 where nothing contributes."""
        found = np.full(self.n, -1, dtype=np.int64)
        order = np.argsort(np.abs(self.value), kind="stable")
        order = order[self.value[order] != 0.0]
        found[self.row[order]] = self.key[order]
        return found

    def mean_abs(self) -> FloatArray:
        """Return (m,) the mean |contribution| of each feature over all explanations."""
        return np.bincount(self.key, np.abs(self.value), minlength=len(self.keys)) / max(self.n, 1)

    def _spread(self, feature: int, of: FloatArray) -> FloatArray:
        found = np.zeros(self.n)
        at = self.entries(feature)
        found[self.row[at]] = of[at]
        return found


def longforms(
    explanations: Explanations | Iterable[Explanation], targets: Sequence[str], *, mirror: str | None = None
) -> list[Longform]:
    """Return the long form for each of some targets; explanations that have none of them are left out.

    With `mirror`, the other one of two classes, explanations of that one count too: what is for one is against the
    other.

    Raises
    ------
    InputError
        If there are no explanations, or if their features number the parts of one instance (superpixels, windows).
    UnknownNameError
        If nothing explains a target.
    """
    if isinstance(explanations, Columns):
        return _by_column(explanations, targets, mirror)
    builders = {target: _Builder(target, mirror) for target in targets}
    known: dict[str, None] = {}
    for position, explanation in enumerate(whole_explanations(explanations)):
        known.update(dict.fromkeys(explanation.targets))
        for builder in builders.values():
            builder.add(position, explanation)
    for target, builder in builders.items():
        if not builder.positions:
            raise UnknownNameError("target", target, known)
    return [builder.built() for builder in builders.values()]


def _by_column(many: Columns, targets: Sequence[str], mirror: str | None) -> list[Longform]:
    """Return the same of a set, without putting an explanation together."""
    builders = {target: ColumnBuilder(target, mirror) for target in targets}
    for block, rows, start in many.runs():
        batch = batch_of(block, rows, start)
        for builder in builders.values():
            builder.add(block, rows, batch)
    for target, builder in builders.items():
        if not builder.n:
            raise UnknownNameError("target", target, outputs_of(many)[0])
    return [_of_columns(builder) for builder in builders.values()]


def _of_columns(builder: ColumnBuilder) -> Longform:
    key = builder.joined("key")
    order = np.argsort(key, kind="stable")  # rows come in order
    return Longform(
        target=builder.target,
        keys=tuple(builder.keys),
        places=tuple(tuple(each) for each in builder.places),
        row=builder.joined("row")[order],
        key=key[order],
        place=builder.joined("place")[order],
        value=builder.joined("value")[order],
        stderr=builder.joined("stderr")[order] * unstated(builder.df),
        df=float(builder.df),
        positions=builder.joined("positions"),
        prediction=builder.joined("prediction"),
        local=builder.joined("local"),
        causes=builder.causes,
        tied=builder.joined("tied") if builder.tied_known else None,
        shared=builder.shared,
        ends=np.searchsorted(key[order], np.arange(len(builder.keys) + 1)),
    )


def some_of(many: Sequence[Explanation]) -> tuple[Sequence[Explanation], NDArray[np.int64]]:
    """Return at most `MOST_ROWS` of many explanations, drawn once and for all, and where they lie.

    What is asked of them is answered to a fraction of a percent by so many, and takes the same memory of any number.
    """
    if len(many) <= MOST_ROWS:
        return many, np.arange(len(many))
    at = np.sort(np.random.default_rng(0).choice(len(many), MOST_ROWS, replace=False))
    return (many[at] if isinstance(many, Columns) else [many[place] for place in at.tolist()]), at


def one_output(many: Sequence[Explanation], target: str | None) -> Longform:
    """Return the long form of one output: of two classes also of the rows of which the other one is explained.

    An explainer explains, by default, the class that the model says. To look at one of two classes in these alone is to
    look at the rows that the model called so, which are no sample of all; what is for one is against the other.

    Parameters
    ----------
    many
        Explanations of one model.
    target
        Name of the output. None: of two classes the second by name, else the one that most explanations explain.

    Raises
    ------
    InputError
        If there are no explanations, if their features number the parts of one instance, or if some weights are under
        another law than others.
    UnknownNameError
        If nothing explains `target`.
    """
    if target is not None and not isinstance(target, str):
        raise InputError(
            f"target: expected the name of an output, got {type(target).__name__}; what was true goes into truth=."
        )
    _check_one_law(many)
    if isinstance(many, Columns):
        counts, two = outputs_of(many)
    else:
        counts, two = Counter(name for explanation in many for name in explanation.targets), _two_classes(many)
    chosen = target
    if chosen is None:
        chosen = two[-1] if set(counts) == set(two) else counts.most_common(1)[0][0]
    if chosen in two:
        mirror = next((name for name in two if name != chosen), None)
    else:
        mirror = None
    return longforms(many, [chosen], mirror=mirror)[0]


def _check_one_law(many: Sequence[Explanation]) -> None:
    """Raise where weights answer two questions: what is off is drawn as in all rows, or as in rows like this one."""
    if isinstance(many, Columns):
        laws = set()
        for block, rows, _ in many.runs():
            of_row, known = block.laws()
            laws |= {known[code] for code in np.unique(of_row[rows]).tolist()}
    else:
        laws = {law_of(explanation.provenance.modality) for explanation in many}
    if len(laws) > 1:
        raise InputError(
            "explanations: expected weights under one law, got some by ll.Conditional, where what is off is drawn from "
            "rows like the instance, and some where it is drawn from all; look at one of them at a time."
        )


def _two_classes(many: Sequence[Explanation]) -> tuple[str, ...]:
    """Return the names of the only two outputs, where one is always what the other leaves of 1; else nothing."""
    quoted: set[tuple[str, ...]] = set()
    for explanation in many:
        quoted.add(tuple(sorted(name for name, _ in explanation.outputs)))
        if abs(sum(value for _, value in explanation.outputs) - 1.0) > SUM_TO_ONE:
            return ()
    names = next(iter(quoted))
    if len(quoted) == 1 and len(names) == 2:
        return names
    return ()


class _Builder:
    def __init__(self, target: str, mirror: str | None) -> None:
        self.target, self.mirror = target, mirror
        self.keys: dict[Hashable, int] = {}
        self.places: list[dict[str, int]] = []
        self.entries: list[tuple[int, int, int]] = []
        self.numbers: list[tuple[float, float]] = []
        self.positions: list[int] = []
        self.told: list[tuple[float, float]] = []
        self.causes: list[str] = []
        self.tied: list[bool] = []
        self.df = np.inf
        self.shared = False

    def add(self, position: int, explanation: Explanation) -> None:
        told = next((name for name in (self.target, self.mirror) if name in explanation.targets), None)
        if told is None:
            return
        row, sign = explanation.target_index(told), 1.0 if told == self.target else -1.0
        at = len(self.positions)
        values = (sign * explanation.contributions[row]).tolist()
        errors = explanation.contribution_stderr[row].tolist()
        together: dict[int, tuple[int, float, float]] = {}
        for feature, value, error in zip(explanation.features, values, errors, strict=True):
            if feature.where.key is None:
                continue  # somebody left it out
            key, place = self._known(feature)
            # a word that occurs twice is one word; errors of one explanation are taken to go together
            _, v, e = together.get(key, (place, 0.0, 0.0))
            together[key] = (place, v + value, e + error)
        for key, (place, value, error) in together.items():
            self.entries.append((at, key, place))
            self.numbers.append((value, error))
        self.positions.append(position)
        said, local = float(explanation.prediction[row]), float(explanation.local_prediction[row])
        self.told.append((said, local) if sign > 0 else (1.0 - said, 1.0 - local))
        self.causes.append(explanation.causes[row] if row < len(explanation.causes) else "")
        self.tied.append(_first_is_tied(explanation, row))
        self.df = min(self.df, explanation.df)
        self.shared = self.shared or explanation.provenance.shared

    def _known(self, feature: Feature) -> tuple[int, int]:
        where = feature.where
        if where.kind in OWN_NUMBERING:
            raise InputError(
                f"explanations: {where.kind} {where.key} of one instance is not that of another, so that they cannot "
                "be laid side by side; name=, here or of ll.feature_importance, says what each shows."
            )
        key = self.keys.setdefault(where.key, len(self.keys))
        if key == len(self.places):
            self.places.append({})
        return key, self.places[key].setdefault(feature.name, len(self.places[key]))

    def built(self) -> Longform:
        entries = np.array(self.entries, dtype=np.int64).reshape(-1, 3)
        numbers = np.array(self.numbers).reshape(-1, 2)
        order = np.lexsort((entries[:, 0], entries[:, 1]))
        told = np.array(self.told)
        return Longform(
            target=self.target,
            keys=tuple(self.keys),
            places=tuple(tuple(each) for each in self.places),
            row=entries[order, 0],
            key=entries[order, 1],
            place=entries[order, 2],
            value=numbers[order, 0],
            stderr=numbers[order, 1] * unstated(self.df),
            df=float(self.df),
            positions=np.array(self.positions, dtype=np.int64),
            prediction=told[:, 0],
            local=told[:, 1],
            causes=tuple(self.causes),
            tied=np.array(self.tied, dtype=np.bool_),
            shared=self.shared,
            ends=np.searchsorted(entries[order, 1], np.arange(len(self.keys) + 1)),
        )


def unstated(df: float) -> float:
    """Return what turns a *stated* standard error into the one that t with df degrees of freedom goes with.

    >>> unstated(float("inf"))
    1.0
    >>> round(unstated(7.0), 3)
    0.829
    """
    if np.isinf(df):
        return 1.0
    from scipy.special import stdtrit

    return normal_quantile(0.95) / float(stdtrit(df, 0.975))


def _first_is_tied(explanation: Explanation, row: int) -> bool:
    if row >= len(explanation.rankings):
        return False
    groups = explanation.rankings[row].groups
    return bool(groups) and len(groups[0]) > 1
