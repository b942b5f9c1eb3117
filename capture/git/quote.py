"""Paths as text, without loss: git's C-style quoting (git-config(1), ``core.quotePath``; quote.c)."""

from __future__ import annotations

import re

_NAMED = {0x07: "a", 0x08: "b", 0x09: "t", 0x0A: "n", 0x0B: "v", 0x0C: "f", 0x0D: "r", 0x22: '"', 0x5C: "\\"}
_ESCAPES = {byte: f"\\{_NAMED[byte]}" if byte in _NAMED else f"\\{byte:03o}" for byte in [*range(0x20), 0x22, 0x5C, *range(0x7F, 0x100)]}
_BYTES = re.compile(rb'[\x00-\x1f"\\\x7f-\xff]')
_CHARACTERS = re.compile(r'[\x00-\x1f"\\\x7f]')


def escape_bytes(path: bytes) -> str:
    """``path`` in ASCII as git escapes it with ``core.quotePath``, without the quotes around it: ``caf\\351.txt``."""
    return _BYTES.sub(lambda at: _ESCAPES[at[0][0]].encode(), path).decode("ascii")


def needs_escape(path: str) -> bool:
    """Whether :func:`escape_text` changes ``path``."""
    return _CHARACTERS.search(path) is not None


def escape_text(path: str) -> str:
    """``path`` as git escapes it without ``core.quotePath``: control characters, quotes and backslashes alone."""
    return _CHARACTERS.sub(lambda at: _ESCAPES[ord(at[0])], path)


def as_text(path: bytes) -> tuple[str, bool]:
    """``(text, escaped)``: the path itself when it is UTF-8, else what stands between the quotes of its quoted form.

    A path that begins with a quote is escaped as well, so that ``"`` at the start of a stored path always means the quoted form.
    """
    if not path.startswith(b'"'):
        try:
            return path.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return escape_bytes(path), True


def name_of(path: bytes) -> str:
    """``path`` as one string: itself, or its quoted form with the quotes (:func:`as_text`)."""
    text, escaped = as_text(path)
    return f'"{text}"' if escaped else text
