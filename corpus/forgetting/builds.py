"""The builds that hold what is forgotten: told, and taken away where they still lie as they were written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from corpus.build import manifest
from corpus.build.listing import entered
from corpus.build.manifest import earlier
from corpus.build.output import asides
from corpus.build.staging import staged
from corpus.store import Build, Corpus, Keys
from corpus.xdg import is_url


class Became(StrEnum):
    """What became of a directory to which a build was written."""

    REMOVED = "removed"
    GONE = "not there any more: if it was moved, remove it where it is"
    ELSEWHERE = "was put there, where forgetting does not reach: remove it yourself"
    CHANGED = "holds other files as well, which were left: look at it"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Held:
    """A build that held ``records`` of what is forgotten, and what became of each directory it was written to."""

    build: Build
    records: int
    became: tuple[tuple[str, Became], ...]


def holding(corpus: Corpus, keys: Collection[str]) -> list[tuple[Build, int]]:
    """The builds that hold records of ``keys``, and how many; also those that stand though they were killed before they were listed."""
    found = {build.manifest: (build, corpus.in_build(build, keys)) for build in corpus.builds()}
    for build, held in _unlisted(corpus):
        known, _ = found.get(build.manifest, (build, 0))
        found[build.manifest] = replace(known, outs=tuple(dict.fromkeys((*known.outs, *build.outs)))), held.count(keys)
    return [(build, count) for build, count in found.values() if count]


def forget(corpus: Corpus, keys: Collection[str], *, keep: bool) -> list[Held]:
    """Take away every build that holds records of ``keys``, or with ``keep`` only say where they lie; each is marked in the list."""
    found = []
    lives = {out for out in corpus.builds_begun() if _clear(Path(out))}
    for build, held in _unlisted(corpus):
        if lives.isdisjoint(build.outs):  # who lives finds out by itself that something was forgotten
            corpus.list_build(build, held, corpus.tombstones.digest)
    for build, count in holding(corpus, keys):
        told = ((out, Became.KEPT if keep and Path(out).is_dir() else _remove(out, build)) for out in build.outs)
        became = tuple((out, what) for out, what in told if what is not Became.GONE or not staged(out))
        corpus.mark_build(replace(build, forgotten=max(count, build.forgotten)))
        found.append(Held(build, count, became))
    return found


def _remove(where: str, build: Build) -> Became:
    """Remove the files that the build wrote, its manifest last: while that is there, somebody who was killed goes on."""
    if is_url(where):
        return Became.ELSEWHERE
    out = Path(where)
    _clear(out)
    try:
        with open(out / manifest.NAME, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return Became.GONE
    written = earlier(out)
    if digest != build.manifest or written is None:
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


def _clear(out: Path) -> bool:
    """Remove what a killed build left beside ``out``; whether one lives there, which holds its own."""
    lives = False
    for aside in asides(out):
        with contextlib.suppress(OSError):
            fd = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(aside)
            except BlockingIOError:
                lives = True
            finally:
                os.close(fd)
    return lives


def _unlisted(corpus: Corpus) -> Iterator[tuple[Build, Keys]]:
    """The builds that stand where one was begun that did not end well, and the keys of what is in them."""
    for out in corpus.builds_begun():
        try:
            done = manifest.parse(Path(out, manifest.NAME))
        except (OSError, ValueError):
            continue
        if done.query.tenant == corpus.tenant:
            yield entered(done, out)
