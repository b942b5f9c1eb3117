"""Taking history in on request: one revision, a range, or all of it, in bulk and able to go on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from capture import drain, quiet, verdicts
from capture.commits import drafts_of, links_of, reverting
from capture.git.history import Listed, is_range, labelled, resolve
from capture.git.repository import open_repository
from capture.git.walk import walk
from capture.ingest import Ingest, tidy
from capture.linking import link_sessions
from capture.workers import over_slices
from corpus.errors import Failed
from corpus.record import TupleType, key_of
from corpus.redaction.draft import Label
from corpus.xdg import spool_dir

LOOSE = 16
"""Up to so many commits are kept as files of their own; more are kept in bulk."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many commits were named, and how many of them were kept anew (the others were kept already, or ask to be skipped)."""

    named: int
    kept: int


def take(at: Path, revision: str | None, root: Path, label: Label, *, with_before: bool = True, seen: Callable[[int, int], None]) -> Taken:
    """Capture ``revision`` (one commit, or a range; ``None``: every branch) of the repository at ``at``. ``seen(done, total)`` follows.

    Stopped at any moment, what was kept stays and the next call goes on. Raises :class:`Failed` while a drainer is at work.
    """
    if revision is not None and not is_range(revision):
        revision = f"{resolve(at, revision)}^!"
    listed = labelled(at, None if revision is None else [revision])
    ids = [one.id for one in listed]
    people = {person for commit in walk(at, ids, alone=True) for person in commit.people}
    try:
        with drain.lock(spool_dir(), wait=quiet.PATIENCE), Ingest(root, label.tenant, people) as ingest:

            def keep(part: Iterator[Listed]) -> int:
                # Opened here: a worker must not share its parent's handles.
                with open_repository(at) as repo:
                    drafts = (draft for one in part for draft in drafts_of(repo, label, one.id, one.branch, with_before=with_before))
                    return ingest.keep_many(drafts) if len(listed) > LOOSE else sum(map(ingest.keep, drafts))

            kept = over_slices(keep, listed, seen)
            with open_repository(at) as repo:
                ingest.keep_many(links_of(repo, label, ingest, reverting(at, ids), ()))
            if kept:
                link_sessions(ingest, {key_of(label.tenant, TupleType.EDIT, ident): TupleType.EDIT for ident in ids})
            verdicts.judge_history(at, root, label, ingest, ids, whole=revision is None)
            tidy(root, label.tenant)
    except Timeout as error:
        raise Failed("a drain is at work in the spool: try again when it is done (see 'capture status')") from error
    return Taken(len(listed), kept)
