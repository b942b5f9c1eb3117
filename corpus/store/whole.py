"""A stored line held against everything that it says of itself: its form, its id, its header, its key."""

from __future__ import annotations

import hashlib
import re
from operator import itemgetter
from typing import Any

import orjson
from pydantic import ValidationError

from corpus.errors import Broken, Refused
from corpus.record import SCHEMA, dumps, key_of, told
from corpus.store.lines import microseconds
from corpus.store.rows import Row, ends_of
from corpus.store.versions import events_in

_FIELDS = itemgetter("body", "id", "key", "redaction", "revision", "schema")
_ID = b',"id":"'
_who = re.compile(rb',"id":"([0-9a-f]{64})","key":"([0-9a-f]{64})","redaction":').match
_ID_BYTES = len(b',"id":""') + 64


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
        body, ident, key, redaction, revision, schema = _FIELDS(raw)
        ascii_ = line.isascii()
        if dumps(raw) != line or not _plain(body, ascii_):
            raise ValueError("not canonical")
        if len(raw) != 7 or type(schema) is not int or schema != SCHEMA:
            raise ValueError("not the fields of a record")
        counts = redaction["counts"]
        if len(redaction) != 2 or type(redaction["ruleset"]) is not str or type(counts) is not dict:
            raise ValueError("no summary of a redaction")
        if counts and ({*map(type, counts.values())} != {int} or not _plain(counts, ascii_)):
            raise ValueError("counts that are none")
        # Members are in order and what follows these three holds no text of this form: quotes in a string are escaped.
        at = line.rindex(_ID)
        named = _who(line, at)
        if not named or named[1].decode() != ident or named[2].decode() != key or type(revision) is not int or revision < 0:
            raise ValueError("no key, id or revision")
        linked = ends_of(header.tuple_type, body)
        events = events_in(header.tuple_type, line)
        created_us = microseconds(header.created)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ValidationError) as error:
        raise Broken(f"{where}: a record that is not canonical JSON, or none: run 'corpus verify --repair'") from error
    digest = hashlib.sha256(line[:at])
    digest.update(line[at + _ID_BYTES :])
    if digest.hexdigest() != ident:
        raise Broken(f"{where}: id {ident[:12]} is not the hash of its bytes: run 'corpus verify --repair'")
    # What the key of the other types is made of, their sources name in words that are not kept.
    names = linked if header.tuple_type == "link" else (header.source_commit,) if header.tuple_type == "edit" else None
    if names and key_of(tenant, header.tuple_type, *names) != key:
        raise Broken(f"{where}: the key {key[:12]} is not that of what it names: run 'corpus verify --repair'")
    return Row._make((key, ident, revision, events, created_us, *header, *linked, len(line), 0, 0, 0, 0))


def _plain(body: dict[str, object], ascii_: bool) -> bool:
    """Whether there is no float in what was parsed, and no name of a member that is not ASCII (``ascii_``: nothing of the line is)."""
    waiting: list[Any] = [body]
    for value in waiting:  # grows while it is gone through, so that depth costs no stack
        each = value
        if type(value) is dict:
            if not ascii_ and not "".join(value).isascii():
                return False
            each = value.values()
        kinds = set(map(type, each))
        if float in kinds:
            return False
        if dict in kinds or list in kinds:
            waiting += [one for one in each if type(one) is dict or type(one) is list]
    return True
