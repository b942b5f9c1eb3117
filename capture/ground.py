"""Whose a session is: the tenant of the enrolled repository that its working directory lies in, and what lies around it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from capture import enrol
from capture.enrol import Enrolment
from capture.git.people import people_of
from capture.git.run import common_dir, worktrees
from capture.sources.foreign import Foreign
from capture.whose import Owner
from corpus.errors import BadInput, Failed, Refused, SubstrateError
from corpus.names import check, slug
from corpus.redaction.draft import Label
from corpus.xdg import corpus_root


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a session's records go, the work trees of its repository by every spelling, the trees of other tenants, the ``(name, e-mail)``
    of ``whose`` work it is, and whose names the repository shows: a session may name them before a commit of theirs is captured."""

    owner: Owner
    tops: tuple[str, ...]
    foreign: Foreign
    whose: tuple[tuple[str, str], ...] = ()
    people: frozenset[tuple[str, str]] = frozenset()


class Grounds:
    """Answers for many sessions; enrolments are read once, so make one for each run."""

    def __init__(self) -> None:
        self._enrolments = enrol.all_enrolments()
        self._trees = {one.id: tuple(_trees(one)) for one in self._enrolments}
        self.enrolment = lru_cache(maxsize=4096)(self._enrolment)
        self._foreign = lru_cache(maxsize=64)(self._foreign_to)
        self._people = lru_cache(maxsize=1024)(people_of)

    def _enrolment(self, directory: str | None) -> Enrolment | None:
        """The enrolment of the repository that a directory lies, or lay, in; the innermost one."""
        if not directory or not os.path.isabs(directory):
            return None
        try:
            if os.path.isdir(directory):
                return enrol.find(directory)
        except SubstrateError:
            return None
        # It is gone: what is still known of repositories says whose it was, and an unknown one inside of them left no trace.
        gone = {os.path.normpath(directory), os.path.realpath(directory)}
        found = [(len(tree), one) for one in self._enrolments for tree in self._trees[one.id] for each in gone if _below(each, tree)]
        return max(found, key=lambda one: one[0])[1] if found else None

    def of(self, directory: str | None, *, tenant: str | None, cluster: str | None, root: str | os.PathLike[str] | None) -> Ground:
        """The ground of a session that began in ``directory`` (``None``: it never says).

        Raises :class:`BadInput` where it is neither enrolled nor named whole, :class:`Refused` when it is enrolled to another tenant than
        the one named.
        """
        known = self.enrolment(directory)
        if known is None:
            if tenant is None or cluster is None:
                raise BadInput("its working directory lies in no enrolled repository: name --tenant and --cluster to take it in")
            name = check("tenant", tenant)
            label = Label(name, check("cluster", cluster), slug(os.path.basename(directory or "")), check("role", "contributor"))
            tops = _spelled([directory]) if directory else ()
            return Ground(Owner(corpus_root(root), label), tops, self._foreign(name))
        if tenant is not None and known.label.tenant != tenant:
            raise Refused(f"its working directory is enrolled to tenant {known.label.tenant!r}, not {tenant!r}: leave --tenant out")
        label = known.label
        if cluster is not None and cluster != label.cluster:
            label = Label(label.tenant, check("cluster", cluster), label.module_id, label.role, label.doctrine_version)
        tops = tuple(dict.fromkeys((*self._trees[known.id], *_top_of(directory))))
        whose = tuple(("", address) for address in sorted(known.identity))
        owner = Owner(known.root if root is None else corpus_root(root), label)
        return Ground(owner, tops, self._foreign(label.tenant), whose, self._people(known.common_dir))

    def _foreign_to(self, tenant: str) -> Foreign:
        theirs = [Path(tree) for one in self._enrolments if one.label.tenant != tenant for tree in self._trees[one.id]]
        own = [Path(tree) for one in self._enrolments if one.label.tenant == tenant for tree in self._trees[one.id]]
        return Foreign(theirs, own)


def _trees(one: Enrolment) -> Iterator[str]:
    """Every work tree of an enrolled repository, and the repository itself where it has none of its own."""
    try:
        there = worktrees(one.common_dir)
    except (BadInput, Failed, Refused):  # it is gone, or not ours to look into
        there = []
    known = [one.worktree] if one.worktree is not None else []
    if one.common_dir.name != ".git":
        known.append(one.common_dir)
    yield from _spelled([*known, *there])


def _top_of(directory: str | None) -> tuple[str, ...]:
    """The top of the work tree as the session spells it, where a symbolic link leads there."""
    if directory is None:
        return ()
    here = os.path.normpath(directory)
    try:
        common = common_dir(here)
    except SubstrateError:
        return ()
    while (above := os.path.dirname(here)) != here:
        try:
            if common_dir(above) != common:
                break
        except SubstrateError:
            break
        here = above
    return (here,)


def _spelled(paths: list[Path] | list[str] | list[Path | str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for each in paths for form in (os.path.abspath(each), os.path.realpath(each))))


def _below(path: str, tree: str) -> bool:
    return path == tree or path.startswith(f"{tree}/")
