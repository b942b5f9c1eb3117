"""What a set's rows are like: how long they are, and of which months their work is."""

from __future__ import annotations

from collections import Counter

from corpus.build.quality.text import length
from corpus.build.row import Row
from corpus.record import Record


class Tally:
    """Counts of rows by month, ``2026-05``, and by length: the power of two at or below it, in tokens where known, else characters."""

    def __init__(self) -> None:
        self._months: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()

    def add(self, record: Record, row: Row, tokens: int | None) -> None:
        created = record.header.created
        self._months[created[: created.index("-", 1) + 3]] += 1
        size = length(row) if tokens is None else tokens
        self._lengths[1 << size.bit_length() - 1 if size else 0] += 1

    def months(self) -> dict[str, int]:
        return dict(sorted(self._months.items()))

    def lengths(self) -> dict[int, int]:
        """By lower bound, without gaps from the shortest to the longest."""
        known = sorted(self._lengths)
        if not known:
            return {}
        steps = [0] if known[0] == 0 else []
        steps += [1 << at for at in range(max(known[0], 1).bit_length() - 1, known[-1].bit_length())]
        return {step: self._lengths[step] for step in steps}
