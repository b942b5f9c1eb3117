"""The fixture every test here starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture.drain.working import Work, enroll, make


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A repository with one commit from before it was enrolled."""
    made = make(tmp_path / "billing", tmp_path / "corpus")
    made.commit("before enrolment")
    enroll(made)
    return made
