"""Bringing a bundle's directory up to what it should hold: safe to be killed at any moment, and to be read meanwhile.

What was forgotten comes first, then packs, the list that names them, the log, and what is not listed goes: whoever reads sees the bundle of
before or the one of now.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from corpus.errors import BadInput, Broken, Failed, Refused
from corpus.store import bundle
from corpus.store.bundle import BundleFile
from corpus.store.directory import Directory
from corpus.store.leftovers import unlisted
from corpus.store.loose import TEMPORARY, replace, sweep_temporary, temporary, write_all
from corpus.store.packfile import remove_pack
from corpus.store.packlist import Listed, write_list
from corpus.store.packset import PackSet
from corpus.store.reading import PACKS
from corpus.store.sequence import LOG
from corpus.store.tombstones import TOMBSTONES

_PIECE = 1 << 20
_ASIDE = "exporting"
_KNOWN = {bundle.NAME, PACKS, LOG, TOMBSTONES}


@dataclass(frozen=True, slots=True)
class Part:
    """One file that a bundle should hold: its directory below the bundle, its name, and its first ``size`` bytes as ``open`` gives them;
    ``digest`` is their SHA-256, where it is known. One that is ``sealed`` never changes: its name and size tell it."""

    place: tuple[str, ...]
    name: str
    size: int
    digest: str | None
    sealed: bool
    open: Callable[[], BinaryIO]


def bring(home: Directory, said: BundleFile, listed: tuple[Listed, ...], parts: Sequence[Part]) -> int:
    """Make ``home`` the bundle of ``said``, ``listed`` and ``parts``; returns how many packs were not there yet. The caller holds it.

    Raises :class:`Broken` for a part that is not what it should be, ``OSError`` where the disk does not take it.
    """
    _sweep(home)
    replace(home, bundle.NAME, said.data())
    _put_all(home, (part for part in parts if part.place == (TOMBSTONES,)))
    with home.child(PACKS, create=True) as packs:
        new = sum([_put(packs, part) for part in parts if part.place == (PACKS,)])
        write_list(packs, said.tenant, listed)
        with home.child(LOG, create=True):
            pass  # also where nothing was ever kept
        _put_all(home, (part for part in parts if part.place[0] == LOG))
        with contextlib.closing(PackSet(packs.again(), said.tenant)) as now:
            for pack in unlisted(packs, now):
                remove_pack(packs, pack)
    return new // 3


@contextlib.contextmanager
def target(out: Path, said: BundleFile, root: Path) -> Iterator[Directory]:
    """The directory ``out``, for its export alone: an earlier bundle of the same machine, or one made aside that takes its name at the end.

    Raises :class:`BadInput` where anything else stands or no parent is, :class:`Refused` for another's bundle or a place in the corpus
    ``root``, :class:`Failed` where another export is writing.
    """
    path = Path(os.path.realpath(out))
    if path.is_relative_to(os.path.realpath(root)):
        raise Refused(f"--out {out} lies inside the corpus root: choose a directory elsewhere")
    if not path.parent.is_dir():
        raise BadInput(f"--out {out}: {path.parent} is not a directory; make it first")
    with Directory.open(path.parent) as parent:
        if parent.exists(path.name) and _names(path):
            with parent.child(path.name) as home, held(home):
                _check(home, said)
                yield home
            return
        aside = f".{path.name}.{_ASIDE}"
        with parent.child(aside, create=True) as home, held(home):
            if _names(Path(parent.path, aside)):
                resume(home, said)
            yield home
            os.rename(aside, path.name, src_dir_fd=parent.fd, dst_dir_fd=parent.fd)
            parent.sync()


@contextlib.contextmanager
def held(home: Directory, *, wait: bool = False) -> Iterator[None]:
    """Hold a bundle's directory for writing. Raises :class:`Failed` where somebody else does, unless it is to ``wait``."""
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=home.fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    except BlockingIOError as error:
        raise Failed(f"another export writes {home.path}: wait for it to end") from error
    finally:
        os.close(fd)


def _names(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except NotADirectoryError as error:
        raise BadInput(f"--out {path} is a file: choose a directory") from error


def _check(home: Directory, said: BundleFile) -> None:
    """Raise where ``home`` is not an earlier bundle of the same tenant and machine."""
    foreign = [name for name in home.names() if name not in _KNOWN and not name.startswith(TEMPORARY)]
    if foreign or not home.exists(bundle.NAME):
        what = f"holds {foreign[0]!r}, which no export wrote" if foreign else "is not empty and not an earlier bundle"
        raise BadInput(f"--out {home.path} {what}: choose another directory")
    before = bundle.read(home)
    said.check_same(before, home.path)
    if before.source != said.source:
        raise Refused(f"--out {home.path} is another machine's bundle ({before.source[:12]}): give each machine its own directory")


def resume(home: Directory, said: BundleFile) -> None:
    """Go on with what is in ``home``, a directory of ours, or clear it where it was of another machine or tenant."""
    foreign = [name for name in home.names() if name not in _KNOWN and not name.startswith(TEMPORARY)]
    if foreign:
        raise BadInput(f"{home.path} holds {foreign[0]!r}, which is not ours: move it away, that name is needed")
    with contextlib.suppress(FileNotFoundError, Broken):
        before = bundle.read(home)
        if (before.tenant, before.kind, before.key, before.source) == (said.tenant, said.kind, said.key, said.source):
            return
    for name in home.names():
        if name in (PACKS, LOG, TOMBSTONES):
            shutil.rmtree(name, dir_fd=home.fd)
        else:
            os.unlink(name, dir_fd=home.fd)


def _put_all(home: Directory, parts: Iterable[Part]) -> None:
    for part in parts:
        with _below(home, part.place) as directory:
            _put(directory, part)


def _put(directory: Directory, part: Part) -> bool:
    """Put a part in its place, durably; ``False`` where it is there."""
    if _there(directory, part):
        return False
    if part.digest is None:
        with part.open() as stream:
            data = stream.read(part.size)
        if not directory.exists(part.name) or directory.read(part.name) != data:
            replace(directory, part.name, data)
        return True
    with temporary(directory) as (name, fd):
        digest = hashlib.sha256()
        size = 0
        with part.open() as stream:
            for piece in iter(lambda: stream.read(_PIECE), b""):
                size += len(piece)
                if size > part.size:
                    break
                digest.update(piece)
                write_all(fd, piece)
        if size != part.size or digest.hexdigest() != part.digest:
            raise Broken(f"{part.name} is not the file that the list of packs names: run 'corpus verify' where it comes from")
        os.fsync(fd)
        os.rename(name, part.name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    return True


def _there(directory: Directory, part: Part) -> bool:
    """Whether a part that is sealed or has a digest is in its place."""
    with contextlib.suppress(FileNotFoundError), open(directory.open_file(part.name), "rb") as stream:
        if os.fstat(stream.fileno()).st_size == part.size:
            return part.sealed or hashlib.file_digest(stream, "sha256").hexdigest() == part.digest
    return False


@contextlib.contextmanager
def _below(home: Directory, place: Iterable[str]) -> Iterator[Directory]:
    with contextlib.ExitStack() as stack:
        now = home
        for name in place:
            now = stack.enter_context(now.child(name, create=True))
        yield now


def _sweep(home: Directory) -> None:
    """Remove the temporary files of a killed export."""
    sweep_temporary(home)
    for name in (PACKS, LOG, TOMBSTONES):
        with contextlib.suppress(FileNotFoundError), home.child(name) as directory:
            sweep_temporary(directory)
