"""The files beside the sets that other tools read: so far what LLaMA-Factory must know of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from corpus.build.formats import llama_factory
from corpus.build.manifest import BuiltSet, OutputFile
from corpus.build.recipe import Recipe

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def write(directory: Path, form: str | None, recipes: Mapping[str, Recipe], sets: Sequence[BuiltSet]) -> tuple[OutputFile, ...]:
    """Write them into ``directory``; what the manifest says of each. ``form`` is the format that was asked for."""
    return tuple(_put(directory, name, data) for name, data in _files(form, recipes, sets))


def _files(form: str | None, recipes: Mapping[str, Recipe], sets: Sequence[BuiltSet]) -> Iterator[tuple[str, bytes]]:
    if form == llama_factory.NAME:
        told = {
            llama_factory.dataset(file.path): llama_factory.describe(recipes[built.recipe].row_type, file.path)
            for built in sets
            for file in built.files
        }
        yield llama_factory.INFO, orjson.dumps(told, option=_PRETTY)


def _put(directory: Path, name: str, data: bytes) -> OutputFile:
    (directory / name).write_bytes(data)
    return OutputFile(path=name, rows=0, size=len(data), sha256=hashlib.sha256(data).hexdigest())
