"""Points of the unit cube become rows: by the bins' frequencies, then by the values inside the bin."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.tabular.background import TableBackground


def background(**how: object) -> TableBackground:
    frame = pd.DataFrame({"n": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "k": list("aaaaabbb")})
    found = ll.Tabular(frame, **how).background  # type: ignore[arg-type]
    assert isinstance(found, TableBackground)
    return found


def test_a_point_finds_its_bin_and_then_the_value_inside_it() -> None:
    u = (np.arange(8) + 0.5) / 8
    codes, rows = background().draw(np.column_stack([u, u]))
    assert rows["n"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert rows["k"].tolist() == list("aaaaabbb")
    assert codes[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert codes[:, 1].tolist() == [0] * 5 + [1] * 3


def test_draws_have_the_background_s_frequencies() -> None:
    U = np.random.default_rng(0).random((20_000, 2))
    codes, rows = background().draw(U)
    assert np.bincount(codes[:, 0]) / 20_000 == pytest.approx([0.25] * 4, abs=0.01)
    assert (rows["k"] == "a").mean() == pytest.approx(5 / 8, abs=0.01)
    assert rows["n"].mean() == pytest.approx(4.5, abs=0.05)


def test_a_held_value_stands_in_every_row_and_codes_stay_those_of_the_points() -> None:
    U = np.random.default_rng(0).random((50, 2))
    free, _ = background().draw(U)
    codes, rows = background().draw(U, fixed={0: [99.0]})
    assert rows["n"].tolist() == [99.0] * 50
    assert np.array_equal(codes, free)


def test_inner_terms_have_the_means_that_they_state_and_places_have_none() -> None:
    # what a column does inside its bins must not be taken for what its bins do
    shapes = background().shapes
    assert shapes is not None
    for shape in shapes:
        for code in np.unique(shape.codes):
            inside = shape.codes == code
            mean = shape.mass[inside] @ shape.terms[inside] / shape.share[code]
            assert mean == pytest.approx(shape.means[code], abs=1e-12)
            assert mean[:2] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_the_terms_of_a_row_are_those_of_the_support_point_nearest_to_it() -> None:
    law = background()
    u = np.array([[1.5 / 8, 0.1]])  # draws 2.0 and "a"
    assert law.inside_of(np.array([0, 0]), [2.2, None])[0] == pytest.approx(law.inside(u)[0, 0])


def test_values_that_were_met_are_not_sent_to_other_processes() -> None:
    law = background()
    law.inside_of(np.array([0, 0]), [2.2, None])
    assert law._terms_met
    back = pickle.loads(pickle.dumps(law))
    assert not back._terms_met
    assert back.content == law.content


def test_its_content_tells_it_from_every_other_law() -> None:
    other = pd.DataFrame({"n": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.5], "k": list("aaaaabbb")})
    found = [
        background().content,
        background(bins="decile").content,
        background(sampling="gaussian").content,
        ll.Tabular(other).background.content,
        ll.Tabular(other.rename(columns={"n": "m"})).background.content,
    ]
    assert len(set(found)) == len(found)
    assert background().content == found[0]


def test_a_continuous_column_has_no_bins() -> None:
    law = background(bins=None)
    assert law.probabilities is None
    assert law.shapes is None
    assert not law.discrete
    assert law.code_dtype == np.float64
    assert law.inside_of(np.array([0.0, 0.0]), [1.0, None]).shape == (0, 4)
