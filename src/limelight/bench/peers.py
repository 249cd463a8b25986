"""Everybody else who draws bars, or a rule, for the columns of a row: shap, captum, interpret, eli5, alibi.

Input and output are those of `methods.py`. Each package is asked as its documentation does, on the same background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from limelight.bench.cases import Case
from limelight.bench.methods import BY_VALUE, LIME, LIMELIGHT, Explain, Method
from limelight.contracts import FloatArray

DRAWN_BY_SHAP = 100
"""Rows of the background that shap's own documentation asks for, where nobody says how many it may spend."""
CERTAIN = 0.95
"""The precision that alibi asks of a rule by default."""


def _answer(predict: Any, target: int) -> Callable[[FloatArray], FloatArray]:
    def answer(X: FloatArray) -> FloatArray:
        found = np.asarray(predict(X))
        if found.ndim == 2:
            return found[:, target]
        return found

    return answer


def _some(case: Case, n: int) -> FloatArray:
    return case.background[np.random.default_rng(1).permutation(len(case.background))[:n]]


def _shap_permutation(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """Two permutations there and back, on as many background rows as are paid for; by default as shap chooses."""
    import shap

    one_way = 2 * case.background.shape[1] + 1
    drawn = _some(case, DRAWN_BY_SHAP if rows is None else max(1, rows // (2 * one_way)))
    masker = shap.maskers.Independent(drawn, max_samples=len(drawn))
    asked: dict[str, Any] = {} if rows is None else {"max_evals": 2 * one_way}

    def explain(row: FloatArray, target: int) -> FloatArray:
        explainer = shap.PermutationExplainer(_answer(predict, target), masker, seed=seed)
        values: FloatArray = explainer(row[None], silent=True, **asked).values[0]
        return values

    return explain


def _shap_kernel(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """Weighted least squares; its selection of ten features is left out where rows are counted."""
    import shap

    drawn = _some(case, DRAWN_BY_SHAP if rows is None else 10)
    if rows is None:
        asked: dict[str, Any] = {}
    else:
        asked = {"nsamples": rows // len(drawn), "l1_reg": False}

    def explain(row: FloatArray, target: int) -> FloatArray:
        explainer = shap.KernelExplainer(_answer(predict, target), drawn, seed=seed)
        return np.asarray(explainer.shap_values(row, silent=True, **asked))

    return explain


def _shap_partition(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """Owen values over columns that are alike; by default the 500 masks that shap asks."""
    import shap

    evaluations = 4 * case.background.shape[1]
    drawn = _some(case, DRAWN_BY_SHAP if rows is None else max(1, rows // evaluations))
    masker = shap.maskers.Partition(drawn, max_samples=len(drawn))
    asked: dict[str, Any] = {} if rows is None else {"max_evals": evaluations}

    def explain(row: FloatArray, target: int) -> FloatArray:
        explainer = shap.PartitionExplainer(_answer(predict, target), masker)
        values: FloatArray = explainer(row[None], silent=True, **asked).values[0]
        return values

    return explain


def typical(case: Case) -> FloatArray:
    """Return the row that stands for nothing said: means, and the commonest value of each category."""
    found: FloatArray = case.background.mean(axis=0)
    for column in case.categorical:
        values, counts = np.unique(case.background[:, column], return_counts=True)
        found[column] = values[counts.argmax()]
    return found


def _captum(kind: str) -> Callable[[Case, Any, int, int | None], Explain]:
    """Columns are hidden behind one typical row, which is what captum asks for."""

    def start(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
        import captum.attr
        import torch

        torch.set_num_threads(1)
        baseline = torch.as_tensor(typical(case))[None]
        if rows is None:
            asked: dict[str, Any] = {}
        else:
            asked = {"n_samples": rows, "perturbations_per_eval": rows}

        def explain(row: FloatArray, target: int) -> FloatArray:
            torch.manual_seed(seed)
            answer = _answer(predict, target)
            explainer = getattr(captum.attr, kind)(lambda inputs: torch.as_tensor(answer(inputs.numpy())))
            found = explainer.attribute(torch.as_tensor(row)[None], baselines=baseline, **asked)
            return np.asarray(found[0].numpy(), dtype=float)

        return explain

    return start


def _glass_box(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """A model that can be read, of the answers of one that cannot: boosted curves of one column each, one bag.

    Probabilities are fitted as numbers, so that bars are shares of a probability like everybody's.
    """
    from interpret.glassbox import ExplainableBoostingRegressor

    shown = _some(case, len(case.background) if rows is None else min(rows, len(case.background)))
    answers, fitted = np.asarray(predict(shown)), {}
    kinds = ["nominal" if j in case.levels else "continuous" for j in range(shown.shape[1])]

    def explain(row: FloatArray, target: int) -> FloatArray:
        if target not in fitted:
            model = ExplainableBoostingRegressor(
                feature_types=kinds, interactions=0, outer_bags=1, n_jobs=1, random_state=seed
            )
            fitted[target] = model.fit(shown, answers[:, target] if answers.ndim == 2 else answers)
        return np.asarray(fitted[target].explain_local(row[None]).data(0)["scores"][: len(row)], dtype=float)

    return explain


def _reads_no_forest(case: Case) -> str:
    if hasattr(case.model, "estimators_"):
        return ""
    return "eli5 reads the trees of a forest, and this model has none"


def _eli5(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """The way through each tree, added up: the model is read and not asked."""
    from eli5 import explain_prediction

    def explain(row: FloatArray, target: int) -> FloatArray:
        found = explain_prediction(case.model, row, feature_names=list(case.columns)).targets
        (wanted,) = [each for each in found if each.target == target] or found
        read = {each.feature: each.weight for each in [*wanted.feature_weights.pos, *wanted.feature_weights.neg]}
        sign = 1.0 if wanted.target == target else -1.0  # of two classes only one is told
        return sign * np.array([read.get(column, 0.0) for column in case.columns])

    return explain


def _answers_numbers(case: Case) -> str:
    if case.classify:
        return ""
    return "alibi's anchors are rules for a class, and this model answers numbers"


def _anchors(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """A rule of conditions under which the class stays; rows are spent as its precision needs."""
    from alibi.explainers import AnchorTabular

    explainer = AnchorTabular(
        lambda X: np.asarray(predict(X)).argmax(axis=1), list(case.columns), categorical_names=case.levels, seed=seed
    )
    explainer.fit(case.background)

    def explain(row: FloatArray, target: int) -> FloatArray:
        named = np.zeros(len(row))
        named[list(explainer.explain(row, threshold=CERTAIN).raw["feature"])] = 1.0
        return named

    return explain


METHODS = (
    LIMELIGHT,
    BY_VALUE,
    LIME,
    Method("shap Permutation", "shap", _shap_permutation),
    Method("shap Kernel", "shap", _shap_kernel),
    Method("shap Partition", "shap", _shap_partition),
    Method("captum Lime", "captum", _captum("Lime")),
    Method("captum KernelShap", "captum", _captum("KernelShap")),
    Method("interpret EBM", "interpret", _glass_box),
    Method("eli5", "eli5", _eli5, refuses=_reads_no_forest),
    Method("alibi anchors", "alibi", _anchors, bars=False, refuses=_answers_numbers),
)
