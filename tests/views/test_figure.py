from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import samples

from limelight.errors import InputError
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
    top = explanation.top()
    assert [bar.get_width() for bar in ax.patches[: len(top)]] == pytest.approx([weight for _, weight, _ in top])
    whiskers = [segment[:, 0] for lines in ax.collections for segment in lines.get_segments()]
    inexact = [bounds for _, _, bounds in top if bounds[0] != bounds[1]]
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


def test_importance_is_the_mean_size_and_missing_counts_as_zero() -> None:
    ax = drawn(many.plot_importance([samples.table(), samples.bars()]))
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["0", "1"], "the regression's parts are largest"
    assert ax.patches[0].get_width() == pytest.approx(125000 / 2)


def test_a_beeswarm_has_a_dot_for_every_shown_weight() -> None:
    ax = drawn(many.plot_beeswarm([samples.table()] * 3))
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 27


def test_coverage_starts_at_nothing_and_ends_at_what_is_covered() -> None:
    assert drawn(many.plot_coverage([0.5, 0.75])).lines[0].get_ydata().tolist() == [0, 0.5, 0.75]


def test_nothing_to_summarise_is_refused() -> None:
    with pytest.raises(InputError, match="at least one explanation"):
        many.plot_importance([])
