"""The gate: the only maker of the value that the store accepts."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass
from functools import lru_cache, partial

from corpus.errors import Failed
from corpus.names import Name
from corpus.record import Body, EditBody, Header, Record, RedactionClass, RedactionSummary, TrajectoryBody, TupleType, seal
from corpus.redaction import ner_model, programs
from corpus.redaction.again import Again
from corpus.redaction.batch import Batch
from corpus.redaction.comments import telling
from corpus.redaction.draft import Draft, Form, Withheld
from corpus.redaction.finding import IDENTIFIER, Place
from corpus.redaction.policy import Switch
from corpus.redaction.redactor import Scanner, scanner_for
from corpus.redaction.second import LetBy, Passed, SecondPass
from corpus.redaction.texts import Found
from corpus.redaction.tombstone import Marks, Tombstoned
from corpus.redaction.whereabouts import Whereabouts
from corpus.redaction.withhold import withhold, without_texts

_ONLY_HERE = object()
CACHE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Redacted:
    """One record's line that has passed the gate. Only :meth:`Redactor.admit` can make one.

    ``line`` is the canonical line without a newline, ``key``, ``id``, ``header`` and ``body`` its own, ``stem`` its loose file's name
    without suffix.
    ``let_by`` says where the second pass found something; the record, or the event of a session, then holds no content. By its ``marks``
    the store knows whether it was forgotten.
    """

    key: str
    id: str
    line: bytes
    header: Header
    stem: str
    body: Body
    token: InitVar[object]
    let_by: LetBy | None = None
    marks: frozenset[str] = frozenset()

    def __post_init__(self, token: object) -> None:
        if token is not _ONLY_HERE:
            raise TypeError("a Redacted value is made by Redactor.admit and nothing else")

    @property
    def tuple_type(self) -> TupleType:
        return self.header.tuple_type

    @property
    def tenant(self) -> str:
        return self.header.tenant

    @property
    def cluster(self) -> str:
        return self.header.cluster


@dataclass(frozen=True, slots=True)
class Looked:
    """What today's rules say of a stored record: what it still held, and the version without it (``None``: it stays as it is)."""

    found: tuple[Found, ...]
    newer: Redacted | None


class Redactor:
    """One tenant's gate; make it with :meth:`for_tenant`. It is its own :class:`~corpus.redaction.draft.Scrub`."""

    def __init__(self, tenant: Name, scanner: Scanner) -> None:
        self.tenant = tenant
        self.ruleset = scanner.ruleset
        self.pseudonyms = scanner.pseudonyms
        self.marks = Marks(scanner.pseudonyms)
        self._scanner = scanner
        self._paths = lru_cache(maxsize=1 << 16)(partial(scanner.redact, place=Place.PATH))
        self._second = SecondPass(scanner.find)
        self._batch = Batch(scanner, apart=bool(ner_model.identity()))
        self._images: OrderedDict[tuple[str, str], str | Withheld] = OrderedDict()
        self._held = 0

    @classmethod
    def for_tenant(cls, tenant: Name, forgotten: Tombstoned | None = None) -> Redactor:
        """The tenant's gate under its key (made on first use) and its people; who opted out has nobody's identifier where ``forgotten``
        says so. Raises :class:`~corpus.errors.BadInput` for a broken key."""
        return cls(tenant, scanner_for(tenant, cached=True, forgotten=forgotten))

    def admit(self, draft: Draft, revision: int = 0) -> Redacted:
        """Render ``draft`` through this gate, count, label and seal it, and search the finished line once more.

        What that finds withholds the record. Raises what ``draft.render`` raises, and :class:`~corpus.errors.Failed` where even the
        form without content holds a finding (in the header, say).
        """
        if draft.label.tenant != self.tenant:
            raise ValueError("a draft of another tenant")
        passed = Passed(self)
        body = draft.render(passed)
        header, ident, line = self._sealed(draft, body, revision)
        let_by = left = self._second.look(line, draft.stem, passed)
        if left and isinstance(body, TrajectoryBody):
            body = without_texts(body, lambda event: self._second.look(event, "", passed) is not None)
            header, ident, line = self._sealed(draft, body, revision)
            left = self._second.look(line, draft.stem, passed)
        if left:
            body = withhold(body, draft.created, passed)
            header, ident, line = self._sealed(draft, body, revision)
            if left := self._second.look(line, draft.stem, passed):
                raise Failed(f"{draft.tuple_type} {draft.key[:12]} cannot be kept even without content: {left}; this is a bug")
        marks = self.marks.of_draft(draft) | self.marks.of(draft.key, header, body, line)
        return Redacted(draft.key, ident, line, header, draft.stem, body, _ONLY_HERE, let_by, marks)

    def again(self, record: Record, prev: str | None = None, stem: str | None = None) -> Looked:
        """A stored record, searched as if it were captured now: the same key, the next revision, and identifiers of ours left as they are.

        ``prev`` is the hash that a session's part goes on from now, ``stem`` the name of the loose file it has. Raises
        :class:`~corpus.errors.Failed` as :meth:`admit`.
        """
        work = Again(record, prev, self._scanner)
        made = self.admit(work.draft(stem), record.revision + 1)
        found = work.found
        if made.let_by is not None:
            found = [*found, Found(made.let_by.field, None, None, "", made.let_by.rule)]
        return Looked(tuple(found), None if made.body == record.body else made)

    def _sealed(self, draft: Draft, body: Body, revision: int) -> tuple[Header, str, bytes]:
        counts = count(body)
        header = Header(
            tuple_type=draft.tuple_type,
            doctrine_version=draft.label.doctrine_version,
            tenant=draft.label.tenant,
            moduleId=draft.label.module_id,
            cluster=draft.label.cluster,
            role=draft.label.role,
            scope=draft.scope,
            redaction_class=_class_of(body, counts),
            evidence_class=draft.evidence_class,
            source_commit=draft.source_commit,
            session_id=draft.session_id,
            created=draft.created,
        )
        return header, *seal(draft.key, header, RedactionSummary(ruleset=self.ruleset, counts=counts), body, revision)

    def close(self) -> None:
        """Write to disk what is remembered of searched texts, for whoever comes next; it can be used again."""
        self._scanner.close()

    def prose(self, text: str) -> str:
        return self._scanner.redact(text, Place.PROSE)

    def code(self, text: str, path: str) -> str:
        return self._scanner.redact(text, Place.CODE, telling(path))

    def several(self, texts: Sequence[tuple[Form, str]], tops: Sequence[str] = ()) -> list[str | Withheld]:
        """See :meth:`Scrub.several`."""
        made: list[str | Withheld | None] = [self._switched(form, text) for form, text in texts]
        waiting = [at for at, each in enumerate(made) if each is None]
        searched = [
            (Form.PROSE if form is Form.REASONING or form is Form.SYSTEM else form, text) for form, text in map(texts.__getitem__, waiting)
        ]
        hide = Whereabouts(tops, self._scanner.identifier).hide
        for at, each in zip(waiting, self._batch.redact(searched, hide), strict=True):
            made[at] = each
        return [each for each in made if each is not None]

    def _switched(self, form: Form, text: str) -> str | Withheld | None:
        """What the tenant's policy puts in the place of a text; ``None`` where the text is to be searched and kept."""
        if form not in (Form.REASONING, Form.SYSTEM) or IDENTIFIER.fullmatch(text):  # a hash of ours stays that hash
            return None
        switch = self._scanner.switches.reasoning if form is Form.REASONING else self._scanner.switches.system_prompts
        if switch is Switch.KEEP:
            return None
        if switch is Switch.DROP:
            return Withheld("policy")
        # Hashed first: the table of identifiers remembers what they were made of.
        entity = "SYSTEM_PROMPT" if form is Form.SYSTEM else "REASONING"
        return self._scanner.identifier(entity, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())

    def image_hashes(self, hashes: Sequence[str]) -> list[str]:
        return [] if self._scanner.switches.images is Switch.DROP else list(hashes)

    def path(self, path: str) -> str:
        return self._paths(path)

    def person(self, name: str) -> str:
        return programs.stand_in(name, partial(self._scanner.identifier, "PERSON"))

    def email(self, address: str) -> str:
        return self._scanner.identifier("EMAIL_ADDRESS", address) if address.strip() else ""

    def image(self, cache_key: str, path: str, load: Callable[[], str]) -> str:
        """See :meth:`Scrub.image`. The least recently used images leave when more than ``CACHE_BYTES`` are held."""
        kind = telling(path)
        key = (cache_key, kind)
        known = self._images.get(key)
        if known is None:
            try:
                known = self._scanner.redact_version(load(), kind)
            except Withheld as reason:
                known = Withheld(reason.reason)
            self._images[key] = known
            self._held += _size(known)
            while self._held > CACHE_BYTES:
                self._held -= _size(self._images.popitem(last=False)[1])
        else:
            self._images.move_to_end(key)
        if isinstance(known, Withheld):
            raise Withheld(known.reason)
        return known


def _size(image: str | Withheld) -> int:
    """Bytes an entry is charged: at most four a character, and a little for the entry itself."""
    return 256 + (4 * len(image) if isinstance(image, str) and not image.isascii() else len(image) if isinstance(image, str) else 0)


def count(body: Body) -> dict[str, int]:
    """How many identifiers of each entity type stand in ``body``; a commit's author and committer do not count."""
    left_out = {"author", "committer"} if isinstance(body, EditBody) else None
    return dict(Counter(found[1] for found in IDENTIFIER.finditer(body.model_dump_json(by_alias=True, exclude=left_out))))


def _class_of(body: Body, counts: dict[str, int]) -> RedactionClass:
    if body.withheld is not None:
        return RedactionClass.WITHHELD
    return RedactionClass.REDACTED if counts else RedactionClass.CLEAN
