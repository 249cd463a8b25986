"""Two instances beside each other: what is compared is one thing in both, and else nothing is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.web.beside import beside
from limelight.web.matched import matched
from limelight.web.whatif import Asked

HALVES = np.repeat([[0, 1]], 40, axis=0).repeat(20, axis=1)


def picture(bright: slice) -> Any:
    """Return a dark picture with one bright stripe."""
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    pixels[:, bright] = 250
    return pixels


def left(pictures: Any) -> list[float]:
    return [float(np.asarray(each)[:, :20].mean()) for each in pictures]


def pictures(**options: Any) -> ll.Explainer:
    return ll.Explainer(left, ll.Image(fill=0, **options), seed=0, n_samples=40)


def test_two_pictures_that_are_cut_elsewhere_are_not_compared_by_number() -> None:
    asked = Asked("m", pictures(segments="slic"), picture(slice(0, 8)))
    with pytest.raises(InputError, match=r"same segments.*segments=labels"):
        beside(asked, {"against": picture(slice(25, 37)).tolist()})


def test_a_grid_is_the_same_for_both() -> None:
    asked = Asked("m", pictures(segments="grid"), picture(slice(0, 8)))
    said = beside(asked, {"against": picture(slice(25, 37)).tolist()})
    assert said["rows"][0]["change"] != 0


def test_two_pictures_with_one_persons_labels_are_compared_by_them() -> None:
    asked = Asked("m", pictures(segments=HALVES), picture(slice(0, 20)))
    said = beside(asked, {"against": picture(slice(20, 40)).tolist()})
    assert (said["first"], said["second"]) == (250, 0)
    changes = {row["names"][0]: row["change"] for row in said["rows"]}
    assert changes["superpixel 0"] == pytest.approx(-250)
    assert changes["superpixel 1"] == pytest.approx(0, abs=1e-9)


def test_equal_numbers_of_other_places_are_told_apart() -> None:
    # the same two labels, once left and right, once top and bottom
    sides, ends = (pictures(segments=each).explain(picture(slice(0, 20))) for each in (HALVES, HALVES.T))
    assert [each.where for each in sides.features] == [each.where for each in ends.features]
    with pytest.raises(InputError, match="same segments"):
        matched(sides, ends)


def test_series_of_other_lengths_are_refused_and_equal_ones_compared() -> None:
    explainer = ll.Explainer(lambda many: [float(np.sum(each)) for each in many], ll.TimeSeries(), seed=0)
    asked = Asked("m", explainer, [1.0] * 40)
    with pytest.raises(InputError, match=r"same windows.*equal length"):
        beside(asked, {"against": [1.0] * 50})
    said = beside(asked, {"against": [2.0] * 40})
    assert (said["first"], said["second"]) == (40, 80)
    assert all(row["names"][0] == row["names"][1] for row in said["rows"])


def test_two_recordings_with_windows_of_their_own_are_refused() -> None:
    rng = np.random.default_rng(0)
    model = lambda many: [float(np.sum(each)) for each in many]  # noqa: E731
    explainer = ll.Explainer(model, ll.TimeSeries(windows="changepoints", n_windows=4), seed=0)
    one, other = (np.repeat(levels, counts) + rng.normal(size=40) / 100 for levels, counts in (
        ([0, 9, 2, 5], [5, 15, 5, 15]), ([0, 9, 2, 5], [15, 5, 15, 5]),
    ))  # fmt: skip
    with pytest.raises(InputError, match="same windows"):
        matched(explainer.explain(one), explainer.explain(other))


def test_volumes_are_refused_as_pictures_are() -> None:
    explainer = ll.Explainer(
        lambda many: [float(np.mean(each)) for each in many], ll.Volume(segments="slic"), seed=0, n_samples=40
    )
    one, other = np.random.default_rng(0).normal(size=(2, 8, 8, 8))
    other[:, :3] += 50
    with pytest.raises(InputError, match="same segments"):
        matched(explainer.explain(one), explainer.explain(other))


def test_pictures_within_rows_are_held_to_it_as_well() -> None:
    rows = [{"photo": picture(slice(0, 8)), "price": 1.0}, {"photo": picture(slice(25, 37)), "price": 2.0}]
    modality = ll.Composite(rows, parts={"photo": ll.Image(fill=0, segments="slic")})
    explainer = ll.Explainer(lambda many: [float(np.mean(each["photo"])) for each in many], modality, seed=0)
    one, other = (explainer.explain(row) for row in rows)
    with pytest.raises(InputError, match="same segments"):
        matched(one, other)


def test_the_first_of_a_word_is_compared_with_the_first() -> None:
    text = ll.Text(occurrences="separately")
    explainer = ll.Explainer(lambda texts: [float(each.count("good")) for each in texts], text, seed=0)
    one, other = explainer.explain("good and good"), explainer.explain("good food")
    names = [
        (None if j is None else one.features[j].name, None if k is None else other.features[k].name)
        for j, k in matched(one, other)
    ]
    assert names == [("good (1)", "good"), ("and", None), ("good (2)", None), (None, "food")]
