"""`import lime` gets ours where it was installed first, in a module, a script and a third party's code.

The claims of `compat/lime/__init__.py` and `compat/lime/__main__.py`.
"""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(*arguments, cwd=None):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, timeout=120)


def test_after_install_every_module_name_of_lime_is_ours():
    code = (
        "import limelight.compat.lime as ours; ours.install(); ours.install()\n"
        "import lime, lime.lime_tabular, lime.wrappers.scikit_image\n"
        "from lime import lime_text, submodular_pick\n"
        "from lime.utils.generic_utils import has_arg\n"
        "assert lime is ours and lime.lime_tabular is ours.lime_tabular\n"
        "assert lime_text.LimeTextExplainer is ours.lime_text.LimeTextExplainer\n"
        "print('same')"
    )
    done = run("-c", code)
    assert done.stdout.strip() == "same", done.stderr


def test_it_refuses_where_the_real_lime_was_imported_first():
    code = "import lime.exceptions\nimport limelight.compat.lime as ours\nours.install()"
    done = run("-c", code)
    assert "expected to come before the first `import lime`" in done.stderr.splitlines()[-1]
    assert "python -m limelight.compat.lime" in done.stderr


def test_a_script_is_run_with_ours_in_the_place_of_lime(tmp_path):
    (tmp_path / "beside.py").write_text("from lime.lime_text import LimeTextExplainer\n")
    (tmp_path / "script.py").write_text(
        "import sys, beside\nprint(__name__, sys.argv[1:], beside.LimeTextExplainer.__module__)\n"
    )
    done = run("-m", "limelight.compat.lime", str(tmp_path / "script.py"), "--deep", "3", cwd=tmp_path)
    assert done.stdout.strip() == "__main__ ['--deep', '3'] limelight.compat.lime.lime_text", done.stderr


@pytest.mark.parametrize(("arguments", "says"), [([], "usage"), (["none.py"], "does not exist")])
def test_a_missing_script_is_said_without_a_traceback(arguments, says):
    done = run("-m", "limelight.compat.lime", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
