"""Who gives how much: a cap on the rows of one author, session, file, module, cluster or model, and weights between sources."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from corpus.build.quality.step import Left, Plain
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.errors import BadInput
from corpus.record import EditBody, Record

_PERMILLE = 1000
_CAP = re.compile(r"([a-z]+)=([0-9]{1,9})")
_WEIGHT = re.compile(r"([A-Za-z_]+)=(.+):(0(?:\.[0-9]{1,3})?|1(?:\.0{1,3})?)")


def _author(record: Record, row: Row) -> Iterable[str]:
    body = record.body
    return [body.author.email or body.author.name] if isinstance(body, EditBody) and (body.author.email or body.author.name) else []


def _files(record: Record, row: Row) -> Iterable[str]:
    return sorted({file.path for file in record.body.files}) if isinstance(record.body, EditBody) else []


def _one(value: str | None) -> Iterable[str]:
    return [value] if value else []


OWNERS: dict[str, Callable[[Record, Row], Iterable[str]]] = {
    "author": _author,
    "cluster": lambda record, row: _one(record.header.cluster),
    "file": _files,
    "model": lambda record, row: _one(row.made_by().get("model")),
    "module": lambda record, row: _one(record.header.moduleId),
    "session": lambda record, row: _one(record.header.session_id),
}
"""What may be capped. A row without such an owner is never held back."""


@dataclass(frozen=True, slots=True, order=True)
class Cap:
    """At most ``rows`` rows of each ``owner``."""

    owner: str
    rows: int


def cap(text: str) -> Cap:
    """Read ``author=100``. Raises :class:`BadInput`."""
    shape = _CAP.fullmatch(text)
    if shape is None or shape[1] not in OWNERS or int(shape[2]) < 1:
        raise BadInput(f"--max-per {text[:80]!r}: use OWNER=ROWS with one of {', '.join(OWNERS)}, and 1 row or more")
    return Cap(shape[1], int(shape[2]))


class Capped:
    """Takes rows of one owner until there are enough: those first in the order of the work, so that later work changes none of them.

    A row's trait is its owners: digests of them, since traits are noted for later builds, unless those left out are to be ``told``.
    """

    def __init__(self, limit: Cap, *, told: bool) -> None:
        self._limit = limit
        self._told = told
        self._owners = OWNERS[limit.owner]
        self._rows: Counter[str] = Counter()

    def trait(self, record: Record, row: Row) -> bytes:
        owners = [owner if self._told else _digest(owner) for owner in self._owners(record, row)]
        return orjson.dumps(owners) if owners else b""

    def look(self, trait: bytes) -> Left | None:
        full = next((owner for owner in _read(trait) if self._rows[owner] >= self._limit.rows), None)
        return None if full is None else Left(Reason.CAPPED, f"{self._limit.owner} {full}")

    def keep(self, trait: bytes, key: bytes) -> None:
        self._rows.update(_read(trait))


def _digest(owner: str) -> str:
    return hashlib.sha256(f"owner:{owner}".encode(errors="surrogatepass")).hexdigest()[:32]


def _read(trait: bytes) -> list[str]:
    owners: list[str] = orjson.loads(trait) if trait else []
    return owners


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """Of the records whose header field has this value, ``permille`` in a thousand."""

    field: str
    value: str
    permille: int


def weight(text: str) -> Weight:
    """Read ``cluster=payments:0.25``. Raises :class:`BadInput`."""
    shape = _WEIGHT.fullmatch(text)
    if shape is None or shape[1] not in ("cluster", "moduleId", "tuple_type", "role", "evidence_class", "model", "agent"):
        raise BadInput(
            f"--weight {text[:80]!r}: use FIELD=VALUE:SHARE, a share from 0 to 1, and one of cluster, moduleId, tuple_type, role,"
            " evidence_class, model, agent"
        )
    whole, _, part = shape[3].partition(".")
    return Weight(shape[1], shape[2], int(whole) * _PERMILLE + int(part.ljust(3, "0")))


class Weighed(Plain):
    """Takes a share of a source. Which rows is told by a hash of the session's id, else of the record's key: no other row changes it."""

    def __init__(self, weights: Iterable[Weight]) -> None:
        self._weights = tuple(weights)

    def look(self, record: Record, row: Row) -> Left | None:
        header, made_by = record.header, row.made_by()
        for each in self._weights:
            value = made_by.get(each.field) if each.field in ("model", "agent") else getattr(header, each.field)
            if value == each.value and _place(header.session_id or record.key) >= each.permille:
                return Left(Reason.WEIGHED, f"{each.field} {each.value}")
        return None


def _place(name: str) -> int:
    """Where a name stands, from 0 to 999."""
    return int.from_bytes(hashlib.sha256(f"weight:{name}".encode()).digest()[:8]) * _PERMILLE >> 64
