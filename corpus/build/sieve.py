"""All that a row must pass before it is written, in order: each step says why not, and the layout writes what is left."""

from __future__ import annotations

from corpus.build.filters import Duplicates
from corpus.build.formats import Layout
from corpus.build.gates import Gates
from corpus.build.options import Options
from corpus.build.quality import steps
from corpus.build.quality.step import Left, Step
from corpus.build.quality.steps import Tools
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.build.where import Asked
from corpus.record import Record

Values = dict[str, object]

TOKENS = "tokens"


class Sieve:
    """The steps for one set. They see its rows in order, since some remember what they have seen.

    ``tokens`` are those of the row that passed last, by the user's tokenizer; ``None`` without one.
    """

    def __init__(self, layout: Layout, asked: Asked, gates: Gates, options: Options, tools: Tools) -> None:
        self._layout = layout
        self._asked = asked
        self._gates = gates
        self._alone, self._budget = steps.before(options, tools)
        self._among: list[Step] = [Duplicates(gates), *steps.among(options)]

    @property
    def tokens(self) -> int | None:
        return None if self._budget is None else self._budget.last

    def __call__(self, record: Record, row: Row) -> Values | Left:
        left = self._early(row) or _first(self._alone, record, row)
        if left is not None:
            return left
        values = self._layout.render(row)
        if isinstance(values, Reason):
            return Left(values)
        left = _first(self._among, record, row)
        if left is not None:
            return left
        for step in self._among:
            step.keep(record, row)
        return values | {TOKENS: self.tokens} if self._layout.counted else values

    def _early(self, row: Row) -> Left | None:
        if not self._asked.keeps(row.made_by()):
            return Left(Reason.NOT_ASKED)
        reason = self._gates(row)
        return None if reason is None else Left(reason)


def _first(among: list[Step], record: Record, row: Row) -> Left | None:
    return next((left for step in among if (left := step.look(record, row)) is not None), None)
