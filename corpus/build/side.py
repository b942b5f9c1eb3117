"""The files beside the sets: pictures for the card, Croissant metadata, and what LLaMA-Factory must know of each set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from corpus.build import charts, croissant
from corpus.build.formats import Layout, llama_factory
from corpus.build.manifest import BuiltSet, OutputFile, Query
from corpus.build.recipe import Recipe

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def write(
    directory: Path, query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]
) -> tuple[OutputFile, ...]:
    """Write them into ``directory``; what the manifest says of each."""
    return tuple(_put(directory, name, data) for name, data in _files(query, recipes, layouts, sets))


def pictures(built: BuiltSet) -> dict[str, str]:
    """The pictures of a set, by their paths in the build: SVG."""
    if not built.rows:
        return {}
    unit = "characters" if built.tokens is None else "tokens"
    lengths = [(f"{least}+", count) for least, count in built.lengths.items()]
    return {
        f"charts/{built.recipe}-length.svg": charts.histogram(f"{built.recipe}: rows by length, in {unit}", lengths),
        f"charts/{built.recipe}-month.svg": charts.histogram(f"{built.recipe}: rows by month of the work", list(built.months.items())),
    }


def _files(
    query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]
) -> Iterator[tuple[str, bytes]]:
    for built in sets:
        yield from ((name, picture.encode()) for name, picture in pictures(built).items())
    yield croissant.NAME, croissant.render(query, recipes, layouts, sets)
    if query.options.format == llama_factory.NAME:
        told = {
            llama_factory.dataset(file.path): llama_factory.describe(recipes[built.recipe].row_type, file.path)
            for built in sets
            for file in built.files
        }
        yield llama_factory.INFO, orjson.dumps(told, option=_PRETTY)


def _put(directory: Path, name: str, data: bytes) -> OutputFile:
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_bytes(data)
    return OutputFile(path=name, rows=0, size=len(data), sha256=hashlib.sha256(data).hexdigest())
