"""One row of a file that a build wrote, found by its number: what it says of the record behind it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from corpus.build.files import FileType
from corpus.errors import Broken

_TOLD = ("key", "id", "events", "alias", "alias_id", "reason", "metadata")


@dataclass(frozen=True, slots=True)
class Told:
    """The record as the row names it, ``""`` where its format has no column for that. ``events`` are the first and last of a reply's,
    ``reason`` why it is no row of a set."""

    key: str = ""
    id: str = ""
    events: str = ""
    reason: str = ""


def row_of(path: Path, number: int) -> Told:
    """Row ``number``, from 1, of a file in one of :class:`FileType`. Raises :class:`Broken` where it cannot be read there."""
    with _whole(path):
        values = (
            _of_table(path, number) if path.suffix == f".{FileType.PARQUET}" else orjson.loads(next(islice(_lines(path), number - 1, None)))
        )
        return _told(values)


def rows_about(path: Path, key: str) -> Iterator[tuple[int, Told, str]]:
    """Of a file of JSON lines about what was left out: each that is about the record ``key``, with its number from 1 and its ``detail``
    (of an alias the key of the record whose row stays). Raises :class:`Broken` as :func:`row_of`."""
    with _whole(path):
        for number, line in enumerate(_lines(path), 1):
            if key.encode() in line:  # before it is parsed: a file may hold a million
                values = orjson.loads(line)
                told = _told(values)
                if told.key == key:
                    yield number, told, values["key"] if "alias" in values else values["detail"]


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """What a file that is not as it was written raises, as :class:`Broken`."""
    try:
        yield
    except FileNotFoundError:
        raise Broken(f"{path} is not there, and the build's manifest names it") from None
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:  # not JSON, no such row, other columns
        raise Broken(f"{path} cannot be read: it is not the file that the build wrote") from error


def _told(values: Mapping[str, object]) -> Told:
    told = {**values, **cast("dict[str, object]", values.get("metadata") or {})}  # a document's own id is not the record's
    if "alias" in told:
        told |= {"key": told["alias"], "id": told["alias_id"]}
    return Told(*(str(told.get(name, "")) for name in ("key", "id", "events", "reason")))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file if path.suffix != ".zst" else _unfolded(file)


def _unfolded(file: BinaryIO) -> Iterator[bytes]:
    import zstandard

    try:
        yield from io.BufferedReader(cast("io.RawIOBase", zstandard.ZstdDecompressor().stream_reader(file)), 1 << 20)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _of_table(path: Path, number: int) -> Mapping[str, object]:
    """The row's row group is read, and of its columns those that say what is behind a row."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if name in _TOLD]
        before = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if number <= before + rows:
                (row,) = file.read_row_group(group, columns=columns).slice(number - before - 1, 1).to_pylist() if columns else [{}]
                return cast("Mapping[str, object]", row)
            before += rows
    raise ValueError("no such row")
