"""The text of a manifest without its members: they are nearly all of it, and are taken out of it while it is read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import BinaryIO

from corpus.build.members import PAIR, Members, of_text, to_text

MOST = 1 << 30
"""Bytes that no manifest has without its members."""
_PIECE = 1 << 20
_BEGINS = b'"members":[["'
_KEPT = len(b'"members":')
_FIRST, _ENOUGH = 8, 1 << 12


@dataclass
class Cut:
    """``text`` has a string in the place of each list of members; ``members`` says which it stood for. Those strings are drawn, so that no
    text can have them already: one in place of a list that no model asks for is refused as the list would be."""

    text: bytes = b""
    members: dict[str, Members] = field(default_factory=dict)


def cut(file: BinaryIO) -> Cut:
    """What is in ``file``, with its lists of members cut out; a list that is not written as ours are stays where it is.

    What is cut out is a whole value of JSON, and where it begins no string is open: of the quotes around ``members`` one ends a string. So
    the text is JSON when that of the file is, and only then. Raises ``ValueError`` for one that is too long.
    """
    read = _Read(file)
    text, found = bytearray(), Cut()
    while True:
        if len(text) > MOST:
            raise ValueError("longer than any manifest")
        at = read.held.find(_BEGINS, read.at)
        if at < 0:
            text += read.take(max(len(read.held) - len(_BEGINS) + 1, read.at))
            if not read.more():
                found.text = bytes(text + read.take(len(read.held)))
                return found
            continue
        text += read.take(at + _KEPT)
        members, ended = _list(read)
        if ended:
            name = secrets.token_hex(16)
            found.members[name] = members
            text += b'"%b"' % name.encode()
        else:
            text += b"[" + to_text(members.raw())


class _Read:
    """What was read of a file, ``held``, and how much of that is taken, ``at``."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.held = b""
        self.at = 0

    def more(self) -> bool:
        """Read on; whether there was more."""
        piece = self._file.read(_PIECE)
        self.held, self.at = self.held[self.at :] + piece, 0
        return bool(piece)

    def take(self, end: int) -> bytes:
        taken, self.at = self.held[self.at : end], end
        return taken


def _list(read: _Read) -> tuple[Members, bool]:
    """Take a list of members as far as it is written as ours are; whether it ended so. A bracket is taken, then pairs with the comma behind
    them, then the last pair and a bracket, or nothing more."""
    members, count = Members(), _FIRST
    read.at += 1
    while True:
        while len(read.held) - read.at < PAIR:
            if not read.more():
                return members, False
        # So many at once as were good before: who writes lists that break off early has not all that follows looked through each time.
        end = read.at + min(count, (len(read.held) - read.at) // PAIR) * PAIR
        raw = of_text(read.held[read.at : end])
        if raw is None:
            last = read.held.find(b'"]]', read.at, end) + 2
            raw = of_text(read.held[read.at : last] + b",") if last >= 2 else None
            if raw is None:
                return members, False
            members.add_raw(raw)
            read.at = last + 1
            return members, True
        members.add_raw(raw)
        read.at, count = end, min(2 * count, _ENOUGH)
