"""A build is known to its tenant's corpus, with the records that are in it, so that forgetting finds it again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson

from corpus.build.dropped import DROPPED
from corpus.build.manifest import NAME, Manifest
from corpus.build.output import asides, clear
from corpus.errors import Failed
from corpus.store import Build, Corpus, Keys


@contextlib.contextmanager
def listed(corpus: Corpus, out: Path) -> Iterator[list[Manifest]]:
    """Around all that writes a build to ``out``: takes its manifest, and when that stands, lists it.

    First what killed builds left half done goes, where something was forgotten since they began: it may hold that. A bundle is only read,
    and nothing is known there of a build. Raises :class:`Failed`, and takes the build away, where something was forgotten while it was
    made.
    """
    if not corpus.writable:
        yield []
        return
    where, since = os.path.realpath(out), corpus.tombstones.digest
    for left in corpus.builds_begun():
        if left.tombstones != since:
            clear(Path(left.out))
    new = corpus.begin_build(where, since)
    built: list[Manifest] = []
    try:
        yield built
    except BaseException:
        # What stands may be this one, or one that was killed before it was listed; what was begun before may be somebody's who lives, and
        # what was interrupted lies aside.
        if new and not any(os.path.lexists(left) for left in (os.path.join(where, NAME), asides(Path(where))[0])):
            corpus.end_build(where)
        raise
    for done in built:
        if not corpus.list_build(*entered(done, where), since):
            with contextlib.suppress(FileNotFoundError):  # who forgot may have come first
                _take_away(Path(where))
            corpus.end_build(where)
            raise Failed(f"records of tenant {corpus.tenant} were forgotten while {out} was built: nothing was kept of it, build it again")


def _take_away(out: Path) -> None:
    """Remove a build, its manifest last: while that is there, what is left of one whose removal was killed is found."""
    for entry in sorted(out.iterdir(), key=lambda entry: entry.name == NAME):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    out.rmdir()


def entered(done: Manifest, out: str) -> tuple[Build, Keys]:
    """What the list is to say of the build that stands at ``out``, and the keys of the records that are in it."""
    with open(os.path.join(out, NAME), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Build(digest, done.query.recipes, (out,)), _held(done, out)


def _held(done: Manifest, out: str) -> Keys:
    """The keys of all records of which the build holds anything: those behind its rows, and those whose rows it left out and was asked to
    keep."""
    found = bytearray()
    for each in done.sets:
        found += each.members.raw_keys()
    for file in (file for each in done.sets for file in each.beside if file.path.startswith(f"{DROPPED}/")):
        # One that is not there any more went with a removal that was killed.
        with contextlib.suppress(FileNotFoundError), open(os.path.join(out, file.path), "rb") as lines:
            for line in lines:
                found += bytes.fromhex(orjson.loads(line)["key"])
    return Keys.of(found)
