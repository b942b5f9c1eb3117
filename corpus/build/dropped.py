"""What a set left out, on request line by line; and, always, which records stand behind a row twice."""

from __future__ import annotations

from pathlib import Path

import orjson

from corpus.build.manifest import OutputFile
from corpus.build.quality.step import Left
from corpus.build.reasons import Reason
from corpus.build.render import Shards
from corpus.build.row import Column, Row

DROPPED, ALIASES = "dropped", "aliases"

_COLUMNS = tuple(Column(name) for name in ("key", "id", "reason", "detail", "row"))
_ALIAS = tuple(Column(name) for name in ("key", "alias", "alias_id", "reason"))


class Dropped:
    """The files ``dropped/<recipe>/…``, where they are asked for, and ``aliases/<recipe>/…``, where there is any.

    An alias is a record whose row was left out because a row that is kept teaches the same, or nearly; ``key`` is that row's record. It
    stands here and not in the row, so that a duplicate that comes later changes no file of rows.
    """

    def __init__(self, directory: Path, recipe: str, *, keep: bool) -> None:
        self._dropped = Shards(directory / DROPPED / recipe, _COLUMNS, name=f"{DROPPED}/{recipe}") if keep else None
        self._aliases = Shards(directory / ALIASES / recipe, _ALIAS, name=f"{ALIASES}/{recipe}")

    def add(self, key: str, ident: str, left: Left, row: Row | None) -> None:
        """``row`` is what would have been written, in its recipe's own columns; nothing where there never was one."""
        if left.reason in (Reason.DUPLICATE, Reason.NEAR_DUPLICATE):
            self._aliases.write({"key": left.detail, "alias": key, "alias_id": ident, "reason": left.reason.value})
        if self._dropped is not None:
            told = "" if row is None else orjson.dumps(row.columns()).decode()
            self._dropped.write({"key": key, "id": ident, "reason": left.reason.value, "detail": left.detail, "row": told})

    def finish(self) -> tuple[OutputFile, ...]:
        return (*(self._dropped.finish() if self._dropped is not None else ()), *self._aliases.finish())

    def close(self) -> None:
        """Let go of open files, without finishing them."""
        if self._dropped is not None:
            self._dropped.close()
        self._aliases.close()
