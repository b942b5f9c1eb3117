"""A transcript of one JSON object a line, read as a stream and resumed anywhere, in UTF-8 or in UTF-16 with a byte order mark."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import orjson

from capture.sources.agents.fields import MAX_DEPTH, Object, deeper
from capture.sources.transcript import Opening, Resume, Said, Step
from corpus.errors import BadInput
from corpus.record import Actor, Kind, Mark

MAX_LINE = 1 << 28
"""Bytes of the longest line that is read."""

HEAD = 1 << 16
"""Bytes of a file that tell whose it is."""

_BLANK = " \t\r\n"
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line: its ``number`` from 1, the offset of its ``end`` in the file (before the line break), ``source``, the bytes from the
    end of the line before to there, and ``value``, the JSON object that it is; ``None`` where it is none.

    The sources of a file's lines, joined, are the file's own beginning.
    """

    number: int
    end: int
    source: bytes
    encoding: str
    value: Object | None

    @property
    def text(self) -> str:
        return self.source.decode(self.encoding, "replace").removeprefix("\ufeff").strip("\r\n")


def encoding_of(head: bytes) -> tuple[str, bytes]:
    """The encoding that a file's first bytes tell, and its byte order mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, mark
    return "utf-8", b""


def read(path: Path, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """Every whole line after ``offset``, which is 0 or the ``end`` of line ``number``; blank lines belong to the line after them.

    The last line is whole with its line break, or without one if it is a JSON object: nothing that is appended to one makes another.
    Raises :class:`BadInput` for a file that cannot be read and for a line longer than :data:`MAX_LINE`.
    """
    try:
        with path.open("rb") as file:
            encoding, mark = encoding_of(file.read(4))
            file.seek(offset or len(mark))
            pending = b"" if offset else mark
            number = max(number, 1)
            while raw := _line(file, encoding, path, number):
                content, tail = _split(raw, encoding)
                ended = _ended(raw, encoding)
                if not content:
                    pending += raw
                else:
                    value = _object(content, encoding)
                    if value is None and not ended:
                        return
                    source = pending + content
                    offset += len(source)
                    yield Line(number, offset, source, encoding, value)
                    pending = tail
                number += ended
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from error


def _ended(raw: bytes, encoding: str) -> bool:
    return raw.endswith(b"\n" if encoding == "utf-8" else "\n".encode(encoding))


def _line(file: IO[bytes], encoding: str, path: Path, number: int) -> bytes:
    raw = file.readline(MAX_LINE)
    while encoding != "utf-8" and raw.endswith(b"\n"):  # of UTF-16, 0x0A may be half of another character
        if encoding == "utf-16-le" and len(raw) % 2:
            raw += file.read(1)
        if len(raw) % 2 == 0 and _ended(raw, encoding):
            break
        more = file.readline(MAX_LINE)
        if not more:
            break
        raw += more
    if len(raw) >= MAX_LINE:
        raise BadInput(f"{path}: line {number} is longer than {MAX_LINE >> 20} MiB; no agent writes such a line")
    return raw


def _split(raw: bytes, encoding: str) -> tuple[bytes, bytes]:
    """A line without the blanks at its end, and these."""
    if encoding == "utf-8":
        content = raw.rstrip(b" \t\r\n")
    else:
        told = raw.decode(encoding, "replace")
        blanks = len(told) - len(told.rstrip(_BLANK))
        content = raw[: len(raw) - 2 * blanks]
    return content, raw[len(content) :]


def parsed(content: bytes, encoding: str = "utf-8") -> object:
    """The value that JSON text stands for; ``None`` for null, for what is no JSON, and for what nests deeper than is taken apart."""
    data: bytes | str = content if encoding == "utf-8" else content.decode(encoding, "replace")
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:  # what orjson refuses and Python reads: lone surrogates, NaN, numbers out of range
            value = json.loads(data.decode("utf-8", "replace") if isinstance(data, bytes) else data)
        except (ValueError, RecursionError):
            return None
    return None if content.count(b"{") + content.count(b"[") > MAX_DEPTH and deeper(value) else value


def _object(content: bytes, encoding: str) -> Object | None:
    value = parsed(content, encoding)
    return value if isinstance(value, dict) else None


def objects(head: bytes) -> Iterator[Object]:
    """The whole JSON objects, one a line, in a file's first bytes."""
    encoding, mark = encoding_of(head)
    for each in head[len(mark) :].decode(encoding, "replace").split("\n"):
        if each.lstrip().startswith("{") and (value := _object(each.encode("utf-8", "replace"), "utf-8")) is not None:
            yield value


def head_text(head: bytes) -> str:
    """A file's first bytes as text, for a line or document that goes on past them."""
    encoding, mark = encoding_of(head)
    return head[len(mark) :].decode(encoding, "replace")


class Reader(Protocol):
    """What turns one line after another into events, and knows what it has to know of the lines before."""

    def events(self, line: Line, value: Object) -> list[Said]: ...

    def state(self) -> str:
        """What a new reader has to be made with to go on: JSON text of names, counts and times."""
        ...


class LinesTranscript:
    """One session in a file of lines."""

    def __init__(self, path: Path, opening: Opening, reader: Callable[[str | None], Reader]) -> None:
        """``reader`` makes one at the beginning (of ``None``) or of an earlier one's state."""
        self._path, self._reader = path, reader
        self.opening = opening

    def steps(self, resume: Resume | None = None) -> Iterator[Step]:
        reader = self._reader(resume.state if resume else None)
        for line in read(self._path, resume.offset, resume.line) if resume else read(self._path):
            said = [unreadable(line)] if line.value is None else reader.events(line, line.value)
            yield Step(line.number, line.source, tuple(said), Resume(line.end, line.number, reader.state()))


def unreadable(line: Line) -> Said:
    """A whole line that is no JSON object, kept as it stands."""
    return Said(name_in_source=f"line-{line.number}", actor=Actor.SYSTEM, kind=Kind.NOTE, text=line.text, marks=(Mark.UNKNOWN,))
