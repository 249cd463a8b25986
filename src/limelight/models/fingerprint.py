"""Which model is this? A digest of everything that its answers depend on, or a refusal where that cannot be seen.

Input: any model. Output: a digest that is the same in another process as long as the model is the same: its fitted
state (by `joblib.hash`), the code of every function and class of yours that it uses, the global values that these name,
and the versions of the libraries. What is hidden (an open session, a file that is read while answering, a class with a
pickling of its own) makes an error, since answers of another model would be taken for this one's.
"""

from __future__ import annotations

import importlib.metadata
import io
import pickle
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from limelight.errors import InputError

OWN_PICKLING = ("__reduce__", "__reduce_ex__", "__getstate__")
ADDRESSES = frozenset({"_stop_words_id"})
"""Attributes that hold an address in memory: scikit-learn's vectorizers have one, and it says nothing of the model."""
_INSTALLED = ("site-packages", "dist-packages")


def fingerprint(model: Any) -> str:
    """Return a digest of a model.

    Raises
    ------
    InputError
        If the model depends on something that cannot be seen; the remedy is a name of your own.

    >>> fingerprint(lambda rows: rows[:, 0]) == fingerprint(lambda rows: rows[:, 1])
    False
    """
    parts = _Parts()
    parts.add(model)
    return blake2b("\n".join(parts.said).encode(), digest_size=16).hexdigest()


class _Parts:
    """What was found so far: a line for each part, in the order in which they are met."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._met: set[int] = set()
        self._kept: list[Any] = []  # an id is only that of a part as long as the part lives

    def add(self, part: Any) -> None:
        """Describe a part, and what it uses."""
        if id(part) in self._met:
            return
        self._met.add(id(part))
        self._kept.append(part)
        if isinstance(part, MethodType):
            self.said.append(f"method {part.__name__}")
            self.add(part.__func__)
            self.add(part.__self__)
        elif isinstance(part, ModuleType):
            self._module(part)
        elif isinstance(part, FunctionType):
            self._function(part)
        elif isinstance(part, type):
            self._class(part)
        elif isinstance(part, BuiltinFunctionType):
            self.said.append(_reference(part))
        else:
            self._value(part)

    def _module(self, module: ModuleType) -> None:
        if not _installed(module.__name__):
            raise _hidden(f"the module {module.__name__!r}, whose state may change")
        self.said.append(_reference(module))

    def _function(self, function: FunctionType) -> None:
        if _installed(function.__module__):
            self.said.append(_reference(function))
            return
        self.said.append(f"function {function.__qualname__} {_code(function.__code__)}")
        self.add((function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            self.add(cell.cell_contents)
        for name in sorted(set(_names(function.__code__))):
            if name in function.__globals__:
                self.add(function.__globals__[name])

    def _class(self, kind: type) -> None:
        if _installed(kind.__module__):
            self.said.append(_reference(kind))
            return
        self.said.append(f"class {kind.__qualname__}")
        if own := [name for name in OWN_PICKLING if name in vars(kind)]:
            raise _hidden(f"the class {kind.__qualname__}, which says itself what is pickled ({own[0]})")
        for name, value in sorted(vars(kind).items()):
            function = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
            data = not name.startswith("__") and not hasattr(value, "__get__")
            if data or isinstance(function, FunctionType):
                self.said.append(name)
                self.add(function)
        for base in kind.__bases__:
            self.add(base)

    def _value(self, value: Any) -> None:
        """Describe a value by its state, and the code that it brings along."""
        try:
            found = _used(value)
            self.said.append(_state(value))
        except InputError:
            raise
        except Exception as error:
            raise _hidden(f"a {type(value).__name__} that cannot be pickled ({type(error).__name__})") from error
        for each in found:
            self.add(each)


def _used(value: Any) -> list[Any]:
    """Return the functions and classes that a value's pickle refers to."""
    found: list[Any] = []

    class Collector(pickle.Pickler):
        def reducer_override(self, part: Any) -> Any:
            if isinstance(part, (type, FunctionType)):
                found.append(part)
            return NotImplemented

    Collector(io.BytesIO()).dump(value)
    return found


def _state(value: Any) -> str:
    """Return a digest of a value's state: joblib's, which does not depend on the order of sets or shared strings."""
    from joblib.hashing import NumpyHasher

    class Hasher(NumpyHasher):  # type: ignore[misc]
        def save(self, part: Any) -> None:
            if isinstance(part, dict) and not ADDRESSES.isdisjoint(part):
                part = {name: each for name, each in part.items() if name not in ADDRESSES}
            super().save(part)

    return f"{type(value).__module__}.{type(value).__qualname__} {Hasher(hash_name='md5').hash(value)}"


def _reference(part: Any) -> str:
    if isinstance(part, ModuleType):
        module = part.__name__
    else:
        module = str(getattr(part, "__module__", None) or "builtins")
    return f"{module}.{getattr(part, '__qualname__', '')} {_version(module.split('.')[0])}"


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(package), "__version__", ""))


@cache
def _installed(module: str) -> bool:
    """Return whether a module comes from a package, whose version then says what it does."""
    if module.split(".")[0] in sys.stdlib_module_names and module != "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and any(folder in Path(file).parts for folder in _INSTALLED)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _code(code: CodeType) -> str:
    """Return what a function computes, without the place where it stands."""
    constants = [_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def _hidden(what: str) -> InputError:
    return InputError(
        f"cache: cannot tell which model this is, since it depends on {what}; name it yourself, with its version: "
        'cache=limelight.remote.Cache("answers.db", model="fraud 3").'
    )
