"""Sets of explanations of several kinds, made once for all tests that write or read many of them."""

from __future__ import annotations

from functools import cache

import numpy as np

import limelight as ll
from prepared_tables import Model, explainer, table


@cache
def of_a_table(n: int = 60) -> ll.Explanations:
    """Rows of a table with rare bins, one target."""
    return explainer(Model()).explain_all(table().iloc[:n])


@cache
def of_rows_like_it(n: int = 8) -> ll.Explanations:
    """Rows of the same table under the law of rows like each."""
    return ll.Explainer(Model(), ll.Conditional(table()), seed=0, max_samples=512).explain_all(table().iloc[:n])


@cache
def of_two_outputs() -> ll.Explanations:
    """Rows of an array, two targets each."""
    X = np.random.default_rng(1).normal(size=(300, 3))
    model = lambda X: np.column_stack([X[:, 0] - X[:, 1], X[:, 2] ** 2])  # noqa: E731
    modality = ll.Tabular(X, names=["a", "b", "c"], max_samples=2048)
    return ll.Explainer(model, modality, output_names=["line", "bowl"], seed=0).explain_all(X[:20])


@cache
def of_texts() -> ll.Explanations:
    """Texts of one to five words, which have different features."""
    texts = ["good film", "bad film", "good good film", "a very bad film indeed", "good"]
    says = lambda texts: np.array([text.count("good") - text.count("bad") for text in texts], float)  # noqa: E731
    return ll.Explainer(says, ll.Text(), seed=0).explain_all(texts)
