"""What explanations contribute, as arrays: the same numbers, in rows of one target each."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.result.batch import batch_of
from many_explanations import of_a_table, of_texts, of_two_outputs


@pytest.mark.parametrize("make", [of_a_table, of_two_outputs, of_texts])
@pytest.mark.parametrize("some", [slice(None), slice(3, 0, -1)])
def test_each_row_is_a_target_of_an_explanation(make, some: slice) -> None:
    many = make()
    block, rows = next(many.parts())
    rows = rows[some]
    batch = batch_of(block, np.array(rows), 100)
    expected = [(i, k) for i, row in enumerate(rows) for k in range(len(many[row].targets))]
    assert list(zip(batch.owners.tolist(), batch.places.tolist(), strict=True)) == expected
    assert batch.positions.tolist() == list(range(100, 100 + len(rows)))
    for r, (i, k) in enumerate(expected):
        one, at = many[rows[i]], slice(batch.starts[r], batch.starts[r + 1])
        assert batch.known_targets[batch.targets[r]] == one.targets[k]
        assert [batch.known_keys[j] for j in batch.keys[at]] == [each.where.key for each in one.features]
        assert [batch.known_names[j] for j in batch.names[at]] == [each.name for each in one.features]
        assert {batch.known_kinds[j] for j in batch.kinds[at]} == {each.where.kind for each in one.features}
        assert batch.contributions[at].tolist() == one.contributions[k].tolist()
        assert batch.stderr[at].tolist() == one.contribution_stderr[k].tolist()
        shown = batch.selected[batch.selected_starts[r] : batch.selected_starts[r + 1]]
        assert shown.tolist() == one.selected[k].tolist()
        assert batch.shared[i] == one.provenance.shared
        assert batch.compared[i] == one.compared


def test_the_rows_of_a_target() -> None:
    batch = next(iter(of_two_outputs().batches()))
    assert batch.rows_of(None).tolist() == list(range(40))
    assert batch.rows_of("bowl").tolist() == batch.rows_of(1).tolist() == list(range(1, 40, 2))
    assert batch.rows_of("none").tolist() == batch.rows_of(2).tolist() == []


def test_explanations_that_do_not_say_what_they_are_compared_with_have_their_weights() -> None:
    import dataclasses

    (one,) = of_a_table()[:1]
    old = dataclasses.replace(one, center=None, reference=None)
    batch = next(ll.Explanations.of([one, old]).batches())
    assert batch.compared.tolist() == [True, False]
    assert batch.contributions[len(one.features) :].tolist() == one.coef[0].tolist()
