"""Filters over one commit: each looks at a body and says why it is of no use, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import orjson

from corpus.build.gates import Gates, judges
from corpus.build.quality.seen import Seen
from corpus.build.quality.step import Left
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import EditBody, Record

EditFilter = Callable[[EditBody], Reason | None]


def first(body: EditBody, *filters: EditFilter) -> Reason | None:
    """The reason of the first filter that has one."""
    for check in filters:
        reason = check(body)
        if reason is not None:
            return reason
    return None


def merge(body: EditBody) -> Reason | None:
    return Reason.MERGE if len(body.parents) > 1 else None


def empty_diff(body: EditBody) -> Reason | None:
    return Reason.EMPTY_DIFF if not body.diff or body.diff.isspace() else None


def diff_cut(body: EditBody) -> Reason | None:
    return Reason.DIFF_CUT if body.lines_cut else None


def before_cut(body: EditBody) -> Reason | None:
    return Reason.BEFORE_CUT if any(file.before_cut for file in body.files) else None


def file_withheld(body: EditBody) -> Reason | None:
    """A binary file is no reason: a diff never holds one, and the rest of the commit is whole without it."""
    return Reason.FILE_WITHHELD if any(file.withheld not in (None, "binary") for file in body.files) else None


class Branches:
    """Drops commits made on a branch that their cluster's manifest does not name; a cluster without a list lets all through."""

    def __init__(self, named: Mapping[str, tuple[str, ...]]) -> None:
        self._named = {cluster: frozenset(branches) for cluster, branches in named.items()}

    def __call__(self, record: Record) -> Reason | None:
        wanted = self._named.get(record.header.cluster)
        if wanted is None or not isinstance(record.body, EditBody) or record.body.branch in wanted:
            return None
        return Reason.BRANCH


class Duplicates:
    """Drops a row that teaches exactly what one did that is kept, and names it; where the gates let pairs repeat, other rows alone.

    A row's trait is the first 16 bytes of the SHA-256 of what it teaches. Holds those and a key a row (:class:`Seen`).
    """

    def __init__(self, gates: Gates) -> None:
        self._pairs_too = gates.repeats is not None
        self._seen = Seen()

    def trait(self, record: Record, row: Row) -> bytes:
        if not self._pairs_too and judges(row):
            return b""
        return hashlib.sha256(orjson.dumps(row.taught())).digest()[:16]

    def look(self, trait: bytes) -> Left | None:
        first = self._seen.get(trait) if trait else None
        return None if first is None else Left(Reason.DUPLICATE, first.hex())

    def keep(self, trait: bytes, key: bytes) -> None:
        if trait:
            self._seen.add(trait, key)
