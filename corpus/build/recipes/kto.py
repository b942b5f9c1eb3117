"""``kto``: single answers, each good or not (TRL's conversational unpaired preference).

Not good is what a person rejected, whether or not it was corrected. Good is a correction, and work that is known to be accepted or
verified: a commit, asked and answered as a rejected one is, and each reply of a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpus.build.conversation import Parts, replies
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.recipes import sft
from corpus.build.recipes.dpo import answerable, answers
from corpus.build.row import Provenance, Row
from corpus.build.shape import Verdict
from corpus.build.turn import Tools, Turn, Turns, tools_of, turns
from corpus.record import EvidenceClass, FeedbackBody, Message, Record, TrajectoryBody, TupleType

_GOOD = (EvidenceClass.ACCEPTED, EvidenceClass.VERIFIED)


@dataclass(frozen=True, slots=True)
class KtoRow(Row):
    """``completion`` answers ``prompt``; ``label`` is whether that was good. ``agent`` and ``model`` made it; empty where not known."""

    SHAPE: ClassVar = Verdict

    prompt: Turns
    completion: Turns
    label: bool
    tools: Tools | None
    constraint_violation_tag: str
    agent: str
    model: str
    provenance: Provenance

    def judged(self) -> tuple[Turns, tuple[Turns, ...]]:
        return self.prompt, (self.completion,)


def make(record: Record) -> KtoRow | Reason | list[KtoRow | Reason]:
    if record.header.tuple_type is TupleType.EDIT:
        return _commit(record)
    body = body_as(record, FeedbackBody)
    good = [] if body.corrected_trajectory is None else [_side(record, body, body.corrected_trajectory, label=True)]
    return [*good, _side(record, body, body.rejected_trajectory, label=False)]


def _side(record: Record, body: FeedbackBody, said: list[Message], *, label: bool) -> KtoRow | Reason:
    prompt, completion = turns(body.prompt, "p"), turns(said)
    if not (answerable(prompt) and answers(completion)):
        return Reason.TURN_ORDER
    # A correction is a person's, or another model's: what made the rejected side says nothing of it.
    agent, model = ("", "") if label else (body.agent or "", body.model or "")
    tag = "" if label else body.constraint_violation_tag
    return KtoRow(prompt, completion, label, tools_of(prompt, completion), tag, agent, model, Provenance.of(record))


def _commit(record: Record) -> KtoRow | Reason:
    if record.header.evidence_class not in _GOOD:
        return Reason.NOT_ACCEPTED
    row = sft.make(record)
    if isinstance(row, Reason):
        return row
    message = sft.request_of(record)
    completion = (Turn("assistant", f"{message}\n\n{row.completion[0].content}"),)
    return KtoRow(row.prompt, completion, True, None, "", "", "", row.provenance)


def converse(parts: Parts) -> Iterator[tuple[Record, KtoRow | Reason]]:
    for record, said in replies(parts):
        if isinstance(said, Reason):
            yield record, said
        elif record.header.evidence_class not in _GOOD:
            yield record, Reason.NOT_ACCEPTED
        else:
            agent = body_as(record, TrajectoryBody).agent
            yield record, KtoRow(said.prompt, (said.completion,), True, said.tools, "", agent, said.model, Provenance.of(record))


RECIPE = Recipe(
    "kto",
    2,
    "single answers, good or not",
    (TupleType.FEEDBACK, TupleType.EDIT),
    KtoRow,
    make,
    converse,
)
