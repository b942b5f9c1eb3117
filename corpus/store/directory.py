"""A directory held open by descriptor: every path of a corpus is opened below one, never through a link.

Names that reach this module are checked names or hashes. A symbolic link in a directory's place is refused; files are
opened with ``O_NOFOLLOW``. Directories are made 0700 and files 0600 whatever the umask says.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from corpus.errors import Broken, Refused

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
LARGEST = 1 << 29
"""Bytes of a file that is read at once: an index of the largest pack has fewer, a loose file far fewer."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Directory:
    """One open directory; a context manager. ``path`` is for messages only. Below one that is not ``writable`` nothing is made."""

    def __init__(self, fd: int, path: Path, *, writable: bool = True) -> None:
        self.fd = fd
        self.path = path
        self.writable = writable

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Directory:
        """Open the top of a tree (it may itself be reached through links: where a root lies is the user's choice).

        Raises ``FileNotFoundError``, ``NotADirectoryError`` and other ``OSError`` as the system gives them.
        """
        if create and not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            _fsync_path(path.parent)
        return cls(os.open(path, _DIRECTORY), path)

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def again(self) -> Directory:
        """The same directory, open once more."""
        return Directory(os.dup(self.fd), self.path, writable=self.writable)

    def read_only(self) -> Directory:
        """The same directory, open once more, for reading alone."""
        return Directory(os.dup(self.fd), self.path, writable=False)

    def child(self, name: str, *, create: bool = False) -> Directory:
        """Open the directory ``name`` below this one. Raises ``FileNotFoundError``, or :class:`Refused` where a link or a file stands."""
        try:
            made = False
            if create and self.writable:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=self.fd)
                    made = True
            found = Directory(os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self.fd), self.path / name, writable=self.writable)
            with contextlib.ExitStack() as unless:
                unless.callback(found.close)
                if made:
                    os.fchmod(found.fd, 0o700)
                    os.fsync(self.fd)
                found.check_owner()
                unless.pop_all()
            return found
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise Refused(f"{self.path / name} is not a directory of the corpus (a link or a file stands there): remove it") from error
            if create and not self.writable and error.errno == errno.ENOENT:
                raise self.only_read() from error
            error.filename = os.fspath(self.path / name)
            raise

    def check_owner(self) -> None:
        """Raises :class:`Refused` where it belongs to somebody else, who could read and change what is put there."""
        self._check_owner(self.path, os.fstat(self.fd))

    def _check_owner(self, path: Path, status: os.stat_result) -> None:
        if self.writable and status.st_uid != os.geteuid():
            whose = f"{path} belongs to user {status.st_uid}, and you are {os.geteuid()}"
            raise Refused(f"{whose}: run this as its owner, or have it given to you (chown)")

    def only_read(self) -> Refused:
        """What is said to whoever would write here."""
        return Refused(f"{self.path} is a bundle's, which is read only: do it in a root, 'corpus import' takes the bundle in")

    def open_file(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A descriptor of the regular file ``name``. Raises :class:`Refused` for a link or anything that is not a regular file, and for
        writing where only reading is allowed."""
        if flags & _WRITING and not self.writable:
            raise self.only_read()
        try:
            # Non-blocking, so that a fifo put in a record's place cannot hold a reader for ever.
            fd = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600, dir_fd=self.fd)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Refused(f"{self.path / name} is a symbolic link: a corpus holds none; remove it") from error
            if error.errno in (errno.ENXIO, errno.EISDIR):  # a socket cannot be opened, nor a directory for writing
                raise Refused(f"{self.path / name} is not a regular file: remove it") from error
            error.filename = os.fspath(self.path / name)
            raise
        with contextlib.ExitStack() as unless:
            unless.callback(os.close, fd)
            if flags & os.O_EXCL:  # then it was made just now
                unless.callback(os.unlink, name, dir_fd=self.fd)
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{self.path / name} is not a regular file: remove it")
            self._check_owner(self.path / name, status)
            if flags & os.O_CREAT and stat.S_IMODE(status.st_mode) != 0o600:
                os.fchmod(fd, 0o600)
            unless.pop_all()
        return fd

    def read(self, name: str, most: int = LARGEST) -> bytes:
        """The bytes of a file. Raises :class:`Broken` where there are more than ``most``."""
        with open(self.open_file(name), "rb", buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size > most:
                raise Broken(f"{self.path / name} is larger than any such file: it was not read")
            return stream.read()

    def exists(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        return sorted(os.listdir(self.fd))

    def directories(self) -> Iterator[str]:
        """Names of the directories below, in order; links among them are refused when they are opened, not skipped."""
        for name in self.names():
            mode = os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
                yield name

    def sync(self) -> None:
        os.fsync(self.fd)


def _fsync_path(path: Path) -> None:
    fd = os.open(path, _DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
