"""A set while it grows: what it is offered, what it drops, and what its manifest will say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.build.again import Notes
from corpus.build.assembly import Assembly
from corpus.build.dropped import Dropped
from corpus.build.manifest import BuiltSet, OutputFile
from corpus.build.members import Members
from corpus.build.offers import Offers
from corpus.build.quality.step import Among, Left
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe
from corpus.build.tally import Tally


@dataclass(frozen=True, slots=True)
class Written:
    """How a set is written: a split's lines in shards, what is left out, and notes for a later build; ``made_of(piece, split)`` is the file
    of a piece's lines."""

    assembly: Callable[[str], Assembly]
    dropped: Dropped
    notes: Notes | None
    made_of: Callable[[str, str], Path]

    def beside(self) -> tuple[OutputFile, ...]:
        """The files beside the set, once it is whole."""
        return (*self.dropped.finish(), *(self.notes.finish() if self.notes is not None else ()))


class Growing:
    """One recipe's set, split by split, piece after piece; its rows are counted and not written without ``written``."""

    def __init__(self, recipe: Recipe, records_in: int, steps: Sequence[Among], written: Written | None) -> None:
        self.recipe = recipe
        self._records_in = records_in
        self._steps = steps
        self._written = written
        self._assemblies: dict[str, Assembly] = {}
        self._tokens: int | None = None
        self._tally = Tally()
        self._dropped: Counter[Reason] = Counter()
        self._members: dict[str, Members] = {}
        self._leaves: dict[str, bytearray] = {}

    def take(self, piece: str, offers: Offers) -> None:
        """What was made of the next piece, by its name."""
        self._dropped.update(offers.left)
        late = self._late(offers)
        stays = bytearray(b"\1" * len(offers))
        for at, left in late.items():
            stays[at] = 0
            self._dropped[left.reason] += 1
        kept = [at for at, stay in enumerate(stays) if stay] if late else range(len(offers))
        sorts = Counter(map(offers.sort_of.__getitem__, kept) if late else offers.sort_of)
        records = Counter(map(offers.sort_of.__getitem__, offers.firsts(kept))) if offers.several else sorts
        self._tally.add(*({offers.sorts[number]: count for number, count in found.items()} for found in (sorts, records)))
        if offers.tokens is not None:
            self._tokens = (self._tokens or 0) + sum(offers.tokens[at] for at in kept)
        for number, split in enumerate(offers.splits):
            self._add(split, offers, [at for at in kept if offers.split_of[at] == number] if len(offers.splits) > 1 else kept)
        if self._written is not None:
            self._tell(self._written, piece, offers, late)
            self._write(self._written, piece, offers, stays)
            if self._written.notes is not None:
                self._written.notes.piece(piece, offers)

    def _late(self, offers: Offers) -> dict[int, Left]:
        """The rows that are left out for what was before them."""
        found: dict[int, Left] = {}
        for at, (key, *traits) in enumerate(zip(offers.keys, *offers.traits, strict=True)):
            for step, trait in zip(self._steps, traits, strict=True):
                left = step.look(trait)
                if left is not None:
                    found[at] = left
                    break
            else:
                for step, trait in zip(self._steps, traits, strict=True):
                    step.keep(trait, key)
        return found

    def _add(self, split: str, offers: Offers, kept: Sequence[int]) -> None:
        members, leaves = self._members.setdefault(split, Members()), self._leaves.setdefault(split, bytearray())
        if len(kept) == len(offers):
            members.add_raw(offers.members)
            leaves += offers.leaves
        else:
            members.add_raw(b"".join(offers.members[64 * at : 64 * at + 64] for at in kept))
            leaves += b"".join(offers.leaves[32 * at : 32 * at + 32] for at in kept)

    def _tell(self, written: Written, piece: str, offers: Offers, late: dict[int, Left]) -> None:
        """Of what was left out what is to be told, in order."""
        for at, left in late.items():
            written.dropped.alias(offers.keys[at].hex(), offers.ident(at), left)
        if not written.dropped.keeps:
            return
        out = [(one.at, one.key, one.id, one.left, one.row) for one in offers.out]
        out += [(offers.told[at][0], offers.keys[at].hex(), offers.ident(at), left, offers.told[at][1:]) for at, left in late.items()]
        path = written.made_of(piece, "")
        with path.open("rb") if path.exists() else open("/dev/null", "rb") as file:
            for _, key, ident, left, (start, size) in sorted(out, key=lambda one: one[0]):
                file.seek(start)
                written.dropped.add(key, ident, left, file.read(size))
        path.unlink(missing_ok=True)

    def _write(self, written: Written, piece: str, offers: Offers, stays: bytearray) -> None:
        for number, split in enumerate(offers.splits):
            if split not in self._assemblies:
                self._assemblies[split] = written.assembly(split)
            lines = ((size, bool(stay)) for size, stay, of in zip(offers.sizes, stays, offers.split_of, strict=True) if of == number)
            self._assemblies[split].add(piece, written.made_of(piece, split), lines)

    def finish(self) -> BuiltSet:
        splits = sorted(split for split in self._members if len(self._members[split]))
        counts = {split: len(self._members[split]) for split in splits}
        members, leaves = Members(), bytearray()
        for at, split in enumerate(splits):  # the first are not copied: there may be as many as a corpus has
            if at:
                members.extend(self._members.pop(split))
                leaves += self._leaves.pop(split)
            else:
                members, leaves = self._members.pop(split), self._leaves.pop(split)
        return BuiltSet(
            recipe=self.recipe.name,
            version=self.recipe.version,
            records_in=self._records_in,
            candidates=len(members) + self._dropped.total(),
            rows=len(members),
            dropped={reason: self._dropped[reason] for reason in Reason if reason in self._dropped},
            classes=self._tally.classes(),
            redactions=self._tally.redactions(),
            evidence=self._tally.evidence(),
            agents=self._tally.agents(),
            models=self._tally.models(),
            rulesets=self._tally.rulesets(),
            splits=counts,
            months=self._tally.months(),
            lengths=self._tally.lengths(),
            tokens=self._tokens,
            files=tuple(file for split in splits for file in self._assemblies[split].finish()) if self._written is not None else (),
            beside=self._written.beside() if self._written is not None else (),
            members=members,
            root=members.root(bytes(leaves)),
        )
