"""Budgets of tokens, by the user's own tokenizer; a row that its chat template cannot render has no place in a set for it."""

from __future__ import annotations

from corpus.build.quality.step import Left, Plain
from corpus.build.quality.template import Unrenderable
from corpus.build.quality.tokenizer import UserTokenizer
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import Record


class Budget(Plain):
    """Rows of ``least`` to ``most`` tokens, either of which may be open. ``last`` is the number of the row that was looked at last."""

    def __init__(self, tokenizer: UserTokenizer, least: int | None, most: int | None) -> None:
        self._tokenizer = tokenizer
        self._least = least
        self._most = most
        self.last = 0

    def look(self, record: Record, row: Row) -> Left | None:
        try:
            self.last = self._tokenizer.count(row)
        except Unrenderable as error:
            return Left(Reason.TEMPLATE, str(error))
        if self._least is not None and self.last < self._least:
            return Left(Reason.TOO_FEW_TOKENS, str(self.last))
        if self._most is not None and self.last > self._most:
            return Left(Reason.TOO_MANY_TOKENS, str(self.last))
        return None
