"""All that a row must pass before it is written, in order, up to what only the rows before it can say; the layout writes what is left."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from corpus.build.files import Values
from corpus.build.filters import Duplicates
from corpus.build.formats import Layout
from corpus.build.gates import Gates
from corpus.build.options import Options
from corpus.build.quality import steps
from corpus.build.quality.step import Among, Left
from corpus.build.quality.steps import Tools
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.build.where import Asked
from corpus.record import Record

TOKENS = "tokens"


class Passed(NamedTuple):
    """A row that may stay: its line of JSON with the newline and the values in it, what each step of :func:`among` needs to know of it,
    and its tokens by the user's tokenizer, ``None`` without one."""

    line: bytes
    values: Values
    traits: tuple[bytes, ...]
    tokens: int | None


def among(gates: Gates, options: Options) -> list[Among]:
    """The steps that compare rows, in the order in which they are asked."""
    return [Duplicates(gates), *steps.among(options)]


class Sieve:
    """The steps for one set that look at a row alone."""

    def __init__(self, layout: Layout, asked: Asked, gates: Gates, options: Options, tools: Tools) -> None:
        self._layout = layout
        self._asked = asked
        self._gates = gates
        alone, self._budget = steps.before(options, tools)
        self._looks = [step.look for step in alone]
        self._traits = [step.trait for step in among(gates, options)]

    def __call__(self, record: Record, row: Row) -> Passed | Left:
        if self._asked.rows and not self._asked.keeps(row.made_by()):
            return Left(Reason.NOT_ASKED)
        reason = self._gates(row)
        if reason is not None:
            return Left(reason)
        for look in self._looks:
            left = look(record, row)
            if left is not None:
                return left
        values = self._layout.render(row)
        if isinstance(values, Reason):
            return Left(values)
        tokens = None if self._budget is None else self._budget.last
        if self._layout.counted:
            values = values | {TOKENS: tokens}
        line = orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
        return Passed(line, values, tuple([trait(record, row) for trait in self._traits]), tokens)
