"""Thousands of exact strings in one pass. The table lives in memory alone: it holds people's names, which no cache may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import re2

from corpus.redaction.prefilter import hyperscan


class Literals:
    """``texts`` are ``(string, any case of its ASCII letters?)``."""

    def __init__(self, texts: Sequence[tuple[str, bool]]) -> None:
        self._texts = [(text.encode(), any_case) for text, any_case in texts]
        self._database: Any = None
        self._set: Any = None
        if hyperscan is not None:
            self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            flags = [hyperscan.HS_FLAG_CASELESS if any_case else 0 for _, any_case in self._texts]
            expressions = [re.escape(text) for text, _ in self._texts]
            self._database.compile(expressions=expressions, ids=list(range(len(texts))), flags=flags)
            return
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 1 << 28
        self._set = re2.Set.SearchSet(options)
        for text, any_case in self._texts:
            self._set.Add((b"(?i)" if any_case else b"") + re2.escape(text))
        self._set.Compile()

    def find(self, data: bytes) -> Iterable[tuple[int, int, int]]:
        """``(index of the string, start, end)`` in bytes, in no order."""
        if self._database is None:
            return self._find_each(data)
        found: list[tuple[int, int, int]] = []

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((index, end - len(self._texts[index][0]), end))

        self._database.scan(data, match_event_handler=on_match)
        return found

    def _find_each(self, data: bytes) -> Iterable[tuple[int, int, int]]:
        for index in self._set.Match(data) or ():
            text, any_case = self._texts[index]
            for match in re.finditer(b"(?=" + re.escape(text) + b")", data, re.IGNORECASE if any_case else 0):
                yield index, match.start(), match.start() + len(text)
