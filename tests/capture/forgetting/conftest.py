"""The fixtures every test here starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture.forgetting.two import Two, two_people


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    return two_people(tmp_path, monkeypatch)
