"""Which work a revert has undone: a revert that was itself reverted counts no more, however long the chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def undone(reverted_by: Iterable[tuple[str, str]], overtaken: Collection[str]) -> list[str]:
    """The keys that a revert that stands takes out, from ``(key, key of the commit that reverts it)`` in the order of the links.

    What is ``overtaken`` otherwise is not looked at.
    """
    reverts: dict[str, set[str]] = {}
    for key, by in reverted_by:
        reverts.setdefault(key, set()).add(by)
    standing: dict[str, bool] = {}
    return [key for key in reverts if key not in overtaken and not _stands(key, reverts, standing)]


def _stands(key: str, reverts: Mapping[str, set[str]], standing: dict[str, bool]) -> bool:
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
