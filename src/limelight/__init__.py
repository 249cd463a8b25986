"""limelight: why a model said what it said, and how sure we may be of that answer.

LIME (Ribeiro, Singh, Guestrin: "Why Should I Trust You?", KDD 2016) in ten lines, each with the file that does it:

1.  represent the instance in terms a person understands          interpretable/text.py, image.py, tabular/, …
2.  draw perturbations z' of it from the modality's distribution   local/sampling.py
3.  turn them back into model inputs                               interpretable/* (reconstruct, or a shared background)
4.  ask the model, many instances in one batch                     models/calls.py
5.  weight them by how near they are                               local/proximity.py
6.  fit a weighted linear surrogate                                local/surrogate.py, control/masks.py, …/tables.py
7.  say how sure we are                                            local/precision.py, local/replicates.py for tables
8.  draw more until that is sure enough                            local/stopping.py
9.  choose the features to show                                    local/selection.py
10. hand over one frozen result                                    result/explanation.py, drawn by views/

The whole loop is `rounds/pipeline.py`: start reading there.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers see; at run time names are imported when they are first used
    from limelight import diagnostics as diagnostics
    from limelight import jobs as jobs
    from limelight import one_number as one_number
    from limelight import remote as remote
    from limelight import scalarisers as scalarisers
    from limelight.errors import BudgetSpent as BudgetSpent
    from limelight.errors import InputError as InputError
    from limelight.errors import LimelightError as LimelightError
    from limelight.errors import MissingDependencyError as MissingDependencyError
    from limelight.errors import ModelCallError as ModelCallError
    from limelight.errors import ModelOutputError as ModelOutputError
    from limelight.errors import RemoteError as RemoteError
    from limelight.errors import UnknownNameError as UnknownNameError
    from limelight.explainer import Explainer as Explainer
    from limelight.interpretable.components import Components as Components
    from limelight.interpretable.composite import Composite as Composite
    from limelight.interpretable.conditional import Conditional as Conditional
    from limelight.interpretable.image import Image as Image
    from limelight.interpretable.prompt import Prompt as Prompt
    from limelight.interpretable.tabular import Tabular as Tabular
    from limelight.interpretable.text import Text as Text
    from limelight.interpretable.timeseries import TimeSeries as TimeSeries
    from limelight.interpretable.volume import Volume as Volume
    from limelight.models.answers import Answers as Answers
    from limelight.overview.audit import audit as audit
    from limelight.overview.compare import compare as compare
    from limelight.overview.drift import drift as drift
    from limelight.overview.importance import feature_importance as feature_importance
    from limelight.overview.pick import submodular_pick as submodular_pick
    from limelight.refinement import refine as refine
    from limelight.reports import Origin as Origin
    from limelight.reports import model_card as model_card
    from limelight.reports import report as report
    from limelight.result.explanation import Explanation as Explanation
    from limelight.result.explanations import Explanations as Explanations
    from limelight.result.failure import Failure as Failure
    from limelight.settings import Settings as Settings
    from limelight.views.many import plot_beeswarm as plot_beeswarm
    from limelight.views.many import plot_coverage as plot_coverage
    from limelight.views.many import plot_importance as plot_importance
    from limelight.views.reasons import adverse_action as adverse_action
    from limelight.web.widget import what_if as what_if

__version__ = "0.2.0"

_HOME = {
    "Explainer": "limelight.explainer",
    "Explanation": "limelight.result.explanation",
    "Explanations": "limelight.result.explanations",
    "Failure": "limelight.result.failure",
    "Settings": "limelight.settings",
    "Tabular": "limelight.interpretable.tabular",
    "Image": "limelight.interpretable.image",
    "Volume": "limelight.interpretable.volume",
    "TimeSeries": "limelight.interpretable.timeseries",
    "Components": "limelight.interpretable.components",
    "Composite": "limelight.interpretable.composite",
    "Conditional": "limelight.interpretable.conditional",
    "Text": "limelight.interpretable.text",
    "Prompt": "limelight.interpretable.prompt",
    "Answers": "limelight.models.answers",
    "refine": "limelight.refinement",
    "submodular_pick": "limelight.overview.pick",
    "feature_importance": "limelight.overview.importance",
    "compare": "limelight.overview.compare",
    "report": "limelight.reports",
    "model_card": "limelight.reports",
    "Origin": "limelight.reports",
    "adverse_action": "limelight.views.reasons",
    "audit": "limelight.overview.audit",
    "drift": "limelight.overview.drift",
    "plot_importance": "limelight.views.many",
    "plot_beeswarm": "limelight.views.many",
    "plot_coverage": "limelight.views.many",
    "LimelightError": "limelight.errors",
    "InputError": "limelight.errors",
    "UnknownNameError": "limelight.errors",
    "ModelOutputError": "limelight.errors",
    "ModelCallError": "limelight.errors",
    "RemoteError": "limelight.errors",
    "BudgetSpent": "limelight.errors",
    "MissingDependencyError": "limelight.errors",
    "what_if": "limelight.web.widget",
}

_ROOMS = ("diagnostics", "jobs", "one_number", "remote", "scalarisers")

__all__ = ["__version__", *_HOME, *_ROOMS]


if not TYPE_CHECKING:  # a checker that saw this would let every misspelt name pass

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, so that `import limelight` stays quick."""
        if name in _ROOMS:
            return importlib.import_module(f"limelight.{name}")
        if name not in _HOME:
            from limelight.spellings import missing

            raise missing("limelight", name)
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
