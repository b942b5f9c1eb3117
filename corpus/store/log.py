"""The sequence: what was added, replaced, linked and forgotten, one line each, numbered from 1 and only ever appended to.

``log/<first position, 16 digits>.log`` holds up to 65,536 entries after a line that names the tenant. A full one has its keys in
order beside it (``.keys``), which can be made again from it. An entry's leaf hash, for proofs over the log, is SHA-256 of a zero byte
and its line without the newline (RFC 6962, 2.1). Whoever appends holds the tenant's lock; readers take none, and leave out half a
last line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import takewhile

import orjson

from corpus.errors import Broken, Refused
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.logindex import SortedKeys, in_order, sorted_keys
from corpus.store.loose import replace, write_all, write_new
from corpus.store.spread import Sought

SEGMENT = 1 << 16
GONE = "0" * 64
"""What an entry that a record left has in the place of an id."""
_HEAD_BYTES = 4096
LARGEST = SEGMENT * 256 + 4096
"""Bytes that no file of a log exceeds: an entry has at most 200."""
_FORMAT = 1
_NAME = re.compile(r"([0-9]{16})\.log\Z")
_NAMES = re.compile(rb'"id":"([0-9a-f]{64})","key":"([0-9a-f]{64})"')
_ENTRY = re.compile(rb'\{"id":"([0-9a-f]{64})","key":"([0-9a-f]{64})","kind":"([a-z]+)","n":([1-9][0-9]{0,15})\}\Z')


class Happened(StrEnum):
    """What an entry says: a record of a new key came, one of a known key did, a link came, a record left for good."""

    ADD = "add"
    REPLACE = "replace"
    LINK = "link"
    FORGET = "forget"


_KINDS = {kind.encode(): kind for kind in Happened}


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry: its position, and the key and id it is about."""

    position: int
    kind: Happened
    key: str
    id: str

    def line(self) -> bytes:
        return b'{"id":"%b","key":"%b","kind":"%b","n":%d}\n' % (self.id.encode(), self.key.encode(), self.kind.encode(), self.position)


class Log:
    """The log of one tenant, open for reading; :meth:`append` under the tenant's lock. Closes ``directory``."""

    def __init__(self, directory: Directory | None, tenant: str) -> None:
        """``directory`` is ``None`` where there is no log yet."""
        self._directory = directory
        self._tenant = tenant

    def close(self) -> None:
        if self._directory:
            self._directory.close()

    def position(self) -> int:
        """How many entries there are."""
        firsts = self._firsts()
        return firsts[-1] - 1 + max(len(_whole(self._read(firsts[-1]))) - 1, 0) if firsts else 0

    def entries(self, since: int = 0) -> Iterator[Logged]:
        """The entries after position ``since``. Raises :class:`Broken` for one that is none or out of its place, :class:`Refused` for
        another tenant's log."""
        firsts = self._firsts()
        for at, first in enumerate(firsts):
            if at + 1 < len(firsts) and firsts[at + 1] <= since + 1:
                continue
            lines = _whole(self._read(first))
            if lines:
                self._check_head(first, lines[0])
            if at + 1 < len(firsts) and firsts[at + 1] != first + len(lines) - 1:
                raise Broken(f"{self._where(first)} has {len(lines) - 1} entries, and the next file begins at {firsts[at + 1]}")
            for position, line in enumerate(lines[1:], first):
                if position > since:
                    yield self._parse(first, position, line)

    @contextmanager
    def named(self) -> Iterator[Callable[[Iterable[str]], Mapping[str, list[str]]]]:
        """What the log names now: yields a function from keys to the ids under each that it names, looked for all at once; none of what
        was forgotten since."""
        *full, tail = self._firsts() or [0]
        last: dict[str, list[str]] = {}
        if tail:
            lines = self._read(tail)
            self._check_head(tail, lines[: lines.find(b"\n") + 1])
            for ident, key in _NAMES.findall(lines, 0, lines.rfind(b"\n") + 1):
                last.setdefault(key.decode(), []).append(ident.decode())
        returned = cache(self._returned)
        with ExitStack() as stack:
            sorted_ = [stack.enter_context(closing(self._sorted(first))) for first in full]

            def ids_of(keys: Iterable[str]) -> Mapping[str, list[str]]:
                found: dict[str, list[str]] = {}
                wanted = frozenset(keys)
                sought = Sought(map(bytes.fromhex, wanted))
                for part in sorted_:
                    for raw, ident in part.among(sought):
                        found.setdefault(raw.hex(), []).append(ident.hex())
                for key in wanted & last.keys():
                    found.setdefault(key, []).extend(last[key])
                for key in [key for key, ids in found.items() if GONE in ids]:
                    found[key] = returned().get(key, found[key])
                return {key: ids for key, ids in found.items() if ids}

            yield ids_of

    def forgot(self) -> frozenset[str]:
        """The keys that were forgotten and have not come back since."""
        return frozenset(key for key, since in self._returned().items() if not since)

    def _returned(self) -> dict[str, list[str]]:
        """The ids under each key that was ever forgotten, since it was: the whole log is read, in order."""
        found: dict[str, list[str]] = {}
        for entry in self.entries():
            if entry.kind is Happened.FORGET:
                found[entry.key] = []
            elif entry.key in found:
                found[entry.key].append(entry.id)
        return found

    def keys(self) -> Iterator[bytes]:
        """The keys that the log names, in order, each as often as it is named."""
        *full, tail = self._firsts() or [0]
        last: list[list[bytes]] = [[] for _ in range(256)]
        for _, key in _NAMES.findall(self._read(tail)) if tail else ():
            last[int(key[:2], 16)].append(bytes.fromhex(key.decode()))
        with ExitStack() as stack:
            parts = [stack.enter_context(closing(self._sorted(first))).beginning_with for first in full]
            yield from in_order([*parts, last.__getitem__])

    def append(self, happened: Sequence[tuple[Happened, str, str]]) -> int:
        """Add an entry for each ``(kind, key, id)``, durably; returns the position reached. Half a last line is removed first."""
        directory = self._directory
        assert directory is not None  # noqa: S101 - a writer makes the directory
        firsts = self._firsts()
        first, count = (firsts[-1], self._mend(directory, firsts[-1])) if firsts else (1, -1)
        waiting = list(happened)
        while waiting:
            if count == SEGMENT:
                self._seal(directory, first)
                first, count = first + SEGMENT, -1
            room = SEGMENT - max(count, 0)
            lines = [Logged(first + max(count, 0) + at, *one).line() for at, one in enumerate(waiting[:room])]
            if count < 0:
                head = dumps({"first": first, "format": _FORMAT, "tenant": self._tenant}) + b"\n"
                write_new(directory, _name(first), head + b"".join(lines))
                count = 0
            else:
                self._extend(directory, first, b"".join(lines))
            count += len(lines)
            waiting = waiting[room:]
        return first + max(count, 0) - 1

    def _firsts(self) -> list[int]:
        return [int(found[1]) for name in (self._directory.names() if self._directory else ()) if (found := _NAME.match(name))]

    def _read(self, first: int) -> bytes:
        assert self._directory is not None  # noqa: S101 - listed, so it is there
        return self._directory.read(_name(first), LARGEST)

    def _where(self, first: int) -> str:
        return f"{self._directory.path if self._directory else ''}/{_name(first)}"

    def _check_head(self, first: int, line: bytes) -> None:
        try:
            head = orjson.loads(line)
            owner = head["tenant"]
            if owner != self._tenant:
                raise Refused(f"{self._where(first)} is the log of tenant {str(owner)[:63]!r}, not {self._tenant!r}: it was not read")
            if head["first"] != first or head["format"] != _FORMAT:
                raise ValueError
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(f"{self._where(first)} does not begin as a log does: run 'corpus verify'") from error

    def _parse(self, first: int, position: int, line: bytes) -> Logged:
        found = _ENTRY.match(line)
        kind = _KINDS.get(found[3]) if found else None
        if not found or not kind or int(found[4]) != position:
            raise Broken(f"{self._where(first)}: entry {position} is none: run 'corpus verify'")
        return Logged(position, kind, found[2].decode(), found[1].decode())

    def _mend(self, directory: Directory, first: int) -> int:
        """Cut half a last line off, which a killed writer left; returns how many entries stand."""
        data = self._read(first)
        end = data.rfind(b"\n") + 1
        lines = data[:end].splitlines()
        if not lines:
            raise Broken(f"{self._where(first)} does not begin as a log does: run 'corpus verify'")
        self._check_head(first, lines[0])
        if end < len(data):
            replace(directory, _name(first), data[:end])
        if len(lines) > 1:
            self._parse(first, first + len(lines) - 2, lines[-1])
        return len(lines) - 1

    def _extend(self, directory: Directory, first: int, lines: bytes) -> None:
        """Write ``lines`` at the end of a file, or of a copy in its place where it has another name as well: what is there is no other's.

        What is written to is what was looked at, by one descriptor.
        """
        with open(directory.open_file(_name(first), os.O_RDWR | os.O_APPEND), "r+b", buffering=0) as stream:
            fd, status = stream.fileno(), os.fstat(stream.fileno())
            self._check_head(first, os.pread(fd, _HEAD_BYTES, 0).partition(b"\n")[0])
            if status.st_nlink != 1:
                replace(directory, _name(first), os.pread(fd, status.st_size, 0) + lines)
                return
            try:
                write_all(fd, lines)
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, status.st_size)
                raise

    def _seal(self, directory: Directory, first: int) -> None:
        part = takewhile(lambda entry: entry.position < first + SEGMENT, self.entries(first - 1))
        replace(directory, _keys_name(first), sorted_keys((entry.key, entry.id) for entry in part))

    def _sorted(self, first: int) -> SortedKeys:
        assert self._directory is not None  # noqa: S101 - listed, so it is there
        if not self._directory.exists(_keys_name(first)):  # killed before it was made
            self._seal(self._directory, first)
        return SortedKeys(self._directory, _keys_name(first))


def _whole(data: bytes) -> list[bytes]:
    return data[: data.rfind(b"\n") + 1].splitlines()


def _name(first: int) -> str:
    return f"{first:016d}.log"


def _keys_name(first: int) -> str:
    return f"{first:016d}.keys"
