"""What a tenant has forgotten: keyed hashes alone, from which nobody can tell, without the tenant's key, whose or what they are.

``tombstones/list`` holds, after a line that names the tenant, a line of fixed width for each tombstone, sorted: its mark (32 hex, see
:mod:`corpus.redaction.tombstone`), what was forgotten with it as one thing, and the run that forgot it (16 hex each, drawn at random). It
is replaced whole, by rename, under the tenant's lock.
"""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable
from typing import NamedTuple

import orjson

from corpus.errors import Broken, Refused
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.loose import replace

TOMBSTONES = "tombstones"
NAME = "list"
MOST = 256 << 20
"""Bytes that no list exceeds: a tombstone takes 67."""
_FORMAT = 1
_LINE = re.compile(rb"([0-9a-f]{32}) ([0-9a-f]{16}) ([0-9a-f]{16})\n")
_WIDTH = 67


class Tombstone(NamedTuple):
    """A mark, what was forgotten with it as one thing (``unit``), and the ``run`` that forgot it."""

    mark: str
    unit: str
    run: str


class Tombstones:
    """A tenant's tombstones, looked up as they are now: the file is read again when it was replaced."""

    def __init__(self, home: Directory, tenant: str) -> None:
        self._home = home
        self._tenant = tenant
        self._seen: tuple[int, ...] | None = None
        self._lines = b""
        self._digest = ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the list; empty where there is none."""
        self._look()
        return self._digest

    def bears(self, marks: Iterable[str]) -> bool:
        """Whether one of ``marks`` has a tombstone."""
        self._look()
        return bool(self._lines) and any(self._has(mark.encode()) for mark in marks)

    def all(self) -> list[Tombstone]:
        self._look()
        return [Tombstone(*(part.decode() for part in found.groups())) for found in _LINE.finditer(self._lines)]

    def _has(self, mark: bytes) -> bool:
        lines = self._lines
        count = len(lines) // _WIDTH
        at = bisect_left(range(count), mark, key=lambda number: lines[number * _WIDTH : number * _WIDTH + 32])
        return at < count and lines[at * _WIDTH : at * _WIDTH + 32] == mark

    def _look(self) -> None:
        try:
            # Only whether it changed: it is opened below a descriptor, and no link is followed then.
            found = os.stat(f"{TOMBSTONES}/{NAME}", dir_fd=self._home.fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            if self._home.exists(TOMBSTONES):  # a link that leads nowhere, or a file, does not say that nothing was forgotten
                self._home.child(TOMBSTONES).close()
            self._seen, self._lines, self._digest = None, b"", ""
            return
        seen = found.st_ino, found.st_mtime_ns, found.st_size
        if seen != self._seen:
            with self._home.child(TOMBSTONES) as directory:
                self._read(directory)
            self._seen = seen

    def _read(self, directory: Directory) -> None:
        data = directory.read(NAME, MOST)
        first, _, lines = data.partition(b"\n")
        try:
            head = orjson.loads(first)
            if head["tenant"] != self._tenant:
                owner = str(head["tenant"])[:63]
                raise Refused(f"{directory.path / NAME} is the list of tenant {owner!r}, not {self._tenant!r}: nothing of it was read")
            whole = len(lines) % _WIDTH == 0 and len(_LINE.findall(lines)) == len(lines) // _WIDTH
            if head["format"] != _FORMAT or not whole or head["count"] != len(lines) // _WIDTH:
                raise ValueError
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(f"{directory.path / NAME} is no list of tombstones: restore it from a backup") from error
        self._lines, self._digest = lines, hashlib.sha256(data).hexdigest()


def write_tombstones(directory: Directory, tenant: str, tombstones: Collection[Tombstone]) -> None:
    """Make ``tombstones`` what is forgotten, durably and at once. The caller holds the tenant's lock."""
    lines = sorted(set(tombstones))
    head = dumps({"count": len(lines), "format": _FORMAT, "tenant": tenant}) + b"\n"
    replace(directory, NAME, head + b"".join(f"{' '.join(line)}\n".encode() for line in lines))
