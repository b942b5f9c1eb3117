"""A private directory in which a build is made that is to go elsewhere: gone when that has ended, however it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from corpus.build.output import hold
from corpus.errors import Failed
from corpus.xdg import cache_dir, make_private

_PREFIX = "corpus-build-"
_SET = "set"
_FAR = "far"


@contextlib.contextmanager
def staging(name: str) -> Iterator[Path]:
    """A directory of our own, 0700, for what is called ``name`` (a hash): below the cache, or the temporary directory where that has more
    room. What a killed one left, of any name, is cleared first.

    Raises :class:`Failed` while another build of that name is being made on this machine.
    """
    home = _home()
    make_private(home)
    clear()
    near = home / f"{_PREFIX}{name}"
    try:
        lock = hold(near)
    except Failed as error:
        raise Failed("another build for the same --out is being made: wait for it to end") from error
    far = None
    try:
        near.chmod(0o700)
        if shutil.disk_usage(tempfile.gettempdir()).free > shutil.disk_usage(home).free:
            far = Path(tempfile.mkdtemp(prefix=_PREFIX))
            (near / _FAR).write_bytes(os.fsencode(far))
        yield (far or near) / _SET
    finally:
        if far is not None:
            shutil.rmtree(far, ignore_errors=True)
        shutil.rmtree(near, ignore_errors=True)
        os.close(lock)


def staged(out: str) -> bool:
    """Whether a build's directory was one of these."""
    path = Path(out)
    return path.name == _SET and path.parent.name.startswith(_PREFIX)


def clear() -> None:
    """Remove what killed builds left; those that live hold theirs."""
    home = _home()
    with contextlib.suppress(FileNotFoundError):
        for entry in sorted(home.iterdir()):
            with contextlib.suppress(OSError):
                fd = os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove_far(entry)
                    shutil.rmtree(entry)
                finally:
                    os.close(fd)


def _remove_far(entry: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        far = Path(os.fsdecode((entry / _FAR).read_bytes()))
        if far.name.startswith(_PREFIX) and not far.is_symlink() and far.stat().st_uid == os.geteuid():
            shutil.rmtree(far)


def _home() -> Path:
    return cache_dir() / "builds"
