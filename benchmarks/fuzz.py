"""How many damaged inputs every door has been given, and what came of them.

    python benchmarks/fuzz.py --minutes 60 --out docs/fuzz.json

Counts, door by door (`tests/fuzz/bulk.py`): inputs, those taken and those refused, errors of other libraries,
inputs that took more than ten seconds of the processor, and answers about something else. New inputs in every run,
whose counts are added; a failing one is printed.
"""

from __future__ import annotations

import argparse
import faulthandler
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

HANG, LATE = 10, 120
"""Seconds of the processor, and of the clock, after which an input hangs."""
TURN = 20.0
"""Seconds of one door's turn."""


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


def main() -> None:
    """Give every door its turns until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=HERE / "docs" / "fuzz.json")
    chosen = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGPROF, late)
    before = json.loads(chosen.out.read_text(encoding="utf-8")) if chosen.out.exists() else {"doors": {}}
    told: dict[str, dict[str, int]] = before["doors"]
    rnd, seeds = random.Random(), bulk.seeds()
    until = time.monotonic() + 60 * chosen.minutes
    while time.monotonic() < until:
        for name, door in bulk.DOORS.items():
            counts = told.setdefault(
                name, dict.fromkeys(("inputs", "taken", "refused", "foreign", "hangs", "wrong"), 0)
            )
            end = min(until, time.monotonic() + TURN)
            while time.monotonic() < end:
                data = bulk.damaged(rnd.choice(seeds[name]), rnd)
                outcome = put(door, data)
                counts["inputs"] += 1
                counts[outcome] += 1
                if outcome not in ("taken", "refused"):
                    print(name, outcome, repr(data[:3000]), flush=True)
        total = {key: sum(each[key] for each in told.values()) for key in next(iter(told.values()))}
        chosen.out.write_text(json.dumps({"doors": told, "total": total}, indent=1) + "\n", encoding="utf-8")
        print(total, flush=True)


if __name__ == "__main__":
    main()
