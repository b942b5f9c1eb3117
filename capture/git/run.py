"""The one way this suite runs git: a clean environment, no network, and failures that are one line.

Sources: git(1) for the environment variables, gitrepository-layout(5) for the names of directories.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from corpus.errors import BadInput, Failed, Refused

Arg = str | bytes | os.PathLike[str]

# These three name configuration, not a repository: a user who set them sees hooks and identities through them.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
_SET = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment git runs in: ours without inherited ``GIT_*`` (a hook's point at its own repository), plus ``extra``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return {**clean, **_SET, **(extra or {})}


def git(
    args: Sequence[Arg],
    *,
    cwd: Path | str,
    input: bytes | None = None,  # noqa: A002 - the name subprocess gives it
    check: bool = True,
    ok_codes: Sequence[int] = (0,),
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run ``git ARGS`` in ``cwd`` and return its standard output.

    ``env`` adds to the environment. Raises :class:`BadInput` (git or ``cwd`` missing, not a repository), :class:`Refused`
    (``safe.directory``), and, where ``check``, :class:`Failed` for an exit status outside ``ok_codes``. What git wrote to
    standard error is never quoted: it may hold content.
    """
    stdin: dict[str, object] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    try:
        done = subprocess.run(["git", *args], cwd=cwd, capture_output=True, env=environment(env), **stdin)  # type: ignore[call-overload]
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_started(cwd) from error
    if done.returncode not in ok_codes:
        _known_trouble(done.stderr, cwd)
        if check:
            verb = next((arg for arg in map(os.fsdecode, args) if not arg.startswith("-")), "")
            raise Failed(f"git {verb} ended with {done.returncode} in {os.fspath(cwd)}: run it there to see why")
    out: bytes = done.stdout
    return out


def start(args: Sequence[Arg], *, cwd: Path | str, stdin: int | IO[bytes] | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start ``git ARGS`` with standard output as a pipe (``stdin=subprocess.PIPE`` for both ways); its standard error is dropped.

    Raises :class:`BadInput` when git or ``cwd`` is missing.
    """
    try:
        return subprocess.Popen(["git", *args], cwd=cwd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment())
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise _not_started(cwd) from error


def _not_started(cwd: Path | str) -> BadInput:
    if os.path.isdir(cwd):
        return BadInput("git was not found on PATH: install git 2.30 or newer")
    return BadInput(f"{os.fspath(cwd)} is not a directory: name a git repository")


def _known_trouble(stderr: bytes, cwd: Path | str) -> None:
    if b"dubious ownership" in stderr or b"unsafe repository" in stderr:
        where = os.path.abspath(cwd)
        raise Refused(f"git does not trust {where}, which someone else owns: git config --global --add safe.directory {where}")
    if b"not a git repository" in stderr:
        raise BadInput(f"{os.fspath(cwd)} is not a git repository: name one, or run git init there")


def _path(args: Sequence[str], at: Path | str) -> Path:
    """One path that ``git rev-parse`` printed, made absolute against ``at`` (``--path-format`` is newer than git 2.30)."""
    printed = git(["rev-parse", *args], cwd=at).removesuffix(b"\n")
    return Path(os.path.abspath(os.path.join(os.path.abspath(at), os.fsdecode(printed))))


def git_dir(at: Path | str) -> Path:
    """The git directory of the work tree that ``at`` lies in, absolute; a linked work tree has its own below the common one."""
    return _path(["--absolute-git-dir"], at)


def common_dir(at: Path | str) -> Path:
    """What all work trees of a repository share, absolute and free of symbolic links: it is what a repository is known by."""
    return Path(os.path.realpath(_path(["--git-common-dir"], at)))


def toplevel(at: Path | str) -> Path | None:
    """The root of the work tree that ``at`` lies in; ``None`` in a bare repository or inside a git directory."""
    if git(["rev-parse", "--is-inside-work-tree"], cwd=at).strip() != b"true":
        return None
    return _path(["--show-toplevel"], at)


def hooks_dir(at: Path | str) -> Path:
    """The directory git takes hooks from, absolute: ``core.hooksPath`` as git reads it, relative to where hooks run."""
    # Asked from where hooks run: git prints a relative core.hooksPath as it stands, whatever the directory below.
    return _path(["--git-path", "hooks"], toplevel(at) or git_dir(at))


def worktrees(at: Path | str) -> list[Path]:
    """The roots of all work trees of a repository that still exist, the main one first; a bare repository lists none of its own."""
    found: list[Path] = []
    bare = False
    root = Path()
    for line in [*git(["worktree", "list", "--porcelain"], cwd=at).split(b"\n")]:
        if line.startswith(b"worktree "):
            root, bare = Path(os.fsdecode(line.removeprefix(b"worktree "))), False
        elif line == b"bare":
            bare = True
        elif not line and root.parts and not bare and (root / ".git").exists():
            found.append(root)
            root = Path()
    return found
