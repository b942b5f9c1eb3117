"""A set while it grows: what it is offered, what it drops, and what its manifest will say."""

from __future__ import annotations

from collections import Counter

from corpus.build.manifest import BuiltSet, root_of
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.render import Shards
from corpus.build.row import Row
from corpus.build.sieve import Sieve
from corpus.record import Record


class Growing:
    """One recipe's set; without ``shards`` its rows are counted and not written."""

    def __init__(self, recipe: Recipe, records_in: int, shards: Shards | None, sieve: Sieve) -> None:
        self.recipe = recipe
        self._records_in = records_in
        self._shards = shards
        self._sieve = sieve
        self._dropped: Counter[Reason] = Counter()
        self._classes: Counter[str] = Counter()
        self._redactions: Counter[str] = Counter()
        self._rulesets: set[str] = set()
        self._members: list[tuple[str, str]] = []

    def offer(self, record: Record, outcome: Row | Reason) -> None:
        found = self._sieve(outcome) if isinstance(outcome, Row) else outcome
        if isinstance(found, Reason):
            self.drop(found)
            return
        if self._shards is not None:
            self._shards.write(found)
        self._members.append((record.key, record.id))
        self._classes[record.header.redaction_class] += 1
        if self._members[-2:-1] != self._members[-1:]:  # a part of a session may be behind many rows, one after another
            self._redactions.update(record.redaction.counts)
        self._rulesets.add(record.redaction.ruleset)

    def drop(self, reason: Reason) -> None:
        self._dropped[reason] += 1

    def finish(self) -> BuiltSet:
        return BuiltSet(
            recipe=self.recipe.name,
            version=self.recipe.version,
            records_in=self._records_in,
            candidates=len(self._members) + self._dropped.total(),
            rows=len(self._members),
            dropped={reason: self._dropped[reason] for reason in Reason if reason in self._dropped},
            classes=dict(sorted(self._classes.items())),
            redactions=dict(sorted(self._redactions.items())),
            rulesets=tuple(sorted(self._rulesets)),
            files=self._shards.finish() if self._shards is not None else (),
            members=tuple(self._members),
            root=root_of(self._members),
        )
