"""Loose files: a file appears whole or not at all, and nobody who writes one needs a lock.

A temporary file in the same directory, held by ``flock`` while its writer lives, is written, synced, linked to its
name without replacing, and the directory is synced. Whoever finds a temporary file that it can lock may remove it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator

from corpus.errors import Failed
from corpus.store.directory import Directory

TEMPORARY = ".tmp-"
_LINKLESS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)


def write_new(directory: Directory, name: str, data: bytes) -> bool:
    """Make ``name`` with ``data``; durable when this returns. ``False`` when the name is taken (the file there is left as it is).

    Raises ``OSError`` (disk full, read-only) with nothing left behind, :class:`Failed` where the file system has no hard links.
    """

    def link(temporary: str) -> None:
        try:
            os.link(temporary, name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd, follow_symlinks=False)
        except OSError as error:
            if error.errno in _LINKLESS:
                raise Failed(f"{directory.path} lies on a file system without hard links: choose another --root") from error
            raise

    try:
        _place(directory, data, link)
    except FileExistsError:
        return False
    return True


def replace(directory: Directory, name: str, data: bytes) -> None:
    """Put ``data`` in the place of ``name`` at once (rename), durably. The caller holds the tenant's lock. Raises as :func:`write_new`."""
    _place(directory, data, lambda temporary: os.rename(temporary, name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd))


def _place(directory: Directory, data: bytes, give_name: Callable[[str], None]) -> None:
    with temporary(directory) as (name, fd):
        write_all(fd, data)
        os.fsync(fd)
        give_name(name)


@contextlib.contextmanager
def temporary(directory: Directory) -> Iterator[tuple[str, int]]:
    """A new file for writing, ``(name, descriptor)``, locked while it is open; what still has its name goes at the end."""
    while True:
        name = f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(6)}"
        fd = directory.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink == 0:
                continue  # swept away between its creation and its lock
            try:
                yield name, fd
            except OSError as error:
                if not os.path.isabs(error.filename or ""):  # a write does not say what it was for, and a link has only names
                    error.filename = os.fspath(directory.path)
                raise
            return
        finally:
            try:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=directory.fd)
            finally:
                os.close(fd)  # and with it the lock, so that what could not be removed now can be later
            directory.sync()


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sweep_temporary(directory: Directory) -> int:
    """Remove the temporary files of writers that died; returns how many. A living writer's lock keeps its own."""
    removed = 0
    for name in directory.names():
        if not name.startswith(TEMPORARY):
            continue
        try:
            fd = directory.open_file(name, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=directory.fd)
            removed += 1
        except (BlockingIOError, FileNotFoundError):
            continue
        finally:
            os.close(fd)
    return removed
