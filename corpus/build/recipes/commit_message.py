"""``commit-message``: given a change, say what it does and why, as its commit's message did.

The prompt is one sentence and the diff; the completion is the message without its trailers, which nobody can tell from a change. A
change that is not shown whole is left out: its message speaks of what the prompt lacks.
"""

from __future__ import annotations

from corpus.build import filters
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.recipes.sft import SftRow, instruction
from corpus.build.row import Provenance
from corpus.build.turn import Turn
from corpus.record import EditBody, Record, TupleType

ASKED = "Write the commit message of this change."


def make(record: Record) -> SftRow | Reason:
    body = body_as(record, EditBody)
    message = instruction(body.message or "")
    reason = (
        filters.first(body, filters.merge)
        or (Reason.EMPTY_MESSAGE if not message else None)
        or filters.first(body, filters.empty_diff, filters.diff_cut, filters.file_withheld)
    )
    if reason is not None:
        return reason
    prompt, completion = (Turn("user", f"{ASKED}\n\n{body.diff}"),), (Turn("assistant", message),)
    return SftRow(prompt, completion, None, "", "", "", Provenance.of(record))


RECIPE = Recipe("commit-message", 1, "a change answered by its commit's message", (TupleType.EDIT,), SftRow, make)
