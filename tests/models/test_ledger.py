"""What cannot be answered costs itself alone; what has gone away is noticed after a few calls."""

import numpy as np
import pytest

from limelight.errors import ModelCallError, ModelOutputError
from limelight.models.calls import Caller
from limelight.models.ledger import SUSPICIOUS, Ledger, reason

X = np.arange(1000.0)[:, None]


class Picky:
    """Raises on a batch that holds an odd row, or answers it with NaN."""

    def __init__(self, odd, *, raises=True):
        self.odd, self.raises, self.calls, self.rows = np.asarray(odd, float), raises, 0, 0

    def __call__(self, A):
        self.calls, self.rows = self.calls + 1, self.rows + len(A)
        bad = np.isin(A[:, 0], self.odd)
        if self.raises and bad.any():
            raise ValueError("odd")
        return np.where(bad, np.nan, A[:, 0])


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("odd", [[0], [999], [3, 4, 5, 700], list(range(100, 300))], ids=str)
def test_rows_without_an_answer_are_nan_and_all_others_are_right(odd, raises):
    model, ledger = Picky(odd, raises=raises), Ledger(vital=0)
    parts = [X[:1], X[1:400], X[400:400], X[400:]]
    Y = np.concatenate(Caller(model).ask(parts, ledger))[:, 0]
    assert sorted(ledger.failures) == odd == np.flatnonzero(np.isnan(Y)).tolist()
    np.testing.assert_array_equal(np.delete(Y, odd), np.delete(X[:, 0], odd))
    assert ledger.settled == 1000
    if not raises:
        assert model.calls < 10  # NaN is seen in the answer: nothing is asked again


def test_one_row_in_a_thousand_takes_a_few_calls_more():
    model = Picky([700])
    Caller(model, batch_size=256).ask([X], Ledger(vital=0))
    assert model.calls <= 4 + 2 * 8  # four batches, and 256 rows are halved eight times


def test_a_row_that_must_be_answered_ends_the_asking_with_its_own_error():
    with pytest.raises(ModelCallError, match="row 0 alone fails, too"):
        Caller(Picky([0])).ask([X], Ledger(vital=1))
    with pytest.raises(ModelOutputError, match="nan for output 'output' of row 0"):
        Caller(Picky([0], raises=False)).ask([X], Ledger(vital=1))


def test_without_a_ledger_every_row_must_be_answered():
    with pytest.raises(ModelOutputError, match="of row 700 in batch"):
        Caller(Picky([700], raises=False)).ask([X])


class Mortal:
    """Answers so many rows, and none after them."""

    def __init__(self, rows):
        self.rows, self.calls = rows, 0

    def __call__(self, A):
        self.calls += 1
        if self.rows < len(A):
            self.rows = 0
            raise ConnectionError("gone")
        self.rows -= len(A)
        return A[:, 0]


def test_a_model_that_has_gone_away_is_not_asked_for_every_row():
    model, ledger = Mortal(512), Ledger(vital=0)
    with pytest.raises(ModelCallError, match="gone"):
        Caller(model, batch_size=128).ask([X], ledger)
    assert model.calls <= 4 + 8 + 2 * SUSPICIOUS  # the batches, one of them halved, and the rows that gave it away
    assert ledger.settled == 512
    assert not ledger.failures
    np.testing.assert_array_equal(ledger.answers[0][:512], X[:512])


def test_rows_that_failed_in_small_batches_before_it_was_noticed_are_taken_back():
    ledger = Ledger(vital=0)
    with pytest.raises(ModelCallError, match="gone"):
        Caller(Mortal(100), batch_size=2).ask([X], ledger)
    assert ledger.settled == 100
    assert not ledger.failures


def test_a_model_that_has_never_answered_is_given_up():
    model = Mortal(0)
    with pytest.raises(ModelCallError, match="gone"):
        Caller(model).ask([X], Ledger(vital=0))
    assert model.calls < 200


def test_a_row_that_fails_alone_leaves_the_batches_as_large_as_they_were():
    caller = Caller(Picky([3, 500]))
    caller.ask([X], Ledger(vital=0))
    assert caller._size.largest == 16384


def test_labels_that_are_missing_are_rows_without_an_answer():
    ledger = Ledger(vital=0)
    answers = Caller(lambda A: [None if a == 2 else "high" if a > 2 else "low" for a in A[:, 0]])
    Y = answers.ask([X[:5]], ledger)[0]
    np.testing.assert_array_equal(Y, [[0, 1], [0, 1], [np.nan, np.nan], [1, 0], [1, 0]])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("empty\n vocabulary"), "ValueError: empty vocabulary"),
        (MemoryError(), "MemoryError"),
        (KeyError("x" * 900), "KeyError: '" + "x" * 119),
    ],
)
def test_the_reason_is_short_and_on_one_line(error, said):
    whole = ModelCallError("the model raised")
    whole.__cause__ = error
    assert reason(whole) == said
