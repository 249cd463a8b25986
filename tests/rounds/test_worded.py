"""What is shown follows the parts of answers; weights and intervals do not change by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.rounds import fitting

PROMPT = " ".join(f"Sentence {j} stands." for j in range(20))
CAUSES = ((1,), (4,), (7, 8))


def flipping(seed: int) -> Any:
    """Three statements, one in ten the other way round."""
    rng = np.random.default_rng(seed)

    def chat(prompts: list[str]) -> list[str]:
        said = [[all(f"Sentence {j} " in prompt for j in cause) for cause in CAUSES] for prompt in prompts]
        wavering = np.array(said) ^ (rng.random((len(prompts), 3)) < 0.1)
        return [" ".join(f"{'so' if yes else 'no'}{s}" for s, yes in enumerate(row)) for row in wavering]

    return chat


def explained(seed: int, max_calls: int = 64, **settings: Any) -> ll.Explanation:
    return ll.Explainer(ll.Answers(flipping(seed), max_calls=max_calls), ll.Prompt(), seed=seed, **settings).explain(
        PROMPT
    )


def share(explanation: ll.Explanation) -> float:
    return float(np.isin(explanation.selected[0], [1, 4, 7, 8]).sum() / 4)


def test_shown_are_the_causes_and_weights_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    by_parts = [explained(seed, 40, max_features=4) for seed in range(12)]
    monkeypatch.setattr(fitting, "with_leading", lambda one, neighborhood, estimate, sizes: estimate)
    by_weight = [explained(seed, 40, max_features=4) for seed in range(12)]
    for one, other in zip(by_parts, by_weight, strict=True):
        assert (one.coef == other.coef).all() and (one.stderr == other.stderr).all()
    assert np.mean([share(each) for each in by_parts]) >= 0.95 > np.mean([share(each) for each in by_weight]) + 0.04


def test_shown_features_stand_in_the_order_of_their_weights() -> None:
    explanation = explained(0, max_features=4)
    sizes = np.abs(explanation.coef[0, explanation.selected[0]])
    assert (np.diff(sizes) <= 0).all()


def test_all_features_are_shown_where_nobody_asks_for_few() -> None:
    assert len(explained(0, max_features=None).selected[0]) == 20


def test_a_kernel_of_ones_own_leaves_the_choice_to_the_weights() -> None:
    explanation = explained(0, max_features=4, kernel_width=0.3)
    assert set(explanation.selected[0]) == set(np.argsort(-np.abs(explanation.coef[0]), kind="stable")[:4])


def test_each_target_is_chosen_by_its_own_parts() -> None:
    answers = ll.Answers(flipping(0), ["words", ll.scalarisers.contains("so0")], max_calls=64)
    explanation = ll.Explainer(answers, ll.Prompt(), max_features=4).explain(PROMPT)
    assert share(explanation) == 1.0
    # a pattern has no parts: its weights choose
    assert set(explanation.selected[1]) == set(np.argsort(-np.abs(explanation.coef[1]), kind="stable")[:4])


def test_a_plain_function_of_prompts_has_no_parts() -> None:
    def model(prompts: list[str]) -> list[float]:
        return [float("Sentence 3 " in prompt) + 0.1 * float("Sentence 9 " in prompt) for prompt in prompts]

    explanation = ll.Explainer(model, ll.Prompt(), max_features=2).explain(PROMPT)
    assert explanation.selected[0].tolist() == [3, 9]
