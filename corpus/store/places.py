"""Where records of each type lie loose, below the tenant's directory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from corpus.errors import Broken
from corpus.names import RESERVED
from corpus.record import Header, Scope
from corpus.store.directory import Directory
from corpus.store.lines import Entry, entries_of
from corpus.store.rows import Row

_TOP = "engineering"
_SHARED = {"feedback": "feedback", "link": "links", "trajectory": "sessions"}
"""The directory of a type whose records do not lie by cluster."""
SUFFIX = ".jsonl"
BULK = "bulk-"
"""Begins the name of a file of many records, as bulk capture wrote them before there were packs."""

Place = tuple[str, ...]


class Places:
    """The directories of loose files of one tenant."""

    def __init__(self, home: Directory, tenant: str) -> None:
        self._home = home
        self._tenant = tenant
        self._kept: dict[Place, Directory] = {}

    def close(self) -> None:
        for directory in self._kept.values():
            directory.close()
        self._kept = {}

    def kept(self, place: Place, *, create: bool = False) -> Directory:
        """As :meth:`open`, but the directory stays open until this is closed: for what is done a record. One that was taken away since is
        opened anew."""
        known = self._kept.get(place)
        if known is not None and os.fstat(known.fd).st_nlink == 0:
            self._kept.pop(place).close()
            known = None
        if known is None:
            known = self._kept[place] = self.open(*place, create=create)
        return known

    def of_record(self, tuple_type: str, cluster: str) -> Place:
        """Where a record is written."""
        return _TOP, _SHARED.get(tuple_type, cluster)

    def of_type(self, tuple_type: str) -> Iterator[Place]:
        """Where records of a type may lie."""
        if tuple_type in _SHARED:
            yield _TOP, _SHARED[tuple_type]
            return
        yield from (place for place in self.all() if place[1] not in RESERVED)

    def all(self) -> list[Place]:
        try:
            with self._home.child(_TOP) as engineering:
                return [(_TOP, name) for name in engineering.directories()]
        except FileNotFoundError:
            return []

    def open(self, *place: str, create: bool = False) -> Directory:
        """Raises ``FileNotFoundError``, and :class:`corpus.errors.Refused` where a link stands."""
        with self._home.child(place[0], create=create) as top:
            return top.child(place[1], create=create)

    def files(self) -> Iterator[tuple[Directory, Place]]:
        """Every loose file, as its open directory and its path."""
        for place in self.all():
            with self.open(*place) as directory:
                for name in directory.names():
                    if name.endswith(SUFFIX) and not name.startswith("."):
                        yield directory, (*place, name)

    def entries(self) -> Iterator[Entry]:
        """Every loose record; of a file that goes meanwhile, nothing. Raises as :func:`entries_of`, and :meth:`check`."""
        for directory, path in self.files():
            try:
                yield from self.entries_in(directory, path)
            except FileNotFoundError:
                continue  # packed since its directory was listed

    def readable(self) -> Iterator[Entry]:
        """Every loose record of a file that can be read as a whole. Raises :class:`corpus.errors.Refused` at another tenant's."""
        for directory, path in self.files():
            with contextlib.suppress(FileNotFoundError, Broken):
                yield from list(self.entries_in(directory, path))

    def entries_in(self, directory: Directory, path: Place) -> Iterator[Entry]:
        for entry in entries_of(directory, path[-1], path, self._tenant):
            self.check(entry.header, directory, path)
            yield entry

    def check(self, record: Header | Row, directory: Directory, path: Place) -> None:
        """Raises :class:`Broken` where a record lies in a directory that is not its own."""
        if path[1] != _SHARED.get(record.tuple_type, record.cluster) or record.scope != Scope.ENGINEERING:
            where = directory.path / path[-1]
            raise Broken(f"{where}: a {record.tuple_type} record of {record.cluster!r} lies in {'/'.join(path[:-1])}")
