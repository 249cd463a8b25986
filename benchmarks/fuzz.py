"""How many damaged inputs every door has been given, and what came of them.

    python benchmarks/fuzz.py --minutes 60 --out docs/fuzz.json

Counts, door by door (`tests/fuzz/bulk.py`, `bulk_explained.py`): inputs, those taken and those refused, errors of other
libraries, inputs that took more than ten seconds of the processor, and answers about something else. New inputs in
every run, whose counts are added; every door has its turn, until it has had its share of the inputs. A failing input is
kept in a folder, and tried again when the script is started the next time: where it no longer fails, it counts as what
became of it, and as mended.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE / "tests"), str(HERE / "tests" / "fuzz")]

import bulk  # noqa: E402
import bulk_explained  # noqa: E402

DOORS = {**bulk.DOORS, **bulk_explained.DOORS}
OUTCOMES = ("inputs", "taken", "refused", "foreign", "hangs", "wrong", "mended")

HANG, LATE = 10, 120
"""Seconds of the processor, and of the clock, after which an input hangs."""
TURN = 20.0
"""Seconds of one door's turn."""
SHARE = 0.08
"""Of all inputs, what one door has at most in turn: the cheapest would have nearly all of them."""


class HangError(BaseException):
    """An input took too long."""


def late(*_: Any) -> None:
    """Interrupt what hangs."""
    raise HangError


def put(door: bulk.Door, data: bytes) -> str:
    """Return what became of one input."""
    signal.setitimer(signal.ITIMER_PROF, HANG)
    signal.setitimer(signal.ITIMER_REAL, LATE)
    try:
        return "taken" if door(data) else "refused"
    except HangError:
        return "hangs"
    except AssertionError:
        traceback.print_exc()
        return "wrong"
    except Exception:
        traceback.print_exc()
        return "foreign"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def keep(folder: Path, name: str, outcome: str, data: bytes) -> None:
    """Write down a failing input."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.{outcome}.{hashlib.blake2b(data, digest_size=8).hexdigest()}").write_bytes(data)
    print(name, outcome, repr(data[:3000]), flush=True)


def try_again(folder: Path, told: dict[str, dict[str, int]]) -> None:
    """Give failing inputs of former runs to their doors; those that no longer fail are counted anew."""
    for path in sorted(folder.glob("*")):
        name, before, _ = path.name.split(".")
        now = put(DOORS[name], path.read_bytes())
        if now in ("taken", "refused"):
            told[name][before] -= 1
            told[name][now] += 1
            told[name]["mended"] += 1
            path.unlink()


def main() -> None:
    """Give every door its turns until the time is over, or all inputs are through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="stop when there are so many, of all runs")
    parser.add_argument("--out", type=Path, default=HERE / "docs" / "fuzz.json")
    parser.add_argument("--failing", type=Path, default=bulk.FOLDER / "limelight-failing", help="where they are kept")
    chosen = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGPROF, late)
    before = json.loads(chosen.out.read_text(encoding="utf-8")) if chosen.out.exists() else {"doors": {}}
    told = {name: {**dict.fromkeys(OUTCOMES, 0), **before["doors"].get(name, {})} for name in DOORS}
    try_again(chosen.failing, told)
    rnd, seeds = random.Random(), {**bulk.seeds(), **bulk_explained.seeds()}
    until = time.monotonic() + 60 * chosen.minutes
    total = dict.fromkeys(OUTCOMES, 0)
    while time.monotonic() < until and total["inputs"] < chosen.inputs:
        for name, door in DOORS.items():
            counts = told[name]
            end = min(until, time.monotonic() + TURN)
            while time.monotonic() < end and counts["inputs"] < SHARE * chosen.inputs:
                data = bulk.damaged(rnd.choice(seeds[name]), rnd)
                outcome = put(door, data)
                counts["inputs"] += 1
                counts[outcome] += 1
                if outcome not in ("taken", "refused"):
                    keep(chosen.failing, name, outcome, data)
            total = {key: sum(each[key] for each in told.values()) for key in OUTCOMES}
            chosen.out.write_text(json.dumps({"doors": told, "total": total}, indent=1) + "\n", encoding="utf-8")
        print(total, flush=True)


if __name__ == "__main__":
    main()
