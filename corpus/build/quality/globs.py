"""Patterns of paths, as ``.gitignore`` writes them: ``*`` within a folder, ``**`` across folders, a bare name anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def compile_all(globs: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches (``fullmatch``) each path that one of ``globs`` names, and all that lies in a folder it names."""
    return re.compile("|".join(_one(glob) for glob in sorted(set(globs))) or "(?!)", re.DOTALL)


def _one(glob: str) -> str:
    bare = glob.strip("/")
    found, at = "" if "/" in bare or glob.startswith("/") else "(?:.*/)?", 0
    for part in _PARTS.finditer(bare):
        found += re.escape(bare[at : part.start()]) + _MEANS[part[0]]
        at = part.end()
    return f"{found}{re.escape(bare[at:])}(?:/.*)?"
