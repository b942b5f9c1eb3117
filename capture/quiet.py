"""Waiting beside someone's commits: what a drainer does before it begins, at next to no cost."""

from __future__ import annotations

import time
from pathlib import Path

from capture import spool

QUIET = 1.0
"""Seconds without a new entry before work begins, so that a rebase or a run of commits is not slowed by it."""
PATIENCE = 10.0
"""Seconds after which work begins although entries keep coming."""
_POLL = 0.05


def settle(where: Path) -> None:
    """Wait until the spool at ``where`` is quiet, or patience ends."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE and arrives(where, QUIET):
        pass


def arrives(where: Path, seconds: float) -> bool:
    """Whether, within ``seconds``, an entry comes that is not here now, or the pause of one that failed ends."""
    # Names alone are looked at: opening hundreds of entries twenty times a second made a run of commits a third slower.
    known, wakes = spool.names(where), spool.next_due(where)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(_POLL)
        if not spool.names(where) <= known or time.time() >= wakes:
            return True
    return False
