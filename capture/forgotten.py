"""Forgetting carried through: out of the corpus, then out of what capture keeps, then out of the note that says it is to go.

A drain does the same for what somebody was killed at, and once a day for what a tenant keeps no longer. The caller holds the spool's lock.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from capture import traces
from corpus.forgetting import retention, run
from corpus.forgetting.run import Done
from corpus.store import Corpus, Wanted, tenant_settings
from corpus.xdg import state_dir, write_private

EACH = 86_400.0
"""Seconds between two looks for what is past its days, which read the index."""


def carry_through(where: Path, corpus: Corpus, wanted: Wanted) -> Done:
    """Raises :class:`corpus.errors.Refused` under a legal hold, and what the store raises: then it stays noted, and the next goes on."""
    done = run.forget(corpus, wanted)
    traces.clear(where, corpus, wanted)
    corpus.forgotten()
    return done


def finish(where: Path, corpus: Corpus) -> Done:
    """Go on with what somebody was killed at."""
    noted = corpus.forgetting()
    return carry_through(where, corpus, noted) if noted is not None else Done()


def expire(where: Path, corpus: Corpus, root: Path) -> Done:
    """Forget what is past the days that the tenant keeps it."""
    keys = retention.expired(corpus, tenant_settings(root, corpus.tenant).retention)
    done = carry_through(where, corpus, run.plan_of_keys(corpus, keys).wanted) if keys else Done()
    _note(root, corpus.tenant)
    return done


def upkeep(where: Path, root: Path, tenant: str) -> list[str]:
    """What a drain does; returns a line for each file that could not be looked into. Under a legal hold it does nothing."""
    settings = tenant_settings(root, tenant)
    with Corpus.open(root, tenant) as corpus:
        if settings.holds:
            return []
        unread = finish(where, corpus).unread
        if settings.retention and _due(root, tenant):
            unread += expire(where, corpus, root).unread
        return unread


def _due(root: Path, tenant: str) -> bool:
    try:
        return not 0 <= time.time() - _file(root, tenant).stat().st_mtime < EACH
    except OSError:
        return True


def _note(root: Path, tenant: str) -> None:
    write_private(_file(root, tenant), b"")


def _file(root: Path, tenant: str) -> Path:
    return state_dir() / "retention" / f"{tenant}-{hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]}"
