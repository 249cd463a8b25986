"""Mean |contribution| and mean contribution over many explanations, with intervals that mean what they say."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll
from made_up import explanation


def by_feature(importance: Any) -> dict[Any, dict[str, Any]]:
    return {row["feature"]: row for row in importance.rows()}


def test_two_rows_by_hand() -> None:
    many = [explanation({"age": 3.0, "sex": -1.0}, stderr=0.1), explanation({"age": -1.0, "sex": -1.0}, stderr=0.1)]
    importance = ll.feature_importance(many)
    age, sex = importance.rows()
    assert (age["feature"], age["count"], age["mean_abs"], age["mean"]) == ("age", 2, 2.0, 1.0)
    # S² = 8 of (3, −1) and 2 of (3, 1); t = 12.706 with one degree of freedom; S²/2 is 4 and 1
    assert age["high"] - age["mean"] == pytest.approx(12.7062 * 2, rel=1e-4)
    assert age["abs_high"] - age["mean_abs"] == pytest.approx(12.7062, rel=1e-4)
    assert age["abs_low"] == 0.0
    # two that agree: their own noise is the floor, √(2 · 0.01 / 4)
    assert sex["high"] - sex["mean"] == pytest.approx(12.7062 * 0.005**0.5, rel=1e-4)
    assert sex["noise"] == pytest.approx(0.1 * (2 / np.pi) ** 0.5)
    assert importance.n_explanations == {"spam": 2}
    assert "spam: mean over 2 explanations" in str(importance)


def test_a_column_counts_by_what_it_contributes_not_by_its_weight() -> None:
    # 95 % of rows have no gain: their bin is 1, the average row's .95, so that .4 · .05 = .02 is what it adds
    many = [explanation({"gain": 0.4, "age": 0.1}, stderr=(0.2, 0.2), reference=(0.95, 0.5)) for _ in range(4)]
    age, gain = ll.feature_importance(many).rows()
    assert (age["feature"], age["mean_abs"], age["noise"]) == ("age", 0.05, pytest.approx(0.1 * (2 / np.pi) ** 0.5))
    assert (gain["mean"], gain["noise"]) == pytest.approx((0.02, 0.01 * (2 / np.pi) ** 0.5))


def test_a_rare_step_does_not_lead_where_most_rows_are_at_zero() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([np.where(rng.random(1000) < 0.05, 5000.0, 0.0), rng.normal(size=1000)])
    explainer = ll.Explainer(lambda X: (X[:, 0] > 0) + 0.3 * X[:, 1], ll.Tabular(X, names=["gain", "age"]), seed=0)
    explanations = explainer.explain_all(X[:100])
    found = by_feature(ll.feature_importance(explanations))
    # 5 % of rows are .95 above the average answer, 95 % are .05 below: .095 in the mean, of a weight of 1
    rich = np.mean(X[:100, 0] > 0)
    share = np.mean(X[:, 0] > 0)
    assert found["gain"]["mean_abs"] == pytest.approx(rich * (1 - share) + (1 - rich) * share, abs=0.02)
    assert ll.feature_importance(explanations).rows()[0]["feature"] == "age"


def test_weights_that_stand_for_contributions_are_said(tmp_path: Path) -> None:
    many = [explanation({"a": 1.0}, reference=None), explanation({"a": 1.0}), explanation({"a": 1.0}, reference=None)]
    (tmp_path / "many.jsonl").write_text("\n".join(e.to_json() for e in many))
    for importance in (ll.feature_importance(many), ll.feature_importance(tmp_path / "many.jsonl")):
        assert len(importance.warnings) == 1
        assert "2 explanations do not say what the bars are compared with" in str(importance)
    assert ll.feature_importance(many[1:2]).warnings == ()


def test_one_explanation_has_its_own_intervals() -> None:
    one = explanation({"a": 1.0, "b": -0.5}, stderr=(0.1, 0.2))
    bounds = one.interval(0.9)[0]
    for entry, (low, high) in zip(ll.feature_importance([one], level=0.9).rows(), bounds, strict=True):
        assert (entry["low"], entry["high"]) == pytest.approx((low, high))


def test_errors_that_rows_share_do_not_average_out() -> None:
    own = [explanation({"a": 1.0 + 0.01 * i}, stderr=0.5) for i in range(100)]
    shared = [explanation({"a": 1.0 + 0.01 * i}, stderr=0.5, shared=True) for i in range(100)]
    widths = [entry["high"] - entry["low"] for many in (own, shared) for entry in ll.feature_importance(many).rows()]
    assert widths[0] < 0.25
    assert widths[1] > 2 * 1.96 * 0.5


def test_rows_of_other_bins_have_errors_of_their_own() -> None:
    bins = ["age ≤ 28", "28 < age ≤ 37", "37 < age ≤ 48", "age > 48"]
    many = [explanation({"age": 1.0}, stderr=0.5, shared=True, names=[bins[i % 4]]) for i in range(400)]
    entry = ll.feature_importance(many).rows()[0]
    # four errors of 0.5, a quarter of the weight each, beside 400 that agree up to their own noise
    spread, shared = 1.96593 * 0.5 / 20, 1.95996 * 0.5 / 2
    assert entry["high"] - 1.0 == pytest.approx((spread**2 + shared**2) ** 0.5, rel=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_intervals_cover_the_mean_of_all_instances_as_often_as_they_say(shared: bool) -> None:
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(300):
        truth, errors = rng.normal(0.7, 0.4, 15), rng.normal(0, 0.3, 15)
        seen = truth + (errors[0] if shared else errors)
        many = [explanation({"a": weight}, stderr=0.3, shared=shared) for weight in seen]
        entry = ll.feature_importance(many).rows()[0]
        hits.append(entry["low"] <= 0.7 <= entry["high"])
    assert 0.92 <= np.mean(hits) <= 0.98


def test_a_feature_without_effect_is_as_large_as_its_noise() -> None:
    rng = np.random.default_rng(0)
    many = [explanation({"real": 1.0, "nothing": rng.normal(0, 0.2)}, stderr=(0.2, 0.2)) for _ in range(2000)]
    entry = by_feature(ll.feature_importance(many))["nothing"]
    assert entry["mean_abs"] == pytest.approx(entry["noise"], rel=0.05)


def test_words_that_a_text_lacks_count_as_zero_there() -> None:
    many = [explanation({"free": 1.0}, kind="word"), explanation({"free": 1.0, "rare": 1.5}, kind="word")]
    found = by_feature(ll.feature_importance([*many, *many]))
    assert (found["free"]["count"], found["free"]["mean_abs"]) == (4, 1.0)
    assert (found["rare"]["count"], found["rare"]["mean_abs"]) == (2, 0.75)
    spread = np.std([0, 1.5, 0, 1.5], ddof=1) / 2
    assert found["rare"]["high"] - 0.75 == pytest.approx(3.18245 * spread, rel=1e-5)


def test_each_target_is_a_table_of_its_own() -> None:
    two = ("ham", "spam")
    many = [explanation({"money": (-2.0, 2.0)}, targets=two), explanation({"money": 1.0})]
    importance = ll.feature_importance(many)
    assert importance.n_explanations == {"ham": 1, "spam": 2}
    assert [(row["target"], row["mean"]) for row in importance.rows()] == [("ham", -2.0), ("spam", 1.5)]
    assert [row["target"] for row in ll.feature_importance(many, target="ham").rows()] == ["ham"]
    with pytest.raises(ll.UnknownNameError, match="did you mean 'ham'"):
        ll.feature_importance(many, target="hm")


def test_weights_that_are_not_shown_count_too() -> None:
    many = [explanation({"a": 1.0, "b": 0.5}, shown=1), explanation({"a": 0.5, "b": 1.0}, shown=1)]
    assert [row["mean_abs"] for row in ll.feature_importance(many).rows()] == [0.75, 0.75]


def test_features_of_one_name_add_up_without_cancelling() -> None:
    one = explanation({0: 1.0, 1: -3.0}, kind="segment", stderr=0.1)
    entry = ll.feature_importance([one], name=lambda *_: "sky").rows()[0]
    assert (entry["mean_abs"], entry["mean"], entry["count"]) == (4.0, -2.0, 1)
    with pytest.raises(ll.InputError, match="pass name="):
        ll.feature_importance([one])


def test_list_stream_and_file_say_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    many = [explanation({"a": a, "b": b}, stderr=0.1) for a, b in rng.normal(size=(30, 2))]
    (tmp_path / "many.jsonl").write_text("\n".join(e.to_json() for e in many))
    listed = ll.feature_importance(many)
    assert ll.feature_importance(iter(many)) == listed
    assert ll.feature_importance(tmp_path / "many.jsonl") == listed
    assert pickle.loads(pickle.dumps(listed)) == listed


def test_the_frame_holds_the_rows_also_where_there_are_none() -> None:
    pytest.importorskip("pandas")
    importance = ll.feature_importance([explanation({"a": 1.0, "b": -2.0})])
    frame = importance.to_frame()
    assert frame.to_dict("records") == importance.rows()
    assert list(frame["feature"]) == ["b", "a"]
    assert list(ll.feature_importance([explanation({})]).to_frame().columns) == list(frame.columns)


def test_numbers_far_from_zero_keep_their_spread() -> None:
    many = [explanation({"a": 1e9 + step}) for step in (0.0, 1.0, 2.0)]
    entry = ll.feature_importance(many).rows()[0]
    assert entry["high"] - entry["mean"] == pytest.approx(4.30265 / 3**0.5, rel=1e-4)


def test_nothing_to_look_at_is_an_error() -> None:
    with pytest.raises(ll.InputError, match="expected at least one, got none"):
        ll.feature_importance([])
    with pytest.raises(ll.InputError, match="level"):
        ll.feature_importance([explanation({"a": 1.0})], level=95)


X = np.random.default_rng(0).normal(size=(300, 3))
TABLE = ll.Tabular(X, names=["a", "b", "c"])


def two(X: Any) -> Any:
    p = 1 / (1 + np.exp(-3 * X[:, 0] + X[:, 1] - 1))
    return np.column_stack([1 - p, p])


def third(X: Any) -> Any:
    return np.column_stack([0.7 * two(X), np.full(len(X), 0.3)])


def explained(model: Any, rows: int, **settings: Any) -> Any:
    names = ["no", "yes", "maybe"][: model(X).shape[1]]
    return ll.Explainer(model, TABLE, output_names=names, **settings).explain_all(X[:rows])


def close(found: Any, expected: Any) -> None:
    for one, other in zip(found.rows(), expected.rows(), strict=True):
        assert (one.pop("target"), one.pop("feature")) == (other.pop("target"), other.pop("feature"))
        assert one == pytest.approx(other, rel=1e-5, abs=1e-9)


def test_of_two_classes_the_mean_is_over_all_rows_whatever_the_model_said(tmp_path: Path) -> None:
    asked, by_default = explained(two, 60, targets="yes"), explained(two, 60)
    assert {name for each in by_default for name in each.targets} == {"no", "yes"}
    (tmp_path / "many.jsonl").write_text("\n".join(each.to_json() for each in by_default), encoding="utf-8")
    by_default.to_parquet(tmp_path / "many.parquet")
    for many in (by_default, list(by_default), iter(by_default), tmp_path / "many.jsonl", tmp_path / "many.parquet"):
        found = ll.feature_importance(many)
        assert found.n_explanations == {"yes": 60}
        assert found.warnings == ()
        close(found, ll.feature_importance(asked))
    close(ll.feature_importance(by_default, target="no"), ll.feature_importance(explained(two, 60, targets="no")))
    assert "Means over 60 explanations." in ll.model_card(by_default)


def test_two_classes_of_a_job_are_one_table_too(tmp_path: Path) -> None:
    by_default = explained(two, 30)
    ll.jobs.run(ll.Explainer(two, TABLE, output_names=["no", "yes"]), X[:30], tmp_path / "job")
    found = ll.feature_importance(tmp_path / "job")
    assert found.n_explanations == {"yes": 30}
    assert found.rows()[0]["mean_abs"] == pytest.approx(
        ll.feature_importance(by_default).rows()[0]["mean_abs"], rel=1e-5
    )


def test_of_three_classes_it_is_said_over_which_rows_the_means_are() -> None:
    many = explained(third, 60)
    found = ll.feature_importance(many)
    assert sum(found.n_explanations.values()) == found.total == 60
    n = found.n_explanations["yes"]
    assert f"yes: mean over {n} of 60 explanations" in str(found)
    assert "the rows that the model called so" in found.warnings[0]
    assert f"Means over {n} of 60 explanations: by default the rows that the model called so" in ll.model_card(many)
    assert "of 60 explanations: by default" in ll.report(many)


def test_outputs_that_do_not_add_up_to_one_are_not_turned_round() -> None:
    scores = [
        replace(explanation({"a": 0.2}, targets=[name]), outputs=(("up", 0.7), ("left", 0.7)))
        for name in ("up", "left")
    ]
    assert ll.feature_importance(scores).n_explanations == {"up": 1, "left": 1}
    assert ll.feature_importance(scores, target="up").n_explanations == {"up": 1}
    both = explained(two, 20, targets=["no", "yes"])
    assert ll.feature_importance(both).n_explanations == {"no": 20, "yes": 20}


def test_turned_sums_of_other_sizes_are_in_one_unit() -> None:
    no = replace(explanation({"a": 1e-3}, targets=["no"], stderr=0.5), outputs=(("no", 0.7), ("yes", 0.3)))
    yes = replace(explanation({"a": 300.0}, targets=["yes"], stderr=2.0), outputs=(("yes", 0.6), ("no", 0.4)))
    asked = replace(explanation({"a": -1e-3}, targets=["yes"], stderr=0.5), outputs=(("no", 0.7), ("yes", 0.3)))
    for many in ([no, yes], [yes, no]):
        close(ll.feature_importance(many), ll.feature_importance([asked, yes]))
