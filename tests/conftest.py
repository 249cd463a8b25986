"""Fixtures for all tests: real data sets, which are not part of the repository, and a real browser.

The browser is Debian's Chromium driven by Playwright; tests that want it are skipped where either is missing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    import pandas as pd

AXE_VERSION = "4.10.2"
ADULT_COLUMNS = (
    "age, workclass, fnlwgt, education, education-num, marital-status, occupation, relationship, race, sex, "
    "capital-gain, capital-loss, hours-per-week, native-country"
).split(", ")


settings.register_profile("limelight", deadline=None)  # no timing in tests
settings.load_profile("limelight")


@pytest.fixture(scope="session", autouse=True)
def only_the_fonts_of_matplotlib() -> None:
    """Hide the machine's fonts from figures, so that a test sees the same letters everywhere."""
    try:
        import matplotlib
        from matplotlib import font_manager
    except ImportError:
        return
    own = Path(matplotlib.get_data_path())
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if Path(font.fname).is_relative_to(own)]
    # what was found before stays in this cache, whose name begins with an underscore
    forget = getattr(getattr(manager, "_findfont_cached", None), "cache_clear", None)
    if forget is not None:
        forget()


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> Iterator[None]:
    """Ctrl-C means what it means in a terminal: shells in the background ignore it, which all children inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: `LIMELIGHT_SHARED_DATA`, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LIMELIGHT_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data sets at {folder}; set LIMELIGHT_SHARED_DATA to a folder that holds them")
    return folder


@pytest.fixture(scope="session")
def adult(shared_data: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Adult as (X, y): 32,561 rows, 14 raw columns; a missing value is the string "?"."""
    import pandas as pd

    frame = pd.read_csv(
        shared_data / "adult" / "adult.csv",
        names=[*ADULT_COLUMNS, "income"],
        skipinitialspace=True,
        keep_default_na=False,
    )
    return frame[ADULT_COLUMNS], frame["income"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; `LIMELIGHT_CHROMIUM` names another one than /usr/bin/chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install --group dev")
    path = os.environ.get("LIMELIGHT_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        pytest.skip(f"no browser at {path}: apt-get install chromium, or set LIMELIGHT_CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm's cache or registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot be fetched")
    folder = tmp_path_factory.mktemp("axe")
    got = subprocess.run(
        [npm, "pack", "--silent", "--prefer-offline", f"axe-core@{AXE_VERSION}"], cwd=folder, capture_output=True
    )
    archives = list(folder.glob("*.tgz"))
    if got.returncode or not archives:
        pytest.skip("axe-core could not be fetched from npm")
    shutil.unpack_archive(archives[0], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")
