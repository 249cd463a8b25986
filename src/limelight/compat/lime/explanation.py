"""lime's `Explanation`: its attributes and methods, over limelight's own explanation, which is `native`."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from limelight.compat.lime.exceptions import LimeError
from limelight.compat.lime.question import Answer
from limelight.compat.lime.randomness import check_random_state
from limelight.errors import InputError, UnknownNameError
from limelight.optional import require
from limelight.result import explanation as limelight_explanation

Pairs = list[tuple[Any, float]]
MODES = ("classification", "regression")


def id_generator(size: int = 15, random_state: Any = None) -> str:
    """Return random capitals and digits.

    >>> len(id_generator(5, np.random.default_rng(0)))
    5
    """
    source = check_random_state(None) if random_state is None else random_state
    return "".join(source.choice(list(string.ascii_uppercase + string.digits), size, replace=True))


class Score(float):
    """A number, the last label's as in lime 0.2; indexed by label it gives each label's, as in lime's later source.

    >>> score = Score.of({0: 0.5, 1: 0.75})
    >>> float(score), score[0], dict(score.items())
    (0.75, 0.5, {0: 0.5, 1: 0.75})
    """

    by_label: dict[int, float]

    @classmethod
    def of(cls, by_label: Mapping[int, float]) -> Score:
        """Return the score of some labels."""
        score = cls(list(by_label.values())[-1])
        score.by_label = dict(by_label)
        return score

    def __getitem__(self, label: int) -> float:
        return float(_of_label(self.by_label, label))

    def __iter__(self) -> Iterator[int]:
        return iter(self.by_label)

    def __len__(self) -> int:
        return len(self.by_label)

    def keys(self) -> Any:
        """Return the labels."""
        return self.by_label.keys()

    def values(self) -> Any:
        """Return the numbers."""
        return self.by_label.values()

    def items(self) -> Any:
        """Return (label, number)."""
        return self.by_label.items()


class LocalPrediction(np.ndarray[Any, Any]):
    """An array (1,), the last label's as in lime 0.2; indexed by an explained label it gives that label's.

    >>> prediction = LocalPrediction.of({0: 0.25, 1: 0.5})
    >>> prediction.shape, float(prediction[0]), float(prediction[1]), prediction.item()
    ((1,), 0.25, 0.5, 0.5)
    """

    by_label: dict[int, float]

    @classmethod
    def of(cls, by_label: Mapping[int, float]) -> LocalPrediction:
        """Return the local prediction of some labels."""
        prediction = np.array([list(by_label.values())[-1]]).view(cls)
        prediction.by_label = dict(by_label)
        return prediction

    def __array_finalize__(self, obj: Any) -> None:
        self.by_label = getattr(obj, "by_label", {})

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, np.integer)) and key in self.by_label:
            return self.by_label[int(key)]
        return np.asarray(self)[key]

    def __reduce__(self) -> Any:
        return LocalPrediction.of, (self.by_label,)


class DomainMapper:
    """Says what features are called; each kind of data has its own."""

    def map_exp_ids(self, exp: Pairs, **kwargs: Any) -> Pairs:
        """Return (name, weight) for (feature, weight)."""
        return exp

    def visualize_instance_html(
        self, exp: Pairs, label: int, div_name: str, exp_object_name: str, **kwargs: Any
    ) -> str:
        """Return nothing: limelight's page draws the instance."""
        return ""


class Explanation:
    """What lime's explainers return.

    Parameters
    ----------
    domain_mapper
        What features are called.
    mode
        ``"classification"`` or ``"regression"``.
    class_names
        Names of the classes.
    random_state
        Kept as it is.

    Attributes
    ----------
    native
        limelight's explanation, with intervals, fidelity, and warnings.
    local_exp
        Label → [(feature, weight)], largest |weight| first. Of a regression the labels 0 and 1 hold the same.
    intercept
        Label → intercept.
    score, local_pred
        R² in the sample and the surrogate's prediction, see `Score` and `LocalPrediction`.
    predict_proba, top_labels, class_names
        Of a classification.
    predicted_value, min_value, max_value
        Of a regression.
    """

    def __init__(
        self, domain_mapper: Any, mode: str = "classification", class_names: Any = None, random_state: Any = None
    ) -> None:
        if mode not in MODES:
            raise LimeError(f'mode: expected "classification" or "regression", got {mode!r}.')
        self.random_state = random_state
        self.mode = mode
        self.domain_mapper = domain_mapper
        self.local_exp: dict[int, Pairs] = {}
        self.intercept: dict[int, float] = {}
        self.score: Any = None
        self.local_pred: Any = None
        self.native: limelight_explanation.Explanation | None = None
        self._rows: dict[int, int] = {}
        if mode == "classification":
            self.class_names = class_names
            self.top_labels: list[int] | None = None
            self.predict_proba: Any = None
        else:
            self.class_names = ["negative", "positive"]
            self.predicted_value: Any = None
            self.min_value, self.max_value = 0.0, 1.0
            self.dummy_label = 1

    # -- reading ------------------------------------------------------------------------------------------------------

    def available_labels(self) -> list[int]:
        """Return the labels that are explained; of a classification only."""
        if self.mode != "classification":
            raise NotImplementedError("available_labels: a regression has no labels; call as_list() without one.")
        return list(self.top_labels or self.local_exp)

    def as_list(self, label: int = 1, **kwargs: Any) -> list[tuple[Any, float]]:
        """Return (name, weight), largest |weight| first; the label is ignored for a regression."""
        pairs = _of_label(self.local_exp, label if self.mode == "classification" else self.dummy_label)
        return [(name, float(weight)) for name, weight in self.domain_mapper.map_exp_ids(pairs, **kwargs)]

    def as_map(self) -> dict[int, Pairs]:
        """Return label → [(feature, weight)]."""
        return self.local_exp

    # -- showing ------------------------------------------------------------------------------------------------------

    def as_pyplot_figure(self, label: int = 1, figsize: tuple[float, float] | None = None, **kwargs: Any) -> Any:
        """Return a pyplot figure with a bar for each feature."""
        pairs = self.as_list(label=label, **kwargs)[::-1]
        figure = require("matplotlib.pyplot", "plot").figure(figsize=figsize)
        axes = figure.add_subplot()
        colours = ["green" if weight > 0 else "red" for _, weight in pairs]
        axes.barh(np.arange(len(pairs)) + 0.5, [weight for _, weight in pairs], align="center", color=colours)
        axes.set_yticks(np.arange(len(pairs)) + 0.5, [str(name).replace("$", r"\$") for name, _ in pairs])
        what = f" for class {self._class_name(label)}" if self.mode == "classification" else ""
        axes.set_title(f"Local explanation{what}".replace("$", r"\$"))
        return figure

    def as_html(
        self,
        labels: Sequence[int] | None = None,
        predict_proba: bool = True,
        show_predicted_value: bool = True,
        **kwargs: Any,
    ) -> str:
        """Return limelight's page for these labels.

        Parameters
        ----------
        labels
            Which of the explained ones to show; None shows all.
        predict_proba, show_predicted_value
            Whether to show what the model said, of a classification and of a regression.
        **kwargs
            lime's options of its own page (``text``, ``opacity``, ``show_table``, ``show_all``) have no counterpart.
        """
        return self._shown(labels, predict_proba if self.mode == "classification" else show_predicted_value).to_html()

    def save_to_file(
        self,
        file_path: str,
        labels: Sequence[int] | None = None,
        predict_proba: bool = True,
        show_predicted_value: bool = True,
        **kwargs: Any,
    ) -> None:
        """Write the page of `as_html` to a file."""
        page = self.as_html(labels, predict_proba, show_predicted_value, **kwargs)
        Path(file_path).write_text(page, encoding="utf-8")

    def show_in_notebook(
        self,
        labels: Sequence[int] | None = None,
        predict_proba: bool = True,
        show_predicted_value: bool = True,
        **kwargs: Any,
    ) -> None:
        """Show the explanation below the cell of a notebook."""
        display = require("IPython.display", "notebook")
        shown = self._shown(labels, predict_proba if self.mode == "classification" else show_predicted_value)
        display.display(display.HTML(shown._repr_html_()))

    def _repr_html_(self) -> str:
        return self._shown(None, True)._repr_html_()

    # -- filling ------------------------------------------------------------------------------------------------------

    def fill(self, answer: Answer, columns: Sequence[int] | None = None) -> Explanation:
        """Take an answer's numbers; `columns` says which feature of lime's each of limelight's is."""
        self.native = answer.native
        self._rows = {label: row for row, label in enumerate(answer.labels)}
        for row, label in enumerate(answer.labels):
            pairs = answer.chosen[row]
            self.local_exp[label] = [(j if columns is None else int(columns[j]), w) for j, w in pairs]
            self.intercept[label] = float(answer.intercept[row])
        if not answer.labels:
            return self
        score = dict(zip(answer.labels, answer.score.tolist(), strict=True))
        local = dict(zip(answer.labels, answer.local_prediction.tolist(), strict=True))
        if self.mode == "regression":
            of_labels: tuple[dict[int, Any], ...] = (self._rows, self.local_exp, self.intercept, score, local)
            for kept in of_labels:
                kept[1] = kept[0]
        self.score, self.local_pred = Score.of(score), LocalPrediction.of(local)
        return self

    def _shown(self, labels: Sequence[int] | None, said: bool) -> limelight_explanation.Explanation:
        """Return limelight's explanation of some labels only, with or without what the model said."""
        if self.native is None:
            raise InputError(
                "as_html: expected an explanation made by an explainer, got one that was filled by hand; "
                "as_list and as_pyplot_figure work on it."
            )
        wanted = self._rows if labels is None or self.mode == "regression" else labels
        rows = list(dict.fromkeys(_of_label(self._rows, label) for label in wanted))
        if self.mode == "classification" and labels is None and self.top_labels:
            rows = rows[::-1]
        native = self.native if rows == list(range(len(self.native.targets))) else of_targets(self.native, rows)
        return native if said else replace(native, outputs=())

    def _class_name(self, label: int) -> str:
        return str(label) if self.class_names is None else str(list(self.class_names)[label])


def of_targets(native: limelight_explanation.Explanation, rows: list[int]) -> limelight_explanation.Explanation:
    """Return the explanation of some of its targets, in this order."""
    arrays = ("coef", "stderr", "intercept", "prediction", "local_prediction", "fidelity", "fidelity_stderr", "r2")
    tuples = ("targets", "selected", "covariance", "rankings")
    taken: dict[str, Any] = {name: getattr(native, name)[rows] for name in arrays}
    taken |= {name: tuple(getattr(native, name)[row] for row in rows) for name in tuples if getattr(native, name)}
    return replace(native, **taken)


def _of_label(found: Mapping[int, Any], label: Any) -> Any:
    """Return what belongs to a label, or say which labels there are."""
    if label not in found:
        raise UnknownNameError("label", label, found)
    return found[label]
