"""Explanations and explainers in MLflow: what a run keeps, and a model that answers with reasons.

Input: an explanation, a set, or an explainer, and an active run. Output: artifacts that MLflow shows, and a logged
model whose `predict` explains. Needs `pip install mlflow`; nothing here is imported by limelight itself.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from limelight.errors import InputError, MissingDependencyError
from limelight.explainer import Explainer
from limelight.interpretable.composite import Composite
from limelight.interpretable.conditional import Conditional
from limelight.interpretable.tabular import Tabular
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations

EXPLAINER_FILE = "explainer.pkl"
MOST_LETTERS = 240
"""Of a metric's name: MLflow takes 250, some of which a number may need."""


def log_explanation(explanation: Explanation | Explanations | Sequence[Explanation], name: str = "explanation") -> None:
    """Keep an explanation in the active run of MLflow, or in a new one.

    One explanation becomes a page, which MLflow shows, and a JSON file that `Explanation.from_json` reads; its fidelity
    and additivity become metrics. A set becomes a Parquet file that `Explanations.from_parquet` reads.

    Parameters
    ----------
    explanation
        What is kept. A list of explanations is kept as a set.
    name
        Folder of the artifacts, and the beginning of the metrics' names. Where the run has it already it becomes
        ``"explanation-2"``, so that nothing that was kept is lost.

    Raises
    ------
    MissingDependencyError
        If mlflow is not installed.
    InputError
        If it is no explanation, or the name is no folder.
    """
    explanation = _checked(explanation, name)
    mlflow = _mlflow()
    name = _free(mlflow, name)
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
        with _without_type_hints():
            return mlflow.pyfunc.log_model(
                name=name,
                python_model=_class_of_reasons(mlflow.pyfunc.PythonModel)(),
                artifacts={"explainer": str(path)},
                **how,
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
    InputError
        If it is another model.
    """
    mlflow = _mlflow()
    with _without_type_hints():
        model = mlflow.pyfunc.load_model(uri)
    try:
        explainer: Explainer = model.unwrap_python_model().explainer
    except Exception as error:  # of whatever class that flavour raises
        raise InputError(f"uri: expected a model that log_explainer has logged, got another one at {uri!r}.") from error
    return explainer


def _checked(explanation: Any, name: Any) -> Explanation | Explanations:
    """Return what is kept, a list as a set; nothing is logged of what is neither."""
    if not isinstance(name, str) or any(part in ("", ".", "..") for part in name.split("/")):
        raise InputError(f"name: expected a folder of artifacts, such as 'row 7', got {name!r}.")
    listed = isinstance(explanation, (list, tuple)) and len(explanation) > 0
    if listed and all(isinstance(each, Explanation) for each in explanation):
        return Explanations.of(explanation)
    if isinstance(explanation, (Explanation, Explanations)):
        return explanation
    got = type(explanation).__name__
    raise InputError(
        f"explanation: expected an Explanation or many, got {got}; pass what explain or explain_all returns."
    )


def _free(mlflow: Any, name: str) -> str:
    """Return a name under which the run has nothing yet."""
    client, run = mlflow.MlflowClient(), (mlflow.active_run() or mlflow.start_run()).info.run_id
    found, number = name, 1
    while client.list_artifacts(run, found):
        number += 1
        found = f"{name}-{number}"
    return found


@contextmanager
def _without_type_hints() -> Iterator[None]:
    """MLflow recommends type hints wherever it makes our class; it would read them as a schema of the rows.

    It recommends them under filters of its own, so that none of ours would keep them back.
    """
    with warnings.catch_warnings(record=True) as told:
        yield
    for each in told:
        if "type hints" not in str(each.message):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _class_of_reasons(base: type) -> type:
    """Return the class whose `predict` MLflow calls; it needs a base that is only there with mlflow."""

    class Reasons(base):  # type: ignore[misc]
        def load_context(self, context: Any) -> None:
            import pickle
            from pathlib import Path

            self.explainer = pickle.loads(Path(context.artifacts["explainer"]).read_bytes())

        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            return self.explainer.explain_all(_instances(model_input, self.explainer.modality)).to_frame()

    return Reasons


def _instances(frame: Any, modality: Any) -> Any:
    """Return what is asked about: a server hands over frames, also of texts, which then stand in the only column."""
    takes_rows = isinstance(modality, (Tabular, Conditional, Composite)) or getattr(modality, "fields", None)
    alone = hasattr(frame, "iloc") and frame.shape[1:] == (1,)
    if alone and not takes_rows:
        return frame.iloc[:, 0].tolist()
    return frame


def _metrics(explanation: Explanation, name: str) -> dict[str, float]:
    """Return the fidelity and additivity of each explained target that has them."""
    found: dict[str, float] = {}
    for what in ("fidelity", "additivity"):
        values = getattr(explanation, what)
        for target, value in zip(explanation.targets, () if values is None else values, strict=False):
            if value == value:  # a number: MLflow's databases refuse NaN
                key = f"{_plain(name, '/')}/{what}/{_plain(target)}"[:MOST_LETTERS]
                unique, number = key, 1
                while unique in found:  # "é" and "ü" are both "_"
                    number += 1
                    unique = f"{key}-{number}"
                found[unique] = float(value)
    return found


def _plain(name: str, more: str = "") -> str:
    """Return a name with the characters that the names of metrics may have."""
    known = "_-. :" + more
    return "".join([letter if letter.isascii() and (letter.isalnum() or letter in known) else "_" for letter in name])


def _mlflow() -> Any:
    try:
        import mlflow
    except ImportError as error:
        raise MissingDependencyError(
            f"mlflow is needed here and could not be imported ({error}); install it with: pip install mlflow"
        ) from error
    return mlflow
