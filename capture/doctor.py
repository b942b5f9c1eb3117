"""``capture doctor``: everything that capture and redaction rest on, looked at one by one."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib import metadata
from pathlib import Path

from capture import enrol, spool
from capture.git.run import git
from capture.hooks.report import Report, report
from corpus.errors import BadInput, SubstrateError
from corpus.names import Name
from corpus.store.tenants import open_root, root_kind
from corpus.xdg import config_dir, corpus_root, keys_dir, spool_dir, state_dir

OLDEST_GIT = (2, 30)
LEAST_FREE = 256 << 20
"""Bytes below which a disk counts as full: a bulk capture may write that much before it says so."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class State(StrEnum):
    """``note``: works, and could be otherwise."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what to do next (empty where all is well)."""

    name: str
    state: State
    found: str
    next: str = ""


def examine(root: str | None = None) -> list[Check]:
    """Every check, in a fixed order. Hooks are triggered in a throw-away repository; nothing else is run or changed.

    ``root`` is looked at in place of the default one, beside the roots of enrolled repositories.
    """
    enrolled = enrol.all_enrolments()
    reports, hooks = _hooks(enrolled)
    found = [*_guarded("git", _git), *_guarded("NER model", _model), *_guarded("engine", _engine)]
    for tenant in [None, *sorted({one.label.tenant for one in enrolled})]:
        found += _guarded("ruleset" if tenant is None else f"ruleset of {tenant}", partial(_ruleset, tenant))
    found += hooks
    found += _guarded("spool", partial(_spool, bool(enrolled), reports))
    try:
        named = _default(root, bool(enrolled))
    except BadInput as error:
        named = set()
        found.append(_problem("settings", *_parted(str(error))))
    roots = sorted({one.root for one in enrolled} | named)
    for each in roots:
        found += _guarded("root", partial(_root, each))
    for name, place in (*(("files of the root", each) for each in roots), ("settings", config_dir()), ("state", state_dir())):
        found += _guarded(name, partial(_modes, name, place, keys_dir()))
    found += _guarded("keys", partial(_modes, "keys", keys_dir()))
    for place in sorted({_standing(each) for each in (*roots, spool_dir())}):
        found += _guarded("disk", partial(_disk, place))
    return found


def _guarded(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    """A check that cannot be made is a problem and stops no other."""
    try:
        return look()
    except SubstrateError as error:
        return [_problem(name, *_parted(str(error)))]
    except OSError as error:
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
        return [_problem(name, f"{error.strerror or type(error).__name__} {where}".strip(), "mend its mode or its disk")]


def _problem(name: str, found: str, then: str) -> Check:
    return Check(name, State.PROBLEM, found, then)


def _parted(line: str) -> tuple[str, str]:
    """``(what was found, what to do next)`` of a line that says both, as errors and troubles do."""
    found, _, then = line.rpartition(": ")
    return (found, then) if found else (line, "mend it, then run this again")


def _git() -> list[Check]:
    said = git(["--version"], cwd=Path("/")).decode("utf-8", "replace").strip()
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_GIT:
        return [_problem("git", said, f"install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer")]
    return [Check("git", State.OK, said)]


def _model() -> list[Check]:
    from corpus.redaction import ner_model
    from corpus.xdg import cache_dir

    name, identity = "NER model", ner_model.identity()
    if not identity:
        then = "run ./install.sh without --without-ner, to have them found"
        return [Check(name, State.NOTE, "not installed: names in prose that nothing announces are not found", then)]
    pinned = _pinned(ner_model.PACKAGE)
    if pinned and pinned not in identity.split():
        return [_problem(name, f"{identity}, but {pinned} is pinned", "run ./install.sh again")]
    try:
        words = ner_model.load(cache_dir(), os.getpid()).words("My name is Ilse Brandauer.")
    except Exception as error:
        return [_problem(name, f"{identity} cannot be run ({type(error).__name__})", "run ./install.sh again")]
    if not any(word.score > 0.5 for word in words):
        return [_problem(name, f"{identity} finds no name", "run ./install.sh again")]
    return [Check(name, State.OK, identity)]


def _pinned(package: str) -> str:
    """The version that this project's own metadata asks for; nothing where it runs without having been installed."""
    try:
        asked = metadata.requires("trajectory-substrate") or []
    except metadata.PackageNotFoundError:
        return ""
    versions = [re.search(r"==\s*([^\s;]+)", line) for line in asked if line.startswith(package)]
    return next((version[1] for version in versions if version), "")


def _engine() -> list[Check]:
    from corpus.redaction.prefilter import hyperscan

    if hyperscan is None:
        return [Check("engine", State.NOTE, "RE2 alone: finds the same, more slowly", "install hyperscan where it has a wheel")]
    return [Check("engine", State.OK, f"hyperscan {metadata.version('hyperscan')}, confirmed by RE2")]


def _ruleset(tenant: Name | None) -> list[Check]:
    from corpus.redaction import keysource
    from corpus.redaction.redactor import scanner_for

    if tenant is None:
        return [Check("ruleset", State.OK, scanner_for(None).ruleset)]
    key = keysource.stored(tenant)
    if key is None:
        return [Check(f"ruleset of {tenant}", State.NOTE, "its key is not made yet", "capture something, or bring a team's key")]
    where = keysource.command_file(tenant) if keysource.command_file(tenant).exists() else keysource.key_file(tenant)
    return [Check(f"ruleset of {tenant}", State.OK, f"{scanner_for(tenant).ruleset}, key {keysource.fingerprint(key)} from {where}")]


def _hooks(enrolled: list[enrol.Enrolment]) -> tuple[list[Report], list[Check]]:
    """What ``capture status`` knows of each enrolled repository, once."""
    if not enrolled:
        return [], [Check("hooks", State.NOTE, "no repository is enrolled", "run 'capture install' in one")]
    reports: list[Report] = []
    checks: list[Check] = []
    told: set[str] = set()
    for one in enrolled:
        name = f"hooks of {one.common_dir}"
        if not one.common_dir.exists():
            then = f"put it back, or remove {enrol.repos_dir() / one.id}.json"
            checks.append(_problem(name, "the repository is gone", then))
            continue
        try:
            now = report(one.worktree if one.worktree and one.worktree.exists() else one.common_dir)
        except SubstrateError as error:
            checks.append(_problem(name, *_parted(str(error))))
            continue
        reports.append(now)
        new = [trouble for trouble in now.troubles if trouble not in told]
        told.update(new)
        checks += [_problem(name, *_parted(trouble)) for trouble in new]
        if not now.troubles:
            paused = ("note", ", capture is paused", "'capture resume' goes on") if now.paused else ("ok", "", "")
            checks.append(Check(name, State(paused[0]), f"{len(now.proofs)} placed and firing{paused[1]}", paused[2]))
    return reports, checks


def _spool(enrolled: bool, reports: list[Report]) -> list[Check]:
    where = spool_dir()
    if not where.is_dir():
        if enrolled:
            return [_problem("spool", f"{where} is missing", "run 'capture install' again")]
        return [Check("spool", State.NOTE, "none yet", "'capture install' makes it")]
    if not os.access(where, os.W_OK | os.X_OK):
        return [_problem("spool", f"{where} cannot be written", "mend its mode or its disk")]
    waiting = reports[0].waiting if reports else len(spool.entries(where))
    return [Check("spool", State.OK, f"{where}, {waiting} waiting")]


def _default(root: str | None, enrolled: bool) -> set[Path]:
    """The root that was named, or the default one where it exists or nothing else does."""
    default = corpus_root(root)
    return {default} if root or default.exists() or not enrolled else set()


def _root(root: Path) -> list[Check]:
    if not root.exists():
        return [Check("root", State.NOTE, f"{root} does not exist yet", f"'corpus init --root {root}' or 'capture install' makes it")]
    with open_root(root) as top:
        kind = root_kind(top)
    if not os.access(root, os.W_OK | os.X_OK):
        return [_problem("root", f"{root} cannot be written", "mend its mode or its disk")]
    return [Check("root", State.OK, f"{root} ({kind})")]


def _modes(name: str, place: Path, leave: Path | None = None) -> list[Check]:
    """Whether all below ``place``, itself too and ``leave`` not, belongs to the user and is open to nobody else."""
    if not place.exists():
        return []
    count = 0
    wrong: list[str] = []
    for path, status in _below(place, leave):
        count += 1
        if status.st_uid != os.geteuid():
            wrong.append(f"{path} belongs to user {status.st_uid}")
        elif status.st_mode & _OTHERS:
            wrong.append(f"{path} has mode {stat.S_IMODE(status.st_mode):04o}")
    if wrong:
        more = f", and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""
        then = (
            f"run 'chmod -R go-rwx {place}'"
            if "mode" in wrong[0].rsplit("/", 1)[-1]
            else f"give it back with 'chown -R {os.geteuid()} {place}'"
        )
        return [_problem(name, f"{wrong[0]}{more}: others may read it", then)]
    return [Check(name, State.OK, f"{place}: {count} files and directories, yours alone")]


def _below(place: Path, leave: Path | None) -> Iterator[tuple[Path, os.stat_result]]:
    yield place, place.stat()
    for folder, folders, files in os.walk(place, onerror=_raise):
        folders[:] = [each for each in folders if Path(folder, each) != leave]
        for each in (*folders, *files):
            path = Path(folder, each)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # a spool entry or a temporary file whose work was done meanwhile
            if not stat.S_ISLNK(status.st_mode):
                yield path, status


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _standing(place: Path) -> Path:
    """The nearest directory from ``place`` upwards that exists."""
    return next(each for each in (place, *place.parents) if each.is_dir())


def _disk(place: Path) -> list[Check]:
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        return [_problem("disk", f"{place}: {free >> 20} MiB free", "make room: below it captures wait")]
    return [Check("disk", State.OK, f"{place}: {free / (1 << 30):.1f} GiB free")]
