"""Commands run as a shell runs them, with a small corpus to run on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.store import add_tenant, init_root
from tests.corpus.build.world import World

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def corpus() -> Callable[..., Done]:
    """``corpus WORDS...`` in a process of its own."""

    def run(*words: str | Path, **environment: str) -> Done:
        command = [str(Path(sys.executable).parent / "corpus"), *map(str, words)]
        return subprocess.run(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A tenant with three edits in two clusters and a pair; the root is where ``CORPUS_ROOT`` says."""
    root = tmp_path / "root"
    monkeypatch.setenv("CORPUS_ROOT", str(root))
    init_root(root)
    add_tenant(root, "acme")
    made = World(root)
    made.edit("Say hello\n\nMail dev.one@example.org.\n", created="2026-04-30T23:59:59Z")
    made.edit(created="2026-05-01T00:00:00Z", cluster="front", module="site")
    made.edit(parents=2)
    made.feedback()
    return made
