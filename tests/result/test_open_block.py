"""What features are, as codes."""

from __future__ import annotations

import pytest

from limelight.result.block import Block
from limelight.result.open_block import OpenBlock
from many_explanations import of_a_table, of_texts


@pytest.mark.parametrize("make", [of_a_table, of_texts])
def test_identities_are_those_of_the_features(make) -> None:
    block, rows = next(make().parts())
    found = block.identities()
    for row in rows:
        at = slice(found.starts[row], found.starts[row + 1])
        features = make()[row].features
        assert [found.known_keys[code] for code in found.keys[at]] == [each.where.key for each in features]
        assert [found.known_names[code] for code in found.names[at]] == [each.name for each in features]
        assert [found.known_kinds[code] for code in found.kinds[at]] == [each.where.kind for each in features]


def test_a_column_that_is_not_there_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        OpenBlock().column("coef")
    assert OpenBlock(Block({}, {}, 0)).made(0) is None
