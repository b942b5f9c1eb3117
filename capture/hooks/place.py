"""Placing our hooks beside what a repository has, and taking away exactly that."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import replace
from pathlib import Path

from capture.git.run import git, hooks_dir, toplevel, worktrees
from capture.hooks import front as fronts
from capture.hooks import shell
from capture.hooks.placed import Placed, folder, load, pause_file, record_file, save, write
from corpus.errors import BadInput, Refused


def place(at: Path, common: Path, *, spool: Path, command: Path | None, shared: frozenset[Path]) -> bool:
    """Put the hooks in place for the repository of ``common``, reached from ``at``; whether anything changed.

    What a framework wrote over is put back; what stands as it should is left. ``command`` is the path baked in, ``shared`` the
    directories that other enrolled repositories use as well.
    """
    placed = _placed(common)
    changed = write(record_file(common), shell.record(spool, command), 0o600)
    if placed.front is not None and not fronts.is_on(placed.front):
        # Somebody set core.hooksPath since: theirs is what git uses now.
        fronts.take_away(placed.front)
        placed = replace(placed, front=None)
        save(common, placed)
        changed = True
    if placed.front is None:
        directories = directories_of(at)
        if all(_editable(directory, common) for directory in directories):
            return _into(directories, placed, common) or changed
        for directory in set(placed.directories) - shared:
            _cut_all(directory)
        placed = replace(placed, directories=tuple(sorted(shared.intersection(placed.directories))), front=fronts.design(at, common))
        save(common, placed)
    assert placed.front is not None  # noqa: S101 - for the type checker
    changed = fronts.build(placed.front, at) or changed
    if not fronts.is_on(placed.front):
        placed = replace(placed, front=fronts.switch_on(placed.front))
        save(common, placed)
        changed = True
    if placed.front is not None and hooks_dir(at) != placed.front.directory:
        fronts.take_away(placed.front)
        save(common, replace(placed, front=None))
        raise BadInput(f"core.hooksPath is set where it wins over {placed.front.config} (an included file?): set it in the latter")
    return changed


def take_away(common: Path, *, shared: frozenset[Path]) -> None:
    """Undo :func:`place`. The blocks in ``shared`` directories stay, for other enrolled repositories use them."""
    placed = _placed(common)
    if placed.front is not None:
        fronts.take_away(placed.front)
    for directory in placed.directories:
        if directory not in shared:
            _cut_all(directory)
    for directory in reversed(placed.made):
        with contextlib.suppress(OSError):  # not empty: someone else's files are in it by now
            directory.rmdir()
    for path in (record_file(common), pause_file(common), folder(common) / "placed.json"):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder(common).rmdir()


def _placed(common: Path) -> Placed:
    placed = load(common)
    if placed.front is not None and placed.front.directory != folder(common) / "hooks":
        placed = replace(placed, front=fronts.moved(placed.front, common))
        save(common, placed)
    return placed


def directories_of(at: Path) -> list[Path]:
    """Where git takes hooks from: for ``at``, and, as ``core.hooksPath`` may be relative, for every other work tree that has one."""
    found = dict.fromkeys([hooks_dir(at)])
    for tree in worktrees(at):
        with contextlib.suppress(BadInput, Refused):
            directory = hooks_dir(tree)
            if directory.is_dir():
                found.setdefault(directory)
    return list(found)


def _editable(directory: Path, common: Path) -> bool:
    """Whether our blocks may go into ``directory``: nobody's repository tracks it, it can be written, and its hooks are shell files."""
    if not directory.exists() and not directory.is_symlink():
        return directory == common / "hooks"
    if not directory.is_dir() or not os.access(directory, os.W_OK):
        return False
    return all(_editable_hook(directory / hook) for hook in shell.HOOKS) and not _tracked(directory, common)


def _editable_hook(path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    # One that may not be run is switched off, and a block in it would be too.
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o100) and shell.is_shell(path.read_bytes())


def _tracked(directory: Path, common: Path) -> bool:
    """Whether files of ours in ``directory`` would show in the status of some work tree."""
    real = Path(os.path.realpath(directory))
    if real.is_relative_to(common):
        return False
    try:
        if toplevel(real) is None:
            return False
    except (BadInput, Refused):
        return False
    ignored = git(["check-ignore", "--", *shell.HOOKS], cwd=real, ok_codes=(0, 1)).split()
    return len(ignored) < len(shell.HOOKS)


def _into(directories: list[Path], placed: Placed, common: Path) -> bool:
    made = [directory for directory in directories if not directory.exists()]
    after = replace(
        placed,
        directories=tuple(dict.fromkeys([*placed.directories, *directories])),
        made=tuple(dict.fromkeys([*placed.made, *made])),
    )
    if after != placed or not (folder(common) / "placed.json").exists():
        save(common, after)
    changed = False
    for directory in directories:
        directory.mkdir(exist_ok=True)
        for hook in shell.HOOKS:
            # A framework that moved our file aside, as it does with any, runs it or not: the block belongs in the hook itself.
            for aside in sorted(directory.glob(f"{hook}.*")):
                changed = _cut(aside) or changed
            path = directory / hook
            if not path.exists() or shell.is_own_rest(shell.without_block(path.read_bytes())):
                changed = write(path, shell.own(hook), 0o755) or changed
            else:
                changed = write(path, shell.with_block(path.read_bytes(), hook), stat.S_IMODE(path.stat().st_mode)) or changed
    return changed


def _cut_all(directory: Path) -> None:
    for hook in shell.HOOKS:
        for path in [directory / hook, *sorted(directory.glob(f"{hook}.*"))]:
            _cut(path)


def _cut(path: Path) -> bool:
    """Take our block out of a file, or the file away when nothing else is in it; whether it was there."""
    if path.is_symlink() or not path.is_file() or not shell.has_block(data := path.read_bytes()):
        return False
    rest = shell.without_block(data)
    if shell.is_own_rest(rest):
        path.unlink()
    else:
        write(path, rest, stat.S_IMODE(path.stat().st_mode))
    return True
