"""A bundle that somebody handed over: every byte of it is held against the rest before one of its records is taken in."""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from corpus.errors import Broken, Refused
from corpus.names import Name
from corpus.record import Scope, parse_line
from corpus.store import bundle
from corpus.store.bundle import BundleFile
from corpus.store.checkteam import check_packs
from corpus.store.directory import Directory
from corpus.store.index import ROOM, ROW_BYTES
from corpus.store.log import Log
from corpus.store.packing import by_time, packed_lines
from corpus.store.packlist import Listed, index_name, keys_name, pack_name
from corpus.store.packset import PackSet
from corpus.store.reading import PACKS
from corpus.store.rows import Row
from corpus.store.sequence import LOG
from corpus.store.sources import others
from corpus.store.verify import only_first
from corpus.store.whole import whole

_SESSION = re.compile(r"[0-9a-f]{32}\Z")
_KEY_BYTES = 108 + 2 * 28
"""Bytes that a key table has for a record at most: its row, its number by id, and two postings."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An open bundle: what it says of itself, its packs, and the sequences of the machines behind it, its own under its name."""

    said: BundleFile
    home: Directory
    packs: PackSet
    logs: dict[str, Directory]

    def lines(self, known: Callable[[str, str], bool]) -> Iterator[tuple[Row, bytes]]:
        """Its records in order of time, but for those whose key and id are ``known``, each held against its own bytes again as it is
        read. Raises :class:`Broken`, :class:`Refused` for a record that is none, or another's."""
        return heapq.merge(*(self._lines(one, known) for one in self.packs.listed), key=by_time)

    def forgot(self) -> frozenset[str]:
        """The keys of what was forgotten where it comes from; logs of other machines may still name them."""
        with closing(Log(self.logs[self.said.source].again(), self.said.tenant)) as own:
            return own.forgot()

    def _lines(self, one: Listed, known: Callable[[str, str], bool]) -> Iterator[tuple[Row, bytes]]:
        where = self.home.path / PACKS / pack_name(one.pack)
        before = (-(1 << 62), "")
        for row, line in packed_lines(self.packs, one):
            mine = whole(line, where, self.said.tenant)
            if (mine.created_us, mine.key) <= before:
                raise Broken(f"{where}: its records are not in order: export the bundle again")
            before = mine.created_us, mine.key
            if mine.scope != Scope.ENGINEERING:
                raise Refused(f"{where}: a {mine.scope} record has no place in a {self.said.kind} root")
            if mine.session_id is not None and not _SESSION.match(mine.session_id):
                raise Refused(f"{where}: a session_id that is no keyed hash, and names files here: nothing past it was read")
            if row.key != mine.key:
                raise Broken(f"{where} is not what its index says: export the bundle again")
            if known(mine.key, mine.id):
                continue
            try:
                parse_line(line)
            except Broken as error:
                raise Broken(f"{where}: record {mine.id[:12]}: {error}") from error
            yield mine, line


@contextmanager
def opened(home: Directory, mine: BundleFile) -> Iterator[Incoming]:
    """The bundle in ``home``, for a tenant whose own bundle says ``mine``. Raises :class:`Refused` for another tenant's, another kind's,
    or one under another key; :class:`Broken` for what is no whole bundle, naming the file."""
    with ExitStack() as stack:
        with _whole():
            said = bundle.read(home)
            mine.check_same(said, home.path)
            packs = stack.enter_context(closing(PackSet(home.child(PACKS), said.tenant)))
            log = stack.enter_context(home.child(LOG))
            logs = stack.enter_context(others(log))
        yield Incoming(said, home, packs, {**logs, said.source: log})


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Broken(f"{error.filename} is missing from the bundle: export it again") from error


@_whole()
def check(incoming: Incoming) -> None:
    """Hold everything in a bundle against everything else, but for what :meth:`Incoming.lines` does line by line. Raises as
    :func:`opened`."""
    tenant = Name(incoming.said.tenant)
    listed = incoming.packs.listed
    with incoming.home.child(PACKS) as packs:
        for one in listed:
            _check_sizes(packs, one)
        for look in check_packs(packs, listed, tenant).values():
            found = look()
            for line in (*found.damaged, *found.outdated):
                raise Broken(f"{line}: export the bundle again")
        before = b""
        for key in heapq.merge(*(incoming.packs.keys(one) for one in listed)):
            if key == before:
                raise Broken(f"{packs.path}: two packs hold the key {key.hex()[:12]}: export the bundle again")
            before = key
    gone = incoming.forgot()
    for directory in incoming.logs.values():
        _check_log(incoming, directory, tenant, gone)


def _check_sizes(packs: Directory, one: Listed) -> None:
    """Nothing is read of a file that is larger than what the list counts can make it."""
    limits = {
        pack_name(one.pack): one.size,
        keys_name(one.pack): one.records * _KEY_BYTES + ROOM,
        index_name(one.pack): one.records * ROW_BYTES + ROOM,
    }
    for name, most in limits.items():
        fd = packs.open_file(name)
        try:
            if os.fstat(fd).st_size > most:
                raise Broken(f"{packs.path / name} is larger than {one.records} records make it: export the bundle again")
        finally:
            os.close(fd)


def _check_log(incoming: Incoming, directory: Directory, tenant: Name, gone: frozenset[str]) -> None:
    with closing(Log(directory.again(), tenant)) as log:
        keys = sorted(map(bytes.fromhex, {entry.key for entry in log.entries()} - log.forgot() - gone))
    held: Iterable[bytes] = heapq.merge(*(incoming.packs.keys(one) for one in incoming.packs.listed))
    for key in only_first(iter(keys), iter(held)):
        raise Broken(f"{directory.path} names the key {key.hex()[:12]}, and no record of it is in the bundle: export it again")
