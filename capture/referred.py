"""What a message of an inbox is about: the record it names, as it is kept, and what of it was asked and answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capture import agents
from capture.ingest import Ingest
from capture.sources.answers import Role, Spoken
from capture.sources.posted import Posted
from corpus.errors import BadInput
from corpus.names import check
from corpus.record import EditBody, FeedbackBody, Header, Record, TrajectoryBody, TupleType
from corpus.redaction.draft import Label
from corpus.store import By, Name

if TYPE_CHECKING:
    from corpus.build.turn import Turn

_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


@dataclass(frozen=True, slots=True)
class Referred:
    """``record`` is what links name (a session's part 0). ``prompt`` and ``rejected`` are empty where the record does not tell them whole;
    texts in them are redacted already."""

    record: Record
    prompt: tuple[Spoken, ...] = ()
    rejected: tuple[Spoken, ...] = ()
    agent: str | None = None
    model: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it is a rejection that has no correction of its own."""
        return isinstance(self.record.body, FeedbackBody) and self.record.body.corrected_trajectory is None

    @property
    def label(self) -> Label:
        return label_of(self.record.header)

    @property
    def commit(self) -> str | None:
        return self.record.header.source_commit if isinstance(self.record.body, EditBody) else None


def label_of(header: Header) -> Label:
    """Whose a record is."""
    tenant, cluster, module, role = (check(kind, getattr(header, kind)) for kind in ("tenant", "cluster", "moduleId", "role"))
    return Label(tenant, cluster, module, role, header.doctrine_version)


def referred(ingest: Ingest, posted: Posted) -> Referred | None:
    """The record that a message is about, ``None`` where it is about none. Raises :class:`BadInput` where it is not kept, or not one."""
    import pyarrow.compute as pc

    if posted.session is not None:
        return _session(ingest, posted.session, posted.message)
    if posted.record is not None:
        return _told(ingest, ingest.get(posted.record))
    if posted.commit is None:
        return None
    named = pc.starts_with(pc.field("source_commit"), pattern=posted.commit)
    found = ingest.find((pc.field("tuple_type") == TupleType.EDIT) & named)
    if len(found) != 1:
        raise BadInput("the commit is not captured" if not found else f"{len(found)} captured commits begin so: give more of the id")
    return _told(ingest, ingest.read(found[0]))


def _told(ingest: Ingest, record: Record) -> Referred:
    body = record.body
    if isinstance(body, TrajectoryBody) and record.header.session_id:
        return _session(ingest, record.header.session_id, None)
    if isinstance(body, EditBody):
        from corpus.build.reasons import Reason
        from corpus.build.recipes import sft

        row = sft.make(record) if body.withheld is None else Reason.WITHHELD
        if not isinstance(row, Reason):
            return Referred(record, _spoken(row.prompt), _spoken(row.completion))
    if isinstance(body, FeedbackBody):
        prompt, rejected = (tuple(Spoken(each.role, each.content) for each in side) for side in (body.prompt, body.rejected_trajectory))
        return Referred(record, prompt, rejected, body.agent, body.model)
    return Referred(record)


def _session(ingest: Ingest, session: str, message: str | None) -> Referred:
    """A session by its agent's own id, or by the keyed hash that records have: the reply in which ``message`` stands, else its last."""
    from corpus.build.conversation import Reply, replies

    name = ingest.pseudonyms.name
    hashes = [session, *(name("session", agent.name, session, 0) for agent in agents.agents())]
    parts = _parts(ingest, hashes)
    if not parts:
        raise BadInput("the session is not captured")
    first = parts[0]
    event = None if message is None else name("event", first.body.agent if isinstance(first.body, TrajectoryBody) else "", session, message)
    at = _seq(parts, event)
    if event is not None and at is None:
        raise BadInput("the session is captured, and has no such message")
    agent = first.body.agent if isinstance(first.body, TrajectoryBody) else None
    last: Reply | None = None
    for _, said in replies(lambda: iter(parts)):
        if isinstance(said, Reply) and (at is None or said.first <= at <= said.last):
            last = said
    if last is None:
        return Referred(first, agent=agent)
    return Referred(first, _spoken(last.prompt), _spoken([last.completion]), agent, last.model or None)


def _parts(ingest: Ingest, hashes: Sequence[str]) -> list[Record]:
    kept = ingest.lookup()
    found = [entry for each in hashes for entry in kept.under(Name(TupleType.TRAJECTORY, By.SESSION, each))]
    return sorted(map(ingest.read, found), key=lambda record: getattr(record.body, "part", 0))


def _seq(parts: Sequence[Record], event: str | None) -> int | None:
    for record in parts if event is not None else ():
        if isinstance(record.body, TrajectoryBody):
            for each in record.body.events:
                if each.event_id == event:
                    return each.seq
    return None


def _spoken(turns: Sequence[Turn]) -> tuple[Spoken, ...]:
    return tuple(_each(turns))


def _each(turns: Sequence[Turn]) -> Iterator[Spoken]:
    import orjson

    for turn in turns:
        calls = tuple((call.function.name, orjson.dumps(call.function.arguments).decode()) for call in turn.tool_calls)
        yield Spoken(_ROLES[turn.role], turn.content, turn.name, calls)
