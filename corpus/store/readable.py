"""One tenant's corpus for reading: loose files and packs seen as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from corpus.errors import BadInput, Broken, Refused
from corpus.names import Name
from corpus.record import Record, TupleType, parse_line
from corpus.store.builds import Begun, Build, begun, count_in, read_builds
from corpus.store.bundle import open_home
from corpus.store.directory import Directory
from corpus.store.forgetting import Wanted, noted
from corpus.store.lines import Entry, Located
from corpus.store.log import Log, Logged
from corpus.store.lookup import Lookup
from corpus.store.places import Places
from corpus.store.quarantine import report
from corpus.store.reading import Held, Reader
from corpus.store.select import loose_rows
from corpus.store.sequence import LOG, Unsequenced, unsequenced
from corpus.store.tenants import Kind, read_settings
from corpus.store.tombstones import Tombstones

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc


class Readable:
    """The reading side of :class:`corpus.store.Corpus`; a context manager."""

    def __init__(self, name: Name, kind: Kind, home: Directory) -> None:
        self.tenant = name
        self.kind = kind
        self._home = home
        self._places = Places(home, name)
        self._reader = Reader(home, self._places, name)
        self.tombstones = Tombstones(home, name)

    @classmethod
    def open(cls, root: str | os.PathLike[str], tenant: str) -> Self:
        """Open ``tenant`` in ``root``, which may be a bundle of it and is read only then. Raises :class:`Refused` for a tenant that is not
        there, :class:`BadInput` where no root is."""
        return cls(*open_home(Path(root), tenant))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()
        self._places.close()
        self._home.close()

    @property
    def path(self) -> Path:
        return self._home.path

    @property
    def writable(self) -> bool:
        """Whether this is a root's tenant; a bundle is only read."""
        return self._home.writable

    def holds(self, tuple_type: TupleType, stem: str, key: str) -> bool:
        """Whether a record of this key is kept: loose, by its file's name; in a pack, by its key."""
        with self._reporting():
            return self._reader.holds(tuple_type, stem, key)

    def newest(self, tuple_type: TupleType, stem: str, key: str) -> Record | None:
        """The newest version of one record, found by its file's name or its key; ``None`` where none is kept. Raises :class:`Broken`."""
        here = self._reader.versions(tuple_type, stem, key)
        return self.read(max(here, key=lambda entry: entry.order)) if here else None

    def forgets(self, marks: Iterable[str]) -> bool:
        """Whether what bears one of these marks (:class:`corpus.redaction.tombstone.Marks`) was forgotten, and must not be kept again."""
        with self._reporting():
            return self.tombstones.bears(marks)

    def forgetting(self) -> Wanted | None:
        """What is to be forgotten and is not gone everywhere yet: somebody was killed at it."""
        with self._reporting():
            return noted(self._home, self.tenant)

    def check_holds(self) -> None:
        """Raises :class:`Refused` while the tenant is under a legal hold, and of a bundle."""
        if not self._home.writable:
            raise self._home.only_read()
        for name, reason in sorted(read_settings(self._home).holds.items()):
            said = f"tenant {self.tenant} is under the hold {name!r} ({reason}): nothing is forgotten"
            raise Refused(f"{said} until 'corpus hold remove {name} --tenant {self.tenant}'")

    def builds(self) -> list[Build]:
        """The builds that are known, by manifest."""
        return read_builds(self._home)

    def builds_begun(self) -> list[Begun]:
        """Where builds are being written, or were when they were killed."""
        return begun(self._home)

    def in_build(self, build: Build, keys: Collection[str]) -> int:
        """How many of the records of these ``keys`` are in a build."""
        return count_in(self._home, build, keys)

    def lines(self) -> Iterator[tuple[Entry, bytes]]:
        """Every stored line, every version, those of a pack with a frame; in no order, and none is hashed. Raises as :meth:`entries`."""
        with self._reporting():
            yield from self._reader.lines()

    def may_hold(self, tuple_type: TupleType) -> bool:
        """Whether anything of a type can be kept here, told without reading: ``False`` is sure."""
        return self._reader.may_hold(tuple_type)

    def held(self) -> Held:
        """What is kept now, all at once: for bulk work, while nobody else writes loose files."""
        with self._reporting():
            return self._reader.held()

    def entries(self) -> Iterator[Entry]:
        """The newest version of every key, ordered by ``(created_us, key)``; bodies stay on disk.

        Raises :class:`Refused` where a file holds another tenant's record, :class:`Broken` where one is cut off.
        """
        with self._reporting():
            found = self._reader.entries()
        yield from found

    def select(self, where: pc.Expression | None = None, columns: Sequence[str] = ("key", "id", "file")) -> Iterator[pa.RecordBatch]:
        """Columns of every key's newest version that meets ``where``, as Arrow batches in no order; no record is read.

        ``where`` is an expression over the index's columns: the header's, ``created_us``, ``key``, ``id``, ``revision``, ``events``, a
        link's ``link_kind``, ``link_from``, ``link_to`` and ``link_value``, and ``size``. ``file`` says where the record lies. Raises
        :class:`BadInput` for a column there is not, and as :meth:`entries`.
        """
        with self._reporting():
            yield from self._reader.select(where, columns)

    def packed_bytes(self) -> int:
        """How many bytes of lines lie in packs."""
        with self._reporting():
            return self._reader.in_packs(lambda packs: sum(one.content for one in packs.listed))

    def find(self, where: pc.Expression | None = None) -> list[Entry]:
        """The entries that meet ``where``, as :meth:`select`, ordered by ``(created_us, key)``."""
        with self._reporting():
            return self._reader.find(where)

    def lookup(self) -> Lookup:
        """For finding by session, by module and time, or by a link's end, as of now. Raises as :meth:`entries`."""
        with self._reporting():
            return Lookup(self._reader, loose_rows(self._places, self.tenant))

    def read(self, entry: Located) -> Record:
        """The whole record behind ``entry``, its id checked against its bytes. Raises :class:`Broken`.

        It is the newest version if that took the place of ``entry`` since.
        """
        return self._record(entry, self.read_line(entry))

    @contextmanager
    def reading(self) -> Iterator[Callable[[Located], Record]]:
        """:meth:`read` for many entries of a selection: they are read from the packs as they are listed when it begins."""
        with self._reader.reading() as line_of:

            def read(entry: Located) -> Record:
                try:
                    line = line_of(entry)
                except (Broken, Refused) as error:
                    report(self._home, str(error))
                    raise
                return self._record(entry, line)

            yield read

    def _record(self, entry: Located, line: bytes) -> Record:
        try:
            record = parse_line(line)
        except Broken as error:
            with self._reporting():
                raise Broken(f"{self._where(entry)} at byte {entry.offset}: {error}") from error
        if record.header.tenant != self.tenant:
            with self._reporting():
                raise Refused(f"{self._where(entry)}: a record of tenant {record.header.tenant!r} lies with those of {self.tenant!r}")
        return record

    def _where(self, entry: Located) -> Path:
        return self.path.joinpath(*entry.path)

    def read_line(self, entry: Located) -> bytes:
        """The stored bytes of ``entry``, without the newline. As :meth:`read`, but neither hashed nor parsed."""
        with self._reporting():
            return self._reader.line(entry)

    def records(self) -> Iterator[Record]:
        """Every record's newest version, in the order of :meth:`entries`."""
        for entry in self.entries():
            yield self.read(entry)

    def get(self, name: str) -> Record:
        """The record whose id, key or source commit begins with ``name``. Raises :class:`BadInput` for none or several."""
        with self._reporting():
            found = self._reader.matching(name) if name else []
        if not found:
            raise BadInput(f"no record {name[:64]!r} in tenant {self.tenant!r}: see 'corpus stats --tenant {self.tenant}'")
        if len(found) > 1:
            exact = [entry for entry in found if name in (entry.id, entry.key) or name == entry.header.source_commit]
            found = [entry for entry in exact if entry.header.tuple_type is TupleType.EDIT] or exact or found
        if len(found) > 1:
            raise BadInput(f"{name[:64]!r} names {len(found)} records: give more of the id")
        return self.read(found[0])

    def position(self) -> int:
        """How many entries the log has: what a build's ``as of`` names."""
        with self._reporting(), self._log() as log:
            return log.position()

    def logged(self, since: int = 0) -> Iterator[Logged]:
        """The log's entries after position ``since``. Raises :class:`Broken` for what is none, :class:`Refused` for another tenant's."""
        with self._reporting(), self._log() as log:
            yield from log.entries(since)

    def unsequenced(self) -> Unsequenced:
        """What landed since the log was last brought up to it."""
        with self._reporting(), self._log() as log:
            return self._reader.in_packs(lambda packs: unsequenced(log, packs, self._places))

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """What is refused or broken among the stored files leaves a report in ``quarantine/``, whoever came upon it."""
        try:
            yield
        except (Broken, Refused) as error:
            report(self._home, str(error))
            raise

    @contextmanager
    def _log(self, *, create: bool = False) -> Iterator[Log]:
        try:
            log = Log(self._home.child(LOG, create=create), self.tenant)
        except FileNotFoundError:
            log = Log(None, self.tenant)
        try:
            yield log
        finally:
            log.close()
