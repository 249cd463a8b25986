"""When to trust a model: leaks, artefacts, groups, regions where explanations fail, mistakes with one reason.

Input: many explanations of one model, and the data beside them. Output: an `Audit`. Every check asks questions with a
p-value; findings are those that stay when all questions are counted, and that are large enough to be worth a sentence.
Inside a kind p-values are adjusted for its questions [benjamini1995], and then times the number of kinds: at most the
share 1 − level of all findings is there by chance.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.overview.checks.artefacts import artefacts
from limelight.overview.checks.groups import groups
from limelight.overview.checks.leaks import leaks
from limelight.overview.checks.material import Candidate, Material
from limelight.overview.checks.mistakes import mistakes, unstable
from limelight.overview.checks.regions import regions
from limelight.overview.checks.unwanted import named
from limelight.overview.checks.unwanted import unwanted as without_reason
from limelight.overview.longform import Longform, one_output, some_of
from limelight.overview.many_tests import benjamini_hochberg
from limelight.overview.reading import Name, gathered
from limelight.result.audit import KINDS, Audit, Finding
from limelight.result.explanation import Explanation
from limelight.result.layouts import text_fields
from limelight.result.quantiles import normal_quantile

FEWEST = 50
"""Explanations below which little can be found."""
CHECKS = {"leak": leaks, "artefact": artefacts, "group": groups, "region": regions, "mistakes": mistakes}
LOOKED = {
    "leak": "Each column, and each of its conditions, was held against the truth.",
    "artefact": "Each column was looked at for numbering rows; each word for always standing in the same words; "
    "and what is called unwanted for being the first reason.",
    "group": "Each reason was held against the group and the rest.",
    "region": "Conditions were looked for on half of the rows, and tested on the other half.",
    "mistakes": "Confident answers were held against the truth, by their first reason.",
    "unstable": "It was counted for how many rows the first reason is open.",
    "scaffold": "Real rows were held against perturbed ones.",
}


def audit(
    explanations: Any,
    data: Any = None,
    *,
    truth: Any = None,
    sensitive: str | Sequence[str] = (),
    target: str | None = None,
    explainer: Explainer | None = None,
    level: float = 0.95,
    name: Name | None = None,
    unwanted: Hashable | Sequence[Hashable] = (),
) -> Audit:
    """Return what speaks against trusting a model, found in explanations of many of its answers.

    Parameters
    ----------
    explanations
        Of rows or texts that the model has not been fitted on, some hundreds: a list, a stream, a set, the path of a
        .jsonl or .parquet file, or of a folder of .parquet files, such as a job's. Of more than 50,000 a random sample
        is looked at, so that memory stays what it is.
    data
        The same rows, in the same order: a frame, or a mapping of columns; also with columns that the model does not
        get. Identifiers and groups are looked for in it. None does without.
    truth
        What was true for these rows: the name of a column of `data`, or (n,) labels or numbers. Leaks and mistakes
        need it.
    sensitive
        One or several columns of `data` whose groups are held against each other, such as ``"sex"``; the model need not
        get them.
    target
        The output to audit. None, the default: of two classes the one whose name comes last, else the output that most
        explanations explain.
    explainer
        What explained them; with it, `diagnostics.scaffold_check` is part of the audit. It asks the model.
    level
        Of the intervals; of the findings, at most the share 1 − level is there by chance.
    name
        ``name(explanation, feature)`` → what the feature is called across explanations, as for `feature_importance`.
        Superpixels and windows need it: the background or the animal, from a mask. None leaves a feature out.
    unwanted
        One or several features that nobody would give as a reason, such as ``"background"``.

    Raises
    ------
    InputError
        If rows and explanations are not equally many, or the arguments do not fit.
    UnknownNameError
        If `data` lacks a column, nothing explains `target`, or no feature is called as in `unwanted`.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> explainer = ll.Explainer(lambda X: X[:, 0] + X[:, 1], ll.Tabular(X), seed=0)
    >>> ll.audit(explainer.explain_all(X)).findings
    ()
    """
    quantile = normal_quantile(level)
    many = gathered(explanations)
    some, places = some_of(many)
    columns = columns_of(data, len(many))
    true = _truth_values(truth, columns, len(many))
    names = (sensitive,) if isinstance(sensitive, str) else tuple(sensitive)
    for column in names:
        if column not in columns:
            raise UnknownNameError("sensitive", column, list(columns))
    laid = one_output(some if name is None else list(named(some, name)), target)
    laid = replace(laid, positions=places[laid.positions])
    at = laid.positions
    material = Material(
        laid,
        {name: values[at] for name, values in columns.items()},
        None if true is None else _as_truth(true[at], laid.target),
        names,
        quantile,
        *_texts(many, laid),
        (unwanted,) if isinstance(unwanted, str) or not isinstance(unwanted, Sequence) else tuple(unwanted),
    )
    asked = {kind: check(material) for kind, check in CHECKS.items()}
    asked["artefact"] += without_reason(material)
    asked["unstable"] = unstable(material)
    findings, tests = _kept(asked, 1.0 - level)
    if explainer is not None:
        findings = (*findings, *_tampering(explainer, data, laid.target))
    sayable = explainer is None and name is None and not material.unwanted and (truth is None or isinstance(truth, str))
    asked_for = {"data": data is not None, "truth": truth, "sensitive": list(names), "target": target}
    return Audit(
        laid.target,
        findings,
        _looked(material, explainer),
        laid.n,
        level,
        tests,
        _doubts(material, len(some), len(many)),
        asked_for if sayable else {},
        many[0].provenance,
    )


def _kept(asked: Mapping[str, list[Candidate]], rate: float) -> tuple[tuple[Finding, ...], int]:
    """Return the findings that stay when all questions are counted, the strongest of each group, and how many asked."""
    kinds = [kind for kind in KINDS if asked.get(kind)]
    best: dict[Hashable, Finding] = {}
    for kind in kinds:
        # every kind has its share of the rate, so that many conditions do not drown a few regions
        adjusted = len(kinds) * benjamini_hochberg(np.array([candidate.p for candidate in asked[kind]]))
        for candidate, p in zip(asked[kind], adjusted.tolist(), strict=True):
            finding = candidate.finding
            if finding is None or p > rate:
                continue
            known = best.get(candidate.group)
            if known is None or (p, -abs(finding.value)) < (known.p, -abs(known.value)):
                best[candidate.group] = replace(finding, p=p)
    order = list(KINDS)
    kept = sorted(best.values(), key=lambda each: (order.index(each.kind), each.p, -abs(each.value)))
    return tuple(kept), sum(len(asked[kind]) for kind in kinds)


# -- reading ----------------------------------------------------------------------------------------------------------


def columns_of(data: Any, n: int) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame, or of a mapping, by name; none where no table was given.

    Raises
    ------
    InputError
        If there are not n rows, or if this is no table.
    """
    if data is None or _are_texts(data):
        return {}
    if isinstance(data, Mapping):
        columns = {str(name): np.asarray(values) for name, values in data.items()}
    else:
        import narwhals as nw

        try:
            frame = nw.from_native(data, eager_only=True)
        except TypeError as error:
            raise InputError(
                f"data: expected a frame or a mapping of columns, got {type(data).__name__}; name the columns of an "
                "array: {'age': X[:, 0], …}."
            ) from error
        columns = {str(each.name): np.asarray(each.to_list(), dtype=object) for each in frame.iter_columns()}
        columns = {name: _plain(values) for name, values in columns.items()}
    for name, values in columns.items():
        if values.shape != (n,):
            raise InputError(
                f"data: expected one row for each of the {n:,} explanations, in their order, got {len(values):,} in "
                f"{name!r}."
            )
    return columns


def _are_texts(data: Any) -> bool:
    """Return whether these are the texts themselves, which the explanations hold."""
    return isinstance(data, (list, tuple)) and all(isinstance(each, str) for each in data)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as numbers."""
    if all(isinstance(value, (bool, int, float)) or value is None for value in values.tolist()):
        return values.astype(np.float64)
    return values


def _truth_values(truth: Any, columns: Mapping[str, NDArray[Any]], n: int) -> NDArray[Any] | None:
    if truth is None:
        return None
    if isinstance(truth, str):
        if truth not in columns:
            raise UnknownNameError("truth", truth, list(columns))
        return columns[truth]
    values = np.asarray(truth)
    if values.shape != (n,):
        raise InputError(f"truth: expected (n,) values for {n:,} explanations, got the shape {values.shape}.")
    return values


def _as_truth(values: NDArray[Any], target: str) -> FloatArray:
    """Return what was true of a target: 1 where its label is, else the numbers themselves.

    Raises
    ------
    InputError
        If these are neither labels of the target nor numbers.
    """
    labels = {str(value) for value in values.tolist()}
    whole = {str(int(value)) for value in values.tolist() if isinstance(value, float) and value.is_integer()}
    if target in labels:
        return np.array([float(str(value) == target) for value in values.tolist()])
    if target in whole:
        return np.array([float(str(int(value)) == target) for value in values.tolist()])
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        shown = ", ".join(sorted(labels)[:5])
        raise InputError(
            f"truth: expected labels of which one is {target!r}, the output that is audited, or numbers, got {shown}."
        ) from None
    if not np.isfinite(numbers).all():
        raise InputError("truth: expected a value for every row, got some that are missing; leave these rows out.")
    return np.asarray(numbers)


def _texts(
    many: Sequence[Explanation], laid: Longform
) -> tuple[tuple[str, ...], dict[Hashable, list[tuple[int, int]]]]:
    """Return the texts, and where each word stands first in each; nothing where instances are no texts."""
    if not len(many) or many[0].layout.get("kind") != "text":
        return (), {}
    texts: list[str] = []
    spans: dict[Hashable, list[tuple[int, int]]] = {}
    for row, position in enumerate(laid.positions.tolist()):
        explanation = many[position]
        texts.append("".join(part.text for part in text_fields(explanation.layout)))
        for key, start in _first_places(explanation).items():
            spans.setdefault(key, []).append((row, start))
    return tuple(texts), spans


def _first_places(explanation: Explanation) -> dict[Hashable, int]:
    found: dict[Hashable, int] = {}
    for feature in explanation.features:
        if feature.where.places:
            start = min(place[0] for place in feature.where.places)
            found[feature.where.key] = min(start, found.get(feature.where.key, start))
    return found


# -- what else is said ------------------------------------------------------------------------------------------------


def _tampering(explainer: Explainer, data: Any, target: str) -> tuple[Finding, ...]:
    from limelight.diagnostics.scaffold import scaffold_check

    if data is None:
        raise InputError("explainer: the check for tampering needs the rows themselves; pass them as data.")
    check = scaffold_check(explainer, data, target=target)
    if not check.suspicious:
        return ()
    advice = (
        "Ask for the model's code and training, and test it on real rows alone, by pairs that differ in one column."
    )
    value, measure = check.statistic, "log(transfer / disagreement)"
    return (Finding("scaffold", "perturbed rows", check.statement, measure, value, value, value, 0.0, (), advice),)


def _looked(material: Material, explainer: Explainer | None) -> dict[str, str]:
    looked = dict(LOOKED)
    if material.truth is None:
        looked["leak"] = "Not looked at: this needs truth=, what was true for these rows."
        looked["mistakes"] = looked["leak"]
    elif not material.binary:
        looked["mistakes"] = "Not looked at: mistakes are those of classes."
    if not material.sensitive:
        looked["group"] = "Not looked at: sensitive= names the columns that make groups."
    if not material.data and not material.is_text and not material.unwanted:
        looked["artefact"] = "Not looked at: this needs data=, the rows themselves."
    if material.laid.tied is None:
        looked["unstable"] = "Not looked at: these files do not hold which order is certain; detail='full' does."
    if explainer is None:
        looked["scaffold"] = "Not looked at: this needs explainer=, and asks the model."
    return looked


def _doubts(material: Material, asked: int, total: int) -> tuple[str, ...]:
    said = []
    if asked < total:
        said.append(
            f"Questions were asked of {asked:,} of the {total:,} explanations, drawn at random; what only a few of all "
            "rows show may have been missed."
        )
    if material.laid.n < asked:
        left = asked - material.laid.n
        said.append(f"{left:,} explanations do not explain “{material.laid.target}” and were left out.")
    if material.laid.n < FEWEST:
        said.append(f"With fewer than {FEWEST} explanations little can be found; that nothing is found means little.")
    return tuple(said)
