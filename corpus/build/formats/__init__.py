"""The registry above the formats: by name, what lays out the rows of a recipe for one consumer."""

from __future__ import annotations

from collections.abc import Callable

from corpus.build.files import FileType
from corpus.build.formats import axolotl, llama_factory, openai, plain
from corpus.build.formats.layout import Layout
from corpus.build.recipe import Recipe
from corpus.build.row import Row
from corpus.build.shape import Document
from corpus.errors import BadInput

FORMATS: dict[str, Callable[[type[Row]], Layout | None]] = {
    "trl": plain.trl,
    "openai": openai.layout,
    "axolotl": axolotl.layout,
    "llama-factory": llama_factory.layout,
    "dolma": plain.dolma,
}

__all__ = ["FORMATS", "Layout", "layout"]


def layout(recipe: Recipe, name: str | None = None, file_type: FileType = FileType.JSONL, *, counted: bool = False) -> Layout:
    """How format ``name`` lays out a recipe's rows; without a name ``dolma`` for documents and ``trl`` for all else.

    Raises :class:`BadInput` for a name that is no format, and where the format has no form for such rows or its trainer reads no such
    files. ``counted``: with a column of token counts, where the format takes one.
    """
    if name is None:
        name = "dolma" if recipe.row_type.SHAPE is Document else "trl"
    if name not in FORMATS:
        raise BadInput(f"no format {name[:80]!r}: use one of {', '.join(FORMATS)}")
    if name == llama_factory.NAME and file_type is FileType.JSONL_ZST:
        raise BadInput(f"{name} reads no compressed lines: use --file-type jsonl or parquet")
    found = FORMATS[name](recipe.row_type)
    if found is None:
        able = [other for other, make in FORMATS.items() if make(recipe.row_type) is not None]
        raise BadInput(f"format {name!r} has no form for rows of {recipe.name!r}: use {' or '.join(able)}, or build that recipe by itself")
    return found.with_tokens() if counted and name != openai.NAME else found
