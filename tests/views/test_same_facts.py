"""The same explanation says the same numbers in every view."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
import samples

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.result.effects import Interaction
from limelight.result.explanation import Explanation
from limelight.result.provenance import OPENINGS
from limelight.views import colour, curves, describe, figure, html, markdown, sentences, terminal
from limelight.views import facts as f
from limelight.views.figure_text import drawable


def texts(explanation: Explanation) -> dict[str, str]:
    ax = figure.plot(explanation)
    below = [*ax.texts, ax.xaxis.label, ax.title, ax._left_title, *ax.get_yticklabels()]
    page = re.sub(r"<script.*?</script>|<style.*?</style>", "", html.page(explanation), flags=re.S)
    plain = {
        "terminal": terminal.render(explanation).replace("+/-", "±").replace("-", f.MINUS),
        "page": unescape(re.sub(r"<[^>]+>", "", page)),
        "markdown": markdown.render(explanation).replace("\\", ""),
        "figure": "\n".join(text.get_text() for text in below),
    }
    return {view: " ".join(text.split()) for view, text in plain.items()}


@pytest.mark.parametrize("name", ["table", "average", "slopes", "text", "long_text", "raster", "series", "bars"])
def test_every_view_shows_the_same_numbers(name: str) -> None:
    explanation = samples.ALL[name]()
    facts = f.target_facts(explanation)
    outputs, weights = f.output_numbers(facts), f.weight_numbers(facts)
    shared = [outputs.text(x) for x in (facts.prediction, facts.local_prediction, facts.intercept)]
    shared += [f.fidelity_text(facts), *(weights.signed(row.weight) for row in facts.rows)]
    intervals = [f.interval_text(row, weights) for row in facts.rows]
    for view, text in texts(explanation).items():
        expected = shared if view == "figure" else shared + intervals
        assert [number for number in expected if number not in text] == [], view


@pytest.mark.parametrize("name", samples.ALL)
def test_every_view_shows_the_warnings(name: str) -> None:
    explanation = samples.ALL[name]()
    for view, text in texts(explanation).items():
        for sentence in explanation.warnings:
            # a figure shows a box for a letter that no font of this machine can draw
            shown = drawable(sentence) if view == "figure" else sentence
            assert shown in text.replace(f.MINUS, "-"), view


def test_the_description_does_the_surrogates_arithmetic() -> None:
    words = describe.describe(samples.table())
    assert words.startswith("The model says *>50K* (0.951). Most for it: “capital-gain > 0 (7298)” (+0.412 ± 0.041)")
    assert "surrogate expects 0.334 instead of 0.933" in words, "0.933 − 0.412 − 0.187"
    assert "explains 83 % of what the model does nearby; trust it moderately" in words


def test_a_description_of_a_poor_fit_says_not_to_rely_on_it() -> None:
    assert "do not rely on it" in describe.describe(samples.long_text())


def test_a_name_written_from_right_to_left_does_not_turn_the_numbers_after_it() -> None:
    assert "\u2068عظيم\u2069” (+0.060" in describe.describe(samples.text())


# -- what stands behind the bars --------------------------------------------------------------------------------------


def everything(explanation: Explanation) -> dict[str, str]:
    """All views in words, the terminal in colour and the description among them."""
    pytest.importorskip("rich", reason="rich is not installed")
    return texts(explanation) | {
        "colour": " ".join(colour.drawing(explanation, 120).plain.split()),
        "description": " ".join(describe.describe(explanation).split()),
    }


def test_every_view_starts_with_what_the_weights_may_be_used_for() -> None:
    explanation = samples.average()
    for view, text in everything(explanation).items():
        assert explanation.verdicts[0] in text, view
        assert "trust it" not in text, view
        if view != "figure":
            assert text.index(explanation.verdicts[0]) < text.replace(f.MINUS, "-").index("capital-gain > 0"), view


def test_every_view_shows_additivity_beside_fidelity() -> None:
    shown = sentences.additivity(f.target_facts(samples.average()))
    assert shown == "0.972 ± 0.004"
    for view, text in everything(samples.average()).items():
        assert shown in text or view == "description", view


def test_every_view_names_the_pairs_that_act_together() -> None:
    said = "“age” and “hours-per-week” act together: 2.1 ± 0.4 % of what the model does nearby, beyond their sum; "
    for view, text in everything(samples.average()).items():
        assert said + "+0.017 ± 0.006 here." in text.replace(f.MINUS, "-"), view


def test_every_view_says_what_bars_are_compared_with() -> None:
    for view, text in everything(samples.average()).items():
        assert "against the average row" in text, view
    for view, text in everything(samples.text()).items():
        assert "average row" not in text, view


def test_every_view_marks_this_rows_place_on_the_curve() -> None:
    explanation = samples.average()
    age = f.target_facts(explanation).rows[3]
    assert age.effect is not None and age.effect.own == 1
    shown = everything(explanation)
    for view in ("terminal", "colour", "markdown"):
        assert "▁[▃]▆█" in shown[view], view
    page = html.page(explanation)
    assert "This row: 28 &lt; age ≤ 37, −0.053." in page
    assert page.count('<svg class="curve"') == 4
    assert len(re.findall(r'<rect class="(?:pos|neg)"', page)) == 3, "hours-per-week lies outside of the background"
    filled = [patch for patch in figure.plot(explanation).patches if patch.get_transform() != patch.axes.transData]
    assert filled


def test_the_bars_are_contributions_in_their_order_and_start_at_the_average_row() -> None:
    explanation = samples.average()
    facts = f.target_facts(explanation)
    assert [row.weight for row in facts.rows] == sorted([row.weight for row in facts.rows], key=abs, reverse=True)
    for row in facts.rows:
        assert row.weight == pytest.approx(explanation.contributions[0, row.index])
        half = 1.959964 * explanation.contribution_stderr[0, row.index]
        assert (row.high - row.low) / 2 == pytest.approx(half, rel=1e-6)
    assert facts.intercept + sum(facts.values) == pytest.approx(facts.local_prediction)


def test_limes_weights_are_shown_on_request_and_folded_in_the_page() -> None:
    explanation = samples.average()
    ax = figure.plot(explanation, weights="coef")
    shown = "\n".join(text.get_text() for text in ax.texts)
    assert "+0.412" in shown and "average row" not in shown
    assert "+0.412" in terminal.render(explanation, weights="coef")
    assert "+0.412" in markdown.render(explanation, weights="coef")
    assert "+0.412" in colour.drawing(explanation, weights="coef").plain
    folded = html.page(explanation).partition("LIME’s weights: own bin against all other bins")[2]
    assert "+0.412" in folded
    with pytest.raises(InputError, match="expected 'contributions' or 'coef', got 'weights'"):
        explanation.plot(weights="weights")


def test_a_slope_is_a_contribution_with_its_sign_and_the_slope_per_unit_beside_it() -> None:
    explanation = samples.slopes()
    latitude = f.target_facts(explanation).rows[1]
    assert latitude.weight == pytest.approx(0.61 * 1.43), "south of the mean, where a negative slope raises the price"
    for view, text in everything(explanation).items():
        if view == "description":
            assert "Most against it" not in text
        else:
            assert f"{f.MINUS}0.29 per unit" in text, view


@pytest.mark.parametrize("cause", ["gap", "acts together", "nothing moved", "too few"])
def test_no_counterfactual_is_printed_where_the_surrogate_is_no_guide(cause: str) -> None:
    explanation = replace(samples.average(), causes=(cause,))
    assert "surrogate expects" in describe.describe(samples.average())
    for view, text in everything(explanation).items():
        assert "the surrogate expects 0" not in text, view


def test_a_gap_is_said_where_it_warns_and_nowhere_else() -> None:
    far = replace(samples.average(), gap=np.array([9.3]), causes=("gap",))
    assert sentences.gap(f.target_facts(far)) == "9.3"
    for view, text in everything(far).items():
        assert ("residual spreads" in text and "9.3" in text) or view == "description", view
    for view, text in everything(samples.average()).items():
        assert "residual spreads" not in text, view


def test_a_gap_without_residuals_to_compare_it_with_is_unlimited() -> None:
    exact = replace(samples.average(), gap=np.array([np.inf]), causes=("gap",))
    assert sentences.gap(f.target_facts(exact)) == "unlimited"
    everything(exact)


def rare(X):
    return ((X[:, 0] > 2) & (X[:, 1] > 2) & (X[:, 2] > 1)).astype(float)


BACKGROUND = np.random.default_rng(3).normal(size=(5000, 3))
NEVER_MET = {
    "a rare corner": (rare, np.zeros(3), "auto"),
    "a rare corner, fixed": (rare, np.zeros(3), 500),
    "inside it": (rare, np.array([2.5, 2.5, 2.0]), "auto"),
    "a column of a sum": (lambda X: X[:, 0] + rare(X), np.zeros(3), "auto"),
    "nothing but two columns": (lambda X: X[:, 0] - X[:, 1], np.zeros(3), 256),
}


@pytest.mark.parametrize("case", NEVER_MET)
def test_what_a_sample_did_not_meet_is_not_exact_in_any_view(case):
    model, row, n = NEVER_MET[case]
    explanation = ll.Explainer(model, ll.Tabular(BACKGROUND), n_samples=n).explain(row)
    assert not any(row.exact for row in f.target_facts(explanation).rows)
    for view, shown in texts(explanation).items():
        assert not re.search(r"\bexact\b", shown), view
    if not explanation.coef.any():
        assert "none seen" in str(explanation)
        assert "no other feature" not in str(explanation)


def test_with_a_gap_nothing_is_said_of_the_order():
    explanation = ll.Explainer(lambda X: X[:, 0] + 50 * rare(X), ll.Tabular(BACKGROUND)).explain([2.5, 2.5, 2.0])
    assert explanation.causes == ("gap",)
    assert "no other feature" not in str(explanation)


def test_exact_is_said_where_all_perturbations_were_asked():
    parts = ll.Components(list("abc"), np.asarray)
    explanation = ll.Explainer(lambda Z: np.asarray(Z)[:, 0] * 2.0, parts).explain(None)
    assert all(row.exact for row in f.target_facts(explanation).rows)
    assert "exact" in str(explanation)
    noisy = np.random.default_rng(0)
    drawn = ll.Explainer(lambda Z: noisy.normal(size=len(Z)), parts).explain(None)
    assert not any(row.exact for row in f.target_facts(drawn).rows)


def test_additivity_that_is_the_fidelity_is_not_said_twice() -> None:
    near = samples.text().fidelity + 0.001
    masks = replace(samples.text(), additivity=near, additivity_stderr=np.array([0.02, 0.02]))
    for view, text in everything(masks).items():
        assert "dditivity" not in text, view
    apart = replace(masks, additivity=near + 0.1)
    for view, text in everything(apart).items():
        assert "0.93 ± 0.02" in text or view == "description", view


def test_pairs_that_the_verdict_names_are_not_described_twice() -> None:
    together = replace(
        samples.average(), verdicts=("Together act “age” with “hours-per-week”.",), causes=("acts together",)
    )
    assert describe.describe(together).count("hours-per-week”") == 1
    assert "act together" in html.page(together)


def test_a_pair_whose_size_here_is_not_known_is_named_without_it() -> None:
    unknown = replace(samples.average(), pairs=((Interaction(3, 4, 0.3, 0.02, np.nan, np.nan),),))
    said = sentences.pairs(unknown, f.target_facts(unknown), str)
    assert said == [
        "“age” and “hours-per-week” act together: 30 ± 2 % of what the model does nearby, beyond their sum."
    ]


def test_own_values_against_drawn_ones_are_said_to_be_compared_with_the_background() -> None:
    d = len(samples.table().features)
    layout = {"kind": "table", "contrast": "value"}
    held = replace(samples.table(), layout=layout, center=np.ones(d), reference=np.zeros(d))
    for view, text in everything(held).items():
        assert "against the background" in text, view
    assert "were drawn from the background, the surrogate expects" in describe.describe(held)
    assert "LIME’s weights" not in html.page(held), "they are the same"


# -- zeros ------------------------------------------------------------------------------------------------------------


def tied() -> Explanation:
    """One word that matters, and rounding errors."""
    features = [Feature(word, Where("word", word)) for word in ("bad", "a", "film")]
    return samples.explanation(features, [[-0.9, 3e-17, -2e-12]], stderr=[[0.01, 0.0, 1e-18]])


def test_rounding_errors_are_zeros_without_sign_colour_or_doubt() -> None:
    rows = f.target_facts(tied()).rows
    assert [(row.name, row.weight, row.certain) for row in rows][1:] == [("film", 0.0, True), ("a", 0.0, True)]
    page = html.page(tied())
    assert page.count('<tr class="nil"') == 2
    for view, text in texts(tied()).items():
        assert "e-1" not in text and f"e{f.MINUS}1" not in text, view
    assert describe.describe(tied()).count("“") == 2, "bad, once as a reason and once as what may be removed"


def test_a_small_weight_with_a_wide_interval_is_no_zero() -> None:
    features = [Feature(word, Where("word", word)) for word in ("bad", "a")]
    rows = f.target_facts(samples.explanation(features, [[0.9, 1e-12]], stderr=[[0.01, 0.01]])).rows
    assert not rows[1].certain


def test_weights_beside_a_large_offset_are_no_rounding_errors() -> None:
    features = [Feature(word, Where("word", word)) for word in ("bad", "a")]
    rows = f.target_facts(samples.explanation(features, [[2.0, 1.0]], intercept=[1e10])).rows
    assert [row.weight for row in rows] == [2.0, 1.0]


def test_what_the_verdict_says_is_not_said_again_as_a_warning() -> None:
    said = (
        "The model answers 0.951 here, where its answers around lead to expect 0.2: "
        "the weights do not tell what makes the difference."
    )
    warning = (
        f"{OPENINGS['gap']} >50K: its answer is 7 residual spreads away from what the perturbations lead to expect"
    )
    plain = samples.average()
    provenance = replace(plain.provenance, warnings=(warning, "effective sample size 9 for 24 features"))
    explanation = replace(plain, verdicts=(said,), causes=("gap",), provenance=provenance)
    assert warning in explanation.warnings
    for view, text in texts(explanation).items():
        assert "the model answers otherwise" not in text, view
        assert "effective sample size 9" in text, view


# -- many outputs -----------------------------------------------------------------------------------------------------


def crowd(count: int = 200) -> Explanation:
    """Many classes, every one with a warning of its own."""
    features = [Feature(word, Where("word", word)) for word in ("good", "bad")]
    names = [f"class {i}" for i in range(count)]
    said = np.linspace(0.001, 0.01, count)
    warnings = [
        f"held-out fidelity {i / 1000:.2f} for {name}: a linear surrogate does not" for i, name in enumerate(names)
    ]
    return samples.explanation(
        features,
        [[0.01, 0.0001]] * count,
        targets=names,
        intercept=[0.0] * count,
        prediction=said,
        outputs=[(names[-1], 0.01), (names[-2], 0.0099)],
        warnings=warnings,
    )


def test_two_hundred_classes_warn_once() -> None:
    said = sentences.warnings(crowd())
    assert len(said) == 2
    assert said[0].endswith("(and much the same for 199 other outputs)")
    assert said[1].startswith("signs of some features are not certain for 200 of 200 outputs")
    few = crowd(2)
    assert len(sentences.warnings(few)) == 4


def test_two_hundred_classes_are_shown_by_their_largest_and_counted() -> None:
    explanation = crowd()
    for view, text in texts(explanation).items():
        if view == "figure":
            continue
        assert "The 10 largest of 200 explained outputs are shown" in text, view
        assert "class 199" in text, view
        assert "class 150 " not in text, view
    assert len(html.page(explanation).encode()) < 80 * 1024
    assert len(terminal.render(explanation).splitlines()) < 120


def test_a_figure_of_many_classes_draws_what_the_model_said() -> None:
    assert figure.plot(crowd()).get_title(loc="left") == "Why class 199"
    assert figure.plot(crowd(), target="class 3").get_title(loc="left") == "Why class 3"
    second = replace(samples.text(), outputs=(("negative", 0.8), ("positive", 0.2)))
    assert figure.plot(second).get_title(loc="left") == "Why negative"


# -- curves -----------------------------------------------------------------------------------------------------------


def test_a_curve_of_many_bins_keeps_the_rows_own_and_the_most_frequent() -> None:
    effect = samples.average().curves[0][1]
    many = replace(effect, own=15, shares=np.linspace(1, 0, 16))
    drawn = curves.curve(many, most=5)
    assert drawn is not None
    np.testing.assert_allclose(drawn.middle, many.effects[[0, 1, 2, 3, 15]])
    assert drawn.own == 4
    assert curves.spark(many, most=5).endswith("[█]")


def test_a_curve_with_a_single_known_bin_is_not_drawn() -> None:
    effect = samples.average().curves[0][0]
    lone = replace(effect, effects=np.array([np.nan, 0.4]))
    assert (curves.spark(lone), curves.svg(lone, f.Numbers(2))) == ("", "")


def test_rounding_errors_of_an_idle_column_draw_no_curve() -> None:
    explanation = samples.average()
    first, *others = explanation.curves[0]
    idle = replace(first, effects=np.array([-3e-17, 1e-16]))
    changed = replace(explanation, curves=((idle, *others),))
    assert html.page(changed).count('<svg class="curve"') == 3
    assert terminal.render(changed).count("[█]") == terminal.render(explanation).count("[█]") - 1


def test_a_noisy_curve_looks_like_noise_beside_its_interval() -> None:
    noisy = replace(samples.average().curves[0][1], effects=np.array([0.001, -0.001] * 8), stderr=np.full(16, 0.05))
    assert set(curves.spark(noisy)) <= {"▄", "▅", "[", "]"}
