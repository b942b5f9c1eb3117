"""What a set left out, on request line by line; and, always, which records stand behind a row twice."""

from __future__ import annotations

from pathlib import Path

from corpus.build.manifest import OutputFile
from corpus.build.quality.step import Left
from corpus.build.reasons import Reason
from corpus.build.render import Shards

DROPPED, ALIASES = "dropped", "aliases"


class Dropped:
    """The files ``dropped/<recipe>/…``, where they are asked for, and ``aliases/<recipe>/…``, where there is any.

    An alias is a record whose row was left out because a row that is kept teaches the same, or nearly; ``key`` is that row's record. It
    stands here and not in the row, so that a duplicate that comes later changes no file of rows. ``keeps``: what was left out is asked for.
    """

    def __init__(self, directory: Path, recipe: str, *, keep: bool) -> None:
        self.keeps = keep
        self._dropped = Shards(directory / DROPPED / recipe, f"{DROPPED}/{recipe}") if keep else None
        self._aliases = Shards(directory / ALIASES / recipe, f"{ALIASES}/{recipe}")

    def alias(self, key: str, ident: str, left: Left) -> None:
        """Remember a record behind a row that another has, if that is why it was left out."""
        if left.reason in (Reason.DUPLICATE, Reason.NEAR_DUPLICATE):
            self._aliases.write({"key": left.detail, "alias": key, "alias_id": ident, "reason": left.reason.value})

    def add(self, key: str, ident: str, left: Left, row: bytes) -> None:
        """``row`` is the JSON of what would have been written, in its recipe's own columns; nothing where there never was one."""
        if self._dropped is not None:
            self._dropped.write({"key": key, "id": ident, "reason": left.reason.value, "detail": left.detail, "row": row.decode()})

    def finish(self) -> tuple[OutputFile, ...]:
        return (*(self._dropped.finish() if self._dropped is not None else ()), *self._aliases.finish())

    def close(self) -> None:
        """Let go of open files, without finishing them."""
        if self._dropped is not None:
            self._dropped.close()
        self._aliases.close()
