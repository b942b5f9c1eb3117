"""``dpo``: a corrected answer preferred to the rejected one (TRL's conversational preference, explicit prompt).

Only complete pairs: both answers there, not empty, and different. The prompt must end where an assistant would answer and both
answers must begin with the assistant, because chat templates refuse anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.row import Provenance, Row, Turns, turns
from corpus.record import FeedbackBody, Message, Record, TupleType


@dataclass(frozen=True, slots=True)
class DpoRow(Row):
    """``chosen`` and ``rejected`` both answer ``prompt``; ``constraint_violation_tag`` says what was wrong with the rejected one."""

    prompt: Turns
    chosen: Turns
    rejected: Turns
    constraint_violation_tag: str
    provenance: Provenance

    def taught(self) -> tuple[str | Turns, ...]:
        return (self.prompt, self.chosen, self.rejected)


def make(record: Record) -> DpoRow | Reason:
    body = body_as(record, FeedbackBody)
    if body.corrected_trajectory is None:
        return Reason.NO_CORRECTION
    prompt, chosen, rejected = body.prompt, body.corrected_trajectory, body.rejected_trajectory
    if any(_empty(side) for side in (prompt, chosen, rejected)):
        return Reason.EMPTY_SIDE
    if _words(chosen) == _words(rejected):
        return Reason.EQUAL_SIDES
    if prompt[-1].role not in ("user", "tool") or chosen[0].role != "assistant" or rejected[0].role != "assistant":
        return Reason.TURN_ORDER
    return DpoRow(turns(prompt), turns(chosen), turns(rejected), body.constraint_violation_tag, Provenance.of(record))


def _empty(side: list[Message]) -> bool:
    return not any(message.content.strip() for message in side)


def _words(side: list[Message]) -> list[tuple[str, str]]:
    """A side without the blank space around its messages, which is no preference."""
    return [(message.role, message.content.strip()) for message in side]


RECIPE = Recipe("dpo", 1, "a correction preferred to what was rejected (TRL preference)", TupleType.FEEDBACK, DpoRow, make)
