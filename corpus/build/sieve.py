"""All that a row must pass before it is written, in order: each step says why not, and the last lays the row out."""

from __future__ import annotations

from corpus.build.filters import Duplicates
from corpus.build.formats import Layout
from corpus.build.gates import Gates, Judged
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.build.where import Asked

Values = dict[str, object]


class Sieve:
    """The steps for one set. They see its rows in order, since some remember what they have seen."""

    def __init__(self, layout: Layout, asked: Asked, gates: Gates) -> None:
        self._asked = asked
        self._layout = layout
        self._gates = gates
        self._duplicates = Duplicates()

    def __call__(self, row: Row) -> Values | Reason:
        if not self._asked.keeps(row.made_by()):
            return Reason.NOT_ASKED
        repeats = self._gates.repeats or not isinstance(row, Judged)
        return self._gates(row) or (self._duplicates(row) if repeats else None) or self._layout.render(row)
