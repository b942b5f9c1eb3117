"""A hooks directory of ours before the repository's own: for one that may not be written into, or holds what is no shell file.

Such are a directory that is tracked, a read-only one, a hook in Python, a binary, a link, a hook switched off. Each stays as it
is, under its own name: its ``$0``, arguments, input, output and status are what they were, for our hook becomes it by ``exec``.
``core.hooksPath`` of the repository names our directory while it is enrolled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import replace
from pathlib import Path

from capture.git.run import git, git_dir, toplevel
from capture.hooks import shell
from capture.hooks.placed import Front, folder, write

# githooks(5), those a work tree's own commands run. A server's are only forwarded where they exist: some change what git does by existing.
FORWARDED = (
    *shell.HOOKS,
    *("applypatch-msg", "pre-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "pre-rebase"),
    *("post-checkout", "pre-push", "pre-auto-gc", "sendemail-validate"),
)


def design(at: Path, common: Path) -> Front:
    """The front a repository needs, before anything is written."""
    scope, original = _hooks_path(at, common)
    config = git_dir(at) / "config.worktree" if scope == "worktree" else common / "config"
    before = git(["config", "-f", config, "--get", "core.hooksPath"], cwd=common, ok_codes=(0, 1)).removesuffix(b"\n")
    return Front(folder(common) / "hooks", original, config, os.fsdecode(before) if before else None, "")


def build(front: Front, at: Path) -> bool:
    """Write the forwarders of ``front``; ``False`` when all are there. ``at`` is where hooks run."""
    original = (toplevel(at) or git_dir(at)) / front.original
    wanted = dict.fromkeys(FORWARDED)
    with contextlib.suppress(OSError):
        wanted.update((name, None) for name in sorted(os.listdir(original)) if _is_hook(original / name))
    front.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed = [write(front.directory / name, shell.forwarder(name, front.original / name), 0o755) for name in wanted]
    extra = set(os.listdir(front.directory)) - set(wanted)
    for name in extra:
        (front.directory / name).unlink()
    return any(changed) or bool(extra)


def switch_on(front: Front) -> Front:
    """Make ``core.hooksPath`` name the front's directory, keeping the configuration as it was beside it."""
    write(_backup(front), front.config.read_bytes() if front.config.exists() else b"", 0o600)
    git(["config", "-f", front.config, "--replace-all", "core.hooksPath", front.directory], cwd=front.config.parent)
    return replace(front, written=hashlib.sha256(front.config.read_bytes()).hexdigest())


def moved(front: Front, common: Path) -> Front:
    """What ``front`` is since its repository lies at ``common``: ``core.hooksPath``, which named it where it was, names it there."""
    old = front.directory.parents[1]
    directory, original, config = (
        common / path.relative_to(old) if path.is_relative_to(old) else path for path in (front.directory, front.original, front.config)
    )
    here = replace(front, directory=directory, original=original, config=config)
    named = git(["config", "-f", config, "--get", "core.hooksPath"], cwd=common, ok_codes=(0, 1))
    if named.removesuffix(b"\n") != os.fsencode(front.directory):
        return here
    git(["config", "-f", config, "--replace-all", "core.hooksPath", directory], cwd=common)
    return replace(here, written=hashlib.sha256(config.read_bytes()).hexdigest())


def is_on(front: Front) -> bool:
    """Whether ``core.hooksPath`` still names it, where we set it."""
    now = git(["config", "-f", front.config, "--get", "core.hooksPath"], cwd=front.directory.parents[1], ok_codes=(0, 1))
    return now.removesuffix(b"\n") == os.fsencode(front.directory)


def take_away(front: Front) -> None:
    """Give ``core.hooksPath`` back and remove the forwarders. A configuration nobody changed since gets its old bytes back."""
    if is_on(front):
        data = front.config.read_bytes()
        if hashlib.sha256(data).hexdigest() == front.written:
            write(front.config, _backup(front).read_bytes(), front.config.stat().st_mode & 0o7777)
        elif front.before is None:
            git(["config", "-f", front.config, "--unset-all", "core.hooksPath"], cwd=front.config.parent)
        else:
            git(["config", "-f", front.config, "--replace-all", "core.hooksPath", front.before], cwd=front.config.parent)
    _backup(front).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(front.directory):
            (front.directory / name).unlink()
        front.directory.rmdir()


def _hooks_path(at: Path, common: Path) -> tuple[str, Path]:
    """Where ``core.hooksPath`` is set (``""``: nowhere) and the hooks directory, relative as it stands there."""
    found = git(["config", "-z", "--show-scope", "--type=path", "--get", "core.hooksPath"], cwd=at, ok_codes=(0, 1))
    if not found:
        return "", common / "hooks"
    scope, value = found.split(b"\0")[:2]
    return scope.decode(), Path(os.fsdecode(value))


def _is_hook(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK) and "." not in path.name


def _backup(front: Front) -> Path:
    return front.directory.with_name("config.before")
