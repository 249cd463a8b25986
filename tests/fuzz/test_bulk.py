"""Damaged bytes at every door that takes bytes: a refusal in words, or what was put in."""

from __future__ import annotations

import os
import random
import zlib

import bulk
import bulk_explained
import pytest

DOORS = {**bulk.DOORS, **bulk_explained.DOORS}
CASES = int(os.environ.get("LIMELIGHT_FUZZ", "150"))


@pytest.mark.parametrize("door", [door for door in DOORS if door != "http_body"])  # which has many verbs
def test_what_is_sound_is_taken(door: str) -> None:
    sound = {**bulk.seeds(), **bulk_explained.seeds()}[door]
    assert all(DOORS[door](data) for data in (sound[:1] if door in bulk.DOORS else sound))


@pytest.mark.parametrize("door", DOORS)
def test_damaged_bytes_are_refused_in_words_or_read_as_what_they_are(door: str) -> None:
    rnd = random.Random(zlib.crc32(door.encode()))
    seeds = {**bulk.seeds(), **bulk_explained.seeds()}[door]
    for _ in range(CASES // 5 if door == "command_line" else CASES):
        data = bulk.damaged(rnd.choice(seeds), rnd)
        try:
            DOORS[door](data)
        except Exception as error:
            raise AssertionError(f"{door}: {data[:400]!r}: {type(error).__name__}: {error}") from error
