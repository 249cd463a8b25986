"""Submodular pick covers what matters most, keyed by what features are, from a list, a stream or a file."""

from __future__ import annotations

import gzip
import pickle
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import limelight as ll
from limelight.views import html
from made_up import explanation, of_matrix

# Rows are documents, columns words, as in the toy example of the paper (§4, Figure 5): the second word is in most
# documents; the second document covers three words, the fourth repeats it, the fifth covers what it lacks.
TOY = np.array(
    [
        [1.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 1.0, 1.0, 0.0],
        [0.0, 1.0, 1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 4.0],
    ]
)


def covered(W: np.ndarray, chosen: Any) -> float:
    """c(V, W, I), as the paper writes it."""
    W = np.abs(W)
    return float(((W[list(chosen)] > 0).any(axis=0) * np.sqrt(W.sum(axis=0))).sum())


def greedy(W: np.ndarray, budget: int) -> list[int]:
    """Algorithm 2 without laziness; ties to the larger row sum, then to the earlier row."""
    chosen: list[int] = []
    for _ in range(budget):
        left = [i for i in range(len(W)) if i not in chosen]
        score = [(round(covered(W, [*chosen, i]), 9), round(float(np.abs(W[i]).sum()), 9), -i) for i in left]
        chosen.append(left[score.index(max(score))])
    return chosen


SMALL = st.tuples(st.integers(2, 7), st.integers(1, 6)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, -0.5, 2.25]))
)


def test_a_column_covers_by_what_it_contributes_not_by_its_weight() -> None:
    # .4 · (1 − .95) = .02 is less than .1 · (1 − .5) = .05, though its weight is four times as large
    many = [explanation({"gain": 0.4, "age": 0.1}, reference=(0.95, 0.5)) for _ in range(4)]
    pick = ll.submodular_pick(many, budget=1)
    assert pick.importances == pytest.approx({"age": 0.2**0.5, "gain": 0.08**0.5})
    assert list(pick.importances) == ["age", "gain"]
    assert ll.submodular_pick([explanation({"a": 1.0}, reference=None)], budget=1).warnings


# -- the algorithm ----------------------------------------------------------------------------------------------------


def test_the_toy_example_of_the_paper_by_hand() -> None:
    pick = ll.submodular_pick(of_matrix(TOY), budget=2)
    # I = √(1, 4, 2, 3, 4); the second document gains 2 + √2 + √3, then the fifth 2 and the first 1
    assert pick.indices == (1, 4)
    assert pick.importances == pytest.approx({"f1": 1, "f2": 2, "f3": 2**0.5, "f4": 3**0.5, "f5": 2})
    assert pick.gains == pytest.approx((2 + 2**0.5 + 3**0.5, 2))
    total = 5 + 2**0.5 + 3**0.5
    assert pick.coverage == pytest.approx(((total - 3) / total, (total - 1) / total))
    assert list(pick.importances)[:2] == ["f2", "f5"]


def test_a_document_that_repeats_another_adds_nothing_and_is_not_picked() -> None:
    loud = {"money": 9.0, "free": 9.0}
    many = [explanation(loud), explanation(loud), explanation(loud), explanation({"hello": 0.01})]
    assert ll.submodular_pick(many, budget=2).indices == (0, 3)


@given(SMALL, st.integers(1, 4))
def test_lazy_is_naive(W: np.ndarray, budget: int) -> None:
    budget = min(budget, len(W))
    assert list(ll.submodular_pick(of_matrix(W), budget).indices) == greedy(W, budget)


@given(SMALL, st.integers(1, 3))
def test_greedy_covers_at_least_63_percent_of_the_best(W: np.ndarray, budget: int) -> None:
    budget = min(budget, len(W))
    best = max(covered(W, chosen) for chosen in combinations(range(len(W)), budget))
    pick = ll.submodular_pick(of_matrix(W), budget)
    assert covered(W, pick.indices) >= (1 - np.exp(-1)) * best - 1e-9
    assert sum(pick.gains) == pytest.approx(covered(W, pick.indices))


@given(SMALL)
def test_coverage_grows_and_gains_shrink(W: np.ndarray) -> None:
    pick = ll.submodular_pick(of_matrix(W), len(W))
    assert sorted(pick.indices) == list(range(len(W)))
    assert list(pick.gains) == sorted(pick.gains, reverse=True)
    assert list(pick.coverage) == sorted(pick.coverage)
    assert pick.coverage[-1] == pytest.approx(1.0)


@given(st.permutations(range(12)))
def test_the_order_of_the_explanations_changes_nothing(order: list[int]) -> None:
    rng = np.random.default_rng(3)
    many = of_matrix(rng.normal(size=(12, 8)) * (rng.random((12, 8)) < 0.3))
    plain = ll.submodular_pick(many, 5)
    shuffled = ll.submodular_pick([many[i] for i in order], 5)
    assert tuple(order[i] for i in shuffled.indices) == plain.indices
    assert shuffled.coverage == plain.coverage
    assert shuffled.importances == plain.importances


def lime_explanation(row: np.ndarray) -> SimpleNamespace:
    pairs = [(j, row[j]) for j in np.flatnonzero(row)]
    return SimpleNamespace(mode="regression", as_list=lambda label: pairs)


@pytest.mark.parametrize("seed", range(10))
def test_picks_what_the_lime_package_picks_from_the_same_matrix(seed: int) -> None:
    lime_pick = pytest.importorskip("lime.submodular_pick").SubmodularPick
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(30, 60)) * (rng.random((30, 60)) < 0.15)  # wide, so that five do not cover all of it
    rows = [lime_explanation(row) for row in W]
    explainer = SimpleNamespace(explain_instance=lambda i, *_, **__: rows[i])
    theirs = lime_pick(explainer, range(30), None, method="full", num_exps_desired=5).V
    pick = ll.submodular_pick(of_matrix(W), 5)
    assert list(pick.indices) == theirs
    assert pick.coverage[-1] == pytest.approx(covered(W, theirs) / covered(W, range(30)))


# -- what counts ------------------------------------------------------------------------------------------------------


def test_columns_are_one_feature_in_every_bin() -> None:
    young = explanation({"age": 1.0}, names=["age ≤ 28"])
    old = explanation({"age": -1.0}, names=["age > 60"])
    city = explanation({"city": 0.5}, names=["age ≤ 28"])  # reads like another, and is not
    pick = ll.submodular_pick([young, old, city], 2)
    assert pick.indices == (0, 2)
    assert pick.importances == pytest.approx({"age": 2**0.5, "city": 0.5**0.5})


def test_words_are_one_feature_across_documents_wherever_they_stand() -> None:
    texts = ["free money now", "now and then", "then money, money free", "meet me then"]
    values = {"free": 1.0, "money": 0.8, "then": -0.5}

    def score(batch: list[str]) -> np.ndarray:
        return np.array([sum(value for word, value in values.items() if word in text) for text in batch])

    for occurrences in ("together", "separately"):
        explainer = ll.Explainer(score, ll.Text(occurrences=occurrences), seed=0)
        many = list(explainer.explain_many(texts))
        pick = ll.submodular_pick(many, 1, max_features=3)
        assert {"free", "money", "then"} <= set(pick.importances)
        assert pick.indices == (2,), occurrences


def test_opposite_weights_of_two_classes_do_not_cancel() -> None:
    two = ("ham", "spam")
    many = [explanation({"money": (-2.0, 2.0)}, targets=two), explanation({"hello": (0.1, -0.1)}, targets=two)]
    pick = ll.submodular_pick(many, 1)
    assert pick.indices == (0,)
    assert pick.importances["money"] == pytest.approx(2.0)


def test_one_target_sees_only_the_explanations_that_explain_it() -> None:
    many = [
        explanation({"a": 9.0}, targets=("ham",)),
        explanation({"b": (1.0, 0.0), "c": (0.0, 5.0)}, targets=("spam", "ham")),
        explanation({"d": 2.0}, targets=("spam",)),
    ]
    pick = ll.submodular_pick(many, 2, target="spam")
    assert pick.indices == (2, 1)
    assert set(pick.importances) == {"b", "d"}
    assert pick.n_candidates == 2
    assert ll.submodular_pick(many, 1, target=1).indices == (1,)
    with pytest.raises(ll.InputError, match="at most 2, the explanations that explain 'spam', got 3"):
        ll.submodular_pick(many, 3, target="spam")
    with pytest.raises(ll.UnknownNameError, match="did you mean 'spam'"):
        ll.submodular_pick(many, 1, target="spm")


def test_only_what_is_shown_is_covered() -> None:
    wide = {"a": 3.0, "b": 0.2, "c": 0.1}
    assert set(ll.submodular_pick([explanation(wide, shown=2)], 1).importances) == {"a", "b"}
    assert set(ll.submodular_pick([explanation(wide)], 1, max_features=1).importances) == {"a"}


def test_zeros_that_were_computed_cover_nothing() -> None:
    many = [explanation({"a": 1.0, "b": 1e-16}), explanation({"b": -3e-16, "c": -1.0})]
    assert ll.submodular_pick(many, 1).importances == {"a": 1.0, "c": 1.0}


def test_with_a_level_noise_is_not_covered() -> None:
    certain = explanation({"a": 1.0, "b": 0.1}, stderr=0.01)
    noisy = explanation({"c": 0.9, "d": 0.8, "e": 0.7}, stderr=0.6)
    assert ll.submodular_pick([certain, noisy], 1).indices == (1,)
    assert ll.submodular_pick([certain, noisy], 1, level=0.95).indices == (0,)
    assert ll.submodular_pick([explanation({"a": 1.0, "b": 0.0})], 1, level=0.95).importances == {"a": 1.0}


def test_table_rows_that_all_show_everything_are_told_so_and_told_apart_by_fewer_features() -> None:
    rows = [{"a": 3.0, "b": 0.1}, {"a": 2.9, "b": 0.2}, {"a": 0.1, "b": 1.0}]
    many = [explanation(row) for row in rows]
    pick = ll.submodular_pick(many, 2)
    assert pick.coverage == (1.0, 1.0)
    assert "The first covers every feature" in pick.warnings[0]
    assert pick.warnings[0] in str(pick)
    fewer = ll.submodular_pick(many, 2, max_features=1)
    assert fewer.indices == (0, 2)
    assert fewer.warnings == ()


def test_the_caller_names_superpixels_and_windows() -> None:
    for kind in ("segment", "window"):
        many = [explanation({0: 1.0, 1: 0.2}, kind=kind), explanation({1: 1.0, 7: 0.1}, kind=kind)]
        with pytest.raises(ll.InputError, match="7 of one instance is not .* 7 of another.*pass name="):
            ll.submodular_pick(many, 1)
        pick = ll.submodular_pick(many, 1, name=lambda _, feature: {0: "sky", 1: "cat", 7: None}[feature.where.key])
        assert pick.importances == pytest.approx({"cat": 1.2**0.5, "sky": 1.0})


def test_two_superpixels_of_one_name_are_one_feature() -> None:
    one = explanation({0: 1.0, 1: -3.0}, kind="segment")
    assert ll.submodular_pick([one], 1, name=lambda *_: "sky").importances == {"sky": 2.0}


# -- where explanations come from -------------------------------------------------------------------------------------


@pytest.fixture
def many() -> list[ll.Explanation]:
    rng = np.random.default_rng(5)
    return of_matrix(rng.normal(size=(40, 9)) * (rng.random((40, 9)) < 0.3))


def test_a_list_gives_back_those_picked_and_a_stream_keeps_none(many: list[ll.Explanation]) -> None:
    listed, streamed = ll.submodular_pick(many, 4), ll.submodular_pick(iter(many), 4)
    assert [id(e) for e in listed.explanations] == [id(many[i]) for i in listed.indices]
    assert streamed.explanations == ()
    assert streamed.indices == listed.indices
    assert streamed.coverage == listed.coverage


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".ndjson"])
def test_a_file_is_read_as_the_list_is(many: list[ll.Explanation], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"many{suffix}"
    text = "".join(e.to_json() + "\n" for e in many) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    assert ll.submodular_pick(str(path), 4) == ll.submodular_pick(many, 4)
    named = ll.submodular_pick(path, 2, name=lambda _, feature: feature.where.key)
    assert named.indices == ll.submodular_pick(many, 2).indices


def test_fields_of_a_text_are_the_same_feature_from_a_file(tmp_path: Path) -> None:
    many = [explanation({("subject", "win"): 1.0}, kind="word"), explanation({("body", "win"): 0.5}, kind="word")]
    (tmp_path / "a.jsonl").write_text("\n".join(e.to_json() for e in many))
    assert ll.submodular_pick(tmp_path / "a.jsonl", 1).importances == ll.submodular_pick(many, 1).importances
    assert "subject: win" in str(ll.submodular_pick(many, 1))


def test_the_page_draws_a_pick(many: list[ll.Explanation]) -> None:
    pick = ll.submodular_pick(many, 3)
    page = html.page(pick.explanations, names=[f"row {i}" for i in pick.indices], coverage=pick.coverage)
    assert f"The first 3 cover {pick.coverage[-1]:.0%} of all importance" in page


def test_a_pick_pickles(many: list[ll.Explanation]) -> None:
    pick = ll.submodular_pick(many, 3)
    assert pickle.loads(pickle.dumps(pick)) == pick


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0, -1, 2.5, True, "3", None])
def test_a_budget_that_is_no_positive_number_is_refused_before_reading(budget: Any) -> None:
    def never() -> Any:
        raise RuntimeError
        yield

    with pytest.raises(ll.InputError, match="budget: expected a whole number from 1"):
        ll.submodular_pick(never(), budget)


def test_what_cannot_be_picked_from_says_why(many: list[ll.Explanation], tmp_path: Path) -> None:
    mixed = [explanation({"a": 1.0}), explanation({"a": 1.0}, kind="word")]
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (many, {"budget": 41}, "budget: expected at most 40, the explanations, got 41"),
        ([], {}, "expected at least one, got none"),
        (many[0], {}, "expected many of them .* got Explanation; put one into a list"),
        (many[0].to_dict(), {}, "expected many of them .* got dict"),
        (3, {}, "expected many of them .* got int"),
        ([many[0], "a"], {}, "expected an Explanation at position 1, got str"),
        (mixed, {}, "one kind, got 'column' and, at position 1, 'word'"),
        (many, {"target": 1.5}, "target: expected a name"),
        (many, {"target": 3}, "target: unknown name 3"),
        (many, {"max_features": 0}, "max_features: expected a whole number"),
        (many, {"level": 2}, "level: expected a number between 0 and 1"),
        (many, {"name": lambda *_: []}, "name: expected something hashable"),
        (tmp_path / "none.jsonl", {}, "no file"),
        (tmp_path / "rows.csv", {}, "expected a .jsonl file"),
        (tmp_path / "rows.parquet", {}, "no file"),
    ]
    for given_, options, why in cases:
        with pytest.raises(ll.InputError, match=why):
            ll.submodular_pick(given_, **{"budget": 1, **options})


@pytest.mark.parametrize(
    "line", ["{", "3", '{"schema_version": 99}', '{"schema_version": 1, "features": []}', '{"schema_version": 1}']
)
def test_a_line_that_is_no_explanation_is_named(many: list[ll.Explanation], tmp_path: Path, line: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(many[0].to_json() + "\n" + line + "\n")
    for name in (None, lambda _, feature: feature.where.key):
        with pytest.raises(ll.InputError, match="line 1, counted from 0, is not an explanation"):
            ll.submodular_pick(path, 1, name=name)


def test_explanations_without_features_or_weights_are_candidates_and_said_to_cover_nothing() -> None:
    pick = ll.submodular_pick([explanation({}), explanation({"a": 0.0})], 2)
    assert pick.coverage == (1.0, 1.0)
    assert pick.gains == (0.0, 0.0)
    assert "nothing to cover" in pick.warnings[0]
    assert str(pick)
