"""The backend for what libgit2 cannot open (SHA-256, odd extensions): git's plumbing, in processes that live as long as it does.

They run on a stand-in git directory that shares nothing with the real one but its objects. It names no remote, so a partial
clone's missing blob is missing and no git of any version can fetch it; and no configuration, replacement, graft or shallow file of
the real one changes what is read.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from capture.git import renames
from capture.git.objects import NO_MODE, Change, CommitInfo, Missing, change, is_object_id, parse_commit
from capture.git.process import Process

# diff-tree writes out what it has when it reads a line that is no object, and echoes that line (builtin/diff-tree.c).
_FENCE = b"done"
# The empty tree is known to git whether or not it is stored (object-file.c, ``empty_tree_oid``).
_EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_DIFF_TREE = ["diff-tree", "--stdin", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none"]


class PlumbingRepository:
    """See :class:`capture.git.repository.Repository`."""

    backend: Literal["pygit2", "git"] = "git"

    def __init__(self, git_dir: Path, common_dir: Path, object_format: str) -> None:
        self.git_dir = git_dir
        self._empty_tree = _EMPTY_TREE[object_format]
        self._directory = tempfile.TemporaryDirectory(prefix="capture-git-")
        stand_in = Path(self._directory.name)
        _make_stand_in(stand_in, common_dir / "objects", object_format)
        at = f"--git-dir={stand_in}"
        self._sizes = Process(stand_in, [at, "cat-file", "--batch-check"])
        self._contents = Process(stand_in, [at, "cat-file", "--batch"])
        self._trees = Process(stand_in, [at, *_DIFF_TREE])

    def commit(self, ident: str) -> CommitInfo:
        return parse_commit(ident, self._read(ident, b"commit"))

    def changes(self, commit: CommitInfo) -> list[Change]:
        old = self.commit(commit.parents[0]).tree if commit.parents else self._empty_tree
        # diff-tree only complains on standard error about a tree that it does not find, and answers nothing.
        for tree in (old, commit.tree):
            if tree != self._empty_tree:
                self._header(self._sizes, tree, b"tree")
        self._trees.ask(f"{old} {commit.tree}".encode())
        self._trees.ask(_FENCE)
        self._trees.line()
        answer = b""
        # Fields alternate: modes, ids and status, then a path; the fence stands where modes would.
        while not (answer.endswith(_FENCE + b"\n") and answer.count(b"\0") % 2 == 0):
            answer += self._trees.some()
        fields = answer.split(b"\0")
        found = [_change(fields[at], fields[at + 1]) for at in range(0, len(fields) - 1, 2)]
        return renames.find(found, self.size, self.blob)

    def size(self, blob: str) -> int:
        return self._header(self._sizes, blob, b"blob")

    def blob(self, blob: str) -> bytes:
        return self._read(blob, b"blob")

    def close(self) -> None:
        for process in (self._sizes, self._contents, self._trees):
            process.close()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _header(self, process: Process, ident: str, kind: bytes) -> int:
        """The size in the answer ``<id> <type> <size>`` (git-cat-file(1), batch output)."""
        if not is_object_id(ident):
            raise Missing(ident)
        process.ask(ident.encode())
        answer = process.line().split(b" ")
        if len(answer) != 3 or answer[1] != kind:
            raise Missing(ident)
        return int(answer[2])

    def _read(self, ident: str, kind: bytes) -> bytes:
        # Asked for its size first: what is not of the kind must not be read, however large.
        self._header(self._sizes, ident, kind)
        size = self._header(self._contents, ident, kind)
        return self._contents.exactly(size + 1)[:-1]


def _make_stand_in(at: Path, objects: Path, object_format: str) -> None:
    """What git needs to take ``at`` for a git directory (gitrepository-layout), with the objects of another."""
    (at / "refs").mkdir()
    os.symlink(objects, at / "objects")
    (at / "HEAD").write_text("ref: refs/heads/none\n")
    version, extension = (0, "") if object_format == "sha1" else (1, f"[extensions]\n\tobjectformat = {object_format}\n")
    (at / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}")


def _change(meta: bytes, path: bytes) -> Change:
    """Read ``:<mode> <mode> <id> <id> <status>`` (gitformat of ``--raw``, git-diff-tree(1))."""
    old_mode, mode, old_id, new_id, _ = meta.lstrip(b":").decode("ascii").split(" ")
    return change(path, None if old_mode == NO_MODE else (old_mode, old_id), None if mode == NO_MODE else (mode, new_id))
