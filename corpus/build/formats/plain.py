"""``trl`` and ``dolma``: the rows of a recipe as they are, and documents for trainers of plain text.

TRL's page "Dataset formats": conversational prompt-completion, preference with an explicit prompt, unpaired preference, and ``text`` for
language modelling. Dolma's ``docs/data-format.md``: ``id``, ``text``, ``source``, ``added``, ``created``, ``metadata``.
"""

from __future__ import annotations

from corpus.build.formats.layout import Layout, Values, flat
from corpus.build.row import Column, Row, columns
from corpus.build.shape import Document, Shape


def trl(row_type: type[Row]) -> Layout | None:
    if row_type.SHAPE is Document:
        return flat("trl", row_type, (Column("text"),), _text)
    return Layout("trl", columns(row_type), Row.columns)


def dolma(row_type: type[Row]) -> Layout | None:
    return Layout("dolma", columns(row_type), Row.columns) if row_type.SHAPE is Document else None


def _text(shape: Shape) -> Values | None:
    return {"text": shape.text} if isinstance(shape, Document) else None
