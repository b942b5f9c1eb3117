"""The backend for most repositories: libgit2, in this process. It knows no partial clones, so it can never be made to fetch."""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import pygit2
from pygit2.enums import DiffOption, ObjectType

from capture.git import renames
from capture.git.objects import GITLINK, SYMLINK, Change, CommitInfo, Missing, change, is_object_id, parse_commit

# Mapped packs count as resident memory; libgit2's own limits (8 GiB mapped, 256 MiB of objects cached) are for servers.
_MAPPED = 256 << 20
_CACHED = 32 << 20
# As git reads packs: their checksums are for fsck. Hashing every object again took an eighth of the time of a history.
_TREES = 4096
_settings_made = False


def _settle() -> None:
    global _settings_made
    if not _settings_made:
        pygit2.settings.mwindow_mapped_limit = _MAPPED
        pygit2.settings.cache_max_size(_CACHED)
        pygit2.settings.enable_strict_hash_verification(False)
        _settings_made = True


@lru_cache(maxsize=64)
def _mode(stored: int) -> str:
    """A tree entry's mode as git reads it (object.h, ``canon_mode``): old histories hold ``100664``."""
    if stat.S_ISREG(stored):
        return "100755" if stored & stat.S_IXUSR else "100644"
    return SYMLINK if stat.S_ISLNK(stored) else GITLINK


class Libgit2Repository:
    """See :class:`capture.git.repository.Repository`."""

    backend: Literal["pygit2", "git"] = "pygit2"

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._odb = repository.odb
        self._trees: dict[str, str] = {}
        self.git_dir = Path(repository.path)

    @classmethod
    def open(cls, path: str) -> Self | None:
        """The repository at or above ``path``; ``None`` when libgit2 finds none or will not open it (git has the last word)."""
        _settle()
        try:
            found = pygit2.discover_repository(path)
            return cls(pygit2.Repository(found)) if found else None
        except (pygit2.GitError, KeyError, ValueError):
            return None

    def commit(self, ident: str) -> CommitInfo:
        commit = parse_commit(ident, self._read(ident, ObjectType.COMMIT))
        # A history comes parents first, and each is asked for its tree again right after.
        if len(self._trees) > _TREES:
            self._trees.clear()
        self._trees[ident] = commit.tree
        return commit

    def changes(self, commit: CommitInfo) -> list[Change]:
        flags = DiffOption.INCLUDE_TYPECHANGE | DiffOption.SKIP_BINARY_CHECK
        try:
            tree = self._tree(commit.tree)
            if commit.parents:
                diff = self._tree(self._tree_of(commit.parents[0])).diff_to_tree(tree, flags)
            else:
                diff = tree.diff_to_tree(flags=flags, swap=True)
            found = []
            for delta in diff.deltas:
                old, new = delta.old_file, delta.new_file
                before = (_mode(old.mode), str(old.id)) if old.mode else None
                after = (_mode(new.mode), str(new.id)) if new.mode else None
                if before != after:
                    found.append(change(new.raw_path, before, after))
        except (KeyError, pygit2.GitError) as error:
            raise Missing(commit.id) from error
        return renames.find(found, self.size, self.blob)

    def size(self, blob: str) -> int:
        try:
            size: int = self._odb.read_header(blob)[1]
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise Missing(blob) from error
        return size

    def blob(self, blob: str) -> bytes:
        return self._read(blob, ObjectType.BLOB)

    def close(self) -> None:
        self._repository.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self, ident: str, kind: ObjectType) -> bytes:
        # The bytes themselves: libgit2's commit objects leave out the parents of a shallow boundary and refuse odd signatures.
        if not is_object_id(ident):  # libgit2 would also take the beginning of an id
            raise Missing(ident)
        try:
            found, data = self._repository.read(ident)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise Missing(ident) from error
        if found != kind:
            raise Missing(ident)
        return bytes(data)

    def _tree_of(self, ident: str) -> str:
        return self._trees.get(ident) or self.commit(ident).tree

    def _tree(self, ident: str) -> pygit2.Tree:
        try:
            tree = self._repository[ident] if is_object_id(ident) else None
        except (KeyError, pygit2.GitError) as error:
            raise Missing(ident) from error
        if not isinstance(tree, pygit2.Tree):
            raise Missing(ident)
        return tree
