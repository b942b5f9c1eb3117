"""Holding one pack against its index, its key table and the list: every frame, line, id, header and row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.errors import Broken
from corpus.store.directory import Directory
from corpus.store.frames import Frame, read_frame
from corpus.store.keytable import table_bytes
from corpus.store.packlist import Listed, index_name, keys_name, pack_name
from corpus.store.rows import Row
from corpus.store.whole import whole

_MOST = 1 << 30
"""Bytes of lines that no pack of ours comes near: of one that says it holds more, no more is unpacked."""
_TOLD = 10
"""Damaged frames that are named one by one."""
_TRIES = 100
"""Places at which a frame is looked for in what is none: each costs a walk over what may be its blocks."""
_BLOCKS = 1 << 13
"""Blocks of a frame: one holds 128 KiB, or a sixteenth where it was split."""


@dataclass(slots=True)
class Pack:
    """What a pack turned out to hold: how many records, their rows at their places where anything is wrong, what is wrong with the lines,
    and with what lies beside them."""

    rows: list[Row] = field(default_factory=list)
    records: int = 0
    damaged: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)


def check_pack(packs: Directory, listed: Listed, tenant: str) -> Pack:
    """Read all of a listed pack. ``damaged`` means that lines are lost, ``outdated`` that index, key table or list can be made again.

    Raises :class:`corpus.errors.Refused` for another tenant's pack or index, ``FileNotFoundError`` for a pack that is not there.
    """
    found = Pack()
    where = packs.path / pack_name(listed.pack)
    fd = packs.open_file(pack_name(listed.pack))
    with open(fd, "rb") as stream:
        if os.fstat(fd).st_size > _MOST:
            found.damaged.append(f"{where} is larger than any pack: it was not read")
            return found
        if hashlib.file_digest(stream, "sha256").hexdigest() != listed.pack:
            found.damaged.append(f"{where} is not the file that its name says")
        for frame, lines in _frames(stream.fileno(), str(where), found):
            _check_lines(frame, lines, tenant, found, where)
    found.records = len(found.rows)
    if found.damaged:
        return found
    _check_beside(packs, listed, tenant, found)
    if not found.outdated:
        found.rows = []  # nothing needs them, and there may be many packs
    return found


def _frames(fd: int, where: str, found: Pack) -> Iterator[tuple[Frame, bytes]]:
    """The frames of a pack as they follow each other, and what they hold; of one that cannot be read a note is made."""
    import zstandard

    at, end = 0, os.fstat(fd).st_size
    left, tries = _MOST, _TRIES
    while at < end:
        if left < 0 or not tries:
            found.damaged.append(f"{where}: nothing past byte {at} was read: it holds more, or is more broken, than any pack")
            return
        try:
            content = zstandard.get_frame_parameters(os.pread(fd, 18, at)).content_size
            size = _frame_size(fd, at, end)
            frame = Frame(at, size, content)
            lines = read_frame(fd, frame, where)
        except (zstandard.ZstdError, Broken):
            if len(found.damaged) < _TOLD:
                found.damaged.append(f"{where}: the frame at byte {at} cannot be read")
            at = _next_frame(fd, at + 1, end)
            tries -= 1
            continue
        left -= content
        yield frame, lines
        at += size


def _frame_size(fd: int, at: int, end: int) -> int:
    """The size of the frame at ``at``, from its block headers (RFC 8878, 3.1.1). Raises :class:`Broken`."""
    import zstandard

    start = at + zstandard.frame_header_size(os.pread(fd, 18, at))
    checksum = 4 if zstandard.get_frame_parameters(os.pread(fd, 18, at)).has_checksum else 0
    for _ in range(_BLOCKS):
        if start + 3 > end:
            break
        head = int.from_bytes(os.pread(fd, 3, start), "little")
        kind, size = head >> 1 & 3, head >> 3
        start += 3 + (1 if kind == 1 else size)
        if head & 1:
            if start + checksum > end:
                break
            return start + checksum - at
    raise Broken("a frame without an end")


def _next_frame(fd: int, at: int, end: int) -> int:
    """Where the next frame may begin: its magic number (RFC 8878, 3.1.1), or the end."""
    magic = (0xFD2FB528).to_bytes(4, "little")
    while at < end:
        block = os.pread(fd, 1 << 20, at)
        found = block.find(magic)
        if found >= 0:
            return at + found
        at += max(len(block) - 3, 1)
    return end


def _check_lines(frame: Frame, lines: bytes, tenant: str, found: Pack, where: Path) -> None:
    offset = 0
    while offset < len(lines):
        end = lines.find(b"\n", offset)
        if end < 0:
            found.damaged.append(f"{where}: the frame at byte {frame.offset} ends in half a line")
            return
        line = lines[offset:end]
        try:
            found.rows.append(whole(line, where, tenant).placed(frame, offset))
        except Broken:
            found.damaged.append(f"{where}: the line at {offset} of the frame at byte {frame.offset} is no record")
        offset = end + 1


def _check_beside(packs: Directory, listed: Listed, tenant: str, found: Pack) -> None:
    """Index, key table and list against the rows that the lines themselves gave."""
    from corpus.store.index import read_index, table_of

    try:
        index = packs.read(index_name(listed.pack))
        if hashlib.sha256(index).hexdigest() != listed.index:
            found.outdated.append(f"{packs.path / index_name(listed.pack)} is not the file that the list names")
        if not read_index(packs, listed, tenant).equals(table_of(tenant, found.rows)):
            found.outdated.append(f"{packs.path / index_name(listed.pack)} says other things than its pack")
    except FileNotFoundError:
        found.outdated.append(f"{packs.path / index_name(listed.pack)} is missing")
    except Broken as error:
        found.outdated.append(str(error))
    try:
        keys = packs.read(keys_name(listed.pack))
        if keys != table_bytes(tenant, found.rows) or hashlib.sha256(keys).hexdigest() != listed.keys:
            found.outdated.append(f"{packs.path / keys_name(listed.pack)} says other things than its pack")
    except FileNotFoundError:
        found.outdated.append(f"{packs.path / keys_name(listed.pack)} is missing")
    except Broken as error:
        found.outdated.append(str(error))
    content = sum({row.frame_offset: row.frame_content for row in found.rows}.values())
    if (listed.records, listed.content) != (len(found.rows), content):
        found.outdated.append(f"{packs.path / 'list'} counts pack {listed.pack[:12]} otherwise than it is")
