"""**I**nterpretable, for volumes and video: a stack of slices or frames → supervoxels that are shown or hidden.

Input: numbers (z, y, x) or with channels, how they are cut and what a hidden supervoxel shows. Output: a representation
that composites masks in the volume's own layout, dtype and range. The law is LIME's for images: each supervoxel is
shown with probability ½, neighbours count by cosine distance [ribeiro2016, garreau2021].
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array, count_inputs, fingerprint, name_of
from limelight.interpretable.compositing import CHUNK_BYTES, Words, composites, tensor_composites, words_of
from limelight.interpretable.image import described
from limelight.interpretable.montage import Tile, chosen_slices, montage_layout, seen
from limelight.interpretable.pixels import CHANNELS, Channels, Converter
from limelight.interpretable.segments import Segments
from limelight.interpretable.stacks import FILLS, Fill, Stack, fill_volume, read_stack
from limelight.interpretable.supervoxels import METHODS, Cutter, as_voxel_labels, find_supervoxels

MAX_SAMPLES = 2048
"""As for images."""


@dataclass(frozen=True, eq=False)
class Supervoxels:
    """x' of one volume: which of its supervoxels are shown.

    Parameters
    ----------
    features
        One per supervoxel.
    content
        Bytes equal for equal volumes.
    stack
        The volume, in memory of its own.
    segments
        Which supervoxel each voxel belongs to, (z, y, x).
    ground
        The fill in the volume's own layout.
    options
        The modality, for names and the layout of the model.
    """

    features: tuple[Feature, ...]
    content: bytes
    stack: Stack
    segments: Segments
    ground: NDArray[Any]
    options: Volume
    law: Literal["bernoulli"] = "bernoulli"
    deterministic: bool = True

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every supervoxel is shown."""
        return np.ones(len(self.features))

    @property
    def chunk(self) -> int:
        """Return how many composites are made at once."""
        return max(1, CHUNK_BYTES // self.stack.values.nbytes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return how the volume's shape was read where it could mean two things."""
        return self.stack.notes

    @property
    def original(self) -> Inputs:
        """Return the volume as one model input."""
        stack = self.stack
        if stack.tensor is None:
            whole = stack.values[None].copy()
        else:
            whole = stack.tensor[None].clone()
        return self._handed_over(whole, 1)

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return the composites of masks Z (n, d), as the model takes them; `rng` is not used."""
        stack = self.stack
        if stack.tensor is not None:
            ground = (
                sys.modules["torch"].as_tensor(self.ground).to(device=stack.tensor.device, dtype=stack.tensor.dtype)
            )
            whole = tensor_composites(Z, stack.tensor, ground, self.segments.index, stack.axis)
        else:
            whole = composites(Z, self._values, itertools.repeat(self.ground, len(Z)), self._words)
        return self._handed_over(whole, len(Z))

    def layout(self) -> Layout:
        """Return sixteen slices, side by side, and which supervoxels they cut."""
        labels, planes = self.segments.index, seen(self.stack.planes)
        word = self.options.along
        shown = chosen_slices(labels)
        return montage_layout([Tile(f"{word} {at}", labels[at], planes[at]) for at in shown], self.segments.keys)

    @cached_property
    def _values(self) -> NDArray[Any]:
        return np.ascontiguousarray(self.stack.values)

    @cached_property
    def _words(self) -> Words:
        values = self.stack.values
        return words_of(self.segments.index, values.shape, self.stack.axis, values.itemsize)

    def _handed_over(self, whole: Any, n: int) -> Inputs:
        if self.options.to_model is None:
            return whole
        converted = self.options.to_model(whole)
        found = count_inputs(converted)
        if found is not None and found != n:
            raise InputError(f"to_model: expected {n} model inputs for {n} volumes, got {found}; convert all of them.")
        return converted


@dataclass(frozen=True, eq=False)
class Volume:
    """Volumes (z, y, x), such as CT and MRI scans, and video (t, y, x, 3): which supervoxels speak for the answer.

    The model receives perturbed volumes as the instance came: an array (z, y, x) of int16 gives arrays (n, z, y, x) of
    int16 in the same range, a tensor gives tensors on its device.

    Parameters
    ----------
    segments
        How supervoxels are found: ``"auto"`` (default), ``"slic"``, ``"grid"`` (boxes), ``"slices"`` (whole slices, or
        scenes of a video), a label array (z, y, x) of any integers such as an atlas or organs, which features keep as
        their names, masks (k, z, y, x), or a callable from the volume (channels last) to one of these, see
        `supervoxels.find_supervoxels`.
    fill
        What a hidden supervoxel shows: ``"mean"`` (default: its own mean), a number such as that of air, one for each
        channel, ``"blur"``, another volume, or a callable from volume (z, y, x, c) and labels to a volume.
    n_segments
        About how many supervoxels; 50 where None.
    channels
        Where the channels of a four-dimensional array are: ``"auto"`` (default: last if that axis has 1, 3 or 4
        entries, else first if that one has), ``"first"`` or ``"last"``.
    spacing
        How far apart voxels are along z, y and x, in any unit, so that supervoxels of thick slices are as deep as wide.
    along
        What one step of the first axis is called: ``"slice"`` (default), ``"frame"`` for video.
    to_model
        A callable from n perturbed volumes to what the model takes. None: the volumes themselves.
    max_samples
        Default budget of composites for one volume.

    Raises
    ------
    UnknownNameError
        If a segmentation, a fill or a place of channels is not known.
    InputError
        If an argument does not fit or has no effect.

    Examples
    --------
    >>> import limelight as ll
    >>> scan = np.zeros((4, 4, 4), np.int16)
    >>> scan[:2, :2, :2] = 100
    >>> def corner(scans):
    ...     return scans[:, :2, :2, :2].mean(axis=(1, 2, 3))
    >>> explainer = ll.Explainer(corner, ll.Volume("grid", fill=0, n_segments=8), seed=0)
    >>> name, weight = explainer.explain(scan).as_list()[0]
    >>> name, round(weight, 9)
    ('supervoxel 0', 100.0)
    """

    segments: Cutter = "auto"
    _: KW_ONLY
    fill: Fill = "mean"
    n_segments: int | None = None
    channels: Channels = "auto"
    spacing: Sequence[float] = (1.0, 1.0, 1.0)
    along: str = "slice"
    to_model: Converter | None = None
    max_samples: int = MAX_SAMPLES
    distance: Literal["cosine"] = "cosine"

    def __post_init__(self) -> None:
        for name in ("segments", "fill"):  # the caller may go on to use these arrays for something else
            if isinstance(getattr(self, name), (np.ndarray, list)):
                given = getattr(self, name)
                if name == "segments":
                    own = as_voxel_labels(given)
                else:
                    own = as_array(name, given)
                object.__setattr__(self, name, np.array(own))
        if isinstance(self.segments, str) and self.segments not in METHODS:
            raise UnknownNameError("segments", self.segments, METHODS)
        if isinstance(self.fill, str) and self.fill not in FILLS:
            raise UnknownNameError("fill", self.fill, FILLS)
        if self.channels not in CHANNELS:
            raise UnknownNameError("channels", self.channels, CHANNELS)
        if self.to_model is not None and not callable(self.to_model):
            raise InputError(f"to_model: expected a function of volumes, got {type(self.to_model).__name__}.")
        if not isinstance(self.along, str) or not self.along:
            raise InputError(f"along: expected a word such as 'slice' or 'frame', got {self.along!r}.")
        object.__setattr__(self, "spacing", _checked_spacing(self.spacing))
        _check_number(self.n_segments, self.segments)

    def represent(self, instance: Any, rng: np.random.Generator) -> Supervoxels:
        """Return the supervoxels of one volume. `rng` is not used.

        Raises
        ------
        InputError
            If this is no volume, or segments or fill do not fit it.
        """
        stack = read_stack(instance, self.channels)
        segments = find_supervoxels(self.segments, stack.planes, self.n_segments, self.spacing)
        ground = stack.laid_out(fill_volume(self.fill, stack, segments.index))
        features = tuple([Feature(f"supervoxel {key}", Where("segment", key)) for key in segments.keys])
        return Supervoxels(features, _content(stack), stack, segments, ground, self)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the volumes of a list, a stream, or an array or tensor (n, …) of five axes.

        Raises
        ------
        InputError
            If this may be one volume rather than many.
        """
        shape = tuple(getattr(many, "shape", ()))
        axes = len(shape)
        if not isinstance(many, Iterable) or axes in (1, 2, 3):
            raise InputError("instances: expected many volumes, got one; pass a list of them, or use explain.")
        if axes == 4:
            raise InputError(
                f"instances: expected a list of volumes, got shape {shape}, which is {shape[0]} "
                "volumes or one with channels; pass list(volumes) for many, or use explain for one."
            )
        return many

    @property
    def content(self) -> bytes:
        """Return bytes that are equal for equal data among the options, which `describe` does not hold."""
        held = [each for each in (self.segments, self.fill) if isinstance(each, np.ndarray)]
        if held:
            return fingerprint(held)
        return b""

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        return {
            "modality": "volume",
            "segments": described(self.segments),
            "fill": described(self.fill),
            "n_segments": self.n_segments,
            "channels": self.channels,
            "spacing": list(self.spacing),
            "along": self.along,
            "to_model": None if self.to_model is None else name_of(self.to_model),
        }


def _checked_spacing(spacing: Any) -> tuple[float, float, float]:
    try:
        z, y, x = (float(step) for step in spacing)
    except (TypeError, ValueError):
        z = y = x = float("nan")
    if not all(0 < step < float("inf") for step in (z, y, x)):
        raise InputError(
            f"spacing: expected three positive numbers, for z, y and x, got {spacing!r}; such as (5, 1, 1)."
        )
    return z, y, x


def _check_number(n_segments: int | None, segments: Cutter) -> None:
    if n_segments is None:
        return
    if not isinstance(segments, str):
        raise InputError(
            "n_segments: has no effect with labels or a function, which have their own number; leave it out."
        )
    if isinstance(n_segments, bool) or not isinstance(n_segments, (int, np.integer)) or n_segments < 1:
        raise InputError(f"n_segments: expected a positive number, got {n_segments!r}; 50 suits most volumes.")


def _content(stack: Stack) -> bytes:
    values = stack.values
    digest = hashlib.blake2b(f"{values.dtype.str}{values.shape}{stack.axis}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(values).view(np.uint8).reshape(-1).data)
    return digest.digest()
