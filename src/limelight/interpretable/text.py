"""**I**nterpretable, for text: a document → its words, and the document with some of them hidden.

Input: a string, or a dict or a row of a frame with several. Output: features that are spans of the original text, and
texts with holes: LIME hides a number of words that is uniform on 1..d, and measures nearness by the cosine between
masks [ribeiro2016, §3.4]. Nothing is rebuilt from tokens: what is not hidden stands as it was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Literal

import numpy as np

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.inputs.texts import MaskedTexts, Span, Template
from limelight.interpretable.phrases import GRAMS, PHRASES, check_phrases, joined
from limelight.interpretable.text_inputs import Document, describe_callable, read_document, separate_documents
from limelight.interpretable.tokens import (
    MODEL,
    Tokens,
    check_tokens,
    compile_pattern,
    find_spans,
    model_tokens,
    ordered_spans,
)
from limelight.result.layouts import text_layout

MAX_SAMPLES = 5000
"""Model rows for one text: LIME's own number."""
MAX_FEATURES = 2000
"""The fit's time grows with d³: some ten seconds here, minutes beyond; and no one reads so many."""


@dataclass(frozen=True, slots=True)
class MaskedDocument:
    """x' of one document: its words, and how to hide them.

    Parameters
    ----------
    features
        One per word, or per occurrence of a word.
    texts
        The document itself as n = 1 perturbed text with nothing hidden.
    content
        Bytes equal for equal documents.
    held
        Columns beside the texts that stay as they are.
    """

    features: tuple[Feature, ...]
    texts: MaskedTexts
    content: bytes
    held: tuple[str, ...] = ()

    @property
    def moves_words(self) -> bool:
        """Whether hiding a word moves those behind it: where nothing stands in its place."""
        return all(template.stand_ins is None for template in self.texts.templates)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return which columns are held: what they do to the answer is no word's weight, but in the intercept."""
        if not self.held:
            return ()
        shown = ", ".join(map(repr, self.held[:5]))
        more = f" and {len(self.held) - 5} more" if len(self.held) > 5 else ""
        return (f"only words are weighed: {shown}{more} stay as they are, and what they do is in the intercept",)

    @property
    def center(self) -> FloatArray:
        """Return (d,) ones: everything is there."""
        return np.ones(len(self.features))

    @property
    def original(self) -> Inputs:
        """Return the document as one model input."""
        return self.texts

    @property
    def deterministic(self) -> bool:
        """Return True: the same words hidden give the same text."""
        return True

    @property
    def chunk(self) -> int:
        """Return a number beyond any block: texts are read batch by batch, wherever the block ends."""
        return 1 << 30

    @property
    def law(self) -> str:
        """Return LIME's law for text."""
        return "uniform"

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator | None = None) -> MaskedTexts:
        """Return n texts for masks Z (n, d), made into strings when they are read; `rng` is not used."""
        return self.texts.with_masks(np.asarray(Z))

    def layout(self) -> Layout:
        """Return the original text, or the fields."""
        texts = [template.text for template in self.texts.templates]
        return text_layout(texts[0] if self.texts.names is None else dict(zip(self.texts.names, texts, strict=True)))


@dataclass(frozen=True)
class Text:
    """Texts: the model takes strings, and an explanation says which words speak for its answer.

    Parameters
    ----------
    tokens
        What is hidden as one: ``"words"`` (default; Unicode's word boundaries, see `interpretable.tokens.words`),
        ``"characters"``, ``"sentences"``, ``"lines"``, ``"phrases"`` (what stands between punctuation marks),
        ``"2-grams"`` to ``"9-grams"`` (so many words side by side; units must not overlap, so not every window of n
        words), a regular expression whose matches are tokens, a callable from a text to strings or (start, stop) spans
        (``jieba.lcut``, ``pythainlp.word_tokenize``), a Hugging Face
        tokenizer, or ``"model"``: the tokens of the scikit-learn vectoriser that the model begins with.
    occurrences
        ``"together"`` (default, as in lime: a bag of words) hides a word wherever it occurs; ``"separately"`` makes
        every occurrence a feature.
    fold
        Whether words that differ only in case are one feature, named in lower case: “The” and “the”. False by default,
        as in lime; for models that read lower case only, it says once what they see once.
    phrases
        Phrases that are one unit wherever they occur, such as ``["New York", "not good"]``, with any white space
        between their words; case counts unless `fold`. Everything else is cut as `tokens` says.
    mask
        What stands in place of a hidden word: nothing (None or "", the default, as in lime), a string such as
        ``"[MASK]"`` for a model that knows it, or a callable from the word to a string.
    keep
        What is never hidden, such as headers or the frame of a prompt: a regular expression, a sequence of spans, or a
        callable from the text to spans; a mapping from field to these where there are several.
    whitespace
        ``"leave"`` (default, as in lime) leaves the spaces around a hidden word; ``"tidy"`` closes the gap, for models
        that read spaces.
    fields
        Names of the texts in a dict or a row of a frame; None takes every string, and asks where one of several is a
        single word and so may be a category. Of a chat the roles whose messages are weighed, of a tuple ``"text 1"``
        and so on; None weighs all. The rest is handed on unchanged, and the explanation says so.
    to_model
        Makes the model's input of a list of n strings, for instance ``np.array``; None hands over the list. With dicts
        the model gets a list of dicts, with rows of a frame a frame, with chats (lists of messages with a role and
        content) a list of chats, with tuples of texts, such as premise and hypothesis, a list of tuples.
    max_samples
        Default budget of model rows for one text; 5000 is lime's number.

    Raises
    ------
    InputError
        If an argument does not fit or has no effect.
    UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> document = Text().represent("no fatigue, but sneezing. No cough, but headache")
    >>> [feature.name for feature in document.features]
    ['no', 'fatigue', 'but', 'sneezing', 'No', 'cough', 'headache']
    >>> list(document.reconstruct(np.array([[1, 1, 0, 1, 1, 1, 1]])))
    ['no fatigue,  sneezing. No cough,  headache']
    """

    tokens: Tokens = "words"
    _: KW_ONLY
    occurrences: Literal["together", "separately"] = "together"
    fold: bool = False
    phrases: Sequence[str] = ()
    mask: str | Callable[[str], str] | None = None
    keep: Any = None
    whitespace: Literal["leave", "tidy"] = "leave"
    fields: Sequence[str] | None = None
    to_model: Callable[[list[str]], Any] | None = None
    max_samples: int = MAX_SAMPLES

    def __post_init__(self) -> None:
        check_tokens(self.tokens)
        for name, known in (("occurrences", ("together", "separately")), ("whitespace", ("leave", "tidy"))):
            if getattr(self, name) not in known:
                raise UnknownNameError(name, getattr(self, name), known)
        if not isinstance(self.fold, bool):
            raise InputError(f"fold: expected True or False, got {self.fold!r}.")
        if self.fold and self.occurrences == "separately":
            raise InputError("fold: has no effect where every occurrence is a feature of its own; leave it out.")
        if self.mask is not None and not isinstance(self.mask, str) and not callable(self.mask):
            raise InputError(f"mask: expected None, a string or a callable, got {type(self.mask).__name__}.")
        if self.whitespace == "tidy" and isinstance(self.mask, str) and self.mask:
            raise InputError(f'whitespace: "tidy" has no effect where {self.mask!r} stands for words; leave it out.')
        if isinstance(self.fields, str):
            raise InputError(f"fields: expected a sequence of names, got {self.fields!r}; pass [{self.fields!r}].")
        check_phrases(self.phrases)
        object.__setattr__(self, "phrases", tuple(self.phrases))
        if isinstance(self.keep, str):
            compile_pattern("keep", self.keep)
        # copies, since the caller may go on to change the lists
        if self.fields is not None:
            object.__setattr__(self, "fields", tuple(self.fields))
        if isinstance(self.keep, list):
            object.__setattr__(self, "keep", tuple(self.keep))
        if isinstance(self.keep, dict):
            object.__setattr__(self, "keep", dict(self.keep))

    def for_model(self, model: Any) -> Text:
        """Return this with the model's own tokens where ``tokens="model"`` asks for them.

        Raises
        ------
        InputError
            If the model does not begin with a vectoriser of words.
        """
        if self.tokens == MODEL:
            return replace(self, tokens=model_tokens(model))
        return self

    @property
    def distance(self) -> str:
        """Return LIME's distance for text."""
        return "cosine"

    def represent(self, instance: Any, rng: np.random.Generator | None = None) -> MaskedDocument:
        """Return x' of a string, a dict, one row of a frame, a chat, or a tuple of texts. `rng` is not used.

        Raises
        ------
        InputError
            If it is none of these, if tokens or kept spans do not lie in the text, or if there are more than
            `MAX_FEATURES` different ones.
        """
        document = read_document(instance, self.fields, self.to_model)
        spans = [self._spans(text, name) for name, text in zip(document.names, document.texts, strict=True)]
        owners, features = self._group(document, spans)
        if len(features) > MAX_FEATURES:
            raise InputError(
                f"text: expected at most {MAX_FEATURES} features, got {len(features)} ({self._unit()}); "
                'pass tokens="sentences" or "lines", or a shorter text.'
            )
        templates = tuple(
            Template(
                text, tuple(of_field), np.array(owned, dtype=np.intp), len(features), self._stand_ins(text, of_field),
                tidy=self.whitespace == "tidy",
            )
            for text, of_field, owned in zip(document.texts, spans, owners, strict=True)
        )  # fmt: skip
        names = None if document.plain else document.names
        whole = MaskedTexts(templates, np.ones((1, len(features)), dtype=np.uint8), names, document.build)
        return MaskedDocument(features, whole, document.content, document.held)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return an iterable of documents: of a list, a series, an array, a stream, or the rows of a frame.

        Raises
        ------
        InputError
            If `many` is a single text, or cannot be iterated.
        """
        return separate_documents(many)

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        return {
            "modality": "text",
            "tokens": describe_callable(self.tokens),
            "occurrences": self.occurrences,
            "fold": self.fold,
            **({"phrases": list(self.phrases)} if self.phrases else {}),
            "mask": describe_callable(self.mask),
            "keep": describe_callable(self.keep),
            "whitespace": self.whitespace,
            "fields": None if self.fields is None else list(self.fields),
            "to_model": describe_callable(self.to_model),
        }

    def _unit(self) -> str:
        if self.occurrences == "separately":
            return "occurrences"
        return "different ones"

    def _spans(self, text: str, name: str) -> list[Span]:
        """Return the spans that may be hidden: tokens that touch nothing kept."""
        spans = find_spans(text, self.tokens)
        if self.phrases:
            spans = joined(text, spans, self.phrases, fold=self.fold)
        kept = self._kept(text, name)
        if not kept:
            return spans
        touched = np.zeros(len(text) + 1, dtype=np.int64)
        for start, stop in kept:
            touched[start + 1 : stop + 1] = 1
        so_far = np.cumsum(touched)
        return [(start, stop) for start, stop in spans if so_far[start] == so_far[stop]]

    def _kept(self, text: str, name: str) -> list[Span]:
        if isinstance(self.keep, Mapping):
            keep = self.keep.get(name)
        else:
            keep = self.keep
        if keep is None:
            return []
        if isinstance(keep, str) or hasattr(keep, "finditer"):
            return [found.span() for found in compile_pattern("keep", keep).finditer(text)]
        return ordered_spans("keep", keep(text) if callable(keep) else keep, len(text))

    def _stand_ins(self, text: str, spans: list[Span]) -> tuple[str, ...] | None:
        """Return what stands in place of each span; None for nothing."""
        if not self.mask:
            return None
        if isinstance(self.mask, str):
            return (self.mask,) * len(spans)
        words = tuple(self.mask(text[start:stop]) for start, stop in spans)
        for word in words:
            if not isinstance(word, str):
                raise InputError(f"mask: expected a callable that returns a string, got {type(word).__name__}.")
        return words

    def _word(self, written: str) -> str:
        """Return what a unit is called, and known by."""
        if self.phrases or self.tokens == PHRASES or self.tokens in GRAMS:
            written = " ".join(written.split())  # a line that ends inside a phrase makes no other phrase of it
        if self.fold:
            return written.casefold()
        return written

    def _group(self, document: Document, spans: list[list[Span]]) -> tuple[list[list[int]], tuple[Feature, ...]]:
        """Return for each field the feature that every span belongs to, and the features, in order of appearance."""
        places: dict[Any, list[Span]] = {}
        owners: list[list[int]] = []
        numbers: dict[Any, int] = {}
        offset = 0
        for name, text, of_field in zip(document.names, document.texts, spans, strict=True):
            owned = []
            for start, stop in of_field:
                word = self._word(text[start:stop])
                key: Any = word if document.plain else (name, word)
                if self.occurrences == "together":
                    identity = key
                else:
                    identity = (key, start)
                owned.append(numbers.setdefault(identity, len(numbers)))
                places.setdefault(identity, []).append((offset + start, offset + stop))
            owners.append(owned)
            offset += len(text)
        keys = [identity if self.occurrences == "together" else identity[0] for identity in numbers]
        return owners, _features(keys, list(places.values()), document.plain)


def _features(keys: list[Any], places: list[list[Span]], plain: bool) -> tuple[Feature, ...]:
    """Return the features; occurrences of one word are numbered in their names, never in their keys."""
    total, seen = Counter(keys), Counter[Any]()
    features = []
    for key, where in zip(keys, places, strict=True):
        seen[key] += 1
        name = key if plain else f"{key[0]}: {key[1]}"
        name = f"{name} ({seen[key]})" if total[key] > 1 else name
        features.append(Feature(name, Where("word", key, tuple(where))))
    return tuple(features)
