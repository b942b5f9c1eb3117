"""Everything a tenant keeps held against everything else: packs, indexes, key tables, loose files, list and log."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from corpus.errors import Broken, Refused, SubstrateError
from corpus.names import Name
from corpus.store.checking import Pack
from corpus.store.checkteam import check_packs
from corpus.store.directory import Directory
from corpus.store.leftovers import leftovers
from corpus.store.lines import lines_of
from corpus.store.log import Log
from corpus.store.packlist import Listed, keys_name
from corpus.store.packset import PackSet
from corpus.store.places import BULK, SUFFIX, Place, Places
from corpus.store.rows import Row
from corpus.store.whole import whole

_AFTER_ALL = b"\xff" * 33


class What(StrEnum):
    """What is wrong with a file, and so what can be done about it."""

    PACK = "pack"
    INDEX = "index"
    LOOSE = "loose"
    UNLISTED = "unlisted"
    LIST = "list"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: ``line`` names the file and says what is wrong. ``refused``: it is another tenant's."""

    what: What
    line: str
    refused: bool = False
    pack: str | None = None
    path: Place | None = None


@dataclass(slots=True)
class Verified:
    """What was looked at, and every problem found; ``unsequenced`` records are not in the log yet, the oldest since ``oldest``."""

    records: int = 0
    packs: int = 0
    loose: int = 0
    position: int = 0
    unsequenced: int = 0
    oldest: float | None = None
    problems: list[Problem] = field(default_factory=list)


class Verification:
    """One look at a tenant; the caller holds its lock, so that nothing moves meanwhile."""

    def __init__(self, tenant: Name, places: Places, packs: Directory, log: Log) -> None:
        self._tenant = tenant
        self._places = places
        self._packs = packs
        self._log = log
        self.found = Verified()
        self.held: dict[str, Pack] = {}
        """What damaged or wrongly indexed packs hold, by pack."""

    def run(self, since: int | None = None) -> Verified:
        """Look at everything, or with ``since`` at what the log names after that position and at every loose file."""
        packs = self._listed()
        if packs:
            try:
                self._check_packs(packs, since)
                loose = self._check_loose()
                self._check_unlisted(packs)
                if not self.found.problems:
                    self._check_log(packs, loose, since)
            finally:
                packs.close()
        return self.found

    def _problem(self, what: What, error: SubstrateError | str, *, pack: str | None = None, path: Place | None = None) -> None:
        self.found.problems.append(Problem(what, str(error), isinstance(error, Refused), pack, path))

    def _listed(self) -> PackSet | None:
        try:
            return PackSet(self._packs.again(), self._tenant)
        except (Broken, Refused) as error:
            self._problem(What.LIST, error)
            return None

    def _check_packs(self, packs: PackSet, since: int | None) -> None:
        named = None
        if since is not None:
            try:
                named = {entry.key for entry in self._log.entries(since)}
            except (Broken, Refused) as error:
                self._problem(What.LOG, error)
                return
        looks = check_packs(self._packs, packs.listed, self._tenant) if named is None else {}
        for one in packs.listed:
            try:
                if named is None:
                    self._whole(one, looks[one.pack]())
                else:
                    self._part(packs, one, named)
                self.found.packs += 1
            except (Broken, Refused) as error:
                self._problem(What.PACK, error, pack=one.pack)
            except FileNotFoundError as error:
                self._problem(What.PACK, f"{error.filename} is listed and not there", pack=one.pack)

    def _whole(self, one: Listed, pack: Pack) -> None:
        self.found.records += pack.records
        for line in pack.damaged:
            self._problem(What.PACK, line, pack=one.pack)
        for line in pack.outdated:
            self._problem(What.INDEX, line, pack=one.pack)
        if pack.damaged or pack.outdated:
            self.held[one.pack] = pack

    def _part(self, packs: PackSet, one: Listed, named: set[str]) -> None:
        for at in sorted(packs.located(one, named), key=lambda at: (at.frame, at.offset)):  # each frame is unpacked once
            row = whole(packs.line(one.pack, at.frame, at.offset, at.size), self._packs.path / one.names[0], self._tenant)
            if (row.key, row.order) != (at.key, at.order):
                raise Broken(f"{self._packs.path / keys_name(one.pack)} says other things than its pack")
            self.found.records += 1

    def _check_loose(self) -> list[str]:
        keys = []
        for directory, path in self._places.files():
            self.found.loose += 1
            try:
                for offset, line in lines_of(directory, path[-1]):
                    row = whole(line, f"{directory.path}/{path[-1]} at byte {offset}", self._tenant)
                    self._places.check(row, directory, path)
                    _check_name(row, path, directory)
                    keys.append(row.key)
            except FileNotFoundError:
                continue
            except (Broken, Refused) as error:
                self._problem(What.LOOSE, error, path=path)
        self.found.records += len(keys)
        return keys

    def _check_unlisted(self, packs: PackSet) -> None:
        # What cannot be read loose is told already.
        with suppress(Refused):
            for pack, kept in leftovers(self._packs, self._tenant, packs, self._places).items():
                if not kept:
                    line = f"{self._packs.path / pack}.jsonl.zst is not listed and holds records that nothing else does"
                    self._problem(What.UNLISTED, line, pack=pack)

    def _check_log(self, packs: PackSet, loose: list[str], since: int | None) -> None:
        try:
            for entry in self._log.entries(since or 0):
                self.found.position = entry.position
            self.found.position = self._log.position()
            if since is not None:
                return
            held = heapq.merge(self._single(packs.all_keys()), sorted(map(bytes.fromhex, set(loose))))
            with self._log.named() as ids_of:
                for key in only_first(self._log.keys(), held):
                    if ids_of([key.hex()]):
                        said = f"{self._packs.path.parent / 'log'} names the key {key.hex()[:12]}, and no record of it is here"
                        self._problem(What.LOG, said)
        except (Broken, Refused) as error:
            self._problem(What.LOG, error)

    def _single(self, keys: Iterator[bytes]) -> Iterator[bytes]:
        before = b""
        for key in keys:
            if key == before:
                self._problem(What.PACK, f"{self._packs.path}: two packs hold the key {key.hex()[:12]}")
            before = key
            yield key


def _check_name(row: Row, path: Place, directory: Directory) -> None:
    """A single record lies under its own name: a commit's under the commit, a link's under its key."""
    expected = {"edit": row.source_commit, "link": row.key}.get(row.tuple_type)
    if expected and not path[-1].startswith(BULK) and path[-1] != f"{expected}{SUFFIX}":
        raise Broken(f"{directory.path / path[-1]} holds another record than its name says")


def only_first(first: Iterator[bytes], second: Iterator[bytes]) -> Iterator[bytes]:
    """What is in the first of two sorted runs and not in the second, each once. Both are read to their ends."""
    there = before = b""
    for key in first:
        while there < key:
            there = next(second, _AFTER_ALL)
        if key not in (there, before):
            yield key
        before = key
    deque(second, maxlen=0)  # whoever makes it may look at all of it
