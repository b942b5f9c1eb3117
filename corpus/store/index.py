"""A pack's index: one Parquet file of header columns and places, written once and read by columns."""

from __future__ import annotations

import hashlib
import io
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from corpus.errors import Broken, Refused
from corpus.store.directory import Directory
from corpus.store.packlist import Listed, index_name
from corpus.store.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

COLUMNS = Row._fields
_INTEGERS = {
    "revision": "int64",
    "events": "int64",
    "created_us": "int64",
    "size": "int64",
    "frame_offset": "int64",
    "frame_size": "int64",
    "frame_content": "int64",
    "offset": "int64",
}
ROW_BYTES = 4096
"""Bytes that no row exceeds: names of at most 63, hashes and numbers."""
ROOM = 1 << 20
"""And bytes of the file's own."""
_AT_ONCE = 8192
_ROW_GROUP = 1 << 16
_TENANT = b"tenant"
_LIMITS = {"thrift_string_size_limit": 1 << 24, "thrift_container_size_limit": 1 << 20}
"""What a file may claim of its own description."""


def schema(tenant: str) -> pa.Schema:
    """The schema of every index of ``tenant``; batches of a selection have the columns of it that were asked for."""
    import pyarrow as pa

    columns = [(name, pa.type_for_alias(_INTEGERS.get(name, "string"))) for name in COLUMNS]
    return pa.schema(columns, metadata={_TENANT: tenant.encode()})


def table_of(tenant: str, rows: Sequence[Row]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    kinds = schema(tenant)
    return pa.table([_column(column, kind.name) for column, kind in zip(columns, kinds, strict=True)], schema=kinds)


def _column(values: Sequence[Any], name: str) -> pa.Array:
    """What ``pa.array`` makes of them, which would import pandas where that is installed: a quarter of a second a process."""
    import pyarrow as pa

    if name in _INTEGERS:
        held = pa.allocate_buffer(8 * len(values))
        memoryview(held).cast("B")[:] = memoryview(array("q", values)).cast("B")
        return pa.Array.from_buffers(pa.int64(), len(values), [None, held])
    return texts(values)


def texts(values: Iterable[str | None]) -> pa.Array:
    """An Arrow array of texts, as :func:`_column` makes it."""
    import pyarrow as pa

    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def index_bytes(tenant: str, rows: Sequence[Row]) -> bytes:
    """The Parquet file of ``rows``."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table_of(tenant, rows), out, compression="zstd", row_group_size=_ROW_GROUP)
    return out.getvalue()


def read_index(packs: Directory, listed: Listed, tenant: str, columns: Sequence[str] = COLUMNS) -> pa.Table:
    """The named columns of a pack's index, a row a record, in the order of its lines. Raises as :func:`batches_of`, and
    ``FileNotFoundError`` where there is none."""
    import pyarrow as pa

    name = index_name(listed.pack)
    where = packs.path / name
    with open(packs.open_file(name), "rb") as stream:
        file = _file(_whole(stream, listed, where), where, listed, tenant)
        try:
            return file.read(columns=list(columns), use_threads=False).select(list(columns))
        except (pa.ArrowException, OSError) as error:
            raise broken(where) from error


def batches_of(
    stream: BinaryIO, where: Path, listed: Listed, tenant: str, columns: list[str], asked: pc.Expression | None
) -> Iterator[pa.RecordBatch]:
    """Columns of the rows of an index that meet ``asked``, in the order of its lines; ``stream`` may be closed once there is a first.

    Raises :class:`Refused` for another tenant's, :class:`Broken` for what is no index of ``listed``. Without ``asked`` it takes a third of
    the memory, since what evaluates an expression is not imported.
    """
    import pyarrow as pa

    held = _whole(stream, listed, where)
    file = _file(held, where, listed, tenant)
    if asked is None:
        try:
            yield from (batch.select(columns) for batch in file.iter_batches(_AT_ONCE, columns=columns, use_threads=False))
        except (pa.ArrowException, OSError) as error:
            raise broken(where) from error
        return
    import pyarrow.dataset as ds

    limits = ds.ParquetFragmentScanOptions(**_LIMITS)
    fragment = ds.ParquetFileFormat(default_fragment_scan_options=limits).make_fragment(held)
    yield from fragment.to_batches(columns=columns, filter=asked, use_threads=False, batch_readahead=1)


def batches_meeting(table: pa.Table, asked: pc.Expression | None) -> Iterator[pa.RecordBatch]:
    """The rows of ``table`` that meet ``asked``."""
    if asked is None:
        return iter(table.to_batches(max_chunksize=_AT_ONCE))
    import pyarrow.dataset as ds

    return iter(ds.dataset(table).to_batches(filter=asked, use_threads=False))


def _file(held: pa.Buffer, where: Path, listed: Listed, tenant: str) -> pq.ParquetFile:
    """An index, looked at before anything of it is unpacked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(held, pre_buffer=False, **_LIMITS)
        kinds = file.schema_arrow
        owner = (kinds.metadata or {}).get(_TENANT, b"").decode("utf-8", "replace")
        if owner and owner != tenant:
            raise Refused(f"{where} is the index of tenant {owner[:63]!r}, not {tenant!r}: nothing of it was read")
        # Everything is known to be of the size that the list says before it is unpacked.
        if owner != tenant or not kinds.equals(schema(tenant)) or file.metadata.num_rows != listed.records:
            raise broken(where)
        if _unpacked(file.metadata) > listed.records * ROW_BYTES + ROOM:
            raise broken(where)
    except (pa.ArrowException, ValueError, OSError, MemoryError) as error:
        raise broken(where) from error
    return file


def _whole(stream: BinaryIO, listed: Listed, where: Path) -> pa.Buffer:
    """An index's bytes, in memory of Arrow's own.

    Its threads read ahead, and one may let go of what it read when the interpreter is already gone: were that an object of Python's, the
    process would be aborted at its end, its work done. Raises :class:`Broken` for a file that is larger than any such index, or not the one
    that the list names.
    """
    import pyarrow as pa

    size = os.fstat(stream.fileno()).st_size
    if size > listed.records * ROW_BYTES + ROOM:
        raise broken(where)
    held = pa.allocate_buffer(size)
    if stream.readinto(memoryview(held)) != size:  # type: ignore[attr-defined]
        raise broken(where)
    if hashlib.sha256(memoryview(held)).hexdigest() != listed.index:  # a page that was changed may well unfold, to another selection
        raise broken(where)
    return held


def _unpacked(metadata: pq.FileMetaData) -> int:
    """Bytes that an index says it unfolds to."""
    return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))


def broken(where: Path) -> Broken:
    return Broken(f"{where} is not the index of its pack: run 'corpus verify --repair'")


def rows_of(table: pa.Table) -> Iterator[Row]:
    """The rows of a whole index. Raises ``TypeError`` for a null where a record has a value."""
    for batch in table.to_batches(max_chunksize=_AT_ONCE):
        yield from map(Row._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))
