"""What is found out about a library's model: how it is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.models.estimators import LABELS_NOTE, About


@dataclass(frozen=True, slots=True)
class Found:
    """How a library's model is asked, and what it answers; the fields are those of `Adapted`."""

    function: Callable[[Inputs], Any]
    kind: str
    about: About = field(default_factory=About)


def numbered(k: int, *, values: bool = False) -> About:
    """Return k classes that are numbers from 0.

    >>> numbered(2).names
    ('0', '1')
    """
    labels = tuple(range(k))
    return About(
        labels,
        tuple(str(each) for each in labels),
        values=values,
        exclusive=True,
        note=LABELS_NOTE if values else "",
    )


def labels_of_config(model: Any) -> About:
    """Return the classes that the configuration of a network names (`config.id2label`)."""
    config = getattr(model, "config", None)
    by_id = getattr(config, "id2label", None)
    if not isinstance(by_id, Mapping) or not by_id:
        return About()
    names = tuple(str(by_id[each]) for each in sorted(by_id, key=int))
    several = getattr(config, "problem_type", None) == "multi_label_classification"
    return About(names, names, exclusive=not several)


def as_array(inputs: Inputs) -> Any:
    """Return a frame, sparse rows or a list as an array.

    >>> as_array([[1, 2]]).shape
    (1, 2)
    """
    if hasattr(inputs, "to_numpy"):
        return inputs.to_numpy()
    if hasattr(inputs, "toarray"):
        return inputs.toarray()
    return np.asarray(inputs)
