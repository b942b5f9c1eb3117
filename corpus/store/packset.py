"""The listed packs, open for reading: a record by key, by id, or by its row."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from corpus.errors import Broken
from corpus.store.directory import Directory
from corpus.store.frames import Frame, read_frame
from corpus.store.keytable import KeyTable, Location
from corpus.store.logindex import in_order
from corpus.store.packlist import Listed, index_name, keys_name, pack_name, read_list
from corpus.store.postings import Name
from corpus.store.rows import Row
from corpus.store.spread import Sought

if TYPE_CHECKING:
    import pyarrow as pa

_FRAMES_BYTES = 32 << 20
"""Frames kept unpacked, so that reading in order unpacks each once: packs are in order of time, so a few are read side by side."""
_OPEN_FILES = 32


class PackSet:
    """The packs that were listed at one moment. A method raises ``FileNotFoundError`` when a file of them has gone since: list again."""

    def __init__(self, packs: Directory | None, tenant: str) -> None:
        """``packs`` is closed with this; ``None`` where there is no such directory."""
        self._packs = packs
        self._tenant = tenant
        self.listed = read_list(packs, tenant) if packs else ()
        self._tables: dict[str, KeyTable] = {}
        self._indexes: dict[str, BinaryIO] = {}
        self._files: OrderedDict[str, int] = OrderedDict()
        self._frames: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._held = 0

    def opened(self) -> PackSet:
        """The same packs for a longer look, with every index already open. Closed by the caller."""
        again = PackSet(self._packs.again() if self._packs else None, self._tenant)
        try:
            for one in again.listed:
                again._indexes[one.pack] = again.index(one)
        except BaseException:
            again.close()
            raise
        return again

    def close(self) -> None:
        for table in self._tables.values():
            table.close()
        for stream in self._indexes.values():
            stream.close()
        for fd in self._files.values():
            os.close(fd)
        if self._packs:
            self._packs.close()

    def lists(self, pack: str) -> bool:
        return any(one.pack == pack for one in self.listed)

    def find(self, key: str) -> tuple[Listed, Location] | None:
        """The one record of ``key`` that is packed: a key is in at most one listed pack."""
        raw = bytes.fromhex(key)
        for one in self.listed:
            location = self._table(one).find(raw)
            if location:
                return one, location
        return None

    def found(self, keys: Iterable[str]) -> Mapping[str, tuple[Listed, Location]]:
        """What :meth:`find` hands back for each of ``keys`` that is packed, looked for all at once."""
        sought = Sought(map(bytes.fromhex, keys))
        return {location.key: (one, location) for one in reversed(self.listed) for location in self._table(one).among(sought)}

    def holds(self, key: str) -> bool:
        raw = bytes.fromhex(key)
        return any(self._table(one).holds(raw) for one in self.listed)

    def beginning(self, prefix: str) -> Iterator[tuple[Listed, Location]]:
        """The records whose key or id begins with ``prefix``."""
        for one in self.listed:
            for location in self._table(one).beginning(prefix):
                yield one, location

    def under(self, name: Name, since: int, until: int) -> Iterator[tuple[int, Location]]:
        """``(created_us, record)`` of what stands under ``name``, made from ``since`` to ``until`` (both included), pack by pack."""
        for one in self.listed:
            yield from self._table(one).under(name, since, until)

    def line(self, pack: str, frame: Frame, offset: int, size: int) -> bytes:
        """A record's stored bytes, without the newline. Raises :class:`Broken` where the frame is not what it should be."""
        lines = self._frame(pack, frame)
        end = offset + size
        begins = offset == 0 or (offset > 0 and lines[offset - 1 : offset] == b"\n")
        if not (begins and size > 0 and lines[end : end + 1] == b"\n"):
            raise Broken(f"{self._where(pack)}: the index names a line that is none: run 'corpus verify --repair'")
        return lines[offset:end]

    def table(self, one: Listed, *columns: str) -> pa.Table:
        """Columns of a pack's index, all where none is named."""
        from corpus.store.index import COLUMNS, read_index

        assert self._packs is not None  # noqa: S101 - what is listed lies in a directory
        return read_index(self._packs, one, self._tenant, columns or COLUMNS)

    def index(self, one: Listed) -> BinaryIO:
        """A pack's index, open for reading: the caller closes it."""
        if one.pack in self._indexes:
            return self._indexes.pop(one.pack)
        assert self._packs is not None  # noqa: S101 - as above
        return open(self._packs.open_file(index_name(one.pack)), "rb")

    def index_path(self, one: Listed) -> Path:
        """Where a pack's index lies, for messages."""
        return (self._packs.path if self._packs else Path()) / index_name(one.pack)

    def rows(self, one: Listed) -> Iterator[Row]:
        """The rows of a pack's index, in the order of its lines."""
        from corpus.store.index import rows_of

        return rows_of(self.table(one))

    def located(self, one: Listed, keys: Iterable[str]) -> Iterator[Location]:
        """Where the records of those ``keys`` lie that are in this pack."""
        return self._table(one).among(Sought(map(bytes.fromhex, keys)))

    def keys(self, one: Listed) -> Iterator[bytes]:
        """The keys of a pack (32 bytes each), in order."""
        return self._table(one).keys()

    def all_keys(self) -> Iterator[bytes]:
        """The keys of all packs, in order; one that two packs hold twice."""
        return in_order([self._table(one).beginning_with for one in self.listed])

    def landed(self, one: Listed) -> float:
        """When a pack was written, in seconds since 1970."""
        return os.fstat(self._file(one.pack)).st_mtime

    def _table(self, one: Listed) -> KeyTable:
        table = self._tables.get(one.pack)
        if table is None:
            assert self._packs is not None  # noqa: S101 - as above
            table = KeyTable(self._packs, keys_name(one.pack), self._tenant)
            if table.count != one.records:
                table.close()
                raise Broken(f"{table.where} is not the key table of its pack: run 'corpus verify --repair'")
            self._tables[one.pack] = table
        return table

    def _where(self, pack: str) -> str:
        return f"{self._packs.path if self._packs else ''}/{pack_name(pack)}"

    def _frame(self, pack: str, frame: Frame) -> bytes:
        known = self._frames.get((pack, frame.offset))
        if known is not None and len(known) == frame.content:
            self._frames.move_to_end((pack, frame.offset))
            return known
        lines = read_frame(self._file(pack), frame, self._where(pack))
        self._held += len(lines) - len(self._frames.pop((pack, frame.offset), b""))
        self._frames[pack, frame.offset] = lines
        while self._held > _FRAMES_BYTES and len(self._frames) > 1:
            self._held -= len(self._frames.popitem(last=False)[1])
        return lines

    def _file(self, pack: str) -> int:
        fd = self._files.get(pack)
        if fd is None:
            assert self._packs is not None  # noqa: S101 - as above
            fd = self._packs.open_file(pack_name(pack))
            self._files[pack] = fd
            if len(self._files) > _OPEN_FILES:
                os.close(self._files.popitem(last=False)[1])
        else:
            self._files.move_to_end(pack)
        return fd
