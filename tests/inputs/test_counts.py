"""A pipeline that begins by counting words is asked with counts where these are what its strings would have given."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import limelight as ll
from limelight.errors import ModelCallError
from limelight.inputs.counts import CountsPath, fast_path
from limelight.inputs.terms import Terms
from limelight.models.calls import Caller

CORPUS = [
    "Good book, a good GOOD read! 3.14 of 5", "bad book; don't read it. It's bad-bad-bad", "naïve café, not bad at all",
    "the cat sat on the mat", "no fatigue, but sneezing and headache", "U.S.A. foo_bar x1 2x",
]  # fmt: skip
LABELS = [1, 0, 1, 0, 1, 0]


def path_of(model: Any) -> CountsPath | None:
    return fast_path(model.predict_proba)


def masks(n_features: int, n: int = 40) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (rng.random((n, n_features)) < rng.random((n, 1))).astype(np.uint8)


def same_rows(model: Any, text: Any, modality: ll.Text) -> bool | None:
    """Whether counts and strings give the same matrix; None where strings are asked for."""
    document = modality.represent(text)
    texts = document.reconstruct(masks(len(document.features)))
    path = path_of(model)
    assert path is not None
    rows = path.rows([document.original, texts])
    if rows is None:
        return None
    strings = pd.concat if hasattr(texts.materialize(), "iloc") else None
    told = (
        model[0].transform([text, *texts])
        if strings is None
        else model[0].transform(pd.concat([document.original.materialize(), texts.materialize()], ignore_index=True))
    )
    dense = [matrix.toarray() if hasattr(matrix, "toarray") else matrix for matrix in (rows, told)]
    return type(rows) is type(told) and rows.dtype == told.dtype and np.array_equal(*dense)


# -- it is exact ------------------------------------------------------------------------------------------------------

VECTORIZERS = {
    "tf-idf": TfidfVectorizer(),
    "counts": CountVectorizer(),
    "case": TfidfVectorizer(lowercase=False),
    "binary": CountVectorizer(binary=True),
    "binary tf-idf": TfidfVectorizer(binary=True, norm="l1", use_idf=False),
    "sublinear": TfidfVectorizer(sublinear_tf=True, smooth_idf=False, norm=None),
    "accents": TfidfVectorizer(strip_accents="unicode"),
    "ascii": TfidfVectorizer(strip_accents="ascii"),
    "stop words": CountVectorizer(stop_words=["the", "on", "it"]),
    "few words": CountVectorizer(vocabulary={"good": 0, "bad": 1, "nowhere": 2}),
    "float32": CountVectorizer(dtype=np.float32),
    "all words": TfidfVectorizer(token_pattern=r"(?u)\b\w+\b"),
    "letters": TfidfVectorizer(token_pattern=r"[a-zA-Z]+"),
}
OPTIONS = {
    "words": {},
    "separately": {"occurrences": "separately"},
    "mask": {"mask": "UNKWORDZ"},
    "mask that is a word": {"mask": "good"},
    "sentences": {"tokens": "sentences"},
    "kept": {"keep": "good|the"},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("vectorizer", VECTORIZERS)
def test_the_matrix_is_the_vectorizers_own_bit_by_bit(vectorizer: str, option: str) -> None:
    model = make_pipeline(VECTORIZERS[vectorizer], LogisticRegression()).fit(CORPUS, LABELS)
    for text in [*CORPUS, "", "?!", "unseen words only", "a" * 300]:
        assert same_rows(model, text, ll.Text(**OPTIONS[option])) is True


@settings(max_examples=60)
@given(st.text(alphabet="aB1é_' -.!\n\u0301İß²…℃Σ我ก👍", max_size=30), st.sampled_from(sorted(OPTIONS)))
def test_whatever_the_text_the_matrix_is_right_or_not_made(text: str, option: str) -> None:
    model = make_pipeline(CountVectorizer(token_pattern=r"\w+", strip_accents="unicode"), MultinomialNB())
    model.fit(["a b 1 ab b1 é", "1 2 c 我 good", *text.split()], [0, 1, *[0] * len(text.split())])
    assert same_rows(model, text, ll.Text(**OPTIONS[option])) is not False


def test_counts_beyond_a_byte_are_right() -> None:
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    assert same_rows(model, "good " * 300 + "bad", ll.Text()) is True
    assert same_rows(model, "good " * 300 + "bad", ll.Text(occurrences="separately", mask="bad")) is True


def test_two_spellings_of_one_term_add_up() -> None:
    terms = Terms(
        np.array([2, 5], dtype=np.int32), np.array([1, 0]),
        ((np.array([0, 1]), np.array([0, 1]), np.array([1, 1])), (np.array([1]), np.array([2]), np.array([3]))), 6,
    )  # fmt: skip
    import scipy.sparse

    found = terms.matrix(np.array([[1, 1, 1], [0, 0, 1]], np.uint8), scipy.sparse.csr_matrix, float, binary=False)
    assert found.toarray().tolist() == [[0, 0, 2, 0, 0, 4], [0, 0, 1, 0, 0, 3]]


def test_explanations_are_the_same_to_the_last_bit_and_cost_no_strings() -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    strings = ll.Explainer(Strings(model), ll.Text(), seed=3, output_names=["0", "1"])
    counts = ll.Explainer(model, ll.Text(), seed=3)
    for one, other in zip(strings.explain_many(CORPUS), counts.explain_many(CORPUS), strict=True):
        assert np.array_equal(one.coef, other.coef) and one.targets == other.targets


class Strings:
    """The same model as a callable, of which nobody knows what it begins with."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __call__(self, texts: list[str]) -> Any:
        assert type(texts) is list
        return self.model.predict_proba(texts)


@pytest.mark.parametrize("last", [Ridge(), LogisticRegression()])
def test_every_method_of_a_longer_pipeline_is_asked_with_counts(last: Any) -> None:
    model = make_pipeline(CountVectorizer(), TfidfTransformer(), last).fit(CORPUS, LABELS)
    caller = Caller(model.predict)
    texts = ll.Text().represent(CORPUS[0]).reconstruct(masks(9))
    assert caller.path(texts) == "counts"
    said = model.predict(list(texts))
    # labels are no quantities: one column for each class, 1 where it was said
    expected = said[:, None] == model.classes_ if hasattr(last, "classes_") else said[:, None]
    np.testing.assert_array_equal(caller.ask([texts])[0], expected)


# -- columns ----------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"title": CORPUS, "body": CORPUS[::-1], "stars": np.arange(6.0), "city": list("ababab")})


def standing(column: Any) -> np.ndarray:
    """One column as a table of one column."""
    return np.asarray(column).reshape(-1, 1)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
@pytest.mark.parametrize("others", [["stars"], slice(2, 3), [2], "stars"])
def test_a_text_column_among_others_is_counted(others: Any, threshold: float) -> None:
    passed = FunctionTransformer(standing) if others == "stars" else "passthrough"
    columns = make_column_transformer(
        (passed, others), (TfidfVectorizer(), "title"), (OneHotEncoder(), ["city"]), sparse_threshold=threshold
    )
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)
    for row in range(6):
        assert same_rows(model, FRAME.iloc[[row]], ll.Text(fields=["title"])) is True


def test_two_text_columns_are_counted_each_by_its_vectorizer() -> None:
    columns = make_column_transformer((TfidfVectorizer(), "body"), (CountVectorizer(), "title"), remainder="drop")
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)
    assert same_rows(model, FRAME.iloc[[2]], ll.Text(fields=["title", "body"])) is True
    assert same_rows(model, FRAME.iloc[[2]], ll.Text(fields=["body"])) is None  # nobody wrote down the title's terms


@pytest.mark.parametrize("text", [["title", "city"], ["city"]])
def test_a_text_that_something_else_reads_too_is_asked_as_it_is(text: list[str]) -> None:
    columns = make_column_transformer((TfidfVectorizer(), "title"), (OneHotEncoder(handle_unknown="ignore"), ["city"]))
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)
    assert same_rows(model, FRAME.iloc[[2]], ll.Text(fields=text)) is None


def test_a_dict_goes_to_the_model_as_it_is() -> None:
    columns = make_column_transformer((TfidfVectorizer(), "title"))
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)
    document = ll.Text().represent({"title": "good"})
    assert Caller(model).path(document.original) == "inputs"


# -- it knows when it is not ------------------------------------------------------------------------------------------


def commas(text: str) -> list[str]:
    return text.split(",")


class Stemmed(TfidfVectorizer):
    """Somebody's own vectorizer, which may do anything."""


@pytest.mark.parametrize("vectorizer", [
    TfidfVectorizer(ngram_range=(1, 2)), CountVectorizer(analyzer="char"), CountVectorizer(analyzer="char_wb"),
    CountVectorizer(analyzer=commas), CountVectorizer(tokenizer=commas, token_pattern=None),
    CountVectorizer(preprocessor=str.title), CountVectorizer(strip_accents=str.title), Stemmed(),
    HashingVectorizer(n_features=64),
    CountVectorizer(token_pattern=r"\w+(?:-\w+)*"), FeatureUnion([("a", TfidfVectorizer()), ("b", CountVectorizer())]),
])  # fmt: skip
def test_what_may_look_across_words_is_asked_with_strings(vectorizer: Any) -> None:
    model = make_pipeline(vectorizer, LogisticRegression()).fit(CORPUS, LABELS)
    assert path_of(model) is None


def test_subclasses_and_callables_are_asked_as_they_are() -> None:
    class Own(Pipeline):
        pass

    own = Own([("v", CountVectorizer()), ("m", LogisticRegression())]).fit(CORPUS, LABELS)
    assert path_of(own) is None and fast_path(own) is None and fast_path(Strings(own)) is None


@pytest.mark.parametrize(("text", "options"), [
    ("我爱北京天安门", {}),  # one token to the vectorizer, seven words to us
    ("good👍bad", {}),  # hiding the emoji would join two words
    ("ab", {"tokens": "characters"}),
    ("good (bad)", {"tokens": r"[a-z(]+"}),
    ("well-known", {"tokens": r"[a-z]", "mask": "x"}),
    ("ΟΔΟΣ ΟΔΟΣ", {}),  # lower case depends on what follows
    ("good bad", {"whitespace": "tidy"}),
])  # fmt: skip
def test_texts_whose_words_are_not_the_vectorizers_are_asked_with_strings(text: str, options: dict[str, str]) -> None:
    model = make_pipeline(CountVectorizer(token_pattern=r"\w+"), LogisticRegression()).fit(
        [*CORPUS, text], [*LABELS, 1]
    )
    found = same_rows(model, text, ll.Text(**options))
    assert found is None or options.get("tokens") == r"[a-z(]+"
    caller = Caller(model)
    document = ll.Text(**options).represent(text)
    assert caller.path(document.original) == ("inputs" if found is None else "counts")
    Z = masks(len(document.features))
    expected = model.predict_proba(list(document.reconstruct(Z)))
    np.testing.assert_allclose(caller.ask([document.reconstruct(Z)])[0], expected, rtol=0, atol=1e-12)


def test_a_vectorizer_that_does_not_do_what_it_says_is_found_out() -> None:
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    model[0].transform = lambda texts: CountVectorizer.transform(model[0], [text[:7] for text in texts])
    assert same_rows(model, CORPUS[0], ll.Text()) is None


def broken(texts: object) -> object:
    raise ZeroDivisionError


@pytest.mark.parametrize("transform", [broken, len])
def test_what_the_vectorizer_raises_is_said_as_with_strings(transform: Any) -> None:
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    model[0].transform = transform
    with pytest.raises(ModelCallError):
        Caller(model).ask([ll.Text().represent("good").original])


def test_one_text_that_needs_strings_takes_its_batch_along_and_nothing_else_changes() -> None:
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    texts = [CORPUS[0], "good👍bad", CORPUS[1]]
    together = list(ll.Explainer(model, ll.Text(), seed=0).explain_many(texts))
    alone = [ll.Explainer(model, ll.Text(), seed=0).explain(text) for text in texts]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.coef, other.coef, rtol=0, atol=1e-12)


def test_it_pickles_and_forgets_old_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limelight.inputs.counts.KNOWN_DOCUMENTS", 2)
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(CORPUS, LABELS)
    explainer = ll.Explainer(model, ll.Text(), seed=0)
    first = [one.coef for one in explainer.explain_many(CORPUS)]
    copied = pickle.loads(pickle.dumps(explainer))
    assert all(map(np.array_equal, first, (one.coef for one in copied.explain_many(CORPUS))))
