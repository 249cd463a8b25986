"""`Text(tokens="model")`: what is hidden is what the model's own vectoriser counts."""

from __future__ import annotations

import pickle

import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import limelight as ll
from limelight.errors import InputError

TEXTS = ["a state-of-the-art film", "a dull film", "FREE state-of-the-art", "dull, dull and free"]
LIKED = [1, 0, 1, 0]


def fitted(vectoriser):
    return make_pipeline(vectoriser, LogisticRegression()).fit(TEXTS, LIKED)


def names(model, text, **settings):
    explanation = ll.Explainer(model, ll.Text(tokens="model"), max_features=None, **settings).explain(text)
    return [feature.name for feature in explanation.features]


def test_the_tokens_are_those_of_the_vectoriser_as_they_stand_in_the_text():
    model = fitted(CountVectorizer(token_pattern=r"[a-z]+(?:-[a-z]+)*"))
    assert names(model, "FREE, state-of-the-art!") == ["FREE", "state-of-the-art"]
    assert names(model.predict_proba, "FREE, state-of-the-art!") == ["FREE", "state-of-the-art"]
    plain = ll.Explainer(model, ll.Text(), max_features=None).explain("FREE, state-of-the-art!")
    assert "state-of-the-art" not in [feature.name for feature in plain.features]


def test_scikit_learns_own_pattern_leaves_out_single_letters():
    assert names(fitted(TfidfVectorizer()), "a dull film") == ["dull", "film"]


def test_the_group_of_a_pattern_is_the_token_and_a_tokenizer_is_asked_itself():
    assert names(fitted(CountVectorizer(token_pattern=r"(\w+)\W*")), "dull, free") == ["dull", "free"]
    model = fitted(CountVectorizer(tokenizer=str.split, token_pattern=None))
    assert names(model, "dull, free") == ["dull,", "free"]


def test_letters_that_grow_in_lower_case_do_not_shift_what_follows():
    model = fitted(CountVectorizer(token_pattern=r"\w+"))
    assert names(model, "\u0130stanbul FREE") == ["\u0130stanbul", "FREE"]


def test_a_case_sensitive_vectoriser_is_read_case_sensitively():
    model = fitted(CountVectorizer(lowercase=False, token_pattern="[a-z]+"))
    assert names(model, "FREE dull") == ["dull"]


@pytest.mark.parametrize("model", [print, LogisticRegression(), fitted(CountVectorizer(analyzer="char"))])
def test_a_model_without_a_vectoriser_of_words_is_refused_with_the_remedy(model):
    with pytest.raises(InputError, match=r'^tokens: "model" expected a model that begins with a vectoriser of words'):
        ll.Explainer(model, ll.Text(tokens="model"))


def test_without_a_model_at_hand_it_says_so_and_the_explainer_records_the_pattern():
    with pytest.raises(InputError, match="no model is at hand"):
        ll.Text(tokens="model").represent("dull film")
    explainer = ll.Explainer(fitted(CountVectorizer()), ll.Text(tokens="model"))
    explanation = pickle.loads(pickle.dumps(explainer)).explain("dull film")
    assert explanation == explainer.explain("dull film")
    assert explanation.provenance.modality["tokens"] == CountVectorizer().token_pattern
