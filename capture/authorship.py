"""Whether an agent wrote a commit: by the session it came out of, else by a co-author's trailer; and what the person had asked for."""

from __future__ import annotations

import re

from capture.git.objects import CommitInfo
from capture.ingest import Ingest
from capture.linking import AFTER, BEFORE, MICROSECOND
from capture.sources.link import link_draft
from capture.sources.text import message_of, moment, trailers
from capture.sources.turned_down import Asked
from corpus.record import Actor, Kind, LinkBody, LinkKind, Mark, Record, TrajectoryBody, TupleType, key_of
from corpus.redaction.draft import Label
from corpus.store import By, Entry, Name

# Whom agents name in "Co-authored-by", by address or name, as their releases of 2025 and 2026 write it.
_CO_AUTHORS = (
    ("claude-code", re.compile(r"@anthropic\.com\b", re.IGNORECASE)),
    ("cursor", re.compile(r"@cursor\.com\b", re.IGNORECASE)),
    ("codex", re.compile(r"\bcodex\b.*@(?:users\.noreply\.github|openai)\.com\b", re.IGNORECASE)),
    ("gemini", re.compile(r"\bgemini\b.*@(?:users\.noreply\.github|google)\.com\b", re.IGNORECASE)),
    ("opencode", re.compile(r"@opencode\.ai\b", re.IGNORECASE)),
    ("copilot", re.compile(r"\bcopilot\b.*@users\.noreply\.github\.com\b", re.IGNORECASE)),
    ("aider", re.compile(r"@aider\.chat\b", re.IGNORECASE)),
)
_ASIDE = {Mark.SIDECHAIN, Mark.COPIED, Mark.META, Mark.SUMMARY}
REPORTED = "git reported the commit in the session"


def agent_named(who: str) -> str | None:
    """The agent that ``who`` (a trailer's value, name and address) is."""
    return next((name for name, pattern in _CO_AUTHORS if pattern.search(who)), None)


def written_by(ingest: Ingest, label: Label, commit: CommitInfo) -> Asked | None:
    """The session of a kept commit, or the agent that a trailer of it names; ``None`` where neither says that an agent wrote it."""
    for entries in _sessions(ingest, label, commit):
        if _basis(ingest, label, entries, commit) is not None:
            parts = sorted(map(ingest.read, entries), key=lambda record: getattr(record.body, "part", 0))
            body = parts[0].body
            if isinstance(body, TrajectoryBody):
                return Asked(body.agent, body.model, parts[0].key, _request(parts, moment(commit.committer.seconds)))
    named = (agent_named(value) for key, value in trailers(message_of(commit)) if key.lower() == "co-authored-by")
    agent = next(filter(None, named), None)
    return None if agent is None else Asked(agent=agent)


def made_in_session(ingest: Ingest, label: Label, commit: CommitInfo) -> bool:
    """Whether an agent itself made the commit: git told it so."""
    return any(_basis(ingest, label, entries, commit) == REPORTED for entries in _sessions(ingest, label, commit))


def _sessions(ingest: Ingest, label: Label, commit: CommitInfo) -> list[list[Entry]]:
    """The parts of each session that may be linked to ``commit``, within the time in which sessions are linked at all."""
    kept = ingest.lookup()
    told, day = Name(TupleType.TRAJECTORY, By.MODULE, label.module_id), commit.committer.seconds * 1_000_000
    near = {*kept.find(told, day - AFTER // MICROSECOND, day + BEFORE // MICROSECOND), *kept.find(told, 0, 0)}
    sessions = dict.fromkeys(entry.header.session_id or "" for entry in kept.entries(hit.key for hit in near))
    names = [Name(TupleType.TRAJECTORY, By.SESSION, name) for name in sessions]
    return [kept.under(name) for name in names]


def _basis(ingest: Ingest, label: Label, entries: list[Entry], commit: CommitInfo) -> str | None:
    """How it is known that ``commit`` came out of a session; its links name the first part."""
    target = key_of(label.tenant, TupleType.EDIT, commit.id)
    for entry in entries:
        link = link_draft(label, LinkKind.SESSION_OF, entry.key, target, "", "")
        kept = ingest.newest(TupleType.LINK, link.stem, link.key) if ingest.holds(link) else None
        if kept is not None and isinstance(kept.body, LinkBody):
            return kept.body.basis
    return None


def _request(parts: list[Record], until: str) -> str | None:
    """The last thing that the person said before the commit."""
    found = None
    for record in parts:
        for event in record.body.events if isinstance(record.body, TrajectoryBody) else ():
            if event.ts and event.ts[:19] > until[:19]:
                return found
            if event.kind is Kind.MESSAGE and event.actor is Actor.USER and not _ASIDE & set(event.marks) and event.content:
                found = event.content
    return found
