"""The directory a build writes: made aside, put in place whole, and never over what is not an earlier build."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from corpus.build.manifest import earlier
from corpus.errors import BadInput, Failed, Refused

# What lies in a build's directory, whole or cut off half-way.
_LEFT = re.compile(
    r"(?:\.before/[0-9]+/)?(?:\.work/[^/]+|\.again/[^/]+\.(?:arrows|shards)|README\.md|manifest\.json|dataset_info\.json|croissant\.json|charts/[^/]+\.svg"
    r"|(?:dropped/|aliases/)?[^/]+/(?:part-[a-z0-9._-]+-[0-9]{5,}|[a-z][a-z0-9_]*-[0-9]{5,}-of-[0-9]{5,}\.(?:jsonl|jsonl\.zst|parquet)))"
)


BEFORE = ".before"
"""Below the directory that a build is made in: what builds that were cut off there had made, each in a directory of its own."""
_ONLY_WHILE = (BEFORE, ".work")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a build is made, and where it goes: an earlier one may stand there."""

    directory: Path
    target: Path


@contextlib.contextmanager
def stage(out: Path, root: Path, tenant: str, *, goes_on: bool = False) -> Iterator[Place]:
    """A directory beside ``out`` that takes its place when the block ends well, and is gone when it does not. It is empty, but for
    :data:`BEFORE`: what was killed, or, where it ``goes_on``, was interrupted or failed for now, stays there for the next build of ``out``.

    It is held by ``flock``, so two builds of one directory cannot mix. Raises what :func:`check` raises, before and after, and
    :class:`Failed` where another build is writing.
    """
    target = check(out, root, tenant)
    aside, old = asides(target)
    for left in (aside, old):
        _check_left(left)
    lock = hold(aside)
    stays = False
    try:
        if old.exists() and not target.exists():  # a build was killed between its two renames
            old.rename(target)
        _set_back(aside)
        yield Place(aside, target)
        for name in _ONLY_WHILE:
            shutil.rmtree(aside / name, ignore_errors=True)
        check(target, root, tenant)
        _put(aside, target)
        stays = True
    except (KeyboardInterrupt, Failed):
        stays = goes_on and any(aside.iterdir())
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Failed(f"{error.strerror} in {aside.parent}, where the build is made: free some, then build again") from error
    finally:
        if not stays:
            shutil.rmtree(aside, ignore_errors=True)
        os.close(lock)


def _set_back(aside: Path) -> None:
    """Move what a build left that was cut off below :data:`BEFORE`."""
    left = [entry for entry in aside.iterdir() if entry.name != BEFORE]
    if left:
        before = aside / BEFORE
        before.mkdir(exist_ok=True)
        again = next(place for number in count() if not (place := before / str(number)).exists())
        again.mkdir()
        for entry in left:
            entry.rename(again / entry.name)


def asides(target: Path) -> tuple[Path, Path]:
    """Where a build of ``target`` is made, and where the one that it replaces waits meanwhile."""
    return target.with_name(f".{target.name}.building"), _old(target)


def clear(target: Path) -> bool:
    """Remove what a killed build of ``target`` left beside it, and nothing that no build leaves; whether one lives there, which is left
    alone. What it had set aside comes back."""
    for aside in asides(target):
        with contextlib.suppress(OSError, BadInput):
            fd = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _check_left(aside)
                if aside == _old(target) and not target.exists():
                    aside.rename(target)
                else:
                    shutil.rmtree(aside)
            except BlockingIOError:
                return True
            finally:
                os.close(fd)
    return False


def check(out: Path, root: Path, tenant: str) -> Path:
    """Where ``out`` really is, when a build of ``tenant`` may go there: it is free, empty, or an earlier build with nothing added to it.

    Raises :class:`BadInput` where anything else stands, or no parent; :class:`Refused` where the earlier build is another tenant's or
    ``out`` lies in the corpus ``root``.
    """
    target = Path(os.path.realpath(out))
    try:
        os.fsencode(target).decode()  # the corpus lists it, and forgetting tells of it
        target.stat()
    except UnicodeDecodeError as error:
        raise BadInput("--out is not UTF-8: choose another directory") from error
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise BadInput(f"--out {str(out)[:200]} cannot be used ({error.strerror}): choose another directory") from error
    if target.is_relative_to(os.path.realpath(root)):
        raise Refused(f"--out {out} lies inside the corpus root: choose a directory elsewhere")
    if not target.exists():
        if not target.parent.is_dir():
            raise BadInput(f"--out {out}: {target.parent} is not a directory; make it first")
        return target
    if not target.is_dir():
        raise BadInput(f"--out {target} is a file: choose a directory")
    before = earlier(target)
    if before is None:
        if any(target.iterdir()):
            raise BadInput(f"--out {target} is not empty and not an earlier build: choose another directory or empty it")
        return target
    if before.query.tenant != tenant:
        raise Refused(f"--out {target} holds a build of tenant {before.query.tenant[:64]!r}: choose another directory for {tenant!r}")
    present = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir() or path.is_symlink()}
    foreign = sorted(present - before.files())
    if foreign:
        raise BadInput(f"--out {target} holds {foreign[0]!r}, which its build did not write: move it away or choose another directory")
    return target


def _check_left(directory: Path) -> None:
    """Raise :class:`BadInput` where ``directory``, which the build will clear, holds what no build of ours leaves behind."""
    if directory.is_symlink() or directory.is_file():
        raise BadInput(f"{directory} stands in the way of the build: remove it")
    for where, directories, files in os.walk(directory):
        for name in [*files, *(name for name in directories if Path(where, name).is_symlink())]:
            path = Path(where, name).relative_to(directory)
            if not _LEFT.fullmatch(path.as_posix()):
                raise BadInput(f"{directory} holds {path.as_posix()!r}, which no build wrote: move it away, the build needs that name")


def hold(aside: Path) -> int:
    """Make and lock ``aside``; the descriptor that holds the lock. Raises :class:`BadInput` where something else stands there,
    :class:`Failed` while another process holds it."""
    while True:
        with contextlib.suppress(FileExistsError):
            aside.mkdir()
        try:
            fd = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise BadInput(f"{aside} stands in the way of the build: remove it") from error
            raise
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise Failed(f"another build is writing beside {aside.parent / aside.name}: wait for it to end") from error
        # Between our open and our lock its holder may have finished and moved it into place: then this is no longer ours to fill.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(fd), os.stat(aside)):
                return fd
        os.close(fd)


def _put(aside: Path, target: Path) -> None:
    """Move ``aside`` to ``target``; an earlier build steps back first and is removed once the new one stands."""
    for directory, _, files in os.walk(aside):
        for name in files:
            _sync(Path(directory, name))
        _sync(Path(directory))
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        aside.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.replaced")


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
