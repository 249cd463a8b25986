"""Kill a job 100 times, fill its disk, let two write at once: is a row lost, doubled, torn or different?

    python benchmarks/kills.py [--kills 100] [--seed 0]

A job of small chunks runs in a process of its own and is ended by SIGKILL: at a random moment, or by itself right
before or right after the rename that makes a part visible, or before what was written is on the disk. After each kill
every part in the folder must be whole, and hold the same bytes as before; the same line then goes on. Counted is how
often a chunk was explained whose part never came, at most the one in hand for each kill. At the end the answer must be
that of a job that nobody disturbed, to the bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll
from limelight import files
from limelight.jobs import running
from limelight.jobs.folder import Folder

CHUNK = 20
MOMENTS = ("any", "before the rename", "after the rename", "before it is on the disk")


# -- the job that is killed -------------------------------------------------------------------------------------------


class Model:
    """A model of three columns that can be sent anywhere."""

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return the answers."""
        return 1.0 / (1.0 + np.exp(X[:, 1] - 2.0 * X[:, 0]))


def rows(n: int) -> np.ndarray:
    """Return the same n rows every time."""
    return np.random.default_rng(0).normal(size=(n, 3))


def job(out: Path, n: int) -> Any:
    """Run the job to its end."""
    explainer = ll.Explainer(Model(), ll.Tabular(rows(500), max_samples=2048), seed=0)
    return ll.jobs.run(explainer, rows(n), out, chunk_rows=CHUNK)


def child(out: Path, n: int, moment: str, which: int) -> None:
    """Run the job, note each chunk that was explained, and end at a moment of the part number `which` of this run."""
    explained, write = out.with_suffix(".explained"), running._write

    def noted(folder: Folder, done: Any) -> None:
        with explained.open("a", encoding="utf-8") as file:
            file.write(f"{done.start}\n")
        if moment != "any" and (count := noted.__dict__.setdefault("seen", [])) is not None:
            count.append(done.start)
            if len(count) == which:
                _die_at(moment)
        write(folder, done)

    running._write = noted
    print("begins", flush=True)
    job(out, n)


def _die_at(moment: str) -> None:
    replace = Path.replace

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def renamed(self: Path, target: Any) -> Path:
        if moment == "before the rename":
            die()
        found = replace(self, target)
        die()
        return found

    if moment == "before it is on the disk":
        files.os.fsync = lambda number: die()
    else:
        Path.replace = renamed


def started(out: Path, n: int, moment: str = "any", which: int = 1) -> subprocess.Popen[str]:
    """Start the job in a process."""
    command = [sys.executable, __file__, "--child", str(out), "--rows", str(n), "--moment", moment]
    return subprocess.Popen([*command, "--which", str(which)], stdout=subprocess.PIPE, text=True)


def begun(process: subprocess.Popen[str]) -> None:
    """Wait until a job has begun."""
    assert process.stdout is not None
    process.stdout.readline()


# -- what is looked at ------------------------------------------------------------------------------------------------


def parts_of(out: Path, known: dict[int, str]) -> dict[int, str]:
    """Return the digest of the bytes of every part; those that are new were read whole.

    Raises
    ------
    AssertionError
        If one is torn, or holds other rows than its own.
    """
    found = {}
    for start, path in Folder(out).parts().items():
        found[start] = blake2b(path.read_bytes()).hexdigest()
        if known.get(start) != found[start]:
            own = list(range(start, start + Folder(out).digest_of(start)[0]))
            assert ll.jobs.table(path).column("row").to_pylist() == own, f"{path} holds other rows than its own"
    return found


def changed(now: dict[int, str], before: dict[int, str]) -> int:
    """Return how many parts have gone, or hold other bytes than before."""
    return sum(now.get(start) != digest for start, digest in before.items())


def killed(folder: Path, kills: int, seed: int = 0, chunks: int | None = None) -> dict[str, Any]:
    """Kill a job so many times, let it end, and return what was found."""
    draw = random.Random(seed)
    out, n = folder / "killed", CHUNK * (chunks or 12 * kills)
    known: dict[int, str] = {}
    counts = dict.fromkeys(MOMENTS, 0)
    others = 0
    while (done := sum(counts.values())) < kills:
        moment = MOMENTS[done % len(MOMENTS)]
        process = started(out, n, moment, draw.randint(1, 2))
        if moment == "any":
            begun(process)
            time.sleep(draw.uniform(0.0, 1.0))
            process.kill()
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            break  # it has come to its end
        counts[moment] += 1
        now = parts_of(out, known)
        others += changed(now, known)
        known = now
    return {"kills": counts, "parts_changed_or_lost": others, **_finished(out, folder / "undisturbed", n)}


def _finished(out: Path, other: Path, n: int) -> dict[str, Any]:
    """Let a job end, and return whether it says what one says that nobody disturbed."""
    noted = out.with_suffix(".explained")
    explained = len(noted.read_text(encoding="utf-8").split()) if noted.exists() else 0
    again = max(explained - len(Folder(out).parts()), 0)
    whole = job(out, n)
    ids = ll.jobs.table(out, ["id"]).column("id").to_pylist()
    return {
        "rows": whole.rows,
        "lost": n - len(set(ids)),
        "doubled": len(ids) - len(set(ids)),
        "chunks_explained_in_vain": again,
        "the_same_digest": ll.jobs.digest(out) == ll.jobs.digest(job(other, n).out),
    }


def two_writers(folder: Path, chunks: int = 300) -> dict[str, Any]:
    """Let two processes write one folder at once, kill one of them on the way, and return what was found."""
    out, n = folder / "two", CHUNK * chunks
    first, second = started(out, n), started(out, n)
    begun(first), begun(second)
    while len(Folder(out).parts()) < chunks // 3:
        time.sleep(0.02)
    second.kill()
    for process in (first, second):
        process.communicate()
    codes = [process.returncode for process in (first, second)]
    return {"exit_codes": codes, **_finished(out, folder / "two-undisturbed", n)}


def full_disk(folder: Path) -> dict[str, Any]:
    """Run a job on a disk of 128 KiB, make it larger, go on; return what was found. It takes the right to mount."""
    disk, n = folder / "disk", CHUNK * 40
    disk.mkdir()
    options = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*options, "size=128k", "tmpfs", str(disk)], check=False, capture_output=True).returncode:
        return {"skipped": "no right to mount a small disk"}
    try:
        said = ""
        try:
            job(disk / "out", n)
        except OSError as error:
            said = str(error)
        before = parts_of(disk / "out", {})
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        found = {"said": said, "parts_before": len(before), **_finished(disk / "out", folder / "disk-undisturbed", n)}
        found["parts_changed_or_lost"] = changed(parts_of(disk / "out", before), before)
        return found
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    for name, kind in (("--child", Path), ("--rows", int), ("--moment", str), ("--which", int)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.rows, arguments.moment, arguments.which)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        found = {
            "killed": killed(folder, arguments.kills, arguments.seed),
            "two writers": two_writers(folder),
            "full disk": full_disk(folder),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
