"""What a part of an agent's session holds: its events, chained by hash, and the anchors over them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from corpus.record.canonical import dumps
from corpus.record.merkle import root


class Actor(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    SYSTEM = "system"


class Kind(StrEnum):
    """What an event is. ``decision``: a person allowed, denied or interrupted; ``retry``: the same was asked of the model again;
    ``note``: anything else that the source says, its own word for it in ``name``."""

    MESSAGE = "message"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    DECISION = "decision"
    RETRY = "retry"
    NOTE = "note"


class Mark(StrEnum):
    """What keeps an event out of training, or apart in it."""

    SIDECHAIN = "sidechain"  # a subagent's, told inside its parent's file
    COPIED = "copied"  # context that was said elsewhere before and is repeated here
    SUMMARY = "summary"  # what a compaction left of earlier events
    META = "meta"  # said by the program in a person's name
    NO_MODEL = "no-model"  # an agent's step that no model made
    UNKNOWN = "unknown"  # a line of a type this version does not know


class Outcome(StrEnum):
    """How a session stands after a part's last event; a later part says it anew, the last part's is the session's."""

    ANSWERED = "answered"  # the assistant spoke last, and called no tool
    INTERRUPTED = "interrupted"  # a person stopped it
    FAILED = "failed"  # the program or the model gave an error
    UNFINISHED = "unfinished"  # a tool, or a person, spoke last


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usage(_Model):
    """Tokens, as the source counts them. Of a reply told in several events each holds what it adds, so that a sum is right."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


class Event(_Model):
    """One thing that happened.

    ``seq`` counts from 0 in the session. ``event_id``, ``parent_event_id``, ``amends``, ``call_id`` and ``reply`` are keyed hashes (32
    hex digits) of the source's own names: ``call_id`` joins a call and its result, ``reply`` the events of one model reply, ``amends``
    names an earlier event that this one replaces. All are bound to the session but a ``call_id`` whose source id was drawn at random (a
    provider's ``toolu_...`` or ``call_...``, a UUID): it is bound to the agent, so that a copy of the session names the call alike.
    ``ts`` is RFC 3339 in UTC with milliseconds, null where the source tells no time. ``at`` is the line of the source, from 1 (or the
    ordinal of the message or row). ``name`` is the tool of a call or result, and the
    source's own type of a note. ``arguments`` is the call's input as JSON text, ``detail`` what else the source says of a result or a
    note, as JSON text. ``model`` is what the transcript shows, ``model_claimed`` what it was said to be. ``images`` are SHA-256 of
    their bytes. ``directory`` is the working directory below the repository (``""``: its top), null where it is elsewhere or unsaid.
    ``withheld`` says why the event holds no text: ``too-large``, ``redaction-failed``, ``found-again`` (the search of the finished record
    found something in it) or ``policy`` (the tenant keeps no such text). ``prev`` is :func:`event_hash` of the event before, ``""`` for the
    session's first.
    """

    seq: int
    event_id: str
    parent_event_id: str | None
    ts: str | None
    at: int
    actor: Actor
    kind: Kind
    name: str | None = None
    content: str | None = None
    arguments: str | None = None
    detail: str | None = None
    call_id: str | None = None
    error: bool = False
    reply: str | None = None
    model: str | None = None
    model_claimed: str | None = None
    usage: Usage | None = None
    amends: str | None = None
    marks: list[Mark] = []
    images: list[str] = []
    directory: str | None = None
    withheld: str | None = None
    prev: str


class TrajectoryBody(_Model):
    """One part of a session.

    A part is cut on the source's bytes, after the line (or message) that brings it to 256 events or 1 MiB; only the last can grow.
    ``generation`` counts how often earlier bytes of the source were found rewritten. ``source_bytes`` and ``source_digest`` (HMAC-SHA256
    under the tenant's key, hex) are those of the lines behind this part. ``event_count`` stays when the part is withheld and ``events``
    is empty. ``parent_session`` and ``parent_event_id`` name what started a subagent. ``first_prev`` is the first event's ``prev``,
    ``last`` the last event's hash, ``events_root`` the Merkle root of all (:func:`events_root`), ``manifest_hash`` the hash of the
    other fields and the root, without the events. A withheld part holds no event, so its ``last`` is its ``first_prev``.
    """

    agent: str
    agent_version: str | None
    model: str | None
    part: int
    generation: int
    first_seq: int
    event_count: int
    events: list[Event]
    outcome: Outcome
    branch: str | None
    parent_session: str | None
    parent_event_id: str | None
    source_bytes: int
    source_digest: str
    first_prev: str
    last: str
    events_root: str
    manifest_hash: str
    withheld: Literal["found-again", "crosses-tenants", "redaction-failed"] | None = None


def anchored(body: TrajectoryBody, hashes: Sequence[str] | None = None) -> TrajectoryBody:
    """``body`` with each event's ``prev`` and the four anchors behind ``first_prev`` set to what its other fields say. ``hashes`` are
    those of its events where each ``prev`` is set already."""
    events, last = body.events, body.first_prev
    if hashes is None:
        events, hashes = [], []
        for event in body.events:
            events.append(event if event.prev == last else event.model_copy(update={"prev": last}))
            last = event_hash(events[-1])
            hashes.append(last)
    last = hashes[-1] if hashes else last
    made = body.model_copy(update={"events": events, "last": last, "events_root": events_root(hashes)})
    return made.model_copy(update={"manifest_hash": manifest_hash(made)})


def event_hash(event: Event) -> str:
    """SHA-256 hex over the event's canonical bytes, ``prev`` among them."""
    return hashlib.sha256(dumps(event.model_dump(mode="json"))).hexdigest()


def events_root(hashes: Iterable[str]) -> str:
    """Merkle tree hash (RFC 6962, section 2.1) over event hashes (hex), as hex."""
    return root(map(bytes.fromhex, hashes)).hex()


def manifest_hash(body: TrajectoryBody) -> str:
    """SHA-256 hex over the canonical bytes of every field but ``events`` and this hash itself."""
    return hashlib.sha256(dumps(body.model_dump(mode="json", exclude={"events", "manifest_hash"}))).hexdigest()
