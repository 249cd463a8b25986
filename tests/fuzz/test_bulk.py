"""Damaged bytes at every door that takes bytes: a refusal in words, or what was put in."""

from __future__ import annotations

import os
import random
import zlib

import bulk
import pytest

CASES = int(os.environ.get("LIMELIGHT_FUZZ", "150"))


@pytest.mark.parametrize("door", [door for door in bulk.DOORS if door != "http_body"])  # which has many verbs
def test_what_is_sound_is_taken(door: str) -> None:
    assert all(bulk.DOORS[door](data) for data in bulk.seeds()[door][:1])


@pytest.mark.parametrize("door", bulk.DOORS)
def test_damaged_bytes_are_refused_in_words_or_read_as_what_they_are(door: str) -> None:
    rnd = random.Random(zlib.crc32(door.encode()))
    seeds = bulk.seeds()[door]
    for _ in range(CASES):
        data = bulk.damaged(rnd.choice(seeds), rnd)
        try:
            bulk.DOORS[door](data)
        except Exception as error:
            raise AssertionError(f"{door}: {data[:400]!r}: {type(error).__name__}: {error}") from error
