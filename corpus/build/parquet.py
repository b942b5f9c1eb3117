"""Parquet: rows that wait as columns to row groups.

Every option that a writer could choose by itself is chosen here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from corpus.build.files import LEVEL, Span
from corpus.build.row import Column
from corpus.build.sheets import kind_of, taken

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_BYTES = 8 << 20
"""A row group is full once its rows are so many bytes as JSON: what is held in memory."""


class Parquet:
    """Columns of JSON have Arrow's type for it (``arrow.json``), which ``datasets`` reads as values; other readers see text."""

    def __init__(self, file: BinaryIO, columns: tuple[Column, ...]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        class LetGo(pq.ParquetWriter):  # type: ignore[misc]
            def __del__(self) -> None:
                """Nothing: the library's finishes the file, and where that is closed it says so on standard error."""

        self._schema = pa.schema([pa.field(column.name, kind_of(column, pa.json_())) for column in columns])
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
        self._waiting: list[pa.Table] = []
        self._size = 0

    def take(self, waiting: Path, spans: list[Span]) -> int:
        rows = 0
        for table, sizes in taken(waiting, spans):
            start = 0
            for stop, size in enumerate(sizes, 1):
                self._size += size
                if self._size >= GROUP_BYTES:
                    self._waiting.append(table.slice(start, stop - start))
                    self._flush()
                    start = stop
            if start < len(sizes):
                self._waiting.append(table.slice(start))
            rows += len(sizes)
        return rows

    def _flush(self) -> None:
        import pyarrow as pa

        # One chunk a column: where pages end depends on chunks too.
        group = pa.concat_tables(self._waiting).combine_chunks().cast(self._schema)
        self._file.write_table(group, row_group_size=len(group))
        self._waiting, self._size = [], 0

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._file.close()
