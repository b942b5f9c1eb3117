"""The types of OpenAI's own package held against built sets: every key and value of a line is one that they know; no network.

A program of its own, for a Python that has openai: ``python openai_checks.py JOBS TOLD`` reads a JSON list of ``{"file"}``, each of JSON
lines, and writes of each file what is wrong in it, or nothing. ``weight`` is what the package's types lack: its API reference ("Supervised
method") has it for assistants' messages alone, 0 or 1.
"""

from __future__ import annotations

import json
import sys
import typing
from pathlib import Path

import typing_extensions


def main(jobs, told):
    Path(told).write_text(json.dumps([run(**job) for job in json.loads(Path(jobs).read_text())]), encoding="utf-8")


def run(file):
    from openai.types import chat
    from pydantic import TypeAdapter, ValidationError

    close(chat.ChatCompletionMessageParam, set())
    close(chat.ChatCompletionToolParam, set())
    messages, tools = TypeAdapter(list[chat.ChatCompletionMessageParam]), TypeAdapter(list[chat.ChatCompletionToolParam])
    wrong = []
    for number, line in enumerate(Path(file).read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        asked = row.get("input", row)
        weights = [message.pop("weight", None) for message in asked["messages"]]
        sides = [asked["messages"], *(row[side] for side in ("preferred_output", "non_preferred_output") if side in row)]
        try:
            for side in sides:
                whole(messages.validate_python(side))
            whole(tools.validate_python(asked.get("tools", [])))
        except ValidationError as error:
            wrong.append(f"{number}: {error}")
        wrong += [f"{number}: {each}" for each in rules(row, asked, weights)]
    return wrong


def close(kind, seen):
    """No key beside its own in any dict that ``kind`` holds."""
    if typing_extensions.is_typeddict(kind) and kind not in seen:
        seen.add(kind)
        kind.__pydantic_config__ = {"extra": "forbid"}
        for each in typing_extensions.get_type_hints(kind).values():
            close(each, seen)
    for each in typing.get_args(kind):
        close(each, seen)


def whole(value):
    """Look at all of it: pydantic checks what is only said to be iterable when it is iterated."""
    if isinstance(value, dict):
        value = value.values()
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        for each in value:
            whole(each)


def rules(row, asked, weights):
    """What no type says."""
    if "input" in row:
        if set(row) != {"input", "preferred_output", "non_preferred_output"} or set(asked) - {"messages", "tools"}:
            yield "keys of its own"
        if any([said["role"] for said in row[side]] != ["assistant"] for side in ("preferred_output", "non_preferred_output")):
            yield "an answer that is not one message of the assistant"
        if asked["messages"][-1]["role"] == "assistant":
            yield "an input that is answered already"
    else:
        if set(row) - {"messages", "tools", "parallel_tool_calls"}:
            yield "keys of its own"
        if asked["messages"][-1]["role"] != "assistant" or weights[-1] != 1:
            yield "a conversation whose end is not learned"
    for message, weight in zip(asked["messages"], weights, strict=True):
        if weight not in (None, 0, 1) or (weight is not None and message["role"] != "assistant"):
            yield f"weight {weight} of a message of {message['role']}"
    if asked.get("tools") == []:
        yield "an empty list of tools"
    waiting = set()
    for message in asked["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield "an answer to no call"
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            yield "a call without an answer"
        waiting = {call["id"] for call in message.get("tool_calls", [])}


if __name__ == "__main__":
    main(*sys.argv[1:])
