"""Which work a revert has undone: a revert that was itself reverted counts no more, however long the chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", str, bytes)


def undone(reverted_by: Iterable[tuple[Key, Key]], overtaken: Collection[Key]) -> list[Key]:
    """The keys that a revert that stands takes out, from ``(key, key of the commit that reverts it)`` in the order of the links.

    What is ``overtaken`` otherwise is not looked at.
    """
    reverts: dict[Key, set[Key]] = {}
    for key, by in reverted_by:
        reverts.setdefault(key, set()).add(by)
    standing: dict[Key, bool] = {}
    return [key for key in reverts if key not in overtaken and not _stands(key, reverts, standing)]


def _stands(key: Key, reverts: Mapping[Key, set[Key]], standing: dict[Key, bool]) -> bool:
    """Whether no revert of ``key`` stands. Iterative, since chains may be long; a chain that bites its own tail counts as standing."""
    stack = [key]
    while stack:
        current = stack[-1]
        waiting = [by for by in reverts.get(current, ()) if by not in standing and by not in stack]
        if waiting:
            stack.append(min(waiting))
            continue
        standing[current] = not any(standing.get(by, False) for by in reverts.get(current, ()))
        stack.pop()
    return standing[key]
