"""What ``capture status`` says: each hook proven, and what waits, failed or stands still."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from capture import enrol, spool
from capture.hooks import placed, shell
from capture.hooks.install import find_command
from capture.hooks.place import directories_of
from capture.hooks.prove import Proof, prove
from corpus.errors import BadInput
from corpus.xdg import spool_dir


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one repository and of the spool it shares with the others; ``troubles`` is empty when all is well.

    ``last_drain`` is in seconds since the epoch; ``waiting`` counts entries, among them those that failed and are tried again.
    """

    enrolment: enrol.Enrolment
    proofs: tuple[Proof, ...]
    paused: bool
    waiting: int
    retrying: tuple[spool.Failure, ...]
    failed: tuple[spool.Failure, ...]
    last_drain: float | None
    drainer: int | None
    command: Path | None
    troubles: tuple[str, ...]


def report(at: Path) -> Report:
    """Look at the repository ``at`` and trigger its hooks. Raises :class:`BadInput` where it is not enrolled."""
    enrolment = enrol.find(at)
    if enrolment is None:
        raise BadInput(f"{at} is not enrolled: run 'capture install' there first")
    common, where = enrolment.common_dir, spool_dir()
    proofs = tuple(proof for directory in directories_of(placed.load(common), at) for proof in prove(directory))
    command = find_command()
    failed = tuple(spool.failures(where))
    troubles = [f"{proof.path}: {proof.trouble}" for proof in proofs if not proof.proven]
    if _read(placed.record_file(common)) != shell.record(where, command):
        troubles.append(f"{placed.record_file(common)} is not what it should be: run 'capture install' again")
    if command is None:
        troubles.append("no 'capture' command was found: install it, or put it on PATH")
    if not where.is_dir():
        troubles.append(f"{where} is missing: run 'capture install' again")
    if failed:
        troubles.append(f"{len(failed)} failed for good: mend the cause, then 'capture status --retry'")
    return Report(
        enrolment=enrolment,
        proofs=proofs,
        paused=spool.paused(where) or placed.pause_file(common).exists(),
        waiting=len(spool.entries(where)),
        retrying=tuple(spool.retrying(where)),
        failed=failed,
        last_drain=spool.last_drain(where),
        drainer=spool.drainer(where),
        command=command,
        troubles=tuple(troubles),
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
