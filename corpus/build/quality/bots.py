"""Commits that a program made: their author's name ends in ``[bot]``, as :mod:`corpus.redaction.programs` has it at capture."""

from __future__ import annotations

from enum import StrEnum

from corpus.build.quality.step import Left, Plain
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import EditBody, Record
from corpus.redaction.programs import MARK


class Bots(StrEnum):
    """What becomes of commits that a program made."""

    DROP = "drop"
    KEEP = "keep"


class ByBot(Plain):
    """Leaves out a commit whose author is a program; who committed it says nothing (a forge commits what people merge)."""

    def look(self, record: Record, row: Row) -> Left | None:
        if not isinstance(record.body, EditBody) or not record.body.author.name.endswith(MARK):
            return None
        return Left(Reason.BOT, record.body.author.name)
