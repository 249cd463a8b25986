"""Reports to be printed, signed and filed: one row, or many; two models compared, one audited, a drift."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

from limelight.errors import InputError
from limelight.files import write_text
from limelight.reports import about_models, many, pieces, row
from limelight.reports.card import model_card
from limelight.reports.origin import Origin, fingerprint
from limelight.result.audit import Audit
from limelight.result.comparison import Comparison
from limelight.result.drift import Drift
from limelight.result.explanation import Explanation
from limelight.result.found import Found
from limelight.views.html import document
from limelight.views.reasons import AdverseAction
from limelight.views.trust_pages import SHEETS

__all__ = ["Origin", "fingerprint", "model_card", "report"]

SIGNERS = ("Prepared by", "Reviewed by")


def report(
    subject: Explanation | Iterable[Explanation] | Found | str | PathLike[str],
    path: str | PathLike[str] | None = None,
    *,
    title: str | None = None,
    origin: Origin | None = None,
    reasons: AdverseAction | None = None,
    signers: Sequence[str] = SIGNERS,
) -> str:
    """Return a report as one self-contained page that prints well, and write it where a path is given.

    It says in plain words what the model said and why, shows the reasons with their intervals, what not to rely on,
    where everything comes from, and how to make the same numbers again; it ends with lines to sign. Every string of
    others is escaped, and the page loads nothing.

    Parameters
    ----------
    subject
        One explanation; or many, as a list, `Explanations`, a stream, or the path of a .jsonl file; or what `compare`,
        `audit` or `drift` returned.
    path
        Where to write it: a page (.html), or a PDF (.pdf), for which a Chromium browser is asked to print.
    title
        None says what the model said, how many answers there are, or what was found.
    origin
        What only you know: the model's name and file, the data, what the case is called.
    reasons
        Of one explanation: what `adverse_action` returned.
    signers
        Who signs; empty leaves the lines out.

    Raises
    ------
    InputError
        If there are no explanations, or `reasons` come with anything but one explanation.
    MissingDependencyError
        If a PDF is asked for and there is no browser to print it.

    References
    ----------
    What the person concerned may ask for: Regulation (EU) 2024/1689, article 86; 12 CFR 1002.9.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X, names=["income", "age"]), output_names=["score"])
    >>> page = ll.report(explainer.explain(X[0]), origin=ll.Origin(model="score 3.1", subject="A-1042"))
    >>> "In plain words" in page and "A-1042" in page
    True
    """
    origin = origin or Origin()
    sheets: tuple[str, ...] = (*SHEETS, "report.css")
    if isinstance(subject, Explanation):
        heading = title or row.title(subject)
        kicker, sections = "Explanation of one answer of a model", row.sections(subject, origin, reasons)
        sheets = ("paper.css", "report.css")
    elif reasons is not None:
        raise InputError("reasons: are for the report of one explanation, got something else.")
    elif isinstance(subject, Comparison | Audit | Drift):
        heading = title or about_models.title(subject)
        kicker, sections = about_models.kicker(subject), about_models.sections(subject, origin)
    else:
        found = many.read(subject)
        heading = title or many.title(found)
        kicker, sections = "Explanations of many answers of a model", many.sections(found, origin)
    body = pieces.head(heading, kicker, origin) + "".join(sections) + pieces.signatures(signers)
    text = document(heading, f'<main class="{"trust " if "trust.css" in sheets else ""}report">{body}</main>', *sheets)
    text = text.replace('<html lang="en">', '<html lang="en" data-theme="light">', 1)
    if path is not None:
        _write(Path(path), text)
    return text


def _write(path: Path, text: str) -> None:
    if path.suffix.lower() == ".pdf":
        from limelight.reports.printing import print_pdf

        print_pdf(text, path)
    else:
        write_text(path, text)
