"""Read the texts out of an instance, and put perturbed ones back: strings, dicts, rows of frames, chats and tuples.

Input: what the user explains. Output: its texts with names, and a function that makes the model's inputs, of the same
kind as the instance, of n perturbed texts for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular.columns import stable_repr

Build = Callable[[Sequence[list[str]]], Inputs]


@dataclass(frozen=True, slots=True)
class Document:
    """The texts of one instance.

    Parameters
    ----------
    names, texts
        One for each field; the one name of a plain string is empty.
    build
        Makes n inputs of the n texts of each field; None for a list of strings.
    plain
        Whether the instance is a single string.
    content
        Bytes equal for equal instances.
    held
        The other columns, which the model gets as they are.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    build: Build | None
    plain: bool
    content: bytes
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """Hand the list of strings to the user's own function."""

    to_model: Callable[[list[str]], Any]

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return n inputs."""
        return self.to_model(columns[0])


@dataclass(frozen=True, slots=True)
class Through:
    """Hand the list of chats or tuples to the user's own function."""

    to_model: Callable[[list[Any]], Any]
    build: Build

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return n inputs."""
        made: Any = self.build(columns)
        return self.to_model(made)


@dataclass(frozen=True, slots=True)
class Dicts:
    """Copies of one dict, with other texts."""

    row: Mapping[str, Any]
    names: tuple[str, ...]

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return a list of n dicts."""
        return [{**self.row, **dict(zip(self.names, texts, strict=True))} for texts in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Frames:
    """Copies of a frame of one row, with other texts; columns and dtypes stay."""

    row: Any
    names: tuple[str, ...]

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return a frame of n rows."""
        import narwhals as nw

        n = len(columns[0])
        written = dict(zip(self.names, columns, strict=True))
        if hasattr(self.row, "iloc"):  # pandas has three dtypes of strings, of which narwhals knows one
            many = self.row.iloc[np.zeros(n, dtype=np.intp)].reset_index(drop=True)
            series = nw.get_native_namespace(self.row).Series
            for name, texts in written.items():  # names may be numbers
                many[name] = series(texts, dtype=None if many[name].dtype == "category" else many[name].dtype)
            return many
        frame = nw.from_native(self.row, eager_only=True)
        new = [nw.new_series(name, texts, nw.String(), backend=frame.implementation) for name, texts in written.items()]
        return frame[np.zeros(n, dtype=np.intp)].with_columns(*new).to_native()


@dataclass(frozen=True, slots=True)
class Tuples:
    """Tuples of texts, such as premise and hypothesis."""

    texts: tuple[str, ...]
    places: tuple[int, ...]

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return a list of n tuples."""
        whole = [[text] * len(columns[0]) for text in self.texts]
        for place, texts in zip(self.places, columns, strict=True):
            whole[place] = texts
        return list(zip(*whole, strict=True))


@dataclass(frozen=True, slots=True)
class Chats:
    """Copies of one chat, with other contents of some of its messages."""

    messages: tuple[Mapping[str, Any], ...]
    places: tuple[int, ...]

    def __call__(self, columns: Sequence[list[str]]) -> Inputs:
        """Return a list of n chats, each a list of messages that nobody else holds."""
        return [self._with(dict(zip(self.places, texts, strict=True))) for texts in zip(*columns, strict=True)]

    def _with(self, contents: Mapping[int, str]) -> list[dict[str, Any]]:
        chat = [dict(message) for message in self.messages]
        for place, content in contents.items():
            chat[place]["content"] = content
        return chat


def read_document(instance: Any, fields: Sequence[str] | None, to_model: Callable[[list[str]], Any] | None) -> Document:
    """Return the texts of a string, a dict, one row of a frame, a chat, or a tuple of texts.

    Raises
    ------
    InputError
        If it is none of these, holds no text, or holds several strings of which some may be no texts.
    UnknownNameError
        If a field is not there.

    >>> read_document({"title": "Hi", "stars": 3}, None, None).names
    ('title',)
    """
    if isinstance(instance, str):
        if fields is not None:
            raise InputError("fields: expected None for a plain string, got names; pass a dict or a row of a frame.")
        build = None if to_model is None else Converted(to_model)
        return Document(("",), (str(instance),), build, True, instance.encode("utf-8", "surrogatepass"))
    if is_chat(instance) or _is_texts(instance):
        read = _read_chat if is_chat(instance) else _read_tuple
        return _converted(read(instance, fields), to_model)
    row, values = _one_row(instance)
    if to_model is not None:
        raise InputError("to_model: expected None for dicts and frames, which reach the model as such; leave it out.")
    names = _texts_among(values) if fields is None else tuple(fields)
    for name in names:
        if name not in values:
            raise UnknownNameError("fields", name, values)
        if not isinstance(values[name], str):
            raise InputError(f"instance: expected a string in {name!r}, got {_kind(values[name])}; replace it by ''.")
    if not names:
        inside = [name for name, value in values.items() if is_chat(value)]
        if inside:
            remedy = f"; pass the chat itself, instance[{inside[0]!r}]"
        else:
            remedy = ""
        raise InputError(
            f"instance: expected at least one string, got none among {', '.join(map(str, values))}{remedy}."
        )
    written = [(name, stable_repr(values[name])) for name in sorted(values, key=str)]
    content = repr(written).encode("utf-8", "surrogatepass")
    back = Dicts(row, names) if isinstance(row, Mapping) else Frames(row, names)
    held = tuple(str(name) for name in values if name not in names)
    texts = tuple(str(values[name]) for name in names)
    return Document(tuple(map(str, names)), texts, back, False, content, held)


def is_chat(instance: Any) -> bool:
    """Return whether this is one chat: a list of messages, each with a role and content.

    >>> is_chat([{"role": "user", "content": "Hi"}])
    True
    """
    if not isinstance(instance, (list, tuple)) or not instance:
        return False
    roles = all(isinstance(each, Mapping) and isinstance(each.get("role"), str) for each in instance)
    return roles and any("content" in each for each in instance)  # a call of a tool may have none


def _is_texts(instance: Any) -> bool:
    return isinstance(instance, tuple) and len(instance) > 1 and all(isinstance(text, str) for text in instance)


def _read_chat(chat: Sequence[Mapping[str, Any]], fields: Sequence[str] | None) -> Document:
    """Return the contents of messages, called by role, and by number where a role speaks several times."""
    roles: list[str] = [message["role"] for message in chat]
    if unknown := [name for name in fields or () if name not in roles]:
        raise UnknownNameError("fields", unknown[0], tuple(dict.fromkeys(roles)))
    # a role that speaks once is named by itself, and else its turns are numbered
    named = list(roles)
    for at, role in enumerate(roles):
        if roles.count(role) > 1:
            named[at] = f"{role} {roles[: at + 1].count(role)}"
    taken = [
        at for at, message in enumerate(chat)
        if isinstance(message.get("content"), str) and (fields is None or roles[at] in fields)
    ]  # fmt: skip
    if not taken:
        raise InputError(
            "instance: expected a message whose content is a text, got none; pass the text of the message that is to "
            "be explained."
        )
    content = stable_repr([sorted(message.items(), key=str) for message in chat])
    return Document(
        tuple([named[at] for at in taken]),
        tuple([str(chat[at]["content"]) for at in taken]),
        Chats(tuple([dict(message) for message in chat]), tuple(taken)),
        False,
        b"chat" + content.encode("utf-8", "surrogatepass"),
        tuple([name for at, name in enumerate(named) if at not in taken]),
    )


def _read_tuple(texts: tuple[str, ...], fields: Sequence[str] | None) -> Document:
    names = tuple([f"text {number}" for number in range(1, len(texts) + 1)])
    if unknown := [name for name in fields or () if name not in names]:
        raise UnknownNameError("fields", unknown[0], names)
    taken = [at for at, name in enumerate(names) if fields is None or name in fields]
    return Document(
        tuple([names[at] for at in taken]),
        tuple([str(texts[at]) for at in taken]),
        Tuples(texts, tuple(taken)),
        False,
        b"texts" + repr(tuple(map(str, texts))).encode("utf-8", "surrogatepass"),
        tuple([name for at, name in enumerate(names) if at not in taken]),
    )


def _converted(document: Document, to_model: Callable[[list[Any]], Any] | None) -> Document:
    """Return a document whose inputs go through the user's own function, where there is one."""
    if to_model is None or document.build is None:
        return document
    return replace(document, build=Through(to_model, document.build))


def _texts_among(values: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Return the columns that hold texts, where nobody said which.

    One string is the text. Of several, one of a single word may as well be a category, a code or a date, of which an
    empty string is none: whoever owns the table knows.
    """
    strings = tuple(name for name, value in values.items() if isinstance(value, str))
    doubtful = [name for name in strings if len(values[name].split()) == 1]
    if len(strings) > 1 and doubtful:
        asked = ", ".join(repr(str(name)) for name in strings)
        raise InputError(
            f"instance: expected to be told which of several strings are texts, got {asked}, of which "
            f"{str(doubtful[0])!r} holds {values[doubtful[0]]!r:.30}; name the texts, such as "
            f"Text(fields=[{_longest(strings, values)!r}]). The others are then held as they are."
        )
    return strings


def _longest(names: Sequence[Any], values: Mapping[Any, Any]) -> str:
    return str(max(names, key=lambda name: len(values[name])))


def separate_documents(many: Any) -> Iterable[Any]:
    """Return an iterable of documents.

    Raises
    ------
    InputError
        If it is a single document, or cannot be iterated.
    """
    if is_chat(many):
        raise InputError("instances: expected many chats, got one; call explain(), or pass [messages].")
    if isinstance(many, str | bytes | Mapping) or not (isinstance(many, Iterable) or hasattr(many, "__getitem__")):
        raise InputError(
            f"instances: expected many texts, got {type(many).__name__}; put a single one in a list, or call explain()."
        )
    if isinstance(many, np.ndarray):
        return many.tolist() if many.ndim == 1 else many
    from narwhals import dependencies

    if dependencies.is_into_dataframe(many):
        return _rows(many)
    return _values(many) if dependencies.is_into_series(many) else many


def describe_callable(option: Any) -> Any:
    """Return an option as JSON: strings, numbers and lists as they are, anything else by its name."""
    if option is None or isinstance(option, str):
        return option
    if hasattr(option, "pattern"):
        return option.pattern
    if isinstance(option, Mapping):
        return {str(name): describe_callable(value) for name, value in option.items()}
    if callable(option) or hasattr(option, "encode"):
        return f"{type(option).__module__}.{getattr(option, '__qualname__', type(option).__qualname__)}"
    return [[int(end) for end in span] for span in option]


def _one_row(instance: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return a dict or a frame of one row, and its values by name."""
    if isinstance(instance, Mapping):
        return dict(instance), instance
    import narwhals as nw
    from narwhals import dependencies

    if dependencies.is_pandas_series(instance):
        if len(instance) == 1 and not isinstance(instance.index[0], str):  # no row, whose labels are columns
            raise InputError("instance: expected a text, got a Series of one; pass the text itself, series.iloc[0].")
        instance = instance.to_frame().T.infer_objects()
    if not dependencies.is_into_dataframe(instance):
        raise InputError(
            f"instance: expected a string, a dict or one row of a frame, got {_kind(instance)}; {_remedy(instance)}."
        )
    frame = nw.from_native(instance, eager_only=True)
    if len(frame) != 1:
        raise InputError(f"instance: expected one row, got {len(frame)}; call explain_many for many.")
    return instance, frame.rows(named=True)[0]


def _remedy(instance: Any) -> str:
    if isinstance(instance, bytes):
        return "decode it, instance.decode()"
    if isinstance(instance, list) and len(instance) == 2 and all(isinstance(text, str) for text in instance):
        return "where they are one input of two texts, pass a tuple; for many texts call explain_many"
    if isinstance(instance, (list, tuple, np.ndarray)):
        return "pass one text, instance[0]; for many call explain_many"
    return "drop missing texts, or replace them by ''"


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"{type(value).__name__} {value!r:.20}"


def _rows(frame: Any) -> Iterator[Any]:
    import narwhals as nw

    wrapped = nw.from_native(frame, eager_only=True)
    return (wrapped[number : number + 1].to_native() for number in range(len(wrapped)))


def _values(series: Any) -> list[Any]:
    import narwhals as nw

    return list(nw.from_native(series, series_only=True).to_list())
