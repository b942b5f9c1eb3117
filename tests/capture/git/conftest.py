"""A repository to look at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


class Work:
    """A git repository at ``at``."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self._commits = 0

    def git(self, *args: str, stdin: bytes | None = None, **environment: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.at, input=stdin, capture_output=True, env={**os.environ, **environment}, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, **files: str | None) -> str:
        """Write (``None``: delete) ``files``, ``__`` in a name standing for a dot, and commit."""
        for name, content in files.items():
            path = self.at / name.replace("__", ".")
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode())
        self.git("add", "-A")
        # No two alike: with the same parent and second they would be one commit.
        self._commits += 1
        self.git("commit", "-q", "--allow-empty", "-m", f"work {self._commits}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A repository without commits."""
    made = Work(tmp_path / "work")
    made.at.mkdir()
    made.git("init", "-q")
    return made
