"""From the SPEC of a model to the model: a file of a library, a folder of MLflow, or ``module:object``.

Most files hold nothing but data, and nothing of them is run. Those that run code when they are read (pickles, and what
MLflow keeps as one) are read only where that is allowed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from limelight.cli.skops_checks import check_trees
from limelight.cli.skops_types import DATA
from limelight.errors import InputError, MissingDependencyError
from limelight.optional import require

PICKLES = (".joblib", ".pkl", ".pickle")
SUFFIXES = (".skops", *PICKLES, ".onnx", ".ubj", ".json", ".xgb", ".bst", ".cbm", ".lgb", ".lgbm", ".txt", ".model")
"""How the files of models are named; which library a .json, .txt or .model is of, its content says."""
KEEPS_CATEGORIES = (3, 1)
"""From this version on, XGBoost saves the categories with the model."""
EXPECTED = (
    "expected a model of skops, XGBoost, LightGBM, CatBoost or ONNX, a folder of MLflow, a pickle, or module:object"
)


def load_model(spec: str, *, trust_pickle: bool = False, trusted: Sequence[str] = ()) -> Any:
    """Return the model that a SPEC names.

    Parameters
    ----------
    spec
        A file, a folder that MLflow wrote, or ``module:object``, which is imported, also from the current folder.
    trust_pickle
        Whether unpickling, which runs whatever code the file holds, is allowed.
    trusted
        Types that a .skops file may hold beside those that skops trusts and those of `skops_types.py`.

    Raises
    ------
    InputError
        If the spec is none of these, the file is missing or unreadable, or what it would run is not trusted.
    MissingDependencyError
        If the library that wrote the file is not installed.
    """
    path = Path(spec)
    if (path / "MLmodel").is_file():
        return _mlflow(path, trust_pickle, trusted)
    suffix = path.suffix.lower()
    if not path.is_file():
        if suffix in SUFFIXES:
            raise InputError(f"--model: no file {spec!r}.")
        if ":" not in spec:
            raise InputError(f"--model: {EXPECTED}, got {spec!r}; a module is imported from the current folder.")
        return load_object(spec, argument="--model")
    if suffix == ".skops":
        return _skops(spec, trusted)
    if suffix in PICKLES:
        _check_trust(spec, trust_pickle, "is a pickle")
        return _reading(spec, require("joblib", "cli").load, spec)
    return _by_content(path)


def load_object(spec: str, *, argument: str) -> Any:
    """Return the object of ``module:object``; the module is looked for in the current folder too.

    >>> load_object("math:sqrt", argument="--model")(16)
    4.0
    """
    module_name, _, path = spec.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise InputError(f"{argument}: could not import {spec!r} ({first_line(error)}).") from error
    return found


def first_line(error: Exception) -> str:
    """Return the kind of an error and the first line of its text."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"


def _check_trust(spec: str, trust_pickle: bool, what: str) -> None:
    if not trust_pickle:
        raise InputError(
            f"--model: {spec} {what}, and unpickling runs whatever code the file holds; "
            "pass --trust-pickle if you know who made it, or save the model with skops."
        )


def _reading(spec: str, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except Exception as error:
        raise InputError(f"--model: could not read {spec} ({first_line(error)}).") from error


def _library(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise MissingDependencyError(
            f"--model: {spec} is read by {package}, which could not be imported ({error}); "
            f"install it with: pip install {package}"
        ) from error


# ---- files that hold data --------------------------------------------------------------------------------------------


def _skops(spec: str, trusted: Sequence[str]) -> Any:
    skops = require("skops.io", "cli")
    untrusted = _reading(spec, lambda: skops.get_untrusted_types(file=spec))
    missing = sorted(set(untrusted) - set(trusted) - DATA)
    if missing:
        flags = " ".join(f"--trust {name}" for name in missing)
        raise InputError(f"--model: {spec} holds types that are not known to be data; if you trust them, pass {flags}")
    model = _reading(spec, lambda: skops.load(spec, trusted=untrusted))
    check_trees(model, spec)
    return model


def _by_content(path: Path) -> Any:
    with path.open("rb") as file:
        head = file.read(4096)
    if path.suffix.lower() == ".onnx":
        return _onnx(str(path))
    for marks, read in _MARKS.items():
        if any(head.startswith(mark) for mark in marks):
            return read(str(path))
    if head.lstrip().startswith(b"{") and b"learner" in head:  # as JSON, and as UBJSON
        return _xgboost(str(path))
    raise InputError(f"--model: {EXPECTED}, got '{path}', whose content is none of these.")


def _onnx(spec: str) -> Any:
    runtime = _library("onnxruntime", spec)
    return _reading(spec, lambda: runtime.InferenceSession(spec, providers=["CPUExecutionProvider"]))


def _xgboost(spec: str) -> Any:
    xgboost = _library("xgboost", spec)
    booster = _reading(spec, lambda: xgboost.Booster(model_file=spec))
    version = tuple(int(part) for part in xgboost.__version__.split(".")[:2])
    if "c" in (booster.feature_types or ()) and version < KEEPS_CATEGORIES:
        raise InputError(
            f"--model: {spec} takes categories by their numbers, and XGBoost {xgboost.__version__} does not say which "
            "number is which; install xgboost>=3.1 and save the model with it."
        )
    return booster


def _lightgbm(spec: str) -> Any:
    lightgbm = _library("lightgbm", spec)
    return _reading(spec, lambda: lightgbm.Booster(model_file=spec))


def _catboost(spec: str) -> Any:
    catboost = _library("catboost", spec)
    return _reading(spec, lambda: catboost.CatBoost().load_model(spec))


_MARKS: dict[tuple[bytes, ...], Callable[[str], Any]] = {(b"tree\n", b"tree\r\n"): _lightgbm, (b"CBM1",): _catboost}
"""How a file begins → who reads it."""


# ---- folders of MLflow -----------------------------------------------------------------------------------------------


def _mlflow(folder: Path, trust_pickle: bool, trusted: Sequence[str]) -> Any:
    """Open a folder of MLflow: models that are data by their own library, any other as MLflow does."""
    models = _library("mlflow.models", str(folder))
    flavors = _reading(str(folder), models.Model.load, str(folder)).flavors
    for flavor in ("sklearn", "xgboost", "lightgbm", "catboost", "onnx"):
        said = flavors.get(flavor, {})
        held = folder / str(said.get("pickled_model") or said.get("data") or "")
        if held.is_file() and held.suffix.lower() not in PICKLES:
            if held.suffix == ".skops":
                return load_model(str(held), trusted=trusted)
            return _by_content(held)
    _check_trust(str(folder), trust_pickle, "holds a model of Python that MLflow unpickles")
    flavor = "sklearn" if "sklearn" in flavors else "pyfunc"
    return _reading(str(folder), _library(f"mlflow.{flavor}", str(folder)).load_model, str(folder))
