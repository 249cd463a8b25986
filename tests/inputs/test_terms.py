"""The counts of a perturbed text are those of the vectorizer, or are not made at all."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from limelight.inputs.terms import csr_of, find_terms
from limelight.inputs.texts import Template

TEXT = "good book, a good read"
SPANS = ((0, 4), (5, 9), (11, 12), (13, 17), (18, 22))


def template(owners: list[int], stand_ins: tuple[str, ...] | None = None) -> Template:
    return Template(TEXT, SPANS, np.array(owners), max(owners) + 1, stand_ins)


@pytest.mark.parametrize("owners", [[0, 1, 2, 3, 4], [0, 1, 2, 0, 3]])
@pytest.mark.parametrize("stand_ins", [None, ("good", "book", "x", "bad", "book")])
@pytest.mark.parametrize("binary", [False, True])
def test_counts_are_those_of_the_texts_written_out(owners, stand_ins, binary):
    whole = template(owners, stand_ins)
    vectorizer = CountVectorizer(binary=binary).fit([TEXT, "book bad other"])
    Z = (np.arange(2**whole.n_features)[:, None] >> np.arange(whole.n_features) & 1).astype(np.uint8)
    terms = find_terms(vectorizer, whole)
    found = terms.matrix(Z, csr_of, np.int64, binary=binary)
    np.testing.assert_array_equal(found.toarray(), vectorizer.transform(whole.render(Z)).toarray())
    assert found.has_sorted_indices


def test_words_that_could_grow_together_are_left_to_the_vectorizer():
    grown = Template("goodbook", ((0, 4), (4, 8)), np.array([0, 1]), 2)
    vectorizer = CountVectorizer().fit([TEXT])
    assert find_terms(vectorizer, grown) is None
    assert find_terms(vectorizer, Template("ΣΑΣ b", ((0, 3), (4, 5)), np.array([0, 1]), 2)) is None
