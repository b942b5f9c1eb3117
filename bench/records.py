"""Lines as captures of a busy tenant leave them, made fast: commits over real source text, and links between them."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import sysconfig
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from corpus.record import dumps, key_of
from corpus.store import add_tenant, init_root
from corpus.store.directory import Directory
from corpus.store.packfile import write_pack
from corpus.store.packlist import Listed, write_list
from corpus.store.whole import whole

TENANT = "acme"
A_PACK = 60_000
FIRST, APART = 1_500_000_000, 31
"""When record 0 was made, and how many seconds lie between two."""
EACH_LINK = 10
"""Every tenth record is a link, as small as links are."""
_WHO = {
    "name": "REDACTED_PERSON_0123456789ab",
    "email": "REDACTED_EMAIL_ADDRESS_0123456789ab",
    "time": "2026-01-01T00:00:00Z",
    "tz": "+0000",
}


@cache
def _texts() -> list[str]:
    """The standard library's sources."""
    found = (path.read_text("utf-8", "replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")))
    return [text for text in found if len(text) > 8000]


def make(root: Path, records: int) -> None:
    """Records as bulk capture leaves them, but for the gate."""
    init_root(root)
    add_tenant(root, TENANT)
    (root / TENANT / "packs").mkdir(mode=0o700)
    spans = (range(first, min(first + A_PACK, records)) for first in range(0, records, A_PACK))
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), multiprocessing.get_context("fork")) as team:
        listed = tuple(team.map(partial(_pack_of, root), spans))
    with Directory.open(root / TENANT / "packs") as packs:
        write_list(packs, TENANT, listed)


def _pack_of(root: Path, numbers: Iterable[int]) -> Listed:
    return a_pack(root, (line(number) for number in numbers))


def a_pack(root: Path, lines: Iterable[bytes]) -> Listed:
    """A pack of the lines, which is not listed yet."""
    with Directory.open(root / TENANT / "packs") as packs:
        rows = sorted(((whole(one, "", TENANT), one) for one in lines), key=lambda one: (one[0].created_us, one[0].key))
        return write_pack(packs, TENANT, rows, (), sequenced=False)


def commit_of(number: int) -> str:
    return hashlib.sha1(b"%d" % number).hexdigest()


def moment(number: int) -> int:
    """When record ``number`` was made, in seconds since 1970."""
    return FIRST + number * APART


def line(number: int, at: int | None = None, like: int | None = None) -> bytes:
    """The stored line of record ``number``, always the same: about 4 KB; made at another moment, or with the text of record ``like``, if
    one is given."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment(number) if at is None else at))
    linked = number % EACH_LINK == EACH_LINK - 1
    header = {
        "tuple_type": "link" if linked else "edit", "doctrine_version": None, "tenant": TENANT, "moduleId": f"module{number % 40}",
        "cluster": f"c{number % 7}", "role": "contributor", "scope": "engineering",
        "redaction_class": "redacted" if number % 3 and not linked else "clean",
        "evidence_class": "observed" if linked or number % 5 == 0 else "accepted", "source_commit": None if linked else commit_of(number),
        "session_id": None, "created": created,
    }  # fmt: skip
    body, names = _link(number) if linked else _edit(number, number if like is None else like)
    parts = {
        "schema": 1, "key": key_of(TENANT, header["tuple_type"], *names), "revision": 0, "header": header, "body": body,
        "redaction": {"ruleset": "bench@0", "counts": {}},
    }  # fmt: skip
    return dumps(parts | {"id": hashlib.sha256(dumps(parts)).hexdigest()})


def _link(number: int) -> tuple[dict[str, object], tuple[str | None, ...]]:
    ends = [key_of(TENANT, "edit", commit_of(one)) for one in (number - 2, number - 1)]
    body = {"kind": "reverted_by", "from": ends[0], "to": ends[1], "value": None, "basis": "trailer"}
    return body, ("reverted_by", *ends, None)


def _edit(number: int, like: int) -> tuple[dict[str, object], tuple[str | None, ...]]:
    chance = random.Random(like)
    text = chance.choice(_texts())
    at = chance.randrange(len(text) - 5000)
    before = text[at : at + chance.randrange(200, 4000)]
    diff = "\n".join("+" + one for one in text[at + 500 : at + chance.randrange(700, 2400)].split("\n"))
    file = {
        "path": f"src/part{like % 300}.py", "old_path": None, "status": "modified", "mode": "100644", "old_mode": "100644",
        "language": "Python", "before": before, "before_cut": False, "additions": diff.count("\n") + 1, "deletions": 0, "withheld": None,
    }  # fmt: skip
    body = {
        "message": f"Change part {like % 300}\n\n{text[at : at + 120]}", "withheld": None, "author": _WHO, "committer": _WHO,
        "parents": [commit_of(number - 1)], "branch": "main", "files": [file], "changes_withheld": None, "diff": diff, "lines_cut": 0,
        "additions": file["additions"], "deletions": 0, "backend": "pygit2",
    }  # fmt: skip
    return body, (commit_of(number),)
