"""Taking a bundle in: the union of both by key, the newer version of each, and the sequence of every machine behind it.

Each step holds the tenant's lock and is whole on its own, so that a run that is killed has taken in a part, and the next the rest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from corpus.errors import BadInput
from corpus.store.bundle import NAME, BundleFile
from corpus.store.directory import Directory
from corpus.store.forgetting import Wanted
from corpus.store.incoming import Incoming, check, opened
from corpus.store.leftovers import remove_leftovers
from corpus.store.lines import Entry
from corpus.store.log import GONE, Happened, Log
from corpus.store.packing import by_time, packed_lines
from corpus.store.packset import PackSet
from corpus.store.places import Places
from corpus.store.reading import PACKS
from corpus.store.rows import Row
from corpus.store.sequence import LOG
from corpus.store.sources import check_all, keep_all
from corpus.store.swap import swap
from corpus.store.tenants import add_clusters
from corpus.store.tombstones import Tombstone, Tombstones
from corpus.store.verify import only_first

STEP_BYTES = 64 << 20
"""Lines that are held and made a pack at once; small packs are merged later."""

Seen = Callable[[int, int], None]
Lines = list[tuple[Row, bytes]]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an import did: records that were not here, those that a newer version took the place of, those that were forgotten and so left
    out, and the log's position now."""

    added: int
    replaced: int
    forgotten: int
    position: int


class Importing:
    """One run over a bundle that was opened for this tenant."""

    def __init__(self, incoming: Incoming, packs: Directory, places: Places, lock: FileLock, forgets: Callable[[bytes], bool]) -> None:
        """``forgets`` says of a line whether it bears a tombstone."""
        self._incoming = incoming
        self._packs = packs
        self._places = places
        self._lock = lock
        self._tenant = incoming.said.tenant
        self._forgets = forgets
        self.added = self.replaced = 0
        self.barred: set[str] = set()
        """Keys of what was left out because it was forgotten."""

    def check(self, *, merge: bool) -> None:
        """Look at every byte before anything is taken in. Raises as :func:`corpus.store.incoming.opened`, and :class:`BadInput` where,
        without ``merge``, the tenant holds a record that the bundle does not."""
        check(self._incoming)
        with self._known() as known:
            for _ in self._incoming.lines(known):
                pass
        if not merge and self._has_others():
            raise BadInput(f"tenant {self._tenant!r} has records of its own: 'corpus import --merge' unites the two")

    def run(self, seen: Seen) -> None:
        """Take in what is not here, or newer than what is. ``seen(done, total)`` counts records."""
        total = sum(one.records for one in self._incoming.packs.listed)
        done = 0
        with self._known() as known:
            for part in _parts(self._incoming.lines(known)):
                with self._lock:
                    self._step(part)
                done += len(part)
                seen(done, total)

    def _now(self) -> closing[PackSet]:
        return closing(PackSet(self._packs.again(), self._tenant))

    @contextmanager
    def _known(self) -> Iterator[Callable[[str, str], bool]]:
        """Whether a version, told by key and id, was here when this began."""
        loose = {entry.key: entry.id for entry in self._newest_loose().values()}
        with self._now() as packs:

            def known(key: str, ident: str) -> bool:
                found = packs.find(key)
                return loose.get(key) == ident or (found is not None and found[1].id == ident)

            yield known

    def _newest_loose(self) -> dict[str, Entry]:
        newest: dict[str, Entry] = {}
        for entry in self._places.readable():
            newest[entry.key] = max(entry, newest.get(entry.key, entry), key=lambda one: one.order)
        return newest

    def _has_others(self) -> bool:
        theirs = self._incoming.packs
        loose = sorted(bytes.fromhex(key) for key in self._newest_loose())
        with self._now() as packs:
            ours = heapq.merge(iter(loose), *(packs.keys(one) for one in packs.listed))
            return any(True for _ in only_first(ours, heapq.merge(*(theirs.keys(one) for one in theirs.listed))))

    def _step(self, part: Lines) -> None:
        """Seal what no pack holds; write the packs anew that hold an older version."""
        loose = self._newest_loose()
        fresh: Lines = []
        newer: dict[str, Lines] = {}
        with self._now() as packs:
            for row, line in part:
                found = packs.find(row.key)
                known = loose.get(row.key)
                if (found and found[1].order >= row.order) or (known and known.order >= row.order):
                    continue
                if self._forgets(line):
                    self.barred.add(row.key)
                    continue
                if found or known:
                    self.replaced += 1
                else:
                    self.added += 1
                if found:
                    newer.setdefault(found[0].pack, []).append((row, line))
                else:
                    fresh.append((row, line))
            if fresh:
                swap(self._packs, self._tenant, packs, (), fresh, sequenced=False)
        for pack, lines in newer.items():
            with self._now() as packs:
                old = next(one for one in packs.listed if one.pack == pack)
                keys = {row.key for row, _ in lines}
                kept = ((row, line) for row, line in packed_lines(packs, old) if row.key not in keys)
                swap(self._packs, self._tenant, packs, (old,), heapq.merge(kept, lines, key=by_time), sequenced=False)


def take_in(
    given: Path,
    own: BundleFile,
    home: Directory,
    places: Places,
    lock: FileLock,
    sequence: Callable[[], int],
    marks: Callable[[bytes], frozenset[str]],
    forget: Callable[[frozenset[Tombstone]], None],
    seen: Seen,
    *,
    merge: bool,
) -> TakenIn:
    """Take the bundle at ``given`` into the tenant's directory ``home``, of which ``own`` says whose it is; ``sequence`` brings its log up.
    ``marks`` are those of a line, ``forget`` makes more tombstones the tenant's, and takes out what bears them.

    See :meth:`corpus.store.Corpus.take_in`.
    """
    try:
        top = Directory.open(given)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"{given} is no bundle: name a directory that 'corpus export' made") from error
    with top, top.read_only() as bundle:
        if not bundle.exists(NAME):
            raise BadInput(f"{given} is no bundle, it has no {NAME}: name a directory that 'corpus export' made")
        with opened(bundle, own) as incoming, home.child(PACKS, create=True) as packs, home.child(LOG) as log:
            known = Tombstones(home, own.tenant)
            run = Importing(incoming, packs, places, lock, lambda line: bool(known.digest) and known.bears(marks(line)))
            run.check(merge=merge)
            check_all(log, own.source, incoming.logs)
            if new := frozenset(Tombstones(bundle, own.tenant).all()) - frozenset(known.all()):
                forget(new)
            run.run(seen)
            with lock:
                with closing(PackSet(packs.again(), own.tenant)) as now:
                    remove_leftovers(packs, own.tenant, now, places)
                sequence()
                with closing(Log(log.again(), own.tenant)) as mine:
                    _say_forgotten(mine, run.barred | incoming.forgot())
                    position = mine.position()
                keep_all(log, own.source, incoming.logs)
            add_clusters(home, incoming.said.clusters, lock)
    return TakenIn(run.added, run.replaced, len(run.barred), position)


def bearing(
    lines: Iterable[tuple[Entry, bytes]], marks: Callable[[bytes], frozenset[str]], tombstones: frozenset[Tombstone], known: set[str]
) -> Wanted:
    """What of ``lines`` bears one of ``tombstones``, to be forgotten with them. Those whose id is ``known`` are not looked at, and those
    that are become known."""
    named = {one.mark for one in tombstones}
    found = []
    for entry, line in lines:
        if entry.id not in known:
            known.add(entry.id)
            if named & marks(line):
                found.append(entry)
    sessions = frozenset(entry.header.session_id for entry in found if entry.header.session_id is not None)
    return Wanted(frozenset(entry.key for entry in found), sessions, tombstones)


def _say_forgotten(log: Log, keys: set[str]) -> None:
    """The log names each key that another machine's does, also where its record was never let in. The caller holds the lock."""
    known = log.forgot() if keys else frozenset()
    with log.named() as ids_of:
        fresh = [(Happened.FORGET, key, GONE) for key in sorted(keys - known - ids_of(keys).keys())]
    if fresh:
        log.append(fresh)


def _parts(lines: Iterator[tuple[Row, bytes]]) -> Iterator[Lines]:
    part: Lines = []
    held = 0
    for row, line in lines:
        part.append((row, line))
        held += len(line)
        if held >= STEP_BYTES:
            yield part
            part, held = [], 0
    if part:
        yield part
