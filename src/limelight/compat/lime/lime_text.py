"""lime's explainer of texts, over `Text`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from limelight.compat.lime.arrays import width
from limelight.compat.lime.draws import draw_masks, masked_texts
from limelight.compat.lime.explanation import DomainMapper, Explanation, Pairs
from limelight.compat.lime.indexed import CHARACTER_MASK, WORD_MASK, IndexedCharacters, IndexedString, Pieces, Split
from limelight.compat.lime.indexed import ORIGINAL as ORIGINAL_INDEXED
from limelight.compat.lime.lime_base import LimeBase, departs
from limelight.compat.lime.lime_route import Perturbed, distances_to_first, fit_perturbed, keeps_base, kernel_of
from limelight.compat.lime.long_texts import Kept, words_that_matter
from limelight.compat.lime.question import Kernel, Question, as_called, ask, wanted_labels
from limelight.compat.lime.randomness import Seeds, check_random_state, draw_seed
from limelight.compat.lime.surrogate import selection_name
from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.interpretable.text import MAX_FEATURES, Text
from limelight.seeding import stream

__all__ = ["IndexedCharacters", "IndexedString", "LimeTextExplainer", "TextDomainMapper"]

OWN_INDEXED = (IndexedString, IndexedCharacters)
"""What indexes texts, unless somebody puts another class in its place."""
PERCENT = 100.0
"""lime counts cosine distances of texts in hundredths, and so the kernel's width."""


class TextDomainMapper(DomainMapper):
    """Says what the features of one text are called.

    Parameters
    ----------
    indexed_string
        The text: an `IndexedString` or `IndexedCharacters`.
    """

    def __init__(self, indexed_string: Any) -> None:
        self.indexed_string = indexed_string

    def map_exp_ids(self, exp: Pairs, positions: bool = False, **kwargs: Any) -> Pairs:
        """Return (word, weight) for (feature, weight); with ``positions`` words as "bad_3-6-12"."""
        text = self.indexed_string
        if not positions:
            return [(text.word(feature), weight) for feature, weight in exp]
        places = ["-".join(map(str, text.string_position(feature))) for feature, _ in exp]
        return [(f"{text.word(feature)}_{at}", weight) for (feature, weight), at in zip(exp, places, strict=True)]


class LimeTextExplainer:
    r"""Explains a function of texts, as lime's class of this name does.

    Same parameters and defaults as lime's. What differs is said in docs/how-to/move-from-lime.md.

    Parameters
    ----------
    kernel_width
        In hundredths of the cosine distance.
    kernel
        ``kernel(distances, kernel_width)``; exp(-d² / 2w²) by default.
    verbose
        Whether to print intercept, local and true prediction.
    class_names
        Names of the classes; their numbers by default.
    feature_selection
        ``"auto"``, ``"forward_selection"``, ``"highest_weights"``, ``"lasso_path"`` or ``"none"``.
    split_expression
        What stands between words, as a regular expression; or a callable from a text to its tokens.
    bow
        Whether a word is one feature wherever it stands, or a feature at each place.
    mask_string
        What stands for a hidden word where ``bow=False``; "UNKWORDZ", or chr(0) for a character.
    random_state
        None, an integer or a RandomState, from which one seed is drawn.
    char_level
        Whether characters are explained instead of words.

    Examples
    --------
    >>> import numpy as np
    >>> def says(texts):
    ...     good = np.array([0.9 if "good" in text.split() else 0.2 for text in texts])
    ...     return np.stack([1 - good, good], axis=1)
    >>> explanation = LimeTextExplainer(random_state=0).explain_instance("a good film", says)
    >>> explanation.as_list()[0][0], explanation.as_list()[0][1] > 0.5
    ('good', True)
    """

    def __init__(
        self,
        kernel_width: float = 25,
        kernel: Callable[..., Any] | None = None,
        verbose: bool = False,
        class_names: Sequence[Any] | None = None,
        feature_selection: str = "auto",
        split_expression: Split = r"\W+",
        bow: bool = True,
        mask_string: str | None = None,
        random_state: Any = None,
        char_level: bool = False,
    ) -> None:
        selection_name(feature_selection, 1)
        self.random_state = check_random_state(random_state)
        self._kernel = Kernel(kernel, width(kernel_width), PERCENT)
        self._hundredths = Kernel(kernel, width(kernel_width))
        self.base = LimeBase(self._hundredths.at, verbose, random_state=self.random_state)
        self.class_names = class_names
        self.vocabulary = None
        self.feature_selection = feature_selection
        self.bow = bow
        self.mask_string = mask_string
        self.split_expression = split_expression
        self.char_level = char_level
        self._seeds = Seeds(self.random_state)

    def explain_instance(
        self,
        text_instance: str,
        classifier_fn: Callable[[Any], Any],
        labels: Sequence[int] = (1,),
        top_labels: int | None = None,
        num_features: int = 10,
        num_samples: int = 5000,
        distance_metric: Any = "cosine",
        model_regressor: Any = None,
    ) -> Explanation:
        """Return the explanation of a function's output for one text.

        Parameters
        ----------
        text_instance
            The text.
        classifier_fn
            From a list of n texts to probabilities (n, k).
        labels
            Columns of the output to explain.
        top_labels
            Explain that many of the largest outputs instead.
        num_features
            How many words the explanation holds.
        num_samples
            Texts to ask, the text itself among them.
        distance_metric
            Between masks, as scikit-learn calls it.
        model_regressor
            A linear regressor that takes `sample_weight`; Ridge(alpha=1) by default.
        """
        if not isinstance(text_instance, str):
            raise InputError(f"text_instance: expected a string, got {type(text_instance).__name__}; pass one text.")
        indexed = self._indexed(text_instance)
        own_route = departs(self, ORIGINAL) or not keeps_base(self.base) or replaced(indexed)
        question = Question(
            class_names=self.class_names,
            labels=labels,
            top_labels=top_labels,
            num_features=num_features,
            num_samples=num_samples,
            distance_metric=distance_metric,
            model_regressor=model_regressor,
            feature_selection=self.feature_selection,
            kernel=kernel_of(self.base, self._kernel, self._hundredths.at),
            seed=self._seed,
            verbose=getattr(self.base, "verbose", False),
        )
        if own_route:
            explanation, said, labels = self._perturb_and_fit(question, indexed, classifier_fn)
        else:
            kept = self._words_to_explain(question, indexed, classifier_fn)
            answer = ask(question, text_instance, classifier_fn, self._text(kept), {})
            explanation = self._explanation(indexed, len(answer.outputs)).fill(answer, kept)
            said, labels = answer.outputs, answer.labels
        self._seeds.leave(self._random_states)
        explanation.predict_proba = said
        explanation.top_labels = list(labels)[::-1] if top_labels else None
        return explanation.seal()

    def _explanation(self, indexed: Any, k: int) -> Explanation:
        """Return an empty explanation of a text and k outputs."""
        names = [str(label) for label in range(k)] if self.class_names is None else self.class_names
        return Explanation(TextDomainMapper(indexed), class_names=names, random_state=self.random_state)

    # -- lime's own route, where somebody replaced a part of it -------------------------------------------------------

    def _perturb_and_fit(
        self, question: Question, indexed: Any, classifier_fn: Callable[[Any], Any]
    ) -> tuple[Explanation, FloatArray, tuple[int, ...]]:
        """Return an explanation by lime's own route, what the model said (k,), and the labels."""
        n, metric = int(question.num_samples), question.distance_metric
        if departs(self, ORIGINAL):
            found = self.__data_labels_distances(indexed, classifier_fn, n, distance_metric=metric)
        else:
            rng = stream(question.seed, indexed.raw_string().encode("utf-8", "surrogatepass"), "sample")
            found = ask_masked(indexed, as_called(classifier_fn), n, metric, rng)
        perturbed = Perturbed.checked("__data_labels_distances", *found)
        explanation = self._explanation(indexed, perturbed.outputs.shape[1])
        return explanation, perturbed.outputs[0], fit_perturbed(explanation, self.base, question, perturbed)

    def __data_labels_distances(
        self,
        indexed_string: Any,
        classifier_fn: Callable[[Any], Any],
        num_samples: int,
        distance_metric: Any = "cosine",
    ) -> tuple[Any, Any, Any]:
        """Return masks (n, d), outputs and distances of texts by lime's law; subclasses may override it."""
        rng = np.random.default_rng(draw_seed(self.random_state))
        return ask_masked(indexed_string, classifier_fn, num_samples, distance_metric, rng)

    @property
    def _seed(self) -> int:
        """The seed, drawn anew where somebody touched a random state."""
        return self._seeds.current(self._random_states)

    @property
    def _random_states(self) -> list[Any]:
        """Every random state that counts; the explainer's own first."""
        return [self.random_state, getattr(self.base, "random_state", self.random_state)]

    def _words_to_explain(
        self, question: Question, indexed: Any, classifier_fn: Callable[[Any], Any]
    ) -> list[int] | None:
        """Return the numbers of the words that a long text is explained by, and say so; None for all."""
        d = indexed.num_words()
        if d <= MAX_FEATURES:
            return None
        rng = stream(question.seed, indexed.raw_string().encode("utf-8", "surrogatepass"), "represent")
        warnings.warn(
            f"text_instance: {d} different words are more than one fit takes; the {MAX_FEATURES} that move the answer "
            "most where words are hidden at random are explained, and the others stay in place. This asks for twice "
            r"num_samples texts; split_expression=r'[.!?]\s+' explains sentences instead.",
            stacklevel=3,
        )
        return words_that_matter(
            indexed,
            as_called(classifier_fn),
            MAX_FEATURES,
            int(question.num_samples),
            rng,
            lambda outputs: wanted_labels(question, outputs),
        )

    def _text(self, kept: list[int] | None = None) -> Text:
        """Return limelight's way to hide what lime hides, of all words or of some."""
        mask = None
        if not self.bow:
            own = CHARACTER_MASK if self.char_level else WORD_MASK
            mask = own if self.mask_string is None else self.mask_string
        pieces = Pieces(None if self.char_level else self.split_expression)
        tokens = pieces if kept is None else Kept(pieces, frozenset(kept), self.bow)
        return Text(tokens, occurrences="together" if self.bow else "separately", mask=mask)

    def _indexed(self, text: str) -> IndexedString | IndexedCharacters:
        if self.char_level:
            return IndexedCharacters(text, bow=self.bow, mask_string=self.mask_string)
        return IndexedString(text, self.split_expression, bow=self.bow, mask_string=self.mask_string)


ORIGINAL = {name: method for name, method in vars(LimeTextExplainer).items() if name.endswith("_distances")}
"""The part of lime's pipeline that subclasses override, as it was when it was imported."""


def replaced(indexed: Any) -> bool:
    """Return whether somebody's class, or method, says what is left of a text without some words."""
    return type(indexed) not in OWN_INDEXED or departs(indexed, ORIGINAL_INDEXED)


def ask_masked(
    indexed: Any, function: Callable[[Any], Any], n: int, metric: Any, rng: np.random.Generator
) -> tuple[Any, Any, FloatArray]:
    """Return n masks (n, d), what a function says of their texts, and their distances in lime's hundredths."""
    if not indexed.num_words():
        raise InputError("text_instance: expected a text with words, got none; there is nothing to hide.")
    masks = draw_masks(indexed.num_words(), n, rng)
    outputs = function(masked_texts(indexed, masks))
    data = masks.astype(np.float64)
    return data, outputs, PERCENT * distances_to_first(data, metric)
