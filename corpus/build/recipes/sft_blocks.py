"""``sft-blocks``: what ``sft`` asks of a commit, answered with search/replace blocks instead of a diff.

Weaker models miscount the line numbers of a diff; a block has none. Its form is aider's ("Edit formats", ``diff``), one block a place::

    path/of/the/file.py
    <<<<<<< SEARCH
    lines as they are
    =======
    lines as they shall be
    >>>>>>> REPLACE

Blocks are applied in order, each to the first place that has the searched text; as much of the file around a change is searched for as
makes that place the right one. An empty search makes the file. What blocks cannot say (a file that goes or moves, another mode, a last
line without its end, lines that look like a block's own) gives no row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from corpus.build.patch import Hunk, sections
from corpus.build.reasons import Reason
from corpus.build.recipe import Recipe, body_as
from corpus.build.recipes import sft
from corpus.build.recipes.sft import SftRow
from corpus.build.turn import Turn
from corpus.record import EditBody, FileChange, Record, TupleType

ASKED = "Answer with search/replace blocks."
_MARKS = re.compile(r"^(?:<{5,9} SEARCH>?|={5,9}|>{5,9} REPLACE)\s*$", re.MULTILINE)


def make(record: Record) -> SftRow | Reason:
    row = sft.make(record)
    if isinstance(row, Reason):
        return row
    body = body_as(record, EditBody)
    answer = blocks(body.files, body.diff)
    if answer is None:
        return Reason.NOT_BLOCKS
    prompt = (Turn("user", f"{row.prompt[0].content}\n\n{ASKED}"),)
    return SftRow(prompt, (Turn("assistant", answer),), None, "", "", "", row.provenance)


def blocks(files: Sequence[FileChange], diff: str) -> str | None:
    """The blocks that make what ``diff`` makes of the files' contents before it; ``None`` where blocks cannot say it."""
    if any(file.status not in ("added", "modified") or file.withheld or not _plain(file) for file in files):
        return None
    parts = sections(diff)
    if len(parts) != len(files):
        return None
    told: list[str] = []
    for file, hunks in zip(files, parts, strict=True):
        made = list(_blocks(file.before or "", hunks)) if hunks else []
        if not made or None in made:
            return None
        told += [f"{file.path}\n{block}" for block in made]
    return "\n".join(told)


def _plain(file: FileChange) -> bool:
    """Whether it is a file of text lines all along, and may be written so: no link, no other mode, no path that git quotes."""
    modes = {mode for mode in (file.mode, file.old_mode) if mode != "000000"}
    return len(modes) == 1 and modes <= {"100644", "100755"} and not file.path.startswith('"') and (file.before or "\n").endswith("\n")


def _blocks(before: str, hunks: Sequence[Hunk]) -> Iterator[str | None]:
    """A block a hunk, each for the file as those before it left it; ``None`` for one that cannot be said."""
    now = before.split("\n")[:-1]
    for hunk in hunks:
        end = hunk.at + len(hunk.old)
        if hunk.cut_short or now[hunk.at : end] != hunk.old:
            yield None
            return
        after = [*now[: hunk.at], *hunk.new, *now[end:]]
        around = 0
        while True:
            start, stop = max(hunk.at - around, 0), min(end + around, len(now))
            search, replace = _lines(now[start:stop]), _lines([*now[start : hunk.at], *hunk.new, *now[end:stop]])
            if _found(_lines(now), search) == len(_lines(now[:start])):
                break
            around = 2 * around + 1
        yield None if _MARKS.search(search) or _MARKS.search(replace) else f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"
        now = after


def _found(text: str, search: str) -> int:
    """Where whoever applies the block finds it. Nothing at all is searched for in an empty file alone."""
    return text.find(search) if search or not text else -1


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


RECIPE = Recipe("sft-blocks", 1, "a request answered by search/replace blocks", (TupleType.EDIT,), SftRow, make)
