"""The section of a model card that says how the model's answers are explained, as Markdown [mitchell2019]."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike

from limelight.overview.importance import FeatureImportance
from limelight.reports.origin import Origin, command, digest, fingerprint
from limelight.reports.summary import MOST_WARNINGS, Summary, cause_words, summarise
from limelight.result.explanation import Explanation
from limelight.views import facts as f
from limelight.views.markdown import escaped


def model_card(subject: Iterable[Explanation] | str | PathLike[str], *, origin: Origin | None = None) -> str:
    """Return the "Explanations" section of a model card as Markdown.

    What matters on average with intervals, how far the explanations can be relied upon, and how to make the numbers
    again: seed, versions, hashes, and a fingerprint to compare with.

    Parameters
    ----------
    subject
        Many explanations: a list, `Explanations`, a stream, or the path of a .jsonl file.
    origin
        What only you know: the model's name and files.

    Raises
    ------
    InputError
        If there are no explanations.

    References
    ----------
    [mitchell2019]

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X, names=["income", "age"]), output_names=["score"])
    >>> print(ll.model_card(explainer.explain_many(X[:50]), origin=ll.Origin(model="score 3")).splitlines()[0])
    ## Explanations of score 3
    """
    origin, summary = origin or Origin(), summarise(subject)
    first = summary.explanations[0]
    parts = [
        f"## Explanations of {escaped(origin.model)}" if origin.model else "## Explanations",
        _how(summary, first),
        *(_features(*each) for each in summary.features),
        _relied(summary),
        _warnings(summary),
        _again(summary, first, origin),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how(summary: Summary, first: Explanation) -> str:
    p = first.provenance
    if p.shared:
        neighborhood = "one neighborhood that all rows share"
    else:
        neighborhood = "a neighborhood of its own for each row"
    return (
        f"{len(summary.explanations):,} answers were explained by LIME (limelight), with {p.n_samples:,} perturbations "
        f"of {neighborhood}. Numbers are effects on the model's output around each row, not causes in the world."
    )


def _features(target: str, over: str, entries: Sequence[FeatureImportance]) -> str:
    lines = [f"### What matters for {escaped(target)}", "", over, ""]
    lines += ["| feature | mean size | 95 % interval | mean | rows with it |", "| :-- | --: | --: | --: | --: |"]
    numbers = f.Numbers.fitting(entry.mean_abs for entry in entries)
    for entry in entries:
        low, high = numbers.text(entry.abs_low), numbers.text(entry.abs_high)
        cells = [escaped(str(entry.feature)), numbers.text(entry.mean_abs), f"{low} to {high}"]
        cells += [numbers.signed(entry.mean), f"{entry.count:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _relied(summary: Summary) -> str:
    total = sum(count for _, count in summary.causes) or 1
    lines = ["### How far they can be relied upon", ""]
    lines += [f"- {count / total:.1%} of them: {cause_words(cause)}." for cause, count in summary.causes]
    for name, values in (("Fidelity (held-out R²)", summary.fidelity), ("Additivity", summary.additivity)):
        if values is not None:
            low, _, middle, _, high = values
            lines.append(f"- {name}: median {middle:.2f}, nine in ten between {low:.2f} and {high:.2f}.")
    return "\n".join(lines)


def _warnings(summary: Summary) -> str:
    if not summary.warnings:
        return ""
    n = len(summary.explanations)
    lines = [f"- In {count:,} of {n:,}: {escaped(sentence)}" for sentence, count in summary.warnings[:MOST_WARNINGS]]
    return "\n".join(["### Warnings", "", *lines])


def _again(summary: Summary, first: Explanation, origin: Origin) -> str:
    p = first.provenance
    versions = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in p.versions.items())
    lines = ["### Where the numbers come from", "", f"- Seed {p.seed}; {versions}; {origin.day()}."]
    lines += [
        f"- {name.replace('_', ' ').capitalize()}: `{digest(path)}` (SHA-256)." for name, path in origin.files().items()
    ]
    lines.append(f"- Fingerprint of the numbers: `{fingerprint(summary.explanations)}`.")
    told = command(first, origin)
    if told:
        lines += ["", "```", told, "```"]
    return "\n".join(lines)
