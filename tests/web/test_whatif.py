"""The questions of the live page: what is hidden, which instance is meant, and what is said about its parts.

The claims of `web/controls.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.interpretable import image as image_module
from limelight.web.controls import controls
from limelight.web.whatif import Asked, what_if, why

LABELS = np.kron(np.array([[-1, 7], [3, 4]]), np.ones((8, 8), int))
WHITE = np.full((16, 16), 255, np.uint8)


def corner(images: Any) -> Any:
    return np.asarray(images)[:, :8, :8].mean(axis=(1, 2)) / 255


def photo(**options: Any) -> Asked:
    return Asked("photo", ll.Explainer(corner, ll.Image(**{"segments": LABELS, "fill": 0, **options}), seed=0), WHITE)


def test_a_hidden_superpixel_is_hidden_of_the_instance_the_page_began_with() -> None:
    found = controls(photo().explainer.modality, WHITE)
    assert found is not None
    hidden = [int(name != "superpixel -1, top left") for _, _, name in found["parts"]]
    assert sorted(hidden) == [0, 1, 1, 1]
    assert what_if(photo(), {"mask": hidden})["outputs"] == [{"name": "output", "value": 0.0}]
    assert what_if(photo(), {})["outputs"] == [{"name": "output", "value": 1.0}]
    assert what_if(photo(), {"instance": (WHITE // 5).tolist()})["outputs"][0]["value"] == pytest.approx(0.2)
    assert why(photo(), {})["surrogate"]["coef"][0] == pytest.approx([1 - hidden[j] for j in range(4)])


def test_a_question_without_an_instance_needs_a_page() -> None:
    asked = Asked("photo", photo().explainer)
    with pytest.raises(InputError, match="expected the field 'instance'"):
        what_if(asked, {})
    with pytest.raises(InputError, match="nested lists, got str"):
        what_if(asked, {"instance": "/etc/passwd"})


def test_parts_say_where_they_lie_and_windows_their_steps() -> None:
    found = controls(photo().explainer.modality, WHITE)
    assert found is not None
    named = {name for _, _, name in found["parts"]}
    assert named == {
        "superpixel -1, top left", "superpixel 7, top right", "superpixel 3, bottom left", "superpixel 4, bottom right",
    }  # fmt: skip
    series = controls(ll.TimeSeries(10, "zero"), [0.0] * 40)
    assert series is not None
    assert [j for _, j, _ in series["parts"]] == [0, 1, 2, 3]


def test_a_picture_is_cut_once_for_many_questions_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("skimage")
    cuts = []
    find = image_module.find_segments
    monkeypatch.setattr(image_module, "find_segments", lambda *given: cuts.append(1) or find(*given))
    asked = photo(segments="grid", n_segments=4)
    for _ in range(3):
        what_if(asked, {"mask": [0, 1, 1, 1]})
    assert len(cuts) == 1
    black = np.zeros((16, 16), np.uint8)
    assert what_if(asked, {"instance": black.tolist()})["outputs"][0]["value"] == 0
    changed = np.array(WHITE)
    changed[:, 8:] = 7
    what_if(asked, {"instance": changed.tolist(), "mask": [1, 1, 1, 1]})
    assert len(cuts) == 3, "another picture is cut anew"


def test_what_was_cut_is_not_sent_along() -> None:
    import pickle

    modality = ll.Image(segments="grid", n_segments=4)
    small = len(pickle.dumps(modality))
    first = modality.represent(WHITE, np.random.default_rng(0))
    assert len(pickle.dumps(modality)) == small
    assert np.array_equal(
        pickle.loads(pickle.dumps(modality)).represent(WHITE, np.random.default_rng(0)).segments.index,
        first.segments.index,
    )
