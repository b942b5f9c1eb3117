"""The spool: one small file an event (:mod:`capture.entry`), written by a hook with one ``printf`` and read by the drainer.

Beside the entries lie ``drain.pid`` (the drainer's id, written by the hook that starts it), ``paused`` (capture is paused everywhere),
``drained`` (its time is the last drain's), ``retry/NAME`` (an entry that failed and waits) and ``failed/NAME`` (one given up).
Directories are 0700, files 0600. Only the drainer, which holds the spool's lock, calls what changes an entry.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from capture.entry import SUFFIX, Entry, parse
from corpus.errors import SubstrateError
from corpus.xdg import write_private

PAUSES = (10, 60, 600, 3600, 21600)
"""Seconds before each further try of an entry that failed; after the last it is given up and kept in ``failed/``."""

_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry given up: ``reason`` is one line without content."""

    entry: Entry
    reason: str
    tries: int


def ensure(spool: Path) -> None:
    """Make the spool where it is missing."""
    for directory in (spool.parent, spool, spool / "retry", spool / "failed"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)


def entries(spool: Path) -> list[Entry]:
    """All entries, oldest first (by time of writing, then name); an absent spool has none."""
    return _entries_in(spool)


def names(spool: Path) -> frozenset[str]:
    """The names of all entries, none opened: what a drainer looks at while it waits beside someone's commits."""
    try:
        return frozenset(name for name in os.listdir(spool) if name.endswith(SUFFIX))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def next_due(spool: Path) -> float:
    """When the first pause of an entry that failed ends, in seconds since the epoch; infinity where none waits."""
    return min((_retry(entry)[1] for entry in entries(spool) if not due(entry)), default=math.inf)


def remove(entry: Entry) -> None:
    """Its work is durable: take the entry away, and first what it holds on to. Removing twice is harmless."""
    if entry.handed and entry.handed.link:
        (entry.path.parent / entry.handed.link).unlink(missing_ok=True)
    entry.path.unlink(missing_ok=True)
    _retry_file(entry).unlink(missing_ok=True)


def due(entry: Entry, now: float | None = None) -> bool:
    """Whether an entry may be tried: it never failed, or its pause is over. ``now`` is in seconds since the epoch."""
    return _retry(entry)[1] <= (time.time() if now is None else now)


def defer(entry: Entry, reason: str, now: float | None = None) -> bool:
    """The entry failed: keep it for later, or, after its last pause, in ``failed/``. Returns whether it was given up.

    ``reason`` is shown to a person and must hold no content; only its first line is kept.
    """
    tries = _retry(entry)[0] + 1
    line = (reason.splitlines() or [""])[0][:500]
    given_up = tries > len(PAUSES)
    wait = 0 if given_up else PAUSES[tries - 1]
    note = {"tries": tries, "due": (time.time() if now is None else now) + wait, "reason": line}
    if given_up:
        kept = entry.path.parent / "failed" / f"{entry.mtime_ns}-{entry.path.name}"
        _write(kept.with_name(kept.name + ".json"), note)
        entry.path.replace(kept)
        _retry_file(entry).unlink(missing_ok=True)
    else:
        _write(_retry_file(entry), note)
    return given_up


def reason(error: Exception) -> str:
    """One line on an error, without content: our own errors never quote any; of others only the kind and the system's words are kept."""
    if isinstance(error, SubstrateError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}"
    return f"unexpected {type(error).__name__}"


def failures(spool: Path) -> list[Failure]:
    """The entries given up, oldest first."""
    found = []
    for entry in _entries_in(spool / "failed"):
        tries, _, reason = _note(entry.path.with_name(entry.path.name + ".json"))
        found.append(Failure(entry, reason, tries))
    return found


def retrying(spool: Path) -> list[Failure]:
    """The entries that failed and wait for another try, oldest first."""
    return [Failure(entry, reason, tries) for entry in entries(spool) for tries, _, reason in [_note(_retry_file(entry))] if tries]


def retry_failures(spool: Path) -> int:
    """Put every entry given up back in line, as new; returns how many."""
    given_up = failures(spool)
    for number, failure in enumerate(given_up):
        failure.entry.path.replace(spool / f"again-{failure.entry.mtime_ns}-{number}{SUFFIX}")
        failure.entry.path.with_name(failure.entry.path.name + ".json").unlink(missing_ok=True)
    return len(given_up)


def drop(spool: Path, failure: Failure) -> None:
    """Take an entry that was given up away for good, and what it holds on to."""
    path, handed = failure.entry.path, failure.entry.handed
    if handed and handed.link:
        (spool / handed.link).unlink(missing_ok=True)
    path.with_name(path.name + ".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def pid_file(spool: Path) -> Path:
    return spool / "drain.pid"


def drainer(spool: Path) -> int | None:
    """The id of the drainer that lives, told as the hook tells it: by its id and, where there is ``/proc``, its name or command line."""
    try:
        pid = int(pid_file(spool).read_text("ascii"))
        os.kill(pid, 0)
        if os.path.isdir("/proc/self"):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b"")
            return pid if re.search(rb"drain.*--detached", line) else None
    except (OSError, ValueError, OverflowError):
        return None
    return pid


def note_drain(spool: Path) -> None:
    """Remember that a drain ended well now."""
    write_private(spool / "drained", b"")


def last_drain(spool: Path) -> float | None:
    """When a drain last ended well, in seconds since the epoch."""
    try:
        return (spool / "drained").stat().st_mtime
    except OSError:
        return None


def paused(spool: Path) -> bool:
    """Whether capture is paused everywhere."""
    return (spool / "paused").exists()


def pause(spool: Path) -> None:
    ensure(spool)
    write_private(spool / "paused", b"")


def resume(spool: Path) -> None:
    (spool / "paused").unlink(missing_ok=True)


def _entries_in(directory: Path) -> list[Entry]:
    found = [entry for name in names(directory) if (entry := _read(directory / name)) is not None]
    return sorted(found, key=lambda entry: (entry.mtime_ns, entry.path.name))


def _read(path: Path) -> Entry | None:
    try:
        # Non-blocking and no link followed: whatever was put into the spool, reading it ends.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as stream:
            status = os.fstat(fd)
            data = stream.read(_LARGEST)
    except OSError:
        return None
    return parse(path, status.st_mtime_ns, data)


def _retry_file(entry: Entry) -> Path:
    return entry.path.parent / "retry" / (entry.path.name + ".json")


def _retry(entry: Entry) -> tuple[int, float]:
    tries, due_at, _ = _note(_retry_file(entry))
    return tries, due_at


def _note(path: Path) -> tuple[int, float, str]:
    try:
        note = json.loads(path.read_bytes())
        return int(note["tries"]), float(note["due"]), str(note["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0.0, ""


def _write(path: Path, note: dict[str, object]) -> None:
    write_private(path, json.dumps(note).encode())
