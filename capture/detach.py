"""The first act of a drainer that a hook started: let go of everything the caller may be waiting for.

Imported before anything else, so it imports next to nothing itself.
"""

from __future__ import annotations

import contextlib
import os

NICENESS = 10


def detach() -> None:
    """Close every inherited descriptor above 2, point 0 to 2 at nothing, leave the caller's session, and yield the processor.

    A shell cannot close descriptors above 9, and a caller that reads a pipe waits until the last holder of it ends.
    """
    os.closerange(3, os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 65536)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)
    with contextlib.suppress(PermissionError):  # already a session's leader
        os.setsid()
    os.nice(NICENESS)
    os.chdir("/")
