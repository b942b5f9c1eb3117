"""Merkle tree hashes (RFC 6962, section 2.1) over as many leaves as there are, holding one hash a level."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def leaf(data: bytes) -> bytes:
    """The hash of one leaf, 32 bytes."""
    return hashlib.sha256(b"\0" + data).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The tree hash over leaves' data, 32 bytes; of none it is the hash of nothing."""
    levels: list[bytes | None] = []
    for data in leaves:
        node, level = leaf(data), 0
        while level < len(levels) and (left := levels[level]) is not None:
            node, levels[level] = _node(left, node), None
            level += 1
        if level == len(levels):
            levels.append(node)
        else:
            levels[level] = node
    found: bytes | None = None
    for standing in levels:  # small trees stand right of large ones
        if standing is not None:
            found = standing if found is None else _node(standing, found)
    return hashlib.sha256(b"").digest() if found is None else found


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
