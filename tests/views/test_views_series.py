"""Charts of series: extremes are kept, gaps lift the pen, windows lie where their steps are; worked by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import samples

from limelight.contracts import Feature, Where
from limelight.result.explanation import Explanation
from limelight.result.layouts import series_layout
from limelight.views import facts
from limelight.views.series import HEIGHT, WIDTH, _path, series, thinned, windows


def told(values: list[list[float]], features: list[Feature], **layout: object) -> Explanation:
    names = ["heart", "breath"][: len(values)]
    drawn = {**series_layout(np.array(values), names), **layout}
    return samples.explanation(features, [[0.2, -0.1][: len(features)]], layout=drawn)


def test_a_long_series_keeps_the_extremes_of_every_stretch_and_its_gaps() -> None:
    row = np.sin(np.arange(3000) / 7.0)
    row[1234], row[40:140] = 9.0, math.nan  # a gap longer than a stretch of 30
    points = thinned(row, 200)
    assert len(points) <= 200
    assert (1234, 9.0) in points
    assert any(math.isnan(value) for _, value in points)
    assert [i for i, _ in points] == sorted(i for i, _ in points)
    assert all(value == row[i] for i, value in points if not math.isnan(value))
    assert thinned(row[:5], 5) == list(enumerate(row[:5].tolist()))


def test_the_line_runs_from_top_to_bottom_and_lifts_over_a_gap() -> None:
    low, high = HEIGHT - 6, 6
    assert _path(np.array([0.0, 1.0]), 0.0, 1.0) == f"M250.0 {low:.1f}L750.0 {high:.1f}"
    assert _path(np.array([0.0, math.nan, 1.0, 1.0]), 0.0, 1.0).count("M") == 2
    assert _path(np.array([3.0, 3.0]), 3.0, 3.0) == f"M250.0 {HEIGHT / 2:.1f}L750.0 {HEIGHT / 2:.1f}"


def test_windows_of_all_channels_belong_to_each_and_those_of_one_to_it() -> None:
    every = Feature("all", Where("window", 0, ((0, 2),)))
    own = Feature("own", Where("window", ("heart", 1), ((2, 4),)))
    given = told([[1, 2, 3, 4], [1, 2, 3, 4]], [every, own])
    assert windows(given, "heart") == [(0, 0.0, 2.0), (1, 2.0, 4.0)]
    assert windows(given, "breath") == [(0, 0.0, 2.0)]
    # a long recording is drawn with one point for several steps
    thin = told([[1, 2], [1, 2]], [every, own], rate=2.0, stride=2, steps=4)
    assert windows(thin, "heart") == [(0, 0.0, 1.0), (1, 1.0, 2.0)]


def test_a_window_is_shaded_by_the_size_of_its_weight() -> None:
    given = told([[1, 2, 3, 4]], [Feature(n, Where("window", i, ((2 * i, 2 * i + 2),))) for i, n in enumerate("ab")])
    page = series(given, facts.target_facts(given))
    assert f'class="win pos" data-f="0" style="--s:1.0" x="0.0" y="0" width="{WIDTH / 2:.1f}"' in page
    assert f'class="win neg" data-f="1" style="--s:0.5" x="{WIDTH / 2:.1f}"' in page
    unshown = series(given, facts.TargetFacts(0, "y", 0, 0, 0, 1, 0, 1, (), 0, True))
    assert unshown.count('class="win" ') == 2


def test_the_axis_says_first_middle_and_last_or_seconds() -> None:
    feature = [Feature("a", Where("window", 0, ((0, 1),)))]
    plain = told([[1, 2, 3, 4, 5]], feature)
    page = series(plain, facts.target_facts(plain))
    assert re.findall(r"<span>(\d+)</span>", page) == ["0", "2", "4"]
    timed = told([[1, 2, 3, 4, 5]], feature, rate=2.0, stride=1, steps=5)
    page = series(timed, facts.target_facts(timed))
    assert re.findall(r"<span>([\d.]+) s</span>", page) == ["0", "1.25", "2.5"]
