"""Unified diffs of redacted images, in git's format (git-diff(1), "Generating patch text with -p"), without index lines."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import lru_cache

import pygit2
from pygit2.enums import DiffOption

from capture.git.quote import escape_text, needs_escape

MAX_LINES = 1_000
# A thousand lines of a minified bundle would be megabytes; what exceeds this is cut at a line as well.
MAX_CHARACTERS = 1 << 20
# What differs in more lines, of both images together, is not aligned: files of millions of lines of a few kinds take xdiff minutes.
MAX_COMPARED_LINES = 400_000
_CONTEXT = 3
# Characters of both images up to which a difference is remembered; with the number of them it bounds the memory.
_REMEMBERED = 64 << 10
_NO_NEWLINE = "\\ No newline at end of file\n"
_HUNK = re.compile(rb"^@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@(.*)$", re.MULTILINE)
_FUNCTION_STARTS = frozenset(f"{string.ascii_letters}_$")
# xdiff gives a hunk at most 80 bytes of the line it stands under (xemit.c), which may end inside a character or an identifier.
_FUNCTION_BYTES = 80
_FORCE_TEXT = DiffOption.FORCE_TEXT


@dataclass(frozen=True, slots=True)
class Hunks:
    """The hunks of one file, from ``@@`` on, and how many lines they add and delete."""

    text: str = ""
    additions: int = 0
    deletions: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A redacted path as diffs write it: ``escaped`` when ``text`` is the inside of a quoted form already."""

    text: str
    escaped: bool = False

    def write(self, prefix: str = "") -> str:
        if self.escaped:
            return f'"{prefix}{self.text}"'
        return f'"{prefix}{escape_text(self.text)}"' if needs_escape(self.text) else prefix + self.text

    def label(self, prefix: str) -> str:
        """As ``---`` and ``+++`` lines have it: a tab ends a name that holds a space."""
        return self.write(prefix) + ("\t" if " " in self.text else "")


class Cut:
    """Sections put one after the other until there are enough lines; ``lines_cut`` counts the rest."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._lines = MAX_LINES
        self._characters = MAX_CHARACTERS
        self.lines_cut = 0

    def add(self, section: str) -> None:
        """``section`` ends with a newline or is empty."""
        lines = section.count("\n")
        if lines <= self._lines and len(section) <= self._characters:
            kept, count = section, lines
        else:
            kept = section[: len(section) - len(section.split("\n", self._lines)[-1])]
            if len(kept) > self._characters:
                kept = kept[: kept.rfind("\n", 0, self._characters) + 1]
            count = kept.count("\n")
        self._kept.append(kept)
        self._characters -= len(kept)
        self._lines = self._lines - count if count == lines else 0
        self.lines_cut += lines - count

    @property
    def text(self) -> str:
        return "".join(self._kept)


def section(old: Name | None, new: Name | None, old_mode: str, mode: str, moved: str | None, hunks: Hunks) -> str:
    """One file's part of a diff. ``old`` or ``new`` is ``None`` where there is nothing; ``moved`` is ``rename``, ``copy`` or ``None``.

    Empty when nothing differs that a diff can say.
    """
    extended = ""
    if old is None:
        extended = f"new file mode {mode}\n"
    elif new is None:
        extended = f"deleted file mode {old_mode}\n"
    else:
        if old_mode != mode:
            extended = f"old mode {old_mode}\nnew mode {mode}\n"
        if moved:
            extended += f"{moved} from {old.write()}\n{moved} to {new.write()}\n"
    if not extended and not hunks.text:
        return ""
    before, after = old or new, new or old
    assert before is not None  # noqa: S101 - one side is always there
    assert after is not None  # noqa: S101
    head = f"diff --git {before.write('a/')} {after.write('b/')}\n{extended}"
    if not hunks.text:
        return head
    return f"{head}--- {old.label('a/') if old else '/dev/null'}\n+++ {new.label('b/') if new else '/dev/null'}\n{hunks.text}"


def compare(before: str, after: str) -> Hunks:
    """The hunks that turn ``before`` into ``after``, with three lines of context.

    The last few hundred are remembered: a merge makes the difference again that its side's commits made.
    """
    return _remembered(before, after) if len(before) + len(after) <= _REMEMBERED else _compare(before, after)


@lru_cache(maxsize=512)
def _remembered(before: str, after: str) -> Hunks:
    return _compare(before, after)


def _compare(before: str, after: str) -> Hunks:
    if before == after:
        return Hunks()
    if not before:
        count, text = _all("+", after)
        return Hunks(f"@@ -0,0 +{_span(count)} @@\n{text}", count, 0)
    if not after:
        count, text = _all("-", before)
        return Hunks(f"@@ -{_span(count)} +0,0 @@\n{text}", 0, count)
    start, end, after_end = _differing(before, after)
    skipped = before.count("\n", 0, start)
    if before.count("\n", start, end) + after.count("\n", start, after_end) > MAX_COMPARED_LINES:
        return _replaced(before[start:end], after[start:after_end], skipped)
    # Both stay named until the patch is written: it points into their bytes, and pygit2 does not hold them.
    old, new = before[start:end].encode(), after[start:after_end].encode()
    patch = pygit2.Patch.create_from(old, new, flag=_FORCE_TEXT)
    _, additions, deletions = patch.line_stats
    data: bytes = patch.data
    at = data.find(b"\n@@ ") + 1
    function = _function_before(before, start)

    def renumber(hunk: re.Match[bytes]) -> bytes:
        within: bytes = hunk[5] or function
        if len(within) >= _FUNCTION_BYTES:
            within = within[: within.rfind(b" ")]
        return b"@@ -%d%b +%d%b @@%b" % (int(hunk[1]) + skipped, hunk[2], int(hunk[3]) + skipped, hunk[4], within)

    return Hunks(_HUNK.sub(renumber, data[at:]).decode("utf-8"), additions, deletions)


def _replaced(old: str, new: str, skipped: int) -> Hunks:
    """All of ``old``, which stands below ``skipped`` lines, deleted and all of ``new`` added."""
    (deletions, gone), (additions, come) = _all("-", old), _all("+", new)
    return Hunks(f"@@ -{skipped + 1},{deletions} +{skipped + 1},{additions} @@\n{gone}{come}", additions, deletions)


def _span(count: int) -> str:
    return "1" if count == 1 else f"1,{count}"


def _all(sign: str, text: str) -> tuple[int, str]:
    """Every line of ``text`` with ``sign`` before it, and how many there are."""
    signed = sign + text.replace("\n", f"\n{sign}")
    if text.endswith("\n"):
        return text.count("\n"), signed[:-1]
    return text.count("\n") + 1, f"{signed}\n{_NO_NEWLINE}"


def _function_before(text: str, end: int) -> bytes:
    """The last line before ``end`` that a hunk header would name, with its space, as xdiff's default finds it."""
    start, step = end, 256
    while start > 0:
        stop, start = start, text.rfind("\n", 0, max(start - step, 0)) + 1
        step *= 2
        for line in reversed(text[start:stop].split("\n")):
            if line[:1] in _FUNCTION_STARTS:
                return b" " + line.encode()[:_FUNCTION_BYTES].rstrip()
    return b""


def _differing(before: str, after: str) -> tuple[int, int, int]:
    """Where to compare: a start that both share, and an end each, in whole lines with ``_CONTEXT`` lines of what is equal around them.

    libgit2 hashes and splits all that it is given; most of a changed file is equal, and finding that out costs a tenth.
    """
    start = before.rfind("\n", 0, _common(before, after)) + 1
    for _ in range(_CONTEXT):
        start = before.rfind("\n", 0, max(start - 1, 0)) + 1
    shared = _common_end(before, after, min(len(before), len(after)) - start)
    end = len(before) - shared
    # One line more: the first may be the rest of a line that differs.
    for _ in range(_CONTEXT + 1):
        end = before.find("\n", end) + 1
        if not end:
            return start, len(before), len(after)
    return start, end, len(after) - (len(before) - end)


def _common(one: str, other: str) -> int:
    """How many characters both begin with; doubling and halving slices, which compare as memory."""
    most = min(len(one), len(other))
    known, step = 0, 256
    while known + step <= most and one[known : known + step] == other[known : known + step]:
        known, step = known + step, step * 2
    high = min(known + step, most)
    while known < high:
        middle = (known + high + 1) // 2
        if one[known:middle] == other[known:middle]:
            known = middle
        else:
            high = middle - 1
    return known


def _common_end(one: str, other: str, most: int) -> int:
    """How many of the last ``most`` characters both end with."""
    a, b = len(one), len(other)
    known, step = 0, 256
    while known + step <= most and one[a - known - step : a - known] == other[b - known - step : b - known]:
        known, step = known + step, step * 2
    high = min(known + step, most)
    while known < high:
        middle = (known + high + 1) // 2
        if one[a - middle : a - known] == other[b - middle : b - known]:
            known = middle
        else:
            high = middle - 1
    return known
