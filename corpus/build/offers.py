"""What one recipe makes of a piece: rows that may stay, in order, and what it left out; the rows' text lies in files beside."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import orjson

from corpus.build.files import FileType, Waiting, new, waiting
from corpus.build.members import leaf_hashes
from corpus.build.quality.step import Left
from corpus.build.reasons import Reason
from corpus.build.row import Column, Row
from corpus.build.select import Selected
from corpus.build.sieve import Passed
from corpus.build.tally import Sort, sort
from corpus.record import Record


@dataclass(frozen=True, slots=True)
class Out:
    """What was left out, by the key and id of its record. ``at`` is its place among all that was offered; ``row`` where its row as JSON
    lies in the file of what may have to be told: offset and size, 0 where it never was a row."""

    at: int
    key: str
    id: str
    left: Left
    row: tuple[int, int]


@dataclass
class Offers:
    """Columns, a value a row. ``members`` are 64 bytes each and ``leaves`` their hashes, 32; ``split_of`` and ``sort_of`` are places in
    ``splits`` and ``sorts``; ``sizes`` the bytes of its line in the file of its split; ``traits``, a column a step; ``tokens`` only where
    they are counted. ``left`` counts what was left out. With what may have to be told: ``out``, and of each row its place among all that
    was offered, and where its JSON lies."""

    members: bytearray = field(default_factory=bytearray)
    leaves: bytes = b""
    splits: list[str] = field(default_factory=list)
    split_of: bytearray = field(default_factory=bytearray)
    sorts: list[Sort] = field(default_factory=list)
    sort_of: array[int] = field(default_factory=lambda: array("I"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    traits: list[list[bytes]] = field(default_factory=list)
    tokens: array[int] | None = None
    left: Counter[Reason] = field(default_factory=Counter)
    out: list[Out] = field(default_factory=list)
    told: list[tuple[int, int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.split_of)

    @cached_property
    def keys(self) -> list[bytes]:
        """The key of each row's record, 32 bytes."""
        return [bytes(self.members[at : at + 32]) for at in range(0, len(self.members), 64)]

    @property
    def several(self) -> bool:
        """Whether a record is behind several rows."""
        return len(set(self.keys)) < len(self.keys)

    def ident(self, at: int) -> str:
        return self.members[64 * at + 32 : 64 * at + 64].hex()

    def firsts(self, kept: Iterable[int]) -> Iterator[int]:
        """Of these rows the first of each record: a part of a session may be behind many rows, one after another."""
        last = b""
        for at in kept:
            key = self.keys[at]
            if key != last:
                yield at
            last = key


class Offering:
    """Offers while a piece is gone through. ``place`` says in which file of what is made of the piece a split's rows go, and with the name
    ``""`` what may have to be told; without it nothing is written. ``kind`` and ``columns`` are those of the shards."""

    def __init__(
        self, place: Callable[[str], Path] | None, kind: FileType, columns: tuple[Column, ...], *, steps: int, counted: bool, tell: bool
    ) -> None:
        self._place = place
        self._kind = kind
        self._columns = columns
        self._tell = tell and place is not None
        self._rows: dict[str, Waiting] = {}
        self._say_to: BinaryIO | None = None
        self._numbers: dict[str, int] = {}
        self._sorts: dict[Sort, int] = {}
        self._told = 0
        self._count = 0
        self._offers = Offers(traits=[[] for _ in range(steps)], tokens=array("I") if counted else None)

    def leave(self, record: Record | Selected, left: Left, row: Row | None) -> None:
        """What does not stay, whatever was before it."""
        self._offers.left[left.reason] += 1
        if self._tell:
            told = (0, 0) if row is None else self._say(row)
            self._offers.out.append(Out(self._count, record.key, record.id, left, told))
        self._count += 1

    def take(self, split: str, record: Record, row: Row, passed: Passed) -> None:
        """A row that may stay."""
        offers = self._offers
        line, values, traits, tokens = passed
        number = self._numbers.get(split)
        if number is None:
            number = self._numbers[split] = len(self._numbers)
            if self._place is not None:
                self._rows[split] = waiting(self._kind, self._place(split), self._columns)
        offers.members += bytes.fromhex(record.key + record.id)
        offers.split_of.append(number)
        offers.sizes.append(len(line))
        offers.sort_of.append(self._sorts.setdefault(sort(record, row, tokens), len(self._sorts)))
        for column, trait in zip(offers.traits, traits, strict=True):
            column.append(trait)
        if offers.tokens is not None:
            offers.tokens.append(tokens or 0)
        if self._place is not None:
            self._rows[split].add(line, values)
        if self._tell:
            offers.told.append((self._count, *self._say(row)))
        self._count += 1

    def _say(self, row: Row) -> tuple[int, int]:
        assert self._place is not None  # noqa: S101 - nothing is told otherwise
        if self._say_to is None:
            self._say_to = new(self._place(""))
        data = orjson.dumps(row.columns())
        at, self._told = self._told, self._told + len(data)
        self._say_to.write(data)
        return at, len(data)

    def finish(self) -> Offers:
        self.close()
        self._offers.splits = list(self._numbers)
        self._offers.sorts = list(self._sorts)
        self._offers.leaves = leaf_hashes(self._offers.members)
        return self._offers

    def close(self) -> None:
        """Let go of open files, once."""
        while self._rows:
            self._rows.popitem()[1].close()
        if self._say_to is not None:
            self._say_to.close()
