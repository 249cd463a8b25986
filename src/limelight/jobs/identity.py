"""What makes a job that job: everything that its answers depend on, so that a folder never mixes two.

Input: a prepared explainer, a source, the form of the parts. Output: the manifest, as JSON. The model is known again by
what it answers to the first rows of its neighborhood, up to rounding: a model that was loaded again is the same, one
that was fitted again is not. Where each instance has a neighborhood of its own (words, values, composites) it is known
by what it answers to a few instances that are explained already.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError, LimelightError
from limelight.explainer import Explainer
from limelight.inputs.kinds import take
from limelight.jobs.folder import Folder
from limelight.jobs.source import Chunk, Source
from limelight.result.parts import VERSION
from limelight.rounds.preparing import fingerprint, short
from limelight.rounds.shared import SharedDraws
from limelight.rounds.steadiness import same_answers, sizes

_PROBED = 64
_ALONE = 8
"""Rows that are asked alone and together, to see whether the model's answers depend on its batch."""
_ASKED = 4
"""Instances that the model is asked again where they share no neighborhood: each may cost money."""
_PACKAGES = ("numpy", "scipy", "scikit-learn", "pyarrow", "pandas")


def manifest_of(explainer: Explainer, source: Source, *, chunk_rows: int, detail: str) -> dict[str, Any]:
    """Return the manifest: under ``"job"`` what must be equal for a run to go on with a folder.

    Parameters
    ----------
    explainer
        A prepared one.
    source
        The rows.
    chunk_rows, detail
        As in `limelight.jobs.run`.
    """
    facts = fingerprint(explainer._context)
    return {
        "job": {
            "parts": VERSION,
            "limelight": version_of("limelight"),
            "settings": facts["settings"],
            "modality": facts["modality"],
            "neighborhood": facts["neighborhood"],
            "chunk_rows": chunk_rows,
            "detail": detail,
            "id_column": source.id_column,
        },
        "fingerprint": short(facts),
        "outputs": facts["outputs"],
        "answers": answers_of(explainer).tolist(),
        "model_batch_stable": batch_stable(explainer),
        "source": {"kind": source.kind, "rows": source.total},
        "made_with": {"python": platform.python_version(), **{name: version_of(name) for name in _PACKAGES}},
    }


def check_model(explainer: Explainer, folder: Folder) -> None:
    """Refuse to go on with a folder whose rows another model explained.

    Raises
    ------
    InputError
        If the model answers otherwise than when the job began.
    """
    known = (folder.manifest() or {}).get("answers")
    mine = answers_of(explainer)
    if not known or not len(mine) or any(pool.repeats != 1 for pool in _pools(explainer)):
        return
    theirs = np.array(known, dtype=np.float64)
    if not same_answers(mine, theirs, sizes(theirs)):
        raise _another(folder, "the same rows")


def check_answers(explainer: Explainer, folder: Folder, chunk: Chunk) -> None:
    """Refuse to go on with a folder whose instances another model explained, where they share no neighborhood.

    Parameters
    ----------
    explainer
        A prepared one.
    folder
        Holds the explanations of `chunk`.
    chunk
        Rows of the source that are the same as when they were explained.

    Raises
    ------
    InputError
        If the model answers otherwise now, and as surely as before. A noisy model cannot be told from another one.
    """
    if len(answers_of(explainer)):
        return
    told = folder.answers(chunk.start, _ASKED)
    if not told:
        return
    context = explainer._context
    rows = context.modality.instances(chunk.some([row - chunk.start for row in told]).rows)
    try:
        inputs = [context.modality.represent(each, context.fresh_rng()).original for each in rows]
        mine = np.concatenate(context.caller.ask(inputs))
        names = list(context.caller.output_names or ())
        said = [(i, name, value) for i, each in enumerate(told.values()) for name, value in each if name in names]
        theirs = np.array([value for *_, value in said])
        own = np.array([mine[i, names.index(name)] for i, name, _ in said])
        if same_answers(own, theirs, float(sizes(theirs))):
            return
        wavers = not same_answers(mine, np.concatenate(context.caller.ask(inputs)), sizes(mine))
    except LimelightError:
        return  # whatever is wrong is said where the rows are explained
    if not wavers:
        raise _another(folder, "rows that it holds")


def _another(folder: Folder, what: str) -> InputError:
    return InputError(
        f"out: '{folder.path}' holds explanations of another model, or of this one before it was fitted anew: it "
        f"answers otherwise to {what}. Choose another folder."
    )


def answers_of(explainer: Explainer) -> FloatArray:
    """Return (m, k) what the model said to the first rows of its neighborhood; none where instances share none."""
    return next((pool.Y[:_PROBED] for pool in _pools(explainer) if pool.n), np.empty((0, 0)))


def batch_stable(explainer: Explainer) -> bool | None:
    """Return whether a few rows get the same bits alone and together; None where instances share none.

    A model that multiplies matrices may answer a row otherwise, by a rounding, where others are asked with it. Then two
    runs agree up to that rounding, and not to the bit.
    """
    pool = next((pool for pool in _pools(explainer) if pool.n >= _ALONE), None)
    if pool is None or pool.repeats != 1:
        return None
    inputs = pool.background.draw(pool.U[:_ALONE])[1]
    caller = explainer._context.caller
    try:
        together = caller.ask([inputs])[0]
        alone = np.concatenate([caller.ask([take(inputs, np.array([row]))])[0] for row in range(_ALONE)])
    except LimelightError:
        return None
    return bool(np.array_equal(together, alone))


def _pools(explainer: Explainer) -> list[SharedDraws]:
    return list(explainer._context.pools.values())


def version_of(package: str) -> str:
    """Return the version of a package that is installed; empty for others."""
    if package == "limelight":
        from limelight import __version__

        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
