"""The fixture every test here starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.store import add_tenant, init_root
from tests.corpus.build.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A root with one tenant and nothing in it."""
    root = tmp_path / "root"
    init_root(root)
    add_tenant(root, "acme")
    return World(root)
