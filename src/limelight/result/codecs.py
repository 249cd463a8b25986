"""How one value of an explanation becomes JSON, and how it is read back: checked, never guessed.

Each codec writes only what JSON knows. A number that is not finite is written as null (unknown) or as the string
"Infinity" or "-Infinity". Reading refuses what does not fit, and says where it stands, what was expected and what is
there, so that a file that was damaged, cut off or edited by hand cannot draw a wrong picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from limelight.errors import InputError

INFINITIES = {"Infinity": math.inf, "-Infinity": -math.inf}
LARGEST = 1e300
"""Numbers beyond it are refused on reading: sums and differences of them would not be finite."""
LARGEST_WHOLE = 2**63
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many targets (k) and features (d) the explanation that is being read has."""

    k: int
    d: int


class Codec(Protocol):
    """One kind of value."""

    def write(self, value: Any) -> Any:
        """Return the value as JSON."""
        ...

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return the value that was written, or raise `InputError`."""
        ...


def misfit(place: str, expected: str, got: object) -> InputError:
    """Return the error that says what stands in a file instead of what should.

    >>> str(misfit("seed", "a whole number", "seven"))
    "data: seed: expected a whole number, got 'seven'; the file was damaged, or is not one that limelight wrote."
    """
    return InputError(
        f"data: {place}: expected {expected}, got {shown(got)}; the file was damaged, or is not one that limelight "
        "wrote."
    )


def shown(got: object) -> str:
    """Return the beginning of what something looks like, for an error."""
    try:
        written = repr(got)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists without end
        written = f"a {type(got).__name__}"
    if len(written) <= _SHOWN:
        return written
    return written[:_SHOWN] + "…"


def plain(value: Any) -> Any:
    """Return anything as JSON that every reader knows: numbers that are not finite, keys and objects are written out.

    >>> plain({1: float("nan"), "a": (np.float32(0.5), {2})})
    {'1': None, 'a': [0.5, '{2}']}
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return number_to_json(value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def number_to_json(value: float) -> float | str | None:
    """Return a number, null where it is unknown, or the name of an infinity."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    if value > 0:
        return "Infinity"
    return "-Infinity"


# -- single values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class String:
    """A string."""

    def write(self, value: str) -> str:
        """Return it as it is."""
        return value

    def read(self, value: Any, place: str, sizes: Sizes) -> str:
        """Return it as it is."""
        if not isinstance(value, str):
            raise misfit(place, "a string", value)
        return value


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false."""

    def write(self, value: bool) -> bool:
        """Return it as it is."""
        return bool(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> bool:
        """Return it as it is."""
        if not isinstance(value, bool):
            raise misfit(place, "true or false", value)
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number.

    Parameters
    ----------
    at_least
        The smallest that is allowed.
    below
        ``"d"``: less than the number of features.
    """

    at_least: int = 0
    below: str = ""

    def write(self, value: int) -> int:
        """Return it as a Python int."""
        return int(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> int:
        """Return it as it is."""
        end = sizes.d if self.below == "d" else LARGEST_WHOLE
        if isinstance(value, bool) or not isinstance(value, int) or not self.at_least <= value < end:
            raise misfit(place, f"a whole number from {self.at_least} to {end - 1}", value)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A number; where `gaps` are allowed also one that is unknown or infinite."""

    gaps: bool = False

    def write(self, value: float) -> float | str | None:
        """Return it, or what stands for it where it is not finite."""
        return number_to_json(float(value))

    def read(self, value: Any, place: str, sizes: Sizes) -> float:
        """Return it as a Python float."""
        return number_from(value, place, gaps=self.gaps)


def number_from(value: Any, place: str, *, gaps: bool) -> float:
    """Return a number that was read; with `gaps` it may be unknown or infinite."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST:
        return float(value)
    if gaps and (value is None or (isinstance(value, float) and math.isnan(value))):
        return math.nan
    if gaps and isinstance(value, str | float):
        # a bare Infinity is what files of version 1 hold
        for written, number in INFINITIES.items():
            if value in (written, number):
                return number
    raise misfit(place, "a number, null where it is unknown" if gaps else "a finite number", value)


@dataclass(frozen=True, slots=True)
class Key:
    """What a feature is across instances: a name, a number, or a tuple of them, which JSON knows as a list.

    What JSON does not know, such as a date, is written as its text.
    """

    def write(self, value: Any) -> Any:
        """Return it as JSON."""
        return plain(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return it as it was before its tuples became lists."""
        if isinstance(value, list):
            return tuple(self.read(item, place, sizes) for item in value)
        if isinstance(value, dict):
            raise misfit(place, "a name, a number or a list of them", value)
        return value


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever JSON knows; somebody else looks at it."""

    def write(self, value: Any) -> Any:
        """Return it as JSON."""
        return plain(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of a table: a string, a number, true or false, null, or what is missing in another way."""

    def write(self, value: Any) -> Any:
        """Return it as JSON."""
        return plain(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return it as it is."""
        missing = isinstance(value, Mapping) and value.get("missing") in ("nan", "NA")
        if not missing and not (value is None or isinstance(value, (str, int, float))):
            raise misfit(place, "a string, a number, true, false or null", value)
        return value


@dataclass(frozen=True, slots=True)
class Free:
    """A mapping whose entries are nobody's business here, such as settings."""

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return it as a dict of what JSON knows."""
        written: dict[str, Any] = plain(value)
        return written

    def read(self, value: Any, place: str, sizes: Sizes) -> dict[str, Any]:
        """Return it as a dict."""
        if not isinstance(value, Mapping):
            raise misfit(place, "an object with named entries", value)
        # 1e999 is no number of any reader's: it is read as what would be written for it
        read: dict[str, Any] = plain(value)
        return read


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value, or None where there is none."""

    codec: Codec

    def write(self, value: Any) -> Any:
        """Return null for None."""
        if value is None:
            return None
        return self.codec.write(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return None for null."""
        if value is None:
            return None
        return self.codec.read(value, place, sizes)


# -- many values ------------------------------------------------------------------------------------------------------
