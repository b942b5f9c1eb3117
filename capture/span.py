"""A span in which nothing is captured: told by how far each reflog had come, and only where that is not known by the clock.

A reflog's own times are whole seconds, and the committer's date, which a person may set: a commit right after ``capture resume``
would seem to lie in the pause, one dated last year before it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from capture.git.reflog import Mark, Move, marks, name_of, stands


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` to ``end`` (seconds since the epoch; ``None``: it still runs), and the reflogs' marks at both moments."""

    begin: int
    end: int | None
    at_begin: Mapping[str, Mark]
    at_end: Mapping[str, Mark]

    def covers_time(self, when: int) -> bool:
        """Whether ``when`` (seconds since the epoch) lies in it."""
        return self.begin <= when and (self.end is None or when <= self.end)

    def covers(self, common_dir: Path, move: Move) -> bool:
        """Whether a line of a reflog was written in it."""
        nothing = Mark(0, "")
        name = name_of(move.log)
        first, last = (at.get(name) or at.get(move.log, nothing) for at in (self.at_begin, self.at_end))
        if not (stands(common_dir, move.log, first) and stands(common_dir, move.log, last)):
            return self.covers_time(move.seconds)  # expired or written anew since: its bytes say nothing any more
        return first.size <= move.at and (self.end is None or move.at < last.size)


def begin(common_dir: Path) -> Span:
    """One that begins now."""
    return Span(int(time.time()), None, marks(common_dir), {})


def ended(span: Span, common_dir: Path) -> Span:
    """``span``, ended now."""
    return replace(span, end=int(time.time()), at_end=marks(common_dir))


def as_json(span: Span) -> dict[str, object]:
    """Plain values, for :func:`from_json`."""
    plain: dict[str, object] = {"begin": span.begin, "end": span.end}
    for name, found in (("at_begin", span.at_begin), ("at_end", span.at_end)):
        plain[name] = {log: asdict(mark) for log, mark in found.items()}
    return plain


def from_json(raw: Mapping[str, object]) -> Span:
    """What :func:`as_json` made. Raises ``KeyError``, ``TypeError``, ``ValueError`` or ``AttributeError`` for what it did not."""
    return Span(int(raw["begin"]), None if raw["end"] is None else int(raw["end"]), marks_of(raw["at_begin"]), marks_of(raw["at_end"]))  # type: ignore[call-overload]


def marks_of(raw: object) -> dict[str, Mark]:
    """Marks as they were saved."""
    return {str(log): Mark(int(mark["size"]), str(mark["last"])) for log, mark in raw.items()}  # type: ignore[attr-defined]
