"""Forgetting carried through: out of the corpus, then out of what capture keeps, then out of the note that says it is to go.

A drain does the same for what somebody was killed at, and once a day for what a tenant keeps no longer. The caller holds the spool's lock.
What forgets is imported when there is something to forget: every drain asks.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from capture import traces
from corpus.store import Corpus, Wanted, tenant_settings
from corpus.xdg import state_dir, write_private

if TYPE_CHECKING:
    from corpus.forgetting.run import Done

EACH = 86_400.0
"""Seconds between two looks for what is past its days, which read the index."""


def carry_through(where: Path, corpus: Corpus, wanted: Wanted) -> Done:
    """Raises :class:`corpus.errors.Refused` under a legal hold, and what the store raises: then it stays noted, and the next goes on."""
    from corpus.forgetting import run

    done = run.forget(corpus, wanted)
    traces.clear(where, corpus, wanted)
    corpus.forgotten()
    return done


def finish(where: Path, corpus: Corpus) -> list[str]:
    """Go on with what somebody was killed at; returns a line for each file that could not be looked into."""
    noted = corpus.forgetting()
    return carry_through(where, corpus, noted).unread if noted is not None else []


def _expire(where: Path, corpus: Corpus, root: Path) -> list[str]:
    from corpus.forgetting import retention, run

    keys = retention.expired(corpus, tenant_settings(root, corpus.tenant).retention)
    unread = carry_through(where, corpus, run.plan_of_keys(corpus, keys).wanted).unread if keys else []
    write_private(_file(root, corpus.tenant), b"")
    return unread


def upkeep(where: Path, root: Path, tenant: str) -> list[str]:
    """What a drain does; returns a line for each file that could not be looked into. Under a legal hold it does nothing."""
    settings = tenant_settings(root, tenant)
    with Corpus.open(root, tenant) as corpus:
        if settings.holds:
            return []
        unread = finish(where, corpus)
        return unread + (_expire(where, corpus, root) if settings.retention and _due(root, tenant) else [])


def _due(root: Path, tenant: str) -> bool:
    try:
        return not 0 <= time.time() - _file(root, tenant).stat().st_mtime < EACH
    except OSError:
        return True


def _file(root: Path, tenant: str) -> Path:
    return state_dir() / "retention" / f"{tenant}-{hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]}"
