"""A saved background has the entries that it should have, each of its kind, or is refused with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it["dense"]["columns"][0].update(names=[1]), "dense.columns.names: expected a string"),
        (lambda it: it["dense"]["columns"][0].update(mine=1), "dense.columns.mine: expected one of"),
        (lambda it: it["dense"].pop("laws"), "dense: expected an entry 'laws'"),
        (lambda it: it["options"].update(sampling=None), "options.sampling: expected a string"),
        (lambda it: it.update(max_samples=True), "max_samples: expected a whole number"),
        (lambda it: it.update(dense=[1]), "dense: expected an object"),
        (lambda it: it["dense"]["parts"][0].update(members=[-1]), "dense.parts.members: expected a whole number"),
        (lambda it: it["dense"]["columns"][0].update(low={"a": 1}), "dense.columns.low: expected a string, a number"),
    ],
)
def test_what_has_another_form_is_refused_with_its_place(change: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "background.json"
    ll.Tabular(np.random.default_rng(0).normal(size=(20, 2))).save(path)
    read = json.loads(path.read_text(encoding="utf-8"))
    del read["fingerprint"]  # as files of the first version, which have none
    read["schema_version"] = 1
    path.write_text(json.dumps(read), encoding="utf-8")
    ll.Tabular.load(path)
    change(read)
    path.write_text(json.dumps(read), encoding="utf-8")
    with pytest.raises(ll.InputError, match=said):
        ll.Tabular.load(path)
