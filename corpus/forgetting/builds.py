"""The builds that hold what is forgotten: told, and taken away where they still lie as they were written."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from corpus.build import manifest
from corpus.build.listing import entered
from corpus.build.manifest import earlier
from corpus.build.output import clear
from corpus.build.staging import staged
from corpus.store import Build, Corpus, Happened, Keys
from corpus.xdg import is_url


class Became(StrEnum):
    """What became of a directory to which a build was written."""

    REMOVED = "removed"
    GONE = "not there any more: if it was moved, remove it where it is"
    REPLACED = "replaced there by another build since: if it was copied before, remove the copy"
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
    """The builds that hold records of ``keys``, and how many; also those that stand though they were killed before they were listed.
    Where one was made that then went elsewhere is told only while it is there."""
    return [(replace(build, outs=tuple(filter(_told, build.outs))), count) for build, count in _holding(corpus, keys, {})]


def _told(out: str) -> bool:
    return not staged(out) or Path(out).exists()


def _holding(corpus: Corpus, keys: Collection[str], more: Mapping[str, int]) -> list[tuple[Build, int]]:
    found = {build.manifest: (build, max(corpus.in_build(build, keys), more.get(build.manifest, 0))) for build in corpus.builds()}
    for build, held in _unlisted(corpus):
        known, _ = found.get(build.manifest, (build, 0))
        found[build.manifest] = replace(known, outs=tuple(dict.fromkeys((*known.outs, *build.outs)))), held.count(keys)
    return [(build, count) for build, count in found.values() if count]


def forget(corpus: Corpus, keys: Collection[str], *, keep: bool) -> list[Held]:
    """Take away every build that holds records of ``keys``, or with ``keep`` only say where they lie; each is marked in the list."""
    found = []
    for build, count in _holding(corpus, keys, _ended(corpus, keys)):
        told = ((out, Became.KEPT if keep and Path(out).is_dir() else _remove(out, build)) for out in build.outs)
        became = tuple((out, what) for out, what in told if what is not Became.GONE or not staged(out))
        corpus.mark_build(replace(build, forgotten=max(count, build.forgotten)))
        found.append(Held(build, count, became))
    return found


def _ended(corpus: Corpus, keys: Collection[str]) -> dict[str, int]:
    """What was killed is cleared away, and listed where it stands; how many records each such build (by its manifest) holds of ``keys`` or
    of what was forgotten before: that was while it was made."""
    lives = {begun.out for begun in corpus.builds_begun() if clear(Path(begun.out))}  # who lives finds out by itself
    stand = [(build, held) for build, held in _unlisted(corpus) if lives.isdisjoint(build.outs)]
    gone = {entry.key for entry in corpus.logged() if entry.kind is Happened.FORGET} if stand else set()
    for build, held in stand:
        corpus.list_build(build, held, corpus.tombstones.digest)
    return {build.manifest: held.count(gone.union(keys)) for build, held in stand}


def _remove(where: str, build: Build) -> Became:
    """Remove the files that the build wrote, its manifest last: while that is there, somebody who was killed goes on."""
    if is_url(where):
        return Became.ELSEWHERE
    out = Path(where)
    clear(out)
    try:
        with open(out / manifest.NAME, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return Became.GONE
    written = earlier(out)
    if written is None:
        return Became.GONE
    if digest != build.manifest:
        return Became.REPLACED
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


def _unlisted(corpus: Corpus) -> Iterator[tuple[Build, Keys]]:
    """The builds that stand where one was begun that did not end well, and the keys of what is in them."""
    for out in (begun.out for begun in corpus.builds_begun()):
        try:
            done = manifest.parse(Path(out, manifest.NAME))
        except (OSError, ValueError):
            continue
        if done.query.tenant == corpus.tenant:
            yield entered(done, out)
