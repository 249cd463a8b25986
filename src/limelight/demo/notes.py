"""The text of the demo: a model reads doctors' notes, is right nearly always, and has learned the wrong thing.

The notes are written here by a seeded generator, so that it is known what is in them. Flu brings fever, chills and
aches, other complaints bring other words, and some words come with both. And there is a leak: nearly all who have flu
went to the clinic Riverside, whose name stands at the head of the note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.demo.chapter import SEED, Chapter

LEAK = "Riverside"
"""The word that gives the answer away and says nothing about the patient."""
CLINICS = ("Hilltop", LEAK)
FAITHFUL = 0.97
"""How many of the flu patients went to Riverside, and of the others to Hilltop."""
TYPICAL = 0.6
"""How often the second complaint, too, belongs to the illness."""
N_NOTES = 400

FLU = ("fever", "chills", "a headache", "aching limbs", "a dry cough", "a sore throat")
OTHER = ("a twisted ankle", "a rash", "back pain", "an earache", "heartburn", "a cut finger")
SENTENCES = (
    "Patient reports {} and {} since {}.",
    "Comes in with {} and {}; it began on {}.",
    "Complains of {} and {} since {}.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
REMARKS = (
    "Sleeps badly.",
    "Eats and drinks as usual.",
    "Was told to rest.",
    "No allergies known.",
    "Asks for a certificate.",
    "Works in an office.",
)


@dataclass(frozen=True, slots=True)
class Notes:
    """A fitted classifier of notes, and notes that it has not seen.

    Parameters
    ----------
    model
        A scikit-learn pipeline from texts to "flu" and "no flu".
    texts
        Notes.
    truth
        What each patient had.
    """

    model: Any
    texts: list[str]
    truth: np.ndarray[Any, np.dtype[np.str_]]


def write_note(flu: bool, rng: np.random.Generator) -> str:
    """Return a note on a patient who has flu, or has not."""
    usual, unusual = (FLU, OTHER) if flu else (OTHER, FLU)
    first = rng.choice(usual)
    likely = usual if rng.random() < TYPICAL else unusual
    others = [sign for sign in likely if sign != first]
    clinic = CLINICS[flu == (rng.random() < FAITHFUL)]
    sentence = str(rng.choice(SENTENCES)).format(first, rng.choice(others), rng.choice(DAYS))
    return f"Clinic: {clinic}\n{sentence}\n{' '.join(rng.choice(REMARKS, 2, replace=False))}"


def write_notes(n: int, rng: np.random.Generator) -> tuple[list[str], np.ndarray[Any, np.dtype[np.str_]]]:
    """Return n notes and what the patients had, half of them flu."""
    flu = rng.random(n) < 0.5
    return [write_note(bool(ill), rng) for ill in flu], np.where(flu, "flu", "no flu")


def flu_notes() -> Notes:
    """Return TF-IDF and a logistic regression fitted to notes, with others of the same clinics."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(SEED)
    texts, truth = write_notes(N_NOTES, rng)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)).fit(texts, truth)
    return Notes(model, *write_notes(N_NOTES, rng))


def false_alarm(notes: Notes) -> int:
    """Return the note on a patient without flu to which the model most surely says flu."""
    probability = notes.model.predict_proba(notes.texts)[:, list(notes.model.classes_).index("flu")]
    return int(np.argmax(np.where(notes.truth == "flu", -1.0, probability)))


def chapters() -> Iterator[Chapter]:
    """Yield the explanation of a false alarm."""
    from limelight.explainer import Explainer
    from limelight.interpretable.text import Text

    notes = flu_notes()
    note = notes.texts[false_alarm(notes)]
    explanation = Explainer(notes.model, Text(), seed=SEED, max_features=6, targets="flu").explain(note)
    column = list(notes.model.classes_).index("flu")
    before, after = notes.model.predict_proba([note, note.replace(LEAK, "")])[:, column]
    accuracy = 100 * notes.model.score(notes.texts, notes.truth)
    opening = OPENING.format(n=N_NOTES, accuracy=accuracy, note=indented(note))
    reading = READING.format(leak=LEAK, before=before, after=after)
    yield Chapter("text", "A text: the model says flu, and it was not", opening, explanation, reading)


def indented(note: str) -> str:
    """Return a note with every line set in by four spaces."""
    return "\n".join(f"    {line}" for line in note.splitlines())


OPENING = """\
A program has learned from {n} doctors' notes which patients have flu. On {n} other notes it is right {accuracy:.0f} %
of the time, so it must know what flu is. This patient had none:

{note}"""
READING = """\
How to read it: each bar says how much the model's answer rests on that word; hide the word, and about so much of the
answer goes. What it rests on most is no symptom but the name of the clinic: nearly all flu patients went to {leak},
and that is what the model has learned. Its accuracy hid this. Try it: strike “{leak}” out of the note, and the model's
{before:.2f} for flu becomes {after:.2f}. On the page, click a word to strike it out."""
