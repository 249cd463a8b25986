"""What a figure shows above its bars: heights by shape, windows by sign and size, seconds on the axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import samples

from limelight.contracts import Feature, Where
from limelight.result.layouts import series_layout
from limelight.views import facts
from limelight.views.canvas import draw_raster, draw_series, raster_height, series_height
from limelight.views.palette import FIGURE, hexadecimal

matplotlib = pytest.importorskip("matplotlib")


def figure() -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4))


def test_an_image_is_as_high_as_its_shape_within_bounds_and_a_channel_takes_an_inch() -> None:
    assert raster_height({"width": 100, "height": 100}) == pytest.approx(3.4)
    assert raster_height({"width": 100, "height": 10}) == pytest.approx(1.8)
    assert raster_height({"width": 10, "height": 100}) == pytest.approx(5.3)
    assert series_height({"channels": ["a", "b"]}) == pytest.approx(2.4)


def test_windows_are_shaded_by_sign_and_size_faintly_where_the_sign_is_not_known() -> None:
    features = [Feature(n, Where("window", i, ((2 * i, 2 * i + 2),))) for i, n in enumerate("abc")]
    layout = series_layout(np.array([[1.0, 2, 3, 4, 5, 6]]), ["heart"])
    told = samples.explanation(features, [[0.4, -0.2, 0.1]], stderr=[[0.01, 0.01, 0.5]], layout=layout)
    drawn = figure()
    draw_series(told, facts.target_facts(told), drawn)
    (ax,) = drawn.axes
    shades = [(patch.get_alpha(), matplotlib.colors.to_hex(patch.get_facecolor())) for patch in ax.patches]
    up, down = (hexadecimal(FIGURE.signed(sign)).lower() for sign in (1.0, -1.0))
    assert shades == [(pytest.approx(0.65), up), (pytest.approx(0.375), down), (pytest.approx(0.08), up)]
    # steps are drawn at their numbers, and a window reaches half a step to either side
    across = ax.transData.inverted().transform(ax.patches[0].get_window_extent())[:, 0]  # of any patch
    assert across == pytest.approx([-0.5, 1.5])
    assert ax.get_xlim() == (-0.5, 5.5)


def test_a_recording_has_seconds_below_it() -> None:
    layout = {**series_layout(np.arange(8.0)[None], ["heart"]), "rate": 4.0, "stride": 2, "steps": 16}
    told = samples.explanation([Feature("a", Where("window", 0, ((0, 4),)))], [[0.4]], layout=layout)
    drawn = figure()
    draw_series(told, facts.target_facts(told), drawn)
    (ax,) = drawn.axes
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[0] == "0 s"
    assert labels[-1] == "4 s"  # 16 steps at 4 a second
    assert ax.get_xticks()[-1] == 16 / 2 - 0.5  # the end of the last point


def test_an_image_stands_beside_its_heat_with_a_scale_of_its_largest_weight() -> None:
    told = samples.raster()
    drawn = figure()
    draw_raster(told, facts.target_facts(told), drawn)
    whole, hot, bar = drawn.axes
    assert [ax.get_title(loc="left") for ax in (whole, hot)] == ["Original", "Weights of segments"]
    largest = float(np.abs(told.coef[0]).max())
    low, zero, high = (label.get_text() for label in bar.get_yticklabels())
    assert zero == "0"
    numbers = facts.Numbers.fitting([largest])
    assert (low, high) == (numbers.text(-largest), numbers.signed(largest))
    tags = {text.get_text() for text in hot.texts}
    assert tags == {str(told.features[j].where.key) for j in told.selected[0]}
