"""A stored record as a draft: the same record, every text of it handed to the scrubber once more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from corpus.names import Name
from corpus.record import (
    Actor,
    Body,
    EditBody,
    Event,
    FeedbackBody,
    Kind,
    LinkBody,
    Mark,
    Message,
    Record,
    SeenIn,
    TrajectoryBody,
    TupleType,
    anchored,
)
from corpus.redaction.draft import Draft, Form, Label, Scrub, Withheld
from corpus.redaction.edit_again import edit_again
from corpus.redaction.redactor import Scanner
from corpus.redaction.second import Passed
from corpus.redaction.texts import Found, Texts

_FORMS = {Kind.REASONING: Form.REASONING, Kind.TOOL_RESULT: Form.CODE, Kind.TOOL_CALL: Form.CODE}
_NAMES = ("name", "model", "model_claimed", "directory")
_TEXTS = ("content", "arguments", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Draft):
    """A draft of a record that is kept already: its key is known, the source's own name behind it is not."""

    of: str

    @property
    def key(self) -> str:
        return self.of


@dataclass(slots=True)
class Again:
    """One record's second way through the gate. ``prev`` is what its first event goes on from now (``None``: as before)."""

    record: Record
    prev: str | None
    scanner: Scanner
    found: list[Found] = field(default_factory=list)

    def draft(self, stem: str | None) -> Stored:
        header = self.record.header
        label = Label(Name(header.tenant), Name(header.cluster), Name(header.moduleId), Name(header.role), header.doctrine_version)
        return Stored(
            tuple_type=header.tuple_type,
            label=label,
            names=(),
            stem=stem or stem_of(self.record),
            created=header.created,
            render=self._render,
            scope=header.scope,
            evidence_class=header.evidence_class,
            source_commit=header.source_commit,
            session_id=header.session_id,
            of=self.record.key,
        )

    def _render(self, scrub: Scrub) -> Body:
        if not isinstance(scrub, Passed):
            raise TypeError("a stored record passes the gate as any other")
        texts = Texts(scrub, self.scanner)
        body = self._body(texts)
        self.found = sorted(texts.found, key=lambda each: (each.field, each.start or 0, each.end or 0, each.rule))
        return body

    def _body(self, texts: Texts) -> Body:
        body = self.record.body
        if isinstance(body, EditBody):
            return edit_again(body, texts)
        if isinstance(body, TrajectoryBody):
            return _part(body, texts, self.prev)
        if isinstance(body, FeedbackBody):
            return _pair(body, texts)
        return _link(body, texts)


def stem_of(record: Record) -> str:
    """The name of a record's own loose file, without suffix."""
    header, body = record.header, record.body
    if header.tuple_type is TupleType.EDIT and header.source_commit:
        return header.source_commit
    if isinstance(body, TrajectoryBody) and header.session_id:
        return f"{header.session_id}.{body.part}" if body.part else header.session_id
    return record.key


def _link(body: LinkBody, texts: Texts) -> LinkBody:
    try:
        return body.model_copy(update={"basis": texts.prose("body.basis", body.basis)})
    except Withheld as reason:
        return body.model_copy(update={"basis": "", "withheld": reason.reason})


def _pair(body: FeedbackBody, texts: Texts) -> FeedbackBody:
    """Each turn is searched as its source had it searched, so that nothing is found that was let stand on purpose."""
    try:
        update: dict[str, Any] = {
            side: None if turns is None else [_turn(f"body.{side}[{at}]", turn, body.seen_in, texts) for at, turn in enumerate(turns)]
            for side in ("prompt", "rejected_trajectory", "corrected_trajectory")
            for turns in (getattr(body, side),)
        }
        update["reason"] = None if body.reason is None else texts.prose("body.reason", body.reason)
        update["model"] = None if body.model is None else texts.path("body.model", body.model)
    except Withheld as reason:  # a pair without one of its sides teaches nothing
        gone: dict[str, Any] = {"prompt": [], "rejected_trajectory": [], "corrected_trajectory": None, "reason": None, "model": None}
        return body.model_copy(update={**gone, "withheld": reason.reason})
    return body.model_copy(update=update)


def _turn(where: str, turn: Message, seen_in: SeenIn, texts: Texts) -> Message:
    if seen_in is SeenIn.INBOX:
        content = texts.prose(f"{where}.content", turn.content)
    elif seen_in in (SeenIn.TOOL_DENIED, SeenIn.INTERRUPTED):
        content = _one(texts, f"{where}.content", Form.CODE if turn.role == "tool" else Form.PROSE, turn.content)
    else:
        content = texts.code(f"{where}.content", turn.content)
    calls = [
        call.model_copy(
            update={
                "name": texts.path(f"{where}.calls[{at}].name", call.name),
                "arguments": _one(texts, f"{where}.calls[{at}].arguments", Form.JSON, call.arguments),
            }
        )
        for at, call in enumerate(turn.calls)
    ]
    name = None if turn.name is None else texts.path(f"{where}.name", turn.name)
    return turn.model_copy(update={"content": content, "name": name, "calls": calls})


def _one(texts: Texts, where: str, form: Form, text: str) -> str:
    (made,) = texts.several([(where, form, text)])
    if isinstance(made, Withheld):
        raise made
    return made


def _part(body: TrajectoryBody, texts: Texts, prev: str | None) -> TrajectoryBody:
    waiting = [
        (f"body.{name}", Form.PATH, text) for name in ("agent_version", "branch", "model") if (text := getattr(body, name)) is not None
    ]
    waiting += [
        (f"body.events[{at}].{name}", _form(event, name), text)
        for at, event in enumerate(body.events)
        for name in (*_NAMES, *_TEXTS)
        if (text := getattr(event, name)) is not None
    ]
    made = dict(zip((field for field, _, _ in waiting), texts.several(waiting), strict=True))
    events = [_event(f"body.events[{at}]", event, made, texts) for at, event in enumerate(body.events)]
    of_part = {name: _text(made.get(f"body.{name}")) for name in ("agent_version", "branch", "model")}
    again = body.model_copy(update={**of_part, "events": events, **({} if prev is None else {"first_prev": prev})})
    # Hashed anew only where something changed: what is said about an event may have come to have more fields since.
    return again if again == body else anchored(again)


def _form(event: Event, name: str) -> Form:
    if name in _NAMES:
        return Form.PATH
    if name != "content":
        return Form.JSON
    if event.actor is Actor.SYSTEM and event.kind is Kind.MESSAGE:
        return Form.SYSTEM
    return Form.CODE if Mark.UNKNOWN in event.marks else _FORMS.get(event.kind, Form.PROSE)


def _event(where: str, event: Event, made: dict[str, str | Withheld], texts: Texts) -> Event:
    mine = {name: made[at] for name in (*_NAMES, *_TEXTS) if (at := f"{where}.{name}") in made}
    update: dict[str, Any] = {name: _text(each) for name, each in mine.items()}
    why = next((each.reason for each in mine.values() if isinstance(each, Withheld)), None)
    if why is not None:
        update |= {**dict.fromkeys(_TEXTS), "withheld": why}
    images = texts.images(f"{where}.images", event.images)
    if images != event.images:
        update["images"] = images
    return event.model_copy(update=update)


def _text(made: str | Withheld | None) -> str | None:
    return made if isinstance(made, str) else None
