"""The examples of docs/how-to/use-it-with.md run as they stand, each where its library is installed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-it-with.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
LIBRARIES = ("sklearn", "mlflow", "wandb", "streamlit", "gradio", "dash", "datasets", "great_tables")

# these libraries warn of one another; what limelight warns of still fails
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.filterwarnings("error:::limelight")]


def library_of(example: str) -> str:
    named = [re.match(r"(?:import|from) (\w+)", line) for line in example.splitlines()]
    return next(found[1] for found in named if found and found[1] in LIBRARIES)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(EXAMPLES[0], found)
    return found


def test_every_library_has_its_example() -> None:
    assert [library_of(example) for example in EXAMPLES[1:]] == list(LIBRARIES)


@pytest.mark.parametrize("example", EXAMPLES[1:], ids=library_of)
def test_the_example_runs(example: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of(example)
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: .ci/optional integrations")
    monkeypatch.chdir(tmp_path)  # what is logged lies in a folder of its own
    after = dict(names)
    exec(example, after)
    assert CHECKS[library](after)


def _mlflow_kept(after: dict[str, Any]) -> bool:
    answer = after["mlflow"].pyfunc.load_model(after["reasons"].model_uri).predict(after["X"].head(2))
    return sorted(set(answer["row"])) == [0, 1]


CHECKS: dict[str, Any] = {
    "sklearn": lambda after: len(set(after["kinds"])) == 3,
    "mlflow": _mlflow_kept,
    "wandb": lambda after: len(after["table"].data) == len(after["many"].to_frame()),
    "streamlit": lambda after: True,  # it has drawn, or raised
    "gradio": lambda after: "petal length" in str(after["app"].get_config_file()),
    "dash": lambda after: "petal length" in after["frame"].srcDoc,
    "datasets": lambda after: set(after["reasons"]["row"]) == set(range(20)),
    "great_tables": lambda after: "petal length" in after["table"].as_raw_html(),
}
