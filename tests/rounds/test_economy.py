"""The economy of calls: never one more than the budget, never exact, noise noticed and covered."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.inputs.budget import CallBudget
from limelight.rounds.economy import economical_looks, second_askings
from limelight.settings import Settings
from limelight.testing import check_modality


class Chat:
    """Three statements, each caused by one sentence; at random some is said the other way round."""

    def __init__(self, flips: float = 0.0, seed: int = 0) -> None:
        self.flips, self.rng, self.calls = flips, np.random.default_rng(seed), 0

    def __call__(self, prompts: list[Any]) -> list[str]:
        self.calls += len(prompts)
        return [self.say(prompt) for prompt in prompts]

    def say(self, prompt: str) -> str:
        there = np.array([f"Cause{j}." in prompt for j in range(3)]) ^ (self.rng.random(3) < self.flips)
        return " ".join(f"yes{j} fact{j} said{j}" if on else f"not{j} else{j} other{j}" for j, on in enumerate(there))


def prompt_of(d: int) -> str:
    return " ".join([*(f"Cause{j}." for j in range(3)), *(f"Idle{j}." for j in range(3, d))])


@pytest.mark.parametrize("most", [24, 32, 64, 100, 256])
@pytest.mark.parametrize("d", [3, 20, 60])
@pytest.mark.parametrize("flips", [0.0, 0.2])
def test_never_one_call_more_than_the_budget(most: int, d: int, flips: float) -> None:
    chat = Chat(flips)
    explanation = ll.Explainer(ll.Answers(chat, max_calls=most), ll.Prompt(), tolerance=0.001).explain(prompt_of(d))
    assert chat.calls <= most
    if explanation.provenance.stopped == "budget":
        assert chat.calls >= most - 8  # and what was allowed is used
    assert explanation.provenance.n_samples + second_askings(CallBudget(most)) + 5 <= most


def test_the_default_is_eight_calls_a_unit_at_least_32_at_most_256() -> None:
    for d, most in ((3, 32), (12, 96), (60, 256)):
        chat = Chat()
        explainer = ll.Explainer(ll.Answers(chat), ll.Prompt(), tolerance=1e-9)
        assert explainer.estimate_cost(prompt_of(d)).rows == most
        assert chat.calls == 0  # saying what it costs costs nothing
        explanation = explainer.explain(prompt_of(d))
        assert chat.calls <= most
        assert explanation.provenance.n_samples <= most


def test_it_stops_early_where_the_answer_is_clear() -> None:
    chat = Chat()
    explanation = ll.Explainer(ll.Answers(chat, max_calls=256), ll.Prompt()).explain(prompt_of(12))
    assert explanation.provenance.stopped == "precise"
    assert chat.calls < 64


def test_a_budget_too_small_and_samples_beyond_it_are_refused_before_anything_is_asked() -> None:
    chat = Chat()
    with pytest.raises(ll.InputError, match="max_calls: expected at least 15 calls"):
        ll.Explainer(ll.Answers(chat, max_calls=8), ll.Prompt()).explain(prompt_of(5))
    with pytest.raises(ll.InputError, match=r"n_samples: expected at most 55 masks within max_calls=64, got 60"):
        ll.Explainer(ll.Answers(chat, max_calls=64), ll.Prompt(), n_samples=60).explain(prompt_of(5))
    assert chat.calls == 0


def test_settings_that_have_no_effect_are_refused() -> None:
    chat = Chat()
    for settings, message in (({"sampler": "pairs"}, "sampler: 'pairs'"), ({"replicates": 3}, "replicates: expected")):
        with pytest.raises(ll.InputError, match=message):
            ll.Explainer(ll.Answers(chat), ll.Prompt(), **settings).explain(prompt_of(5))  # type: ignore[arg-type]
    assert chat.calls == 0


def test_replicates_of_one_ask_no_mask_twice() -> None:
    chat = Chat(0.3)
    explanation = ll.Explainer(ll.Answers(chat, max_calls=64), ll.Prompt(), replicates=1).explain(prompt_of(20))
    assert explanation.provenance.cost.model_rows == explanation.provenance.n_samples + 1
    assert chat.calls <= 64


def test_other_fits_take_the_same_masks() -> None:
    for settings in ({"kernel_width": "auto"}, {"kernel_width": 0.25}, {"refit": True}, {"regularization": 0.01}):
        explainer = ll.Explainer(ll.Answers(Chat(), max_calls=96), ll.Prompt(), **settings)  # type: ignore[arg-type]
        found = explainer.explain(prompt_of(12))
        assert {name for name, _ in found.as_list()[:3]} == {"Cause0.", "Cause1.", "Cause2."}


def test_looks_double_from_32_or_two_a_unit() -> None:
    assert economical_looks(Settings(), CallBudget(256, 5), 10) == (32, 64, 128, 243)
    assert economical_looks(Settings(), CallBudget(256, 5), 40) == (80, 160, 243)
    assert economical_looks(Settings(max_samples=50), CallBudget(256, 5), 10) == (32, 50)


def test_a_noisy_model_is_never_called_exact_and_is_said_to_be_noisy() -> None:
    said = 0
    for seed in range(25):
        explainer = ll.Explainer(ll.Answers(Chat(0.1, seed), max_calls=64), ll.Prompt(), seed=seed)
        explanation = explainer.explain(prompt_of(4))
        assert explanation.provenance.stopped != "exhaustive"
        assert (explanation.stderr > 0).all()
        said += any("not deterministic" in warning for warning in explanation.provenance.warnings)
    assert said >= 23


def test_a_model_that_repeats_itself_is_not_called_noisy() -> None:
    explanation = ll.Explainer(ll.Answers(Chat(), max_calls=64), ll.Prompt()).explain(prompt_of(8))
    assert not any("deterministic" in warning for warning in explanation.provenance.warnings)


def test_intervals_cover_what_a_noisy_model_means() -> None:
    """Each cause moves a third of the words: weight (1 − 2 · flips) / 3, whatever the reference happened to be."""
    covered = []
    for seed in range(40):
        answers = ll.Answers(Chat(0.1, seed), max_calls=80, reference=Chat().say(prompt_of(12)))
        explanation = ll.Explainer(answers, ll.Prompt(), seed=seed, max_features=None).explain(prompt_of(12))
        truth = np.where(np.arange(12) < 3, 0.8 / 3, 0.0)
        covered.append(np.abs(explanation.coef[0] - truth) <= 1.96 * explanation.stderr[0])
    assert 0.92 < np.mean(covered) < 0.985


def test_a_weight_is_the_mean_effect_and_its_kernel_is_flat() -> None:
    explanation = ll.Explainer(ll.Answers(Chat(), max_calls=128), ll.Prompt(), n_samples=100).explain(prompt_of(6))
    assert np.allclose(explanation.coef[0, :3], 1 / 3, atol=0.01)
    assert math.isclose(explanation.provenance.effective_sample_size, 100)


def test_the_laws_of_modalities_hold_for_prompts() -> None:
    check_modality(ll.Prompt(), [prompt_of(5), "One. Two. Three. Four."], n_samples=16)
