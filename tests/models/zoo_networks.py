"""PyTorch, transformers and Keras: tables, texts, images, series; small models that are made or trained here."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import zoo
from zoo import ARRAY, MOODS, TEXTS, Known, column, each, need, table

import limelight as ll

WEIGHTS = np.array([2.0, -1.0, 0.0])
"""Of a, b and c."""


def _linear(torch: Any, k: int = 1, dtype: Any = None) -> Any:
    """Return a layer that knows the truth: k outputs, turned round from one to the next."""
    layer = torch.nn.Linear(3, k)
    rows = [WEIGHTS * (-1) ** i for i in range(k)]
    layer.weight.data = torch.tensor(np.array(rows), dtype=torch.float32)
    layer.bias.data = torch.zeros(k)
    return layer.to(dtype or torch.float32)


def _asked(torch: Any, module: Any) -> Any:
    def ask(inputs: Any) -> Any:
        values = np.asarray(inputs, dtype=np.float32)
        with torch.no_grad():
            return module.eval()(torch.from_numpy(values).to(next(module.parameters()).dtype)).numpy()

    return ask


@zoo.kind("PyTorch", "nn.Module", "regression", "frame")
def module() -> Known:
    torch = need("torch")
    model = torch.nn.Sequential(_linear(torch), torch.nn.Dropout(0.5)).train()
    return table(model, {"output": (column(_asked(torch, model), 0), 1)})


@zoo.kind("PyTorch", "nn.Module in double precision", "regression", "array")
def double() -> Known:
    torch = need("torch")
    model = _linear(torch, dtype=torch.float64)
    return table(model, {"output": (column(_asked(torch, model), 0), 1)}, background=ARRAY)


@zoo.kind("PyTorch", "nn.Module with softmax", "two classes", "array")
def softmax() -> Known:
    torch = need("torch")
    model = torch.nn.Sequential(_linear(torch, 2), torch.nn.Softmax(-1))
    return table(model, {"output 0": (column(_asked(torch, model), 0), 1)}, background=ARRAY)


@zoo.kind("PyTorch", "nn.Module", "regression of several outputs", "frame")
def several() -> Known:
    torch = need("torch")
    model = _linear(torch, 2)
    return table(model, each(_asked(torch, model), ("output 0", "output 1"), (1, -1)))


# ---- images and series: a part of the picture speaks for, another against --------------------------------------------


def _quarters(height: int = 32) -> Any:
    labels = np.zeros((height, height), int)
    labels[:16, 16:], labels[16:, :16], labels[16:, 16:] = 1, 2, 3
    return labels


def _conv(torch: Any) -> Any:
    """Mean light of the upper left minus half of that of the lower right, of pictures (n, c, h, w)."""

    class Quarters(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, x: Any) -> Any:
            assert x.shape[1:] == (3, 32, 32)
            first, last = x[:, :, :16, :16].mean((1, 2, 3)), x[:, :, 16:, 16:].mean((1, 2, 3))
            return (self.scale * (first - 0.5 * last))[:, None]

    return Quarters()


@zoo.kind("PyTorch", "nn.Module", "regression", "image, channels first")
def image() -> Known:
    torch = need("torch")
    instance = np.full((3, 32, 32), 0.8, np.float32)
    return Known(_conv(torch), ll.Image(segments=_quarters(), fill=0), instance, {"output": (_parts((0.8, -0.4)), 1)})


@zoo.kind("PyTorch", "nn.Module", "regression", "image, a tensor")
def tensor() -> Known:
    torch = need("torch")
    instance = torch.full((3, 32, 32), 0.8)
    return Known(_conv(torch), ll.Image(segments=_quarters(), fill=0), instance, {"output": (_parts((0.8, -0.4)), 1)})


@zoo.kind("PyTorch", "nn.Module with a convolution", "regression", "image, channels last")
def convolution() -> Known:
    torch = need("torch")
    layer = torch.nn.Conv2d(3, 1, 16, stride=16, bias=False)
    layer.weight.data = torch.full((1, 3, 16, 16), 1 / 768)
    last = torch.nn.Linear(4, 1, bias=False)
    last.weight.data = torch.tensor([[1.0, 0.0, 0.0, -0.5]])
    model = torch.nn.Sequential(layer, torch.nn.Flatten(), last)
    instance = np.full((32, 32, 3), 0.8, np.float32)
    return Known(model, ll.Image(segments=_quarters(), fill=0), instance, {"output": (_parts((0.8, -0.4)), 1)})


@zoo.kind("PyTorch", "nn.Module", "regression", "series")
def series() -> Known:
    torch = need("torch")

    class Windows(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:, :10].mean(1) - 0.5 * x[:, 30:].mean(1)

    instance = np.ones(40, np.float32)
    modality = ll.TimeSeries(windows=10, fill="zero")
    return Known(Windows(), modality, instance, {"output": (_parts((1.0, -0.5)), 1)})


def _parts(truth: tuple[float, float]) -> Any:
    """Return the known weights of the first and the last of four parts, as `zoo.check` reads them."""
    return np.array([truth[0], 0.0, 0.0, truth[1]])


# ---- transformers ----------------------------------------------------------------------------------------------------


@cache
def _bert() -> tuple[Any, Any]:
    """Return a network of one layer and its tokenizer, trained on the texts for a moment."""
    torch = need("torch", "transformers", "tokenizers")
    import tokenizers
    import transformers

    words = ["[PAD]", "[UNK]", *sorted({word for text in TEXTS for word in text.split()})]
    raw = tokenizers.Tokenizer(tokenizers.models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    raw.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]")
    tokenizer.model_max_length = 32
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=32, id2label={0: "NEG", 1: "POS"}, label2id={"NEG": 0, "POS": 1},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    encoded = tokenizer(TEXTS, return_tensors="pt", padding=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        optimizer.zero_grad()
        model(**encoded, labels=torch.tensor(MOODS)).loss.backward()
        optimizer.step()
    return model.eval(), tokenizer


def _logits(model: Any, tokenizer: Any, texts: Any) -> Any:
    torch = need("torch")
    with torch.no_grad():
        return model(**tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True)).logits.numpy()


def _softmax(values: Any) -> Any:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@zoo.kind("Hugging Face", "(model, tokenizer)", "two classes", "text")
def pair() -> Known:
    both = _bert()
    return zoo.text(both, {"POS": (lambda texts: _logits(*both, texts)[:, 1], 1)})


@zoo.kind("Hugging Face", "{'model': …, 'tokenizer': …}", "two classes", "text")
def both_named() -> Known:
    model, tokenizer = _bert()
    named = {"model": model, "tokenizer": tokenizer}
    return zoo.text(named, {"POS": (lambda texts: _logits(model, tokenizer, texts)[:, 1], 1)})


def _pipeline(**options: Any) -> Known:
    both = _bert()
    import transformers

    pipe = transformers.pipeline("text-classification", model=both[0], tokenizer=both[1], device="cpu", **options)
    return zoo.text(pipe, {"POS": (lambda texts: _pipe_truth(both, texts, **options), 1)})


def _pipe_truth(both: Any, texts: Any, top_k: Any = 1) -> Any:
    p = _softmax(_logits(*both, texts))[:, 1]
    return p if top_k is None else np.where(p > 0.5, p, 0.0)  # the default names the likeliest label only


zoo.kind("Hugging Face", "pipeline", "two classes", "text")(_pipeline)
zoo.kind("Hugging Face", "pipeline with top_k=None", "two classes", "text")(lambda: _pipeline(top_k=None))


# ---- Keras -----------------------------------------------------------------------------------------------------------


def _keras(k: int, activation: str | None) -> Any:
    keras = need("keras")
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(k, activation=activation)])
    model.layers[-1].set_weights([np.column_stack([WEIGHTS * (-1) ** i for i in range(k)]), np.zeros(k)])
    return model


def _keras_ask(model: Any) -> Any:
    return lambda inputs: model.predict(np.asarray(inputs, np.float32), verbose=0)


@zoo.kind("Keras", "Sequential", "regression", "frame")
def dense() -> Known:
    model = _keras(1, None)
    return table(model, {"output": (column(_keras_ask(model), 0), 1)})


@zoo.kind("Keras", "Sequential with sigmoid", "two classes", "frame")
def sigmoid() -> Known:
    model = _keras(1, "sigmoid")
    return table(model, {"output": (column(_keras_ask(model), 0), 1)})


@zoo.kind("Keras", "Sequential with softmax", "two classes", "array")
def keras_softmax() -> Known:
    model = _keras(2, "softmax")
    return table(model, {"output 0": (column(_keras_ask(model), 0), 1)}, background=ARRAY)


@zoo.kind("Keras", "functional Model", "regression of several outputs", "frame")
def functional() -> Known:
    keras = need("keras")
    inner = _keras(2, None)
    inputs = keras.layers.Input((3,))
    model = keras.Model(inputs, inner(inputs))
    return table(model, each(_keras_ask(model), ("output 0", "output 1"), (1, -1)))


@zoo.kind("Keras", "functional Model", "regression", "image")
def keras_image() -> Known:
    keras = need("keras")
    inputs = keras.layers.Input((32, 32, 3))
    pooled = keras.layers.AveragePooling2D(16)(inputs)
    outputs = keras.layers.Dense(1, use_bias=False)(keras.layers.Flatten()(pooled))
    model = keras.Model(inputs, outputs)
    weights = np.zeros((2, 2, 3))
    weights[0, 0], weights[1, 1] = 1 / 3, -1 / 6
    model.layers[-1].set_weights([weights.reshape(12, 1)])
    instance = np.full((32, 32, 3), 0.8, np.float32)
    return Known(model, ll.Image(segments=_quarters(), fill=0), instance, {"output": (_parts((0.8, -0.4)), 1)})
