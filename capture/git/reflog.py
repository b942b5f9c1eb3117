"""Reflogs: what happened to a repository's HEADs and branches, in the order git wrote it (gitrepository-layout, ``logs``)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t\n]*?(?:(-?\d+) [+-]\d+)?(?:\t(.*))?\Z")
# Subjects git writes when a commit was made here; "fast-forward", in either case, and "checkout" bring what others may have made.
_MADE = re.compile(
    r"(?:commit|am|revert)\b"
    r"|(?:cherry-pick\b|(?:rebase|pull)\b.*\((?:pick|reword|edit|squash|fixup|continue|merge)\))(?!.*: fast-forward$)"
    r"|(?:merge|pull)\b.*: Merge made"
)
_AMENDS = re.compile(r"commit \(amend\)|(?:rebase|pull)\b.*\((?:squash|fixup|reword|edit|continue)\)")
_ENDS_REBASE = re.compile(r"(?:rebase|pull)\b.*\(finish\)")


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a reflog, ``at`` bytes from its start: a ref went from ``old`` (all zeros: it was born) to ``new``, ``seconds`` after
    1970 began (by the committer's date, which a person may set)."""

    log: str
    old: str
    new: str
    seconds: int
    subject: str
    at: int

    @property
    def born(self) -> bool:
        return not self.old.strip("0")

    @property
    def made_here(self) -> bool:
        """Whether ``new`` itself was made in this repository, by its reflog subject."""
        return bool(_MADE.match(self.subject))

    @property
    def amends(self) -> bool:
        """Whether ``new`` may have replaced ``old`` in place; true when their parents are the same as well."""
        return bool(_AMENDS.match(self.subject))

    @property
    def amends_surely(self) -> bool:
        """Whether the subject alone says that ``new`` replaced ``old``."""
        return self.subject.startswith("commit (amend)")

    @property
    def ends_rebase(self) -> bool:
        """A branch's own entry at the end of a rebase: ``old`` and ``new`` are its tips before and after."""
        return self.log.startswith("logs/refs/heads/") and bool(_ENDS_REBASE.match(self.subject))


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log was read: ``size`` bytes, and the SHA-256 hex of the last line before that point (``""`` at 0)."""

    size: int
    last: str


def logs(common_dir: Path) -> Iterator[str]:
    """The logs of every HEAD (linked worktrees too) and every local branch, as paths relative to ``common_dir``, in order."""
    found = [*common_dir.glob("worktrees/*/logs/HEAD"), *common_dir.glob("logs/refs/heads/**/*")]
    if (common_dir / "logs/HEAD").is_file():
        found.append(common_dir / "logs/HEAD")
    yield from sorted(str(path.relative_to(common_dir)) for path in found if path.is_file())


def read(common_dir: Path, log: str, since: Mark) -> tuple[list[Move], Mark]:
    """The moves after ``since`` and the new mark. A log that was expired or rewritten is read from its start. A last line without
    its newline is still being written and is left for next time."""
    try:
        data = (common_dir / log).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return [], Mark(0, "")
    whole = data.rfind(b"\n") + 1
    start = since.size if since == mark_of(data, since.size) else 0
    moves = []
    at = start
    for line in data[start:whole].split(b"\n"):
        match = _LINE.match(line)
        if match:
            subject = (match[4] or b"").decode("utf-8", "replace")
            moves.append(Move(log, match[1].decode(), match[2].decode(), int(match[3] or 0), subject, at))
        at += len(line) + 1
    return moves, mark_of(data, whole)


def marks(common_dir: Path) -> dict[str, Mark]:
    """How far each log has come, by :func:`name_of` it."""
    found = {}
    for log in logs(common_dir):
        data = (common_dir / log).read_bytes()
        found[name_of(log)] = mark_of(data, data.rfind(b"\n") + 1)
    return found


def stands(common_dir: Path, log: str, mark: Mark) -> bool:
    """Whether a log still is, up to ``mark``, what it was when that was taken."""
    try:
        return mark == mark_of((common_dir / log).read_bytes(), mark.size)
    except (FileNotFoundError, NotADirectoryError):
        return not mark.size


def name_of(log: str) -> str:
    """The name under which a log's mark is kept: a branch may be named after anything, and what is kept shows none of it."""
    return hashlib.sha256(os.fsencode(log)).hexdigest()[:32]


def mark_of(data: bytes, size: int) -> Mark:
    """The mark at byte ``size`` of a log's ``data``."""
    if size <= 0 or size > len(data):
        return Mark(0, "")
    start = data.rfind(b"\n", 0, size - 1) + 1
    return Mark(size, hashlib.sha256(data[start:size]).hexdigest())
