"""``dpo``: a corrected answer preferred to the rejected one (TRL's conversational preference, explicit prompt).

Only complete pairs; one that a later record completed is told by that record. The prompt must end where an assistant would answer and
both answers must begin with the assistant, because chat templates refuse anything else. Calls are printed as such, with the ``tools``
that are called. What else would teach the wrong lesson is held back by :mod:`corpus.build.gates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.row import Provenance, Row
from corpus.build.shape import Preference
from corpus.build.turn import Tools, Turns, tools_of, turns
from corpus.record import FeedbackBody, Record, TupleType


@dataclass(frozen=True, slots=True)
class DpoRow(Row):
    """``chosen`` and ``rejected`` both answer ``prompt``; ``constraint_violation_tag`` says what was wrong with the rejected one.

    ``agent`` and ``model`` made what was rejected; empty where that is not known."""

    SHAPE: ClassVar = Preference

    prompt: Turns
    chosen: Turns
    rejected: Turns
    tools: Tools | None
    constraint_violation_tag: str
    seen_in: str
    agent: str
    model: str
    provenance: Provenance

    def judged(self) -> tuple[Turns, tuple[Turns, ...]]:
        return self.prompt, (self.chosen, self.rejected)


def make(record: Record) -> DpoRow | Reason:
    body = body_as(record, FeedbackBody)
    if body.corrected_trajectory is None:
        return Reason.NO_CORRECTION
    prompt, chosen, rejected = turns(body.prompt, "p"), turns(body.corrected_trajectory), turns(body.rejected_trajectory)
    if not (answerable(prompt) and answers(chosen) and answers(rejected)):
        return Reason.TURN_ORDER
    return DpoRow(
        prompt,
        chosen,
        rejected,
        tools_of(prompt, chosen, rejected),
        body.constraint_violation_tag,
        body.seen_in,
        body.agent or "",
        body.model or "",
        Provenance.of(record),
    )


def answerable(prompt: Turns) -> bool:
    """Whether a prompt ends where an assistant would answer."""
    return bool(prompt) and prompt[-1].role in ("user", "tool")


def answers(side: Turns) -> bool:
    """Whether an answer begins with the assistant."""
    return bool(side) and side[0].role == "assistant"


RECIPE = Recipe("dpo", 2, "a correction preferred to what was rejected", (TupleType.FEEDBACK,), DpoRow, make)
