"""Searching a file's text in pieces, so that what its versions share is searched once.

A history holds each file many times over, mostly unchanged. Here a text is cut where its own content says so, and each piece is searched
with a margin of its surroundings on both sides; a finding counts for the piece it begins in. What is found is a function of the text
alone, whether a piece was remembered or not. Recognizers whose matches or context may be wider than the margin are not for pieces.
"""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b

from corpus.redaction.finding import Finding, Subject

SPAN = 448
"""The widest match, in bytes, that a recognizer for pieces may have."""
MARGIN = 768
"""Bytes of surroundings searched with a piece: a match of :data:`SPAN` and what validators look at beside it."""
REMEMBERED = 100_000
# A cut comes before a line that begins at the margin of the page, at one such line in four, so that an edit moves no cut but its own.
_LINE = re.compile(rb"\n(?=[^\s)}\]])")
_ANY_LINE = re.compile(rb"\n")
_SMALLEST, _LARGEST = 1024, 16384

Search = Callable[[Subject], list[Finding]]


class Pieces:
    """Searches with ``search`` piece by piece, and remembers what each piece gave; the memory holds digests and no text."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._known: OrderedDict[tuple[str, bytes, int, int], tuple[Finding, ...]] = OrderedDict()

    def find(self, subject: Subject) -> list[Finding]:
        """Findings in bytes of ``subject.data``, as ``search`` reports them, in the order of the pieces."""
        data = subject.data
        found: list[Finding] = []
        for start, end in cuts(data):
            low, high = _character(data, max(0, start - MARGIN)), _character(data, min(len(data), end + MARGIN))
            part = data[low:high]
            key = (subject.path, blake2b(part, digest_size=16).digest(), start - low, end - low)
            inside = self._known.get(key)
            if inside is None:
                searched = self._search(Subject.part(part, subject.place, subject.path))
                inside = tuple(each for each in searched if start - low <= each.start < end - low)
                self._known[key] = inside
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
            found += [replace(each, start=each.start + low, end=each.end + low) for each in inside]
        return found


def cuts(data: bytes) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of the pieces of ``data``, in order, without gaps. A line longer than a piece stays whole."""
    start = 0
    for end in _ends(data):
        while end - start > _LARGEST:
            near = _ANY_LINE.search(data, start + _LARGEST // 2, end)
            if near is None:
                break
            yield start, near.end()
            start = near.end()
        if end > start:
            yield start, end
            start = end


def _ends(data: bytes) -> Iterator[int]:
    at = _SMALLEST
    while line := _LINE.search(data, at):
        at = line.end()
        if zlib.crc32(data[at : at + 32]) & 3 == 0:
            yield at
            at += _SMALLEST
    yield len(data)


def _character(data: bytes, at: int) -> int:
    """The first character boundary at or after ``at``."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at
