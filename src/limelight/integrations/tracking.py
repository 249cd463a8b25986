"""Explanations and explainers in MLflow: what a run keeps, and a model that answers with reasons.

Input: an explanation, a set, or an explainer, and an active run. Output: artifacts that MLflow shows, and a logged
model whose `predict` explains. Needs `pip install mlflow`; nothing here is imported by limelight itself.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

from limelight.errors import InputError, MissingDependencyError
from limelight.explainer import Explainer
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations

EXPLAINER_FILE = "explainer.pkl"


def log_explanation(explanation: Explanation | Explanations, name: str = "explanation") -> None:
    """Keep an explanation in the active run of MLflow, or in a new one.

    One explanation becomes a page, which MLflow shows, and a JSON file that `Explanation.from_json` reads; its fidelity
    and additivity become metrics. A set becomes a Parquet file that `Explanations.from_parquet` reads.

    Parameters
    ----------
    explanation
        What is kept.
    name
        Folder of the artifacts, and the beginning of the metrics' names.

    Raises
    ------
    MissingDependencyError
        If mlflow is not installed.
    """
    mlflow = _mlflow()
    if isinstance(explanation, Explanations):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "explanations.parquet"
            explanation.to_parquet(path)
            mlflow.log_artifact(str(path), name)
        return
    mlflow.log_text(explanation.to_html(), f"{name}/explanation.html")
    mlflow.log_text(explanation.to_json(), f"{name}/explanation.json")
    mlflow.log_metrics(_metrics(explanation, name))


def log_explainer(explainer: Explainer, name: str = "explainer", **how: Any) -> Any:
    """Log an explainer as a model of MLflow whose `predict` takes rows and answers with their reasons.

    What is logged can be served like any model (``mlflow models serve``): `predict(frame)` returns the tidy frame of
    `Explanations.to_frame`. The shared neighborhood of a table goes along, so that all who load it give the same bits.

    Parameters
    ----------
    explainer
        An explainer of a model that can be pickled.
    name
        The logged model's name.
    **how
        Further arguments of ``mlflow.pyfunc.log_model``, such as ``registered_model_name=`` or ``input_example=``.

    Returns
    -------
    ModelInfo
        What MLflow says of the logged model; its `model_uri` is what `load_explainer` takes.

    Raises
    ------
    MissingDependencyError
        If mlflow is not installed.
    InputError
        If the explainer cannot be pickled.
    """
    mlflow = _mlflow()
    try:
        pickled = require("cloudpickle", "jobs").dumps(explainer.prepare())
    except Exception as error:  # whatever a model's own pickling raises
        raise InputError(
            f"explainer: expected one that can be pickled, got {type(error).__name__}: {error}; define the model "
            "in a module, or open sessions and files inside the function that answers."
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / EXPLAINER_FILE
        path.write_bytes(pickled)
        how.setdefault("pip_requirements", ["limelight", "cloudpickle", "pandas"])
        return mlflow.pyfunc.log_model(
            name=name, python_model=_model(mlflow), artifacts={"explainer": str(path)}, **how
        )


def load_explainer(uri: str) -> Explainer:
    """Return an explainer that `log_explainer` has logged.

    Loading unpickles, which runs whatever code the file holds: load only what you trust, as with any model of MLflow.

    Parameters
    ----------
    uri
        Such as ``"models:/reasons/3"``, or the `model_uri` of what `log_explainer` returned.

    Raises
    ------
    MissingDependencyError
        If mlflow is not installed.
    """
    explainer: Explainer = _mlflow().pyfunc.load_model(uri).unwrap_python_model().explainer
    return explainer


def _model(mlflow: Any) -> Any:
    """Return the object whose `predict` MLflow calls; its class needs a base that is only there with mlflow."""
    with warnings.catch_warnings():  # MLflow recommends type hints, which it would read as a schema of the rows
        warnings.filterwarnings("ignore", message=".*type hints", category=UserWarning)
        return _class_of_reasons(mlflow.pyfunc.PythonModel)()


def _class_of_reasons(base: type) -> type:
    class Reasons(base):  # type: ignore[misc]
        def load_context(self, context: Any) -> None:
            import pickle
            from pathlib import Path

            self.explainer = pickle.loads(Path(context.artifacts["explainer"]).read_bytes())

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            return self.explainer.explain_all(model_input).to_frame()

    return Reasons


def _metrics(explanation: Explanation, name: str) -> dict[str, float]:
    """Return the fidelity and additivity of each explained target that has them."""
    found: dict[str, float] = {}
    for what in ("fidelity", "additivity"):
        values = getattr(explanation, what)
        for target, value in zip(explanation.targets, () if values is None else values, strict=False):
            if value == value:  # a number: MLflow's databases refuse NaN
                key = f"{name}/{what}/{_plain(target)}"
                number = sum(1 for each in found if each == key or each.startswith(f"{key} ("))
                found[f"{key} ({number + 1})" if number else key] = float(value)  # "é" and "ü" are both "_"
    return found


def _plain(target: str) -> str:
    """Return a target's name with the characters that the names of metrics may have."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-. ") else "_" for letter in target)


def _mlflow() -> Any:
    try:
        import mlflow
    except ImportError as error:
        raise MissingDependencyError(
            f"mlflow is needed here and could not be imported ({error}); install it with: pip install mlflow"
        ) from error
    return mlflow
