"""Whose work it is when a person asks: the enrolled repository's tenant, or the one named on the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from capture import enrol
from capture.git.run import common_dir, git, toplevel, worktrees
from corpus.errors import BadInput, Refused
from corpus.names import Name, check, slug
from corpus.redaction.draft import Label
from corpus.xdg import corpus_root


@dataclass(frozen=True, slots=True)
class Owner:
    """Where records go and how they are labelled."""

    root: Path
    label: Label


def whose(at: Path, *, tenant: str | None, cluster: str | None, root: str | os.PathLike[str] | None) -> Owner:
    """The owner of work in the repository at ``at``.

    Raises :class:`BadInput` where it is neither enrolled nor named whole, :class:`Refused` when it is enrolled to another tenant
    than the one named, or when ``root`` lies where git would publish it.
    """
    common = common_dir(at)
    known = enrol.of(common)
    where = corpus_root(root)
    check_outside(where, at)
    if known and tenant is not None and known.label.tenant != tenant:
        raise Refused(f"{at} is enrolled to tenant {known.label.tenant!r}, not {tenant!r}: leave --tenant out")
    if known:
        label = known.label
        if cluster is not None and cluster != label.cluster:
            label = Label(label.tenant, check("cluster", cluster), label.module_id, label.role, label.doctrine_version)
        return Owner(known.root if root is None else where, label)
    if tenant is None or cluster is None:
        raise BadInput(f"{at} is not enrolled: name --tenant and --cluster, or run 'capture install' there")
    label = Label(check("tenant", tenant), check("cluster", cluster), module_name(at), check("role", "contributor"))
    return Owner(where, label)


def module_name(at: Path) -> Name:
    """What a repository's module is called where nobody says: by its directory, the bare ``name.git`` without its ending."""
    common = common_dir(at)
    top = next(iter(worktrees(at)), None) or toplevel(at)
    if top is None:
        top = common.parent if common.name == ".git" else common.with_suffix("")
    return slug(top.name)


def check_outside(root: Path, at: Path) -> None:
    """Refuse a root inside a work tree of the repository at ``at`` that would show it as new files, one ``git add`` away from being
    published. Raises :class:`Refused`."""
    tree = toplevel(at)
    for work in dict.fromkeys([*([tree] if tree else []), *worktrees(at)]):
        real, top = Path(os.path.realpath(root)), Path(os.path.realpath(work))
        if not real.is_relative_to(top) or real.is_relative_to(common_dir(top)):
            continue
        if not git(["check-ignore", "--", os.fspath(real.relative_to(top) / "root.toml")], cwd=top, ok_codes=(0, 1)):
            raise Refused(
                f"{root} lies inside the work tree {work}, which does not ignore it: choose another --root, or add it to .gitignore"
            )
