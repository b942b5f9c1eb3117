"""Walking history: which commits some refs reach that others do not, with just enough of each to say whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from capture.git.run import git

# Plumbing, so that no configuration of the user's changes what is printed. %ce, %an, %ae: as written, before any mailmap.
_FORMAT = "%H%x00%P%x00%ce%x00%an%x00%ae%x00%ad%x00%cn%x01"


@dataclass(frozen=True, slots=True)
class Walked:
    """One commit on the way: ``author`` is name, e-mail and date, the same before and after a rebase. ``people`` are the
    ``(name, e-mail)`` of author and committer."""

    id: str
    parents: tuple[str, ...]
    committer_email: str
    author: tuple[str, str, str]
    people: tuple[tuple[str, str], tuple[str, str]]


def walk(repository: Path, wanted: Iterable[str], unwanted: Iterable[str] = (), *, branches: bool = False) -> Iterator[Walked]:
    """The commits reachable from ``wanted`` (and every branch and HEAD, with ``branches``) but not from ``unwanted``, parents first.

    Ids that are no longer there are passed over. Raises what :func:`capture.git.run.git` raises.
    """
    tips = "".join(f"{tip}\n" for tip in wanted)
    if not tips and not branches:
        return
    stdin = tips + "".join(f"^{tip}\n" for tip in unwanted)
    args = ["rev-list", "--stdin", "--ignore-missing", "--topo-order", "--reverse", "--date=raw", f"--format={_FORMAT}"]
    if branches:
        args += ["--branches"] + (["HEAD"] if git(["rev-parse", "-q", "--verify", "HEAD^{commit}"], cwd=repository, ok_codes=(0, 1)) else [])
    for block in git(args, cwd=repository, input=stdin.encode()).split(b"\x01\n")[:-1]:
        # Each block begins with a "commit <id>" line of rev-list's own.
        fields = block.split(b"\n", 1)[1].decode("utf-8", "replace").split("\x00")
        ident, parents, committer_email, author_name, author_email, date, committer_name = fields
        yield Walked(
            ident,
            tuple(parents.split()),
            committer_email,
            (author_name, author_email, date),
            ((author_name, author_email), (committer_name, committer_email)),
        )
