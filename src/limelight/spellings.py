"""How other libraries call things, and what they are called here: an old name gets the new one for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from limelight.errors import UnknownNameError

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

SETTINGS = {
    "top_labels": 'targets="top3", or "all"',
    "labels": "targets=…",
    "label": "targets=…",
    "target": "targets=…",
    "num_features": "max_features=…",
    "num_samples": "n_samples=…",
    "nsamples": "n_samples=…",
    "random_state": "seed=…",
    "class_names": "output_names=…",
    "feature_names": "Tabular(X, names=…)",
    "categorical_features": "Tabular(X, categorical=…)",
    "discretize_continuous": 'Tabular(X, bins=…), or contrast="value"',
    "training_data": "Explainer(model, Tabular(X))",
    "feature_selection": "selection=…",
    "model_regressor": "surrogate=…",
    "distance_metric": "distance=…",
}
"""What settings and arguments are called elsewhere → what to write."""


def refuse_unknown(given: Mapping[str, object], known: Sequence[str]) -> None:
    """Raise for a setting that is none, with what to write where other libraries call one so.

    Raises
    ------
    UnknownNameError
        For the first that is not known.

    >>> refuse_unknown({"random_state": 1}, ["seed", "distance"])
    Traceback (most recent call last):
    limelight.errors.UnknownNameError: settings: unknown name 'random_state'; write seed=….
    """
    for name in given:
        if name in known:
            continue
        error = UnknownNameError("settings", name, known)
        if name in SETTINGS:
            error.message = f"settings: unknown name {name!r}; write {SETTINGS[name]}."
            error.args = (error.message,)
        raise error


def refuse_old(given: Mapping[str, object]) -> None:
    """Raise where `explain` is given what other libraries take there, and say where it belongs here.

    >>> refuse_old({"num_features": 5})
    Traceback (most recent call last):
    TypeError: explain() has no 'num_features'; write max_features=… in Explainer(model, modality, …).
    """
    for name in given:
        new = SETTINGS.get(name)
        if new is None:
            raise TypeError(f"explain() has no {name!r}; settings belong to Explainer(model, modality, …).")
        where = "here" if new.startswith("targets") else "in Explainer(model, modality, …)"
        raise TypeError(f"explain() has no {name!r}; write {new} {where}.")


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
