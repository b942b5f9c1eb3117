"""Keyed identifiers: the same value is the same identifier inside a tenant, and means nothing without the tenant's key."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from functools import lru_cache

from corpus.errors import BadInput
from corpus.names import Name
from corpus.record import dumps
from corpus.redaction import keysource
from corpus.redaction.finding import IDENTIFIER

NOBODY = "0" * 12
"""What stands in an identifier in the place of the hash of whoever opted out: the same for all of them."""


class Pseudonyms:
    """Makes ``REDACTED_<ENTITY>_<12 hex of HMAC-SHA256(key, entity NUL value)>``."""

    def __init__(self, key: bytes, hidden: Callable[[str], bool] | None = None) -> None:
        """An identifier that is ``hidden`` becomes nobody's."""
        self._key = key
        self._hidden = hidden
        self.of = lru_cache(maxsize=65536)(self._of)
        self.name = lru_cache(maxsize=4096)(self._name)

    def hiding(self, hidden: Callable[[str], bool]) -> Pseudonyms:
        """The same under the same key, with those identifiers hidden."""
        return Pseudonyms(self._key, hidden)

    def _of(self, entity_type: str, value: str) -> str:
        made = self.plain(entity_type, value)
        return f"REDACTED_{entity_type}_{NOBODY}" if self._hidden is not None and self._hidden(made) else made

    def plain(self, entity_type: str, value: str) -> str:
        """The identifier, hidden or not: for asking who is meant, never for a record."""
        if IDENTIFIER.fullmatch(value):
            return value
        message = entity_type.encode() + b"\0" + normal(entity_type, value).encode("utf-8", "surrogatepass")
        return f"REDACTED_{entity_type}_{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:12]}"

    def derived(self, purpose: str) -> bytes:
        """Another key, of 32 bytes, made of this one for one purpose (in lower case, which no entity type is)."""
        return hmac.new(self._key, b"key for " + purpose.encode(), hashlib.sha256).digest()

    @property
    def fingerprint(self) -> str:
        """See :func:`corpus.redaction.keysource.fingerprint`."""
        return keysource.fingerprint(self._key)

    def _name(self, *parts: str | int | None) -> str:
        """A keyed hash (32 hex) of a name in a source: the same parts give the same, and mean nothing without the tenant's key."""
        try:
            message = dumps(parts)
        except TypeError:  # a lone surrogate, which a source's own name may hold
            message = json.dumps(parts).encode()
        return hmac.digest(self._key, message, "sha256").hex()[:32]

    def running(self) -> hmac.HMAC:
        """A keyed hash (HMAC-SHA256) that bytes can be added to."""
        return hmac.new(self._key, b"bytes\0", hashlib.sha256)


def normal(entity_type: str, value: str) -> str:
    """The spelling under which two values are the same: addresses in lower case, names case-folded with single spaces."""
    if entity_type == "EMAIL_ADDRESS":
        return value.strip().lower()
    if entity_type == "PERSON":
        return " ".join(value.split()).casefold()
    return value


def ephemeral() -> Pseudonyms:
    """Identifiers under a key that is nowhere kept: unlinkable from the next process on."""
    return Pseudonyms(secrets.token_bytes(keysource.KEY_BYTES))


def for_tenant(tenant: Name) -> Pseudonyms:
    """Identifiers under the tenant's key, which is made on first use. Raises as :func:`corpus.redaction.keysource.stored`."""
    return Pseudonyms(keysource.made(tenant))


def existing(tenant: Name) -> Pseudonyms:
    """As :func:`for_tenant`, but no key is made. Raises :class:`BadInput` where there is none."""
    key = keysource.stored(tenant)
    if key is None:
        raise BadInput(f"tenant {tenant!r} has no pseudonym key on this machine: 'capture install --key FILE' brings the team's")
    return Pseudonyms(key)
