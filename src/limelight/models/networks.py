"""Networks and models of texts: torch modules, transformers with their tokenizers, Keras, spaCy, fastText.

Nothing is imported here: a module is taken from those that are loaded, since its object can only exist there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.models.found import Found, as_array, labels_of_config
from limelight.models.wrappers import function as wrapper

# ---- networks --------------------------------------------------------------------------------------------------------

AT_ONCE = 64
"""Rows that a network sees at once, where it is not asked for more: its memory is not known."""


@dataclass(frozen=True, slots=True)
class TorchModule:
    """Ask a `torch.nn.Module`: arrays become tensors of its dtype on its device; in eval mode, without gradients.

    Its training flags are switched meanwhile, so that there is one call at once.
    """

    module: Any
    calls_at_once: ClassVar[int] = 1

    def __call__(self, inputs: Inputs) -> Any:
        """Return the module's answer; its training flags are as before."""
        torch = sys.modules["torch"]
        with torch.no_grad(), _evaluating(self.module):
            if isinstance(inputs, Mapping):
                return self.module(**{name: self._tensor(values, torch) for name, values in inputs.items()})
            return self.module(self._tensor(inputs, torch))

    def _tensor(self, inputs: Any, torch: Any) -> Any:
        weight = next(iter(self.module.parameters()), None)
        if not isinstance(inputs, torch.Tensor):
            inputs = self._read(inputs, torch)
        if inputs.ndim == 4 and self._has_channels_first(inputs.shape):
            inputs = inputs.permute(0, 3, 1, 2)
        if weight is None:
            return inputs
        inputs = inputs.to(weight.device)
        if inputs.is_floating_point() or not self._takes_numbers_of_words():
            return inputs.to(weight.dtype)
        return inputs

    def _read(self, inputs: Any, torch: Any) -> Any:
        if isinstance(inputs, (list, tuple)) and len(inputs):
            if isinstance(inputs[0], str):
                raise InputError(
                    "model: a network takes numbers, and the inputs are texts; put the tokenizer in front of it:"
                    + wrapper("return model(**tokenizer(texts, return_tensors='pt', padding=True)).logits", "texts")
                )
            if isinstance(inputs[0], torch.Tensor):
                return torch.stack(list(inputs))
        return torch.as_tensor(np.ascontiguousarray(as_array(inputs)))

    def _has_channels_first(self, shape: Any) -> bool:
        """Whether images come with channels last, and the first convolution says that it wants them first."""
        found = (each for each in self.module.modules() if type(each).__name__ == "Conv2d")
        channels = getattr(next(found, None), "in_channels", None)
        return channels is not None and shape[1] != channels == shape[3]

    def _takes_numbers_of_words(self) -> bool:
        """Whether integers look something up, so that they must stay integers."""
        return any(type(each).__name__.startswith("Embedding") for each in self.module.modules())


@contextmanager
def _evaluating(module: Any) -> Any:
    """Switch dropout and the like off inside the block; each part is put back by itself, since parts may differ."""
    training = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, was in training:
            part.training = was


def torch_module(module: Any) -> Found:
    """Return how a `torch.nn.Module` is asked."""
    return Found(TorchModule(module), "callable", labels_of_config(module))


@dataclass(frozen=True, slots=True)
class KerasModel:
    """Ask a Keras model on any backend, without its progress bar."""

    model: Any
    calls_at_once: ClassVar[int] = 1

    def __call__(self, inputs: Inputs) -> Any:
        """Return the model's prediction."""
        if not isinstance(inputs, Mapping):
            inputs = as_array(inputs)
            if inputs.dtype == object:  # a frame of several kinds of numbers
                inputs = inputs.astype(np.float32)
        return self.model.predict(inputs, batch_size=AT_ONCE, verbose=0)


def keras_model(model: Any) -> Found:
    """Return how a Keras model is asked."""
    return Found(KerasModel(model), "predict")


# ---- texts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpacyPipe:
    """Ask a spaCy pipeline, which takes texts by `pipe`; the categories of each document are read."""

    nlp: Any
    calls_at_once: ClassVar[int] = 1

    def __call__(self, texts: Inputs) -> Any:
        """Return the documents."""
        return list(self.nlp.pipe(texts))


def spacy_language(nlp: Any) -> Found:
    """Return how a spaCy pipeline is asked."""
    return Found(SpacyPipe(nlp), "callable")


@dataclass(frozen=True, slots=True)
class TokenizedModel:
    """Ask a network of transformers for texts, with its tokenizer: padded, and cut at its longest."""

    module: Any
    tokenizer: Any
    calls_at_once: ClassVar[int] = 1

    def __call__(self, texts: Inputs) -> Any:
        """Return the logits (n, k)."""
        torch, found = sys.modules["torch"], []
        texts = [str(text) for text in texts]
        with torch.no_grad(), _evaluating(self.module):
            for start in range(0, len(texts), AT_ONCE):
                part = texts[start : start + AT_ONCE]
                encoded = self.tokenizer(part, return_tensors="pt", padding=True, truncation=True)
                found.append(self.module(**encoded.to(self.module.device)).logits)
            return {"logits": torch.cat(found)}


def tokenized(model: Any) -> Found | None:
    """Return how a network and its tokenizer are asked: a pair in either order, or a dict; None for anything else."""
    if isinstance(model, Mapping) and {"model", "tokenizer"} <= set(model):
        model = (model["model"], model["tokenizer"])
    if not isinstance(model, (tuple, list)) or len(model) != 2:
        return None
    for network, tokenizer in (model, model[::-1]):
        names = {base.__name__ for base in type(tokenizer).__mro__}
        if "PreTrainedTokenizerBase" in names and hasattr(network, "config"):
            return Found(TokenizedModel(network, tokenizer), "callable", labels_of_config(network))
    return None


@dataclass(frozen=True, slots=True)
class FastText:
    """Ask a fastText model, which takes texts of one line, for all its labels."""

    model: Any

    def __call__(self, texts: Inputs) -> Any:
        """Return {label: probability} for each text."""
        lines = [" ".join(str(text).split("\n")) for text in texts]
        labels, scores = self.model.predict(lines, k=-1)
        answers = []
        for names, shares in zip(labels, scores, strict=True):
            plain = [name.removeprefix("__label__") for name in names]
            # its probabilities may exceed 1 by a rounding
            answers.append(dict(zip(plain, [min(float(share), 1.0) for share in shares], strict=True)))
        return answers


def fasttext_model(model: Any) -> Found:
    """Return how a fastText model is asked."""
    return Found(FastText(model), "callable")
