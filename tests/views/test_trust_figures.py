"""Figures about many rows: bars, dots and whiskers lie where the numbers are."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll

pytest.importorskip("matplotlib")
X = np.random.default_rng(0).normal(size=(200, 3))


def test_a_comparison_is_drawn_with_its_numbers() -> None:
    first = ll.Explainer(lambda X: X[:, 0] + X[:, 1], ll.Tabular(X, names=["a", "b", "c"]), seed=0)
    found = ll.compare(first, lambda X: X[:, 0] + X[:, 2], X[:10], names=("old", "new"))
    ax = found.plot(n=2)
    assert [bar.get_width() for bar in ax.patches] == [entry.change for entry in found.of()[:2]]
    assert [text.get_text() for text in ax.get_yticklabels()] == [str(entry.feature) for entry in found.of()[:2]]
    old, new = (np.asarray(dots.get_offsets())[:, 0] for dots in ax.collections[-2:])
    assert old.tolist() == [entry.first for entry in found.of()[:2]]
    assert new.tolist() == [entry.second for entry in found.of()[:2]]
    assert "old" in ax.get_title(loc="left")
