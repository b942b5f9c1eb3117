"""How often capture met what was forgotten and let it be: a number a tenant, for ``capture status``. It says nothing of what it was."""

from __future__ import annotations

import os

from corpus.names import Name
from corpus.xdg import make_private, state_dir


def count(tenant: Name) -> None:
    """One more. A byte at the end of a file: workers that do it at once lose none of each other's."""
    folder = state_dir() / "refused"
    make_private(folder)
    fd = os.open(folder / tenant, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, b".")
    finally:
        os.close(fd)


def counted(tenant: Name) -> int:
    """How often so far."""
    try:
        return os.stat(state_dir() / "refused" / tenant).st_size
    except OSError:
        return 0
