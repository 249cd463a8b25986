"""The manifest holds what the answers depend on."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.jobs.identity import answers_of, batch_stable, manifest_of, version_of
from limelight.jobs.source import open_source
from prepared_tables import Model, explainer, table

pytest.importorskip("pyarrow")


def manifest(**changes: object) -> dict:
    ready = explainer().prepare(600)
    return manifest_of(
        ready, open_source(table(), ready.modality), **{"chunk_rows": 10, "detail": "weights", **changes}
    )


def test_it_is_json_and_names_versions_seed_and_settings() -> None:
    found = json.loads(json.dumps(manifest()))
    assert found["job"]["settings"]["seed"] == 0
    assert found["job"]["limelight"] == ll.__version__
    assert found["made_with"]["numpy"] == np.__version__
    assert found["source"] == {"kind": "pandas table", "rows": 1000}


def test_it_is_the_same_each_time() -> None:
    assert manifest() == manifest()
    assert manifest()["job"] != manifest(chunk_rows=20)["job"]


def test_a_model_whose_answers_depend_on_the_batch_is_noted() -> None:
    class ByBatch(Model):
        def __call__(self, F: pd.DataFrame) -> np.ndarray:
            return super().__call__(F) + 1e-12 * len(F)

    assert batch_stable(explainer().prepare(600)) is True
    assert batch_stable(explainer(ByBatch()).prepare(600)) is False
    assert batch_stable(explainer(Model(flips=0.3)).prepare(600)) is None
    texts = ll.Explainer(lambda texts: np.zeros(len(texts)), ll.Text(), seed=0).prepare()
    assert batch_stable(texts) is None
    assert answers_of(texts).size == 0


def test_versions_of_what_is_not_there_are_empty() -> None:
    assert version_of("no-such-package") == ""
