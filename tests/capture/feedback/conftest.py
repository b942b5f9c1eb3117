"""``capture feedback`` run in this process (loading the rules takes a second), with exit codes as a shell sees them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from capture.cli import main
from corpus.record import Record
from corpus.store import Corpus, add_tenant, init_root


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with the tenant ``acme``; the working directory is in no repository."""
    root = tmp_path / "root"
    init_root(root)
    add_tenant(root, "acme")
    monkeypatch.setenv("CORPUS_ROOT", str(root))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return root


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["capture", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        seen = capsys.readouterr()
        return Done(int(ended.value.code or 0), seen.out, seen.err)

    return run


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., Path]:
    """Write a pair; a field given as ``...`` is left out."""

    def write(name: str = "pair.json", **fields: Any) -> Path:
        whole = {
            "prompt": "Delete old logs",
            "rejected": "rm -rf logs",
            "corrected": "find logs -mtime +30 -delete",
            "tag": "destructive",
            "reason": "It took everything.",
            "created": "2026-05-15T11:30:00+02:00",
        }
        path = tmp_path / "here" / name
        path.write_text(json.dumps({key: value for key, value in (whole | fields).items() if value is not ...}))
        return path

    return write


@pytest.fixture
def records(root: Path) -> Callable[[], list[Record]]:
    def read() -> list[Record]:
        with Corpus.open(root, "acme") as corpus:
            return list(corpus.records())

    return read
