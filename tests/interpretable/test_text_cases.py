"""Real models on real texts: what a reader of the language sees, the explanation says."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import limelight as ll

pytestmark = pytest.mark.shared_data


def lines_of(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def weights(model: Any, text: str, **settings: Any) -> dict[str, float]:
    explainer = ll.Explainer(model, ll.Text(), **{"seed": 0, "max_features": None, **settings})
    return dict(explainer.explain(text).as_list())


def test_the_forest_of_the_lime_paper_tells_atheists_by_their_headers(shared_data: Path) -> None:
    texts, labels = [], []
    for group in ("alt.atheism", "soc.religion.christian"):
        for line in lines_of(shared_data / "newsgroups20" / f"train.{group}.jsonl"):
            texts.append(json.loads(line)["text"])
            labels.append(group)
    forest = RandomForestClassifier(60, random_state=0)  # the paper's has 500; these say the same sooner
    model = make_pipeline(TfidfVectorizer(lowercase=False), forest).fit(texts, labels)
    tests = [json.loads(line)["text"] for line in lines_of(shared_data / "newsgroups20" / "test.alt.atheism.jsonl")]
    posted = [text for text in tests if "NNTP-Posting-Host" in text and len(text) < 1200][:3]
    explainer = ll.Explainer(model, ll.Text(), seed=0, n_samples=1000)
    for explanation in explainer.explain_many(posted):
        top = [name for name, weight in explanation.as_list()[:10] if weight > 0]
        assert explanation.targets == ("alt.atheism",)
        assert {"Posting", "Host", "NNTP"} <= set(top)


class Sentiment:
    """Mean of word vectors, one hidden layer, two classes; 256 words, the rest is cut off."""

    def __init__(self, folder: Path) -> None:
        self.weights = dict(np.load(folder / "weights.npz"))
        self.numbers = {word: int(n) for word, n in map(str.split, lines_of(folder / "text_classification_vocab.txt"))}

    def __call__(self, texts: list[str]) -> np.ndarray:
        ids = np.zeros((len(texts), 256), dtype=int)
        for row, text in enumerate(texts):
            words = [1, *(self.numbers.get(word, 2) for word in re.findall(r"[a-z0-9']+", text.lower()))]
            ids[row, : len(words)] = words[:256]
        w = self.weights
        hidden = np.maximum(0, w["embedding"][ids].mean(axis=1) @ w["dense_kernel"].T + w["dense_bias"])
        scores = np.exp(hidden @ w["out_kernel"].T + w["out_bias"])
        return scores / scores.sum(axis=1, keepdims=True)


def test_a_sentiment_network_likes_superb_and_dislikes_awful(shared_data: Path) -> None:
    text = "A wonderful film. The acting is superb, though the ending was boring and the sound is awful."
    found = weights(
        Sentiment(shared_data / "imdb_sentiment_tflite"), text, output_names=["-", "+"], targets="+", n_samples=500
    )
    assert list(found)[:4] == ["awful", "boring", "superb", "wonderful"]
    assert found["awful"] < found["boring"] < -0.1 < 0.1 < found["wonderful"] < found["superb"]


def test_chinese_is_explained_by_its_characters(shared_data: Path) -> None:
    with (shared_data / "chinese_waimai" / "waimai_10k.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1::3]
    model = make_pipeline(CountVectorizer(analyzer="char", min_df=3), LogisticRegression(max_iter=300))
    model.fit([text for _, text in rows], [int(label) for label, _ in rows])
    found = weights(model, "送餐太慢，味道很好吃", targets=1)
    assert list(found)[:2] == ["慢", "好"] or list(found)[:2] == ["好", "慢"]
    assert found["慢"] < -0.1 < 0.1 < found["好"]


def test_korean_is_explained_by_its_words(shared_data: Path) -> None:
    rows = [line.split("\t") for line in lines_of(shared_data / "korean_nsmc" / "nsmc_sample.tsv")[1:]]
    model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)), LogisticRegression(max_iter=300))
    model.fit([row[1] for row in rows], [int(row[2]) for row in rows])
    found = weights(model, "정말 재미있는 최고의 영화, 지루한 장면 없음", targets=1)  # "the best", "boring"
    assert max(found, key=found.__getitem__) == "최고의" and min(found, key=found.__getitem__) == "지루한"


def test_thai_is_explained_by_syllable_signs_or_by_what_a_tokenizer_finds(shared_data: Path) -> None:
    read = {name: lines_of(shared_data / "thai_wisesight" / f"{name}.txt")[:3000] for name in ("pos", "neg")}
    model = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(2, 4), min_df=5), LogisticRegression())
    model.fit(read["pos"] + read["neg"], [1] * len(read["pos"]) + [0] * len(read["neg"]))
    text = "อร่อยมากแต่แพง"  # tasty – very – but – expensive
    by_sign = weights(model, text, targets=1)
    assert set(by_sign) == {"อ", "ร่", "ย", "มา", "ก", "แต่", "แพ", "ง"}
    words = ll.Explainer(model, ll.Text(dictionary), seed=0, targets=1).explain(text)
    by_word = dict(words.as_list())
    assert by_word["แพง"] < 0 < by_word["อร่อย"]


def dictionary(text: str) -> list[str]:
    """A Thai tokenizer of four words, where ``pythainlp.word_tokenize`` knows 60,000."""
    return re.findall("อร่อย|มาก|แต่|แพง", text)


@pytest.mark.parametrize(("text", "word"), [
    ("الفيلم جميلٌ جدًا، والقصة مملة", "جميلٌ"), ("फ़िल्म बहुत अच्छी है, कहानी नहीं", "अच्छी"), ("فیلم خیلی خوب است", "خوب"),
])  # fmt: skip
def test_words_of_every_script_are_found_whole(text: str, word: str, shared_data: Path) -> None:
    found = weights(lambda texts: [0.2 + 0.6 * (word in each) for each in texts], text)
    assert next(iter(found)) == word and found[word] == pytest.approx(0.6)
