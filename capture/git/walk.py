"""Walking history: which commits some refs reach that others do not, with just enough of each to say whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from capture.git.run import git

# Plumbing, so that no configuration of the user's changes what is printed. %ce, %an, %ae: as written, before any mailmap.
_FORMAT = "%H%x00%P%x00%ce%x00%an%x00%ae%x00%ad%x00%cn%x00%ct%x00%s%x01"


@dataclass(frozen=True, slots=True)
class Walked:
    """One commit on the way: ``origin`` is the author's name, e-mail and date and the subject, the same before and after a
    rebase. ``people`` are the ``(name, e-mail)`` of author and committer. ``seconds`` since 1970, when it was committed."""

    id: str
    parents: tuple[str, ...]
    committer_email: str
    origin: tuple[str, str, str, str]
    people: tuple[tuple[str, str], tuple[str, str]]
    seconds: int


def walk(
    repository: Path, wanted: Iterable[str], unwanted: Iterable[str] = (), *, branches: bool = False, alone: bool = False
) -> Iterator[Walked]:
    """The commits reachable from ``wanted`` (and every branch and HEAD, with ``branches``) but not from ``unwanted``, parents first.

    With ``alone`` just those in ``wanted``, in that order. Ids that are no longer there are passed over. Raises what
    :func:`capture.git.run.git` raises.
    """
    tips = "".join(f"{tip}\n" for tip in wanted)
    if not tips and not branches:
        return
    stdin = tips + "".join(f"^{tip}\n" for tip in unwanted)
    order = ["--no-walk=unsorted"] if alone else ["--topo-order", "--reverse"]
    args = ["rev-list", "--stdin", "--ignore-missing", *order, "--date=raw", f"--format={_FORMAT}"]
    if branches:
        args += ["--branches"] + (
            ["HEAD"] if git(["rev-parse", "-q", "--verify", "HEAD^{commit}"], cwd=repository, ok_codes=(0, 1)) else []
        )
    for block in git(args, cwd=repository, input=stdin.encode()).split(b"\x01\n")[:-1]:
        # Each block begins with a "commit <id>" line of rev-list's own.
        fields = block.split(b"\n", 1)[1].decode("utf-8", "replace").split("\x00")
        ident, parents, committer_email, author_name, author_email, date, committer_name, seconds, subject = fields
        yield Walked(
            ident,
            tuple(parents.split()),
            committer_email,
            (author_name, author_email, date, subject),
            ((author_name, author_email), (committer_name, committer_email)),
            int(seconds or 0),
        )
