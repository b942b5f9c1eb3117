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
    line: inside strings the quotes are escaped, and no body has both fields side by side; the last match is the record's.
    Raises :class:`Broken` when the line carries none.
    """
    matches = list(_ID.finditer(line))
    if not matches:
        raise Broken("a line without id and key")
    found = matches[-1]
    bare = line[: found.start()] + b"," + line[found.start() + len(',"id":"",') + 64 :]
    return found[1].decode(), hashlib.sha256(bare).hexdigest(), found[2].decode()
