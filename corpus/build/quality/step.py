"""What a filter of quality is: it says no with a reason, and is told of each row that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import Record


@dataclass(frozen=True, slots=True)
class Left:
    """Why a row, or a record, is left out. ``detail`` says more: the key of the row that stays instead, a path, a file, a number."""

    reason: Reason
    detail: str = ""


class Step(Protocol):
    """One filter of one set. It is asked of rows in their order; ``keep`` is called for those alone that no step turned down, so that
    what is counted and remembered is what is in the set."""

    def look(self, record: Record, row: Row) -> Left | None: ...

    def keep(self, record: Record, row: Row) -> None: ...


class Plain:
    """The base of steps that remember nothing."""

    def keep(self, record: Record, row: Row) -> None:
        """Nothing to remember."""
