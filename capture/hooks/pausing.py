"""Pausing: a mark that hooks see, and the span in the enrolment that the sweep leaves out.

Pausing everything and pausing one repository are two marks: ``resume`` of one does not undo ``pause --all``, nor the other way round.
"""

from __future__ import annotations

from pathlib import Path

from capture import enrol, spool
from capture.hooks.placed import pause_file, write
from corpus.errors import BadInput
from corpus.xdg import spool_dir


def pause(at: Path | None) -> list[Path]:
    """Pause the repository ``at``, or everything (``None``); returns the common directories it touches."""
    chosen = _chosen(at)
    if at is None:
        spool.pause(spool_dir())
    for one in chosen:
        if at is not None:
            write(pause_file(one.common_dir), b"", 0o600)
        if (begun := enrol.pause(one)) != one:
            enrol.save(begun)
    return [one.common_dir for one in chosen]


def resume(at: Path | None) -> list[Path]:
    """Resume the repository ``at``, or everything (``None``); returns the common directories where capture now goes on.

    Raises :class:`BadInput` where ``at`` stays paused because everything is.
    """
    if at is None:
        spool.resume(spool_dir())
    elif spool.paused(spool_dir()):
        raise BadInput("capture is paused everywhere: 'capture resume --all' goes on")
    resumed = []
    for one in _chosen(at):
        if at is not None:
            pause_file(one.common_dir).unlink(missing_ok=True)
        if not pause_file(one.common_dir).exists() and (ended := enrol.resume(one)) != one:
            enrol.save(ended)
            resumed.append(one.common_dir)
    return resumed


def _chosen(at: Path | None) -> list[enrol.Enrolment]:
    if at is None:
        return enrol.all_enrolments()
    one = enrol.find(at)
    if one is None:
        raise BadInput(f"{at} is not enrolled: run 'capture install' there first")
    return [one]
