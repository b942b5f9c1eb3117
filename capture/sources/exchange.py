"""The conversation around an event of a session: what led up to it, what followed from it, as chat turns that fit a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from capture.sources.same_need import Called
from corpus.record import Actor, Event, Kind, Mark

PROMPT = 24_000
"""Characters that a prompt's conversation holds: with two sides it stays below what the recipes take (50,000)."""
LONGEST = 6_000
"""Characters of one turn in a prompt; of a longer one its first lines are shown."""
CUT = "\n[...]"

SPOKEN = (Kind.MESSAGE, Kind.REASONING, Kind.TOOL_CALL)
_HEARD = (*SPOKEN, Kind.TOOL_RESULT, Kind.DECISION)


@dataclass(frozen=True, slots=True)
class Turn:
    """One chat turn of stored text: ``calls`` are the tool calls of an assistant's."""

    role: str
    content: str
    name: str | None = None
    calls: tuple[Called, ...] = ()

    @property
    def size(self) -> int:
        return len(self.content) + sum(len(each.arguments or "") for each in self.calls)


@dataclass(slots=True)
class Exchange:
    """Events of a session in order, and which of them an event goes back to. The parts before them may be missing."""

    events: Sequence[Event]
    back: list[int | None] = field(init=False)
    results: dict[str, list[int]] = field(init=False)
    _replies: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        names: dict[str, int] = {}
        self.back, self.results, self._replies = [], {}, {}
        branching = any(each.parent_event_id for each in self.events)
        last: dict[bool, int | None] = {False: None, True: None}
        for at, event in enumerate(self.events):
            aside = Mark.SIDECHAIN in event.marks
            known = names.get(event.parent_event_id) if event.parent_event_id else None
            rooted = branching and event.parent_event_id is None
            self.back.append(known if known is not None else None if rooted else last[aside])
            names.setdefault(event.event_id, at)
            if event.kind in _HEARD:
                last[aside] = at
            if event.reply is not None and _said(event):
                self._replies.setdefault(event.reply, []).append(at)
            if event.kind is Kind.TOOL_RESULT and event.call_id:
                self.results.setdefault(event.call_id, []).append(at)

    def path(self, at: int) -> list[int]:
        """Where the events lie that lead to the one at ``at``, itself among them, in order."""
        found = []
        here: int | None = at
        while here is not None:
            found.append(here)
            here = self.back[here]
        return found[::-1]

    def after(self, at: int, begun: set[int]) -> list[int]:
        """Where the events after ``at`` lie that go back to one of ``begun``, in order."""
        follows = set(begun)
        for here in range(min(begun) + 1, len(self.events)):
            if self.back[here] in follows:
                follows.add(here)
        return [here for here in sorted(follows - begun) if here > at]

    def reply(self, at: int) -> list[int]:
        """Where the events of the reply lie that the one at ``at`` is of: those side by side with it, no answer between."""
        name = self.events[at].reply
        way = self.path(at)
        first = len(way)
        while first and _said(self.events[way[first - 1]]) and (name is None or self.events[way[first - 1]].reply == name):
            first -= 1
        begun = set(way[first:])
        if name is not None:
            begun.update(self._replies.get(name, ()))
        else:
            for here in range(at + 1, len(self.events)):
                if self.back[here] in begun and _said(self.events[here]):
                    begun.add(here)
                elif self.events[here].kind in _HEARD:
                    break
        return sorted(begun)

    def prompt(self, before: int) -> list[Turn]:
        """The turns that lead up to the event at ``before``, which is the first of a reply; the newest that fit, whole requests where
        they do, beginning with a person's words. Empty where nothing was said."""
        way = [here for here in self.path(before) if here != before]
        calls = {call for here in way if (call := self.events[here].call_id) and self.events[here].kind is Kind.TOOL_CALL}
        held = set(way) | {here for call in calls for here in self.results.get(call, ()) if here < before}
        turns: list[Turn] = []
        for here in sorted(held):
            event = self.events[here]
            if event.kind not in (Kind.MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT):
                continue
            if event.withheld is not None or (Mark.SUMMARY in event.marks and event.kind is Kind.MESSAGE):
                turns = []  # what is not whole says something else, and what was said before a summary the model did not see
            if event.withheld is None:
                _add(turns, event)
        while turns and turns[-1].role == "assistant":  # an earlier reply that nobody answered: this one answers what it did
            turns.pop()
        return fitted(turns)


def _said(event: Event) -> bool:
    return event.kind in SPOKEN and event.actor is Actor.ASSISTANT


def _add(turns: list[Turn], event: Event) -> None:
    """Append an event to the turns; neighbours of one role are one turn, as chat templates have it."""
    before = turns[-1] if turns else None
    role = "tool" if event.kind is Kind.TOOL_RESULT else event.actor.value
    if event.kind is Kind.TOOL_CALL:
        if before is not None and before.role == "assistant":
            turns[-1] = Turn("assistant", before.content, calls=(*before.calls, event))
        else:
            turns.append(Turn("assistant", "", calls=(event,)))
        return
    words = cut(event.content or "")
    if role == "system" and turns:
        return
    if before is not None and before.role == role and role in ("user", "assistant"):
        turns[-1] = Turn(role, "\n\n".join(filter(None, (before.content, words))), calls=before.calls)
    elif words or role == "tool":
        turns.append(Turn(role, words, name=event.name if role == "tool" else None))


def fitted(turns: Sequence[Turn]) -> list[Turn]:
    """What a prompt holds of ``turns``, from a person's words on: the newest requests whole, of the earlier ones what the person said and
    what was answered in the end, the oldest not at all. Of a last request that is too long alone the oldest turns after its words leave.
    A system prompt stays where it is short."""
    asked = [at for at, turn in enumerate(turns) if turn.role == "user"]
    if not asked:
        return []
    shown = [turn for turn in turns[:1] if turn.role == "system" and turn.size <= PROMPT // 4]
    left = PROMPT - sum(turn.size for turn in shown)
    requests = [list(turns[at:end]) for at, end in zip(asked, [*asked[1:], len(turns)], strict=True)]
    requests[-1] = _newest(requests[-1], left)
    kept: list[Turn] = []
    whole = True
    for request in reversed(requests):
        whole = whole and sum(turn.size for turn in request) <= left
        some = request if whole or request is requests[-1] else _brief(request)
        left -= sum(turn.size for turn in some)
        if left < 0 and request is not requests[-1]:
            break
        if kept and some[-1].role == "user":  # nothing was answered: both are one turn
            some[-1] = Turn("user", f"{some[-1].content}\n\n{kept.pop(0).content}")
        kept = [*some, *kept]
    return [*shown, *kept]


def _newest(request: list[Turn], left: int) -> list[Turn]:
    """A request's words and the newest turns after them that fit."""
    left -= request[0].size
    begins = len(request)
    for at in range(len(request) - 1, 0, -1):
        left -= request[at].size
        if left < 0:
            break
        if request[at].role == "assistant":  # an answer of a tool stands behind its call
            begins = at
    return [request[0], *request[begins:]]


def _brief(request: list[Turn]) -> list[Turn]:
    words = [turn.content for turn in request[1:] if turn.role == "assistant" and turn.content]
    return [request[0], *([Turn("assistant", words[-1])] if words else [])]


def cut(text: str, longest: int = LONGEST) -> str:
    """The first whole lines of ``text`` that ``longest`` characters hold, and a sign that there was more."""
    if len(text) <= longest:
        return text
    ends = text.rfind("\n", 0, longest)
    if ends <= 0:
        ends = max(text.rfind(" ", 0, longest), 0)
    return text[:ends] + CUT
