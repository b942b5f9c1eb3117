"""Enrolling a repository and letting it go: the two library calls behind ``capture install`` and ``capture uninstall``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from capture import enrol, spool
from capture.git.run import common_dir, toplevel
from capture.git.walk import walk
from capture.hooks import agents as in_agents
from capture.hooks import placed
from capture.hooks.place import directories_of, place, take_away
from capture.sources.transcript import Agent
from capture.whose import check_outside, module_name
from corpus.errors import BadInput
from corpus.manifest import Manifest
from corpus.names import check
from corpus.redaction.draft import Label
from corpus.redaction.people import remember
from corpus.store import ClusterSettings, add_tenant, init_root, put_cluster
from corpus.xdg import spool_dir


@dataclass(frozen=True, slots=True)
class Installed:
    """What ``install`` left: the enrolment, the directories git takes hooks from, the command baked in (``None``: none was found),
    whether anything changed, and what became of each agent's settings."""

    enrolment: enrol.Enrolment
    hooks: tuple[Path, ...]
    command: Path | None
    changed: bool
    agents: tuple[in_agents.Placement, ...] = ()


def enrolled_as(at: Path, manifest: Manifest | None, *, tenant: str, cluster: str | None, role: str | None, module: str | None) -> Label:
    """The label of a repository's work: what is given, else what its manifest says, else ``contributor`` and the directory's name.

    Raises :class:`Refused` for what is not a name, :class:`BadInput` where neither names a cluster.
    """
    said = cluster if cluster is not None else manifest.cluster if manifest else None
    if said is None:
        raise BadInput("no cluster: give --cluster, or --manifest with a file that names one")
    return Label(
        tenant=check("tenant", tenant),
        cluster=check("cluster", said),
        module_id=check("moduleId", module or (manifest.module if manifest else None) or module_name(at)),
        role=check("role", role if role is not None else (manifest.role if manifest else None) or "contributor"),
        doctrine_version=manifest.doctrine_version if manifest else None,
    )


def install(at: Path, *, root: Path, label: Label, manifest: Manifest | None = None, agents: Iterable[Agent] = ()) -> Installed:
    """Enrol the repository that ``at`` lies in and place its hooks, and those of ``agents``; again is harmless and puts back what was
    overwritten.

    Raises :class:`BadInput` for no repository, :class:`Refused` for another tenant's, or for a root in a work tree that does not ignore it.
    """
    common, tree = common_dir(at), toplevel(at)
    branches = tuple(manifest.branches) if manifest and manifest.branches else None
    check_outside(root, at)
    moved = enrol.moved(common)
    enrolment, changed = enrol.enrol(at, common=common, worktree=tree, root=root, label=label, branches=branches)
    init_root(root)
    add_tenant(root, label.tenant)
    if manifest is not None:
        settings = ClusterSettings.model_validate(manifest.model_dump(exclude={"cluster"}))
        put_cluster(root, label.tenant, label.cluster, settings)
    # Whoever worked here before is known by the time the first commit is read.
    remember(label.tenant, {person for commit in walk(common, (), branches=True) for person in commit.people})
    spool.ensure(spool_dir())
    command = find_command()
    if changed:
        # Before the hooks: an entry of a repository that nobody knows would be turned away.
        enrol.save(enrolment)
        if moved is not None:
            enrol.remove(moved)
    shared = _directories_of(enrol.all_enrolments(), but=common)
    changed = place(at, common, spool=spool_dir(), command=command, shared=shared) or changed
    those = in_agents.place(agents, spool=spool_dir(), command=command)
    return Installed(enrolment, tuple(directories_of(at)), command, changed or any(one.changed for one in those), those)


def uninstall(at: Path) -> tuple[enrol.Enrolment, tuple[in_agents.Placement, ...]]:
    """Take everything of ours out of the repository and forget it; its records stay. Works for a repository that is gone as well. With
    the last one the agents' hooks go; what could not be done is in the list beside the enrolment.

    Raises :class:`BadInput` where nothing is enrolled.
    """
    enrolment = _enrolment_at(at)
    if enrolment is None:
        raise BadInput(f"{at} is not enrolled: nothing to take away")
    common = enrolment.common_dir if enrolment.common_dir.is_dir() else _common_at(at)
    if common is not None:
        take_away(common, shared=_directories_of(enrol.all_enrolments(), but=common))
    enrol.remove(enrolment)
    return enrolment, () if enrol.all_enrolments() else in_agents.take_away()


def find_command() -> Path | None:
    """The installed ``capture``: the one beside this interpreter, else the first on PATH."""
    beside = Path(sys.executable).parent / "capture"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("capture")
    return Path(found).absolute() if found else None


def _enrolment_at(at: Path) -> enrol.Enrolment | None:
    common = _common_at(at)
    if common is not None:
        return enrol.of(common) or enrol.moved(common)
    where = Path(os.path.realpath(at))
    return next((one for one in enrol.all_enrolments() if where in (one.common_dir, one.worktree)), None)


def _common_at(at: Path) -> Path | None:
    try:
        return common_dir(at)
    except BadInput:
        return None


def _directories_of(enrolments: Iterable[enrol.Enrolment], *, but: Path) -> frozenset[Path]:
    return frozenset(directory for one in enrolments if one.common_dir != but for directory in placed.load(one.common_dir).directories)
