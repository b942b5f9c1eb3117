"""Rows as columns of Arrow, as they wait for their shard of Parquet: what was made once is not read out of JSON again.

A file is an Arrow stream: the columns, those of JSON as text, and how many bytes each row's line of JSON has, which says where a shard and
a row group end.
"""

from __future__ import annotations

import contextlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from corpus.build import columns as arrays
from corpus.build.files import Span, Values, new
from corpus.build.row import Column
from corpus.errors import Failed
from corpus.store.index import texts

if TYPE_CHECKING:
    import pyarrow as pa

SIZE = ""
"""The column of sizes; no column of a row is called so."""
_BATCH_BYTES = 2 << 20
"""Rows whose lines are so many bytes become columns together."""


class Sheets:
    """A new file of them."""

    def __init__(self, path: Path, columns: tuple[Column, ...]) -> None:
        import pyarrow as pa

        self._columns = columns
        self._schema = pa.schema([*(pa.field(column.name, kind_of(column, pa.string())) for column in columns), pa.field(SIZE, pa.int64())])
        self._file = new(path)
        self._stream = pa.ipc.new_stream(self._file, self._schema)
        self._rows: list[Values] = []
        self._sizes = array("q")
        self._held = 0

    def add(self, line: bytes, values: Values) -> None:
        self._rows.append(values)
        self._sizes.append(len(line))
        self._held += len(line)
        if self._held >= _BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        made = map(_array, self._columns, _by_name([column.name for column in self._columns], self._rows))
        self._stream.write_batch(pa.RecordBatch.from_arrays([*made, arrays.integers(self._sizes)], schema=self._schema))
        self._rows, self._sizes, self._held = [], array("q"), 0

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._stream.close()
        self._file.close()


def taken(path: Path, spans: Sequence[Span]) -> Iterator[tuple[pa.Table, list[int]]]:
    """The rows of these spans, in order, and the bytes of each one's line. Raises :class:`Failed` where the file ends before them."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        table = stream.read_all()
    sizes = [size for chunk in table[SIZE].chunks for size in arrays.numbers(chunk)]
    ends = [0, *accumulate(sizes)]
    if any(start + size > ends[-1] for start, size in spans):
        raise Failed(f"{path} was cut short while the build read it: build again")
    rows = [range(bisect_left(ends, start), bisect_left(ends, start + size)) for start, size in spans]
    table = table.drop_columns([SIZE])
    if len(rows) == 1:
        yield table.slice(rows[0].start, len(rows[0])), sizes[rows[0].start : rows[0].stop]
    else:
        places = array("q", (at for some in rows for at in some))
        yield table.take(arrays.integers(places)), [sizes[at] for at in places]


def kind_of(column: Column, json: pa.DataType) -> pa.DataType:
    """Arrow's type for a column, where that of JSON is ``json``."""
    import pyarrow as pa

    made: dict[str, Callable[[], pa.DataType]] = {
        "string": pa.string,
        "bool": pa.bool_,
        "int64": pa.int64,
        "json": lambda: json,
        "messages": lambda: pa.list_(json),
        "struct": lambda: pa.struct([(part, pa.string()) for part in column.parts]),
        "structs": lambda: pa.list_(pa.struct([(part, pa.string()) for part in column.parts])),
    }
    return made[column.kind]()


def _array(column: Column, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    match column.kind:
        case "string":
            return _texts(values)
        case "bool" | "int64":
            return arrays.integers(values).cast(kind_of(column, pa.string()))
        case "json":
            return texts(None if value is None else orjson.dumps(value).decode() for value in values)
        case "messages":
            return _lists(values, lambda all_: _texts([orjson.dumps(one).decode() for one in all_]))
        case "struct":
            return _structs(column.parts, values)
        case "structs":
            return _lists(values, lambda all_: _structs(column.parts, all_))


def _lists(values: Sequence[list[Any]], made: Callable[[list[Any]], pa.Array]) -> pa.ListArray:
    import pyarrow as pa

    ends = arrays.integers(accumulate(map(len, values), initial=0)).cast(pa.int32())
    return pa.ListArray.from_arrays(ends, made([one for some in values for one in some]))


def _structs(parts: Sequence[str], values: Sequence[dict[str, Any]]) -> pa.StructArray:
    import pyarrow as pa

    return pa.StructArray.from_arrays([_texts(some) for some in _by_name(parts, values)], names=list(parts))


def _by_name(names: Sequence[str], values: Sequence[dict[str, Any]]) -> Iterable[Sequence[Any]]:
    """The values of each name; nothing where there is none."""
    if len(names) > 1 and values:
        with contextlib.suppress(KeyError):  # of a layout that leaves out what it has not
            return zip(*map(itemgetter(*names), values), strict=True)
    return [[value.get(name) for value in values] for name in names]


def _texts(values: Sequence[str]) -> pa.StringArray:
    """As :func:`texts`; of what is ASCII, which most columns are, all at once."""
    joined = "".join(values)
    if not joined.isascii():
        return texts(values)
    return arrays.strings(joined.encode(), map(len, values))
