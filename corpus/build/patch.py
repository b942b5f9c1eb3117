"""The hunks of a unified diff, read back: where each begins, the lines it takes away and those it brings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(slots=True)
class Hunk:
    """``at`` counts lines from 0 in the file as it is once the hunks before this are applied; ``old`` and ``new`` are whole lines, those
    around the change too. ``cut_short``: the last line has no end on one side."""

    at: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    cut_short: bool = False


def sections(diff: str) -> list[list[Hunk]]:
    """The hunks of each file of ``diff``, in order; a file of which only the mode or the name changed has none."""
    found: list[list[Hunk]] = []
    left_old = left_new = 0
    for line in diff.split("\n"):
        if left_old or left_new:
            sign, text = line[:1], line[1:]
            if sign in (" ", "-"):
                found[-1][-1].old.append(text)
                left_old -= 1
            if sign in (" ", "+"):
                found[-1][-1].new.append(text)
                left_new -= 1
            if sign == "\\":
                found[-1][-1].cut_short = True
        elif line.startswith("diff --git "):
            found.append([])
        elif found and (head := _HUNK.match(line)):
            old, new = (int(size) if size is not None else 1 for size in (head[2], head[4]))
            found[-1].append(Hunk(int(head[3]) - 1 if new else int(head[3])))
            left_old, left_new = old, new
        elif line.startswith("\\") and found and found[-1]:
            found[-1][-1].cut_short = True
    return found
