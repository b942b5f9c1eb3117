"""Proving hooks by triggering them: git runs each real hook file in a throw-away repository, and our block's entry must appear.

There the block finds a record of its own (``<common>/capture/hook``) with a private spool, and ends the hook once it has
written: nothing of the user's runs, and nothing reaches the real spool.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from capture import spool
from capture.git.run import git
from capture.hooks import shell
from capture.hooks.placed import record_file, write
from corpus.errors import SubstrateError

_PATCH = b"""From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: Probe <probe@localhost>
Date: Thu, 1 Jan 1970 00:00:00 +0000
Subject: [PATCH] applied

---
diff --git a/applied b/applied
new file mode 100644
index 0000000..257cc56
--- /dev/null
+++ b/applied
@@ -0,0 +1 @@
+foo
"""
# What triggers each hook, in an order in which each finds what it needs.
_TRIGGERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "post-commit": (("commit", "-q", "--allow-empty", "-m", "probe"),),
    "post-rewrite": (("commit", "-q", "--allow-empty", "--amend", "-m", "amended"),),
    "post-merge": (("branch", "side"), ("commit", "-q", "--allow-empty", "-m", "ahead"), ("branch", "-f", "side"),
                   ("update-ref", "HEAD", "HEAD~1"), ("merge", "-q", "side")),
    "post-applypatch": (("am", "-q"),),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proof:
    """One hook: the file git would run, whether it ran our block to its end, and what to do if not."""

    hook: str
    path: Path
    proven: bool
    trouble: str


def prove(directory: Path) -> list[Proof]:
    """Trigger each of our hooks as it stands in ``directory``."""
    proofs = []
    ready = {hook for hook in shell.HOOKS if not _unready(directory / hook)}
    ran = _triggered(directory, ready) if ready else set()
    for hook in shell.HOOKS:
        trouble = _unready(directory / hook)
        if not trouble and hook not in ran:
            trouble = "it is there, but git ran it without reaching our block: look at the lines before it"
        proofs.append(Proof(hook, directory / hook, not trouble, trouble))
    return proofs


def _unready(path: Path) -> str:
    """Why triggering ``path`` would prove nothing, or would run only what is not ours; ``""`` when it may be tried."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "missing: run 'capture install' again"
    except OSError:
        return "cannot be read: mend its mode, then run 'capture install' again"
    if not shell.has_block(data):
        return "overwritten by something else: run 'capture install' again"
    if not os.access(path, os.X_OK):
        return "not executable, so git passes it over: chmod +x, or run 'capture install' again"
    return ""


def _triggered(directory: Path, hooks: set[str]) -> set[str]:
    with tempfile.TemporaryDirectory(prefix="capture-probe-") as scratch:
        top = Path(scratch)
        work, entries, linked = top / "work", top / "spool", top / "hooks"
        for made in (work, linked, entries):
            made.mkdir()
        # Links to our hooks alone: the directory's other hooks, pre-commit say, would run the user's own tools here.
        for hook in hooks:
            (linked / hook).symlink_to(directory.absolute() / hook)
        env = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Probe",
            "GIT_AUTHOR_EMAIL": "probe@localhost",
            "GIT_COMMITTER_NAME": "Probe",
            "GIT_COMMITTER_EMAIL": "probe@localhost",
        }
        git(["init", "-q", "--template=", "."], cwd=work, env=env)
        git(["config", "core.hooksPath", linked], cwd=work, env=env)
        (work / ".git/capture").mkdir()
        write(record_file(work / ".git"), shell.record(entries, None, probe=True), 0o600)
        for hook, steps in _TRIGGERS.items():
            for step in steps:
                try:
                    git(step, cwd=work, env=env, input=_PATCH if hook == "post-applypatch" else None)
                except SubstrateError:
                    break
        return {entry.hook for entry in spool.entries(entries) if entry.whole}
