"""What a repository is read as: commits, their changes, and the errors of reading one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

GITLINK = "160000"
SYMLINK = "120000"
NO_MODE = "000000"

_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
# The date is what stands after the last '>', as git's own split_ident_line takes it: a name or address may hold one.
_WHEN = re.compile(rb"\s*(-?\d{1,18})(?:\s+([+-]\d{1,7}))?\s*\Z")


class Missing(Exception):
    """An object is not in this repository (a shallow or partial clone, or damage); nothing was fetched for it."""


class Status(StrEnum):
    """What happened to a path, in git's words (git-diff(1), ``--diff-filter``)."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    COPIED = "copied"
    TYPE_CHANGED = "type-changed"


@dataclass(frozen=True, slots=True)
class Ident:
    """Who and when: raw bytes as stored; ``seconds`` since 1970, maybe negative; ``tz`` as stored (``+0530``), ``+0000`` if unreadable."""

    name: bytes
    email: bytes
    seconds: int
    tz: str


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit object. ``parents`` are those it names, whether or not they are here; ``encoding`` is its header's, else ``None``."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Ident
    committer: Ident
    encoding: str | None
    message: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """One changed path. Ids are hex, or ``None`` where there is no blob on that side (nothing there, or a submodule's commit).
    Modes are six octal digits, ``000000`` for nothing. ``old_path`` is the path before, ``None`` unless renamed or copied.
    ``old_link`` and ``link`` are the commit ids of a submodule's two sides."""

    path: bytes
    old_path: bytes | None
    status: Status
    old_mode: str
    mode: str
    old_blob: str | None
    blob: str | None
    old_link: str | None = None
    link: str | None = None


def is_object_id(text: str) -> bool:
    """Whether ``text`` is a whole object id, 40 or 64 lower-case hex digits."""
    return bool(_HEX.match(text))


def parse_commit(ident: str, raw: bytes) -> CommitInfo:
    """Read a commit object's bytes (gitformat-commit). Never fails: what is malformed reads as empty, as 1970, as ``+0000``."""
    head, _, message = raw.partition(b"\n\n")
    tree = ""
    parents: list[str] = []
    author = committer = Ident(b"", b"", 0, "+0000")
    encoding = None
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"tree":
            tree = value.decode("ascii", "replace")
        elif name == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif name == b"author":
            author = _ident(value)
        elif name == b"committer":
            committer = _ident(value)
        elif name == b"encoding":
            encoding = value.decode("ascii", "replace").strip()
    return CommitInfo(ident, tree, tuple(parents), author, committer, encoding, message)


def _ident(value: bytes) -> Ident:
    start = value.find(b"<")
    end = value.find(b">", start)
    if start < 0 or end < 0:
        return Ident(value.strip(), b"", 0, "+0000")
    when = _WHEN.match(value, value.rfind(b">") + 1)
    seconds = int(when[1]) if when else 0
    tz = when[2].decode() if when and when[2] else "+0000"
    return Ident(value[:start].strip(), value[start + 1 : end].strip(), seconds, tz)


def change(
    path: bytes, old: tuple[str, str] | None, new: tuple[str, str] | None, source: bytes | None = None, copied: bool = False
) -> Change:
    """Build a :class:`Change` from ``(mode, id)`` of both sides (``None``: nothing there); ``source`` is the path it came from."""
    if source is not None:
        status = Status.COPIED if copied else Status.RENAMED
    elif old is None:
        status = Status.ADDED
    elif new is None:
        status = Status.DELETED
    else:
        status = Status.MODIFIED if old[0][:3] == new[0][:3] else Status.TYPE_CHANGED
    old_mode, old_id = old or (NO_MODE, None)
    mode, new_id = new or (NO_MODE, None)
    was_link, is_link = old_mode == GITLINK, mode == GITLINK
    return Change(
        path,
        source,
        status,
        old_mode,
        mode,
        None if was_link else old_id,
        None if is_link else new_id,
        old_id if was_link else None,
        new_id if is_link else None,
    )
