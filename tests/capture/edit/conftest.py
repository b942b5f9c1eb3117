"""A repository to make commits in, what is expected of their bodies, and a scrubber that redacts one planted pattern."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capture.git import run
from capture.git.plumbing import PlumbingRepository
from capture.git.repository import Repository, open_repository
from capture.sources.edit import edit_draft
from corpus.names import Name
from corpus.record import EditBody
from corpus.redaction.draft import Draft, Label, Withheld

LABEL = Label(Name("acme"), Name("payments"), Name("billing"), Name("contributor"))
NONE = "000000"
FILE = "100644"


class PlantedScrub:
    """Replaces ``PLANTED<16 hex>`` by ``REDACTED_PLANTED``; names and addresses become what they are pseudonyms of, marked."""

    def __init__(self) -> None:
        self.images: dict[tuple[str, str], str] = {}
        self.loaded: list[str] = []

    def prose(self, text: str) -> str:
        if "UNSAFE" in text:
            raise Withheld("redaction-failed")
        return re.sub("PLANTED[0-9a-f]{16}", "REDACTED_PLANTED", text)

    path = prose

    def code(self, text: str, path: str) -> str:
        return self.prose(text)

    def image(self, cache_key: str, path: str, load: Callable[[], str]) -> str:
        if (cache_key, path) not in self.images:
            self.loaded.append(cache_key)
            self.images[cache_key, path] = self.code(load(), path)
        return self.images[cache_key, path]

    def person(self, name: str) -> str:
        return name and f"person({name})"

    def email(self, address: str) -> str:
        return address and f"email({address})"


class Work:
    """A git repository at ``at``; every commit is made at the same second."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.scrub = PlantedScrub()

    def git(self, *args: str, stdin: bytes | None = None, **environment: str) -> str:
        dates = {"GIT_AUTHOR_DATE": "1767323045 +0530", "GIT_COMMITTER_DATE": "1767323045 -0800"}
        done = subprocess.run(
            ["git", *args], cwd=self.at, input=stdin, capture_output=True, env={**os.environ, **dates, **environment}, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def start(self, *options: str) -> Work:
        self.at.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", *options)
        return self

    def write(self, **files: str | bytes) -> None:
        for name, content in files.items():
            self.put(name.replace("__", "."), content)

    def put(self, name: str | bytes, content: str | bytes) -> None:
        path = os.path.join(os.fsencode(self.at), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "work", *options: str, **environment: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message, *options, **environment)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def store(self, raw: bytes, kind: str = "commit") -> str:
        """Store an object as it stands, well formed or not."""
        return self.git("hash-object", "-t", kind, "-w", "--stdin", "--literally", stdin=raw)

    def open(self, backend: str = "pygit2") -> Repository:
        if backend == "git":
            return PlumbingRepository(run.git_dir(self.at), run.common_dir(self.at), self.git("rev-parse", "--show-object-format"))
        return open_repository(self.at)

    def draft(self, repository: Repository, commit: str, branch: str | None = "main", *, with_before: bool = True) -> Draft:
        return edit_draft(repository, commit, LABEL, branch, with_before=with_before)

    def body(self, commit: str, backend: str = "pygit2", branch: str | None = "main", *, with_before: bool = True) -> EditBody:
        with self.open(backend) as repository:
            body = self.draft(repository, commit, branch, with_before=with_before).render(self.scrub)
        assert isinstance(body, EditBody)
        assert body.backend == backend
        return body

    @staticmethod
    def file(path: str, status: str, **fields: Any) -> dict[str, Any]:
        """A ``FileChange`` as it is expected: of a plain text file, unless ``fields`` say more."""
        return {
            "path": path,
            "old_path": None,
            "status": status,
            "mode": NONE if status == "deleted" else FILE,
            "old_mode": NONE if status == "added" else FILE,
            "language": "Text",
            "before": None,
            "before_cut": False,
            "additions": 0,
            "deletions": 0,
            "withheld": None,
            **fields,
        }

    @staticmethod
    def expected(files: list[dict[str, Any]], diff: str, parents: list[str], **fields: Any) -> dict[str, Any]:
        """An ``EditBody`` as it is expected, without ``backend``: totals are those of ``files``."""
        person = {"name": "person(Robin Testperson)", "email": "email(robin.testperson@example.test)", "time": "2026-01-02T03:04:05Z"}
        return {
            "message": "work\n",
            "withheld": None,
            "author": {**person, "tz": "+0530"},
            "committer": {**person, "tz": "-0800"},
            "parents": parents,
            "branch": "main",
            "files": files,
            "changes_withheld": None,
            "diff": diff,
            "lines_cut": 0,
            "additions": sum(file["additions"] for file in files),
            "deletions": sum(file["deletions"] for file in files),
            **fields,
        }


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A repository without commits."""
    return Work(tmp_path / "work").start()


@pytest.fixture
def work_at() -> Callable[[Path], Work]:
    """Another repository, or a clone, at a path; nothing is done to it."""
    return Work
