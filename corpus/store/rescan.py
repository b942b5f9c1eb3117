"""Today's redaction over what is kept: what had slipped through, and newer versions in the place of what held it.

A record whose ruleset is today's passed it already and is left alone, so that a run that was stopped goes on. The parts of a session are
looked at in their order: where one changes, the next goes on from its new last hash, whatever its ruleset. The chain is looked at in every
session, so a run that was stopped between two parts leaves nothing that the next one does not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from corpus.errors import Failed
from corpus.record import Header, Record, RedactionClass, TrajectoryBody, TupleType
from corpus.redaction import Redactor
from corpus.redaction.gate import Looked
from corpus.redaction.texts import Found
from corpus.store.builds import Build
from corpus.store.corpus import Corpus
from corpus.store.index import COLUMNS
from corpus.store.lines import Entry
from corpus.store.packing import Packed
from corpus.store.places import BULK, SUFFIX
from corpus.store.select import FILE
from corpus.store.sessions import entries_of, sessions

_RULESET = re.compile(rb'"ruleset":"([^"\\]*)"\},"revision":[0-9]+,"schema":[0-9]+\}\Z')
_NOWHERE = Found("header", None, None, "", "cannot-be-kept")
_TAIL = 512
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Slipped:
    """A stored record that holds what today's rules replace. ``id`` is the version that was looked at; ``replaced`` that it is gone,
    ``withheld`` that its newer version says that it holds no content."""

    key: str
    id: str
    tuple_type: TupleType
    found: tuple[Found, ...]
    replaced: bool
    withheld: bool


@dataclass(slots=True)
class Rescanned:
    """How many records there are, were searched, held something, and were replaced; ``chained`` parts have new hashes alone, or wait for
    them. ``left`` are those of them that are still as they were."""

    records: int = 0
    searched: int = 0
    slipped: int = 0
    replaced: int = 0
    chained: int = 0
    left: int = 0


class Rescan:
    """One run over a tenant."""

    def __init__(
        self, corpus: Corpus, redactor: Redactor, chosen: Callable[[Header], bool], told: Callable[[Slipped], None], *, replace: bool
    ) -> None:
        """``chosen`` says of a header whether its record is to be searched, ``told`` hears of each that holds something."""
        self._corpus = corpus
        self._redactor = redactor
        self._chosen = chosen
        self._told = told
        self._replace = replace
        self.done = Rescanned()
        self._gone: set[str] = set()

    def run(self, seen: Callable[[int, int], None] = lambda done, total: None) -> Rescanned:
        """Look at everything; ``seen(done, total)`` counts records. Raises what the store and the gate raise; what was replaced by then
        stays replaced."""
        total = sum(batch.num_rows for batch in self._corpus.select(columns=("key",)))
        for entry in self._alone():
            self._one(entry, None)
            self._count(seen, total)
        for session in sessions(self._corpus):
            last: tuple[int, str] | None = None
            named = session[0][1].header.session_id is not None
            for part, entry in session:
                body = self._one(entry, last[1] if last and last[0] + 1 == part else None)
                last = (part, body.last) if body and named else None
                self._count(seen, total)
        self._redactor.close()
        return self.done

    def settle(self, seen: Callable[[int, int], None] = lambda done, total: None) -> Packed:
        """After what was replaced: name it in the log, and take the older versions off the disk. Does nothing where nothing is to do."""
        self._corpus.sweep_temporary()
        if self._corpus.unsequenced().records:
            self._corpus.sequence()
        return self._corpus.drop_old(seen)

    def builds(self) -> list[Build]:
        """The builds that hold what this run replaced, as far as they are known; nothing in them changes."""
        return [build for build in self._corpus.builds() if self._corpus.in_build(build, self._gone)]

    def _count(self, seen: Callable[[int, int], None], total: int) -> None:
        self.done.records += 1
        seen(self.done.records, total)

    def _one(self, entry: Entry, prev: str | None) -> TrajectoryBody | None:
        """Look at one record; of a part returned is what the next one goes on from."""
        header, name = entry.header, entry.path[-1]
        if header.tuple_type is not TupleType.TRAJECTORY and not self._due(_ruleset(self._corpus.read_line(entry)), header):
            return None
        stem = None if entry.frame or name.startswith(BULK) else name.removesuffix(SUFFIX)
        record = self._corpus.read(entry)
        for _ in range(_TRIES):
            part = record.body if isinstance(record.body, TrajectoryBody) else None
            moved = prev is not None and part is not None and part.first_prev != prev
            if not moved and not self._due(record.redaction.ruleset, record.header):
                return part
            self.done.searched += 1
            try:
                looked = self._redactor.again(record, prev if moved else None, stem)
            except Failed:  # something stands in what every record has: its header, its name
                self._note(record, Looked((_NOWHERE,), None), replaced=False)
                return part
            newer = looked.newer
            if newer is None:
                return part
            if not self._replace or self._corpus.replace(newer):
                self._note(record, looked, replaced=self._replace)
                return newer.body if self._replace and isinstance(newer.body, TrajectoryBody) else part
            if self._corpus.forgets(newer.marks):
                # Now that it is known whose it is, there is no version of it to keep; to forget it is not for a rescan to decide.
                self._note(record, looked, replaced=False)
                return part
            # It grew, or another run replaced it: what is there now is looked at.
            newest = self._corpus.newest(header.tuple_type, newer.stem, record.key)
            if newest is None:
                return None
            record = newest
        raise Failed(f"{header.tuple_type} {entry.key[:12]} is replaced again and again by others: run it again")

    def _due(self, ruleset: str, header: Header) -> bool:
        return ruleset != self._redactor.ruleset and self._chosen(header)

    def _note(self, record: Record, looked: Looked, *, replaced: bool) -> None:
        if looked.found:
            self.done.slipped += 1
            withheld = looked.newer is not None and looked.newer.header.redaction_class is RedactionClass.WITHHELD
            self._told(Slipped(record.key, record.id, record.header.tuple_type, looked.found, replaced, withheld))
        else:
            self.done.chained += 1
        if replaced:
            self.done.replaced += 1
            self._gone.add(record.key)
        else:
            self.done.left += 1

    def _alone(self) -> Iterator[Entry]:
        """Every record but the parts of sessions, a pack after the other."""
        import pyarrow.compute as pc

        for batch in self._corpus.select(pc.field("tuple_type") != TupleType.TRAJECTORY.value, (*COLUMNS, FILE)):
            yield from entries_of(batch)


def _ruleset(line: bytes) -> str:
    """What a stored line says it was redacted by; empty where it says nothing."""
    found = _RULESET.search(line, max(0, len(line) - _TAIL))
    return found[1].decode() if found else ""
