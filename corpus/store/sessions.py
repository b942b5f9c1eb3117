"""The sessions of a tenant: which parts each has, in their order, told without reading more than a line a part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from corpus.record import TupleType
from corpus.store.index import COLUMNS
from corpus.store.lines import Entry
from corpus.store.readable import Readable
from corpus.store.rows import Row, entry_of_row
from corpus.store.select import FILE

if TYPE_CHECKING:
    import pyarrow as pa

# Inside of a text the quotes would be escaped.
_PART = re.compile(rb',"parent_session":(?:null|"[0-9a-f]*"),"part":([0-9]+),"source_bytes":')
_AT_ONCE = 512


def sessions(corpus: Readable) -> Iterator[list[tuple[int, Entry]]]:
    """The parts of each session in their order, each with its number. The rows of all parts are held, no record is.

    Raises as :meth:`corpus.store.Corpus.select`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    batches = list(corpus.select(pc.field("tuple_type") == TupleType.TRAJECTORY.value, (*COLUMNS, FILE)))
    if not batches:
        return
    rows = pa.Table.from_batches([batch.replace_schema_metadata(None) for batch in batches]).sort_by("session_id")
    entries = (entry for batch in rows.to_batches(max_chunksize=_AT_ONCE) for entry in entries_of(batch))
    for _, session in groupby(entries, key=lambda entry: entry.header.session_id):
        yield sorted(((_part(corpus.read_line(entry)), entry) for entry in session), key=lambda one: (one[0], one[1].key))


def entries_of(batch: pa.RecordBatch) -> Iterator[Entry]:
    """The entries of a batch of every column of the index and of where each lies."""
    for at in range(0, batch.num_rows, _AT_ONCE):
        *columns, files = (column.to_pylist() for column in batch.slice(at, _AT_ONCE).columns)
        for path, *values in zip(files, *columns, strict=True):
            yield entry_of_row(Row._make(values), tuple(path.split("/")))


def _part(line: bytes) -> int:
    found = _PART.search(line)
    return int(found[1]) if found else 0
