"""Names of tenants, clusters, modules and roles: checked once, at the edge, and trusted as paths from then on."""

from __future__ import annotations

import re
from typing import NewType

from corpus.errors import Refused

Name = NewType("Name", str)

_SHAPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
RESERVED = frozenset({"doctrine", "sessions", "feedback", "links", "packs", "log", "root.toml"})


def check(kind: str, value: str) -> Name:
    """Return ``value`` as a checked name.

    ``kind`` (``tenant``, ``cluster``, ``moduleId``, ``role``) only words the message. Raises :class:`Refused`
    for anything but ``[a-z0-9][a-z0-9._-]{0,62}`` without ``..``, and for the reserved names.
    """
    if not _SHAPE.match(value) or ".." in value:
        raise Refused(f"{kind} {value[:80]!r} is not a name: use a-z, 0-9, '.', '_', '-' (at most 63, no '..')")
    if value in RESERVED:
        raise Refused(f"{kind} {value!r} is a reserved name: choose another")
    return Name(value)


def slug(text: str) -> Name:
    """The nearest name to ``text`` (a directory's name, say): lower case, other characters as ``-``; ``unnamed`` when nothing is left."""
    near = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    near = re.sub(r"\.{2,}", ".", near).lstrip("._-")[:63].rstrip("-")
    if not near:
        return Name("unnamed")
    return Name(f"{near[:60]}-x" if near in RESERVED else near)
