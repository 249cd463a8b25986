"""What an audit found: sentences with a number, its error, the rows to look at, and what to do.

Input: the checks of `overview/checks`. Output: `Audit`, read by the views, the command line and reports.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from limelight.result.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "leak": "Leaks",
    "artefact": "Artefacts and identifiers",
    "group": "Reasons that differ by group",
    "region": "Regions where explanations fail",
    "mistakes": "Confident mistakes",
    "unstable": "Reasons in no order",
    "scaffold": "Tampering",
}
"""The kinds of findings, and what each is called on a page."""
NOT = "Not looked at"
"""How `Audit.looked` begins for what was not looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an audit found.

    Parameters
    ----------
    kind
        One of `KINDS`.
    subject
        What it is about: a column, a word, a group, a condition.
    sentence
        What was found.
    measure
        What `value` is, in a few words.
    value, low, high
        The number, and its interval.
    p
        How often chance alone would show as much, adjusted for everything that was looked at [benjamini1995].
    rows
        Positions of the explanations to look at, counted from 0.
    advice
        What to do.
    """

    kind: str
    subject: str
    sentence: str
    measure: str
    value: float
    low: float
    high: float
    p: float
    rows: tuple[int, ...]
    advice: str

    def __str__(self) -> str:
        """Return the finding in one paragraph."""
        look = ", ".join(map(str, self.rows[:8]))
        if look:
            rows = f" Rows to look at: {look}{', …' if len(self.rows) > 8 else ''}."
        else:
            rows = ""
        return f"{self.sentence}{rows} {self.advice}"


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at in many explanations of one model, and what was found.

    Parameters
    ----------
    target
        The output that was audited.
    findings
        Gravest kinds first, inside a kind the surest first.
    looked
        For each kind what was looked at, or why it could not be.
    n
        How many explanations.
    level
        Of the intervals; 1 − level is the share of chance findings among all.
    tests
        How many questions were asked in all, for which the findings are corrected.
    warnings
        Sentences about what cannot be told.
    asked
        What was asked for, as far as a file can say it: with it the same command can be written again.
    provenance
        Where the explanations come from: that of the first of them; None where it is not known.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 4))
    >>> ill = X[:, 0] + rng.normal(size=400) > 0
    >>> X[:, 3] = ill + 0.1 * rng.normal(size=400)
    >>> model = lambda X: 1 / (1 + np.exp(-4 * (X[:, 3] - 0.5) - X[:, 0]))
    >>> explainer = ll.Explainer(model, ll.Tabular(X, names=["age", "b", "c", "drug"]), output_names=["ill"], seed=0)
    >>> audit = ll.audit(explainer.explain_all(X), truth=ill)
    >>> [(finding.kind, finding.subject) for finding in audit.findings][:1]
    [('leak', 'drug')]
    """

    target: str
    findings: tuple[Finding, ...]
    looked: dict[str, str]
    n: int
    level: float
    tests: int
    warnings: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance | None = None

    def __repr__(self) -> str:
        """Return how much was found, in how many explanations."""
        found = "1 finding" if len(self.findings) == 1 else f"{len(self.findings)} findings"
        return f"<Audit of {self.target}: {found}, {self.tests:,} questions asked of {self.n:,} explanations>"

    def of(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict for each finding, for any frame library."""
        return [asdict(finding) for finding in self.findings]

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a pandas frame.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed; `rows` needs nothing.
        """
        from limelight.optional import require

        columns = list(Finding.__dataclass_fields__)
        frame: pd.DataFrame = require("pandas", "notebook").DataFrame(self.rows(), columns=columns)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON types; `result.found.from_dict` reads it back."""
        from limelight.result.schema import written_provenance

        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told = {"findings": self.rows(), "summary": self.summary(), "provenance": written_provenance(self.provenance)}
        return {"what": "audit", **kept, **told}

    def summary(self) -> str:
        """Return in one sentence how much was found.

        >>> Audit("spam", (), {}, 100, 0.95, 40).summary()
        'Of 40 questions asked of 100 explanations of “spam”, none gave a finding.'
        """
        asked = f"Of {self.tests:,} questions asked of {self.n:,} explanations of “{self.target}”"
        if not self.findings:
            return f"{asked}, none gave a finding."
        count = len(self.findings)
        if count == 1:
            gave = "one gave a finding"
        else:
            gave = f"these gave {count} findings"
        return f"{asked}, {gave}; at most {1 - self.level:.0%} of findings are there by chance."

    def __str__(self) -> str:
        """Return the findings, and what was looked at in vain."""
        lines = [self.summary(), ""]
        for kind, title in KINDS.items():
            found = self.of(kind)
            if found:
                lines += [f"{title}:", *[f"  - {finding}" for finding in found]]
            elif kind in self.looked:
                said = self.looked[kind]
                lines.append(f"{title}: {said if said.startswith(NOT) else f'nothing found. {said}'}")
        return "\n".join([*lines, *self.warnings])

    def to_html(self, path: Any = None) -> str:
        """Return a self-contained page, and write it where a path is given: all of it, or the old file stays."""
        from limelight.files import write_text
        from limelight.views.trust_pages import audit_page

        text = audit_page(self)
        if path is not None:
            write_text(path, text)
        return text
