"""Two images that share lines, redacted together and line for line, so that a difference between them stays one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from corpus.redaction.draft import Withheld
from corpus.redaction.finding import Finding
from corpus.redaction.replace import Edit, apply, edits

_ROUNDS = 8
Find = Callable[[str, str], list[Finding]]
"""What stands in a text, searched as a file of that kind of path is; raises :class:`Withheld`."""
Noted = Callable[["Line", int, int, Finding], None]


@dataclass(slots=True, eq=False)
class Line:
    """A line without its newline, and on which sides it stands. ``places`` are the texts it is shown in: ``(field, offset)``."""

    text: str
    old: bool
    new: bool
    places: list[tuple[str, int]] = field(default_factory=list)


def redact_lines(
    lines: Sequence[Line], kinds: tuple[str, str], ends: tuple[str, str], find: Find, identifier: Callable[[str, str], str], noted: Noted
) -> None:
    """Replace what is found on either side in the lines themselves; what goes over several lines is replaced in each of them.

    ``kinds`` are how the old and the new side's paths say they are read, ``ends`` what stands after their last line. ``noted`` hears of
    each piece of the first round, in characters of its line. Raises :class:`Withheld` where it never comes to an end.
    """
    sides = [[line for line in lines if line.old], [line for line in lines if line.new]]
    same = sides[0] == sides[1] and kinds[0] == kinds[1]
    for round_ in range(_ROUNDS):
        made: dict[int, list[Edit]] = {}
        for side, kind, end in list(zip(sides, kinds, ends, strict=True))[: 1 if same else 2]:
            text = "\n".join(line.text for line in side) + end
            found = find(text, kind) if side else []
            starts = [0, *accumulate(len(line.text) + 1 for line in side)]
            for each in found if round_ == 0 else ():
                for line, first, last in _pieces(side, starts, each.start, each.end):
                    noted(line, first, last, each)
            for start, stop, put in edits(text, kind, found, identifier) if found else ():
                for line, first, last in _pieces(side, starts, start, stop):
                    made.setdefault(id(line), []).append((first, last, put))
        if not made:
            return
        for line in lines:
            if id(line) in made:
                line.text = apply(line.text, _disjoint(made[id(line)]))
    raise Withheld("redaction-failed", lasting=True)


def _pieces(side: Sequence[Line], starts: Sequence[int], start: int, end: int) -> Iterator[tuple[Line, int, int]]:
    """The lines that characters ``start`` to ``end`` lie in, and which of theirs these are."""
    for at in range(bisect_right(starts, start) - 1, len(side)):
        if starts[at] >= end:
            return
        first, last = max(start - starts[at], 0), min(end - starts[at], len(side[at].text))
        if first < last:
            yield side[at], first, last


def _disjoint(made: list[Edit]) -> list[Edit]:
    """Both sides may find something in a line they share: what overlaps is replaced as one, by what the longer became."""
    merged: list[Edit] = []
    for start, end, put in sorted(set(made), key=lambda edit: (edit[0], -edit[1], edit[2])):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            longer = put if end - start > before[1] - before[0] else before[2]
            merged[-1] = before[0], max(before[1], end), longer
        else:
            merged.append((start, end, put))
    return merged
