"""Draft -> gate -> store, for one tenant: what is held already is never read, rendered or written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from capture import refused, withheld
from corpus.record import Record, TupleType, key_of
from corpus.redaction import Redacted, Redactor
from corpus.redaction.draft import Draft
from corpus.redaction.people import remember
from corpus.store import Corpus, Entry, Lookup
from corpus.store.reading import Held

if TYPE_CHECKING:
    import pyarrow.compute as pc


class Ingest:
    """One tenant's corpus behind its redaction gate; a context manager."""

    def __init__(self, root: Path, tenant: str, people: Iterable[tuple[str, str]] = ()) -> None:
        """``people`` are the ``(name, e-mail)`` of those whose work this is; the tenant's list remembers them before anything is read.
        Raises :class:`corpus.errors.Refused` for a tenant that ``root`` does not have."""
        self._corpus = Corpus.open(root, tenant)
        self.fresh: dict[str, TupleType] = {}
        """Keys and types of the records that :meth:`keep` and :meth:`grow` kept anew."""
        self.withheld: list[withheld.Note] = []
        """What the second pass withheld of all that was kept here; in bulk it is remembered by the worker that kept it alone."""
        try:
            remember(self._corpus.tenant, people)
            self._redactor = Redactor.for_tenant(self._corpus.tenant, self._corpus.tombstones)
            self.pseudonyms = self._redactor.pseudonyms
        except BaseException:
            self._corpus.close()
            raise

    def __enter__(self) -> Ingest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._redactor.close()
        self._corpus.close()

    @property
    def home(self) -> Path:
        """The tenant's directory."""
        return self._corpus.path

    def holds(self, draft: Draft) -> bool:
        return self._corpus.holds(draft.tuple_type, draft.stem, draft.key)

    def holds_commit(self, commit: str) -> bool:
        """Whether the record of a commit is kept."""
        return self._corpus.holds(TupleType.EDIT, commit, key_of(self._corpus.tenant, TupleType.EDIT, commit))

    def held(self) -> Held:
        """What is kept now, all at once: for work over a whole history."""
        return self._corpus.held()

    def refuses(self, draft: Draft) -> bool:
        """Whether a draft is of what was forgotten, or of whoever opted out: told before anything of it is read, and counted."""
        return bool(self._corpus.tombstones.digest) and self._refuses(self._redactor.marks.of_draft(draft))

    def refuses_session(self, session: str) -> bool:
        """As :meth:`refuses`, of a whole session by its keyed hash."""
        return self._refuses([self._redactor.marks.session(session)])

    def refuses_people(self, people: Iterable[tuple[str, str]]) -> bool:
        """As :meth:`refuses`, of the work of these ``(name, e-mail)``."""
        return self._refuses(self._redactor.marks.of_people(people))

    def _refuses(self, marks: Iterable[str]) -> bool:
        found = self._corpus.forgets(marks)
        if found:
            refused.count(self._corpus.tenant)
        return found

    def keep(self, draft: Draft) -> bool:
        """Keep one record, durably; ``False`` when it is held already, or was forgotten. Raises what the gate and the store raise."""
        new = not self.holds(draft) and not self.refuses(draft) and self._corpus.append(self._admit(draft))
        if new:
            self.fresh[draft.key] = draft.tuple_type
        return new

    def grow(self, draft: Draft) -> Record | Redacted:
        """Keep the record, or a newer version of it in the place of an older one, durably; returns what is kept of it now. Raises what
        the gate and the store raise."""
        record = self._admit(draft)
        new = self._corpus.replace(record)
        if new:
            self.fresh[draft.key] = draft.tuple_type
        kept = None if new else self.newest(draft.tuple_type, draft.stem, draft.key)
        return kept or record

    def look(self, draft: Draft) -> Redacted:
        """The record that the draft would be, not kept."""
        return self._redactor.admit(draft)

    @property
    def ruleset(self) -> str:
        """What records are redacted by now."""
        return self._redactor.ruleset

    def newest(self, tuple_type: TupleType, stem: str, key: str) -> Record | None:
        """What is kept under a key, in its newest version."""
        return self._corpus.newest(tuple_type, stem, key)

    def may_hold(self, tuple_type: TupleType) -> bool:
        """As :meth:`corpus.store.Corpus.may_hold`."""
        return self._corpus.may_hold(tuple_type)

    def find(self, where: pc.Expression) -> list[Entry]:
        """What is kept and meets ``where``, as :meth:`corpus.store.Corpus.find`."""
        return self._corpus.find(where)

    def lookup(self) -> Lookup:
        """As :meth:`corpus.store.Corpus.lookup`."""
        return self._corpus.lookup()

    def get(self, name: str) -> Record:
        """The record that a person names, as :meth:`corpus.store.Corpus.get`."""
        return self._corpus.get(name)

    def read(self, entry: Entry) -> Record:
        return self._corpus.read(entry)

    def keep_many(self, drafts: Iterable[Draft], kept: Callable[[int], None] = lambda count: None) -> int:
        """Keep many, synced in batches; returns how many were new. ``kept(n)`` says that ``n`` more are durable."""
        held = self._corpus.held()
        fresh = (draft for draft in drafts if (draft.stem, draft.key) not in held and not self.refuses(draft))
        count = self._corpus.append_many(map(self._admit, fresh), kept)
        self._redactor.close()  # a worker has no other end
        return count

    def _admit(self, draft: Draft) -> Redacted:
        record = self._redactor.admit(draft)
        if noted := withheld.note(record):
            self.withheld.append(noted)
        return record


def tidy(root: Path, tenant: str) -> list[str]:
    """Remove what killed writers left in a tenant's corpus, bring its log up to what is kept, and pack when there is enough; returns a line
    for each file that could not be read. Raises what the store raises."""
    with Corpus.open(root, tenant) as corpus:
        corpus.sweep_temporary()
        corpus.sequence()
        return corpus.pack(only_when_due=True).broken
