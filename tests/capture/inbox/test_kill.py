"""Capture of an inbox killed anywhere: afterwards each message has exactly one record and is archived exactly once.

The short form kills at some, the long form (``full``) at every call into the system that Python makes while it takes in an inbox, and at
every real system call that changes something (strace).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from corpus.record import TupleType
from tests.capture.inbox.posting import Post, mail, markdown
from tests.failing import boundaries, killed_at, struck

CHANGING = (
    "openat,write,pwrite64,fsync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,ftruncate,fchmod,flock,utimensat"
)


def filled(post: Post, maildir: bool) -> dict[str, bytes]:
    """Two messages, one of which stood in the archive before under the name of the other."""
    if maildir:
        post.maildir()
        put = {"1.host": mail(), "2.host": mail(**{"Message-ID": "<2@example.test>"})}
        for name, data in put.items():
            post.put(f"new/{name}", data)
        return put
    put = {"a.md": markdown().encode(), "b.md": markdown(Rejected="rm -rf /").encode()}
    for name, data in put.items():
        post.put(name, data)
    return put


def expect_whole(post: Post, put: dict[str, bytes]) -> None:
    assert post.waiting() == []
    archive = post.box / (".Archive/cur" if (post.box / "cur").is_dir() else "archive")
    assert Counter(path.read_bytes() for path in archive.iterdir()) == Counter(put.values())
    lines = [line for path in post.root.rglob("engineering/**/*.jsonl") for line in path.read_bytes().splitlines()]
    assert len(lines) == len(put) == len(post.records(TupleType.FEEDBACK))
    assert [path for path in post.box.rglob("*") if path.is_file() and path.parent != archive and path.name != "maildirfolder"] == []


def rewind(post: Post, kept: Path) -> None:
    for place in (post.root, post.box):
        shutil.rmtree(place)
        shutil.copytree(kept / place.name, place)


def keep(post: Post, kept: Path) -> None:
    for place in (post.root, post.box):
        shutil.copytree(place, kept / place.name)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.full)], ids=["some", "all"])
@pytest.mark.parametrize("maildir", [False, True], ids=["folder", "maildir"])
def test_capture_killed_at_any_call_into_the_system_leaves_each_message_one_record_and_one_place(
    post: Post, tmp_path: Path, maildir: bool, step: int
) -> None:
    put = filled(post, maildir)
    keep(post, tmp_path / "kept")
    post.take()  # loads what is loaded once, so that each child only takes in
    expect_whole(post, put)
    number = killed = 1
    while True:
        rewind(post, tmp_path / "kept")
        if not killed_at(number, post.take):
            break
        killed += 1
        post.take()
        expect_whole(post, put)
        number += step
    assert killed * step > 60


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("maildir", [False, True], ids=["folder", "maildir"])
def test_a_process_killed_at_every_changing_system_call_leaves_each_message_one_record_and_one_place(
    post: Post, tmp_path: Path, maildir: bool
) -> None:
    put = filled(post, maildir)
    keep(post, tmp_path / "kept")
    words = ["feedback", "--inbox", str(post.box), "--tenant", "acme", "--cluster", "payments", "--root", str(post.root)]
    command = [sys.executable, "-m", "capture", *words]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)  # compiled rules are cached from here on
    rewind(post, tmp_path / "kept")
    ours = re.compile(rf"{re.escape(str(post.root))}|{re.escape(str(post.box))}|\.tmp-|\.jsonl|fsync|flock|link|rename")
    met = boundaries(command, CHANGING, ours, tmp_path / "trace", cwd=tmp_path)
    assert len(met) > 30
    for call, number in met:
        rewind(post, tmp_path / "kept")
        struck(command, call, number, cwd=tmp_path)
        post.take()
        expect_whole(post, put)
