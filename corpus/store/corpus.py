"""One tenant's corpus: the only writer of its directory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, nullcontext
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from corpus.errors import Broken, Refused
from corpus.record import Scope
from corpus.redaction import Redacted, pseudonym
from corpus.redaction.tombstone import Marks
from corpus.store import sources
from corpus.store.builds import BUILDS, Begun, Build, begin_build, end_build, write_build
from corpus.store.bulk import add_pack
from corpus.store.bundling import bring, target
from corpus.store.exporting import Exported, describe, parts
from corpus.store.forgetting import Forgetting, Wanted, done, note
from corpus.store.importing import TakenIn, bearing, take_in
from corpus.store.keys import Keys
from corpus.store.lines import entry_of
from corpus.store.lock import tenant_lock
from corpus.store.log import Log
from corpus.store.loose import replace, sweep_temporary, write_new
from corpus.store.packing import Packed, Packing, due, overtaken
from corpus.store.places import SUFFIX
from corpus.store.quarantine import report
from corpus.store.readable import Readable
from corpus.store.reading import PACKS, Reader
from corpus.store.repacking import repack
from corpus.store.repair import Repair
from corpus.store.sequence import LOG, sequence
from corpus.store.tenants import Kind
from corpus.store.tombstones import TOMBSTONES, Tombstone, write_tombstones
from corpus.store.verify import Problem, Verification, Verified, What

BULK_BYTES = 16 << 20
"""Bulk capture packs what has come to this: a pack is written at once, and small packs are merged later."""
BULK_RECORDS = 1 << 14
"""Or to so many: a record that waits takes 6 KB, however short its line."""
FEW = 16
"""So many records are not worth a pack: they are kept loose."""


class Corpus(Readable):
    """The records of one tenant in one root. Use :meth:`open`; a context manager."""

    @cached_property
    def _lock(self) -> FileLock:
        return tenant_lock(self._home)

    def append(self, record: Redacted) -> bool:
        """Keep one record, durably; ``False`` when its key is here already, or was forgotten (nothing is written then).

        Raises ``OSError`` when the disk does not take it, :class:`Refused` for another tenant's record or scope.
        """
        self._check(record)
        if self.forgets(record.marks) or self.holds(record.tuple_type, record.stem, record.key):
            return False
        return self._write_new(record)

    def replace(self, record: Redacted) -> bool:
        """Keep a newer version of a key, durably, in the place of the one that is here; ``False`` when that one is as new or newer, or what
        it is was forgotten.

        A key that is not here yet is kept as :meth:`append` does; one that is in a pack is kept loose, and the older version leaves with
        the next pack. Takes the tenant's lock. Raises as :meth:`append`, and :class:`Broken` where another key has the file of that name.
        """
        self._check(record)
        place = self._places.of_record(record.tuple_type, record.cluster)
        name = f"{record.stem}{SUFFIX}"
        with self._reporting(), self._lock, self._places.open(*place, create=True) as directory:
            if self.forgets(record.marks):
                return False
            newer = entry_of(record.line, directory.path / name, (*place, name), self.tenant)
            # A writer that holds no lock may put the first version there meanwhile: then this one is held against it.
            while True:
                here = self._reader.versions(record.tuple_type, record.stem, record.key)
                if any(entry.order >= newer.order for entry in here):
                    return False
                if directory.exists(name):
                    if not any(entry.path == newer.path for entry in here):
                        raise Broken(f"{directory.path / name} holds another record than its name says: run 'corpus verify'")
                    replace(directory, name, record.line + b"\n")
                    return True
                if write_new(directory, name, record.line + b"\n"):
                    return True

    def append_many(self, records: Iterable[Redacted], kept: Callable[[int], None] = lambda count: None) -> int:
        """Keep many records, in packs of about 16 MiB of lines or 16,384 records, each durable before it is counted; returns how many were
        new.

        What was forgotten is left out.

        ``kept(n)`` is called each time ``n`` more are durable. A few that are left over are kept loose. Takes the tenant's
        lock for each pack.
        """
        held = self.held()
        waiting: dict[str, Redacted] = {}
        size = total = 0
        for record in records:
            self._check(record)
            if record.key in waiting or held.loose(record.stem, record.key):
                continue
            waiting[record.key] = record
            size += len(record.line)
            if size >= BULK_BYTES or len(waiting) >= BULK_RECORDS:
                waiting = held.unpacked(waiting)
                size = sum(len(one.line) for one in waiting.values())
                if 2 * size >= BULK_BYTES or 2 * len(waiting) >= BULK_RECORDS:  # what is here already makes no pack of a few
                    total += self._add(list(waiting.values()), kept)
                    waiting, size = {}, 0
        waiting = held.unpacked(waiting)
        if len(waiting) > FEW:
            return total + self._add(list(waiting.values()), kept)
        for record in waiting.values():
            if self.append(record):
                total += 1
                kept(1)
        return total

    def _add(self, records: list[Redacted], kept: Callable[[int], None]) -> int:
        with self._reporting(), self._lock, self._home.child(PACKS, create=True) as packs:
            added = add_pack(packs, self.tenant, [record for record in records if not self.forgets(record.marks)])
        kept(added)
        return added

    def _write_new(self, record: Redacted) -> bool:
        directory = self._places.kept(self._places.of_record(record.tuple_type, record.cluster), create=True)
        name = f"{record.stem}{SUFFIX}"
        new = write_new(directory, name, record.line + b"\n")
        if new and self.forgets(record.marks):  # it holds no lock: what was forgotten meanwhile was not there, and may be packed by now
            self._take_out(Wanted(frozenset({record.key})))
            return False
        return new

    def pack(self, seen: Callable[[int, int], None] = lambda done, total: None, *, only_when_due: bool = False) -> Packed:
        """Seal loose files into packs, and small packs into larger ones; safe at any time, beside any reader or writer.

        ``only_when_due``: nothing happens before there are enough loose files. ``seen(done, total)`` counts files. Takes the tenant's lock
        step by step. Raises :class:`Refused` at another tenant's record; what cannot be read is left where it is and named in the result.
        """
        with self._reporting():
            if only_when_due and not self._reader.in_packs(lambda packs: due(self._places, packs)):
                return Packed()
        with self._reporting(), self._home.child(PACKS, create=True) as packs, self._log(create=True) as log:
            return Packing(self.tenant, self._places, packs, log, self._lock).run(seen)

    def drop_old(self, seen: Callable[[int, int], None] = lambda done, total: None) -> Packed:
        """As :meth:`pack`, where an older version of a key lies on the disk still; else nothing happens."""
        with self._reporting(), self._home.child(PACKS, create=True) as packs, self._lock:
            old = self._reader.in_packs(lambda listed: overtaken(packs, self.tenant, self._places, listed))
        return self.pack(seen) if old else Packed()

    def repack(self) -> Packed:
        """Seal everything anew, so that the packs are what the records alone make of them, whatever their history was.

        The log is brought up first. Takes the tenant's lock throughout. Raises as :meth:`pack`, and :class:`Broken` where a loose file
        cannot be read.
        """
        with self._reporting(), self._lock:
            self.sequence()
            with self._home.child(PACKS, create=True) as packs, self._log() as log:
                sealed = Packing(self.tenant, self._places, packs, log, self._lock).run(lambda done, total: None, merge=False)
                if sealed.broken:
                    raise Broken(sealed.broken[0])
                done = repack(packs, self.tenant)
                done.packs = done.packs or sealed.packs  # they may be as they should already
                return done

    def export(self, out: Path) -> Exported:
        """Make ``out`` a bundle of what is kept now, or bring an earlier one of this tenant up to it; loose files are packed first.

        Takes the tenant's lock, not for the copying. Raises :class:`corpus.errors.BadInput` where ``out`` cannot be one or the pseudonym
        key is missing, :class:`Refused` for another's bundle, :class:`Broken` where a record cannot be read.
        """
        with ExitStack() as held:
            with self._reporting(), self._lock:
                self.sequence()
                packed = self.pack()
                if packed.broken:
                    raise Broken(packed.broken[0])
                said = describe(self._home, self.tenant, self.kind)
                listed, found = held.enter_context(parts(self._home, self.tenant))
                position = self.position()
            new = bring(held.enter_context(target(out, said, self.path.parent)), said, listed, found)
        return Exported(sum(one.records for one in listed), len(listed), new, position)

    def take_in(self, bundle: Path, seen: Callable[[int, int], None] = lambda done, total: None, *, merge: bool = False) -> TakenIn:
        """Take a bundle in: every record that is not here or newer than what is. Doing it again changes nothing.

        All of it is checked before anything is kept. What was forgotten there is forgotten here, as by :meth:`forget`. ``merge``: also
        where there are records that the bundle has not. ``seen(done, total)`` counts records. Raises :class:`Refused` for another
        tenant's, another kind's or one under another key, :class:`Broken` naming the file that is not whole,
        :class:`corpus.errors.BadInput` for what is no bundle, and without ``merge``.
        """
        with self._reporting():
            own = describe(self._home, self.tenant, self.kind)
            marks = Marks(pseudonym.existing(self.tenant)).of_line

            def forget(tombstones: frozenset[Tombstone]) -> None:
                known: set[str] = set()
                wanted = bearing(self.lines(), marks, tombstones, known)
                with self._lock:  # else what somebody begins meanwhile would end here
                    waiting = self.forgetting()
                    self.forget(wanted)
                    if not wanted.keys and waiting is None:
                        self.forgotten()
                # What came in before the tombstones stood and after it was looked for.
                if (late := bearing(self.lines(), marks, tombstones, known)).keys:
                    self.forget(late)

            done = take_in(bundle, own, self._home, self._places, self._lock, self.sequence, marks, forget, seen, merge=merge)
        self.pack(only_when_due=True)
        return done

    def sequence(self) -> int:
        """Bring the log up to what is kept now; returns the position reached. Takes the tenant's lock.

        Raises :class:`Refused` at another tenant's record, :class:`Broken` for a log that contradicts itself.
        """
        with self._reporting(), self._lock, self._home.child(PACKS, create=True) as packs, self._log(create=True) as log:
            self._reader.in_packs(lambda listed: sequence(log, listed, packs, self._places, self.tenant))
            return log.position()

    def sweep_temporary(self) -> int:
        """Remove what killed writers left behind; returns how many files."""
        removed = sweep_temporary(self._home) + sources.sweep(self._home)
        for place in [*self._places.all(), *((name,) for name in self._home.directories() if name in (PACKS, LOG, TOMBSTONES, BUILDS))]:
            with self._places.open(*place) if len(place) > 1 else self._home.child(*place) as directory:
                removed += sweep_temporary(directory)
        return removed

    def forget(self, wanted: Wanted) -> list[str]:
        """Take records out for good, and let nothing in again that bears their tombstones; returns a line for each file that could not be
        looked into. Takes the tenant's lock.

        What is wanted is noted first, and stays noted (:meth:`forgetting`) until :meth:`forgotten` says that it is gone everywhere else as
        well. Raises :class:`Refused` while the tenant is under a legal hold, and at another tenant's record.
        """
        with self._lock:
            self.check_holds()  # a hold begins under the same lock: none begins between this and the note
            with self._reporting():
                unread = self._take_out(note(self._home, self.tenant, wanted))
        self.sweep_temporary()
        self._reader.close()
        self._reader = Reader(self._home, self._places, self.tenant)  # what it remembers of bulk files is no longer so
        return unread

    def _take_out(self, wanted: Wanted) -> list[str]:
        with self._home.child(PACKS, create=True) as packs, self._log(create=True) as log:
            run = Forgetting(self.tenant, self._home, self._places, packs, log, self._lock)
            run.run(wanted)
        return run.unread

    def begin_build(self, out: str, since: str) -> bool:
        """A build is about to be written to ``out`` (absolute), begun when the tombstones had the digest ``since``; ``False`` where one was
        begun there already. Takes the tenant's lock."""
        with self._lock, self._home.child(BUILDS, create=True) as directory:
            return begin_build(directory, Begun(out, since))

    def list_build(self, build: Build, keys: Keys | None, since: str) -> bool:
        """Know a build, and which records are in it, from now on; what is known of one of the same manifest is added to, and with ``None``
        its records are those that are known. Takes the
        tenant's lock. ``False``, and what was begun has not ended, where something was forgotten after the tombstones had the digest
        ``since``."""
        with self._lock, self._home.child(BUILDS, create=True) as directory:
            if self.tombstones.digest != since:
                return False
            write_build(directory, build, keys)
            for out in build.outs:
                end_build(directory, out)
            return True

    def end_build(self, out: str) -> None:
        """What was begun at ``out`` came to nothing, and nothing of it is left."""
        with self._lock, self._home.child(BUILDS, create=True) as directory:
            end_build(directory, out)

    def mark_build(self, build: Build) -> None:
        """Remember of a known build how many of its records were forgotten. Takes the tenant's lock."""
        with self._lock, self._home.child(BUILDS) as directory:
            write_build(directory, build)

    def forgotten(self) -> None:
        """What was to be forgotten is gone everywhere."""
        with self._lock:
            done(self._home)

    def lift(self, tombstones: Collection[Tombstone]) -> int:
        """Take ``tombstones`` away, so that what bore them may be captured again; returns how many there were. Takes the tenant's lock."""
        with self._reporting(), self._lock, self._home.child(TOMBSTONES, create=True) as directory:
            known = set(self.tombstones.all())
            write_tombstones(directory, self.tenant, known - set(tombstones))
            return len(known & set(tombstones))

    def verify(self, since: int | None = None) -> Verified:
        """Hold everything that is kept against everything else, or with ``since`` what the log names after that position and what is loose.

        Takes the tenant's lock, but not in a bundle. Problems are in the result, not raised.
        """
        lock = self._lock if self._home.writable else nullcontext()
        with lock, self._home.child(PACKS, create=True) as packs, self._log(create=True) as log:
            found = Verification(self.tenant, self._places, packs, log).run(since)
            if since is None:
                wrong = sources.problems(self._home, self.tenant)
                found.problems += [Problem(What.LOG, line, refused=refused) for line, refused in wrong]
        if not found.problems:
            waiting = self.unsequenced()
            found.unsequenced, found.oldest = waiting.records, waiting.oldest
        for problem in found.problems:
            report(self._home, problem.line)
        return found

    def repair(self) -> list[str]:
        """Make again what can be made again, keep what can be read, set the rest aside; returns a line for each. Takes the lock."""
        with self._lock, self._home.child(PACKS, create=True) as packs, self._log(create=True) as log:
            seen = Verification(self.tenant, self._places, packs, log)
            seen.run()
            repair = Repair(self.tenant, self._home, self._places, packs, seen, _forgot(log))
            repair.run()
        return repair.done

    def _check(self, record: Redacted) -> None:
        if not isinstance(record, Redacted):
            raise TypeError("a corpus takes what the redaction gate made, and nothing else")
        if record.header.tenant != self.tenant:
            raise Refused(f"a record of tenant {record.header.tenant!r} was handed to tenant {self.tenant!r}")
        if record.header.scope is not Scope.ENGINEERING or self.kind is not Kind.VENDOR:
            raise Refused(f"{self.path.parent} is a {self.kind} root: it does not take {record.header.scope} records")


def _forgot(log: Log) -> frozenset[str]:
    """What must not come back from a damaged or foreign file; nothing where the log cannot say so, which verification has told."""
    try:
        return log.forgot()
    except Broken:
        return frozenset()
