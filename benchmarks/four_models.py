"""Audits of four real models: what the page “When to trust” says of each, with the figures.

    python benchmarks/four_models.py docs/four-models.json --data DIR    DIR holds newsgroups20/, adult/ and compas/

The models are of the kind that people fit first: TF-IDF and logistic regression for texts, boosting for tables. None
was built to be found out, except the clinic's, whose notes are written by `limelight demo`. What an audit says is kept
word for word, so that each figure of the page is in a sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import limelight as ll
from limelight.result.audit import Audit

warnings.filterwarnings("ignore")
GROUPS = ("alt.atheism", "soc.religion.christian")
ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
    "capital-gain capital-loss hours-per-week native-country income"
)


def told(audit: Audit) -> list[dict[str, Any]]:
    """Return each finding as its kind, subject and sentence."""
    return [
        {"kind": each.kind, "subject": each.subject, "sentence": each.sentence, "value": each.value}
        for each in audit.findings
    ]


def boosted(X: pd.DataFrame, y: np.ndarray) -> Any:
    """Return a function from frames to the answers of a boosting model that was fitted on these rows."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    numbered = make_column_transformer(
        (words, make_column_selector(dtype_exclude="number")), remainder="passthrough", verbose_feature_names_out=False
    )
    return make_pipeline(numbered, HistGradientBoostingClassifier(max_iter=50, random_state=0)).fit(X, y)


# -- texts ------------------------------------------------------------------------------------------------------------


def newsgroups(folder: Path) -> dict[str, Any]:
    """Audit a classifier of posts on 200 that it has not seen."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def read(split: str) -> tuple[list[str], np.ndarray]:
        texts, truth = [], []
        for group in GROUPS:
            lines = (folder / "newsgroups20" / f"{split}.{group}.jsonl").read_text(encoding="utf-8").splitlines()
            texts += [json.loads(line)["text"] for line in lines]
            truth += [group] * len(lines)
        return texts, np.array(truth)

    model = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression()).fit(*read("train"))
    texts, truth = read("test")
    chosen = np.random.default_rng(0).permutation(len(texts))[:200]
    some = [texts[at] for at in chosen]
    many = ll.Explainer(model, ll.Text(), seed=0, n_samples=300).explain_all(some)
    first = [(text, each.features[int(np.argmax(np.abs(each.coef[0])))]) for text, each in zip(some, many, strict=True)]
    in_head = [feature.name for text, feature in first if feature.where.places[0][0] < len(head(text))]
    return {
        "right": float(np.mean(model.predict(texts) == truth)),
        "texts": len(some),
        "first reason is of the head": len(in_head) / len(some),
        "words of the head that come first": Counter(in_head).most_common(10),
        "findings": told(ll.audit(many, truth=truth[chosen])),
    }


def head(text: str) -> str:
    """Return the lines before the first empty one: sender, subject, organization."""
    return text.partition("\n\n")[0]


def clinic() -> dict[str, Any]:
    """Audit the model of the demo on 200 notes."""
    from limelight.demo.notes import flu_notes

    notes = flu_notes()
    many = ll.Explainer(notes.model, ll.Text(), seed=0, n_samples=300).explain_all(notes.texts[:200])
    audit = ll.audit(many, truth=notes.truth[:200], target="flu")
    return {"right": float(notes.model.score(notes.texts, notes.truth)), "texts": 200, "findings": told(audit)}


# -- tables -----------------------------------------------------------------------------------------------------------


def adult(folder: Path) -> dict[str, Any]:
    """Audit a model of incomes on 1,500 people, and hold women against men."""
    frame = pd.read_csv(
        folder / "adult" / "adult.csv", names=ADULT.split(), skipinitialspace=True, keep_default_na=False
    )
    X, income = frame.drop(columns="income")[:5500], np.where(frame["income"][:5500] == ">50K", "rich", "poor")
    model = boosted(X[:4000], income[:4000])
    rows, truth = X[4000:], income[4000:]
    many = ll.Explainer(model, ll.Tabular(X[:4000]), seed=0).explain_all(rows)
    audit = ll.audit(many, rows, truth=truth, sensitive="sex", target="rich")
    return {"rows": len(rows), "rich": float(np.mean(truth == "rich")), "findings": told(audit)}


def compas(folder: Path) -> dict[str, Any]:
    """Audit a model of the high score that does not get race on 1,200 people, and hold it against two years."""
    f = pd.read_csv(folder / "compas" / "compas-scores-two-years.csv")
    kept = (f.days_b_screening_arrest.abs() <= 30) & (f.is_recid != -1) & (f.c_charge_degree != "O")
    f = f[kept & f.score_text.notna()].sample(frac=1, random_state=0)
    stay = (pd.to_datetime(f.c_jail_out) - pd.to_datetime(f.c_jail_in)).dt.days.clip(0, 800)
    X = pd.DataFrame(
        {
            "age": f.age,
            "sex": f.sex,
            "priors": f.priors_count,
            "juvenile": f.juv_fel_count + f.juv_misd_count + f.juv_other_count,
            "charge": f.c_charge_degree,
            "days in jail": stay,
        }
    )
    scored = np.where(f.score_text == "Low", "low", "medium or high")
    model = boosted(X[1200:], scored[1200:])
    rows = X[:1200].assign(race=f.race[:1200])
    many = ll.Explainer(model, ll.Tabular(X[1200:]), seed=0).explain_all(X[:1200])
    by_race = ll.audit(many, rows, sensitive="race", target="medium or high")
    again = np.where(f.two_year_recid[:1200] == 1, "medium or high", "low")
    held = ll.audit(many, rows, truth=again, target="medium or high")
    return {"rows": len(rows), "findings": told(by_race), "held against two years": told(held)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    asked = parser.parse_args()
    found = {
        "newsgroups": newsgroups(asked.data),
        "clinic": clinic(),
        "adult": adult(asked.data),
        "compas": compas(asked.data),
    }
    asked.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
