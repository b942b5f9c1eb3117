"""A stored difference taken apart: sections of files, their hunks, and the lines of both, which can be written back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.redaction.sides import Line

_HUNK = re.compile(r"(@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@)(?: (.*))?", re.DOTALL)
_DIFF = "body.diff"


@dataclass(slots=True)
class Hunk:
    """``span`` is its first line up to the heading, ``start`` the index of its first old line; a line that is no line of an image (``\\ No
    newline at end of file``) is kept as text."""

    span: str
    start: int
    heading: str
    body: list[tuple[str, Line | str]] = field(default_factory=list)

    def lines(self) -> list[Line]:
        return [line for _, line in self.body if isinstance(line, Line)]

    def write(self) -> Iterator[str]:
        yield f"{self.span} {self.heading}" if self.heading else self.span
        for sign, line in self.body:
            yield sign + (line.text if isinstance(line, Line) else line)


@dataclass(slots=True)
class Section:
    """One file's part: its header lines, the first of which names it, and its hunks."""

    header: list[str]
    hunks: list[Hunk] = field(default_factory=list)

    def label(self, mark: str) -> str:
        """The path behind ``---`` or ``+++``, or the first line's; only what tells how the file is read."""
        line = next((line for line in self.header if line.startswith(f"{mark} ") and line != f"{mark} /dev/null"), self.header[0])
        return line.removesuffix("\t").removesuffix('"')

    @property
    def added(self) -> bool:
        return "--- /dev/null" in self.header

    def write(self) -> Iterator[str]:
        yield from self.header
        for hunk in self.hunks:
            yield from hunk.write()


def sections(diff: str) -> list[Section]:
    """The sections of ``diff``, which may have been cut behind any line; written one after the other they are it again."""
    made: list[Section] = []
    at = 0
    for text in diff.removesuffix("\n").split("\n") if diff else ():
        hunk = _HUNK.fullmatch(text)
        now = made[-1] if made else None
        if now is None or text.startswith("diff --git "):
            made.append(Section([text]))
        elif hunk:
            count = 1 if hunk[3] is None else int(hunk[3])
            now.hunks.append(Hunk(hunk[1], int(hunk[2]) - (count > 0), hunk[4] or ""))
        elif now.hunks and text[:1] in (" ", "-", "+"):
            line = Line(text[1:], text[0] != "+", text[0] != "-", [(_DIFF, at + 1)])
            now.hunks[-1].body.append((text[0], line))
        elif now.hunks:
            now.hunks[-1].body.append(("", text))
        else:
            now.header.append(text)
        at += len(text) + 1
    return made


def written(some: list[Section]) -> str:
    """The difference that ``some`` are."""
    return "".join(f"{line}\n" for section in some for line in section.write())


def woven(before: list[Line], section: Section, *, whole: bool) -> list[Line] | None:
    """The lines of the old image with those of the section in their places: both images at once. ``None`` where they do not fit.

    A line that both show is one object from then on. ``whole`` says that nothing was cut off behind the last hunk.
    """
    if not _fits(before, section):
        return None
    made: list[Line] = []
    at = 0
    for hunk in section.hunks:
        for line in before[at : hunk.start]:
            line.new = True
            made.append(line)
        at = hunk.start
        for line in hunk.lines():
            if line.old:
                line.places += before[at].places
                at += 1
            made.append(line)
    for line in before[at:]:
        line.new = whole
    return made + before[at:]


def _fits(before: list[Line], section: Section) -> bool:
    at = 0
    for hunk in section.hunks:
        old = [line.text for line in hunk.lines() if line.old]
        if hunk.start < at or [line.text for line in before[hunk.start : hunk.start + len(old)]] != old:
            return False
        at = hunk.start + len(old)
    return True
