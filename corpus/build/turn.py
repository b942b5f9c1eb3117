"""Chat turns as templates print them: messages, the calls in them, and the tools that are called."""

from __future__ import annotations

import dataclasses

import orjson

from corpus.record import Message


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

    def plain(self) -> dict[str, object]:
        return {"id": self.id, "function": {"name": self.function.name, "arguments": self.function.arguments}, "type": self.type}


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
        """The message as plain values, only with the keys that it has."""
        found: dict[str, object] = {"role": self.role, "content": self.content}
        if self.reasoning_content is not None:
            found["reasoning_content"] = self.reasoning_content
        if self.tool_calls:
            found["tool_calls"] = [call.plain() for call in self.tool_calls]
        if self.name is not None:
            found["name"] = self.name
        if self.tool_call_id is not None:
            found["tool_call_id"] = self.tool_call_id
        return found


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
