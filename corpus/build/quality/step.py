"""What a filter of quality is: it says no with a reason; one that compares rows is told of each row that stays."""

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
    """A filter that looks at one row alone."""

    def look(self, record: Record, row: Row) -> Left | None: ...


class Among(Protocol):
    """A filter that compares a row with those kept before it, in two halves.

    ``trait`` is what it needs to know of a row, taken wherever the row is made; ``b""`` where the row is not compared. Then, in one place,
    it is asked of rows in their order; ``keep`` is called for those alone that no step turned down, so that what is counted and remembered
    is what is in the set. ``key`` is the record's, 32 bytes.
    """

    def trait(self, record: Record, row: Row) -> bytes: ...

    def look(self, trait: bytes) -> Left | None: ...

    def keep(self, trait: bytes, key: bytes) -> None: ...


class Plain:
    """The base of steps that remember nothing."""
