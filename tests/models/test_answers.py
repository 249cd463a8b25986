"""Answers in words become numbers: one reference, nothing asked twice, everything kept.

The claims of `models/said.py`.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.inputs.prompts import Prompted
from limelight.models.said import Answer, Usage, answer_of, contrasts, medoid

PROMPT = "Rome is old. The Tiber flows through Rome. Cats sleep. Which river is it?"


class Chat:
    """Knows the river where the prompt names it; keeps what it was asked."""

    def __init__(self, fail_after: int | None = None) -> None:
        self.asked: list[Any] = []
        self.fail_after = fail_after

    def __call__(self, prompts: list[Any]) -> list[Any]:
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise ConnectionError("gone")
        self.asked += prompts
        return [self.say(prompt) for prompt in prompts]

    def say(self, prompt: Any) -> Any:
        text = "It is the Tiber." if "Tiber" in str(prompt) else "I do not know."
        return {"text": text, "tokens_in": 10, "tokens_out": 5, "cost": 0.01, "finish": "stop"}


def explained(chat: Any, scalariser: Any = "words", **options: Any) -> ll.Explanation:
    return ll.Explainer(ll.Answers(chat, scalariser, **{"max_calls": 48, **options}), ll.Prompt()).explain(PROMPT)


def test_the_cause_is_found_and_the_words_are_kept() -> None:
    explanation = explained(Chat())
    assert explanation.as_list()[0][0] == "The Tiber flows through Rome."
    layout = explanation.layout
    assert layout["answer"] == "It is the Tiber."
    pair = layout["contrasts"][1]
    assert (pair["with"], pair["without"], pair["others"]) == ("It is the Tiber.", "I do not know.", 0)
    idle = layout["contrasts"][0]
    assert idle["with"] == idle["without"]
    assert layout["usage"]["tokens_in"] == 10 * layout["usage"]["calls"]


def test_explaining_again_asks_nothing_and_says_the_same() -> None:
    chat = Chat()
    answers = ll.Answers(chat, max_calls=48)
    explainer = ll.Explainer(answers, ll.Prompt())
    first, asked = explainer.explain(PROMPT), len(chat.asked)
    again = explainer.explain(PROMPT)
    assert len(chat.asked) == asked == answers.usage.calls
    assert (again.coef == first.coef).all()
    assert pickle.loads(pickle.dumps(answers)).usage == answers.usage


def test_another_scalariser_of_the_same_answers_costs_nothing() -> None:
    chat = Chat()
    both = explained(chat, ["words", ll.scalarisers.contains("Tiber")])
    assert both.targets == ("word overlap", "says Tiber")
    assert len(chat.asked) <= 48
    assert both.coef.shape == (2, 4)


def test_a_repeated_question_is_asked_again_so_that_noise_shows() -> None:
    said = iter(range(10**6))
    answers = ll.Answers(lambda prompts: [f"answer {next(said)}" for _ in prompts], reference="answer 0")
    whole = Prompted("x", np.ones(0))
    first, second = answers([whole]), answers([whole])
    assert first.item() != second.item()


def test_what_was_answered_before_a_failure_is_never_asked_again() -> None:
    chat = Chat(fail_after=30)
    answers = ll.Answers(chat, max_calls=200)
    explainer = ll.Explainer(answers, ll.Prompt("words"), n_samples=150)
    text = " ".join(f"w{j}" for j in range(20)) + " Tiber"
    with pytest.raises(ll.ModelCallError, match="ConnectionError"):
        explainer.explain(text)
    before = list(map(str, chat.asked))
    assert len(before) >= 30
    chat.fail_after = None
    explainer.explain(text)
    after = [str(prompt) for prompt in chat.asked[len(before) :]]
    assert len(set(before) & set(after)) <= 8  # second askings, and equal masks
    assert len(chat.asked) <= 200


def test_the_reference_is_asked_twice_and_five_times_only_where_it_wavers() -> None:
    chat = Chat()
    explained(chat)
    assert chat.asked[:2] == [PROMPT, PROMPT]
    assert chat.asked[2] != PROMPT
    rng = np.random.default_rng(0)
    asked: list[Any] = []

    def wavering(prompts: list[Any]) -> list[str]:
        asked.extend(prompts)
        return [f"It is {'very ' * int(rng.integers(4))}the Tiber" for _ in prompts]

    explained(wavering)
    assert asked[:5] == [PROMPT] * 5
    assert asked[5] != PROMPT


def test_a_reference_of_ones_own_is_what_answers_are_compared_with() -> None:
    explanation = explained(Chat(), reference="I do not know.")
    assert explanation.prediction[0] < 1.0
    assert explanation.coef[0, 1] < 0


def test_log_probabilities_are_read_off_prompts_and_only_the_reference_is_written() -> None:
    chat = Chat()

    def score(prompts: list[Any], reference: str) -> list[float]:
        assert reference == "It is the Tiber."
        return [-1.0 if "Tiber" in prompt else -9.0 for prompt in prompts]

    explanation = explained(chat, ll.scalarisers.logprob(score))
    assert chat.asked == [PROMPT]
    assert np.allclose(explanation.coef[0], [0, 8, 0, 0], atol=0.05)
    assert explanation.layout["contrasts"] == []
    assert explanation.layout["usage"]["calls"] <= 48


def test_labels_compete_and_the_one_said_is_explained() -> None:
    explanation = explained(
        lambda prompts: ["yes" if "Tiber" in prompt else "no" for prompt in prompts],
        ll.scalarisers.labels(["yes", "no"]),
    )
    assert explanation.targets == ("yes",)


def test_chats_and_requests_are_explained_as_texts_are() -> None:
    chat = Chat()
    messages = [{"role": "system", "content": "The Tiber flows. Be brief."}, {"role": "user", "content": "Which?"}]
    explanation = ll.Explainer(ll.Answers(chat, max_calls=48), ll.Prompt(roles=["system"])).explain(messages)
    assert explanation.as_list()[0][0] == "The Tiber flows."
    assert all(prompt[-1] == messages[-1] for prompt in chat.asked)


def test_many_prompts_are_explained_each_as_alone() -> None:
    many = list(ll.Explainer(ll.Answers(Chat(), max_calls=48), ll.Prompt()).explain_many([PROMPT, "A. Tiber. B. C."]))
    assert np.allclose(many[0].coef, explained(Chat()).coef)
    assert many[1].layout["answer"] == "It is the Tiber."


@pytest.mark.parametrize(
    ("chat", "message"),
    [
        (lambda prompts: "one", "expected a list of"),
        (lambda prompts: ["a"], "expected a list of 2 answers to 2 prompts, got 1"),
        (lambda prompts: [3] * len(prompts), "expected answers that are strings"),
        (lambda prompts: [{"content": "x"}] * len(prompts), "expected answers that are strings"),
    ],
)
def test_answers_of_another_form_are_refused(chat: Any, message: str) -> None:
    with pytest.raises(ll.ModelOutputError, match=message):
        explained(chat)


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ll.InputError, match="chat: expected a function"):
        ll.Answers("gpt")  # type: ignore[arg-type]
    with pytest.raises(ll.InputError, match="max_calls: expected a positive integer"):
        ll.Answers(Chat(), max_calls=0)
    with pytest.raises(ll.InputError, match="reference: expected the text"):
        ll.Answers(Chat(), reference=3)  # type: ignore[arg-type]


def test_refusals_and_truncations_are_counted() -> None:
    usage = Usage()
    refusals = ["I'm sorry, but I can't help with that.", "I cannot assist with this.", "I’m sorry, I can’t do it"]
    for text in [*refusals, "I can see the river.", "Sorry, the shop is closed."]:
        usage.add(answer_of(text))
    usage.add(Answer("Rome is", finish="length"))
    usage.add(Answer("", finish="content_filter"))
    assert (usage.refusals, usage.truncations, usage.calls) == (4, 1, 7)


def test_an_object_with_a_text_is_an_answer() -> None:
    class Said:
        text, tokens_out, cached = "Rome.", 3, True

    assert answer_of(Said()) == Answer("Rome.", tokens_out=3, cached=True)


def test_a_remote_model_is_asked_for_all_that_it_says_and_counts_itself() -> None:
    class Reply:
        def __init__(self, text: str) -> None:
            self.text, self.tokens_in, self.tokens_out, self.finish = text, 7, 2, "stop"
            self.refusal = "no" if text == "I do not know." else None

    class Remote:
        def __init__(self) -> None:
            self.usage = Usage()

        def __call__(self, prompts: list[Any]) -> Any:
            raise AssertionError("its answers() say more")

        def answers(self, prompts: list[Any]) -> list[Reply]:
            self.usage.cost += 0.5 * len(prompts)
            self.usage.cached += len(prompts) // 2
            return [Reply("It is the Tiber." if "Tiber" in prompt else "I do not know.") for prompt in prompts]

    chat = Remote()
    usage = explained(chat).layout["usage"]
    assert usage["cost"] == pytest.approx(chat.usage.cost)
    assert usage["cached"] == chat.usage.cached
    assert usage["tokens_in"] == 7 * usage["calls"]
    assert usage["refusals"] > 3


def test_the_medoid_is_what_most_answers_are_like() -> None:
    assert medoid(["no idea at all", "Rome is old", "Rome is old", "Rome is very old"]) == "Rome is old"


def test_contrasts_are_kept_for_the_units_that_move_most() -> None:
    rng = np.random.default_rng(1)
    masks = (rng.random((200, 60)) < 0.5).astype(np.uint8)
    scores = (masks[:, [7]] + masks[:, [50]]).astype(float)
    units = [pair["unit"] for pair in contrasts(masks, scores, [""] * 200)]
    assert len(units) == 24
    assert {7, 50} <= set(units)


def test_contrasts_change_the_unit_and_little_that_matters() -> None:
    rng = np.random.default_rng(0)
    masks = (rng.random((60, 8)) < 0.5).astype(np.uint8)
    scores = masks[:, [0]] + 0.5 * masks[:, [1]]
    for pair in contrasts(masks, scores, [f"{score:.1f}" for score in scores.ravel()]):
        effect = {0: 1.0, 1: 0.5}.get(pair["unit"], 0.0)
        assert pair["scores"][0] - pair["scores"][1] == pytest.approx(effect)


def masked(prompt: str, mask: list[int], whole: Prompted) -> Prompted:
    return Prompted(prompt, np.array(mask, np.uint8), whole)


def test_parts_add_up_to_the_score_and_stand_there_for_every_answer() -> None:
    said = iter(["the old town", "the old town", "the old", "town", "the new town hall"])
    answers = ll.Answers(lambda prompts: [next(said) for _ in prompts])
    whole = Prompted("p", np.ones(2, np.uint8))
    asked = [masked("a", [1, 0], whole), masked("b", [1, 0], whole), masked("c", [0, 1], whole)]
    scores = answers(asked)[:, 0]
    found = answers.parts(whole, np.array([[0, 1], [1, 0]], np.uint8), 0)
    assert found is not None
    given_to, parts = found
    assert given_to.tolist() == [0, 1, 1]
    assert np.allclose(parts.sum(axis=1), scores[[2, 0, 1]])
    assert np.allclose(parts[0, :3], [1 / 3, 0, 1 / 3])
    assert answers.parts(whole, np.array([[1, 1]], np.uint8), 0) is None
    assert answers.parts(Prompted("q", np.ones(2, np.uint8)), np.array([[1, 0]], np.uint8), 0) is None


def test_tokens_are_summed_and_kept_as_parts() -> None:
    def score(prompts: list[Any], reference: str) -> list[list[float]]:
        return [[-1.0 - len(prompt), -0.5] for prompt in prompts]

    answers = ll.Answers(lambda prompts: ["yes"] * len(prompts), ["words", ll.scalarisers.logprob(score)])
    whole = Prompted("p", np.ones(2, np.uint8))
    scores = answers([masked("a", [1, 0], whole), masked("bb", [0, 1], whole)])
    assert scores[:, 1].tolist() == [-2.5, -3.5]
    found = answers.parts(whole, np.array([[0, 1]], np.uint8), 1)
    assert found is not None and found[0].tolist() == [0] and found[1].tolist() == [[-3.0, -0.5]]
