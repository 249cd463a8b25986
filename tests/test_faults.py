"""Faults of the model, the disk and the clock at every step: an error in words or a sound result, and nothing lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.cells import pieces, read_frame
from limelight.errors import InputError, LimelightError, ModelChangedError, ModelOutputError

rng = np.random.default_rng(0)
FRAME = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))


def slope(rows: Any) -> Any:
    return np.asarray(rows["a"] - rows["b"])


def explainer(model: Any = slope, **more: Any) -> ll.Explainer:
    return ll.Explainer(model, ll.Tabular(FRAME), seed=0, **more)


@contextlib.contextmanager
def disk_of(n: int) -> Iterator[None]:
    """No file grows beyond n bytes; errors are those of a full disk."""
    resource = pytest.importorskip("resource", reason="this system has no limits for files")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


# ---- the disk --------------------------------------------------------------------------------------------------------

WRITERS: dict[str, Callable[[Path], Any]] = {
    "page": lambda path: explainer().explain(FRAME.iloc[0]).to_html(path),
    "json": lambda path: explainer().explain(FRAME.iloc[0]).to_json(path),
    "set": lambda path: explainer().explain_all(FRAME).to_parquet(path),
    "background": lambda path: ll.Tabular(FRAME).save(path),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(what: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_text("old", encoding="utf-8")
    with disk_of(1000), pytest.raises(OSError, match="File too large"):
        WRITERS[what](path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["it"]
    WRITERS[what](path)
    assert path.stat().st_size > 1000


def test_a_job_goes_on_where_the_disk_was_full(tmp_path: Path) -> None:
    with disk_of(3000), pytest.raises(OSError, match="File too large"):
        ll.jobs.run(explainer(), FRAME, tmp_path / "job")
    ll.jobs.run(explainer(), FRAME, tmp_path / "job")
    ll.jobs.run(explainer(), FRAME, tmp_path / "sound")
    found, sound = (ll.jobs.read(tmp_path / name) for name in ("job", "sound"))
    assert np.array_equal(found.values, sound.values)


@pytest.mark.parametrize("room", [8192, 20_000, 70_000])
def test_a_cache_on_a_full_disk_is_an_error_in_words_and_the_next_call_is_sound(room: int, tmp_path: Path) -> None:
    kept = explainer(cache=tmp_path / "answers.db")
    with disk_of(room), pytest.raises(InputError, match="cache: .* could not be read or written .*make room"):
        kept.explain(FRAME.iloc[0])
    assert np.array_equal(kept.explain(FRAME.iloc[0]).coef, explainer().explain(FRAME.iloc[0]).coef)


def test_a_cache_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "nonsense.db").write_bytes(b"nonsense" * 1000)
    for path, said in ((tmp_path, "cannot be opened"), (tmp_path / "nonsense.db", "is no cache of answers")):
        with pytest.raises(InputError, match=f"cache: .*{said}.*name another file"):
            explainer(cache=path).explain(FRAME.iloc[0])


@pytest.mark.parametrize("what", [*WRITERS, "job"])
def test_where_nothing_can_be_written_the_place_is_named(what: str, tmp_path: Path) -> None:
    """A folder for reading alone does not stop an administrator; a file in its place stops everybody."""
    place = tmp_path / "file"
    place.write_text("old", encoding="utf-8")
    write = WRITERS.get(what, lambda path: ll.jobs.run(explainer(), FRAME, path))
    with pytest.raises(
        (OSError, ll.InputError), match=r"Not a directory|File exists|No such file|lies in a file"
    ) as told:
        write(place / "it")
    assert str(place) in str(told.value)
    assert place.read_text(encoding="utf-8") == "old"


ASIDE = """
import os, signal, sys
from pathlib import Path
import test_faults as here
what, path = sys.argv[1], Path(sys.argv[2])
"""
"""How a program in a process of its own begins: what ends it, or what it may not do, ends or binds nobody else."""


def aside(program: str, what: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Return how a program ended that writes something in a process of its own."""
    folders = os.pathsep.join(each for each in (str(Path(__file__).parent), *sys.path) if each)
    command = [sys.executable, "-c", ASIDE + program, what, str(path)]
    environment = {**os.environ, "PYTHONPATH": folders}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


KILLED_AFTER_A_KILOBYTE = """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # kills at once, as kill -9 does, and always at the same byte
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
here.WRITERS[what](path)
"""
KILLED_BEFORE_THE_NAME_IS_GIVEN = """
os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
Path.replace = os.replace
here.WRITERS[what](path)
"""
POSIX = pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="this system has no such signals")


@POSIX
@pytest.mark.parametrize("what", WRITERS)
@pytest.mark.parametrize("program", [KILLED_AFTER_A_KILOBYTE, KILLED_BEFORE_THE_NAME_IS_GIVEN])
def test_who_is_killed_while_writing_leaves_the_old_file_and_the_next_one_writes(
    what: str, program: str, tmp_path: Path
) -> None:
    path = tmp_path / "it"
    path.write_text("old", encoding="utf-8")
    ended = aside(program, what, path)
    assert ended.returncode in (-signal.SIGXFSZ, -signal.SIGKILL), ended.stderr
    assert path.read_text(encoding="utf-8") == "old"
    WRITERS[what](path)
    assert path.stat().st_size > 1000


KILLED_AT_THE_THIRD_CALL = """
calls = 0
def model(rows):
    global calls
    calls += 1
    if calls == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return here.slope(rows)
here.explainer(model, cache=here.ll.remote.Cache(path, model="slope 1"), batch_size=256).explain(here.FRAME.iloc[0])
"""


@POSIX
def test_answers_that_were_paid_before_kill_minus_nine_are_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    assert aside(KILLED_AT_THE_THIRD_CALL, "cache", path).returncode == -signal.SIGKILL
    asked: list[int] = []

    def model(rows: Any) -> Any:
        asked.append(len(rows))
        return slope(rows)

    alone = explainer(model, batch_size=256).explain(FRAME.iloc[0])
    whole, asked[:] = sum(asked), []
    kept = ll.remote.Cache(path, model="slope 1")
    assert np.array_equal(explainer(model, cache=kept, batch_size=256).explain(FRAME.iloc[0]).coef, alone.coef)
    assert sum(asked) <= whole - 256


NOBODY = """
write = {
    **here.WRITERS,
    "job": lambda path: here.ll.jobs.run(here.explainer(), here.FRAME, path),
    "cache": lambda path: here.explainer(cache=path).explain(here.FRAME.iloc[0]),
}[what]
write(path.parent.parent / "first")  # all that is imported on the way
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)  # an administrator writes everywhere
try:
    write(path)
except (PermissionError, here.ll.InputError) as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no users of this kind")
@pytest.mark.parametrize("what", [*WRITERS, "job", "cache"])
def test_a_folder_for_reading_alone_is_named_and_its_files_stay(what: str, tmp_path: Path) -> None:
    place = tmp_path / "read only"
    place.mkdir()
    (place / "it").write_text("old", encoding="utf-8")
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)  # pytest's folders are its own user's
    place.chmod(0o555)
    try:
        name = "it" if what in WRITERS else "new"
        ended = aside(NOBODY, what, place / name)
    finally:
        place.chmod(0o755)
    assert ended.returncode == 0, ended.stderr
    assert str(place) in ended.stdout
    assert [each.name for each in place.iterdir()] == ["it"]
    assert (place / "it").read_text(encoding="utf-8") == "old"


def test_two_who_write_one_set_leave_one_of_the_two_whole_for_every_reader(tmp_path: Path) -> None:
    path, some = tmp_path / "set.parquet", explainer().explain_all(FRAME.iloc[:40])
    sets = (some, some[:10])
    some.to_parquet(path)
    writers = [threading.Thread(target=lambda each=each: [each.to_parquet(path) for _ in range(8)]) for each in sets]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert len(ll.Explanations.from_parquet(path)) in (10, 40)
    assert [each.name for each in tmp_path.iterdir()] == ["set.parquet"]


def test_rows_with_more_values_than_names_are_refused_and_not_moved_to_the_left(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2,3\n4,5,6\n", encoding="utf-8")
    with pytest.raises(
        InputError, match="--data: .* rows with more values than its header has names; name every column"
    ):
        read_frame(path, argument="--data")
    named = pd.DataFrame({"a": [1], "b": [2]})
    with pytest.raises(InputError, match="name every column"):
        next(iter(pieces(path, argument="--data", rows=1, like=named)))
    path.write_text("n,a,b\n1,2,3\n4,5,6\n", encoding="utf-8")
    assert read_frame(path, argument="--data")["a"].tolist() == [2, 5]


# ---- the model -------------------------------------------------------------------------------------------------------


class Failing:
    """A model whose n-th call goes wrong."""

    def __init__(self, nth: int, how: str) -> None:
        self.nth, self.how, self.calls = nth, how, 0

    def __call__(self, rows: Any) -> Any:
        self.calls += 1
        y = slope(rows)
        if self.calls != self.nth:
            return y
        if self.how in ("raise", "memory", "exit"):
            raise {"raise": RuntimeError("429"), "memory": MemoryError(), "exit": KeyboardInterrupt()}[self.how]
        return {
            "nan": np.where(np.arange(len(y)) == 1, np.nan, y),
            "short": y[:-1],
            "wide": np.stack([y, y], axis=1),
            "labels": ["x"] * len(y),
        }[self.how]


STEPS: dict[str, Callable[[ll.Explainer, Path], Any]] = {
    "explain": lambda made, _: made.explain(FRAME.iloc[0]).coef[0],
    "explain_many": lambda made, _: next(iter(list(made.explain_many(FRAME.iloc[:4])))).coef[0],
    "explain_all": lambda made, _: made.explain_all(FRAME.iloc[:4])[0].coef[0],
    "job": lambda made, path: ll.jobs.read(ll.jobs.run(made, FRAME.iloc[:4], path).out)[0].coef[0],
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["raise", "memory", "nan", "short", "wide", "labels", "exit"])
@pytest.mark.parametrize("nth", [2, 3])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_call_that_goes_wrong_is_asked_again_left_out_or_named(step: str, how: str, nth: int, tmp_path: Path) -> None:
    model = Failing(nth, how)
    made = explainer(model)
    try:
        found = STEPS[step](made, tmp_path / "job")
    except (ModelOutputError, ModelChangedError, KeyboardInterrupt) as error:
        assert how in ("short", "wide", "labels", "exit"), error
        assert isinstance(error, KeyboardInterrupt) == (how == "exit")
        if step != "job":  # the answers so far are kept: the same explainer goes on
            calls, model.nth = model.calls, -1
            assert np.allclose(STEPS[step](made, tmp_path), explainer().explain(FRAME.iloc[0]).coef[0])
            assert model.calls > calls - 1
        return
    assert np.allclose(found, explainer().explain(FRAME.iloc[0]).coef[0], atol=0.02)


class Hanging:
    """A model whose n-th call never ends; somebody presses Ctrl-C so many times meanwhile."""

    def __init__(self, nth: int, presses: int) -> None:
        self.nth, self.presses, self.calls, self.rows = nth, presses, 0, 0

    def __call__(self, rows: Any) -> Any:
        self.calls += 1
        if self.calls == self.nth:
            threading.Thread(target=self.press, daemon=True).start()
        while 0 < self.nth <= self.calls:
            time.sleep(0.05)
        self.rows += len(rows)
        return slope(rows)

    def press(self) -> None:
        for _ in range(self.presses):
            time.sleep(0.3)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has no signals for threads")
@pytest.mark.parametrize("step", [*STEPS])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_call_that_never_ends_is_ended_by_ctrl_c_and_what_was_answered_is_kept(
    step: str, nth: int, tmp_path: Path
) -> None:
    small = {"batch_size": 64, "n_samples": 512}
    model, sound = Hanging(nth, presses=1), Hanging(-1, presses=0)
    made = explainer(model, **small)
    with pytest.raises(KeyboardInterrupt):
        STEPS[step](made, tmp_path / "job")
    before, model.nth = model.rows, -1
    right = STEPS[step](explainer(sound, **small), tmp_path / "sound")
    assert np.array_equal(STEPS[step](made, tmp_path / "job"), right)
    assert before == 64 * (nth - 1) or (nth > 1 and before == 64 * (nth - 2) + 1)
    # all that was answered is used, but for instances themselves, which show whether the model is still the same;
    # a job that ends before its first part pickles its explainer anew
    assert model.rows <= sound.rows + (before if step == "job" else 8)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has no signals for threads")
def test_calls_at_once_that_never_end_are_waited_for_and_left_at_the_second_ctrl_c(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = Hanging(4, presses=2)
    made = explainer(model, max_in_flight=3, batch_size=64, n_samples=1024)
    with pytest.raises(KeyboardInterrupt):
        made.explain(FRAME.iloc[0])
    assert "calls of the model, whose answers are kept; Ctrl-C again leaves them" in capsys.readouterr().err
    model.nth = -1  # those that hang are still out, and take nobody's place
    sound = explainer(max_in_flight=3, batch_size=64, n_samples=1024).explain(FRAME.iloc[0])
    assert np.array_equal(made.explain(FRAME.iloc[0]).coef, sound.coef)


def test_a_row_that_cannot_be_answered_is_recorded_and_the_others_are_explained() -> None:
    def model(texts: list[str]) -> Any:
        if any("poison" in text for text in texts):
            raise RuntimeError("429")
        return [float("good" in text) for text in texts]

    made = ll.Explainer(model, ll.Text(), seed=0)
    found = list(made.explain_many(["a good film", "poison", "no good"], on_error="record"))
    assert [isinstance(each, ll.Explanation) for each in found] == [True, False, True]
    assert found[0].prediction[0] == found[2].prediction[0] == 1.0


# ---- the clock -------------------------------------------------------------------------------------------------------


def test_a_clock_that_steps_back_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sound = explainer().explain(FRAME.iloc[0]).coef
    ticks = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: 1e9 - 3600.0 * next(ticks))
    made = explainer(cache=tmp_path / "answers.db")
    assert np.array_equal(made.explain(FRAME.iloc[0]).coef, sound)
    assert np.array_equal(explainer(cache=tmp_path / "answers.db").explain(FRAME.iloc[0]).coef, sound)
    assert len(list(made.explain_many(FRAME.iloc[:20]))) == 20
    ll.jobs.run(made, FRAME.iloc[:20], tmp_path / "job")
    assert len(ll.jobs.read(tmp_path / "job")) == 20


def test_a_reader_who_is_slow_gets_every_row() -> None:
    found = []
    for each in explainer().explain_many(FRAME.iloc[i] for i in range(6)):
        time.sleep(0.01)
        found.append(each.coef)
    sound = [explainer().explain(FRAME.iloc[i]).coef for i in range(6)]
    assert all(np.array_equal(one, other) for one, other in zip(found, sound, strict=True))


def test_every_error_here_is_one_of_ours() -> None:
    assert issubclass(ModelChangedError, LimelightError)
    assert issubclass(ModelOutputError, LimelightError)
