"""The explanation as one self-contained page, and as a fragment for notebooks."""

from __future__ import annotations

from html import escape

from limelight.explanation import Explanation
from limelight.views import terminal


def page(explanation: Explanation) -> str:
    """Return a self-contained page."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Explanation</title>'
        + fragment(explanation)
        + "</html>"
    )


def fragment(explanation: Explanation) -> str:
    """Return the explanation as HTML for a notebook."""
    return f"<pre>{escape(terminal.render(explanation))}</pre>"
