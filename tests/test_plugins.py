"""Packages bring models and modalities by entry points: found by name, imported only when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight import plugins

ACME = """
import numpy as np
import limelight as ll

class Scorer:                      # neither callable nor an estimator: only its package knows how to ask it
    def acme_score(self, rows):
        return 3.0 * np.asarray(rows)[:, 0]

class Unknown: ...

class Odd: ...

def asked(model):
    if isinstance(model, Odd):
        return 3
    return model.acme_score if isinstance(model, Scorer) else None

def two_words():
    return ll.Text("words")

def expired():
    raise RuntimeError("no licence")

def nothing(): ...

number = 3
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a package `acme` for one test, with the given entry points."""

    def install(models: str = "", modalities: str = "", source: str = ACME) -> None:
        (tmp_path / "acme.py").write_text(source, encoding="utf-8")
        about = tmp_path / "acme_reasons-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-reasons\nVersion: 1.0\n", encoding="utf-8")
        groups = f"[{plugins.MODELS}]\n{models}\n[{plugins.MODALITIES}]\n{modalities}\n"
        (about / "entry_points.txt").write_text(groups, encoding="utf-8")
        plugins._entries.cache_clear()

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    sys.modules.pop("acme", None)
    plugins._entries.cache_clear()


def test_a_model_is_asked_as_its_package_says(installed: Callable[..., None]) -> None:
    installed(models="acme = acme:asked")
    import acme

    X = np.random.default_rng(0).normal(size=(100, 2))
    explanation = ll.Explainer(acme.Scorer(), ll.Tabular(X, contrast="value"), max_samples=2048).explain(X[0])
    # against anybody's value the first column adds 3 (x − mean), and the second nothing
    assert explanation.coef[0] == pytest.approx([3 * (X[0, 0] - X[:, 0].mean()), 0.0], abs=0.15)


def test_a_model_that_its_package_does_not_know_is_refused_as_without_it(installed: Callable[..., None]) -> None:
    installed(models="acme = acme:asked")
    import acme

    with pytest.raises(ll.InputError, match="predict_proba"):
        ll.Explainer(acme.Unknown(), ll.Text())


def test_what_is_no_function_is_refused_with_the_name_of_the_package(installed: Callable[..., None]) -> None:
    installed(models="acme = acme:asked")
    import acme

    with pytest.raises(ll.InputError, match="acme-reasons.*got int"):
        ll.Explainer(acme.Odd(), ll.Text())


def test_a_modality_has_a_name(installed: Callable[..., None]) -> None:
    installed(modalities="two-words = acme:two_words")
    explanation = ll.Explainer(lambda texts: [float("good" in text) for text in texts], "two-words").explain("good day")
    assert explanation.as_list() == [("good", pytest.approx(1.0)), ("day", pytest.approx(0.0))]
    with pytest.raises(ll.InputError, match=r"'two-words'.*got the name 'tabular'.*ll\.Tabular"):
        ll.Explainer(len, "tabular")


def test_nothing_is_imported_before_it_is_asked_for(installed: Callable[..., None]) -> None:
    installed(models="acme = acme:asked", modalities="broken = acme:two_words", source="raise RuntimeError('half')")
    ll.Explainer(lambda texts: [1.0 for _ in texts], ll.Text())
    assert "acme" not in sys.modules
    with pytest.raises(ll.InputError, match=r"acme-reasons says.*RuntimeError: half"):
        ll.Explainer(len, "broken")


@pytest.mark.parametrize(
    ("brought", "said"),
    [
        ("expired", "RuntimeError: no licence"),
        ("number", "'int' object is not callable"),
        ("nothing", "makes a kind of data, got NoneType"),
    ],
)
def test_what_makes_no_modality_is_refused_with_the_name_of_the_package(
    brought: str, said: str, installed: Callable[..., None]
) -> None:
    installed(modalities=f"odd = acme:{brought}")
    with pytest.raises(ll.InputError, match=f"acme-reasons.*{said}"):
        ll.Explainer(len, "odd")
