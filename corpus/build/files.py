"""The kinds of file a set is written in: JSON lines, the same in one Zstandard frame, and Parquet. Same rows, same bytes.

Every option that a writer could choose by itself is chosen here; the bytes depend besides on the versions of zstandard and pyarrow.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import orjson

from corpus.build.row import Column

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_BYTES = 128 << 20
LEVEL = 3
"""Of Zstandard, in both."""
GROUP_BYTES = 8 << 20
"""A row group of Parquet is full once its rows are so many bytes as JSON: what is held in memory."""

Values = dict[str, object]


class FileType(StrEnum):
    """How rows lie in files; the value is the file's ending."""

    JSONL = "jsonl"
    JSONL_ZST = "jsonl.zst"
    PARQUET = "parquet"


class Writer(Protocol):
    """Takes rows as whole lines of JSON, one or many at a time, and puts them into a file that is open for writing."""

    def write(self, lines: bytes) -> None: ...

    def close(self) -> None:
        """Put all that waits into the file, and what ends it; the file stays open."""


def writer(kind: FileType, file: BinaryIO, columns: tuple[Column, ...]) -> Writer:
    kinds: dict[FileType, Callable[[BinaryIO, tuple[Column, ...]], Writer]] = {
        FileType.JSONL: _Lines,
        FileType.JSONL_ZST: _Compressed,
        FileType.PARQUET: _Parquet,
    }
    return kinds[kind](file, columns)


class _Lines:
    def __init__(self, file: BinaryIO, columns: tuple[Column, ...]) -> None:
        self._file = file

    def write(self, lines: bytes) -> None:
        self._file.write(lines)

    def close(self) -> None:
        pass


class _Compressed:
    def __init__(self, file: BinaryIO, columns: tuple[Column, ...]) -> None:
        import zstandard

        self._frame = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, threads=0).stream_writer(file, closefd=False)

    def write(self, lines: bytes) -> None:
        self._frame.write(lines)

    def close(self) -> None:
        import zstandard

        self._frame.flush(zstandard.FLUSH_FRAME)


class _Parquet:
    """Columns of JSON have Arrow's type for it (``arrow.json``), which ``datasets`` reads as values; other readers see text."""

    def __init__(self, file: BinaryIO, columns: tuple[Column, ...]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        class LetGo(pq.ParquetWriter):  # type: ignore[misc]
            def __del__(self) -> None:
                """Nothing: the library's finishes the file, and where that is closed it says so on standard error."""

        self._columns = columns
        self._schema = pa.schema([pa.field(column.name, _type(column)) for column in columns])
        self._file = LetGo(
            file,
            self._schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=True,
            write_statistics=True,
            store_schema=True,
        )
        self._waiting: list[Values] = []
        self._size = 0

    def write(self, lines: bytes) -> None:
        for line in lines.split(b"\n")[:-1]:
            self._waiting.append(orjson.loads(line))
            self._size += len(line) + 1
            if self._size >= GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        arrays = [_array(column, [values.get(column.name) for values in self._waiting]) for column in self._columns]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=max(len(self._waiting), 1))
        self._waiting, self._size = [], 0

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._file.close()


def _type(column: Column) -> pa.DataType:
    import pyarrow as pa

    made: dict[str, Callable[[], Any]] = {
        "string": pa.string,
        "bool": pa.bool_,
        "int64": pa.int64,
        "json": pa.json_,
        "messages": lambda: pa.list_(pa.json_()),
        "struct": lambda: pa.struct([(part, pa.string()) for part in column.parts]),
        "structs": lambda: pa.list_(pa.struct([(part, pa.string()) for part in column.parts])),
    }
    return made[column.kind]()


def _array(column: Column, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    if column.kind == "json":
        return _json([None if value is None else orjson.dumps(value).decode() for value in values])
    if column.kind == "messages":
        ends = [0]
        for messages in values:
            ends.append(ends[-1] + len(messages))
        return pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()), _json([orjson.dumps(message).decode() for messages in values for message in messages])
        )
    return pa.array(values, _type(column))


def _json(texts: list[str | None] | list[str]) -> pa.Array:
    import pyarrow as pa

    kind = pa.json_()
    return pa.ExtensionArray.from_storage(kind, pa.array(texts, kind.storage_type))
