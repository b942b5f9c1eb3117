"""Commits by the licences that the files they touch say of themselves, for those a user leaves out.

Looked at are the first lines of a file before the change, and the lines that its difference shows of it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from corpus.build.quality import notices, spdx
from corpus.build.quality.step import Left, Plain
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.errors import BadInput
from corpus.record import EditBody, Record

HEAD = 40
"""Lines of a file in which it says its licence: the longest notice that is common in files, BSD's, has about 30."""
_ASKED = re.compile(rf"{spdx.IDENTIFIER}|[A-Za-z0-9][A-Za-z0-9.-]*\*")
_LONGEST = 100
_HINTS = ("licen", "hereby", "redistribution")
"""One of them is in whatever is told here; most files have none, and are not looked at any closer."""


class ByLicence(Plain):
    """Leaves out a commit, whole, that touches a file which names a licence of those that were asked for."""

    def __init__(self, asked: Iterable[str]) -> None:
        forms = [spdx.form(each) for each in asked]
        self._exact = frozenset(form for form in forms if not form.endswith("*"))
        self._families = tuple(form[:-1] for form in forms if form.endswith("*"))

    def look(self, record: Record, row: Row) -> Left | None:
        if isinstance(record.body, EditBody):
            for path, lines in _texts(record.body):
                for name in _named(lines):
                    if self._meant(spdx.form(name)):
                        return Left(Reason.LICENSE, f"{path} {name}")
        return None

    def _meant(self, form: str) -> bool:
        return form in self._exact or form.removesuffix("*").startswith(self._families)


def listed(asked: Iterable[str]) -> tuple[str, ...]:
    """Identifiers and families, each once, in one order. Raises :class:`BadInput` for a text that is neither."""
    found: dict[str, str] = {}
    for each in sorted(asked):
        if len(each) > _LONGEST or not _ASKED.fullmatch(each):
            raise BadInput(f"--exclude-license {each[:80]!r} is no SPDX identifier: use one like GPL-3.0-only, or a family like 'GPL-*'")
        found.setdefault(spdx.form(each), each)
    return tuple(found[form] for form in sorted(found))


def _named(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from spdx.identifiers(line)
    yield from notices.told(lines)


def _texts(body: EditBody) -> Iterator[tuple[str, list[str]]]:
    """Each path with lines that stand together in its file and may name a licence."""
    for file in body.files:
        if file.before is not None:
            lines = file.before.split("\n", HEAD)[:HEAD]
            if _hinted("\n".join(lines)):
                yield file.path, lines
    if _hinted(body.diff):
        paths = {f"diff --git {_side('a/', file.old_path or file.path)} {_side('b/', file.path)}": file.path for file in body.files}
        yield from _hunks(body.diff, paths)


def _hunks(diff: str, paths: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    path, lines, within = "", list[str](), False
    for line in diff.split("\n"):
        heads = line.startswith("diff --git ")  # within a hunk, each line has a sign before it
        if heads or line.startswith("@@ "):
            if lines:
                yield path, lines
            lines, within = [], not heads
            path = paths.get(line, line) if heads else path
        elif within and line.startswith(("+", " ")):
            lines.append(line[1:])
    if lines:
        yield path, lines


def _hinted(text: str) -> bool:
    low = text.lower()
    return any(hint in low for hint in _HINTS)


def _side(side: str, path: str) -> str:
    """A path in a diff's head; git's quotes go around both."""
    return f'"{side}{path[1:]}' if path.startswith('"') else f"{side}{path}"
