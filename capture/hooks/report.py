"""What ``capture status`` says: each hook proven, and what waits, failed or stands still."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from capture import enrol, refused, spool, withheld
from capture.hooks import placed, shell
from capture.hooks.place import directories_of
from capture.hooks.prove import Proof, prove
from corpus.errors import BadInput
from corpus.xdg import spool_dir


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one repository and of the spool it shares with the others; ``troubles`` is empty when all is well.

    ``command`` is the one baked into the hooks. ``last_drain`` is in seconds since the epoch; ``waiting`` counts entries, among them
    those that failed and are tried again. ``withheld`` are records that the second pass withheld, of every repository; ``refused`` counts
    how often the tenant's tombstones were met.
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
    withheld: tuple[withheld.Note, ...]
    refused: int
    troubles: tuple[str, ...]


def report(at: Path) -> Report:
    """Look at the repository ``at`` and trigger its hooks. Raises :class:`BadInput` where it is not enrolled."""
    enrolment = enrol.find(at)
    if enrolment is None:
        raise BadInput(f"{at} is not enrolled: run 'capture install' there first")
    common, where = enrolment.common_dir, spool_dir()
    proofs = tuple(proof for directory in directories_of(at) for proof in prove(directory))
    record = _read(placed.record_file(common))
    command = shell.command_in(record)
    failed = tuple(spool.failures(where))
    troubles = [f"{proof.path}: {proof.trouble}" for proof in proofs if not proof.proven]
    if record != shell.record(where, command):
        troubles.append(f"{placed.record_file(common)} is not what it should be: run 'capture install' again")
    elif not ((command and os.access(command, os.X_OK)) or shutil.which("capture")):
        troubles.append(f"{command or 'capture'} is missing: install it again, or run 'capture install' with the one there is")
    if not where.is_dir():
        troubles.append(f"{where} is missing: run 'capture install' again")
    elif not os.access(where, os.W_OK):
        troubles.append(f"{where} cannot be written, so hooks leave nothing there: mend its mode or its disk")
    if not os.access(enrolment.root, os.W_OK):
        troubles.append(f"{enrolment.root} cannot be written, so nothing is kept: mend its mode or its disk")
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
        withheld=withheld.notes(),
        refused=refused.counted(enrolment.label.tenant),
        troubles=tuple(troubles),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
