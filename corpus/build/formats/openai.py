"""``openai``: chat rows and preferences as OpenAI's fine-tuning reads them, and nothing else in a line.

Facts from its API reference ("Supervised method", "Preference method", and the guide to direct preference optimization): a line is
``{messages, tools, parallel_tool_calls}``, each assistant message may have a ``weight`` of 0 or 1, a call's arguments are JSON text; "an
assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'", the API says of others; a
preference is ``{input: {messages, tools}, preferred_output, non_preferred_output}``, each output one assistant message. It knows no
reasoning, which is left out, and no key of ours: a file with others may be turned down, so where a row comes from stands in
``manifest.json`` alone, whose members are in the order of the rows.
"""

from __future__ import annotations

import orjson

from corpus.build.formats.layout import Layout, Values
from corpus.build.reasons import Reason
from corpus.build.row import Column, Row
from corpus.build.shape import Answer, Preference
from corpus.build.turn import Tools, Turn, Turns

NAME = "openai"


def layout(row_type: type[Row]) -> Layout | None:
    if row_type.SHAPE is Answer:
        return Layout(NAME, (Column("messages", "messages"), Column("tools", "json")), _chat)
    if row_type.SHAPE is Preference:
        sides = (Column("preferred_output", "messages"), Column("non_preferred_output", "messages"))
        return Layout(NAME, (Column("input", "json"), *sides), _preference)
    return None


def _chat(row: Row) -> Values | Reason:
    shape = row.shape()
    if not isinstance(shape, Answer) or not _answered(shape.prompt):
        return Reason.NO_FORM
    told = [_message(turn, 0) for turn in shape.prompt] + [_message(turn, 1) for turn in shape.completion]
    return {"messages": told, **_tools(shape.tools)}


def _preference(row: Row) -> Values | Reason:
    shape = row.shape()
    if not isinstance(shape, Preference) or len(shape.chosen) != 1 or len(shape.rejected) != 1 or not _answered(shape.prompt):
        return Reason.NO_FORM
    asked = [_message(turn, None) for turn in shape.prompt]
    return {
        "input": {"messages": asked, **_tools(shape.tools)},
        "preferred_output": [_message(turn, None) for turn in shape.chosen],
        "non_preferred_output": [_message(turn, None) for turn in shape.rejected],
    }


def _answered(prompt: Turns) -> bool:
    """Whether each call is answered by the tool turns right after it, and each of those answers a call: other messages are turned down."""
    open_calls: list[str] = []
    for turn in prompt:
        if turn.role != "tool":
            if open_calls:
                return False
            open_calls = [call.id for call in turn.tool_calls]
        elif (turn.tool_call_id or "") in open_calls:
            open_calls.remove(turn.tool_call_id or "")
        else:
            return False
    return not open_calls


def _tools(tools: Tools | None) -> Values:
    """No key at all where there is no tool: an empty list is refused."""
    return {} if tools is None else {"tools": [tool.schema() for tool in tools]}


def _message(turn: Turn, weight: int | None) -> Values:
    said: Values = {"role": turn.role, "content": turn.content}
    if turn.tool_calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": call.type,
                "function": {"name": call.function.name, "arguments": orjson.dumps(call.function.arguments).decode()},
            }
            for call in turn.tool_calls
        ]
    if turn.role == "tool":
        said["tool_call_id"] = turn.tool_call_id or ""
    elif turn.name is not None:
        said["name"] = turn.name
    if weight is not None and turn.role == "assistant":
        said["weight"] = weight
    return said
