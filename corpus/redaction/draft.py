"""What a source hands to the gate: a draft that lives in memory, and the scrubber it must render itself with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from corpus.names import Name
from corpus.record import Body, EvidenceClass, Scope, TupleType, key_of


class Withheld(Exception):
    """This text cannot be made safe or cannot be read; ``reason`` is a word for the record (``binary``, ``too-large``), never content.

    ``lasting`` says that the text alone is why: under the same rules it will be withheld again.
    """

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


class Form(Enum):
    """What a text of a session is; it decides how it is searched, and which switch of the tenant's policy it obeys."""

    PROSE = "prose"
    REASONING = "reasoning"
    SYSTEM = "system"
    CODE = "code"
    JSON = "json"
    """Stays JSON; a text that is none is searched as code."""
    PATH = "path"


class Scrub(Protocol):
    """The only way from raw text to text a body may hold. Every method returns redacted text or raises :class:`Withheld`."""

    def prose(self, text: str) -> str:
        """Natural language: messages, reasons, chat. Single-word names of known people count here."""
        ...

    def code(self, text: str, path: str) -> str:
        """A whole file's content; ``path`` (raw) tells its language."""
        ...

    def image(self, cache_key: str, path: str, load: Callable[[], str]) -> str:
        """As :meth:`code`, computed once for a ``cache_key`` (a blob id) and kind of path. ``load`` is called only on a miss and may
        raise :class:`Withheld`, which is remembered as well."""
        ...

    def several(self, texts: Sequence[tuple[Form, str]], tops: Sequence[str] = ()) -> list[str | Withheld]:
        """The texts of a session, searched together; in the place of one that cannot be kept stands why (``policy``: the tenant keeps
        none such). Home directories and machines that paths name are replaced, and the paths ``tops`` (work trees) whole."""
        ...

    def image_hashes(self, hashes: Sequence[str]) -> list[str]:
        """The SHA-256 (hex) of images, as far as the tenant's policy keeps them."""
        ...

    def path(self, path: str) -> str:
        """A path or a branch, file or module name."""
        ...

    def person(self, name: str) -> str:
        """The pseudonym of a person's name that stands in a name's place; empty stays empty. A name that ends in ``[bot]`` is a
        program's: see :func:`corpus.redaction.programs.stand_in`."""
        ...

    def email(self, address: str) -> str:
        """The pseudonym of an e-mail address that stands in an address's place; empty stays empty."""
        ...


@dataclass(frozen=True, slots=True)
class Label:
    """Whose work it is: the header fields that come from enrolment and manifest."""

    tenant: Name
    cluster: Name
    module_id: Name
    role: Name
    doctrine_version: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One record to be. ``names`` is the source's own name for it (with tenant and type it makes the key), ``stem`` its loose file's
    name without ``.jsonl``, ``created`` RFC 3339 UTC seconds. ``render`` builds the body through the scrubber it is given. ``people`` are
    the ``(name, e-mail)`` of those whose work it is, as far as the source says: what is theirs is not kept where they opted out."""

    tuple_type: TupleType
    label: Label
    names: tuple[str | None, ...]
    stem: str
    created: str
    render: Callable[[Scrub], Body]
    scope: Scope = Scope.ENGINEERING
    evidence_class: EvidenceClass = EvidenceClass.OBSERVED
    source_commit: str | None = None
    session_id: str | None = None
    people: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return key_of(self.label.tenant, self.tuple_type, *self.names)
