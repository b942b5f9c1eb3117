"""The sequences of many machines in one tenant: the own one in ``log/``, each other's as it came in ``log/sources/<source>/``.

``log/source`` names this directory's own sequence (32 hex digits, by chance, made when it is first exported). A sequence is only ever
appended to, so of two copies of one the longer begins with the shorter; where it does not, two machines write under one name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice

from corpus.errors import Broken, Refused
from corpus.store.directory import Directory
from corpus.store.log import LARGEST, SEGMENT, Log
from corpus.store.loose import replace, sweep_temporary, write_new
from corpus.store.sequence import LOG

SOURCES = "sources"
_FILE = "source"
_HASH = re.compile(r"[0-9a-f]{32}\Z")
_SEGMENT = re.compile(r"[0-9]{16}\.log\Z")


def source_of(log: Directory) -> str:
    """The name of the sequence in ``log``, which is given one where it has none. Raises :class:`Broken` for a file that holds none."""
    if not log.exists(_FILE):
        write_new(log, _FILE, f"{secrets.token_hex(16)}\n".encode())
    name = log.read(_FILE, 64).decode("ascii", "replace").strip()
    if not _HASH.match(name):
        raise Broken(f"{log.path / _FILE} holds no name of a sequence: remove it, another is made")
    return name


def segments(log: Directory) -> list[str]:
    """The files of a sequence, in order."""
    return [name for name in log.names() if _SEGMENT.match(name)]


@contextmanager
def others(log: Directory) -> Iterator[dict[str, Directory]]:
    """The sequences of other machines in ``log``, by name, open for reading. Raises :class:`Broken` for a directory that is none."""
    found: dict[str, Directory] = {}
    try:
        try:
            top = log.child(SOURCES)
        except FileNotFoundError:
            yield found
            return
        with top:
            for name in top.names():
                if not _HASH.match(name):
                    raise Broken(f"{top.path / name} is no machine's sequence: remove it")
                found[name] = top.child(name)
        yield found
    finally:
        for directory in found.values():
            directory.close()


def continued(mine: Directory, theirs: Directory) -> Iterator[tuple[str, bytes]]:
    """What ``theirs`` holds more than ``mine``, two copies of one sequence: by file, one at a time. Raises :class:`Broken` where they
    differ."""
    for name in segments(theirs):
        there = _whole(theirs, name)
        here = _whole(mine, name) if mine.exists(name) else b""
        if not (there.startswith(here) or here.startswith(there)):
            raise Broken(
                f"{theirs.path / name} and {mine.path / name} are one machine's log and differ: a root was copied or restored;"
                f" on the copy remove log/{_FILE} and export again"
            )
        if len(there) > len(here):
            yield name, there


def agree(mine: Directory, theirs: Directory) -> None:
    """Raise :class:`Broken` where two copies of one sequence differ."""
    for _ in continued(mine, theirs):
        pass


def keep(mine: Directory, theirs: Directory) -> None:
    """Bring a copy of a sequence up to another, file by file. Raises as :func:`agree`, before anything is written."""
    agree(mine, theirs)
    for name, data in continued(mine, theirs):
        replace(mine, name, data)


def keep_all(log: Directory, own: str, incoming: dict[str, Directory]) -> None:
    """Keep ``incoming``, sequences by name, in ``log``, whose own is ``own``. The caller holds the tenant's lock."""
    with log.child(SOURCES, create=True) as top:
        for name, theirs in incoming.items():
            if name != own:
                with top.child(name, create=True) as mine:
                    keep(mine, theirs)


def check_all(log: Directory, own: str, incoming: dict[str, Directory]) -> None:
    """Raise :class:`Broken` where one of ``incoming`` contradicts what ``log`` holds of the same sequence."""
    with others(log) as known:
        for name, theirs in incoming.items():
            if name == own:
                agree(log, theirs)
            elif name in known:
                agree(known[name], theirs)


def problems(home: Directory, tenant: str) -> list[tuple[str, bool]]:
    """What is wrong with the sequences of other machines below a tenant's directory: a line each, and whether something was refused.
    Each key that one names is in the tenant's own sequence."""
    found = []
    try:
        with home.child(LOG) as log, others(log) as known:
            for name, directory in known.items():
                try:
                    found += [(line, False) for line in _unknown(log, name, directory, tenant)]
                except (Broken, Refused) as error:
                    found.append((str(error), isinstance(error, Refused)))
    except (Broken, Refused) as error:
        found.append((str(error), isinstance(error, Refused)))
    return found


def sweep(home: Directory) -> int:
    """Remove what killed imports left among the sequences of other machines; returns how many files."""
    with suppress(FileNotFoundError), home.child(LOG) as log, others(log) as known:
        return sum(map(sweep_temporary, known.values()))
    return 0


def _unknown(log: Directory, name: str, directory: Directory, tenant: str) -> Iterator[str]:
    with closing(Log(log.again(), tenant)) as own, own.named() as ids_of, closing(Log(directory.again(), tenant)) as theirs:
        missing: set[str] = set()
        keys = (entry.key for entry in theirs.entries())
        while part := set(islice(keys, SEGMENT)):  # a log may name millions
            missing |= part - ids_of(part).keys()
        missing -= own.forgot() | theirs.forgot()
        if missing:
            yield f"{log.path / SOURCES / name} names {len(missing)} keys that the tenant's own log does not: import the bundle again"


def _whole(directory: Directory, name: str) -> bytes:
    data = directory.read(name, LARGEST)
    return data[: data.rfind(b"\n") + 1]
