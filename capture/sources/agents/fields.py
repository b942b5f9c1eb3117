"""Foreign JSON taken apart without trust: a field of another type than expected is as if it were not there, and is kept whole elsewhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import orjson

from corpus.record import Usage

Object = Mapping[str, object]

MAX_DEPTH = 250
"""Levels of nesting that are taken apart. JSON that lies deeper is kept as text: what Python allows depends on who calls."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_DATA_URI = re.compile(r"data:(?P<media>[\w.+/-]+)(?:;[\w.+=-]+)*;base64,")


def text(value: object, key: str) -> str | None:
    """The string at ``key`` of an object, if it is one."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def part(value: object, key: str) -> Object:
    """The object at ``key`` of an object; empty if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def items(value: object, key: str) -> list[object]:
    """The list at ``key`` of an object; empty if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def count(value: object, *keys: str) -> int:
    """The first of ``keys`` that holds a whole number from 0 to 2^53, else 0."""
    for key in keys:
        found = value.get(key) if isinstance(value, dict) else None
        if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 53:
            return found
    return 0


def flag(value: object, key: str) -> bool:
    return isinstance(value, dict) and value.get(key) is True


def without(value: Object, keys: Iterable[str]) -> dict[str, object]:
    """The fields that are not among ``keys``."""
    left_out = frozenset(keys)
    return {key: each for key, each in value.items() if key not in left_out}


def json_text(value: object) -> str:
    """Compact JSON of a parsed value; what orjson refuses (long integers, lone surrogates) is written by :mod:`json`."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def moment(value: object) -> str | None:
    """RFC 3339 in UTC with milliseconds of an ISO 8601 text (one without an offset is UTC), or of milliseconds or seconds since 1970."""
    try:
        if isinstance(value, str):
            told = datetime.fromisoformat(value)
            if _MOMENT.fullmatch(value):
                return value
            told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            told = datetime.fromtimestamp(value / 1000 if abs(value) >= 1e11 else value, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest_of(data: str) -> str:
    """SHA-256, hex, of what base64 ``data`` stands for; of its own characters where it is no base64."""
    try:
        return hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()
    except (binascii.Error, ValueError):
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


def without_bytes(value: object, seen: list[str]) -> object:
    """``value`` with the base64 of images and documents replaced by ``sha256:<hex>``, each digest added to ``seen``.

    Told by the shapes in use: ``{"media_type" | "mediaType" | "mimeType" | "mime": ..., "data": ...}``, a field named ``base64``, and
    ``data:`` URIs.
    """
    if isinstance(value, str):
        found = _DATA_URI.match(value) if value.startswith("data:") else None
        return _named(value[found.end() :], seen) if found else value
    if isinstance(value, list):
        return [without_bytes(each, seen) for each in value]
    if not isinstance(value, dict):
        return value
    typed = value.get("type") == "base64" or any(key in value for key in ("media_type", "mediaType", "mimeType", "mime"))
    return {
        key: _named(each, seen) if isinstance(each, str) and (key == "base64" or (key == "data" and typed)) else without_bytes(each, seen)
        for key, each in value.items()
    }


def _named(data: str, seen: list[str]) -> str:
    seen.append(digest_of(data))
    return "sha256:" + seen[-1]


def deeper(value: object, limit: int = MAX_DEPTH) -> bool:
    """Whether a parsed value nests deeper than ``limit``, told without recursion."""
    level = [value]
    for _ in range(limit):
        level = [
            each
            for holder in level
            if isinstance(holder, dict | list)
            for each in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(each, dict | list)
        ]
        if not level:
            return False
    return True


class Tally:
    """Usage by reply, so that what a source counts anew on each line of a reply is counted once.

    Of the last :data:`REPLIES` replies is kept what was counted so far: lines of one reply lie close together.
    """

    REPLIES = 16

    def __init__(self, counted: Mapping[str, list[int]] | None = None) -> None:
        self._counted = dict(counted or {})

    def added(self, reply: str | None, told: Usage) -> Usage | None:
        """What ``told`` adds to what was counted of ``reply``; ``None`` where that is nothing."""
        now = [told.input, told.output, told.cache_read, told.cache_write]
        before = self._counted.pop(reply, [0, 0, 0, 0]) if reply is not None else [0, 0, 0, 0]
        if reply is not None:
            self._counted[reply] = [max(pair) for pair in zip(now, before, strict=True)]
            while len(self._counted) > self.REPLIES:
                del self._counted[next(iter(self._counted))]
        new = [max(0, each - old) for each, old in zip(now, before, strict=True)]
        return Usage(input=new[0], output=new[1], cache_read=new[2], cache_write=new[3]) if any(new) else None

    def state(self) -> dict[str, list[int]]:
        return self._counted


class Calls:
    """The names of the tools last called and not yet answered, by call: a result seldom names its tool."""

    KEPT = 64

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})

    def made(self, call: str | None, name: str | None) -> None:
        if call is None or name is None:
            return
        self._names[call] = name
        while len(self._names) > self.KEPT:
            del self._names[next(iter(self._names))]

    def answered(self, call: str | None) -> str | None:
        """The tool of a call that is answered now."""
        return self._names.pop(call, None) if call is not None else None

    def state(self) -> dict[str, str]:
        return self._names
