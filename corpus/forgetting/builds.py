"""The builds that hold what is forgotten: told, and taken away where they still lie as they were written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from corpus.build import manifest
from corpus.build.listing import enter
from corpus.build.manifest import Manifest, earlier
from corpus.build.output import asides
from corpus.store import Build, Corpus


class Became(StrEnum):
    """What became of a directory to which a build was written."""

    REMOVED = "removed"
    GONE = "not there any more: if it was moved, remove it where it is"
    CHANGED = "holds other files as well, which were left: look at it"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Held:
    """A build that held ``records`` of what is forgotten, and what became of each directory it was written to."""

    build: Build
    records: int
    became: tuple[tuple[str, Became], ...]


def holding(corpus: Corpus, keys: Collection[str]) -> list[tuple[Build, int]]:
    """The builds that hold records of ``keys``, and how many; those that were killed before they were listed are listed now."""
    for out in corpus.builds_begun():
        _list(corpus, Path(out))
    return [(build, count) for build in corpus.builds() if (count := corpus.in_build(build, keys))]


def forget(corpus: Corpus, keys: Collection[str], *, keep: bool) -> list[Held]:
    """Take away every build that holds records of ``keys``, or with ``keep`` only say where they lie; each is marked in the list."""
    found = []
    for out in corpus.builds_begun():
        _clear(Path(out))
    for build, count in holding(corpus, keys):
        became = tuple((out, Became.KEPT if keep and Path(out).is_dir() else _remove(Path(out), build)) for out in build.outs)
        corpus.mark_build(replace(build, forgotten=max(count, build.forgotten)))
        found.append(Held(build, count, became))
    return found


def _remove(out: Path, build: Build) -> Became:
    """Remove the files that the build wrote, its manifest last: while that is there, somebody who was killed goes on."""
    _clear(out)
    try:
        data = (out / manifest.NAME).read_bytes()
    except OSError:
        return Became.GONE
    written = earlier(out)
    if hashlib.sha256(data).hexdigest() != build.manifest or written is None:
        return Became.GONE
    for name in sorted(written.files(), key=lambda name: name == manifest.NAME):
        path = out / name
        if path.resolve().is_relative_to(out.resolve()):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty yet
                for folder in path.parents:
                    folder.rmdir()
                    if folder == out:
                        break
    return Became.CHANGED if out.exists() else Became.REMOVED


def _clear(out: Path) -> None:
    """Remove what a killed build left beside ``out``; one that lives holds its own."""
    for aside in asides(out):
        with contextlib.suppress(OSError):
            fd = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(aside)
            finally:
                os.close(fd)


def _list(corpus: Corpus, out: Path) -> None:
    """List a build that stands though it was killed before it said so."""
    try:
        done = Manifest.model_validate_json((out / manifest.NAME).read_bytes())
    except (OSError, ValueError):
        return
    if done.query.tenant == corpus.tenant:
        enter(corpus, done, str(out), corpus.tombstones.digest)
