"""A stored commit searched again: its images and its difference together, so that they still say the same of every line.

What was captured as two images is kept as the old one and a difference. Where both are whole, both images are made again of them and
searched; where the old one was cut, each side of a hunk is searched by itself, and what begins outside of it cannot be told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial

from corpus.record import EditBody, FileChange, Signature
from corpus.redaction.comments import telling
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import Finding, Place
from corpus.redaction.patch import Hunk, Section, sections, woven, written
from corpus.redaction.sides import Line, redact_lines
from corpus.redaction.texts import Texts

_HEADING = 80
_SUBMODULE = re.compile(r"Subproject commit [0-9a-f]{40}(?:[0-9a-f]{24})?")


def edit_again(body: EditBody, texts: Texts) -> EditBody:
    """``body`` under today's rules."""
    message, withheld = body.message, body.withheld
    if message is not None:
        try:
            message = texts.prose("body.message", message)
        except Withheld as reason:
            message, withheld = None, reason.reason
    who = {name: _signature(f"body.{name}", person, texts) for name, person in (("author", body.author), ("committer", body.committer))}
    branch = None if body.branch is None else _or_none(partial(texts.path, "body.branch", body.branch))
    files, diff = _Files(body, texts).again()
    return body.model_copy(update={**who, "message": message, "withheld": withheld, "branch": branch, "files": files, "diff": diff})


def _signature(where: str, who: Signature, texts: Texts) -> Signature:
    name = _or_none(partial(texts.person, f"{where}.name", who.name)) or ""
    email = _or_none(partial(texts.email, f"{where}.email", who.email)) or ""
    return who.model_copy(update={"name": name, "email": email})


def _or_none(scrubbed: Callable[[], str]) -> str | None:
    try:
        return scrubbed()
    except Withheld:
        return None


def _heading(line: str) -> str:
    """What a hunk says of the line it stands under: 80 bytes with the space before it, and then no half word."""
    said = f" {line}".encode()
    cut = said[: said.rfind(b" ", 0, _HEADING)] if len(said) >= _HEADING else said
    return cut.decode("utf-8", "ignore").strip()


class _Files:
    def __init__(self, body: EditBody, texts: Texts) -> None:
        self._body = body
        self._texts = texts
        self._sections = sections(body.diff)
        self._gone: set[int] = set()
        self._of = self._owners()

    def again(self) -> tuple[list[FileChange], str]:
        try:
            files = [self._file(at, file) for at, file in enumerate(self._body.files)]
            for section in self._sections:
                if id(section) not in self._of:
                    self._apart(section)
        except _Lost as lost:
            # Which file a section is of cannot be told, so none is known to be whole without it.
            gone = {"before": None, "withheld": lost.reason}
            return [file.model_copy(update=gone) for file in self._body.files], ""
        return files, written([section for section in self._sections if id(section) not in self._gone])

    def _owners(self) -> dict[int, int]:
        """Which file a section is of, where its first line alone tells."""
        heads = [f"diff --git a/{file.old_path or file.path} b/{file.path}" for file in self._body.files]
        often = Counter(heads)
        files = {head: at for at, head in enumerate(heads) if often[head] == 1}
        return {id(section): files[section.header[0]] for section in self._sections if section.header[0] in files}

    def _file(self, at: int, file: FileChange) -> FileChange:
        mine = [section for section in self._sections if self._of.get(id(section)) == at]
        names = {"path": "", "old_path": None if file.old_path is None else ""}
        try:
            names["path"] = self._name(f"body.files[{at}].path", file.path)
            if file.old_path is not None:
                names["old_path"] = self._name(f"body.files[{at}].old_path", file.old_path)
            before = self._images(at, file, mine)
        except Withheld as reason:
            self._gone.update(map(id, mine))
            return file.model_copy(update={**names, "before": None, "withheld": reason.reason})
        for section in mine:
            for name, path in (("old_path", file.old_path), ("path", file.path)):
                now = names[name]
                if path and now and now != path:
                    section.header = [line.replace(path, now) for line in section.header]
        return file.model_copy(update={**names, "before": before})

    def _name(self, field: str, path: str) -> str:
        """A path; one in quotes was scrubbed without them."""
        quoted = len(path) > 1 and path[0] == path[-1] == '"'
        return f'"{self._texts.path(field, path[1:-1])}"' if quoted else self._texts.path(field, path)

    def _images(self, at: int, file: FileChange, mine: list[Section]) -> str | None:
        """What ``before`` becomes; the lines of the sections become theirs on the way."""
        if file.before is None:
            for section in mine:
                self._section([], section) if section.added else self._apart(section)
            return None
        end = "\n" if file.before.endswith("\n") else ""
        texts = file.before.removesuffix("\n").split("\n") if file.before else []
        before = [Line(text, True, False) for text in texts]
        offset = 0
        for line in before:
            line.places.append((f"body.files[{at}].before", offset))
            offset += len(line.text) + 1
        changed = [section for section in mine if not section.added]
        lines = self._section(before, changed[0], end) if len(changed) == 1 else None
        if lines is None:
            lines = before
            self._redact(lines, telling(file.old_path or file.path), telling(file.path), end)
            for section in changed:
                self._apart(section)
        for section in mine:
            if section.added:
                self._section([], section)
        image = "\n".join(line.text for line in lines if line.old) + end
        self._texts.keep(image)
        return image

    def _section(self, before: list[Line], section: Section, end: str = "\n") -> list[Line] | None:
        """Both images of a section at once, redacted; ``None`` where it does not fit ``before``."""
        whole = section is not self._sections[-1] or not self._body.lines_cut
        lines = woven(before, section, whole=whole)
        if lines is None:
            return None
        first = {id(line): line.text for line in lines}
        self._redact(lines, telling(section.label("---")), telling(section.label("+++")), end)
        places = {id(line): at for at, line in enumerate(lines)}
        for hunk in section.hunks:
            ahead = lines[: places[id(shown[0])]] if (shown := hunk.lines()) else []
            named = next((line for line in reversed(ahead) if line.old and first[id(line)].startswith(hunk.heading)), None)
            if named is None or named.text != first[id(named)]:
                hunk.heading = _heading(named.text) if named else ""
        return lines

    def _apart(self, section: Section) -> None:
        """Each hunk by itself: no more of the images is known."""
        try:
            for hunk in section.hunks:
                self._redact(hunk.lines(), telling(section.label("---")), telling(section.label("+++")), "\n")
                if hunk.heading and self._texts.scanner.find(hunk.heading, Place.CODE):
                    self._drop(hunk)
        except Withheld as reason:
            if id(section) in self._of:
                raise
            raise _Lost(reason.reason) from None

    def _drop(self, hunk: Hunk) -> None:
        for each in self._texts.scanner.find(hunk.heading, Place.CODE):
            self._texts.told("body.diff", each, None)
        hunk.heading = ""

    def _redact(self, lines: list[Line], old: str, new: str, end: str) -> None:
        if all(_SUBMODULE.fullmatch(line.text) for line in lines):
            return
        scanner = self._texts.scanner

        def find(text: str, kind: str) -> list[Finding]:
            # Remembered on disk where nothing stands in it, which is nearly always.
            return [] if scanner.redact_version(text, kind) == text else scanner.find_in_version(text, kind)

        def noted(line: Line, start: int, stop: int, found: Finding) -> None:
            for field, at in line.places:
                self._texts.told(field, found, (at + start, at + stop))

        redact_lines(lines, (old, new), (end, "\n"), find, scanner.identifier, noted)
        for side in ([line.text for line in lines if line.old], [line.text for line in lines if line.new]):
            self._texts.keep("\n".join(side))


class _Lost(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
