"""The conductor: takes what hooks spooled and what they missed, in order, to the corpus.

A crash at any point repeats work, and repeating changes nothing: an entry goes, and a sweep's position moves, only when
everything they stand for is durable.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from capture import enrol, handover, inboxes, quiet, spool, sweep, verdicts
from capture.commits import drafts_of, links_of
from capture.enrol import Enrolment
from capture.entry import Entry
from capture.forgotten import upkeep
from capture.git.history import current_branch
from capture.git.objects import Missing
from capture.git.repository import Repository, open_repository
from capture.ingest import Ingest, tidy
from capture.linking import linked
from capture.sweep import Dropped, Replaced
from corpus.errors import SubstrateError

FEEDBACK = "feedback"
"""The hook of an inbox, whose folder stands in its entry where that of a repository does."""
TORN = 60.0
"""Seconds after which an entry without its end is taken for one its hook never finished; the sweep finds what it stood for."""
HELD = 3600.0
"""Seconds a drainer waits for another that holds the spool: bulk capture of a long history, or one a person started, which may have
listed the entries before the last one came."""
RETRIES = 75.0
"""Seconds a drainer stays for the sake of entries that failed: long enough for their first pauses, not for the later ones."""


@dataclass(slots=True)
class Outcome:
    """What a drain did: records kept anew, entries done, and one line for each thing that failed and stays for later.

    ``withheld`` has a line for each record that the second pass withheld: it is kept, without content."""

    kept: int = 0
    done: int = 0
    withheld: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Job:
    """Work for one repository, opened ``at`` its git directory: from one entry, or from a sweep (``entry`` is ``None``)."""

    enrolment: Enrolment
    entry: Entry | None
    at: Path
    commits: tuple[tuple[str, str | None], ...]
    replaced: tuple[Replaced, ...]
    people: frozenset[tuple[str, str]]
    dropped: tuple[Dropped, ...] = ()
    reached: enrol.Position | None = None


def drain(where: Path, *, sweeping: bool = True, by_hand: bool = False, wait: float = 0.0) -> Outcome | None:
    """Do what waits in the spool at ``where`` and, unless ``sweeping`` is off, what the hooks missed; ``by_hand``, because a person asks,
    also the open parts of sessions that may go on.

    ``None`` when another drainer holds the spool for ``wait`` seconds. A failing entry is kept with its reason and tried again later.
    """
    try:
        with lock(where, wait=wait):
            outcome = Outcome()
            handover.hold(where)
            _pass(where, outcome, sweeping)
            _sessions(where, outcome, sweeping, by_hand)
            _inboxes(where, outcome, sweeping)
            _tidy(where, outcome)
            spool.note_drain(where)
            return outcome
    except Timeout:
        return None


def finish(where: Path) -> None:
    """Do what waits before a repository is let go: its last commits were made while it was enrolled. What cannot be done keeps nobody."""
    if enrol.all_enrolments():
        with contextlib.suppress(SubstrateError, OSError):
            drain(where, by_hand=True, wait=quiet.PATIENCE)


def stay(where: Path) -> None:
    """What a drainer that a hook started does once the spool is quiet: drains, and goes when nothing more comes.

    The pid file goes before the last look, so that whoever writes an entry after that look starts another drainer.
    """
    while True:
        if drain(where, wait=HELD) is None:
            return
        if quiet.arrives(where, RETRIES if spool.retrying(where) else quiet.QUIET):
            quiet.settle(where)
            continue
        spool.pid_file(where).unlink(missing_ok=True)
        if not _waiting(where):
            return


def lock(where: Path, *, wait: float = 0.0) -> FileLock:
    """The spool's lock, waited for so many seconds: raises ``filelock.Timeout`` when another holds it. Bulk capture takes it too."""
    spool.ensure(where)
    return FileLock(where / ".lock", timeout=wait, mode=0o600)


def _waiting(where: Path) -> list[Entry]:
    return [entry for entry in spool.entries(where) if entry.whole and spool.due(entry)]


def _pass(where: Path, outcome: Outcome, sweeping: bool) -> None:
    jobs = [*(_missed(outcome) if sweeping else ()), *_spooled(where, outcome)]
    tenants = {(job.enrolment.root, job.enrolment.label.tenant) for job in jobs}
    for root, tenant in sorted(tenants):
        mine = [job for job in jobs if (job.enrolment.root, job.enrolment.label.tenant) == (root, tenant)]
        try:
            with Ingest(root, tenant, {person for job in mine for person in job.people}) as ingest:
                for job in mine:
                    _attempt(job, ingest, outcome)
                outcome.withheld += map(str, ingest.withheld)
                outcome.troubles += linked(ingest)
                for enrolment in {job.enrolment.id: job.enrolment for job in mine}.values():
                    _judge(enrolment, ingest, outcome)
        except (SubstrateError, OSError) as error:
            for job in mine:
                _failed(job, error, outcome)


def _tidy(where: Path, outcome: Outcome) -> None:
    """Put every enrolled tenant's corpus in order, also after a drainer that was killed when its work was done. The records are safe by
    then, and do not wait for it."""
    for root, tenant in sorted({(one.root, str(one.label.tenant)) for one in enrol.all_enrolments()}):
        if not (root / tenant).is_dir():
            continue  # whatever waits for it says so
        try:
            outcome.troubles += upkeep(where, root, tenant)
            outcome.troubles += tidy(root, tenant)
        except (SubstrateError, OSError) as error:
            outcome.troubles.append(f"{root / tenant} was not put in order: {spool.reason(error)}")


def _judge(enrolment: Enrolment, ingest: Ingest, outcome: Outcome) -> None:
    """What people did with commits: what could not be judged now stays noted for the next drain."""
    try:
        outcome.kept += verdicts.judge(enrolment, ingest)
    except (SubstrateError, OSError) as error:
        outcome.troubles.append(f"{enrolment.common_dir}: what became of commits was not judged: {spool.reason(error)}")


def _sessions(where: Path, outcome: Outcome, sweeping: bool, by_hand: bool) -> None:
    """After the commits: a session is linked to those that came of it."""
    try:
        taken = handover.take_in(where, sweeping=sweeping, by_hand=by_hand)
    except (SubstrateError, OSError) as error:
        outcome.troubles.append(f"sessions: {spool.reason(error)}")
        return
    outcome.kept += taken.kept
    outcome.done += taken.done
    outcome.withheld += taken.withheld
    outcome.troubles += taken.troubles


def _inboxes(where: Path, outcome: Outcome, sweeping: bool) -> None:
    """Last, since a message may be about a commit or a session. An entry only says that somebody moved one."""
    told = [entry for entry in spool.entries(where) if entry.whole and entry.hook == FEEDBACK]
    if told or sweeping:
        looked = inboxes.look(where)
        outcome.kept += looked.kept
        outcome.troubles += looked.troubles
    for entry in told:
        spool.remove(entry)
        outcome.done += 1


def _missed(outcome: Outcome) -> Iterator[_Job]:
    for enrolment in enrol.all_enrolments():
        try:
            found = sweep.missed(enrolment, sweep.position(enrolment))
            due = verdicts.due(enrolment)
        except (SubstrateError, OSError) as error:
            gone = f"it is gone: if for good, run 'capture uninstall {enrolment.common_dir}'"
            outcome.troubles.append(f"{enrolment.common_dir}: {spool.reason(error) if enrolment.common_dir.is_dir() else gone}")
            continue
        if not (found.commits or found.replaced or found.dropped or due):
            sweep.keep(enrolment, found.position)
        else:
            yield _Job(enrolment, None, enrolment.common_dir, found.commits, found.replaced, found.people, found.dropped, found.position)


def _spooled(where: Path, outcome: Outcome) -> Iterator[_Job]:
    for entry in spool.entries(where):
        if not entry.whole:
            if time.time() - entry.mtime_ns / 1e9 > TORN:
                spool.remove(entry)
            continue
        if entry.handed or entry.hook == FEEDBACK or not spool.due(entry):
            continue
        try:
            at = _place(entry)
            enrolment = enrol.find(at) if at.is_dir() or _enrolled(at) else None
            if enrolment is None:
                spool.remove(entry)
                continue
            yield _of_entry(enrolment, entry, at)
        except (SubstrateError, OSError) as error:
            outcome.troubles.append(f"{entry.git_dir}: {spool.reason(error)}")
            spool.defer(entry, spool.reason(error))


def _place(entry: Entry) -> Path:
    """The git directory an entry speaks of; of a linked work tree that was removed since, the repository it belonged to."""
    gone = not entry.git_dir.is_dir() and entry.git_dir.parent.name == "worktrees"
    return entry.git_dir.parents[1] if gone else entry.git_dir


def _enrolled(at: Path) -> bool:
    """Whether a directory that is not there belongs to an enrolled repository: it may come back, as a disk that is mounted again."""
    return any(at.is_relative_to(one.common_dir) for one in enrol.all_enrolments())


def _of_entry(enrolment: Enrolment, entry: Entry, at: Path) -> _Job:
    """An entry's own commits: what was rewritten, and its hint, unless a merge or a rebase may have brought a colleague's."""
    named = [new for _, new in entry.rewritten] + ([entry.commit] if entry.commit else [])
    with open_repository(at) as repo:
        made = _rewritten(repo, entry)
        brings = entry.hook in ("post-merge", "post-rewrite")
        found = []
        for ident in dict.fromkeys(named):
            try:
                info = repo.commit(ident)
            except Missing:
                continue
            if not brings or ident in made or info.committer.email.decode("utf-8", "replace").lower() in enrolment.identity:
                found.append(info)
    people = frozenset(
        (who.name.decode("utf-8", "replace"), who.email.decode("utf-8", "replace"))
        for info in found
        for who in (info.author, info.committer)
    )
    branch = current_branch(at) if at == entry.git_dir else None
    replaced = tuple(Replaced(old, new, "post-rewrite") for old, new in entry.rewritten)
    return _Job(enrolment, entry, at, tuple((info.id, branch) for info in found), replaced, people)


def _rewritten(repo: Repository, entry: Entry) -> frozenset[str]:
    """What an entry says was made in the place of something, under whatever identity: it has its author and the author's date.

    git names as well what a rebase passed over unchanged, and, for a commit it dropped as already there, the one below, which may
    be a colleague's.
    """
    made = set()
    for old, new in entry.rewritten:
        with contextlib.suppress(Missing):
            if old != new and repo.commit(old).author == repo.commit(new).author:
                made.add(new)
    return frozenset(made)


def _attempt(job: _Job, ingest: Ingest, outcome: Outcome) -> None:
    try:
        with open_repository(job.at) as repo:
            label = job.enrolment.label
            for commit, branch in job.commits:
                outcome.kept += sum(ingest.keep(draft) for draft in drafts_of(repo, label, commit, branch))
            ids = [commit for commit, _ in job.commits]
            outcome.kept += sum(ingest.keep(draft) for draft in links_of(repo, label, ingest, ids, job.replaced))
        verdicts.note(job.enrolment, ids, job.replaced, job.dropped)
        if job.entry:
            spool.remove(job.entry)
            outcome.done += 1
        elif job.reached:
            sweep.keep(job.enrolment, job.reached)
    except Exception as error:
        # Whatever it is, the entry stays and the others go on; a bug in one commit must not hold up the rest.
        _failed(job, error, outcome)


def _failed(job: _Job, error: Exception, outcome: Outcome) -> None:
    outcome.troubles.append(f"{job.enrolment.common_dir}: {spool.reason(error)}")
    if job.entry:
        spool.defer(job.entry, spool.reason(error))
