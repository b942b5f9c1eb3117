"""Loose files and packs, read as one, also while records move from the one to the other.

What is packed is listed before its loose file goes. So a reader looks at loose files first and at the list after: what it no longer
finds loose is in the list that it reads then.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from corpus.errors import Broken
from corpus.record import TupleType, key_of
from corpus.store.directory import Directory
from corpus.store.keytable import Location
from corpus.store.lines import Entry, Located, carries, entry_of, keys_of
from corpus.store.packlist import NAME, Listed, pack_name
from corpus.store.packset import PackSet
from corpus.store.places import BULK, SUFFIX, Place, Places

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

T = TypeVar("T")
R = TypeVar("R")
PACKS = "packs"
_HEX = re.compile(r"[0-9a-f]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Held:
    """What a corpus holds: ``(stem, key) in held``. Loose files are those of one moment, packs those of now."""

    stems: frozenset[str]
    keys: frozenset[str]
    reader: Reader

    def __contains__(self, record: tuple[str, str]) -> bool:
        return self.loose(*record) or self.reader.in_packs(lambda packs: packs.holds(record[1]))

    def loose(self, stem: str, key: str) -> bool:
        return stem in self.stems or key in self.keys

    def unpacked(self, records: Mapping[str, R]) -> dict[str, R]:
        """Those of ``records``, by key, that no pack has: all looked for at once, which is far less work where packs are many."""
        packed = self.reader.in_packs(lambda packs: packs.found(records))
        return {key: record for key, record in records.items() if key not in packed}


class Reader:
    """The reading side of one tenant."""

    def __init__(self, home: Directory, places: Places, tenant: str) -> None:
        self._home = home
        self._places = places
        self._tenant = tenant
        self._bulk: dict[Place, dict[str, frozenset[str]]] = {}
        self._packs: PackSet | None = None
        self._seen: tuple[int, ...] | None = None

    def close(self) -> None:
        if self._packs:
            self._packs.close()
            self._packs = None

    def in_packs(self, look: Callable[[PackSet], T]) -> T:
        """``look`` at the packs that are listed now. Raises :class:`Broken` where the list names a file that is not there."""
        missing: tuple[int, ...] | None = None
        while True:
            seen = self._signature()
            if self._packs is None or seen != self._seen:
                self.close()
                try:
                    self._packs = PackSet(self._home.child(PACKS), self._tenant)
                except FileNotFoundError:
                    self._packs = PackSet(None, self._tenant)
                self._seen = seen
            try:
                return look(self._packs)
            except FileNotFoundError as error:
                if missing == seen:  # not merged away meanwhile: the list is the same as when it was missing first
                    raise Broken(f"{error.filename} is listed and not there: run 'corpus verify'") from error
                missing = seen
                self.close()

    def _signature(self) -> tuple[int, ...] | None:
        try:
            # Only whether it changed: it is opened below a descriptor, and no link is followed then.
            found = os.stat(f"{PACKS}/{NAME}", dir_fd=self._home.fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def holds(self, tuple_type: TupleType, stem: str, key: str) -> bool:
        for place in self._places.of_type(tuple_type):
            with contextlib.suppress(FileNotFoundError):
                directory = self._places.kept(place)
                if directory.exists(f"{stem}{SUFFIX}") or any(key in keys for _, keys in self._bulk_keys(directory, place)):
                    return True
        return self.in_packs(lambda packs: packs.holds(key))

    def may_hold(self, tuple_type: TupleType) -> bool:
        """Whether there is a loose file of a type, or any pack: told by names alone."""
        for place in self._places.of_type(tuple_type):
            with contextlib.suppress(FileNotFoundError), self._places.open(*place) as directory:
                if any(name.endswith(SUFFIX) for name in directory.names()):
                    return True
        return self.in_packs(lambda packs: bool(packs.listed))

    def held(self) -> Held:
        stems: set[str] = set()
        keys: set[str] = set()
        for place in self._places.all():
            with self._places.open(*place) as directory:
                stems.update(name.removesuffix(SUFFIX) for name in directory.names() if name.endswith(SUFFIX))
                keys.update(*(bulk for _, bulk in self._bulk_keys(directory, place)))
        return Held(frozenset(stems), frozenset(keys), self)

    def versions(self, tuple_type: TupleType, stem: str, key: str) -> list[Entry]:
        """Every version of ``key`` that is kept, in loose files of the name ``stem``, in bulk files and in a pack."""
        found: list[Entry] = []
        name = f"{stem}{SUFFIX}"
        for place in self._places.of_type(tuple_type):
            with contextlib.suppress(FileNotFoundError), self._places.open(*place) as directory:
                if directory.exists(name):
                    found += self._places.entries_in(directory, (*place, name))
                for bulk, keys in self._bulk_keys(directory, place):
                    if key in keys and directory.exists(bulk):
                        found += self._places.entries_in(directory, (*place, bulk))
        packed = self.in_packs(lambda packs: self.packed(packs, packs.find(key)))
        return [entry for entry in (*found, *packed) if entry.key == key]

    def entries(self) -> list[Entry]:
        """The newest version of every key, ordered by ``(created_us, key)``."""
        from corpus.store.rows import entry_of_row

        newest: dict[str, Entry] = {}
        for entry in self._places.entries():
            known = newest.get(entry.key)
            if known is None or known.order < entry.order:
                newest[entry.key] = entry

        def add(packs: PackSet) -> None:
            for one in packs.listed:
                for row in packs.rows(one):
                    known = newest.get(row.key)
                    if known is None or known.order < row.order:
                        newest[row.key] = entry_of_row(row, (PACKS, pack_name(one.pack)))

        self.in_packs(add)
        return sorted(newest.values(), key=lambda entry: (entry.created_us, entry.key))

    def lines(self) -> Iterator[tuple[Entry, bytes]]:
        """Every stored line: loose files first, as :meth:`entries`, then those of packs that are listed after."""
        from corpus.store.rows import entry_of_row

        for directory, path in self._places.files():
            with contextlib.suppress(FileNotFoundError):  # packed since its directory was listed
                for entry in self._places.entries_in(directory, path):
                    line = self._line(entry)
                    if line is not None and carries(line, entry.id):
                        yield entry, line
        with closing(self.in_packs(lambda packs: packs.opened())) as packs:
            for one in packs.listed:
                for row in packs.rows(one):
                    entry = entry_of_row(row, (PACKS, pack_name(one.pack)))
                    yield entry, packs.line(one.pack, row.frame, row.offset, row.size)

    def select(self, where: pc.Expression | None, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See :meth:`corpus.store.Corpus.select`. The packs stay as they were when it began, also if they are merged meanwhile."""
        from corpus.store.select import loose_rows, select

        loose = loose_rows(self._places, self._tenant)
        with closing(self.in_packs(lambda packs: packs.opened())) as packs:
            yield from select(packs, loose, self._tenant, where, columns)

    def find(self, where: pc.Expression | None) -> list[Entry]:
        from corpus.store.index import COLUMNS
        from corpus.store.rows import Row, entry_of_row
        from corpus.store.select import FILE

        found = []
        for batch in self.select(where, (*COLUMNS, FILE)):
            *columns, files = (column.to_pylist() for column in batch.columns)
            for path, *values in zip(files, *columns, strict=True):
                found.append(entry_of_row(Row._make(values), tuple(path.split("/"))))
        return sorted(found, key=lambda entry: (entry.created_us, entry.key))

    def line(self, entry: Located) -> bytes:
        """The stored bytes of ``entry``, without the newline; those of its newest version if that took its place meanwhile.

        Raises :class:`Broken` where the record is gone.
        """
        now: Located = entry
        for _ in range(100):
            with contextlib.suppress(FileNotFoundError):
                line = self._line(now)
                if line is not None and carries(line, now.id):
                    return line
            versions = list(self._again(entry))
            if not versions:
                break
            now = max(versions, key=lambda one: one.order)
        raise Broken(f"{self._home.path.joinpath(*entry.path)}: record {entry.id[:12]} is not there any more: run 'corpus verify'")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Callable[[Located], bytes]]:
        """:meth:`line` for many: packs stay as they are listed now, and nobody looks each time whether they still are."""
        with closing(self.in_packs(lambda packs: packs.opened())) as packs:
            listed = {pack_name(one.pack): one.pack for one in packs.listed}

            def line(entry: Located) -> bytes:
                if entry.frame is not None and (pack := listed.get(entry.path[-1])) is not None:
                    try:
                        return packs.line(pack, entry.frame, entry.offset, entry.size)
                    except FileNotFoundError:  # merged away before it was first opened
                        pass
                return self.line(entry)

            yield line

    def _line(self, entry: Located) -> bytes | None:
        """What lies where ``entry`` says; ``None`` where its pack is not listed any more."""
        frame, pack = entry.frame, entry.path[-1].split(".")[0]
        if frame is not None:
            return self.in_packs(lambda packs: packs.line(pack, frame, entry.offset, entry.size) if packs.lists(pack) else None)
        with self._places.open(*entry.path[:-1]) as directory:
            fd = directory.open_file(entry.path[-1])
            try:
                return os.pread(fd, entry.size, entry.offset)
            finally:
                os.close(fd)

    def _again(self, entry: Located) -> Iterator[Entry]:
        """Where the record of ``entry`` is now."""
        if entry.frame is None:
            with contextlib.suppress(FileNotFoundError), self._places.open(*entry.path[:-1]) as directory:
                yield from (one for one in self._places.entries_in(directory, entry.path) if one.key == entry.key)
        yield from self.in_packs(lambda packs: self.packed(packs, packs.find(entry.key)))

    def matching(self, name: str) -> list[Entry]:
        """The newest versions of what has an id, a key or a source commit that begins with ``name``.

        A whole id in a pack is found without looking at anything else.
        """
        hashed = _HEX.match(name) is not None
        if len(name) == 64 and hashed:
            exact = self.in_packs(lambda packs: [one for found in packs.beginning(name) for one in self.packed(packs, found)])
            if any(entry.id == name for entry in exact):
                return [entry for entry in exact if entry.id == name]
        newest: dict[str, Entry] = {}
        for entry in self._places.entries():
            if name in ("", entry.key[: len(name)], entry.id[: len(name)], (entry.header.source_commit or "")[: len(name)]):
                newest[entry.key] = max(entry, newest.get(entry.key, entry), key=lambda one: one.order)

        def look(packs: PackSet) -> None:
            located = [*packs.beginning(name)] if hashed else []
            if hashed and len(name) < 64:
                commits = _of_commit(packs, name, key_of(self._tenant, TupleType.EDIT, name))
                located += [found for key in commits if (found := packs.find(key))]
            for found in located:
                if found[1].order > (newest[found[1].key].order if found[1].key in newest else (-1, -1, "")):
                    newest.update({entry.key: entry for entry in self.packed(packs, found)})

        self.in_packs(look)
        return list(newest.values())

    def packed(self, packs: PackSet, found: tuple[Listed, Location] | None) -> list[Entry]:
        """The entry behind a place in a pack, its header from the line itself. Raises :class:`Broken` where another record lies there."""
        if found is None:
            return []
        one, at = found
        line = packs.line(one.pack, at.frame, at.offset, at.size)
        where = self._home.path / PACKS / pack_name(one.pack)
        entry = entry_of(line, where, (PACKS, pack_name(one.pack)), self._tenant, at.offset)
        if (entry.key, entry.order) != (at.key, at.order):
            raise Broken(f"{where}: another record lies where its key table says {at.key[:12]} does: run 'corpus verify --repair'")
        return [replace(entry, frame=at.frame)]

    def _bulk_keys(self, directory: Directory, place: Place) -> Iterator[tuple[str, frozenset[str]]]:
        """The bulk files of a place and their keys, read once: none is written any more, and what was in one is packed when it goes."""
        if place not in self._bulk:
            names = [name for name in directory.names() if name.startswith(BULK) and name.endswith(SUFFIX)]
            self._bulk[place] = {name: frozenset(keys_of(directory, name)) for name in names}
        yield from self._bulk[place].items()


def _of_commit(packs: PackSet, name: str, edit: str) -> list[str]:
    """Keys of what was made of a commit whose id begins with ``name``; ``edit`` is the key if it is a whole one."""
    import pyarrow.compute as pc

    if len(name) == 40 and packs.holds(edit):
        return [edit]
    found: list[str] = []
    for one in packs.listed:
        table = packs.table(one, "key", "source_commit")
        found += table.filter(pc.starts_with(table["source_commit"], pattern=name))["key"].to_pylist()
    return found
