"""``--split NAME=PERCENT``: which split a group belongs to, and which records of a group may be in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from corpus.errors import BadInput

REST = "train"
ACROSS = ""
"""The split of what joins groups of several: none."""
SESSION = "session "
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True)
class Splits:
    """How large each split is to be, in percent of the groups; what is left over is ``train``."""

    percent: tuple[tuple[str, Decimal], ...] = ()

    def choose(self, group: str) -> str:
        """The split of a group that has none yet: a hash of its name decides, so neither order nor what else there is."""
        at = int.from_bytes(hashlib.sha256(f"split:{group}".encode()).digest()[:8])
        return next((name for name, below in self._bounds if at < below), REST)

    def of(self, known: str | None, group: str | None, name: str) -> str:
        """The split of a thing of this ``name``: the ``known`` one, else that of its ``group``, where it is in one."""
        return self.choose(group or name) if known is None else known

    @cached_property
    def _bounds(self) -> tuple[tuple[str, Fraction], ...]:
        """Below which hash, of 64 bits, a group is in each split."""
        sums = accumulate(Fraction(percent) / 100 for _, percent in self.percent)
        return tuple((name, total * (1 << 64)) for (name, _), total in zip(self.percent, sums, strict=True))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(f"{name}={percent}" for name, percent in self.percent)


def parse(texts: Iterable[str]) -> Splits:
    """The splits that ``NAME=PERCENT`` texts ask for, by name. Raises :class:`BadInput`."""
    found: dict[str, Decimal] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            percent = Decimal(number)
        except InvalidOperation:
            percent = Decimal(0)
        if not _NAME.fullmatch(name) or not percent.is_finite() or not 0 < percent < 100:
            raise BadInput(f"--split {text[:80]!r} is not NAME=PERCENT: small letters, digits and _, and a number between 0 and 100")
        if found.setdefault(name, percent) != percent:
            raise BadInput(f"--split {name} is given twice: say one number")
    total = sum(found.values())
    if total > 100 or (REST in found and total != 100) or (total == 100 and REST not in found):
        raise BadInput(f"--split: {total} percent in all; what is left over is {REST}, so leave some, or name {REST} and reach 100")
    return Splits(tuple((name, percent.normalize() + 0) for name, percent in sorted(found.items()) if name != REST))


def called(key: str, session: str | None) -> str:
    """The name of a session, or of a record (its key)."""
    return key if session is None else f"{SESSION}{session}"


@dataclass(frozen=True, slots=True)
class Edge:
    """Two things that belong together, by name, and when the work of each happened (microseconds since 1970)."""

    one: str
    other: str
    one_us: int
    other_us: int


@dataclass(frozen=True, slots=True)
class Placed:
    """What is linked with something: the ``group`` it is of and its ``split``, null where the group has none yet."""

    name: str
    group: str
    split: str | None


def place(edges: Iterable[Edge], marks: Mapping[str, str]) -> list[Placed]:
    """Where everything that has an edge belongs; ``marks`` are the splits that were assigned before.

    What was assigned stays. What came later goes with its group; if that has members in two splits, the newcomer is in none. If two that
    were assigned to different splits are themselves linked, the later work is in none.
    """
    edges = list(edges)
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (parent := above.setdefault(name, name)) != name:
            above[name] = name = above.setdefault(parent, parent)
        return name

    for edge in edges:
        low, high = sorted((top(edge.one), top(edge.other)))
        above[high] = low  # so that a group is called after the first of its names
    splits: dict[str, set[str]] = {}
    for name in above:
        if name in marks:
            splits.setdefault(top(name), set()).add(marks[name])
    across = {max((edge.one_us, edge.one), (edge.other_us, edge.other))[1] for edge in edges if _apart(edge, marks)}
    found = []
    for name in sorted(above):
        known = {marks[name]} if name in marks else splits.get(top(name), set())
        split = None if not known else next(iter(known)) if len(known) == 1 else ACROSS
        found.append(Placed(name, top(name), ACROSS if name in across else split))
    return found


def _apart(edge: Edge, marks: Mapping[str, str]) -> bool:
    one, other = marks.get(edge.one), marks.get(edge.other)
    return bool(one and other and one != other)
