"""Reading stored lines back: where each lies, what its header says, and whether it belongs there."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import orjson
from pydantic import ValidationError

from corpus.errors import Broken, Refused
from corpus.record import Header, line_id
from corpus.store.directory import Directory
from corpus.store.frames import Frame
from corpus.store.versions import Order, events_in, order

_HEADER = b',"header":{"cluster":'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class Located(Protocol):
    """As much of an entry as reading its record takes."""

    @property
    def key(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def frame(self) -> Frame | None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored record without its body. ``path`` is relative to the tenant's directory, ``offset`` and ``size`` in bytes
    (newline not counted), ``created_us`` microseconds since 1970 in UTC, ``events`` those of a trajectory's part (else 0).
    A record in a pack has a ``frame``, and its ``offset`` is inside the frame's content."""

    key: str
    id: str
    revision: int
    path: tuple[str, ...]
    offset: int
    size: int
    header: Header
    created_us: int
    events: int = 0
    frame: Frame | None = None

    @property
    def order(self) -> Order:
        return order(self.events, self.revision, self.id)


def microseconds(created: str) -> int:
    """``created`` of a header as microseconds since 1970; negative before. Raises ``ValueError`` for a text of another shape."""
    try:
        since = datetime.fromisoformat(created) - _EPOCH
    except ValueError:  # a leap second, which strptime takes
        return calendar.timegm(time.strptime(created, "%Y-%m-%dT%H:%M:%SZ")) * 1_000_000
    return (since.days * 86400 + since.seconds) * 1_000_000


def entries_of(directory: Directory, name: str, path: tuple[str, ...], tenant: str) -> Iterator[Entry]:
    """The entries of one file, in order.

    Raises :class:`Refused` where a header names another tenant (nothing after it is read), :class:`Broken` for half a line.
    """
    where = f"{directory.path}/{name}"
    for offset, line in lines_of(directory, name):
        yield entry_of(line, where, path, tenant, offset)


def lines_of(directory: Directory, name: str) -> Iterator[tuple[int, bytes]]:
    """``(offset, line)`` of each line of a file, without its newline. Raises :class:`Broken` for half a line."""
    offset = 0
    data = directory.read(name)
    while offset < len(data):
        end = data.find(b"\n", offset)
        if end < 0:
            raise Broken(f"{directory.path / name}: the last line is cut off; move the file away and capture again")
        yield offset, data[offset:end]
        offset = end + 1


def entry_of(line: bytes, where: object, path: tuple[str, ...], tenant: str, offset: int = 0) -> Entry:
    """The entry of one line, without the newline, at ``offset`` of a file. Raises as :func:`entries_of`."""
    # The body is the first member and by far the largest; inside strings quotes are escaped and no body has a field
    # "header", so the last unescaped occurrence is the record's own. Only what follows is parsed.
    at = line.rfind(_HEADER)
    try:
        if at < 0:
            raise ValueError
        tail = orjson.loads(b"{" + line[at + 1 :])
        header = Header.model_validate(tail["header"])
        if header.tenant != tenant:
            raise Refused(f"{where}: a record of tenant {header.tenant!r} lies in the directory of {tenant!r}; nothing past it was read")
        if not (_is_hash(tail["key"]) and _is_hash(tail["id"]) and type(tail["revision"]) is int and 0 <= tail["revision"] < 1 << 53):
            raise ValueError
        events = events_in(header.tuple_type, line)
        return Entry(tail["key"], tail["id"], tail["revision"], path, offset, len(line), header, microseconds(header.created), events)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise Broken(f"{where}: not a record at byte {offset}; move the file away and capture again") from error


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.match(value) is not None


def keys_of(directory: Directory, name: str) -> Iterator[str]:
    """The keys in a file of many records, without parsing more than each line's tail. Raises :class:`Broken` for what is no record."""
    for line in directory.read(name).splitlines():
        try:
            yield line_id(line[max(0, line.rfind(_HEADER)) :])[2]
        except Broken as error:
            raise Broken(f"{directory.path / name}: {error}; move the file away and capture again") from error


def carries(line: bytes, ident: str) -> bool:
    """Whether ``line`` ends as the record of this id does; its bytes are not hashed."""
    try:
        return line_id(line[max(0, line.rfind(_HEADER)) :])[0] == ident
    except Broken:
        return False
