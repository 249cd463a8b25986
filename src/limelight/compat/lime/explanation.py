"""lime's `Explanation`: its attributes and methods, over limelight's own explanation, which is `native`."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from limelight.compat.lime import page
from limelight.compat.lime.exceptions import LimeError
from limelight.compat.lime.question import Answer
from limelight.compat.lime.randomness import check_random_state
from limelight.contracts import FloatArray
from limelight.errors import UnknownNameError
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
        Label → [(feature, weight)], largest |weight| first. Of a regression label 1 holds the weights, and
        label 0 their negatives, as in lime.
    intercept
        Label → intercept.
    score, local_pred
        R² in the sample, a number, and the surrogate's prediction, an array (1,): of the last label, as in lime.
        Each label's are `native.r2` and `native.local_prediction`.
    predict_proba, top_labels, class_names
        Of a classification.
    predicted_value, min_value, max_value
        Of a regression.
    """

    def __init__(
        self, domain_mapper: Any, mode: str = "classification", class_names: Any = None, random_state: Any = None
    ) -> None:
        if not isinstance(mode, str) or mode not in MODES:
            raise LimeError(f'mode: expected "classification" or "regression", got {mode!r}.')
        self.random_state = random_state
        self.mode = mode
        self.domain_mapper = domain_mapper
        self.local_exp: dict[int, Pairs] = {}
        self.intercept: dict[int, float] = {}
        self.score: float | None = None
        self.local_pred: FloatArray | None = None
        self.native: limelight_explanation.Explanation | None = None
        self._rows: dict[int, int] = {}
        self._sealed: Any = None
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
        if self.mode == "classification":
            what = f" for class {self._class_name(label)}"
        else:
            what = ""
        axes.set_title(f"Local explanation{what}".replace("$", r"\$"))
        return figure

    def as_html(
        self,
        labels: Sequence[int] | None = None,
        predict_proba: bool = True,
        show_predicted_value: bool = True,
        **kwargs: Any,
    ) -> str:
        """Return limelight's page for these labels; where somebody filled or edited the numbers, a page of those.

        Parameters
        ----------
        labels
            Which of the explained ones to show; None shows all.
        predict_proba, show_predicted_value
            Whether to show what the model said, of a classification and of a regression.
        **kwargs
            lime's options of its own page (``text``, ``opacity``, ``show_table``, ``show_all``) have no counterpart.
        """
        if self.mode == "classification":
            said = predict_proba
        else:
            said = show_predicted_value
        native = self._untouched()
        if native is None:
            return page.document(page.Card.of(self, labels, said))
        return self._native(native, labels, said).to_html()

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
        if self.mode == "classification":
            said = predict_proba
        else:
            said = show_predicted_value
        display.display(display.HTML(self._fragment(labels, said)))

    def _repr_html_(self) -> str:
        return self._fragment(None, True)

    def _fragment(self, labels: Sequence[int] | None, said: bool) -> str:
        native = self._untouched()
        if native is None:
            return page.fragment(page.Card.of(self, labels, said))
        return self._native(native, labels, said)._repr_html_()

    # -- filling ------------------------------------------------------------------------------------------------------

    def fill(self, answer: Answer, columns: Sequence[int] | None = None) -> Explanation:
        """Take an answer's numbers; `columns` says which feature of lime's each of limelight's is."""
        self.native = answer.native
        self._rows = {label: row for row, label in enumerate(answer.labels)}
        for row, label in enumerate(answer.labels):
            self.take(label, answer.fit_of(row, columns))
        if self.mode == "regression":
            self.repeat_regression()
        return self

    def take(self, label: int, fit: Any) -> None:
        """Take what lime's fit returns for a label: intercept, (feature, weight) pairs, score, local prediction.

        Score and local prediction are those of the label taken last, as in lime.
        """
        self.intercept[label], self.local_exp[label], self.score, self.local_pred = fit

    def repeat_regression(self) -> None:
        """Let a regression be found under label 1, and its weights with the other sign under 0, as in lime.

        Programs that read label 0 know of the sign, and turn it back.
        """
        by_label: tuple[dict[int, Any], ...] = (self._rows, self.local_exp, self.intercept)
        for kept in by_label:
            if 0 in kept:
                kept[1] = kept[0]
        if 0 in self.local_exp:
            self.local_exp[0] = [(feature, -weight) for feature, weight in self.local_exp[1]]

    def seal(self) -> Explanation:
        """Remember the numbers as the explainer left them: where somebody edits them, pages show the edited ones."""
        self._sealed = self._shown_numbers()
        return self

    def _shown_numbers(self) -> Any:
        """Return everything that a page of lime's would show, in a form that can be compared."""
        if self.mode == "regression":
            labels = [self.dummy_label]
        else:
            labels = list(self.local_exp)
        if self.mode == "classification":
            said = self.predict_proba
        else:
            said = self.predicted_value
        return (
            {label: self.as_list(label) for label in labels if label in self.local_exp},
            None if self.class_names is None else [str(name) for name in self.class_names],
            None if said is None else np.array(said, dtype=np.float64).tolist(),
        )

    def _untouched(self) -> limelight_explanation.Explanation | None:
        """Return limelight's explanation where it says the same as this one; None where somebody filled or edited it.

        Copies made by somebody else's code, and objects of subclasses that never called `__init__`, have no seal.
        """
        native, sealed = getattr(self, "native", None), getattr(self, "_sealed", None)
        return native if native is not None and sealed == self._shown_numbers() else None

    def _native(
        self, native: limelight_explanation.Explanation, labels: Sequence[int] | None, said: bool
    ) -> limelight_explanation.Explanation:
        """Return limelight's explanation of some labels only, with or without what the model said."""
        wanted = self._rows if labels is None or self.mode == "regression" else labels
        rows = list(dict.fromkeys(_of_label(self._rows, label) for label in wanted))
        if self.mode == "classification" and labels is None and self.top_labels:
            rows = rows[::-1]
        if rows == list(range(len(native.targets))):
            taken = native
        else:
            taken = of_targets(native, rows)
        if said:
            return taken
        return replace(taken, outputs=())

    def _class_name(self, label: int) -> str:
        if self.class_names is None:
            return str(label)
        return str(list(self.class_names)[label])


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
