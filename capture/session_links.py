"""Which session a commit came out of: told from what both records say, each link with its basis.

Both are redacted under the tenant's key, so what is the same in the work is the same in the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from corpus.record import EditBody, Event, Kind, Mark, Record, TrajectoryBody

LINE = 12
"""Characters a line needs to say where it comes from: shorter ones (``return None``) stand in any change."""
ENOUGH = 3
SHARE = 0.3
"""So many lines of a commit, and this part of all it adds, must have been written in the session."""

_COMMITTED = re.compile(r"^\[[^\]\n]* ([0-9a-f]{7,64})\] ", re.MULTILINE)  # what "git commit" prints
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Trace:
    """What a session leaves of itself: lines written by calls that were let stand, paths they name, commits that ``git`` reported, the
    branches of its parts, its first and last moment (RFC 3339, ``""`` where none is told), and the ``created`` of its newest part."""

    key: str
    session_id: str | None
    module: str
    lines: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    commits: set[str] = field(default_factory=set)
    branches: set[str] = field(default_factory=set)
    begin: str = ""
    end: str = ""
    created: str = ""


def trace(parts: Iterable[Record]) -> Trace | None:
    """The trace of a session whose parts come in order; ``None`` for none. A withheld part leaves nothing."""
    found: Trace | None = None
    failed: set[str] = set()
    written: dict[str, list[str]] = {}
    for record in parts:
        body = record.body
        if not isinstance(body, TrajectoryBody):
            continue
        found = found or Trace(record.key, record.header.session_id, record.header.moduleId)
        found.created = max(found.created, record.header.created)
        if body.branch:
            found.branches.add(body.branch)
        for event in body.events:
            if event.ts:
                found.begin, found.end = min(found.begin or event.ts, event.ts), max(found.end, event.ts)
            if Mark.COPIED in event.marks:
                continue
            if event.kind is Kind.TOOL_CALL:
                written.setdefault(event.call_id or event.event_id, []).extend(_strings(event))
            elif event.kind is Kind.TOOL_RESULT:
                found.commits.update(_COMMITTED.findall(event.content or ""))
                if event.error and event.call_id:
                    failed.add(event.call_id)
    if found is not None:
        for call, texts in written.items():
            if call not in failed:
                found.lines.update(line for text in texts for line in _lines(text.splitlines()))
                found.paths.update(text for text in texts if "\n" not in text and len(text) < 4096)
    return found


def basis(session: Trace, commit: Record) -> str | None:
    """How it is known that ``commit`` came out of ``session``, surest first; ``None`` where nothing says so."""
    body, header = commit.body, commit.header
    if not isinstance(body, EditBody) or header.moduleId != session.module or body.withheld is not None:
        return None
    if _reported(session, commit):
        return "git reported the commit in the session"
    added = _added(body)
    common = len(added & session.lines)
    if common >= min(ENOUGH, len(added)) and common >= SHARE * len(added) > 0:
        return f"{common} of {len(added)} added lines were written in the session"
    during = session.begin[:19] <= header.created[:19] <= session.end[:19] if session.begin else False
    if during and body.branch and body.branch in session.branches and any(_names(session, file.path) for file in body.files):
        return "made during the session, on its branch, in a file that it changed"
    return None


def touches(session: Trace, commit: Record) -> bool:
    """Whether a trace says anything of ``commit``: a line, a path, a report of git's. One of which a session's new parts say nothing, made
    before them, comes out of the session as little as it did without them."""
    body = commit.body
    if not isinstance(body, EditBody) or commit.header.moduleId != session.module:
        return False
    return (
        _reported(session, commit) or not session.lines.isdisjoint(_added(body)) or any(_names(session, file.path) for file in body.files)
    )


def named_sessions(message: str) -> list[str]:
    """Session ids that a commit message's trailers name (agents write them as UUIDs)."""
    last = message.strip().rpartition("\n\n")[2]
    return [found for line in last.splitlines() if ":" in line for found in _UUID.findall(line.lower())]


def _reported(session: Trace, commit: Record) -> bool:
    ident = commit.header.source_commit
    return ident is not None and any(ident.startswith(short) for short in session.commits)


def _added(body: EditBody) -> set[str]:
    return _lines(line[1:] for line in body.diff.splitlines() if line.startswith("+") and not line.startswith("+++ "))


def _names(session: Trace, path: str) -> bool:
    return any(text == path or text.endswith(f"/{path}") for text in session.paths)


def _strings(event: Event) -> list[str]:
    try:
        return list(_texts(orjson.loads(event.arguments or "null")))
    except orjson.JSONDecodeError:
        return [event.arguments or ""]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _lines(lines: Iterable[str]) -> set[str]:
    """Lines that say where they come from, blank space and a patch's sign aside."""
    bare = (line.strip().removeprefix("+").strip() for line in lines)
    return {line for line in bare if len(line) >= LINE}
