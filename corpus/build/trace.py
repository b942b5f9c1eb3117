"""From a row of a build to the record behind it, and from a record to where it stands in a build, or why it does not.

The manifest alone answers most of it: its members are in the order of the rows, and it says how many rows each file has. So a row is found
by counting, in any format and without reading the files. Only what was left out is looked up in ``dropped/`` and ``aliases/``.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from corpus.build import manifest, recipes
from corpus.build.dropped import ALIASES, DROPPED
from corpus.build.manifest import BuiltSet, Manifest, OutputFile
from corpus.build.recipe import Recipe
from corpus.build.reread import row_of, rows_about
from corpus.build.where import parse_all
from corpus.errors import BadInput, Broken, Refused
from corpus.record import Record
from corpus.store.readable import Readable
from corpus.xdg import is_url, shown


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a build: ``row`` counts from 1 in ``file``, which is relative to the build's directory with ``/``. ``id`` is the version of
    the record behind it; ``split`` is ``""`` and ``reason`` says why where it is about what was left out, and ``detail`` says more."""

    recipe: str
    split: str
    file: str
    row: int
    key: str
    id: str
    reason: str = ""
    detail: str = ""
    events: str = ""


@dataclass(frozen=True, slots=True)
class Silent:
    """A set of a build that has nothing of a record, not even a reason, and what can be said of that."""

    recipe: str
    why: str


@dataclass(frozen=True, slots=True)
class Traced:
    """A record in a build: ``record`` as it is kept now, ``None`` where it is not any more; of a set that has no place of it, what is known
    of that."""

    key: str
    record: Record | None
    places: tuple[Place, ...]
    silent: tuple[Silent, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """A row of the build in ``directory``, and the record behind it as it is kept now."""

    directory: Path
    place: Place
    record: Record


@dataclass(frozen=True, slots=True)
class Build:
    """A build that stands in ``directory``."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, name: str | Path, tenant: str) -> Build:
        """The build in the directory ``name``.

        Raises :class:`BadInput` where no build stands or it is not on this machine, :class:`Refused` where it is another tenant's,
        :class:`Broken` where its manifest was changed.
        """
        directory = _here(name)
        if not (directory / manifest.NAME).is_file():
            raise BadInput(f"{directory} holds no build: name a directory that 'corpus build' wrote")
        found = manifest.read(directory / manifest.NAME)
        if found.query.tenant != tenant:
            raise Refused(f"{directory} holds a build of tenant {found.query.tenant[:64]!r}, not of {tenant!r}")
        home = directory.resolve()
        for file in (file for built in found.sets for file in (*built.files, *built.beside)):
            if not (home / file.path).resolve().is_relative_to(home):
                raise Broken(f"{directory / manifest.NAME} names {file.path[:200]!r}, which is not in its directory: it was changed")
        return cls(directory, found)

    def _key_of(self, name: str) -> str | None:
        """The key of the one record behind its rows whose key or id begins with ``name``."""
        pairs = (pair for built in self.manifest.sets for pair in built.members)
        found = {key for key, ident in pairs if name and (key.startswith(name) or ident.startswith(name))}
        return found.pop() if len(found) == 1 else None

    def trace(self, corpus: Readable, name: str) -> Traced:
        """Where the record stands whose id, key or commit begins with ``name``. Raises :class:`BadInput` for none or several, unless the
        build has one that is not kept any more; :class:`Broken` where a file is not what the build wrote."""
        try:
            record: Record | None = corpus.get(name)
            key = record.key if record is not None else name
        except BadInput:
            if (found := self._key_of(name)) is None:
                raise
            key, record = found, _kept(corpus, found)
        places = tuple(self._places(key))
        return Traced(key, record, places, () if record is None else tuple(self._silent(record, places)))

    def _places(self, key: str) -> Iterator[Place]:
        """The rows that a record is behind, then what the build kept of why others of it are none; set by set."""
        for built in self.manifest.sets:
            yield from _rows(built, key)
            # An alias says less than what is kept of the same in dropped/.
            kept = [file for file in built.beside if file.path.startswith(f"{DROPPED}/")]
            for file in kept or [file for file in built.beside if file.path.startswith(f"{ALIASES}/")]:
                for number, told, detail in rows_about(self.directory / file.path, key):
                    yield Place(built.recipe, "", file.path, number, key, told.id, told.reason, detail)

    def place(self, name: str, number: int) -> Place:
        """Row ``number`` of the file ``name``. Raises as :func:`behind`."""
        for built in self.manifest.sets:
            before = 0
            for file in (*built.files, *built.beside):
                if file.path == name:
                    if number > file.rows:
                        raise BadInput(f"{self.directory / name} has {file.rows} rows: there is no row {number}")
                    told = row_of(self.directory / name, number)
                    if file in built.beside:
                        return Place(built.recipe, "", name, number, told.key, told.id, told.reason)
                    key, ident = built.members[before + number - 1]
                    if told.key and (told.key, told.id) != (key, ident):
                        raise Broken(f"{self.directory / name}: row {number} is not of the record that the manifest names: it was changed")
                    return Place(built.recipe, _split(file), name, number, key, ident, events=told.events)
                before += file.rows
        raise BadInput(f"{self.directory / name} has no rows of the build that lies there: name a file of one of its sets")

    def _silent(self, record: Record, places: tuple[Place, ...]) -> Iterator[Silent]:
        """The sets that have nothing of ``record``, when these are all its ``places``."""
        known, told = recipes.known(), {place.recipe for place in places}
        for built in self.manifest.sets:
            if built.recipe not in told:
                yield Silent(built.recipe, self._why(built, record, known))

    def _why(self, built: BuiltSet, record: Record, known: Mapping[str, Recipe]) -> str:
        kind, query = record.header.tuple_type, self.manifest.query
        if built.recipe in known and not known[built.recipe].takes(kind):
            return f"it reads no {kind} records"
        for condition in parse_all(query.where).headers:
            if condition.field != "evidence_class" and not condition.holds(record.header):  # evidence is what was known then
                return f"the build asked for others ({condition})"
        if any(gone.key == record.key for gone in self.manifest.gone):
            return "the version that its position names was not kept any more"
        if built.dropped and not query.options.keep_dropped:
            return "left out or not selected: a build with --keep-dropped keeps why"
        return f"not selected: it came after position {self.manifest.position}, or its evidence was not what was asked for"


def _here(name: str | Path) -> Path:
    if is_url(str(name)):
        raise BadInput(f"{shown(str(name))} is on another file system: bring the build's directory here first, and name it there")
    return Path(name)


def _kept(corpus: Readable, key: str) -> Record | None:
    try:
        return corpus.get(key)
    except BadInput:
        return None


def _rows(built: BuiltSet, key: str) -> Iterator[Place]:
    ends = list(accumulate(file.rows for file in built.files))
    for at in built.members.of(key):
        number = bisect_right(ends, at)
        if number == len(ends):
            raise Broken(f"the files of {built.recipe!r} have fewer rows than members in the manifest: it was changed")
        file = built.files[number]
        yield Place(built.recipe, _split(file), file.path, at - (ends[number] - file.rows) + 1, *built.members[at])


def _split(file: OutputFile) -> str:
    return file.path.rpartition("/")[2].partition("-")[0]


def behind(corpus: Readable, name: str) -> Behind:
    """What stands behind the row that ``FILE:ROW`` names. The row is read, and held against the manifest where it names its record.

    Raises :class:`BadInput` for what is no such name, a row that is not there or a record that is not kept any more; :class:`Refused` and
    :class:`Broken` as :meth:`Build.open`, and :class:`Broken` for a row that is not the one that was written.
    """
    text, _, digits = name.rpartition(":")
    if not text or not digits.isascii() or not digits.isdigit() or not 0 < len(digits) < 12 or int(digits) < 1:
        raise BadInput(f"{name[:200]!r} is not FILE:ROW: name a file of a build and a row of it, counted from 1")
    path = Path(os.path.realpath(_here(text)))
    home = next((folder for folder in path.parents if (folder / manifest.NAME).is_file()), None)
    if home is None:
        raise BadInput(f"{text} is not in a build's directory: there is no {manifest.NAME} above it")
    place = Build.open(home, corpus.tenant).place(path.relative_to(home).as_posix(), int(digits))
    record = _kept(corpus, place.key)
    if record is None:
        raise BadInput(f"{name}: the record {place.key} behind it is not kept any more, forgotten or lost")
    return Behind(home, place, record)
