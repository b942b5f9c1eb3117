"""A file that may be used again: a plain one, of this user. Links and pipes, and what others put there, are none."""

from __future__ import annotations

import io
import os
import stat
from os import geteuid
from pathlib import Path


def opened(path: Path) -> io.BufferedReader:
    """The file, to be read. Raises ``OSError``."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited at
    at = os.fstat(fd)
    if not stat.S_ISREG(at.st_mode) or at.st_uid != geteuid():
        os.close(fd)
        raise PermissionError(f"{path} is no plain file of this user")
    return open(fd, "rb")
