"""How far a session's file was taken in: a note a session, so that a file that grew is read from where its open part begins.

It holds no content: an offset, counts, what the format's reader has to know, and keyed hashes. Without it, or where it fits the file no
longer, everything is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from capture.sources.transcript import Resume
from corpus.xdg import state_dir, write_private

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where part ``part`` of a generation begins. ``digest`` is the keyed hash (hex) of the file's bytes up to there, ``last`` that of
    the part before, as it is kept; ``unknown`` counts the notes of unknown types in all parts before, ``seen`` in all that is kept."""

    agent: str
    generation: int
    part: int
    first_seq: int
    last: str
    offset: int
    line: int
    state: str
    digest: str
    unknown: dict[str, int]
    seen: dict[str, int]

    @property
    def resume(self) -> Resume:
        return Resume(self.offset, self.line, self.state)


def load(home: Path, session: str) -> Checkpoint | None:
    """The note on a session (its keyed hash) in the corpus of the tenant whose directory ``home`` is; ``None`` where there is none that
    can be read."""
    return _read(_file(home, session))


def save(home: Path, session: str, checkpoint: Checkpoint) -> None:
    """Write it, whole or not at all."""
    write_private(_file(home, session), json.dumps(asdict(checkpoint)).encode())


def remove(home: Path, session: str) -> None:
    """The session was forgotten."""
    _file(home, session).unlink(missing_ok=True)


def every() -> Iterator[Checkpoint]:
    """All notes there are."""
    for file in sorted(_folder().glob("*.json")):
        if (found := _read(file)) is not None:
            yield found


@dataclass(frozen=True, slots=True)
class Prefix:
    """The keyed hash of a file's first ``offset`` bytes, from which that of more of them is told by reading only these."""

    offset: int
    running: hmac.HMAC

    @property
    def digest(self) -> str:
        return self.running.hexdigest()

    def until(self, path: Path, offset: int) -> Prefix | None:
        """That of the first ``offset`` bytes, not fewer than here; ``None`` where the file is shorter or cannot be read."""
        running, left = self.running.copy(), offset - self.offset
        with contextlib.suppress(OSError), path.open("rb") as stream:
            stream.seek(self.offset)
            while left and (data := stream.read(min(left, _CHUNK))):
                running.update(data)
                left -= len(data)
            return None if left else Prefix(offset, running)
        return None


def _folder() -> Path:
    return state_dir() / "transcripts"


def _file(home: Path, session: str) -> Path:
    return _folder() / f"{session}-{hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]}.json"


def _read(file: Path) -> Checkpoint | None:
    try:
        raw = json.loads(file.read_text("utf-8"))
        found = Checkpoint(**raw)
        numbers = (found.generation, found.part, found.first_seq, found.offset, found.line, *found.unknown.values(), *found.seen.values())
        texts = (found.agent, found.last, found.state, found.digest, *found.unknown, *found.seen)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return found if all(type(each) is int and each >= 0 for each in numbers) and all(isinstance(each, str) for each in texts) else None
