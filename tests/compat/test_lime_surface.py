"""Every public name, parameter and default of lime 0.2.0.1 is here, and what its later source added."""

from __future__ import annotations

import importlib
import inspect

import pytest

MODULES = (
    "discretize", "exceptions", "explanation", "lime_base", "lime_image", "lime_tabular", "lime_text",
    "submodular_pick", "utils.generic_utils", "wrappers.scikit_image",
)  # fmt: skip
LATER = {
    ("lime_tabular", "LimeTabularExplainer", "explain_instance"): {"sampling_method": "gaussian"},
    ("lime_image", "LimeImageExplainer", "explain_instance"): {"progress_bar": True},
    ("explanation", "Explanation", "as_pyplot_figure"): {"figsize": None},
}


def defined(module):
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


def methods(cls):
    found = {"__init__": cls.__init__}
    return found | {n: v for n, v in inspect.getmembers(cls, callable) if not n.startswith("_")}


def parameters(function):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


@pytest.mark.parametrize("name", MODULES)
def test_every_class_method_parameter_and_default_of_lime_is_here_in_its_order(name):
    theirs, ours = (importlib.import_module(f"{package}.{name}") for package in ("lime", "limelight.compat.lime"))
    for public, value in defined(theirs).items():
        assert hasattr(ours, public), f"{name}.{public} is missing"
        if not inspect.isclass(value):
            assert list(parameters(getattr(ours, public))) == list(parameters(value))
            continue
        for method, function in methods(value).items():
            own = getattr(getattr(ours, public), method, None)
            assert own is not None, f"{name}.{public}.{method} is missing"
            if issubclass(value, Exception):
                continue
            expected, got = parameters(function), parameters(own)
            if method == "visualize_instance_html":  # lime's JavaScript; ours takes every option and draws elsewhere
                continue
            assert list(got)[: len(expected)] == list(expected), f"{name}.{public}.{method}"
            assert {p: got[p] for p in expected if p != "random_state"} == {
                p: d for p, d in expected.items() if p != "random_state"
            }, f"{name}.{public}.{method}"


@pytest.mark.parametrize("place", LATER)
def test_what_the_later_source_of_lime_added_is_here(place):
    module, cls, method = place
    function = getattr(getattr(importlib.import_module(f"limelight.compat.lime.{module}"), cls), method)
    assert LATER[place].items() <= parameters(function).items()


def test_modules_are_reached_as_attributes_of_the_package():
    from limelight.compat import lime

    assert lime.lime_tabular.LimeTabularExplainer.__name__ == "LimeTabularExplainer"
    assert lime.utils.generic_utils.has_arg(sorted, "key")
    assert issubclass(lime.exceptions.LimeError, ValueError)
    with pytest.raises(AttributeError):
        lime.lime_audio  # noqa: B018


def test_importing_it_loads_neither_scikit_learn_nor_scikit_image():
    import subprocess
    import sys

    code = (
        "import sys\nfrom limelight.compat import lime\n"
        "lime.lime_tabular, lime.lime_text, lime.lime_image, lime.submodular_pick\n"
        "print(*{name.split('.')[0] for name in sys.modules} & {'sklearn', 'skimage', 'matplotlib', 'pandas'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
