"""What a row is: typed columns, the provenance that every row carries, and its line of JSON."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal, get_type_hints

import orjson

from corpus.record import Message, Record


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """What is called: ``arguments`` as the object that chat templates print."""

    name: str
    arguments: dict[str, object]


@dataclasses.dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of an assistant's message."""

    id: str
    function: Function
    type: str = "function"


@dataclasses.dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a session shows it: its name, and each argument it was called with and that argument's JSON type."""

    name: str
    arguments: tuple[tuple[str, str], ...]

    def schema(self) -> dict[str, object]:
        """The JSON Schema that chat templates take (transformers, "Tool use")."""
        properties = {name: {"type": kind} for name, kind in self.arguments}
        return {
            "type": "function",
            "function": {"name": self.name, "description": "", "parameters": {"type": "object", "properties": properties}},
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """One message, as chat templates take it; what it has not is left out of a row."""

    role: str
    content: str
    reasoning_content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    name: str | None = None
    tool_call_id: str | None = None

    @property
    def size(self) -> int:
        """Characters of it, arguments and reasoning too."""
        calls = sum(len(orjson.dumps(call.function.arguments)) for call in self.tool_calls)
        return len(self.content) + len(self.reasoning_content or "") + calls

    def message(self) -> dict[str, object]:
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None and value != ()}


Turns = tuple[Turn, ...]
Tools = tuple[Tool, ...]


def turns(messages: list[Message], answered: str = "") -> Turns:
    """Chat turns as templates print them. Calls get ids from ``answered``, what they stand in, and tool turns those that are open."""
    found: list[Turn] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            found.append(Turn("tool", message.content, name=message.name, tool_call_id=waiting.pop(0) if waiting else None))
            continue
        waiting = [f"call-{answered}{len(found)}-{at}" for at in range(len(message.calls))]
        calls = [
            ToolCall(ident, Function(call.name, arguments_of(call.arguments))) for ident, call in zip(waiting, message.calls, strict=True)
        ]
        found.append(Turn(message.role, message.content, tool_calls=tuple(calls), name=message.name))
    return tuple(found)


_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def arguments_of(text: str | None) -> dict[str, object]:
    """A call's input as an object, which is what chat templates print; a tool that takes plain text gets it as ``input``."""
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        value = text
    return value if isinstance(value, dict) else {"input": value}


def type_of(value: object) -> str:
    """The JSON type of a value."""
    return _TYPES.get(type(value), "null")


def tools_of(*sides: Turns) -> Tools | None:
    """The tools that are called in ``sides``, with the arguments they were called with."""
    seen: dict[str, dict[str, str]] = {}
    for call in (call for side in sides for turn in side for call in turn.tool_calls):
        known = seen.setdefault(call.function.name, {})
        for name, value in call.function.arguments.items():
            known.setdefault(name, type_of(value))
    return tuple(Tool(name, tuple(sorted(known.items()))) for name, known in sorted(seen.items())) or None


def instant(created: str) -> str:
    """A header's time with milliseconds, as Dolma writes times.

    Arrow's JSON reader takes ``...:00Z`` for a timestamp and hands it back in another form; with a fraction it stays the string it is.
    """
    return f"{created.removesuffix('Z')}.000Z"


@dataclasses.dataclass(frozen=True, slots=True)
class Provenance:
    """Where a row comes from: the record's key and id and its twelve header fields, as strings; what is null there is ``""`` here."""

    key: str
    id: str
    tuple_type: str
    tenant: str
    moduleId: str  # noqa: N815 - the header's own spelling
    cluster: str
    role: str
    scope: str
    evidence_class: str
    redaction_class: str
    doctrine_version: str
    source_commit: str
    session_id: str
    created: str

    @classmethod
    def of(cls, record: Record) -> Provenance:
        header = record.header.model_dump(mode="json") | {"created": instant(record.header.created)}
        return cls(key=record.key, id=record.id, **{name: value or "" for name, value in header.items()})


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """The base of every row type. A field ``provenance`` is spread into columns of its own when the row is written."""

    SPREAD: ClassVar[str] = "provenance"

    def taught(self) -> tuple[str | Turns, ...]:
        """What a trainer learns from this row; rows that teach the same are duplicates."""
        raise NotImplementedError

    def made_by(self) -> dict[str, str]:
        """The agent and the model that made it, where the row has such columns; ``""`` where that is not known."""
        return {name: getattr(self, name) for name in ("agent", "model") if hasattr(self, name)}

    def columns(self) -> dict[str, object]:
        """The row as plain values, ready for JSON, in the order of :func:`columns`."""
        flat: dict[str, object] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                flat[field.name] = [each.schema() if isinstance(each, Tool) else each.message() for each in value]
            elif field.name == self.SPREAD:
                flat |= dataclasses.asdict(value)
            else:
                flat[field.name] = dataclasses.asdict(value) if isinstance(value, Provenance) else value
        return flat

    def line(self) -> bytes:
        """The row as one line of JSON, newline included."""
        return orjson.dumps(self.columns(), option=orjson.OPT_APPEND_NEWLINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a set.

    ``kind`` is ``string``; ``bool``; ``json``, a value of any shape; or ``messages``, a list of such values. Each message so keeps its own
    keys: a table would give every message every key, and chat templates ask which are there. ``parts`` are the names inside a
    structure of strings.
    """

    name: str
    kind: Literal["string", "bool", "json", "messages"] = "string"
    parts: tuple[str, ...] = ()


def columns(row_type: type[Row]) -> tuple[Column, ...]:
    """The columns that :meth:`Row.columns` fills, read from the row type itself so that card and rows cannot disagree."""
    hints = get_type_hints(row_type)
    found: list[Column] = []
    for field in dataclasses.fields(row_type):
        if field.name == row_type.SPREAD:
            found += [Column(part.name) for part in dataclasses.fields(Provenance)]
        elif hints[field.name] is Provenance:
            found.append(Column(field.name, parts=tuple(part.name for part in dataclasses.fields(Provenance))))
        elif hints[field.name] == Turns:
            found.append(Column(field.name, "messages"))
        elif hints[field.name] is bool:
            found.append(Column(field.name, "bool"))
        elif hints[field.name] == Tools | None:
            found.append(Column(field.name, "json"))
        else:
            found.append(Column(field.name))
    return tuple(found)
