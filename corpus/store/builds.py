"""The builds that are known: which records are in each and where it lay, so that forgetting finds them.

``builds/<SHA-256 of a manifest.json>.json`` says what was built and where to, the file ``.keys`` beside it holds the keys of the records
that are in it (32 bytes each, sorted). ``builds/<SHA-256 of a path>.begun`` names where a build is being written, after a line with the
digest that the tombstones had when it began. Replaced whole, by rename, under the tenant's lock.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

import orjson

from corpus.errors import Broken
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.keys import Keys
from corpus.store.loose import replace as put

BUILDS = "builds"
_FILE = re.compile(r"([0-9a-f]{64})\.json\Z")
_BEGUN = ".begun"


@dataclass(frozen=True, slots=True)
class Build:
    """One build: the SHA-256 of its ``manifest.json``, its recipes, and the directories (absolute) it was written to. ``forgotten`` of its
    records were forgotten since."""

    manifest: str
    recipes: tuple[str, ...]
    outs: tuple[str, ...]
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a build was begun (absolute), and the digest that the tombstones had then."""

    out: str
    tombstones: str


def begin_build(builds: Directory, begun: Begun) -> bool:
    """A build is about to be written: should it be killed, what it leaves is found. ``False`` where one was begun there already: that
    stays as it is, since what may be left there is as old."""
    new = not builds.exists(_begun(begun.out))
    if new:
        put(builds, _begun(begun.out), begun.tombstones.encode() + b"\n" + os.fsencode(begun.out))
    return new


def end_build(builds: Directory, out: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_begun(out), dir_fd=builds.fd)


def write_build(builds: Directory, build: Build, keys: Keys | None = None) -> None:
    """Know a build; without ``keys`` those stay that are known. Where it lay before is kept, and how many were forgotten."""
    known = _read(builds, f"{build.manifest}.json") if builds.exists(f"{build.manifest}.json") else build
    outs = tuple(dict.fromkeys((*known.outs, *build.outs)))
    if keys:
        put(builds, f"{build.manifest}.keys", bytes(keys.data))
    whole = asdict(replace(build, outs=outs, forgotten=max(known.forgotten, build.forgotten)))
    put(builds, f"{build.manifest}.json", dumps(whole) + b"\n")


def read_builds(home: Directory) -> list[Build]:
    """Every build that is known. Raises :class:`Broken` for a file that is none."""
    try:
        with home.child(BUILDS) as builds:
            return [_read(builds, name) for name in builds.names() if _FILE.match(name)]
    except FileNotFoundError:
        return []


def begun(home: Directory) -> list[Begun]:
    """Where builds were begun that did not end well, or have not ended yet."""
    try:
        with home.child(BUILDS) as builds:
            return [_said(builds.read(name)) for name in builds.names() if name.endswith(_BEGUN)]
    except FileNotFoundError:
        return []


def _said(mark: bytes) -> Begun:
    if mark.startswith(b"/"):  # of an earlier version, which wrote the path alone
        mark = b"\n" + mark
    digest, _, out = mark.partition(b"\n")
    return Begun(os.fsdecode(out), digest.decode("ascii", "replace"))


def count_in(home: Directory, build: Build, keys: Collection[str]) -> int:
    """How many of ``keys`` are in a build."""
    with home.child(BUILDS) as builds, contextlib.ExitStack() as held:
        try:
            file = held.enter_context(open(builds.open_file(f"{build.manifest}.keys"), "rb"))
            data = held.enter_context(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
        except (FileNotFoundError, ValueError):  # an empty file cannot be mapped
            return 0
        return Keys(data).count(keys)


def _read(builds: Directory, name: str) -> Build:
    try:
        raw = orjson.loads(builds.read(name))
        found = Build(str(raw["manifest"]), tuple(map(str, raw["recipes"])), tuple(map(str, raw["outs"])), int(raw["forgotten"]))
        if f"{found.manifest}.json" != name:
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{builds.path / name} does not say what was built: remove it, and look after that build yourself") from error
    return found


def _begun(out: str) -> str:
    return f"{hashlib.sha256(os.fsencode(out)).hexdigest()}{_BEGUN}"
