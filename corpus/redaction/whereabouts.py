"""Where somebody's work lies: home directories, the folders above a repository, and the machines that paths name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

Identifier = Callable[[str, str], str]

DIRECTORY, PERSON, HOST = "DIRECTORY", "PERSON", "HOST_NAME"
_OWNER = r"(?P<owner>[^\s/\\:*?\"'<>|`;,(){}\[\]$&]{1,64})"
_HOME = re.compile(rf"/(?:home|Users)/{_OWNER}")
# Separators may be escaped, once or twice, as JSON in JSON has them.
_WINDOWS = re.compile(rf"\b[A-Za-z]:(?:/|\\{{1,4}})(?:Users|Documents and Settings)(?:/|\\{{1,4}}){_OWNER}")
# ~/.claude/projects and its like name a folder after the path with its slashes as dashes.
_DASHED = re.compile(r"-(?:home|Users)-(?P<owner>[A-Za-z0-9_.]{1,64})(?=-|\b)")
# Each begins with what is searched for fast. Before an @ stands a login, after the host a colon and a path.
_HOSTS = (
    ("@", re.compile(r"@(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?):(?=[~/])")),
    ("ssh-remote", re.compile(r"ssh-remote(?:\+|%2[Bb])(?P<host>[A-Za-z0-9][A-Za-z0-9._-]{0,62})")),
    ("file://", re.compile(r"file://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,62})(?=/)")),
)
_LOGIN = re.compile(r"[A-Za-z0-9._-]\Z")
_NOBODY = frozenset({"user", "username", "runner", "vscode", "shared", "public", "default", "localhost", "you", "name", "..."})
_ROOT = re.compile(r"(?:[A-Za-z]:)?")
# Before a path stands no longer name, but perhaps an escape's letter (\n) or an option's (-I), and before /home a mount's folders.
_BEFORE = re.compile(r"(?:(?:^|[^\w.\\])(?:-[A-Za-z])?|\\+[nrtbf]?)\Z")
_BEFORE_HOME = re.compile(r"(?:(?:^|[^\w.\\/~-])(?:-[A-Za-z])?|\\+[nrtbf]?)(?:/[\w.-]{1,32}){0,3}\Z|(?:file://|\+)[\w.-]*\Z")
_BACK = 120


class Whereabouts:
    """Replaces the paths in ``tops`` (work trees, as they are spelled) and every home directory's owner, by ``identifier(type, value)``.

    What lies below a work tree stays: ``/home/ann/work/billing/src/a.py`` is ``/REDACTED_DIRECTORY_3f9a1c4b7d2e/src/a.py``.
    """

    def __init__(self, tops: Sequence[str], identifier: Identifier) -> None:
        self._identifier = identifier
        self._tops: list[tuple[str, re.Pattern[str], str]] = []
        for top in sorted({each.rstrip("/\\") for each in tops}, key=len, reverse=True):
            # Plain, in JSON, in JSON with escaped slashes, and as the name of a folder of ~/.claude/projects; a root of all hides nothing.
            ways = (top, top.replace("\\", "\\\\"), top.replace("/", "\\/"), re.sub(r"[^A-Za-z0-9-]", "-", top))
            for spelled in dict.fromkeys(ways) if _ROOT.fullmatch(top) is None else ():
                self._tops.append((spelled, re.compile(rf"{re.escape(spelled)}(?![\w-]|\.\w)"), top))

        self._word = any(spelled.isalnum() for spelled, _, _ in self._tops)

    def hide(self, text: str) -> str:
        """``text`` with all of it replaced."""
        if text.isalnum() and not self._word:  # most of what JSON holds
            return text
        for spelled, pattern, top in self._tops:
            if spelled in text:
                text = pattern.sub(partial(self._top, top), text)
        if "home" in text or "Users" in text or "Settings" in text:
            if "/home/" in text or "/Users/" in text:
                text = _HOME.sub(self._owner, text)
            if "-home-" in text or "-Users-" in text:
                text = _DASHED.sub(self._owner, text)
            if "Users" in text or "Settings" in text:
                text = _WINDOWS.sub(self._owner, text)
        for mark, pattern in _HOSTS:
            if mark in text:
                text = pattern.sub(self._host, text)
        return text

    def _top(self, top: str, found: re.Match[str]) -> str:
        if not _BEFORE.search(found.string, max(0, found.start() - 4), found.start()):
            return found[0]
        return ("/" if found[0][:1] in "/\\" else "") + self._identifier(DIRECTORY, top)

    def _owner(self, found: re.Match[str]) -> str:
        owner = found["owner"]
        if owner.lower() in _NOBODY or owner.startswith("REDACTED_"):
            return found[0]
        before = _BEFORE if found[0][0] == "-" else _BEFORE_HOME
        if not before.search(found.string, max(0, found.start() - _BACK), found.start()):
            return found[0]
        return found[0][: found.start("owner") - found.start()] + self._identifier(PERSON, owner)

    def _host(self, found: re.Match[str]) -> str:
        host, start = found["host"], found.start("host") - found.start()
        alone = found[0][0] == "@" and not _LOGIN.search(found.string, max(0, found.start() - 1), found.start())
        if host.lower() in _NOBODY or host.startswith("REDACTED_") or alone:
            return found[0]
        return found[0][:start] + self._identifier(HOST, host) + found[0][start + len(host) :]
