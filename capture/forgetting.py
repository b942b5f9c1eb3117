"""Forgetting on request: what waits in the spool is taken in first, so that it is found, and nothing is captured meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from capture import drain, forgotten, quiet
from corpus.errors import BadInput, Failed
from corpus.forgetting import lifting, query, retention, run
from corpus.forgetting.run import Done, Plan
from corpus.redaction.subject import known_as
from corpus.store import Corpus, tenant_settings
from corpus.xdg import spool_dir


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks to forget: somebody, what meets conditions, single records, or with ``expired`` what is past its days."""

    root: Path
    tenant: str
    subject: str | None = None
    where: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    expired: bool = False
    opt_out: bool = False
    keep_builds: bool = False


def look(request: Request) -> Plan:
    """What forgetting would take out; nothing is changed. Raises :class:`BadInput` for a request that is none."""
    with Corpus.open(request.root, request.tenant) as corpus:
        return _plan(corpus, request)


def forget(request: Request, agreed: Callable[[Plan], bool]) -> tuple[Plan, Done] | None:
    """Forget, once ``agreed`` says yes to what would go; ``None`` where it says no.

    Raises :class:`corpus.errors.Refused` under a legal hold, :class:`Failed` while a drainer is at work.
    """
    with Corpus.open(request.root, request.tenant) as corpus:
        corpus.check_holds()
        # Whatever cannot be taken in stays where it is, and 'capture status' tells of it.
        drain.drain(spool_dir(), sweeping=False, by_hand=True, wait=quiet.PATIENCE)
        plan = _plan(corpus, request)
        if not agreed(plan):
            return None
        wanted = plan.wanted
        try:
            with drain.lock(spool_dir(), wait=quiet.PATIENCE):
                done = Done(unread=forgotten.finish(spool_dir(), corpus))
                while True:
                    _add(done, forgotten.carry_through(spool_dir(), corpus, wanted))
                    # Whoever writes without the spool's lock may have come between.
                    if request.ids or not (again := _plan(corpus, request)).meant:
                        return plan, done
                    wanted = again.wanted
        except Timeout as error:
            raise _at_work() from error


def lift(request: Request) -> int:
    """Lift the tombstones of a person or of single records; returns how many. The next capture brings back what it finds."""
    with Corpus.open(request.root, request.tenant) as corpus:
        try:
            # What an import or a killed run began would take out again, later, what is brought back now.
            with drain.lock(spool_dir(), wait=quiet.PATIENCE):
                forgotten.finish(spool_dir(), corpus)
        except Timeout as error:
            raise _at_work() from error
        if request.subject is not None:
            return corpus.lift(lifting.of_subject(corpus, known_as(corpus.tenant, request.subject)))
        return corpus.lift(lifting.of_ids(corpus, request.ids))


def _at_work() -> Failed:
    return Failed("a drain is at work in the spool: try again when it is done (see 'capture status')")


def _plan(corpus: Corpus, request: Request) -> Plan:
    if not request.expired:
        asked = query.parse(corpus.tenant, request.subject, request.where, request.ids)
        return run.plan(corpus, asked, opt_out=request.opt_out, keep_builds=request.keep_builds)
    days = tenant_settings(request.root, request.tenant).retention
    if not days:
        raise BadInput(f"tenant {request.tenant} keeps everything: name days under [retention] in {corpus.path / 'tenant.toml'}")
    return run.plan_of_keys(corpus, retention.expired(corpus, days), keep_builds=request.keep_builds)


def _add(done: Done, more: Done) -> None:
    done.records += more.records
    done.builds += more.builds
    done.unread = list(dict.fromkeys([*done.unread, *more.unread]))
