"""The demonstration's proofs can fail: a value that is there is found, and a write is noticed."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def proof() -> dict[str, Any]:
    return runpy.run_path(str(HERE / "demo" / "proof.py"))


def test_a_value_is_found_in_contents_and_in_names(tmp_path: Path, proof: dict[str, Any]) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "blob").write_bytes(b"\0\xff" * 9 + b"planted" + b"\xff")
    (tmp_path / "deep" / "planted.jsonl").touch()
    (tmp_path / "clean").write_text("plant ed")
    found = proof["files_holding"]("planted", [tmp_path / "deep", tmp_path / "clean"])
    assert sorted(path.name for path in found) == ["blob", "planted.jsonl"]


def rewrite_and_hide(path: Path) -> None:
    """Other bytes, the same size, the old modification time."""
    times = path.stat()
    path.write_text("b")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda git: (git / "new").touch(),
        lambda git: rewrite_and_hide(git / "refs" / "main"),
        lambda git: (git / "refs" / "main").unlink(),
        lambda git: (git / "refs" / "main").chmod(0o600),
        lambda git: (git / "refs" / "main").rename(git / "refs" / "mains"),
        lambda git: (git / "empty").mkdir(),
    ],
    ids=["added", "rewritten", "removed", "mode", "renamed", "directory"],
)
def test_any_write_changes_the_digest(tmp_path: Path, proof: dict[str, Any], change: Any) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "main").write_text("a")
    before = proof["digest"](tmp_path)
    (tmp_path / "refs" / "main").read_text()
    assert proof["digest"](tmp_path) == before
    change(tmp_path)
    assert proof["digest"](tmp_path) != before
