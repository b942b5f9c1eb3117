"""Sealing loose files into packs, small packs into larger ones, and letting old versions go.

Every step holds the tenant's lock and is whole on its own: a new pack is durable, then the list names it, then what it replaces goes. A
run that is killed leaves files that the list does not name; the next one removes them when every record in them is kept elsewhere.
"""

from __future__ import annotations

import contextlib
import heapq
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from filelock import FileLock

from corpus.errors import Broken
from corpus.store.directory import Directory
from corpus.store.frames import LARGEST
from corpus.store.leftovers import leftovers, remove_leftovers
from corpus.store.lines import lines_of
from corpus.store.log import Log
from corpus.store.packfile import checked
from corpus.store.packlist import Listed
from corpus.store.packset import PackSet
from corpus.store.places import Place, Places
from corpus.store.rows import Row
from corpus.store.sequence import Arrival, add
from corpus.store.swap import swap
from corpus.store.whole import whole

PACK_BYTES = 256 << 20
"""Lines a pack takes: its rows are held while it is written (about 50 MB of them), and an old version costs its rewriting (seconds)."""
HELD_BYTES = 64 << 20
"""Lines that are held from their check until they are written; further ones are read twice."""
MERGED_AT_ONCE = 16
"""Packs merged in one step: each keeps one frame unpacked."""

DUE_FILES = 1024
"""Loose files past which a drainer packs: a reader opens each, and so many take it about 50 ms."""
DUE_BYTES = 32 << 20
"""And bytes past which it does."""
DUE_PACKS = 16
"""Small packs past which a drainer merges: a key is looked for in each."""

Seen = Callable[[int, int], None]


@dataclass(slots=True)
class Packed:
    """What a run did: records sealed, packs written, and a line for each loose file that could not be read and was left where it is."""

    records: int = 0
    packs: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Loose:
    """A loose record: its row, the line's offset in its file, and the line itself while few are held."""

    row: Row
    path: Place
    offset: int
    line: bytes | None = None


def due(places: Places, packs: PackSet) -> bool:
    """Whether there is enough lying loose to be worth a pack, or too many small packs."""
    if sum(one.content < PACK_BYTES // 2 for one in packs.listed) >= DUE_PACKS:
        return True
    files = size = 0
    for directory, path in places.files():
        with contextlib.suppress(FileNotFoundError):
            files += 1
            size += os.stat(path[-1], dir_fd=directory.fd, follow_symlinks=False).st_size
        if files > DUE_FILES or size > DUE_BYTES:
            return True
    return False


def overtaken(packs: Directory, tenant: str, places: Places, listed: PackSet) -> bool:
    """Whether a version lies on the disk that another has taken the place of, or what a killed run left."""
    if any(leftovers(packs, tenant, listed, places).values()):
        return True
    seen: set[str] = set()
    for entry in places.readable():
        if entry.key in seen or listed.find(entry.key):
            return True
        seen.add(entry.key)
    return False


class Packing:
    """One run over the loose files of a tenant."""

    def __init__(self, tenant: str, places: Places, packs: Directory, log: Log, lock: FileLock) -> None:
        self._tenant = tenant
        self._places = places
        self._packs = packs
        self._log = log
        self._lock = lock
        self._done = Packed()
        self._open: dict[Place, Directory] = {}

    def run(self, seen: Seen, *, merge: bool = True) -> Packed:
        """Seal every loose file, and ``merge`` small packs. ``seen(done, total)`` counts files. Raises :class:`corpus.errors.Refused` at
        another tenant's record."""
        try:
            self._run(seen)
            while merge and self._merge():
                pass
            return self._done
        finally:
            for directory in self._open.values():
                directory.close()

    def _directory(self, place: Place) -> Directory:
        """The directory of loose files, opened once a run. Raises ``FileNotFoundError``."""
        if place not in self._open:
            self._open[place] = self._places.open(*place)
        return self._open[place]

    def _run(self, seen: Seen) -> None:
        with self._lock, self._now() as packs:
            remove_leftovers(self._packs, self._tenant, packs, self._places)
        paths = [path for _, path in self._places.files()]
        waiting: dict[str, list[Place]] = {}
        done = 0
        for part in self._parts(paths):
            with self._lock:
                self._seal(part, waiting)
            done += len(part)
            seen(done, len(paths))
        for pack, parts in waiting.items():
            with self._lock:
                self._rewrite(pack, parts)

    @contextlib.contextmanager
    def _now(self) -> Iterator[PackSet]:
        packs = PackSet(self._packs.again(), self._tenant)
        try:
            yield packs
        finally:
            packs.close()

    def _parts(self, paths: list[Place]) -> Iterator[list[Place]]:
        part: list[Place] = []
        held = 0
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                part.append(path)
                held += os.stat(path[-1], dir_fd=self._directory(path[:-1]).fd, follow_symlinks=False).st_size
            if held >= PACK_BYTES:
                yield part
                part, held = [], 0
        if part:
            yield part

    def _seal(self, paths: list[Place], waiting: dict[str, list[Place]]) -> None:
        """Pack what no pack holds; note in ``waiting`` the packs that hold an older version of what is here."""
        fresh: dict[str, _Loose] = {}
        gone: list[Place] = []
        with self._now() as packs:
            lying = list(self._lying(paths))
            try:
                packed = packs.found(loose.row.key for _, part, _ in lying for loose in part)
            except Broken as error:
                self._done.broken.append(str(error))
                return
            except FileNotFoundError as error:
                self._done.broken.append(f"{error.filename} is listed and not there: run 'corpus verify --repair'")
                return
            for path, part, complete in lying:
                olders = set()
                for loose in part:
                    found = packed.get(loose.row.key)
                    if found and found[1].order < loose.row.order:
                        olders.add(found[0].pack)
                    elif not found:
                        known = fresh.get(loose.row.key)
                        if known is None or known.row.order < loose.row.order:
                            fresh[loose.row.key] = loose
                if not complete:
                    continue
                for pack in olders:
                    waiting.setdefault(pack, []).append(path)
                if not olders:
                    gone.append(path)
            if fresh:
                self._name(fresh.values())
                self._list(packs, (), self._lines(fresh.values()))
        self._remove(gone)

    def _lying(self, paths: list[Place]) -> Iterator[tuple[Place, list[_Loose], bool]]:
        """What each file holds, and whether that is all of it: of one that cannot be read on a note is made."""
        held = 0
        for path in paths:
            part: list[_Loose] = []
            complete = True
            try:
                for loose in self._read(path, held < HELD_BYTES):
                    held += loose.row.size
                    part.append(loose)
            except FileNotFoundError:
                continue
            except Broken as error:
                self._done.broken.append(str(error))
                complete = False
            yield path, part, complete

    def _rewrite(self, pack: str, paths: list[Place]) -> None:
        """Write ``pack`` anew with the newer versions in ``paths`` in the place of the older."""
        with self._now() as packs:
            old = [one for one in packs.listed if one.pack == pack]
            newer: dict[str, _Loose] = {}
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    for loose in self._read(path):
                        found = packs.find(loose.row.key)
                        if found and found[0] in old and found[1].order < loose.row.order:
                            known = newer.get(loose.row.key, loose)
                            newer[loose.row.key] = max(loose, known, key=lambda one: one.row.order)
            if newer:
                self._name(newer.values())
                kept = ((row, line) for row, line in packed_lines(packs, old[0]) if row.key not in newer)
                self._list(packs, old, heapq.merge(kept, self._lines(newer.values()), key=by_time))
        with self._now() as packs:
            self._remove([path for path in paths if self._all_packed(packs, path)])

    def _merge(self) -> bool:
        """Merge the smallest packs while each is no larger than twice those below it together, so that their number stays logarithmic."""
        with self._lock, self._now() as packs:
            chosen: list[Listed] = []
            held = 0
            for one in sorted(packs.listed, key=lambda one: (one.content, one.pack)):
                fits = held + one.content <= PACK_BYTES and len(chosen) < MERGED_AT_ONCE
                if not fits or (chosen and one.content > 2 * held):
                    break
                chosen.append(one)
                held += one.content
            if len(chosen) < 2:
                return False
            self._list(packs, chosen, heapq.merge(*(packed_lines(packs, one) for one in chosen), key=by_time))
            return True

    def _name(self, records: Iterable[_Loose]) -> None:
        """Give positions to what has none yet, so that a pack made of it is known to be in the log."""
        rows = sorted((loose.row for loose in records), key=lambda row: (row.created_us, row.key))
        add(self._log, (Arrival(row.key, row.id, row.tuple_type) for row in rows))

    def _list(self, packs: PackSet, old: Collection[Listed], records: Iterator[tuple[Row, bytes]]) -> None:
        """Write a pack and list it in the place of ``old``, whose files go."""
        made = swap(self._packs, self._tenant, packs, old, records, sequenced=all(one.sequenced for one in old))
        self._done.packs += 1
        self._done.records += 0 if old else made.records

    def _read(self, path: Place, holding: bool = False) -> Iterator[_Loose]:
        directory = self._directory(path[:-1])
        for offset, line in lines_of(directory, path[-1]):
            where = f"{directory.path}/{path[-1]} at byte {offset}"
            row = whole(line, where, self._tenant)
            self._places.check(row, directory, path)
            if len(line) >= LARGEST:
                raise Broken(f"{where}: a record of {len(line)} bytes is more than a pack takes")
            yield _Loose(row, path, offset, line if holding else None)

    def _lines(self, records: Iterable[_Loose]) -> Iterator[tuple[Row, bytes]]:
        """Rows and lines in order of time."""
        for loose in sorted(records, key=lambda loose: (loose.row.created_us, loose.row.key)):
            yield loose.row, loose.line or self._line(loose)

    def _line(self, loose: _Loose) -> bytes:
        directory = self._directory(loose.path[:-1])
        fd = directory.open_file(loose.path[-1])
        try:
            line = os.pread(fd, loose.row.size, loose.offset)
        finally:
            os.close(fd)
        return checked(loose.row, line, directory.path / loose.path[-1])

    def _all_packed(self, packs: PackSet, path: Place) -> bool:
        try:
            rows = [loose.row for loose in self._read(path)]
        except (FileNotFoundError, Broken):
            return False
        found = packs.found(row.key for row in rows)
        return all(row.key in found and found[row.key][1].order >= row.order for row in rows)

    def _remove(self, paths: list[Place]) -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path[-1], dir_fd=self._directory(path[:-1]).fd)


def packed_lines(packs: PackSet, one: Listed) -> Iterator[tuple[Row, bytes]]:
    """Every record of a pack, in its order."""
    for row in packs.rows(one):
        yield row, checked(row, packs.line(one.pack, row.frame, row.offset, row.size), one.pack)


def by_time(record: tuple[Row, bytes]) -> tuple[int, str]:
    """The order of records in a pack."""
    return record[0].created_us, record[0].key
