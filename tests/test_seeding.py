import numpy as np
import pytest

from limelight.errors import InputError
from limelight.seeding import resolve_seed, stream


def first_numbers(*key):
    return stream(*key).random(4).tolist()


def test_a_stream_depends_on_seed_content_stage_and_block_and_on_nothing_else():
    base = first_numbers(0, b"x", "sample", 0)
    assert base == first_numbers(0, b"x", "sample", 0)
    others = [(1, b"x", "sample", 0), (0, b"y", "sample", 0), (0, b"x", "points", 0), (0, b"x", "sample", 1)]
    assert all(first_numbers(*key) != base for key in others)


def test_seeds_beyond_32_bits_are_told_apart():
    assert first_numbers(1, b"", "sample") != first_numbers(1 + 2**32, b"", "sample")


def test_drawing_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tolist()
    first_numbers(0, b"x", "sample")
    resolve_seed(None)
    assert np.random.get_state()[1].tolist() == before


def test_no_seed_draws_a_fresh_one():
    assert resolve_seed(None) != resolve_seed(None)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_a_seed_that_is_no_natural_number_is_refused(seed):
    with pytest.raises(InputError, match="seed: expected a non-negative integer"):
        resolve_seed(seed)
