"""Near duplicates: rows whose learned text shares most of its five-word runs with that of a row that is kept.

MinHash over word 5-grams with 128 permutations and locality-sensitive hashing, by ``datasketch``; the permutations come from a fixed seed.
A candidate counts when the estimated Jaccard similarity reaches the threshold. The first row, in the order of the work, stays. A text of
fewer than 20 words is not compared: short answers that nearly agree are many, and right.

Memory: about 6 KB a row that is kept (half a kilobyte of signature, the rest datasketch's tables), so 6 GB a million.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corpus.build.quality.step import Left
from corpus.build.quality.text import learned
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import Record

if TYPE_CHECKING:
    from datasketch import MinHash

PERMUTATIONS = 128
SEED = 1
WORDS = 5
SHORTEST = 20

_WORD = re.compile(r"\w+|[^\w\s]")


class NearDuplicates:
    """``percent`` is the similarity, in hundredths, from which two rows are taken for one. A row's trait is its signature."""

    def __init__(self, percent: int) -> None:
        from datasketch import MinHash, MinHashLSH

        self._threshold = percent / 100
        self._index = MinHashLSH(threshold=self._threshold, num_perm=PERMUTATIONS)
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=SEED)
        self._kept: list[tuple[bytes, MinHash]] = []

    def trait(self, record: Record, row: Row) -> bytes:
        words = _WORD.findall(learned(row).lower())
        if len(words) < SHORTEST:
            return b""
        found = self._empty.copy()
        found.update_batch({" ".join(words[at : at + WORDS]).encode() for at in range(len(words) - WORDS + 1)})
        return bytes(found.hashvalues.tobytes())

    def look(self, trait: bytes) -> Left | None:
        if not trait:
            return None
        signature = self._signature(trait)
        for place in sorted(self._index.query(signature)):
            key, other = self._kept[place]
            if signature.jaccard(other) >= self._threshold:
                return Left(Reason.NEAR_DUPLICATE, key.hex())
        return None

    def keep(self, trait: bytes, key: bytes) -> None:
        if trait:
            signature = self._signature(trait)
            self._index.insert(len(self._kept), signature, check_duplication=False)
            self._kept.append((key, signature))

    def _signature(self, trait: bytes) -> MinHash:
        from numpy import frombuffer

        signature = self._empty.copy()
        signature.hashvalues = frombuffer(trait, signature.hashvalues.dtype)
        return signature
