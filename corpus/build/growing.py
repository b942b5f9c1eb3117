"""A set while it grows: what it is offered, what it drops, and what its manifest will say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from corpus.build.manifest import BuiltSet, root_of
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.render import Shards
from corpus.build.row import Row
from corpus.build.sieve import Sieve
from corpus.record import Record


class Growing:
    """One recipe's set, split by split; without ``shards``, which makes those of a split, its rows are counted and not written."""

    def __init__(self, recipe: Recipe, records_in: int, shards: Callable[[str], Shards] | None, sieve: Sieve) -> None:
        self.recipe = recipe
        self._records_in = records_in
        self._make = shards
        self._shards: dict[str, Shards] = {}
        self._sieve = sieve
        self._dropped: Counter[Reason] = Counter()
        self._classes: Counter[str] = Counter()
        self._redactions: Counter[str] = Counter()
        self._rulesets: set[str] = set()
        self._members: dict[str, list[tuple[str, str]]] = {}
        self._last = ""

    def offer(self, split: str, record: Record, outcome: Row | Reason) -> None:
        found = self._sieve(outcome) if isinstance(outcome, Row) else outcome
        if isinstance(found, Reason):
            self.drop(found)
            return
        if self._make is not None:
            if split not in self._shards:
                self._shards[split] = self._make(split)
            self._shards[split].write(found)
        self._members.setdefault(split, []).append((record.key, record.id))
        self._classes[record.header.redaction_class] += 1
        if self._last != record.key:  # a part of a session may be behind many rows, one after another
            self._redactions.update(record.redaction.counts)
        self._last = record.key
        self._rulesets.add(record.redaction.ruleset)

    def drop(self, reason: Reason) -> None:
        self._dropped[reason] += 1

    def finish(self) -> BuiltSet:
        members = tuple(member for split in sorted(self._members) for member in self._members[split])
        return BuiltSet(
            recipe=self.recipe.name,
            version=self.recipe.version,
            records_in=self._records_in,
            candidates=len(members) + self._dropped.total(),
            rows=len(members),
            dropped={reason: self._dropped[reason] for reason in Reason if reason in self._dropped},
            classes=dict(sorted(self._classes.items())),
            redactions=dict(sorted(self._redactions.items())),
            rulesets=tuple(sorted(self._rulesets)),
            splits={split: len(self._members[split]) for split in sorted(self._members)},
            files=tuple(file for split in sorted(self._shards) for file in self._shards[split].finish()),
            members=members,
            root=root_of(members),
        )
