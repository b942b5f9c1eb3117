"""A selection in pieces: what one process reads and renders at a time.

Where a piece ends depends on the records around that place alone, so pieces are the same whoever makes them, and of a corpus that has grown
all are as they were but those that hold something new.
"""

from __future__ import annotations

import hashlib
import io
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.build.columns import integers, numbers
from corpus.build.select import Selection
from corpus.record import TupleType
from corpus.store.index import texts

if TYPE_CHECKING:
    import pyarrow as pa

BYTES = 16 << 20
"""A piece ends before its records' lines are more, but for a session, which is in one piece whole."""
_ENDS = re.compile(b"\0")
_SECOND = 32
"""A piece ends after a record whose key begins with a zero byte and one below this: 2,048 records on average."""
_SAYS = ("key", "id", "tuple_type", "session_id", "evidence", "left_out", "split")
"""What a piece is known by; not where its records lie."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``name`` is a digest (64 hex digits) of what was asked and of the records in it: pieces of one name make the same rows."""

    name: str
    selected: Selection

    def packed(self) -> bytes:
        """The piece as an Arrow stream, for another process; with :meth:`paths`."""
        return _stream(self.selected.table)

    def paths(self) -> dict[int, tuple[str, ...]]:
        """The files that its records lie in, by the number in the column ``file``."""
        return {number: self.selected.paths[number] for number in self.selected.table["file"].unique().to_pylist()}


def unpack(data: bytes, paths: Mapping[int, tuple[str, ...]]) -> Selection:
    """The records of a piece."""
    import pyarrow as pa

    with pa.ipc.open_stream(data) as stream:
        table = stream.read_all()
    return Selection(table, paths, len(table))


def pieces(selected: Selection, asked: bytes) -> Iterator[Piece]:
    """``selected`` in pieces; ``asked`` is what, besides the records, decides about their rows."""
    whole, inner = _together(selected)
    start = 0
    for stop in _ends(whole, inner):
        some = whole.cut(start, stop)
        digest = hashlib.sha256(asked)
        digest.update(_stream(_plain(some.table.select(_SAYS))))
        yield Piece(digest.hexdigest(), some)
        start = stop


def _together(selected: Selection) -> tuple[Selection, frozenset[int]]:
    """The same records, those of a session that are to be read together where the first of them stands, and the places of the others."""
    import pyarrow.compute as pc

    table = selected.table
    parts = pc.and_(
        pc.is_in(table["tuple_type"].cast("string"), value_set=texts([TupleType.TRAJECTORY.value])), pc.is_null(table["left_out"])
    )
    places: list[int] = pc.indices_nonzero(parts).to_pylist()
    sessions: dict[str | None, list[int]] = {}
    for place, session in zip(places, table.filter(parts)["session_id"].to_pylist(), strict=True):
        sessions.setdefault(session, []).append(place)
    first = {found[0]: found for found in sessions.values()}
    later = {place for found in sessions.values() for place in found[1:]}
    if not later:
        return selected, frozenset()
    order: array[int] = array("q")
    inner: set[int] = set()
    for place in range(len(table)):
        if place not in later:
            found = first.get(place, [place])
            inner.update(range(len(order) + 1, len(order) + len(found)))
            order.extend(found)
    return selected.taken(integers(order)), frozenset(inner)


def _ends(whole: Selection, inner: frozenset[int]) -> Iterator[int]:
    """Where pieces end: the place after each last record."""
    if not len(whole):
        return
    keys = whole.table["key"].combine_chunks()
    raw = memoryview(keys.buffers()[1]).cast("B")[keys.offset * 32 : (keys.offset + len(keys)) * 32]
    first, second = raw[::32].tobytes(), raw[1::32].tobytes()
    start = 0
    for place in (*(found.start() + 1 for found in _ENDS.finditer(first) if second[found.start()] < _SECOND), len(whole)):
        stop = place
        while stop in inner:
            stop += 1
        for end in _filled(whole, inner, start, stop):
            yield end
            start = end


def _filled(whole: Selection, inner: frozenset[int], start: int, stop: int) -> Iterator[int]:
    """Where pieces end from ``start`` to ``stop``, which is the last of them, none being larger than it may."""
    size = 0
    sizes = whole.cut(start, stop).table["size"].combine_chunks()
    for place, more in enumerate(numbers(sizes), start):
        if size and size + more > BYTES and place not in inner:
            yield place
            size = 0
        size += more
    if stop > start:
        yield stop


def _stream(table: pa.Table) -> bytes:
    import pyarrow as pa

    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return out.getvalue()


def _plain(table: pa.Table) -> pa.Table:
    """The table, names as text: how dictionaries number them depends on what else there is."""
    import pyarrow as pa

    kinds = [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in table.schema]
    return table.cast(pa.schema(kinds))
