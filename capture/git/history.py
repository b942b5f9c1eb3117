"""Which commits: revisions, ranges and whole histories as git reads them, each commit with the branch it is counted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.git import run
from capture.git.objects import is_object_id
from capture.git.quote import name_of
from corpus.errors import BadInput, Failed

# What --all adds to branches, remote branches and tags, and nobody means by their history: stashes and notes are no commits of work.
_ALL = [
    "--exclude=refs/stash",
    "--exclude=refs/notes/*",
    "--exclude=refs/replace/*",
    "--exclude=refs/original/*",
    "--ignore-missing",
    "--all",
]
_REV_LIST = ["--no-replace-objects", "rev-list", "--topo-order"]
_DEFAULTS = ("main", "master", "trunk")


@dataclass(frozen=True, slots=True)
class Listed:
    """A commit id, and the name of the first branch that contains it (``None``: only a tag or a detached HEAD does)."""

    id: str
    branch: str | None


def resolve(at: Path | str, revision: str) -> str:
    """The id of the commit that ``revision`` names (gitrevisions(7)). Raises :class:`BadInput` when it names none."""
    trouble = BadInput(f"unknown revision {revision[:80]!r} in {at}: git log shows what there is")
    if revision.startswith("-") or "\0" in revision:
        raise trouble
    try:
        found = run.git(["--no-replace-objects", "rev-parse", "-q", "--verify", f"{revision}^{{commit}}"], cwd=at, ok_codes=(0, 1))
    except Failed as error:
        raise trouble from error
    ident = found.decode("ascii", "replace").strip()
    if not is_object_id(ident):
        raise trouble
    return ident


def is_range(revision: str) -> bool:
    """Whether ``revision`` means several commits (``A..B``, ``A...B``, ``A^!``, ``A^@``, ``A^-``), not one."""
    return ".." in revision or revision.endswith(("^!", "^@")) or "^-" in revision


def rev_list(at: Path | str, revisions: Sequence[str] | None = None) -> Iterator[str]:
    """Ids of the commits in ``revisions`` (ranges and revisions; ``None``: every branch, tag and HEAD), oldest first, parents before
    children, as git finds them. Raises :class:`BadInput` for a revision that is unknown."""
    if revisions is not None:
        for revision in revisions:
            if revision.startswith("-") or "\0" in revision:
                raise BadInput(f"unknown revision {revision[:80]!r} in {at}: git log shows what there is")
    wanted = _ALL if revisions is None else [*revisions, "--"]
    shown = None if revisions is None else " ".join(revisions)[:80]
    yield from _lines(at, [*_REV_LIST, "--reverse", *wanted], shown)


def labelled(at: Path | str, revisions: Sequence[str] | None = None) -> list[Listed]:
    """As :func:`rev_list`, each commit with its branch: the first in a fixed order (the remote's default, main, master, trunk, then
    local branches by name, then remote ones) that contains it. One pass over the history, whatever the number of branches."""
    names, ranks = _branches(at)
    none = len(names)
    wanted = None if revisions is None else set(rev_list(at, revisions))
    found: list[tuple[bytes, int]] = []
    # Children come before parents, so that a commit's rank is final when its line comes.
    for line in _lines(at, [*_REV_LIST, "--parents", *_ALL], None):
        ident, *parents = line.split(" ")
        rank = ranks.pop(ident, none)
        for parent in parents:
            if rank < ranks.get(parent, none):
                ranks[parent] = rank
        if wanted is None:
            found.append((bytes.fromhex(ident), rank))
        elif ident in wanted:
            wanted.discard(ident)
            found.append((bytes.fromhex(ident), rank))
    listed = [Listed(ident.hex(), names[rank] if rank < none else None) for ident, rank in reversed(found)]
    # What a range names and no ref reaches (a commit from a reflog, say): after the rest, in its own order.
    return listed + ([Listed(ident, None) for ident in rev_list(at, revisions) if ident in wanted] if wanted else [])


def current_branch(git_dir: Path) -> str | None:
    """The branch checked out in the work tree of ``git_dir``, or being rebased there; ``None`` when HEAD is detached."""
    try:
        head = (git_dir / "HEAD").read_bytes().strip()
    except OSError as error:
        raise BadInput(f"{git_dir} has no HEAD that can be read: name a git repository") from error
    if head == b"ref: refs/heads/.invalid":  # a reftable repository's stand-in for older gits
        head = b"ref: " + run.git(["symbolic-ref", "-q", "HEAD"], cwd=git_dir, ok_codes=(0, 1)).strip()
    for ref in (
        head.removeprefix(b"ref: "),
        _first_line(git_dir / "rebase-merge/head-name"),
        _first_line(git_dir / "rebase-apply/head-name"),
    ):
        if ref.startswith(b"refs/heads/"):
            return name_of(ref.removeprefix(b"refs/heads/"))
    return None


def _first_line(path: Path) -> bytes:
    try:
        return path.read_bytes().partition(b"\n")[0]
    except OSError:
        return b""


def _branches(at: Path | str) -> tuple[list[str], dict[str, int]]:
    """Branch names in their order, and the rank of the first that each tip bears."""
    out = run.git(["for-each-ref", "--format=%(objectname) %(symref) %(refname)", "refs/heads", "refs/remotes"], cwd=at)
    tips: list[tuple[bool, bytes, str]] = []
    defaults: list[bytes] = [name.encode() for name in _DEFAULTS]
    for line in out.splitlines():
        ident, symref, ref = line.split(b" ", 2)
        remote = ref.startswith(b"refs/remotes/")
        name = _short(ref)
        if remote and name == b"HEAD":
            if symref and _short(symref) not in defaults[: -len(_DEFAULTS)]:
                defaults.insert(0, _short(symref))
        elif not symref:
            tips.append((remote, name, ident.decode()))
    place = {name: number for number, name in reversed(list(enumerate(defaults)))}
    tips.sort(key=lambda tip: (place.get(tip[1], len(defaults)), *tip))
    ranks: dict[str, int] = {}
    for rank, (_, _, tip) in enumerate(tips):
        ranks.setdefault(tip, rank)
    return [name_of(name) for _, name, _ in tips], ranks


def _short(ref: bytes) -> bytes:
    """``refs/heads/a/b`` -> ``a/b``; ``refs/remotes/origin/a/b`` -> ``a/b``."""
    return ref.split(b"/", 3 if ref.startswith(b"refs/remotes/") else 2)[-1]


def _lines(at: Path | str, args: Sequence[str], shown: str | None) -> Iterator[str]:
    """``shown`` is what the user named, ``None`` for the whole history."""
    process = run.start(args, cwd=at)
    assert process.stdout  # noqa: S101 - started with a pipe
    whole = False
    try:
        for line in process.stdout:
            yield line.decode("ascii", "replace").rstrip("\n")
        whole = True
    finally:
        process.stdout.close()
        status = process.wait()
    if whole and status:
        if shown is None:
            raise BadInput(f"git cannot list the history of {at}: a branch leads to what is missing or damaged; git fsck says which")
        raise BadInput(f"git cannot list {shown!r} in {at}: an unknown revision, or one that leads to what is missing (git fsck)")
