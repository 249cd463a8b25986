"""Figures: bars, whiskers and notes of one explanation; importance, swarms and coverage of many.

The claims of `views/many.py`.
"""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import samples

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.errors import InputError, UnknownNameError
from limelight.views import facts as f
from limelight.views import figure, many

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


def drawn(ax: Any) -> Any:
    """Draw everything: a figure must not warn about what it cannot show."""
    ax.figure.savefig(io.BytesIO(), format="png", dpi=50)
    return ax


@pytest.mark.parametrize("name", samples.ALL)
def test_bars_have_the_weights_and_whiskers_the_intervals(name: str) -> None:
    explanation = samples.ALL[name]()
    ax = drawn(figure.plot(explanation))
    rows = f.target_facts(explanation).rows
    assert [bar.get_width() for bar in ax.patches[: len(rows)]] == pytest.approx([row.weight for row in rows])
    whiskers = [segment[:, 0] for lines in ax.collections for segment in lines.get_segments()]
    inexact = [(row.low, row.high) for row in rows if not row.pointlike]
    np.testing.assert_allclose(whiskers, inexact)


def test_axes_that_are_given_are_drawn_into_and_returned() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert figure.plot(samples.text(), ax, target="negative") is ax
    assert ax.get_title(loc="left") == "Why negative"


def test_pyplot_is_never_imported() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/views'); import samples; from limelight.views import figure, many;"
        "figure.plot(samples.raster()); many.plot_coverage([0.5]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})


def test_names_are_never_read_as_tex_and_hostile_ones_draw() -> None:
    ax = drawn(figure.plot(samples.hostile(["$\\frac{", "a\x00\u202eb", "👩‍👧‍👦", "x" * 10_000, "עברית", ""])))
    assert ax.get_yticklabels()[0].get_text().startswith("$\\frac{")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_every_format_is_written(kind: str) -> None:
    stream = io.BytesIO()
    figure.plot(samples.table()).figure.savefig(stream, format=kind)
    assert stream.tell() > 1000


def bars_of(ax: Any) -> dict[str, float]:
    """The widths of the bars by the names beside them."""
    names = [label.get_text() for label in ax.get_yticklabels()]
    return dict(zip(names, [bar.get_width() for bar in ax.patches], strict=True))


def test_importance_is_the_mean_size_of_all_weights_and_missing_counts_as_zero() -> None:
    short = samples.explanation([Feature("x", Where("column", "age"))], [[-0.5]], targets=[">50K"])
    ax = drawn(many.plot_importance([samples.table(), short]))
    bars = bars_of(ax)
    assert bars["age"] == pytest.approx((0.071 + 0.5) / 2)
    assert bars["capital-gain"] == pytest.approx(0.412 / 2)
    assert bars["fnlwgt"] == pytest.approx(0.001 / 2), "not shown in its explanation, and part of the full fit"


def test_importance_is_the_same_from_explanations_and_from_their_summary() -> None:
    explanations = [samples.text(), samples.long_text(), samples.text()]
    for target in ("positive", "spam"):
        summary = ll.feature_importance(explanations)
        ax = drawn(many.plot_importance(summary, target=target))
        assert bars_of(ax) == pytest.approx(bars_of(many.plot_importance(explanations, target=target)))
        assert ax.get_title(loc="left") == many.plot_importance(explanations, target=target).get_title(loc="left")


def test_the_whiskers_of_importance_are_its_intervals() -> None:
    summary = ll.feature_importance([samples.table(), samples.table()])
    ax = drawn(many.plot_importance(summary))
    segments = [segment[:, 0] for lines in ax.collections for segment in lines.get_segments()]
    rows = summary.rows()
    np.testing.assert_allclose(segments[::2], [(row["abs_low"], row["abs_high"]) for row in rows])
    np.testing.assert_allclose(segments[1::2], [(row["noise"], row["noise"]) for row in rows])


def test_superpixels_of_several_pictures_are_not_added_up() -> None:
    with pytest.raises(InputError, match="name="):
        many.plot_importance([samples.raster()])


def test_a_beeswarm_has_a_dot_for_every_weight() -> None:
    ax = drawn(many.plot_beeswarm([samples.table()] * 3))
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 36


def test_a_beeswarm_needs_the_explanations_themselves() -> None:
    with pytest.raises(InputError, match="pass the list itself"):
        many.plot_beeswarm(ll.feature_importance([samples.table()]))


@pytest.mark.parametrize("name", samples.ALL)
def test_notes_below_the_bars_stay_inside_the_figure(name: str) -> None:
    explanation = samples.doubtful(samples.ALL[name]())
    ax = figure.plot(explanation)
    ax.figure.draw_without_rendering()
    note = ax.xaxis.label.get_window_extent()
    assert note.x1 <= ax.figure.bbox.x1 and note.y0 >= 0


def test_coverage_starts_at_nothing_and_ends_at_what_is_covered() -> None:
    assert drawn(many.plot_coverage([0.5, 0.75])).lines[0].get_ydata().tolist() == [0, 0.5, 0.75]


def test_nothing_to_summarise_is_refused() -> None:
    with pytest.raises(InputError, match="at least one explanation"):
        many.plot_importance([])
    with pytest.raises(UnknownNameError, match="target"):
        many.plot_importance([samples.table()], target=">5OK")
    with pytest.raises(UnknownNameError, match="target"):
        many.plot_importance(ll.feature_importance([samples.table()]), target=">5OK")


@pytest.mark.parametrize("make", [samples.text, samples.raster, None])
def test_a_notebook_shows_the_whole_figure(make: Any) -> None:
    """What IPython asks an object for that is the last line of a cell; pyplot does not know this figure."""
    formatter = pytest.importorskip("IPython.core.formatters").DisplayFormatter()
    if make is None:
        ax = many.plot_coverage([0.5])
    else:
        ax = figure.plot(make())
    shown = formatter.format(ax)[0]["image/png"]
    whole = ax.get_figure(root=True)
    width = int.from_bytes(shown[16:20], "big")
    assert width == round(float(whole.get_figwidth() * whole.dpi))


def test_axes_of_somebody_elses_figure_are_left_to_it() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    figure.plot(samples.text(), ax)
    assert not hasattr(ax, "_repr_png_")
