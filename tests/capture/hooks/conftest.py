"""Repositories in every shape hooks meet, and a command that only notes that it was started."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from capture import spool
from capture.hooks import install as installing
from capture.hooks.install import Installed, enrolled_as, install
from corpus.xdg import spool_dir


def run(*args: str | Path, cwd: Path, input: bytes | None = None, check: bool = True, **env: str) -> subprocess.CompletedProcess[bytes]:  # noqa: A002
    done = subprocess.run(args, cwd=cwd, input=input, capture_output=True, env={**os.environ, **env}, timeout=60)
    assert not check or done.returncode == 0, (args, done.stderr)
    return done


def git(*args: str | Path, cwd: Path, **env: str) -> str:
    return run("git", *args, cwd=cwd, **env).stdout.decode().strip()


def new_repo(path: Path) -> Path:
    path.mkdir(parents=True)
    git("init", "-q", cwd=path)
    (path / "file").write_text("one\n")
    git("add", "file", cwd=path)
    git("commit", "-q", "-m", "first", cwd=path)
    return path


def commit(repo: Path, message: str = "more") -> str:
    git("commit", "-q", "--allow-empty", "-m", message, cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo)


def hook(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def snapshot(*tops: Path) -> dict[str, tuple[int, str]]:
    """Every file and directory below ``tops`` but objects: its mode and the hash of its bytes (a link's: of its target)."""
    found = {}
    for top in tops:
        for path in sorted([top, *top.rglob("*")]):
            if "objects" in path.relative_to(top).parts:
                continue
            data = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b"directory"
            found[str(path)] = (path.lstat().st_mode, hashlib.sha256(data).hexdigest())
    return found


def enrol_here(at: Path, tenant: str = "acme", cluster: str = "payments") -> Installed:
    root = Path.home() / "corpus-root"
    return install(at, root=root, label=enrolled_as(at, None, tenant=tenant, cluster=cluster, role=None, module=None))


def entries() -> list[spool.Entry]:
    return spool.entries(spool_dir())


def clear() -> None:
    for entry in entries():
        spool.remove(entry)


@dataclass(frozen=True)
class Stub:
    """A ``capture`` command that writes its arguments into ``log`` and then does what ``does`` was told."""

    path: Path
    log: Path

    def does(self, text: str) -> None:
        hook(self.path, f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{self.log}"\n{text}\n')

    def starts(self) -> list[str]:
        """The arguments of every start so far; waits a moment for the first, which the hook does not wait for."""
        for _ in range(500):
            if self.log.exists() and self.log.stat().st_size:
                break
            time.sleep(0.02)
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture(autouse=True)
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    made = Stub(tmp_path / "bin with space" / "capture", tmp_path / "started")
    made.does("")
    monkeypatch.setattr(installing, "find_command", lambda: made.path)
    return made


LOG_SH = 'printf "%s|%s|" "$0" "$*" >>"$HOOK_LOG"; cat >>"$HOOK_LOG"; echo >>"$HOOK_LOG"; echo to-out; echo to-err >&2; exit 7\n'
LOG_PY = (
    f"#!{sys.executable}\nimport os, sys\n"
    "with open(os.environ['HOOK_LOG'], 'a') as f: f.write('|'.join([sys.argv[0], ' '.join(sys.argv[1:]), sys.stdin.read()]) + '\\n')\n"
    "print('to-out', flush=True)\nprint('to-err', file=sys.stderr)\nsys.exit(7)\n"
)


@dataclass(frozen=True)
class Layout:
    """A repository, what besides it must come back byte for byte, and whether its own post-commit runs."""

    repo: Path
    others: tuple[Path, ...] = ()
    hooked: bool = False

    def snapshot(self) -> dict[str, tuple[int, str]]:
        return snapshot(self.repo, *self.others, Path.home() / ".gitconfig")


def plain(top: Path) -> Layout:
    return Layout(new_repo(top / "with space"))


def no_hooks_directory(top: Path) -> Layout:
    repo = new_repo(top / "r")
    for path in (repo / ".git/hooks").iterdir():
        path.unlink()
    (repo / ".git/hooks").rmdir()
    return Layout(repo)


def shell_hook(top: Path, first: str = "#!/bin/sh\n") -> Layout:
    repo = new_repo(top / "r")
    for name in ("post-commit", "post-rewrite"):
        hook(repo / ".git/hooks" / name, first + LOG_SH)
    return Layout(repo, hooked=True)


def strict_shell_hook(top: Path) -> Layout:
    return shell_hook(top, "#!/bin/sh -eu\n")


def bash_hook(top: Path) -> Layout:
    return shell_hook(top, "#!/usr/bin/env bash\nset -euo pipefail\n")


def no_shebang_hook(top: Path) -> Layout:
    return shell_hook(top, "")


def python_hook(top: Path) -> Layout:
    repo = new_repo(top / "r")
    for name in ("post-commit", "post-rewrite"):
        hook(repo / ".git/hooks" / name, LOG_PY)
    return Layout(repo, hooked=True)


def polyglot_hook(top: Path) -> Layout:
    """Shell on its second line, which hands the file to Python; Python reads that line as a string."""
    repo = new_repo(top / "r")
    for name in ("post-commit", "post-rewrite"):
        hook(repo / ".git/hooks" / name, LOG_PY.replace(f"#!{sys.executable}\n", f'#!/bin/sh\n"exec" "{sys.executable}" "$0" "$@"\n'))
    return Layout(repo, hooked=True)


def linked_hook(top: Path) -> Layout:
    repo = new_repo(top / "r")
    hook(top / "scripts/dispatch", "#!/bin/sh\n" + LOG_SH)
    (repo / ".git/hooks/post-commit").symlink_to("../../../scripts/dispatch")
    return Layout(repo, (top / "scripts",), hooked=True)


def switched_off_hook(top: Path) -> Layout:
    repo = new_repo(top / "r")
    hook(repo / ".git/hooks/post-commit", "#!/bin/sh\n" + LOG_SH, 0o644)
    return Layout(repo)


def first_line_only_hook(top: Path) -> Layout:
    repo = new_repo(top / "r")
    hook(repo / ".git/hooks/post-commit", "#!/bin/sh")
    return Layout(repo)


def local_hooks_path(top: Path) -> Layout:
    repo = new_repo(top / "r")
    hook(top / "elsewhere/post-commit", "#!/bin/sh\n" + LOG_SH)
    git("config", "core.hooksPath", top / "elsewhere", cwd=repo)
    return Layout(repo, (top / "elsewhere",), hooked=True)


def global_hooks_path(top: Path) -> Layout:
    hook(top / "shared hooks/post-commit", "#!/bin/sh\n" + LOG_SH)
    git("config", "--global", "core.hooksPath", top / "shared hooks", cwd=top)
    return Layout(new_repo(top / "r"), (top / "shared hooks",), hooked=True)


def missing_hooks_path(top: Path) -> Layout:
    repo = new_repo(top / "r")
    git("config", "core.hooksPath", "not/there", cwd=repo)
    return Layout(repo)


def tracked_hooks(top: Path) -> Layout:
    repo = new_repo(top / "r")
    hook(repo / ".githooks/post-commit", '#!/bin/sh\n. "$(dirname "$0")/lib.sh"\n' + LOG_SH)
    hook(repo / ".githooks/lib.sh", ":\n", 0o644)
    git("add", ".githooks", cwd=repo)
    git("commit", "-q", "-m", "hooks", cwd=repo)
    with open(repo / ".git/config", "a") as stream:
        stream.write("[core]\n    hooksPath=.githooks  ; as a person wrote it\n")
    return Layout(repo, hooked=True)


def worktree_configuration(top: Path) -> Layout:
    repo = tracked_hooks(top).repo
    git("config", "--unset", "core.hooksPath", cwd=repo)
    git("config", "extensions.worktreeConfig", "true", cwd=repo)
    git("config", "--worktree", "core.hooksPath", ".githooks", cwd=repo)
    return Layout(repo, hooked=True)


def husky(top: Path) -> Layout:
    """As husky 9 lays it out: ``.husky/_`` is generated and ignores itself, ``.husky/NAME`` is the user's."""
    repo = new_repo(top / "r")
    runner = 'n=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\nexit $?\n'
    hook(repo / ".husky/_/h", "#!/usr/bin/env sh\n" + runner, 0o644)
    (repo / ".husky/_/.gitignore").write_text("*")
    for name in ("post-commit", "post-merge", "post-rewrite", "post-applypatch", "pre-commit"):
        hook(repo / ".husky/_" / name, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
    hook(repo / ".husky/post-commit", LOG_SH, 0o644)
    git("add", ".husky", cwd=repo)
    git("commit", "-q", "-m", "husky", cwd=repo)
    git("config", "core.hooksPath", ".husky/_", cwd=repo)
    return Layout(repo, hooked=True)


def lefthook(top: Path) -> Layout:
    """As lefthook lays it out: a shell function that looks for its binary and is handed the hook's name and arguments."""
    repo = new_repo(top / "r")
    text = '#!/bin/sh\n\nif [ "$LEFTHOOK" = "0" ]; then\n  exit 0\nfi\n\ncall_lefthook()\n{\n  ' + LOG_SH.replace("exit 7", "return 7")
    hook(repo / ".git/hooks/post-commit", text + '}\n\ncall_lefthook run "post-commit" "$@"\n')
    return Layout(repo, hooked=True)


def separate_git_dir(top: Path) -> Layout:
    top.mkdir(exist_ok=True)
    git("init", "-q", "--separate-git-dir", top / "elsewhere.git", top / "r", cwd=top)
    commit(top / "r", "first")
    return Layout(top / "r", (top / "elsewhere.git",))


def submodule(top: Path) -> Layout:
    inner = new_repo(top / "inner")
    outer = new_repo(top / "outer")
    git("submodule", "--quiet", "add", inner, "sub", cwd=outer)
    git("commit", "-q", "-m", "sub", cwd=outer)
    return Layout(outer / "sub", (outer,))


def linked_worktree(top: Path) -> Layout:
    repo = new_repo(top / "r")
    git("worktree", "add", "-q", top / "linked", cwd=repo)
    return Layout(top / "linked", (repo,))


def worktree_of_bare(top: Path) -> Layout:
    repo = new_repo(top / "r")
    git("clone", "-q", "--bare", repo, top / "bare.git", cwd=top)
    git("worktree", "add", "-q", top / "linked", cwd=top / "bare.git")
    return Layout(top / "linked", (top / "bare.git",))


LAYOUTS = [
    *(
        plain,
        no_hooks_directory,
        shell_hook,
        strict_shell_hook,
        bash_hook,
        no_shebang_hook,
        python_hook,
        polyglot_hook,
        linked_hook,
        switched_off_hook,
    ),
    *(
        first_line_only_hook,
        local_hooks_path,
        global_hooks_path,
        missing_hooks_path,
        tracked_hooks,
        worktree_configuration,
        husky,
        lefthook,
        separate_git_dir,
    ),
    *(submodule, linked_worktree, worktree_of_bare),
]


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.__name__)
def layout(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("HOOK_LOG", str(tmp_path / "hook-log"))
    made: Layout = request.param(tmp_path / "place")
    (tmp_path / "hook-log").unlink(missing_ok=True)
    return made
