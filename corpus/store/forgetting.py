"""Taking records out for good: loose files, lines of bulk files and packs, each step whole on its own and finished by whoever comes next.

What is to go is written down first (``tombstones/forgetting``), with the tombstones that keep it away. Then it goes: loose files, and packs
written anew without it, in the order in which packing works. A run that is killed leaves that note, and the next goes on from it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from filelock import FileLock

from corpus.errors import Broken, Refused
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.leftovers import remove_leftovers, unlisted
from corpus.store.lines import entry_of, lines_of
from corpus.store.log import GONE, Happened, Log
from corpus.store.loose import replace
from corpus.store.packfile import remove_pack
from corpus.store.packing import packed_lines
from corpus.store.packlist import pack_name, write_list
from corpus.store.packset import PackSet
from corpus.store.places import Places
from corpus.store.sequence import sequence
from corpus.store.swap import swap
from corpus.store.tombstones import TOMBSTONES, Tombstone, Tombstones, write_tombstones

NOTE = "forgetting"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to go: the keys of records, the sessions (``header.session_id``) among them, and the tombstones that keep them away.
    ``keep_builds``: the sets that hold them stay where they lie."""

    keys: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    tombstones: frozenset[Tombstone] = frozenset()
    keep_builds: bool = False

    def __or__(self, other: Wanted) -> Wanted:
        both = self.keys | other.keys, self.sessions | other.sessions, self.tombstones | other.tombstones
        return Wanted(*both, self.keep_builds and other.keep_builds)


def note(home: Directory, tenant: str, wanted: Wanted) -> Wanted:
    """Write down what is to go, durably; returns it with what was to go already. The caller holds the tenant's lock."""
    before = noted(home, tenant)
    whole = wanted if before is None else before | wanted
    plain = {
        "format": _FORMAT,
        "tenant": tenant,
        "keys": sorted(whole.keys),
        "sessions": sorted(whole.sessions),
        "tombstones": [list(one) for one in sorted(whole.tombstones)],
        "keep_builds": whole.keep_builds,
    }
    with home.child(TOMBSTONES, create=True) as directory:
        replace(directory, NOTE, dumps(plain) + b"\n")
    return whole


def noted(home: Directory, tenant: str) -> Wanted | None:
    """What is to go, and has not gone yet or not everywhere. Raises :class:`Broken` for a damaged note, :class:`Refused` for another's."""
    try:
        with home.child(TOMBSTONES) as directory:
            raw = orjson.loads(directory.read(NOTE))
        if raw["tenant"] != tenant:
            raise Refused(f"{home.path / TOMBSTONES / NOTE} is a note of tenant {str(raw['tenant'])[:63]!r}, not {tenant!r}: remove it")
        if raw["format"] != _FORMAT:
            raise ValueError
        buried = frozenset(Tombstone(*map(str, one)) for one in raw["tombstones"])
        return Wanted(frozenset(map(str, raw["keys"])), frozenset(map(str, raw["sessions"])), buried, raw["keep_builds"] is True)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{home.path / TOMBSTONES / NOTE} cannot be read: remove it, and forget again") from error


def done(home: Directory) -> None:
    """Nothing is left to go."""
    with contextlib.suppress(FileNotFoundError), home.child(TOMBSTONES) as directory:
        os.unlink(NOTE, dir_fd=directory.fd)
        directory.sync()


class Forgetting:
    """One run that takes out of a tenant's records what is :class:`Wanted` away. The caller holds the tenant's lock."""

    def __init__(self, tenant: str, home: Directory, places: Places, packs: Directory, log: Log, lock: FileLock) -> None:
        self._tenant = tenant
        self._home = home
        self._places = places
        self._packs = packs
        self._log = log
        self._lock = lock
        self.unread: list[str] = []
        """A line for each file that could not be looked into, and so may still hold what was to go."""

    def run(self, wanted: Wanted) -> None:
        """Raises :class:`Refused` at another tenant's record, :class:`Broken` for a pack that cannot be read; the note stays then."""
        with self._lock:
            self._bury(wanted)
            with self._now() as packs:
                remove_leftovers(self._packs, self._tenant, packs, self._places, wanted.keys)
                # So that each has its place in the log, and the log can say that it left.
                sequence(self._log, packs, self._packs, self._places, self._tenant)
            self._loose(wanted.keys)
            with self._now() as packs:
                holding = [one.pack for one in packs.listed if any(packs.located(one, wanted.keys))]
            for pack in holding:
                self._rewrite(pack, wanted.keys)
            with self._log.named() as ids_of:
                gone = [(Happened.FORGET, key, GONE) for key in sorted(ids_of(wanted.keys))]
            if gone:
                self._log.append(gone)
            self._look_for_more()

    def _bury(self, wanted: Wanted) -> None:
        known = frozenset(Tombstones(self._home, self._tenant).all())
        if not wanted.tombstones <= known:
            with self._home.child(TOMBSTONES, create=True) as directory:
                write_tombstones(directory, self._tenant, known | wanted.tombstones)

    @contextlib.contextmanager
    def _now(self) -> Iterator[PackSet]:
        packs = PackSet(self._packs.again(), self._tenant)
        try:
            yield packs
        finally:
            packs.close()

    def _loose(self, keys: frozenset[str]) -> None:
        for directory, path in self._places.files():
            where = directory.path / path[-1]
            try:
                lines = [(entry_of(line, where, path, self._tenant, at).key, line) for at, line in lines_of(directory, path[-1])]
            except FileNotFoundError:
                continue
            except Broken as error:
                self.unread.append(str(error))
                continue
            kept = [line for key, line in lines if key not in keys]
            if kept and len(kept) < len(lines):
                replace(directory, path[-1], b"".join(line + b"\n" for line in kept))
            elif len(kept) < len(lines):
                os.unlink(path[-1], dir_fd=directory.fd)
                directory.sync()

    def _rewrite(self, pack: str, keys: frozenset[str]) -> None:
        with self._now() as packs:
            old = next(one for one in packs.listed if one.pack == pack)
            if sum(1 for _ in packs.located(old, keys)) < old.records:
                kept = ((row, line) for row, line in packed_lines(packs, old) if row.key not in keys)
                swap(self._packs, self._tenant, packs, (old,), kept, sequenced=old.sequenced)
            else:
                write_list(self._packs, self._tenant, tuple(one for one in packs.listed if one is not old))
                remove_pack(self._packs, pack)
        self._packs.sync()

    def _look_for_more(self) -> None:
        with self._now() as packs:
            for pack in sorted(unlisted(self._packs, packs)):
                self.unread.append(f"{self._packs.path / pack_name(pack)} is not listed and may hold what was forgotten: remove it")
        places = [self._places.open(*place) for place in self._places.all()]
        for directory in [*places, self._packs]:
            aside = [name for name in directory.names() if ".damaged" in name]
            self.unread += [f"{directory.path / name} was set aside and may hold what was forgotten: remove it" for name in aside]
        for directory in places:
            directory.close()
