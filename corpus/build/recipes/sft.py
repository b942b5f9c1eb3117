"""``sft``: given a request and the files as they were, answer with the diff; given a session so far, give the next reply.

Both are TRL's conversational prompt-completion. Of a session each reply is a row of its own, tool calls and reasoning in it, because a
trainer learns all of a completion, and what a tool answered is not the model's to learn. ``tools`` are the session's, as it shows them.

The request is the commit message without its trailers (``Signed-off-by`` and the like say nothing about the change). Each file
follows in a fenced block under its path. The completion is the diff and nothing else, byte for byte, so that it can be applied.
A commit is left out where the pair would teach to guess: a changed file that was too large to show, an answer that was cut short or
lacks a file that was withheld. A binary file is only named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpus.build import filters
from corpus.build.conversation import Parts, replies
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.row import Provenance, Row
from corpus.build.shape import Answer
from corpus.build.turn import Tools, Turn, Turns
from corpus.record import EditBody, FileChange, Record, TrajectoryBody, TupleType

_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*: \S.*|\(cherry picked from commit [0-9a-f]+\)")
_FENCE = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SftRow(Row):
    """``prompt`` is what was said so far (of a commit, one user turn), ``completion`` one assistant turn.

    ``agent`` and ``model`` made the reply, ``events`` are its first and last ``seq`` in the record; empty for a commit."""

    SHAPE: ClassVar = Answer

    prompt: Turns
    completion: Turns
    tools: Tools | None
    agent: str
    model: str
    events: str
    provenance: Provenance


def make(record: Record) -> SftRow | Reason:
    body = body_as(record, EditBody)
    request = instruction(body.message or "")
    reason = (
        filters.first(body, filters.merge)
        or (Reason.EMPTY_MESSAGE if not request else None)
        or filters.first(body, filters.empty_diff, filters.diff_cut, filters.before_cut, filters.file_withheld)
    )
    if reason is not None:
        return reason
    asked = "\n\n".join([request, *(shown(file) for file in body.files)])
    return SftRow((Turn("user", asked),), (Turn("assistant", body.diff),), None, "", "", "", Provenance.of(record))


def converse(parts: Parts) -> Iterator[tuple[Record, SftRow | Reason]]:
    for record, said in replies(parts):
        if isinstance(said, Reason):
            yield record, said
        else:
            agent, span = body_as(record, TrajectoryBody).agent, f"{said.first}-{said.last}"
            row = SftRow(said.prompt, (said.completion,), said.tools, agent, said.model, span, Provenance.of(record))
            yield record, row


def request_of(record: Record) -> str:
    """What a commit's message asks for."""
    return instruction(body_as(record, EditBody).message or "")


def instruction(message: str) -> str:
    """The message without the trailers of its last paragraph, as ``git interpret-trailers`` knows them; a subject alone is never one."""
    paragraphs = re.split(r"\n[ \t]*\n", message.strip())
    if len(paragraphs) > 1:
        last = [line for line in paragraphs[-1].splitlines() if not line.startswith((" ", "\t"))]
        if all(_TRAILER.fullmatch(line.rstrip()) for line in last):
            paragraphs.pop()
    return "\n\n".join(paragraphs).strip()


def shown(file: FileChange) -> str:
    """One file of the prompt: its path before the change, and its content or why there is none."""
    path = file.old_path or file.path
    if file.status == "added":
        return f"{file.path} (new file)"
    if file.before is None:
        return f"{path} ({file.withheld or 'content'} not shown)"
    fence = "`" * (1 + max([2, *(len(found) for found in _FENCE.findall(file.before))]))
    end = "" if file.before.endswith("\n") or not file.before else "\n"
    language = (file.language or "").lower().replace(" ", "-")
    return f"{path}\n{fence}{language}\n{file.before}{end}{fence}"


RECIPE = Recipe(
    "sft",
    3,
    "a request answered by a diff, a session by its next reply",
    (TupleType.EDIT,),
    SftRow,
    make,
    converse,
)
