"""What the second pass withheld: a line each, kept for ``capture status``. They name a record, a field and a rule, and hold no content."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.redaction import Redacted
from corpus.xdg import make_private, state_dir, write_private


@dataclass(frozen=True, slots=True)
class Note:
    """One record that holds no content because something was let by. ``record`` is its key."""

    tenant: str
    kind: str
    record: str
    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.kind} {self.record[:12]} of {self.tenant} is withheld: {self.field} let something by (rule {self.rule})"


def note(record: Redacted) -> Note | None:
    """Remember that ``record`` is withheld, if it is; a repeated capture says it again."""
    if record.let_by is None:
        return None
    made = Note(record.tenant, record.tuple_type.value, record.key, record.let_by.field, record.let_by.rule)
    path = _file()
    make_private(path.parent)
    # One write at the end of the file: workers that do it at once do not mix their lines.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, _line(made))
    finally:
        os.close(fd)
    return made


def forget(tenant: str, keys: Collection[str]) -> None:
    """Leave out the records of ``tenant`` with these keys; nobody else writes meanwhile."""
    kept = [one for one in notes() if one.tenant != tenant or one.record not in keys]
    if len(kept) != len(notes()):
        write_private(_file(), b"".join(_line(one) for one in kept))


def notes() -> tuple[Note, ...]:
    """Every record withheld so far, each once, in the order in which they were; a line that cannot be read is left out."""
    try:
        lines = _file().read_bytes().splitlines()
    except OSError:
        return ()
    found: dict[Note, None] = {}
    for line in lines:
        try:
            found[Note(**{name: str(value) for name, value in json.loads(line).items()})] = None
        except (ValueError, TypeError, AttributeError):
            continue
    return tuple(found)


def _line(one: Note) -> bytes:
    return json.dumps(asdict(one)).encode() + b"\n"


def _file() -> Path:
    return state_dir() / "withheld.jsonl"
