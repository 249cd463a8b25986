"""A word that the model never saw, and that hiding others moves into view, is said to be one; others are not."""

import numpy as np
import pytest

import limelight as ll


def words(n, **named):
    found = [f"w{i}" for i in range(n)]
    for word, at in named.items():
        found[at] = word
    return " ".join(found)


def cut_at(limit, *known):
    """Return a model that finds words among the first few."""

    def model(texts):
        return [float(any(word in text.split()[:limit] for word in known)) for text in texts]

    return model


def said(model, text, **options):
    explanation = ll.Explainer(model, ll.Text(**options), seed=0).explain(text)
    return [sentence for sentence in explanation.warnings if "seems to read only" in sentence]


@pytest.mark.parametrize(("n", "limit", "at"), [(40, 20, 30), (300, 100, 150), (40, 35, 36), (12, 6, 8)])
def test_a_word_beyond_the_limit_is_noticed(n, limit, at):
    sentences = said(cut_at(limit, "bad"), words(n, bad=at))
    assert len(sentences) == 1
    assert "all from “bad” on can be hidden and nothing changes" in sentences[0]
    assert "Text(mask='_')" in sentences[0]


def test_with_stand_ins_the_word_has_no_weight_and_nothing_is_said():
    text = words(40, bad=30)
    assert said(cut_at(20, "bad"), text, mask="_") == []
    explanation = ll.Explainer(cut_at(20, "bad"), ll.Text(mask="_"), seed=0).explain(text)
    assert np.abs(explanation.coef).max() == 0


def test_a_truncating_model_with_a_weight_in_view_and_one_beyond_is_noticed():
    def model(texts):
        return [2.0 * ("good" in text.split()[:20]) - ("bad" in text.split()[:20]) for text in texts]

    assert said(model, words(40, good=3, bad=30))


def test_limits_in_characters_are_limits():
    def model(texts):
        return [float("bad" in text[:60]) for text in texts]

    assert said(model, words(40, bad=30))


def test_limits_in_characters_that_marks_would_move_are_told_with_marks_of_the_same_length():
    sentences = said(lambda texts: [float("bad" in text[:100]) for text in texts], words(60, bad=45))
    assert len(sentences) == 1
    assert "Text(mask=lambda word: '_' * len(word)) keeps every character in its place" in sentences[0]


def test_a_model_that_reads_only_the_end_is_noticed():
    def model(texts):
        return [float("bad" in text.split()[-10:]) for text in texts]

    (sentence,) = said(model, words(40, bad=20))
    assert "only the end of the text: all up to “bad” can be hidden and nothing changes" in sentence
    assert "hiding later words moves it into view" in sentence
    assert "Text(mask='_')" in sentence
    assert said(model, words(40, bad=20), mask="_") == []


@pytest.mark.parametrize(
    "model",
    [
        cut_at(50, "bad"),  # nothing is cut
        cut_at(10_000, "bad", "worse"),  # one is enough: each alone may go
        lambda texts: [min(1.0, text.count("w") / 20) for text in texts],  # saturated
        lambda texts: [float("bad" in text and "w3" in text.split()) for text in texts],  # both are needed
        lambda texts: [len(text) / 100 for text in texts],
        lambda texts: [float(text.split()[-1:] == ["w39"]) for text in texts],  # the end alone counts
    ],
)
def test_models_that_read_everything_are_not_said_to_truncate(model):
    assert said(model, words(40, bad=30, worse=5)) == []


def test_a_model_of_counted_words_is_asked_no_more():
    pytest.importorskip("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["good film and fine cast", "bad film and bad cast"] * 10
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0] * 10)
    explanation = ll.Explainer(model, ll.Text(), seed=0).explain("a good film and a fine cast, not bad")
    assert not any("beginning" in sentence for sentence in explanation.warnings)


def test_a_model_that_fails_on_single_texts_loses_nothing():
    def model(texts):
        if 1 <= len(texts) < 10:
            raise RuntimeError("a batch of ten, please")
        return cut_at(20, "bad")(texts)

    explainer = ll.Explainer(model, ll.Text(), seed=0, replicates=1)
    assert explainer.explain(words(40, bad=30)).as_list()[0][0] == "bad"
