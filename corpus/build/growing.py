"""A set while it grows: what it is offered, what it drops, and what its manifest will say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from corpus.build.dropped import Dropped
from corpus.build.manifest import BuiltSet
from corpus.build.members import Members
from corpus.build.quality.step import Left
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.render import Shards
from corpus.build.row import Row
from corpus.build.select import Selected
from corpus.build.sieve import Sieve
from corpus.build.tally import Tally
from corpus.record import Record


class Growing:
    """One recipe's set, split by split; without ``shards``, which makes those of a split, its rows are counted and not written."""

    def __init__(
        self, recipe: Recipe, records_in: int, shards: Callable[[str], Shards] | None, dropped: Dropped | None, sieve: Sieve
    ) -> None:
        self.recipe = recipe
        self._records_in = records_in
        self._make = shards
        self._shards: dict[str, Shards] = {}
        self._left_out = dropped
        self._sieve = sieve
        self._tokens = 0
        self._tally = Tally()
        self._dropped: Counter[Reason] = Counter()
        self._classes: Counter[str] = Counter()
        self._redactions: Counter[str] = Counter()
        self._rulesets: set[str] = set()
        self._members: dict[str, Members] = {}
        self._last = ""

    def offer(self, split: str, record: Record | Selected, outcome: Row | Reason) -> None:
        """``record`` may be what was selected where its header alone gave the reason."""
        if isinstance(outcome, Reason):
            self._drop(record, Left(outcome), None)
        elif isinstance(record, Record):
            self._offer(split, record, outcome)

    def _offer(self, split: str, record: Record, row: Row) -> None:
        found = self._sieve(record, row)
        if isinstance(found, Left):
            self._drop(record, found, row)
            return
        if self._make is not None:
            if split not in self._shards:
                self._shards[split] = self._make(split)
            self._shards[split].write(found)
        self._members.setdefault(split, Members()).add(record.key, record.id)
        self._classes[record.header.redaction_class] += 1
        if self._last != record.key:  # a part of a session may be behind many rows, one after another
            self._redactions.update(record.redaction.counts)
        self._last = record.key
        self._rulesets.add(record.redaction.ruleset)
        self._tokens += self._sieve.tokens or 0
        self._tally.add(record, row, self._sieve.tokens)

    def _drop(self, record: Record | Selected, left: Left, row: Row | None) -> None:
        self._dropped[left.reason] += 1
        if self._left_out is not None:
            self._left_out.add(record.key, record.id, left, row)

    def finish(self) -> BuiltSet:
        members = Members()
        for split in sorted(self._members):
            members.extend(self._members[split])
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
            months=self._tally.months(),
            lengths=self._tally.lengths(),
            tokens=None if self._sieve.tokens is None else self._tokens,
            beside=self._left_out.finish() if self._left_out is not None else (),
            files=tuple(file for split in sorted(self._shards) for file in self._shards[split].finish()),
            members=members,
            root=members.root(),
        )
