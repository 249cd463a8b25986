"""lime's explainer of images, over `Image`: arrays (h, w, 3), or grey ones that become such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.compat.lime.arrays import width
from limelight.compat.lime.asked_images import Progress, as_colour, ask_masked
from limelight.compat.lime.draws import fudge
from limelight.compat.lime.lime_base import LimeBase, departs
from limelight.compat.lime.lime_route import Perturbed, distances_to_first, fit_perturbed, keeps_base, kernel_of, taken
from limelight.compat.lime.question import Answer, Kernel, Question, as_called, ask
from limelight.compat.lime.randomness import Seeds, check_random_state, draw_seed
from limelight.compat.lime.surrogate import selection_name
from limelight.compat.lime.wrappers.scikit_image import SegmentationAlgorithm
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.image import Image
from limelight.result.explanation import Explanation
from limelight.seeding import stream

__all__ = ["ImageExplanation", "LimeImageExplainer", "SegmentationAlgorithm"]

SEGMENTATION_SEEDS = 1000
"""lime draws the seed of its segmentation below this."""


class ImageExplanation:
    """What `LimeImageExplainer` returns.

    Parameters
    ----------
    image
        (h, w, 3)
    segments
        (h, w) labels, any integers.

    Attributes
    ----------
    native
        limelight's explanation, with intervals, fidelity, and warnings.
    local_exp
        Label → [(segment, weight)], largest |weight| first; segments by their labels in `segments`.
    intercept
        Label → intercept.
    score, local_pred
        R² in the sample, a number, and the surrogate's prediction, an array (1,): of the last label, as in lime.
    top_labels
        The labels explained, most probable first, where `top_labels` was given.
    """

    def __init__(self, image: NDArray[Any], segments: NDArray[Any]) -> None:
        self.image = image
        self.segments = segments
        self.intercept: dict[int, float] = {}
        self.local_exp: dict[int, list[tuple[Any, Any]]] = {}
        self.score: float | None = None
        self.local_pred: NDArray[np.float64] | None = None
        self.top_labels: list[int] | None = None
        self.native: Explanation | None = None

    def get_image_and_mask(
        self,
        label: int,
        positive_only: bool = True,
        negative_only: bool = False,
        hide_rest: bool = False,
        num_features: int = 5,
        min_weight: float = 0.0,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the image with what matters in it, and a mask (h, w) for `skimage.segmentation.mark_boundaries`.

        Parameters
        ----------
        label
            An explained label.
        positive_only, negative_only
            Only segments that speak for, or against, the label: 1 in the mask. Neither: both, with 1 and -1 in the
            mask, tinted green and red.
        hide_rest
            Whether all else is black.
        num_features
            How many segments at most.
        min_weight
            Leave out segments of smaller |weight|.
        """
        if label not in self.local_exp:
            raise UnknownNameError("label", label, self.local_exp)
        if positive_only and negative_only:
            raise InputError("positive_only, negative_only: expected one of them at most, got both; pass one as False.")
        image = np.zeros_like(self.image) if hide_rest else self.image.copy()
        mask = np.zeros(self.segments.shape, dtype=np.int64)
        pairs = self.local_exp[label]
        if positive_only or negative_only:
            sign = 1 if positive_only else -1
            pairs = [(segment, w) for segment, w in pairs if sign * w > max(min_weight, 0.0)]
        for segment, weight in pairs[:num_features]:
            inside = self.segments == segment
            if positive_only or negative_only:
                image[inside], mask[inside] = self.image[inside], 1
            elif abs(weight) >= min_weight:
                image[inside], mask[inside] = self.image[inside], -1 if weight < 0 else 1
                image[inside, 0 if weight < 0 else 1] = self.image.max()
        return image, mask

    def fill(self, answer: Answer) -> ImageExplanation:
        """Take an answer's numbers; segments are counted in the order of their labels."""
        keys = np.unique(self.segments).tolist()
        self.native = answer.native
        for row, label in enumerate(answer.labels):
            self.take(label, answer.fit_of(row, keys))
        return self

    def take(self, label: int, fit: Any) -> None:
        """Take what lime's fit returns for a label: intercept, (segment, weight) pairs, score, local prediction."""
        self.intercept[label], self.local_exp[label], self.score, self.local_pred = fit

    def _repr_html_(self) -> str:
        if self.native is None:
            return ""
        return self.native._repr_html_()


class LimeImageExplainer:
    """Explains a function of images, as lime's class of this name does.

    Same parameters and defaults as lime's. What differs is said in docs/how-to/move-from-lime.md.

    Parameters
    ----------
    kernel_width
        In units of the distance between masks.
    kernel
        ``kernel(distances, kernel_width)``; exp(-d² / 2w²) by default.
    verbose
        Whether to print intercept, local and true prediction.
    feature_selection
        ``"auto"``, ``"forward_selection"``, ``"highest_weights"``, ``"lasso_path"`` or ``"none"``.
    random_state
        None, an integer or a RandomState, from which one seed is drawn.

    Examples
    --------
    >>> image = np.full((8, 8, 3), 200, np.uint8)
    >>> quarters = np.arange(8)[:, None] // 4 * 2 + np.arange(8) // 4
    >>> def bright(images):
    ...     corner = images[:, :4, :4].mean(axis=(1, 2, 3)) / 255
    ...     return np.stack([1 - corner, corner], axis=1)
    >>> explanation = LimeImageExplainer(random_state=0).explain_instance(
    ...     image, bright, hide_color=0, segmentation_fn=lambda image: quarters, progress_bar=False)
    >>> explanation.local_exp[1][0][0].item(), explanation.get_image_and_mask(1)[1].sum().item()
    (0, 16)
    """

    def __init__(
        self,
        kernel_width: float = 0.25,
        kernel: Callable[..., Any] | None = None,
        verbose: bool = False,
        feature_selection: str = "auto",
        random_state: Any = None,
    ) -> None:
        selection_name(feature_selection, 1)
        self.random_state = check_random_state(random_state)
        self.feature_selection = feature_selection
        self._kernel = Kernel(kernel, width(kernel_width))
        self.base = LimeBase(self._kernel.at, verbose, random_state=self.random_state)
        self._seeds = Seeds(self.random_state)

    def explain_instance(
        self,
        image: Any,
        classifier_fn: Callable[[Any], Any],
        labels: Sequence[int] = (1,),
        hide_color: Any = None,
        top_labels: int | None = 5,
        num_features: int = 100000,
        num_samples: int = 1000,
        batch_size: int = 10,
        segmentation_fn: Callable[[Any], Any] | None = None,
        distance_metric: Any = "cosine",
        model_regressor: Any = None,
        random_seed: int | None = None,
        progress_bar: bool = True,
    ) -> ImageExplanation:
        """Return the explanation of a function's outputs for one image.

        Parameters
        ----------
        image
            (h, w, 3), or (h, w), which becomes such.
        classifier_fn
            From n images (n, h, w, 3) to probabilities (n, k).
        labels
            Columns of the output to explain, where `top_labels` is None.
        hide_color
            What a hidden segment shows: a number or a colour; None: its mean.
        top_labels
            Explain that many of the largest outputs.
        num_features
            How many segments the explanation holds.
        num_samples
            Images to ask, the image itself among them.
        batch_size
            How many at a time.
        segmentation_fn
            From the image to labels (h, w); quickshift with lime's parameters by default.
        distance_metric
            Between masks, as scikit-learn calls it.
        model_regressor
            A linear regressor that takes `sample_weight`; Ridge(alpha=1) by default.
        random_seed
            Of the default segmentation; by default drawn from the explainer's.
        progress_bar
            Whether to show one, where tqdm is installed.
        """
        pixels = as_colour(image)
        segments = self._segments(pixels, segmentation_fn, random_seed)
        question = Question(
            labels=labels,
            top_labels=top_labels,
            num_features=num_features,
            num_samples=num_samples,
            distance_metric=distance_metric,
            model_regressor=model_regressor,
            feature_selection=self.feature_selection,
            batch_size=batch_size,
            kernel=kernel_of(self.base, self._kernel, self._kernel.at),
            seed=self._seed,
            verbose=getattr(self.base, "verbose", False),
        )
        explanation = ImageExplanation(pixels, segments)
        if departs(self, ORIGINAL) or not keeps_base(self.base):
            labels = self._perturb_and_fit(explanation, question, classifier_fn, hide_color, progress_bar)
        else:
            modality = Image(segments, "mean" if hide_color is None else hide_color, channels="last")
            with Progress(num_samples if progress_bar else 0) as bar:
                answer = ask(question, pixels, bar.watch(classifier_fn), modality, {})
            explanation.fill(answer)
            labels = answer.labels
        self._seeds.leave(self._random_states)
        explanation.top_labels = list(labels)[::-1] if top_labels else None
        return explanation

    # -- lime's own route, where somebody replaced a part of it -------------------------------------------------------

    def data_labels(
        self,
        image: NDArray[Any],
        fudged_image: NDArray[Any],
        segments: NDArray[Any],
        classifier_fn: Callable[[Any], Any],
        num_samples: int,
        batch_size: int = 10,
        progress_bar: bool = True,
    ) -> tuple[Any, Any]:
        """Return masks (n, d) and what a function says of their images; for subclasses that override it.

        Parameters
        ----------
        image, fudged_image
            (h, w, c), all shown and all hidden.
        segments
            (h, w) labels; a column of the masks is the segment of that rank among them.
        classifier_fn
            From images (n, h, w, c) to probabilities (n, k).
        num_samples, batch_size, progress_bar
            As for `explain_instance`.
        """
        rng = np.random.default_rng(draw_seed(self.random_state))
        with Progress(num_samples if progress_bar else 0) as bar:
            function = bar.watch(classifier_fn)
            return ask_masked((image, fudged_image, segments), function, num_samples, batch_size, rng)

    def _perturb_and_fit(
        self,
        explanation: ImageExplanation,
        question: Question,
        classifier_fn: Callable[[Any], Any],
        hide_color: Any,
        progress_bar: bool,
    ) -> tuple[int, ...]:
        """Fill an explanation by lime's own route, and return the labels."""
        image, segments = explanation.image, explanation.segments
        keys = np.unique(segments)
        if departs(self, ORIGINAL) and not np.array_equal(keys, np.arange(len(keys))):
            raise InputError(
                "segmentation_fn: expected labels 0, 1, 2, … for the overridden data_labels, whose columns are labels, "
                f"got {keys[0]} to {keys[-1]}; return skimage.segmentation.relabel_sequential(labels + 1)[0] - 1."
            )
        function, n = as_called(classifier_fn), int(question.num_samples)
        fudged, batch_size = fudge(image, segments, hide_color), int(question.batch_size)
        if departs(self, ORIGINAL):
            words = taken(self.data_labels, {"batch_size": batch_size, "progress_bar": progress_bar}, {})
            data, outputs = self.data_labels(image, fudged, segments, function, n, **words)
        else:
            rng = stream(question.seed, image.tobytes(), "sample")
            with Progress(n if progress_bar else 0) as bar:
                data, outputs = ask_masked((image, fudged, segments), bar.watch(function), n, batch_size, rng)
        data = np.asarray(data, dtype=np.float64)
        distances = distances_to_first(data, question.distance_metric)
        perturbed = Perturbed.checked("data_labels", data, outputs, distances)
        labels = fit_perturbed(explanation, self.base, question, perturbed)
        for label in labels:
            explanation.local_exp[label] = [(np.int64(keys[j]), weight) for j, weight in explanation.local_exp[label]]
        return labels

    @property
    def _seed(self) -> int:
        """The seed, drawn anew where somebody touched a random state."""
        return self._seeds.current(self._random_states)

    @property
    def _random_states(self) -> list[Any]:
        """Every random state that counts; the explainer's own first."""
        return [self.random_state, getattr(self.base, "random_state", self.random_state)]

    def _segments(self, image: NDArray[Any], segment: Callable[[Any], Any] | None, seed: int | None) -> NDArray[Any]:
        if segment is None:
            drawn = self._seed % SEGMENTATION_SEEDS if seed is None else seed
            segment = SegmentationAlgorithm("quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=drawn)
        labels = np.asarray(segment(image))
        if labels.dtype.kind == "f" and np.array_equal(labels, labels.astype(np.int64)):
            labels = labels.astype(np.int64)
        if labels.shape != image.shape[:2] or labels.dtype.kind not in "iub":
            raise InputError(
                f"segmentation_fn: expected integer labels of shape {image.shape[:2]}, got {labels.dtype} of shape "
                f"{labels.shape}; return one label for each pixel."
            )
        return labels


ORIGINAL = {"data_labels": vars(LimeImageExplainer)["data_labels"]}
"""The part of lime's pipeline that subclasses override, as it was when it was imported."""
