"""Sessions and the commits that came out of them, linked once both are kept.

What a session grew by is looked at first: all of a long one is read only for a commit that the new parts say something about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby

from capture import agents, spool
from capture.completed import complete
from capture.ingest import Ingest
from capture.session_links import Trace, basis, named_sessions, touches, trace
from capture.sources.link import label_of, link_draft
from corpus.errors import SubstrateError
from corpus.record import EditBody, LinkBody, LinkKind, Record, TupleType
from corpus.store import By, Entry, Hit, Lookup, Name

MICROSECOND = timedelta(microseconds=1)

BEFORE, AFTER = timedelta(days=1), timedelta(days=7)
"""A commit is looked at for a session when it was made this long before its first part ended, until this long after its last."""
UNTOLD = 500
"""Of a session that tells no time so many of the newest commits are looked at."""


def link_sessions(ingest: Ingest, fresh: Mapping[str, TupleType]) -> int:
    """Link sessions and commits of which one is ``fresh`` (keys and types of records kept just now), and complete what was rejected in
    the one and done in the other; returns how many links are new."""
    if not fresh or not (ingest.may_hold(TupleType.EDIT) and ingest.may_hold(TupleType.TRAJECTORY)):
        return 0
    kept = ingest.lookup()
    linked = 0
    grown = list(filter(_session, kept.entries(key for key, kind in fresh.items() if kind is TupleType.TRAJECTORY)))
    sessions = {session: list(parts) for session, parts in groupby(sorted(grown, key=_session), _session)}
    for session, new in sessions.items():
        parts = kept.find(_parts(session))
        commits = kept.find(Name(TupleType.EDIT, By.MODULE, new[0].header.moduleId), *_around(parts, BEFORE, AFTER))
        linked += _link(ingest, kept, parts, _near(parts, commits), new)
    made = kept.entries(key for key, kind in fresh.items() if kind is TupleType.EDIT)
    for module, of_module in groupby(sorted(made, key=_module), _module):
        commits = sorted(Hit(entry.created_us, entry.key) for entry in of_module)
        told = Name(TupleType.TRAJECTORY, By.MODULE, module)
        near = {*kept.find(told, *_around(commits, AFTER, BEFORE)), *kept.find(told, 0, 0)}
        for session in sorted({_session(entry) for entry in kept.entries(hit.key for hit in near)} - sessions.keys() - {""}):
            parts = kept.find(_parts(session))
            linked += _link(ingest, kept, parts, _near(parts, commits), ())
    complete(ingest)
    return linked


def _session(entry: Entry) -> str:
    return entry.header.session_id or ""


def _module(entry: Entry) -> str:
    return entry.header.moduleId


def _parts(session: str) -> Name:
    return Name(TupleType.TRAJECTORY, By.SESSION, session)


def _around(found: Sequence[Hit], before: timedelta, after: timedelta) -> tuple[int, ...]:
    """From so long before the first of what was ``found`` until so long after the last; ever, where they tell no time."""
    if not found[-1].created_us:
        return ()
    return found[0].created_us - before // MICROSECOND, found[-1].created_us + after // MICROSECOND


def linked(ingest: Ingest) -> list[str]:
    """Link what ``ingest`` kept until now; a line for what went wrong: the records themselves are safe by then, and do not wait for it."""
    try:
        link_sessions(ingest, ingest.fresh)
    except (SubstrateError, OSError) as error:
        return [f"sessions and commits were not linked: {spool.reason(error)}"]
    return []


def _link(ingest: Ingest, kept: Lookup, parts: Sequence[Hit], near: Sequence[Hit], new: Sequence[Entry]) -> int:
    """Link a session with those commits ``near`` it that came out of it and are not linked yet. ``new`` are those of its ``parts`` that
    were kept just now, none where a commit was: the others were looked at with what was ``near`` then."""
    done = _linked(ingest, kept, parts)
    commits = [ingest.read(entry) for entry in kept.entries(hit.key for hit in near if hit.key not in done)]
    rest = {hit.key for hit in parts} - {entry.key for entry in new}
    if new and rest and commits:
        grown = _trace(ingest, new)
        last = max(hit.created_us for hit in parts if hit.key in rest)
        later = {hit.key for hit in near if hit.created_us >= last}
        commits = [commit for commit in commits if commit.key in later or (grown is not None and touches(grown, commit))]
    session = _trace(ingest, kept.entries(hit.key for hit in parts)) if commits else None
    if session is None:
        return 0
    linked = 0
    for commit in commits:
        named = session.session_id in _named(ingest, commit)
        if told := "a trailer names the session" if named else basis(session, commit):
            created = max(commit.header.created, session.created)
            label = label_of(commit.header)
            linked += ingest.keep(link_draft(label, LinkKind.SESSION_OF, session.key, commit.key, told, created))
    return linked


def _linked(ingest: Ingest, kept: Lookup, parts: Sequence[Hit]) -> set[str]:
    """Keys of the commits that a session is linked with."""
    bodies = [ingest.read(entry).body for part in parts for entry in kept.under(Name(LinkKind.SESSION_OF, By.FROM, part.key))]
    return {body.to for body in bodies if isinstance(body, LinkBody) and body.to}


def _trace(ingest: Ingest, parts: Sequence[Entry]) -> Trace | None:
    return trace(sorted(map(ingest.read, parts), key=lambda record: getattr(record.body, "part", 0)))


def _near(parts: Sequence[Hit], commits: Sequence[Hit]) -> Sequence[Hit]:
    first, last = parts[0].created_us, parts[-1].created_us
    if not last:
        return commits[-UNTOLD:]
    return [commit for commit in commits if first - BEFORE // MICROSECOND <= commit.created_us <= last + AFTER // MICROSECOND]


def _named(ingest: Ingest, commit: Record) -> set[str]:
    message = commit.body.message if isinstance(commit.body, EditBody) else None
    found = named_sessions(message or "")
    return {ingest.pseudonyms.name("session", agent.name, each, 0) for each in found for agent in agents.agents()}
