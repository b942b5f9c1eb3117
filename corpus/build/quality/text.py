"""The texts of a row: all of them, and those that are learned."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from corpus.build.row import Row
from corpus.build.shape import Document, Preference
from corpus.build.turn import Turns


def learned(row: Row) -> str:
    """What a trainer learns to say from ``row``: a document, a completion, both sides of a preference; no prompt."""
    shape = row.shape()
    if isinstance(shape, Document):
        return shape.text
    sides = (shape.chosen, shape.rejected) if isinstance(shape, Preference) else (shape.completion,)
    return "\n\n".join(text for side in sides for text in said(side))


def everything(row: Row) -> str:
    """All that a trainer shows a model of ``row``."""
    shape = row.shape()
    if isinstance(shape, Document):
        return shape.text
    return "\n\n".join([*said(shape.prompt), learned(row)])


def length(row: Row) -> int:
    """Characters of all that :func:`everything` has, without putting it together."""
    shape = row.shape()
    if isinstance(shape, Document):
        return len(shape.text)
    sides = (shape.chosen, shape.rejected) if isinstance(shape, Preference) else (shape.completion,)
    return sum(turn.size for side in (shape.prompt, *sides) for turn in side)


def talks(row: Row) -> list[Turns]:
    """Each conversation that a trainer renders of ``row``, whole; none of a document."""
    shape = row.shape()
    if isinstance(shape, Document):
        return []
    if isinstance(shape, Preference):
        return [(*shape.prompt, *shape.chosen), (*shape.prompt, *shape.rejected)]
    return [(*shape.prompt, *shape.completion)]


def tools(row: Row) -> list[dict[str, object]] | None:
    """The JSON Schemas of its tools."""
    shape = row.shape()
    if isinstance(shape, Document) or shape.tools is None:
        return None
    return [tool.schema() for tool in shape.tools]


def said(turns: Turns) -> Iterator[str]:
    """What is in the turns, calls as text."""
    for turn in turns:
        if turn.reasoning_content:
            yield turn.reasoning_content
        yield turn.content
        for call in turn.tool_calls:
            yield f"{call.function.name} {orjson.dumps(call.function.arguments).decode()}"
