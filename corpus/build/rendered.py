"""A row as a trainer shows it to a model: through the tokenizer's own template, what is only read apart from what is learned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.build.quality.template import Template, Unrenderable
from corpus.build.quality.text import said, tools
from corpus.build.quality.tokenizer import UserTokenizer
from corpus.build.row import Row
from corpus.build.shape import Answer, Document, Preference, Verdict
from corpus.build.turn import Turns

OTHERWISE = "the template prints the prompt otherwise once an answer follows: a trainer that cuts where the prompt ends learns another part"


@dataclass(frozen=True, slots=True)
class Side:
    """One text that a model sees: ``read`` and then ``learned``. ``name`` says which side of a preference it is, or what a verdict was.

    ``note`` is :data:`OTHERWISE` where the text does not begin with the prompt: all of it is then in ``learned``."""

    name: str
    read: str
    learned: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A row's sides and its tokens; or, in ``refused``, what the template says of it."""

    key: str
    sides: tuple[Side, ...]
    tokens: int
    refused: str = ""


def render(rows: list[Row], tokenizer_at: Path) -> list[Rendered]:
    """Each row as the tokenizer at this place has it. Raises :class:`corpus.errors.BadInput` for one that does not load."""
    tokenizer = UserTokenizer(tokenizer_at)
    return [_render(row, tokenizer) for row in rows]


def _render(row: Row, tokenizer: UserTokenizer) -> Rendered:
    try:
        return Rendered(row.where().key, _sides(row, tokenizer.template), tokenizer.count(row))
    except Unrenderable as error:
        return Rendered(row.where().key, (), 0, str(error))


def _sides(row: Row, template: Template | None) -> tuple[Side, ...]:
    shape = row.shape()
    if isinstance(shape, Document):
        return (Side("", "", shape.text),)
    named = _answers(shape)
    if template is None:
        return tuple(Side(name, "\n\n".join(said(shape.prompt)), "\n\n".join(said(answer))) for name, answer in named)
    day, schemas = row.where().created, tools(row)
    read = template.render(shape.prompt, schemas, day, prompt=True)
    whole = [(name, template.render((*shape.prompt, *answer), schemas, day)) for name, answer in named]
    return tuple(
        Side(name, read, text.removeprefix(read)) if text.startswith(read) else Side(name, "", text, OTHERWISE) for name, text in whole
    )


def _answers(shape: Answer | Preference | Verdict) -> list[tuple[str, Turns]]:
    if isinstance(shape, Preference):
        return [("chosen", shape.chosen), ("rejected", shape.rejected)]
    if isinstance(shape, Verdict):
        return [("good" if shape.label else "not good", shape.completion)]
    return [("", shape.completion)]
