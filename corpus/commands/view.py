"""A record or a row as a person reads it; nothing in it can drive the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from corpus.console import plain
from corpus.errors import BadInput
from corpus.record import EditBody, Event, FeedbackBody, LinkBody, Message, Record, TrajectoryBody

if TYPE_CHECKING:
    from corpus.build.rendered import Rendered
    from corpus.build.row import Row

RULE = "─" * 72


def record_lines(record: Record) -> Iterator[str]:
    """The lines of one record: what it is, its header, what was redacted, its body."""
    return map(plain, _record(record))


def _record(record: Record) -> Iterator[str]:
    yield f"{record.header.tuple_type} {record.key}"
    yield f"id {record.id}, revision {record.revision}"
    for name, value in record.header.model_dump(mode="json").items():
        yield f"  {name:<17} {'' if value is None else value}"
    counts = ", ".join(f"{entity} {count}" for entity, count in sorted(record.redaction.counts.items()))
    yield f"  {'redaction':<17} {record.redaction.ruleset}{f': {counts}' if counts else ''}"
    yield ""
    yield from _body(record)


def of_events(record: Record, span: str | None) -> Record:
    """The record with those of its events alone that ``span`` names (``12-15``, or ``12``). Raises :class:`BadInput` for none."""
    if span is None:
        return record
    ends = span.split("-")
    body = record.body
    if len(ends) > 2 or not all(end.isdecimal() for end in ends):
        raise BadInput(f"--events {span[:40]!r} is not FIRST-LAST: give what stands in a row's column 'events'")
    events = [event for event in getattr(body, "events", []) if int(ends[0]) <= event.seq <= int(ends[-1])]
    if not events:
        raise BadInput(f"record {record.key[:12]} has no events {span}: 'corpus show' without --events shows what it has")
    return record.model_copy(update={"body": body.model_copy(update={"events": events})})


def record_json(record: Record) -> dict[str, object]:
    """The record as its stored line has it."""
    parts = record.model_dump(mode="json", by_alias=True)
    return {"schema": parts.pop("schema_"), **parts}


def row_lines(row: Row) -> Iterator[str]:
    """The lines of one row, column by column."""
    for name, value in row.columns().items():
        for line in _cell(name, value):
            yield plain(line)


def rendered_lines(found: Rendered) -> Iterator[str]:
    """The lines of one row as a model sees it; what is learned stands below a mark."""
    return map(plain, _rendered(found))


def _rendered(found: Rendered) -> Iterator[str]:
    yield f"record {found.key}: {found.tokens} tokens" if not found.refused else f"record {found.key}: the template refuses it"
    if found.refused:
        yield found.refused
    for side in found.sides:
        yield from side.read.splitlines()
        yield f"──── learned{f', {side.name}' if side.name else ''}{f' ({side.note})' if side.note else ''}"
        yield from side.learned.splitlines()


def _cell(name: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield f"[{name}: {each.pop('role', each.get('type', ''))}]"
            yield from each.pop("content", "").splitlines()
            yield from (f"  {part}: {text}" for part, text in each.items())
    elif isinstance(value, dict):
        yield f"{name}:"
        yield from (f"  {part}: {text}" for part, text in value.items())
    else:
        text = str(value)
        yield from (f"[{name}]", *text.splitlines()) if "\n" in text else (f"{name}: {text}",)


def _body(record: Record) -> Iterator[str]:
    body = record.body
    if isinstance(body, EditBody):
        yield from _edit(body)
    elif isinstance(body, FeedbackBody):
        yield f"tag {body.constraint_violation_tag}, seen in {body.seen_in}{f', because: {body.reason}' if body.reason else ''}"
        yield from _talk("prompt", body.prompt)
        yield from _talk("rejected", body.rejected_trajectory)
        yield from _talk("corrected", body.corrected_trajectory or [])
    elif isinstance(body, TrajectoryBody):
        yield from _session(body)
    elif isinstance(body, LinkBody):
        yield f"{body.from_} {body.kind} {body.to or ''} {body.value or ''} ({body.basis})"


def _edit(body: EditBody) -> Iterator[str]:
    yield f"author {body.author.name} <{body.author.email}> {body.author.time} {body.author.tz}"
    yield f"branch {body.branch or '(none)'}, parents {' '.join(body.parents) or '(none)'}"
    yield ""
    yield from (f"    {line}" for line in (body.message or f"(withheld: {body.withheld})").splitlines())
    yield ""
    for file in body.files:
        moved = f" (from {file.old_path})" if file.old_path and file.old_path != file.path else ""
        withheld = f" withheld: {file.withheld}" if file.withheld else ""
        yield f"  {file.status:<12} +{file.additions} -{file.deletions} {file.path}{moved}{withheld}"
    yield ""
    yield from body.diff.splitlines()
    if body.lines_cut:
        yield f"({body.lines_cut} more lines were cut)"


def _session(body: TrajectoryBody) -> Iterator[str]:
    yield f"{body.agent} {body.agent_version or ''}, model {body.model or '(unknown)'}, branch {body.branch or '(none)'}"
    counted = f"events {body.first_seq} to {body.first_seq + body.event_count - 1}" if body.event_count else "no events"
    yield f"part {body.part}, generation {body.generation}, {counted}, {body.outcome}"
    if body.withheld is not None:
        yield f"(withheld: {body.withheld})"
    for event in body.events:
        yield from _happened(event)


def _happened(event: Event) -> Iterator[str]:
    """One event: where it stands in the session and in the transcript's lines, what it is, and its texts."""
    said = [word for word in (event.name, "error" if event.error else None, *event.marks) if word]
    aside = f" ({', '.join(said)})" if said else ""
    yield f"[{event.seq}, line {event.at}: {event.actor} {event.kind}{aside}] {event.ts or ''}".rstrip()
    for text in (event.content, event.arguments, event.detail):
        yield from (text or "").splitlines()
    yield from (f"image {digest}" for digest in event.images)
    if event.withheld is not None:
        yield f"(withheld: {event.withheld})"


def _talk(name: str, messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield f"[{name}: {message.role}]"
        yield from message.content.splitlines()
