"""Authors that are programs: how one is told from a person, and what may stand in its name's place.

GitHub gives the commits of its apps the name ``<app>[bot]`` and the address ``<number>+<app>[bot]@users.noreply.github.com``; GitLab gives
those of access tokens ``project_<number>_bot_<hash>@noreply.<host>`` (docs.gitlab.com, "Project access tokens"). Only the names of this
module's list are ever kept as they are: whatever else says of itself that it is a program keeps a pseudonym, with the mark behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from corpus.redaction.finding import IDENTIFIER

MARK = "[bot]"
"""What ends an author's name in a record if a program wrote the commit, and nothing else does."""

_APPS = (
    "allcontributors",
    "codecov",
    "dependabot",
    "dependabot-preview",
    "github-actions",
    "greenkeeper",
    "imgbot",
    "mergify",
    "pre-commit-ci",
    "pyup",
    "renovate",
    "semantic-release",
    "snyk",
    "travis-ci",
)
# As such accounts call themselves where they commit under no app's name.
_ALSO = {
    "dependabot": "dependabot",
    "github action": "github-actions",
    "github actions": "github-actions",
    "github-actions": "github-actions",
    "pyup-bot": "pyup",
    "renovate bot": "renovate",
    "renovate-bot": "renovate",
    "semantic-release-bot": "semantic-release",
    "snyk bot": "snyk",
    "snyk-bot": "snyk",
    "travis ci": "travis-ci",
    "whitesource renovate": "renovate",
}
_KNOWN = {f"{app}{MARK}": f"{app}{MARK}" for app in _APPS} | {name: f"{app}{MARK}" for name, app in _ALSO.items()}
_APP = re.compile(r"(?:[0-9]+\+)?([a-z0-9][a-z0-9-]*\[bot\])@users\.noreply\.github\.com")
_TOKEN = re.compile(r"(?:project|group)_[0-9]+_bot(?:_[0-9a-z]+)?@noreply\.[a-z0-9.-]+")


def called(name: str, address: str) -> str:
    """What to hand to the gate as an author's ``name``, both raw: where name or address is a program's, a name that ends in ``MARK``."""
    folded, mail = " ".join(name.split()).casefold(), address.strip().lower()
    if folded in _KNOWN:
        return _KNOWN[folded]
    if folded.endswith(MARK):
        return name
    if app := _APP.fullmatch(mail):
        return _KNOWN.get(app[1], app[1])
    return f"{name.strip()}{MARK}" if _TOKEN.fullmatch(mail) else name


def stand_in(name: str, identifier: Callable[[str], str]) -> str:
    """What may stand in the place of ``name``: a listed program's own name, else what ``identifier`` makes of it, marked where it says
    that it is a program's; empty stays empty."""
    said = name.strip()
    if not said or _KNOWN.get(said) == said:
        return said
    if not said.casefold().endswith(MARK):
        return identifier(name)
    inner = said[: -len(MARK)]
    return f"{identifier(inner if IDENTIFIER.fullmatch(inner) else said)}{MARK}"


def stands(value: str) -> bool:
    """Whether ``value`` is such a name of a program, or a pseudonym."""
    return _KNOWN.get(value) == value or IDENTIFIER.fullmatch(value.removesuffix(MARK)) is not None
