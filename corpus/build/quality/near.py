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
    """``percent`` is the similarity, in hundredths, from which two rows are taken for one."""

    def __init__(self, percent: int) -> None:
        from datasketch import MinHash, MinHashLSH

        self._threshold = percent / 100
        self._index = MinHashLSH(threshold=self._threshold, num_perm=PERMUTATIONS)
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=SEED)
        self._kept: list[tuple[str, MinHash]] = []
        self._last: MinHash | None = None

    def look(self, record: Record, row: Row) -> Left | None:
        self._last = self._signature(row)
        if self._last is None:
            return None
        for place in sorted(self._index.query(self._last)):
            key, other = self._kept[place]
            if self._last.jaccard(other) >= self._threshold:
                return Left(Reason.NEAR_DUPLICATE, key)
        return None

    def keep(self, record: Record, row: Row) -> None:
        """Remember the row that was looked at last."""
        if self._last is not None:
            self._index.insert(len(self._kept), self._last, check_duplication=False)
            self._kept.append((record.key, self._last))

    def _signature(self, row: Row) -> MinHash | None:
        words = _WORD.findall(learned(row).lower())
        if len(words) < SHORTEST:
            return None
        found = self._empty.copy()
        found.update_batch({" ".join(words[at : at + WORDS]).encode() for at in range(len(words) - WORDS + 1)})
        return found
