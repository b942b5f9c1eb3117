"""An agent's session as chat: one candidate a model reply, with the conversation before it, or the reason it teaches nothing good.

A session is read twice, part by part, so that memory holds the window of messages and a few names an event: first which branch stands
and which replies a person turned down, then the messages themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from corpus.build.reasons import Reason
from corpus.build.turn import Function, Tool, ToolCall, Turn, Turns, arguments_of, type_of
from corpus.record import Actor, Event, Kind, Mark, Record, TrajectoryBody

PROMPT_CHARACTERS = 1 << 17
"""What a prompt may hold: about 32,000 tokens. Earlier requests leave whole, oldest first; a request that is longer alone gives no row."""

Parts = Callable[[], Iterator[Record]]
"""The parts of one session, in order, as often as asked."""

_SPOKEN = (Kind.MESSAGE, Kind.REASONING, Kind.TOOL_CALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply and what it answers. ``record`` is the part in which it ends, ``first`` and ``last`` its events' ``seq``."""

    record: Record
    prompt: Turns
    completion: Turn
    tools: tuple[Tool, ...] | None
    model: str
    first: int
    last: int


def replies(parts: Parts) -> Iterator[tuple[Record, Reply | Reason]]:
    """Every reply of a session, in order, or why it gives no row; a part without events gives one reason for itself."""
    plan = _Plan.of(parts)
    talk = _Talk(plan)
    expected = 0
    for record in parts():
        body = _body(record)
        if body.first_seq != expected:  # a part between was not selected: it is withheld, or was not asked for
            yield from talk.broken()
        expected = body.first_seq + body.event_count
        if body.withheld is not None or not body.events:
            yield from talk.broken()
            yield record, Reason.WITHHELD if body.withheld is not None else Reason.NO_REPLY
            continue
        before = talk.closed
        for event in body.events:
            yield from talk.hear(record, event)
        if talk.closed == before and not talk.open:
            yield record, Reason.NO_REPLY
    yield from talk.broken()


def _body(record: Record) -> TrajectoryBody:
    if not isinstance(record.body, TrajectoryBody):
        raise TypeError(f"a {record.header.tuple_type} record was handed over as a part of a session")
    return record.body


@dataclass(slots=True)
class _Plan:
    """What must be known of a whole session before any reply of it is judged."""

    """``gone`` are calls off the branch that stands, ``root`` the first event of the conversation that an event is of."""

    standing: set[str] = field(default_factory=set)
    amended: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    interrupted: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    root: dict[str, str] = field(default_factory=dict)
    tools: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Parts) -> _Plan:
        plan = cls()
        before: dict[str, tuple[str | None, str | None]] = {}
        spoken: list[tuple[str, str | None]] = []
        calls: list[tuple[str, str]] = []
        for record in parts():
            for event in _body(record).events:
                if event.amends:
                    plan.amended.add(event.amends)
                if Mark.SIDECHAIN in event.marks:
                    continue
                plan._note(event, spoken)
                parent, earlier = event.parent_event_id, spoken[-1][0] if spoken else None
                # A parent that is not here, or only comes later (no way back may be a circle), is taken to be the last word.
                before.setdefault(event.event_id, (parent if parent is None or parent in before else earlier, earlier))
                if event.kind in _SPOKEN:
                    spoken.append((event.event_id, event.reply))
                if event.kind is Kind.TOOL_CALL and event.call_id:
                    calls.append((event.call_id, event.event_id))
        plan._stand(before, spoken)
        plan.gone = {call for call, name in calls if name not in plan.standing}
        return plan

    def _note(self, event: Event, spoken: list[tuple[str, str | None]]) -> None:
        if event.kind is Kind.TOOL_CALL and event.name:
            seen = self.tools.setdefault(event.name, {})
            for name, value in arguments_of(event.arguments).items():
                seen.setdefault(name, type_of(value))
        elif event.kind is Kind.DECISION and event.name == "denied" and event.call_id:
            self.denied.add(event.call_id)
        elif event.kind is Kind.DECISION and event.name == "interrupted" and spoken:
            self.interrupted.add(spoken[-1][0])

    def _stand(self, before: dict[str, tuple[str | None, str | None]], spoken: list[tuple[str, str | None]]) -> None:
        """The branch of a conversation's last word stands. ``before`` has each event's parent and the last word before it, which is its
        parent in a source that names none at all. In one that does, a second root is a conversation begun anew.

        Every event of a reply that has one on that branch stands too: calls made side by side are siblings of one another's results.
        """
        branching = any(parent is not None for parent, _ in before.values())

        for last, _ in reversed(spoken):
            path: list[str] = []
            at: str | None = last
            while at is not None and at not in self.root:
                path.append(at)
                parent, earlier = before[at]
                at = parent if branching else earlier
            root = self.root[at] if at is not None else path[-1]
            if root not in self.root:  # nothing later is of this conversation
                self.standing.update(path)
            self.root.update(dict.fromkeys(path, root))
        whole = {reply for name, reply in spoken if reply and name in self.standing}
        self.standing |= {name for name, reply in spoken if reply in whole}


@dataclass(slots=True)
class _Open:
    """A reply being told."""

    record: Record
    reply: str | None
    first: int
    last: int
    model: str
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    reason: Reason | None = None

    def turn(self) -> Turn:
        thoughts = "\n\n".join(self.thoughts) or None
        return Turn("assistant", "\n\n".join(self.texts), reasoning_content=thoughts, tool_calls=tuple(self.calls))


@dataclass(slots=True)
class _Request:
    """A person's words and all that followed. ``hole``: something in it was withheld; ``cut``: it is longer than a prompt may be."""

    turns: list[Turn] = field(default_factory=list)
    size: int = 0
    hole: bool = False
    cut: bool = False

    def add(self, turn: Turn, *, hole: bool) -> None:
        self.size += turn.size
        self.hole |= hole
        self.cut |= self.size > PROMPT_CHARACTERS
        self.turns = [] if self.cut else [*self.turns, turn]


class _Talk:
    """The messages of a session as they come, and the window of them that a prompt may hold."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._tools = tuple(Tool(name, tuple(sorted(seen.items()))) for name, seen in sorted(plan.tools.items())) or None
        self._system: Turn | None = None
        self._requests: list[_Request] = []
        self._root: str | None = None
        self.open: _Open | None = None
        self.closed = 0

    def hear(self, record: Record, event: Event) -> Iterator[tuple[Record, Reply | Reason]]:
        """Take in one event; yields the reply that it ends, if any."""
        own = event.kind in _SPOKEN and event.actor is Actor.ASSISTANT
        if self.open and (event.reply != self.open.reply if own else event.kind in (Kind.MESSAGE, Kind.TOOL_RESULT)):
            yield from self._close()
        if own:
            self._assistant(record, event)
        elif Mark.SIDECHAIN in event.marks or event.event_id in self._plan.amended or event.call_id in self._plan.gone:
            return
        elif event.kind is Kind.TOOL_RESULT and self._requests:
            turn = Turn("tool", event.content or "", name=event.name, tool_call_id=event.call_id)
            self._requests[-1].add(turn, hole=event.withheld is not None)
        elif event.kind is Kind.MESSAGE and event.event_id in self._plan.standing:
            self._heard(event)

    def broken(self) -> Iterator[tuple[Record, Reply | Reason]]:
        """The session ends here, or what comes next is not known."""
        yield from self._close()
        self._requests = []

    def _heard(self, event: Event) -> None:
        root = self._plan.root.get(event.event_id)
        if Mark.SUMMARY in event.marks or root != self._root:  # what was said before is gone from the model's view
            self._requests = []
        self._root = root
        if event.actor is Actor.SYSTEM:
            self._system = self._system or (Turn("system", event.content) if event.content else None)
            return
        words = event.content or ""
        if self._requests and self._requests[-1].turns and self._requests[-1].turns[-1].role == "user":  # templates refuse two in a row
            words = f"{self._requests.pop().turns[-1].content}\n\n{words}"
        self._requests.append(_Request())
        self._requests[-1].add(Turn("user", words), hole=event.withheld is not None)

    def _assistant(self, record: Record, event: Event) -> None:
        if self.open is None:
            self.open = _Open(record, event.reply, event.seq, event.seq, event.model or "")
        now = self.open
        now.record, now.last, now.model = record, event.seq, event.model or now.model
        now.reason = now.reason or self._refused(event)
        if event.kind is Kind.MESSAGE and event.content:
            now.texts.append(event.content)
        elif event.kind is Kind.REASONING and event.content:
            now.thoughts.append(event.content)
        elif event.kind is Kind.TOOL_CALL:
            now.calls.append(ToolCall(event.call_id or "", Function(event.name or "", arguments_of(event.arguments))))

    def _refused(self, event: Event) -> Reason | None:
        reasons = (
            (Mark.SIDECHAIN in event.marks, Reason.SIDECHAIN),
            (event.event_id in self._plan.amended, Reason.AMENDED),
            (event.event_id not in self._plan.standing, Reason.ABANDONED),
            (Mark.COPIED in event.marks, Reason.COPIED),
            (Mark.NO_MODEL in event.marks or Mark.META in event.marks, Reason.NO_MODEL),
            (event.call_id in self._plan.denied, Reason.DENIED),
            (event.event_id in self._plan.interrupted, Reason.INTERRUPTED),
            (event.error, Reason.ERROR),
            (event.withheld is not None, Reason.EVENT_WITHHELD),
        )
        return next((reason for holds, reason in reasons if holds), None)

    def _close(self) -> Iterator[tuple[Record, Reply | Reason]]:
        now, self.open = self.open, None
        if now is None:
            return
        self.closed += 1
        turn, prompt = now.turn(), self._prompt()
        reason = now.reason or (Reason.EMPTY_SIDE if not (turn.content.strip() or turn.tool_calls) else None)
        if reason is None and prompt is not None and (not prompt or prompt[-1].role not in ("user", "tool")):
            reason = Reason.TURN_ORDER
        if reason is None and prompt is None:
            reason = Reason.PROMPT_TOO_LONG if self._requests[-1].cut else Reason.EVENT_WITHHELD
        # What is off the branch was never said on it; what was turned down was, and the model saw how that ended.
        if now.reason not in (Reason.SIDECHAIN, Reason.AMENDED, Reason.ABANDONED) and self._requests:
            self._requests[-1].add(turn, hole=now.reason is Reason.EVENT_WITHHELD)
        if reason is not None or prompt is None:
            yield now.record, reason or Reason.PROMPT_TOO_LONG
        else:
            yield now.record, Reply(now.record, prompt, turn, self._tools, now.model, now.first, now.last)

    def _prompt(self) -> Turns | None:
        """The newest requests that fit, whole; ``None`` where even the last is too long, or holds what was withheld."""
        left = PROMPT_CHARACTERS - (self._system.size if self._system else 0)
        shown: list[_Request] = []
        for request in reversed(self._requests):
            if request.hole or request.cut or request.size > left:
                break
            left -= request.size
            shown.insert(0, request)
        del self._requests[: len(self._requests) - max(len(shown), 1)]  # what does not fit now never will again
        if self._requests and not shown:
            return None
        system = (self._system,) if self._system and shown else ()
        return (*system, *(turn for request in shown for turn in request.turns))
