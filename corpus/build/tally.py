"""What a set's rows are like: how long they are, of which months their work is, and how they were redacted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from operator import attrgetter
from typing import NamedTuple

import orjson

from corpus.build.quality.text import length
from corpus.build.row import Row
from corpus.record import Record


class Sort(NamedTuple):
    """What is counted of a row. ``length`` is the power of two at or below its tokens where they are known, else its characters;
    ``counts`` the identifiers in its record by entity type, as JSON; ``agent`` and ``model`` made its answer, ``""`` where nobody was
    named, ``None`` where the row has no such column."""

    evidence: str
    agent: str | None
    model: str | None
    month: str
    length: int
    redaction_class: str
    ruleset: str
    counts: bytes


_OF_RECORD = attrgetter(
    *("header.evidence_class._value_", "header.redaction_class._value_"),  # .value takes a call of Python's
    *("header.created", "redaction.ruleset", "redaction.counts"),
)


def sort(record: Record, row: Row, tokens: int | None) -> Sort:
    """The sort of a row."""
    evidence, class_, created, ruleset, found = _OF_RECORD(record)
    size = length(row) if tokens is None else tokens
    counts = orjson.dumps(found) if found else b""
    month = created[: created.index("-", 1) + 3]
    made_by = row.made_by()
    size = 1 << size.bit_length() - 1 if size else 0
    return Sort(evidence, made_by.get("agent"), made_by.get("model"), month, size, class_, ruleset, counts)


class Tally:
    """Counts of rows by the evidence known now, by agent and model, by month, ``2026-05``, by length, by class and by ruleset, and of the
    identifiers in their records."""

    def __init__(self) -> None:
        self._evidence: Counter[str] = Counter()
        self._agents: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._months: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._classes: Counter[str] = Counter()
        self._redactions: Counter[str] = Counter()
        self._rulesets: set[str] = set()

    def add(self, sorts: Mapping[Sort, int], records: Mapping[Sort, int]) -> None:
        """Count rows, and records: several rows may have one."""
        for each, rows in sorts.items():
            self._evidence[each.evidence] += rows
            if each.agent is not None:
                self._agents[each.agent] += rows
            if each.model is not None:
                self._models[each.model] += rows
            self._months[each.month] += rows
            self._lengths[each.length] += rows
            self._classes[each.redaction_class] += rows
            self._rulesets.add(each.ruleset)
        for each, number in records.items():
            if each.counts:
                self._redactions.update({kind: count * number for kind, count in orjson.loads(each.counts).items()})

    def months(self) -> dict[str, int]:
        return dict(sorted(self._months.items()))

    def evidence(self) -> dict[str, int]:
        return dict(sorted(self._evidence.items()))

    def agents(self) -> dict[str, int]:
        return dict(sorted(self._agents.items()))

    def models(self) -> dict[str, int]:
        return dict(sorted(self._models.items()))

    def classes(self) -> dict[str, int]:
        return dict(sorted(self._classes.items()))

    def redactions(self) -> dict[str, int]:
        return dict(sorted(self._redactions.items()))

    def rulesets(self) -> tuple[str, ...]:
        return tuple(sorted(self._rulesets))

    def lengths(self) -> dict[int, int]:
        """By lower bound, without gaps from the shortest to the longest."""
        known = sorted(self._lengths)
        if not known:
            return {}
        steps = [0] if known[0] == 0 else []
        steps += [1 << at for at in range(max(known[0], 1).bit_length() - 1, known[-1].bit_length())]
        return {step: self._lengths[step] for step in steps}
