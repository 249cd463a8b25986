"""How other libraries call things, and what they are called here: an old name gets the new one for an answer."""

from __future__ import annotations

NAMES: dict[str, dict[str, str]] = {
    "limelight": {
        "LimeTabularExplainer": "Explainer(model, Tabular(X)); old code runs with limelight.compat.lime",
        "LimeTextExplainer": "Explainer(model, Text()); old code runs with limelight.compat.lime",
        "LimeImageExplainer": "Explainer(model, Image()); old code runs with limelight.compat.lime",
        "RecurrentTabularExplainer": "Explainer(model, TimeSeries())",
        "SubmodularPick": "submodular_pick(explanations, budget=5)",
        "KernelExplainer": "Explainer(model, Tabular(X))",
        "summary_plot": "plot_beeswarm(explanations)",
    },
    "Explainer": {
        "explain_instance": "explain(x), with the model given to Explainer(model, …)",
        "shap_values": "explain_all(X).values",
        "expected_value": "explain_all(X).base_values",
        "attribute": "explain(x)",
        "fit": "Explainer(model, Tabular(X)): nothing is fitted beforehand; prepare() draws what rows share",
    },
    "Explanation": {
        "as_pyplot_figure": "plot()",
        "show_in_notebook": "the explanation itself, as the last line of a cell",
        "save_to_file": "to_html(path)",
        "as_html": "to_html()",
        "as_map": "as_list(target), or coef",
        "local_exp": "coef, or as_list(target)",
        "local_pred": "local_prediction",
        "score": "fidelity, on perturbations that the fit has not seen; r2 in the sample",
        "predict_proba": "outputs of the model: prediction",
        "shap_values": "contributions",
        "available_labels": "targets",
        "class_names": "targets",
    },
}
"""Where something is looked for → its old name → what to write."""


def missing(where: str, name: str) -> AttributeError:
    """Return the error for a name that is not there.

    >>> str(missing("Explainer", "explain_instance"))
    "'Explainer' has no 'explain_instance'; write explain(x), with the model given to Explainer(model, …)."
    >>> str(missing("Explainer", "nothing"))
    "'Explainer' has no 'nothing'."
    """
    new = NAMES[where].get(name)
    error = AttributeError(f"{where!r} has no {name!r}" + (f"; write {new}." if new else "."))
    error.name = name
    return error
