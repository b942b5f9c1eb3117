"""A session as one ATIF document (Agent Trajectory Interchange Format 1.7, Harbor's RFC 0001): parts joined, events gathered into steps.

What the format has no field for stands in ``extra`` under ``substrate``: it is all there, and no reader has to know it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from corpus.record import Actor, Event, Kind, Mark, TrajectoryBody

VERSION = "ATIF-v1.7"
_OURS = "substrate"
_SOURCES = {Actor.USER: "user", Actor.ASSISTANT: "agent", Actor.SYSTEM: "system"}
_SPOKEN = (Kind.REASONING, Kind.MESSAGE, Kind.TOOL_CALL)
"""What a step is made of, in the order that it has in one; a result stands behind the call of its own step."""
_TOLD = frozenset({Mark.COPIED, Mark.NO_MODEL})
"""Marks that the format has a field for."""

Json = dict[str, object]


@dataclass(slots=True)
class _Step:
    """What becomes one step: what was said, the results of its calls, and what else happened before the next."""

    said: list[Event] = field(default_factory=list)
    results: list[Event] = field(default_factory=list)
    aside: list[Event] = field(default_factory=list)

    @property
    def first(self) -> Event:
        return next(iter((*self.said, *self.results, *self.aside)))

    def takes(self, event: Event) -> bool:
        """Whether one more thing that was said is of this step: the same reply, and later in the order of a step."""
        if not self.said or self.results or self.aside:
            return False
        last = self.said[-1]
        same = (last.actor, last.reply, last.marks, last.withheld) == (event.actor, event.reply, event.marks, event.withheld)
        named = event.reply is not None and (event.model is None or event.model == last.model)
        later = _SPOKEN.index(event.kind) > _SPOKEN.index(last.kind) or event.kind is last.kind is Kind.TOOL_CALL
        return same and named and later and event.ts == last.ts


def document(session_id: str, parts: Sequence[TrajectoryBody]) -> Json:
    """The session of which ``parts`` are kept, in their order."""
    last = parts[-1]
    steps = _steps(_standing(event for part in parts for event in part.events))
    written = [_step(number, step) for number, step in enumerate(steps, 1)]
    withheld = {str(part.part): part.withheld for part in parts if part.withheld is not None}
    ours = _some(
        outcome=last.outcome.value,
        generation=last.generation or None,
        branch=last.branch,
        parent_session=last.parent_session,
        parent_event=last.parent_event_id,
        withheld_parts=withheld,
        missing_parts=sorted(set(range(last.part)) - {part.part for part in parts}),
    )
    agent = _some(name=last.agent, version=last.agent_version or "unknown", model_name=last.model)
    made: Json = {"schema_version": VERSION, "session_id": session_id, "agent": agent, "extra": {_OURS: ours}, "steps": written}
    return made | {"final_metrics": _metrics((event for step in steps for event in step.said), "total_") | {"total_steps": len(steps)}}


def _standing(events: Iterable[Event]) -> list[Event]:
    """Every event, one that was amended as it was said last."""
    stand: dict[str, Event] = {}
    names: dict[str, str] = {}
    for event in events:
        name = names.get(event.amends, event.amends) if event.amends else None
        at = name if name in stand else event.event_id if event.event_id not in stand else f"{event.event_id} {event.seq}"
        stand[at] = event
        names[event.event_id] = at
    return list(stand.values())


def _steps(events: Iterable[Event]) -> list[_Step]:
    made: list[_Step] = []
    called: dict[str, _Step] = {}
    for event in events:
        if event.kind in _SPOKEN and event.actor in _SOURCES:
            if not (made and made[-1].takes(event)):
                made.append(_Step())
            made[-1].said.append(event)
            if event.kind is Kind.TOOL_CALL and event.call_id:
                called[event.call_id] = made[-1]
            continue
        if event.kind is Kind.TOOL_RESULT:
            step = called.get(event.call_id or "")
            if step is None:  # of a call that nobody told
                step = _Step()
                made.append(step)
            step.results.append(event)
            continue
        if not made:
            made.append(_Step())
        made[-1].aside.append(event)
    return made


def _step(number: int, step: _Step) -> Json:
    first, said = step.first, step.said
    source = _SOURCES[said[0].actor] if said else "system"
    agent = source == "agent"
    texts = {kind: "".join(event.content or "" for event in said if event.kind is kind) for kind in (Kind.REASONING, Kind.MESSAGE)}
    calls = [_call(event) for event in said if event.kind is Kind.TOOL_CALL]
    reasoning = texts[Kind.REASONING] if agent else ""
    metrics = _metrics(said) if agent else {}
    ours = _some(
        reasoning=texts[Kind.REASONING] if not agent else "",
        images=[digest for event in said for digest in event.images],
        detail=[_parsed(event.detail) for event in said if event.detail is not None and event.kind is not Kind.TOOL_CALL],
        marks=[mark.value for mark in first.marks if mark not in _TOLD],
        error=any(event.error for event in said),
        withheld=next((event.withheld for event in said if event.withheld), None),
        model_claimed=next((event.model_claimed for event in said if event.model_claimed), None),
        directory=first.directory,
        events=[_aside(event) for event in step.aside],
    )
    results = [_result(event, {call["tool_call_id"] for call in calls}) for event in step.results]
    made = _some(
        step_id=number,
        timestamp=first.ts,
        source=source,
        model_name=next((event.model for event in said if event.model), None) if agent else None,
        reasoning_content=reasoning,
        tool_calls=calls,
        observation={"results": results} if results else None,
        metrics=metrics,
        is_copied_context=Mark.COPIED in first.marks,
        extra={_OURS: ours} if ours else None,
    )
    if agent and Mark.NO_MODEL in first.marks:
        made["llm_call_count"] = 0
    return made | {"message": texts[Kind.MESSAGE]}


def _call(event: Event) -> Json:
    given = _parsed(event.arguments)
    arguments = given if isinstance(given, dict) else {} if given is None else {"arguments": given}
    ours = _some(detail=_parsed(event.detail), withheld=event.withheld)
    named: Json = {"tool_call_id": event.call_id or f"call-{event.seq}", "function_name": event.name or "", "arguments": arguments}
    return named | ({"extra": {_OURS: ours}} if ours else {})


def _result(event: Event, calls: set[object]) -> Json:
    ours = _some(
        name=event.name if event.call_id not in calls else None,
        call=event.call_id if event.call_id not in calls else None,
        detail=_parsed(event.detail),
        error=event.error,
        images=event.images,
        withheld=event.withheld,
        timestamp=event.ts,
    )
    named: Json = {"source_call_id": event.call_id if event.call_id in calls else None, "content": event.content}
    return named | ({"extra": {_OURS: ours}} if ours else {})


def _aside(event: Event) -> Json:
    """What the format has no step for: a decision of a person, another try, a note of the program's."""
    return _some(
        kind=event.kind.value,
        actor=event.actor.value,
        name=event.name,
        content=event.content,
        detail=_parsed(event.detail),
        timestamp=event.ts,
        error=event.error,
        marks=[mark.value for mark in event.marks],
        withheld=event.withheld,
    )


def _metrics(events: Iterable[Event], prefix: str = "") -> Json:
    """Tokens as the source counts them; whether those read from a cache are among the prompt's, only the source knows."""
    used = [event.usage for event in events if event.usage is not None]
    written = sum(each.cache_write for each in used)
    return _some(
        **{
            f"{prefix}prompt_tokens": sum(each.input for each in used),
            f"{prefix}completion_tokens": sum(each.output for each in used),
            f"{prefix}cached_tokens": sum(each.cache_read for each in used),
            "extra": {_OURS: {"cache_write_tokens": written}} if written else None,
        }
    )


def _parsed(text: str | None) -> object:
    """JSON that was carried as text; what is none stays text."""
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _some(**fields: object) -> Json:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value is not False and value not in ("", [], {}, 0)}


def written(session_id: str, parts: Sequence[TrajectoryBody]) -> bytes:
    """The document's bytes: the same parts give the same."""
    made = document(session_id, parts)
    try:
        return orjson.dumps(made, option=orjson.OPT_INDENT_2) + b"\n"
    except orjson.JSONEncodeError:  # deeper than it goes
        return json.dumps(made, ensure_ascii=False, indent=2).encode() + b"\n"
