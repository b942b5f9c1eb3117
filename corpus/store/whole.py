"""A stored line held against everything that it says of itself: its form, its id, its header, its key."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson
from pydantic import ValidationError

from corpus.errors import Broken, Refused
from corpus.record import SCHEMA, dumps, key_of, told
from corpus.store.lines import microseconds
from corpus.store.rows import Row, ends_of
from corpus.store.versions import events_in

_FIELDS = frozenset(("body", "header", "id", "key", "redaction", "revision", "schema"))
_ID_BYTES = len(b',"id":""') + 64
_is_hash = re.compile(r"[0-9a-f]{64}\Z").match
_NESTED = frozenset((dict, list))
_PLAIN = _NESTED | {str, int, bool, type(None)}


def whole(line: bytes, where: object, tenant: str) -> Row:
    """The row, without a place, of a line (no newline) whose bytes are canonical, whose id is their hash, whose header is one of ``tenant``
    and whose key is that of what it names, as far as the line itself says that.

    Raises :class:`Broken`, and :class:`Refused` where the header names another tenant. What is not canonical would read differently here
    and there: a field twice, a number that no reader holds, depth without end. A body is not held against its model: readers do that.
    """
    try:
        raw = orjson.loads(line)
        header = told(raw["header"])
        if header.tenant != tenant:
            raise Refused(f"{where}: a record of tenant {header.tenant!r} lies in the directory of {tenant!r}; nothing past it was read")
        if dumps(raw) != line or not _plain(raw["body"]):
            raise ValueError("not canonical")
        key, ident, revision, redaction = raw["key"], raw["id"], raw["revision"], raw["redaction"]
        if raw.keys() != _FIELDS or raw["schema"] is True or raw["schema"] != SCHEMA:
            raise ValueError("not the fields of a record")
        counts = redaction["counts"]
        if len(redaction) != 2 or not isinstance(redaction["ruleset"], str) or {*map(type, counts.values())} - {int} or not _plain(counts):
            raise ValueError("no summary of a redaction")
        if not (_is_hash(key) and _is_hash(ident) and type(revision) is int and revision >= 0):
            raise ValueError("no key, id or revision")
        linked = ends_of(header.tuple_type, raw["body"])
        events = events_in(header.tuple_type, line)
        created_us = microseconds(header.created)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ValidationError) as error:
        raise Broken(f"{where}: a record that is not canonical JSON, or none: run 'corpus verify --repair'") from error
    # Members are in order and what follows these three holds no text of this form: quotes in a string are escaped.
    at = line.rindex(b',"id":"%b","key":"%b","redaction":' % (ident.encode(), key.encode()))
    digest = hashlib.sha256(line[:at])
    digest.update(line[at + _ID_BYTES :])
    if digest.hexdigest() != ident:
        raise Broken(f"{where}: id {ident[:12]} is not the hash of its bytes: run 'corpus verify --repair'")
    # What the key of the other types is made of, their sources name in words that are not kept.
    names = linked if header.tuple_type == "link" else (header.source_commit,) if header.tuple_type == "edit" else None
    if names and key_of(tenant, header.tuple_type, *names) != key:
        raise Broken(f"{where}: the key {key[:12]} is not that of what it names: run 'corpus verify --repair'")
    return Row(key, ident, revision, events, created_us, *header, *linked, len(line), 0, 0, 0, 0)


def _plain(body: dict[str, object]) -> bool:
    """Whether there is no float in it, and no name of a member that is not ASCII."""
    waiting: list[Any] = [body]
    for value in waiting:  # grows while it is gone through, so that depth costs no stack
        each = value
        if type(value) is dict:
            if not "".join(value).isascii():
                return False
            each = value.values()
        kinds = set(map(type, each))
        if not kinds <= _PLAIN:
            return False
        if not kinds.isdisjoint(_NESTED):
            waiting += [one for one in each if type(one) in _NESTED]
    return True
