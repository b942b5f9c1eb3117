"""Whose work it is when a person asks: the enrolled repository's tenant, or the one named on the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from capture import enrol
from capture.git.run import common_dir
from corpus.errors import BadInput, Refused
from corpus.names import check, slug
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
    than the one named.
    """
    common = common_dir(at)
    known = enrol.of(common)
    if known and tenant and known.label.tenant != tenant:
        raise Refused(f"{at} is enrolled to tenant {known.label.tenant!r}, not {tenant!r}: leave --tenant out")
    if known:
        label = known.label
        if cluster and cluster != label.cluster:
            label = Label(label.tenant, check("cluster", cluster), label.module_id, label.role, label.doctrine_version)
        return Owner(corpus_root(root) if root else known.root, label)
    if not tenant or not cluster:
        raise BadInput(f"{at} is not enrolled: name --tenant and --cluster, or run 'capture install' there")
    home = common.parent if common.name == ".git" else common
    label = Label(check("tenant", tenant), check("cluster", cluster), slug(home.name.removesuffix(".git")), check("role", "contributor"))
    return Owner(corpus_root(root), label)
