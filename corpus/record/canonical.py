"""Canonical bytes (RFC 8785 for our subset: ASCII keys, integers below 2^53, no floats) and the hashes over them."""

from __future__ import annotations

import hashlib
import re

import orjson

from corpus.errors import Broken

_ID = re.compile(rb',"id":"([0-9a-f]{64})","key":"([0-9a-f]{64})","redaction":\{')


def dumps(value: object) -> bytes:
    """``value`` as canonical JSON: UTF-8, sorted keys, no spaces. Raises ``TypeError`` for what JSON cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def key_of(tenant: str, tuple_type: str, *names: str | None) -> str:
    """Who a record is: SHA-256 hex over the canonical JSON array of tenant, tuple type and the source's own name for it."""
    return hashlib.sha256(dumps([tenant, tuple_type, *names])).hexdigest()


def line_id(line: bytes) -> tuple[str, str, str]:
    """``(id, id recomputed from the stored bytes, key)`` of one stored line.

    The id is cut out of the bytes, never re-serialised. An unescaped ``,"id":`` before ``"key":`` stands once in a
    line: inside strings the quotes are escaped, and no body has both fields side by side; the last one is the record's.
    Raises :class:`Broken` when the line carries none.
    """
    found = _ID.match(line, max(line.rfind(b',"id":"'), 0))
    if not found:
        raise Broken("a line without id and key")
    bare = hashlib.sha256(memoryview(line)[: found.start()])
    bare.update(line[found.end(1) + 1 :])  # from the comma on
    return found[1].decode(), bare.hexdigest(), found[2].decode()
