"""Opening a repository: libgit2 where it can, git itself where libgit2 cannot, one clear line where neither can."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from capture.git import run
from capture.git.objects import Change, CommitInfo
from corpus.errors import BadInput, Failed, Refused


class Repository(Protocol):
    """Objects of one repository, by id. Nothing is ever fetched, and no blob is read but by :meth:`blob`."""

    backend: Literal["pygit2", "git"]
    git_dir: Path

    def commit(self, ident: str) -> CommitInfo:
        """The commit ``ident`` (hex). Raises :class:`Missing` when there is no such commit here."""
        ...

    def changes(self, commit: CommitInfo) -> list[Change]:
        """What ``commit`` changed against its first parent, or the empty tree for a root, sorted by path as git sorts trees; renames
        and copies found (:mod:`capture.git.renames`). Raises :class:`Missing` when a tree, or the parent itself, is not here."""
        ...

    def size(self, blob: str) -> int:
        """Bytes of ``blob``, without reading it. Raises :class:`Missing`."""
        ...

    def blob(self, blob: str) -> bytes:
        """The content of ``blob``. Raises :class:`Missing`."""
        ...

    def close(self) -> None:
        """Free what it holds; it is not used afterwards. Closing twice is harmless."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_repository(path: str | os.PathLike[str]) -> Repository:
    """The repository that ``path`` (a work tree, a directory below it, or a git directory) belongs to.

    Raises :class:`BadInput` when there is none or neither libgit2 nor git can read its format, and :class:`Refused` when git does not
    trust its owner (``safe.directory``).
    """
    where = os.path.abspath(path)
    if not os.path.isdir(where):
        raise BadInput(f"{where} is not a directory: name a git repository")
    from capture.git.libgit2 import Libgit2Repository

    opened = Libgit2Repository.open(where)
    if opened is not None:
        return opened
    from capture.git.plumbing import PlumbingRepository

    try:
        return PlumbingRepository(run.git_dir(where), run.common_dir(where), _object_format(where))
    except (BadInput, Refused):
        raise
    except Failed as error:
        raise BadInput(f"neither libgit2 nor the installed git can read the repository at {where}: a newer git may") from error


def _object_format(where: str) -> str:
    return run.git(["rev-parse", "--show-object-format"], cwd=where).decode("ascii", "replace").strip()
