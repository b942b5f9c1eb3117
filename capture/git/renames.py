"""Renames and copies among the changes of one commit: exact by blob id, else by the lines two blobs share, in bounded time.

One implementation for both backends, so that a commit's record does not depend on who read the objects. As ``git diff -M -C``
(gitdiffcore(7)): a deleted path may be renamed, a modified one may be a copy's source, and half of the larger file must agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from capture.git.objects import GITLINK, SYMLINK, Change, Missing, Status, change

# Beyond these a commit's similar files are not looked for, only its identical ones. git's diff.renameLimit (1000) bounds the same
# product at 1000 * 1000; a commit that large is an import or a vendored tree, where exact matches are nearly all there is.
MAX_PAIRS = 10_000
MAX_BLOB = 1 << 20
MAX_BYTES = 8 << 20

Size = Callable[[str], int]
Load = Callable[[str], bytes]


def find(changes: list[Change], size: Size, load: Load) -> list[Change]:
    """``changes`` with added paths that came from a deleted or modified one marked as renamed or copied, in the same order.

    ``size`` (bytes) and ``load`` read blobs and may raise :class:`Missing`; such a blob is similar to nothing. No blob over
    ``MAX_BLOB`` bytes is loaded.
    """
    targets = [at for at in changes if at.status is Status.ADDED and at.blob]
    sources = [at for at in changes if at.status in (Status.DELETED, Status.MODIFIED) and at.old_blob]
    if not targets or not sources:
        return changes
    origin = _exact(targets, sources)
    rest = [at for at in targets if at.path not in origin]
    taken = {at.path for at in origin.values()}
    left = [at for at in sources if at.status is Status.MODIFIED or at.path not in taken]
    if rest and left and len(rest) * len(left) <= MAX_PAIRS:
        origin |= _similar(rest, left, size, load)
    return _apply(changes, origin) if origin else changes


def _kind(mode: str) -> str:
    return mode if mode in (GITLINK, SYMLINK) else "file"


def _exact(targets: list[Change], sources: list[Change]) -> dict[bytes, Change]:
    """Target path -> source with the same blob: a deleted one of the same base name first, then any deleted, then a modified one."""
    by_blob: defaultdict[tuple[str | None, str], list[Change]] = defaultdict(list)
    for source in sources:
        by_blob[source.old_blob, _kind(source.old_mode)].append(source)
    origin = {}
    used: set[bytes] = set()
    for target in targets:
        choices = by_blob.get((target.blob, _kind(target.mode)))
        if choices:
            best = min(choices, key=lambda at: (_rank(at, used), _base(at.path) != _base(target.path)))
            used.add(best.path)
            origin[target.path] = best
    return origin


def _rank(source: Change, used: set[bytes]) -> int:
    if source.status is Status.DELETED:
        return 0 if source.path not in used else 1
    return 2


def _base(path: bytes) -> bytes:
    return path[path.rfind(b"/") + 1 :]


def _similar(targets: list[Change], sources: list[Change], size: Size, load: Load) -> dict[bytes, Change]:
    """Target path -> source that shares at least half of the larger blob's bytes in whole lines, best pairs first."""
    sizes: dict[str, int] = {}
    for blob in {at.blob for at in targets} | {at.old_blob for at in sources}:
        if blob:
            try:
                sizes[blob] = size(blob)
            except Missing:
                sizes[blob] = 0
    near = [
        (target, source)
        for target in targets
        for source in sources
        if _kind(target.mode) == _kind(source.old_mode) == "file" and _may_match(sizes[target.blob or ""], sizes[source.old_blob or ""])
    ]
    wanted = {at.blob for at, _ in near} | {at.old_blob for _, at in near}
    if sum(sizes[blob] for blob in wanted if blob) > MAX_BYTES:
        return {}
    lines: dict[str, frozenset[bytes]] = {}
    for blob in wanted:
        if blob:
            try:
                # As git: new line endings alone do not make another file.
                lines[blob] = frozenset(load(blob).replace(b"\r\n", b"\n").split(b"\n"))
            except Missing:
                lines[blob] = frozenset()
    scored = []
    for number, (target, source) in enumerate(near):
        score = _score(lines[target.blob or ""], lines[source.old_blob or ""])
        if score >= 50:
            scored.append((-score, _base(target.path) != _base(source.path), number))
    origin: dict[bytes, Change] = {}
    used: set[bytes] = set()
    # Renames first: a deleted file goes to the target most like it, once; what is left may be a copy of anything.
    for renames in (True, False):
        for _, _, number in sorted(scored):
            target, source = near[number]
            if target.path in origin or (renames and (source.status is not Status.DELETED or source.path in used)):
                continue
            origin[target.path] = source
            used.add(source.path)
    return origin


def _may_match(one: int, other: int) -> bool:
    """Whether blobs of these sizes can share half of the larger."""
    return 0 < one <= MAX_BLOB and 0 < other <= MAX_BLOB and 2 * min(one, other) >= max(one, other)


def _score(one: frozenset[bytes], other: frozenset[bytes]) -> int:
    """Per cent of the larger set's bytes that both share, a line counted once."""
    larger = max(sum(map(len, one)) + len(one), sum(map(len, other)) + len(other))
    both = one & other
    return 100 * (sum(map(len, both)) + len(both)) // larger if larger else 0


def _apply(changes: list[Change], origin: dict[bytes, Change]) -> list[Change]:
    # The last target of a deleted source takes the name over; earlier ones are copies, as git prints them.
    heir = {source.path: path for path, source in origin.items() if source.status is Status.DELETED}
    out = []
    for at in changes:
        source = origin.get(at.path)
        if source is not None and at.status is Status.ADDED:
            copied = heir.get(source.path) != at.path
            out.append(change(at.path, (source.old_mode, source.old_blob or ""), (at.mode, at.blob or ""), source.path, copied))
        elif not (at.status is Status.DELETED and at.path in heir):
            out.append(at)
    return out
