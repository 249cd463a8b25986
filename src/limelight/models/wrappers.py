"""The wrappers of two lines that errors offer, each for one kind of model or answer.

An advice must be one that can be followed: it names what the object at hand really has.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from limelight.errors import InputError

ONE_NUMBER = "Explain one number, or a few, for each input: see limelight.one_number, or write a function, for example:"
"""How a remedy begins where an answer has more than numbers (n, k)."""


def function(body: str, argument: str = "inputs") -> str:
    """Return the text of a function of two lines.

    >>> print(function("return model(inputs)"))
    <BLANKLINE>
        def one_number(inputs):
            return model(inputs)
    """
    return f"\n    def one_number({argument}):\n        {body}"


BOXES = ONE_NUMBER + function(
    "return [max([score for score, label in zip(r['scores'], r['labels']) if label == 3], default=0) "
    "for r in model(images)]",
    "images",
)
"""For detectors: the best score of one class."""
BOX_LIST = ONE_NUMBER + function(
    "return [max([box['score'] for box in found if box['label'] == 'cat'], default=0) for found in model(images)]",
    "images",
)
MASKS = ONE_NUMBER + function("return [sum(mask['area'] for mask in found) for found in model(images)]", "images")
MAPS = ONE_NUMBER + function("return np.asarray(model(inputs))[:, 0].reshape(len(inputs), -1).mean(axis=1)")
"""For segmentation and other maps: the mean of one channel (or of one place)."""
ENTITIES = ONE_NUMBER + function(
    "return [max([e['score'] for e in found if e.get('word') == 'Paris'], default=0) for found in model(texts)]",
    "texts",
)
GENERATED = ONE_NUMBER + function("return [float('yes' in str(answer).lower()) for answer in model(texts)]", "texts")
"""For models that write: whether the text holds what is asked about."""
CURVES = ONE_NUMBER + function("return [curve(365) for curve in model(inputs)]")
"""For survival curves: the value at one time."""
EMBEDDINGS = ONE_NUMBER + function("return embed(inputs) @ embed([original])[0]")
"""For embeddings: the similarity to one of them."""
TUPLE = "Choose one of its arrays, for example:" + function("return model(inputs)[0]")
TEXTS_OF_NUMBERS = "These are numbers written as text:" + function(
    "return [float(answer.strip(' %')) for answer in model(inputs)]"
)
OPENERS = {
    ".onnx": "onnxruntime.InferenceSession(path)",
    ".h5": "keras.models.load_model(path)",
    ".keras": "keras.models.load_model(path)",
    ".pt": "torch.jit.load(path), or torch.load(path) with the module's own code",
    ".pth": "torch.jit.load(path), or torch.load(path) with the module's own code",
    ".ubj": "xgboost.Booster(model_file=path)",
    ".json": "xgboost.Booster(model_file=path)",
    ".cbm": "catboost.CatBoost().load_model(path)",
    ".lgb": "lightgbm.Booster(model_file=path)",
    ".txt": "lightgbm.Booster(model_file=path)",
    ".skops": "skops.io.load(path)",
    ".bin": "fasttext.load_model(path)",
}
"""How a file is named → what opens it."""
RETURN = "Return one row of numbers for each input, in their order."


ODD_KEYS = {
    "boxes": BOXES,
    "xyxy": BOXES,
    "box": BOX_LIST,
    "bbox": BOX_LIST,
    "masks": MASKS,
    "mask": MASKS,
    "segmentation": MASKS,
    "entity": ENTITIES,
    "entity_group": ENTITIES,
    "generated_text": GENERATED,
    "summary_text": GENERATED,
    "translation_text": GENERATED,
    "last_hidden_state": EMBEDDINGS,
    "choices": GENERATED,
}
"""Names that give away an answer of another kind, and the wrapper that makes numbers of it."""


def key_of(name: object) -> str:
    """Return the remedy for rows that are dicts with one number worth explaining."""
    return ONE_NUMBER + function(f"return [row[{name!r}] for row in model(inputs)]")


def unknown_model(model: Any) -> InputError:
    """Return the error for an object that cannot be asked, with a wrapper for its kind."""
    expected = "model: expected an estimator with predict_proba, decision_function or predict, or a callable"
    return InputError(f"{expected}, got {type(model).__name__}; {_remedy(model)}")


def _remedy(model: Any) -> str:
    if isinstance(model, (str, PurePath)):
        return f"open the file first: {OPENERS.get(PurePath(model).suffix.lower(), 'joblib.load(path)')}."
    if hasattr(model, "shape"):
        return "these are answers already: pass what makes them, such as model.predict_proba without calling it."
    if isinstance(model, (tuple, list)) and len(model) == 2 and hasattr(model[0], "transform"):
        return "join the two: sklearn.pipeline.make_pipeline(*model)."
    if hasattr(model, "SerializeToString"):
        return "run it: onnxruntime.InferenceSession(model.SerializeToString())."
    for method in ("transform", "score_samples", "infer", "forward", "run", "generate"):
        if callable(getattr(model, method, None)):
            return "wrap what it has:" + function(f"return model.{method}(inputs)")
    if callable(getattr(model, "fit_predict", None)):
        return "it cannot answer for new rows; fit a classifier to its labels and explain that."
    return "pass the fitted model, or a function of n inputs."
