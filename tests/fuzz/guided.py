"""Inputs that reach new lines of a door, found by atheris from sound ones: optional, and for as long as one likes.

    pip install atheris
    python tests/fuzz/guided.py explanation_json --seconds 600

The doors are those of `bulk.py` and `bulk_explained.py`. An input that fails ends the run, is printed and kept where
libFuzzer says; the last line tells how many inputs there were.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

LONGEST = 20_000
"""Bytes of an input: saved explanations of pictures have as many."""


def main() -> None:
    """Give one door inputs until the time is over, or one fails."""
    import atheris  # only here: whoever lists the tests need not have it

    with atheris.instrument_imports(include=["limelight"]):
        import bulk
        import bulk_explained

    doors = {**bulk.DOORS, **bulk_explained.DOORS}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("door", choices=sorted(doors))
    parser.add_argument("--seconds", type=int, default=600)
    chosen = parser.parse_args()
    door, sound = doors[chosen.door], {**bulk.seeds(), **bulk_explained.seeds()}[chosen.door]
    found = Path(tempfile.mkdtemp(prefix=f"limelight-guided-{chosen.door}-"))
    for number, data in enumerate(sound):
        (found / f"sound-{number}").write_bytes(data)

    def put(data: bytes) -> None:
        door(data)

    flags = [f"-max_total_time={chosen.seconds}", f"-max_len={LONGEST}", "-timeout=20", f"-artifact_prefix={found}/"]
    atheris.Setup([sys.argv[0], *flags, str(found)], put)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
