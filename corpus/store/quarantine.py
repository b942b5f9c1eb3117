"""Reports of what was refused or set aside: which file, and why. Never its content."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.loose import write_new

QUARANTINE = "quarantine"


def report(home: Directory, reason: str) -> None:
    """Leave a report that says ``reason`` (an error's one line, which never quotes content). The same report is left once; where
    nothing can be written (in a bundle, say), none is: the error itself has been shown."""
    if not home.writable:
        return
    with suppress(OSError), home.child(QUARANTINE, create=True) as directory:
        name = f"{hashlib.sha256(reason.encode('utf-8', 'replace')).hexdigest()[:32]}.json"
        if not directory.exists(name):
            write_new(directory, name, dumps({"reason": reason.encode("utf-8", "replace").decode()}) + b"\n")
