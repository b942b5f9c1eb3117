"""A part of an agent's session as a draft: its events redacted together, chained, and labelled with what is known of the session."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial

from capture.sources.foreign import Foreign
from capture.sources.parts import Part
from capture.sources.transcript import Opening, Said
from corpus.record import Actor, Event, Kind, Mark, Outcome, TrajectoryBody, TupleType, Usage, anchored, event_hash, key_of
from corpus.redaction.draft import Draft, Form, Label, Scrub, Withheld
from corpus.redaction.pseudonym import Pseudonyms

LONGEST = 8 << 20
"""Characters of the longest text that is kept; a longer one is withheld in its event."""
UNTOLD = "1970-01-01T00:00:00Z"
"""When a part happened of which the source tells no time: the same each time it is read, which no clock would be."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_UNIQUE = re.compile(
    r"(?:[a-z]+[_-])*(?:(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)
"""Call ids that providers draw at random (``toolu_`` and 24 letters and digits, ``call_`` and 24, UUIDs); ``call_1`` is any session's."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**53 - 1
_FORMS = {Kind.REASONING: Form.REASONING, Kind.TOOL_RESULT: Form.CODE, Kind.TOOL_CALL: Form.CODE}


@dataclass(frozen=True, slots=True)
class Session:
    """One session of one agent under its tenant's key. ``tops`` are the work trees of its repository, by every spelling known."""

    agent: str
    opening: Opening
    label: Label
    pseudonyms: Pseudonyms
    tops: tuple[str, ...]
    foreign: Foreign
    generation: int = 0

    @property
    def id(self) -> str:
        """``header.session_id``, which is also the stem of the first part."""
        return self.pseudonyms.name("session", self.agent, self.opening.session, self.generation)

    def stem(self, part: int) -> str:
        return f"{self.id}.{part}" if part else self.id

    def names(self, part: int) -> tuple[str, ...]:
        """What a part is known by in its key."""
        session = self.opening.session.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return (self.agent, session, str(part), *([str(self.generation)] if self.generation else []))

    def key(self, part: int) -> str:
        return key_of(self.label.tenant, TupleType.TRAJECTORY, *self.names(part))

    def another(self, generation: int) -> Session:
        return replace(self, generation=generation)

    def name(self, kind: str, name: str | None, session: str | None = None) -> str | None:
        """The keyed hash of a name that means something inside ``session`` (default: this one)."""
        return None if name is None else self.pseudonyms.name(kind, self.agent, session or self.opening.session, name)

    def call(self, name: str | None) -> str | None:
        """The keyed hash of a call's id: the same in each session of the agent where the id is one that no other call has, so that a
        session that was resumed or forked names a call as the first one did."""
        alone = name is not None and _UNIQUE.fullmatch(name)
        return self.pseudonyms.name("call", self.agent, name) if alone else self.name("call", name)


@dataclass(frozen=True, slots=True)
class Before:
    """What a part goes on from: as the part before it is kept."""

    prev: str = ""
    created: str = UNTOLD
    outcome: Outcome = Outcome.UNFINISHED
    model: str | None = None


def part_draft(session: Session, part: Part, before: Before) -> Draft:
    """The record of ``part`` to be. Its text is redacted when it is rendered."""
    said = [each for group in part.groups for each in group.events]
    told = [moment for each in said if (moment := _moment(each.ts)) is not None]
    return Draft(
        tuple_type=TupleType.TRAJECTORY,
        label=session.label,
        names=session.names(part.index),
        stem=session.stem(part.index),
        created=f"{told[-1][:19]}Z" if told else before.created,
        render=partial(_body, session, part, before),
        session_id=session.id,
    )


def _body(session: Session, part: Part, before: Before, scrub: Scrub) -> TrajectoryBody:
    said = [(each, group.at) for group in part.groups for each in group.events]
    crosses = _crosses(session, part)
    texts = _Texts(scrub, session.tops)
    opening = session.opening
    of_session = texts.take((Form.PATH, opening.version), (Form.PATH, opening.branch), (Form.PATH, _model([each for each, _ in said])))
    of_events = [] if crosses else [texts.take(*_texts(each, session.tops)) for each, _ in said]
    texts.redact()
    version, branch, model = of_session.made()
    events: list[Event] = []
    hashes: list[str] = []
    prev = before.prev
    for seq, ((each, at), mine) in enumerate(zip(said, of_events, strict=False), part.first_seq):
        events.append(_event(scrub, session, each, at, seq, prev, *mine.whole()))
        prev = event_hash(events[-1])
        hashes.append(prev)
    return anchored(
        TrajectoryBody(
            agent=session.agent,
            agent_version=version,
            model=before.model if crosses or model is None else model,
            part=part.index,
            generation=session.generation,
            first_seq=part.first_seq,
            event_count=len(said),
            events=events,
            outcome=_outcome([each for each, _ in said], before.outcome),
            branch=branch,
            parent_session=opening.parent and session.pseudonyms.name("session", session.agent, opening.parent, 0),
            parent_event_id=session.name("event", opening.parent_event, opening.parent),
            source_bytes=part.size,
            source_digest=part.digest(session.pseudonyms) or "",
            first_prev=before.prev,
            last="",
            events_root="",
            manifest_hash="",
            withheld="crosses-tenants" if crosses else None,
        ),
        hashes,
    )


def _event(
    scrub: Scrub, session: Session, said: Said, at: int, seq: int, prev: str, texts: Sequence[str | None], withheld: str | None
) -> Event:
    name, model, claimed, directory, content, arguments, detail = texts
    return Event(
        seq=seq,
        event_id=session.name("event", said.name_in_source) or "",
        parent_event_id=session.name("event", said.parent),
        ts=_moment(said.ts),
        at=at,
        actor=said.actor,
        kind=said.kind,
        name=name,
        content=content,
        arguments=arguments,
        detail=detail,
        call_id=session.call(said.call),
        error=said.error,
        reply=session.name("reply", said.reply),
        model=model,
        model_claimed=claimed,
        usage=_usage(said.usage),
        amends=session.name("event", said.amends),
        marks=sorted(set(said.marks)),
        images=scrub.image_hashes([each for each in said.images if _SHA256.fullmatch(each)]),
        directory=directory,
        withheld=withheld,
        prev=prev,
    )


def _texts(said: Said, tops: tuple[str, ...]) -> list[tuple[Form, str | None]]:
    """The texts of an event in the order in which :func:`_event` takes them; the first four name things."""
    form = Form.SYSTEM if said.system else Form.CODE if Mark.UNKNOWN in said.marks else _FORMS.get(said.kind, Form.PROSE)
    named = [said.name, said.model, said.model_claimed, below(said.cwd, tops)]
    return [*((Form.PATH, each) for each in named), (form, said.text), (Form.JSON, said.arguments), (Form.JSON, said.detail)]


class _Taken:
    """Places among the texts that wait, and what became of them."""

    def __init__(self, at: list[int | None], results: list[str | Withheld]) -> None:
        self._at, self._results = at, results

    def made(self) -> list[str | None]:
        """Each text redacted, ``None`` where there is none or it cannot be kept."""
        return self._made()[0]

    def whole(self) -> tuple[list[str | None], str | None]:
        """As :meth:`made`, and why a text is withheld: then none of the event's is kept but its names."""
        made, why = self._made()
        return (made if why is None else [*made[:4], None, None, None]), why

    def _made(self) -> tuple[list[str | None], str | None]:
        made: list[str | None] = []
        why = None
        for at in self._at:
            found = None if at is None else self._results[at]
            if isinstance(found, Withheld):
                why, found = why or found.reason, None
            made.append(found)
        return made, why


class _Texts:
    """The texts of a part, gathered first and redacted in one go."""

    def __init__(self, scrub: Scrub, tops: Sequence[str]) -> None:
        self._scrub, self._tops = scrub, tops
        self._waiting: list[tuple[Form, str]] = []
        self._results: list[str | Withheld] = []

    def take(self, *texts: tuple[Form, str | None]) -> _Taken:
        places: list[int | None] = []
        for form, text in texts:
            places.append(None if text is None else len(self._waiting))
            if text is not None:
                self._waiting.append((form, text))
        return _Taken(places, self._results)

    def redact(self) -> None:
        short = [each for each in self._waiting if len(each[1]) <= LONGEST]
        made = iter(self._scrub.several(short, self._tops))
        self._results.extend(next(made) if len(text) <= LONGEST else Withheld("too-large") for _, text in self._waiting)


@lru_cache(maxsize=1024)
def below(directory: str | None, tops: tuple[str, ...]) -> str | None:
    """``directory`` below the innermost of ``tops`` that it lies in (``""``: the top itself), ``None`` where it is elsewhere."""
    plain = os.path.normpath(directory) if directory else None
    if plain is None:
        return None
    inside = [top for top in tops if plain == top or plain.startswith(f"{top}/")]
    return plain[len(max(inside, key=len)) :].lstrip("/") if inside else None


def _crosses(session: Session, part: Part) -> bool:
    """Whether one of the part's lines names another tenant's tree."""
    for group in part.groups:
        directories = [each for each in dict.fromkeys([session.opening.cwd, *(said.cwd for said in group.events)]) if each]
        if any(session.foreign.touched(source, directories) for source in group.sources):
            return True
    return False


@lru_cache(maxsize=1024)
def _moment(told: str | None) -> str | None:
    """A time as records have it, if it is one that a calendar has."""
    if told is None or not _MOMENT.fullmatch(told):
        return None
    try:
        datetime.fromisoformat(told)
    except ValueError:
        return None
    return told


def _usage(told: Usage | None) -> Usage | None:
    """Counts that a record can hold: a source may say anything."""
    if told is None:
        return None
    counts = (told.input, told.output, told.cache_read, told.cache_write)
    if all(0 <= each <= _LARGEST for each in counts):
        return told
    return Usage(**{name: min(max(value, 0), _LARGEST) for name, value in told.model_dump().items()})


def _model(said: Sequence[Said]) -> str | None:
    """What answered last."""
    return next((each.model for each in reversed(said) if each.model and each.actor is Actor.ASSISTANT), None)


def _outcome(said: Sequence[Said], before: Outcome) -> Outcome:
    """What the last event says that says how the session stands."""
    for each in reversed(said):
        if Mark.SIDECHAIN in each.marks or Mark.COPIED in each.marks:
            continue
        if each.kind is Kind.DECISION and each.name == "interrupted":
            return Outcome.INTERRUPTED
        if each.kind is Kind.NOTE:
            continue
        if each.actor is Actor.ASSISTANT and each.kind is Kind.MESSAGE:
            return Outcome.FAILED if each.error else Outcome.ANSWERED
        if each.actor is Actor.SYSTEM and each.error:
            return Outcome.FAILED
        if each.actor is not Actor.SYSTEM:
            return Outcome.UNFINISHED
    return before
