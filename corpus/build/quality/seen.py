"""Digests that were seen, each with the key it was first seen with: 56 to 68 bytes each, where a dictionary of two objects takes 150."""

from __future__ import annotations

from array import array

_DIGEST, _KEY = 16, 32
_SLOTS = 1 << 12


class Seen:
    """A table of 16-byte digests and 32-byte keys, with open addressing; it has no more than two slots in three filled."""

    def __init__(self) -> None:
        self._slots = array("I", bytes(4 * _SLOTS))
        self._digests = bytearray()
        self._keys = bytearray()

    def get(self, digest: bytes) -> bytes | None:
        """The key that came with a digest, if any did."""
        number = self._slots[self._slot(digest)]
        return bytes(self._keys[_KEY * (number - 1) : _KEY * number]) if number else None

    def add(self, digest: bytes, key: bytes) -> None:
        """Remember a digest that was not seen. Raises ``ValueError`` for what is no digest or no key."""
        if len(digest) != _DIGEST or len(key) != _KEY:
            raise ValueError("not 16 and 32 bytes")
        self._digests += digest
        self._keys += key
        count = len(self._digests) // _DIGEST
        if 3 * count > 2 * len(self._slots):
            self._slots = array("I", bytes(8 * len(self._slots)))
            for number in range(1, count):
                self._slots[self._slot(bytes(self._digests[_DIGEST * (number - 1) : _DIGEST * number]))] = number
        self._slots[self._slot(digest)] = count

    def _slot(self, digest: bytes) -> int:
        """Where a digest is, or would be put. It is a digest's own: they are as if drawn by lot, so their first bytes serve as a hash."""
        mask = len(self._slots) - 1
        at = int.from_bytes(digest[:8]) & mask
        while (number := self._slots[at]) and self._digests[_DIGEST * (number - 1) : _DIGEST * number] != digest:
            at = (at + 1) & mask
        return at
