"""Yesterday's corpus: loose, or half of it packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.sources import parts
from tests.capture.trajectory.making import Home
from tests.corpus.rescan.yesterday import Yesterday, fill, lenient


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "EVENTS", 4)


@pytest.fixture
def yesterday(tmp_path: Path, small_parts: None) -> Yesterday:
    with lenient():
        secrets = fill(Home(tmp_path / "root"), tmp_path)
    return Yesterday(tmp_path / "root", secrets)


@pytest.fixture
def packed(yesterday: Yesterday) -> Yesterday:
    with yesterday.open() as corpus:
        corpus.pack()
    return yesterday
