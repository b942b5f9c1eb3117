"""A hook never fails, prints or waits, whatever is missing, full, odd or slow."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from capture import spool
from corpus.xdg import spool_dir
from tests.capture.hooks.conftest import Stub, clear, commit, enrol_here, entries, git, hook, new_repo, run

SHELLS = [[shell] for shell in ("dash", "bash", "ksh") if shutil.which(shell)] + [
    [*posix] for posix in (["bash", "--posix"], ["busybox", "ash"]) if shutil.which(posix[0])
]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = new_repo(tmp_path / "a 'quoted' \"place\" $HOME `x`")
    enrol_here(made)
    return made


def _silent(repo: Path, **env: str) -> None:
    done = run("git", "commit", "--allow-empty", "-q", "-m", "quiet", cwd=repo, **env)
    assert done.stdout + done.stderr == b""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("kind", ["own", "block"])
def test_every_shell_writes_the_entry_and_goes_on(repo: Path, shell: list[str], kind: str, stub: Stub) -> None:
    path = repo / ".git/hooks/post-rewrite"
    if kind == "block":
        path.unlink()
        hook(path, "#!/bin/sh\ncat\nset -o\numask\n")
        enrol_here(repo)
    pair = f"{'a' * 40} {'b' * 40}\n"
    done = run(*shell, path, "rebase", cwd=repo, input=(pair * 3).encode())
    assert [len(entry.rewritten) for entry in entries()] == [3]
    assert stub.starts() == ["drain --detached"]
    if kind == "block":
        untouched = run(*shell, "-c", "cat; set -o; umask", cwd=repo, input=(pair * 3).encode())
        assert done.stdout == untouched.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_strict_hook_goes_on_whatever_fails_in_our_block(repo: Path, shell: list[str]) -> None:
    path = repo / ".git/hooks/post-commit"
    path.unlink()
    hook(path, "#!/bin/sh\nset -eu\necho went on\n")
    enrol_here(repo)
    path.write_text(path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nset -eu\n"))
    git("pack-refs", "--all", cwd=repo)
    assert run(*shell, path, cwd=repo).stdout == b"went on\n"
    assert [(entry.whole, entry.commit) for entry in entries()] == [(True, None)]
    (repo / ".git/capture/hook").write_text("if half a file; then (\n")
    assert run(*shell, path, cwd=repo).stdout == b"went on\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_spool_that_is_no_directory_is_passed_over(repo: Path, shell: list[str]) -> None:
    shutil.rmtree(spool_dir())
    spool_dir().write_text("in the way")
    for name in ("post-commit", "post-rewrite"):
        done = run(*shell, repo / ".git/hooks" / name, cwd=repo, input=b"")
        assert done.stdout + done.stderr == b""
    _silent(repo)


def test_a_missing_spool_is_passed_over(repo: Path) -> None:
    shutil.rmtree(spool_dir())
    _silent(repo)
    assert not spool_dir().exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it may not")
def test_a_read_only_spool_is_passed_over(repo: Path) -> None:
    spool_dir().chmod(0o500)
    _silent(repo)
    spool_dir().chmod(0o700)
    assert entries() == []


def test_a_full_disk_is_passed_over(repo: Path) -> None:
    spool_dir().mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "none", spool_dir()], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with open(spool_dir() / "fill", "wb", buffering=0) as stream, pytest.raises(OSError, match="No space"):
            stream.writelines([b"x" * 1024] * 100)
        _silent(repo)
        assert not any(entry.whole for entry in entries())
        assert len(entries()) <= 1
    finally:
        subprocess.run(["umount", spool_dir()], check=True)


def test_the_spool_and_its_entries_are_private_whatever_the_umask(repo: Path) -> None:
    run("sh", "-c", "umask 0; git commit -q --allow-empty -m open", cwd=repo)
    assert stat.S_IMODE(entries()[0].path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool_dir().stat().st_mode) == 0o700


def test_without_a_home_or_a_path_of_its_own_the_entry_is_written(repo: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "PATH")}
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    git_command = str(shutil.which("git"))
    done = subprocess.run([git_command, "commit", "-q", "--allow-empty", "-m", "bare"], cwd=repo, env=env | identity, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(entries()) == 1


def test_a_missing_command_is_passed_over_and_one_on_the_path_is_taken(repo: Path, stub: Stub, tmp_path: Path) -> None:
    stub.path.unlink()
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("git", "sh"):
        (bare / name).symlink_to(str(shutil.which(name)))
    _silent(repo, PATH=str(bare))
    assert not stub.log.exists()
    stub.does("")
    stub.path.rename(bare / "capture")
    _silent(repo, PATH=str(bare))
    assert stub.starts() == ["drain --detached"]


def test_the_drainer_looks_where_it_was_installed_to(repo: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    home = os.environ["HOME"]
    stub.does(f'printf "%s\\n" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" >>"{stub.log}"; exec sleep 0')
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/else")
    git("commit", "-q", "--allow-empty", "-m", "elsewhere", cwd=repo)
    for _ in range(100):
        if len(stub.starts()) == 3:
            break
        time.sleep(0.02)
    assert stub.starts() == ["drain --detached", f"{home}/.local/state", f"{home}/.config"]


def test_a_drainer_that_lives_is_not_started_again(repo: Path, stub: Stub) -> None:
    stub.does("sleep 60; :")
    try:
        for number in range(5):
            commit(repo, str(number))
        assert stub.starts() == ["drain --detached"]
        assert spool.drainer(spool_dir()) is not None
    finally:
        os.kill(int(spool.pid_file(spool_dir()).read_text()), signal.SIGKILL)
    assert len(entries()) == 5


@pytest.mark.parametrize("left", ["{own}\n", "1\n", "0\n", "-1\n", "99999999999999999999\n", "", "nonsense\n", "12 34\n"])
def test_an_id_that_is_not_a_drainers_does_not_stop_capture(repo: Path, stub: Stub, left: str) -> None:
    spool.pid_file(spool_dir()).write_text(left.format(own=os.getpid()))
    assert spool.drainer(spool_dir()) is None
    commit(repo)
    assert stub.starts() == ["drain --detached"]


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="no /proc: the id alone has to do")
def test_a_drainer_that_was_killed_and_is_not_waited_for_does_not_stop_capture(repo: Path, stub: Stub) -> None:
    dead = subprocess.Popen([stub.path, "drain", "--detached"])
    try:
        os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{dead.pid}/comm").read_text() == "capture\n"
        stub.log.unlink()
        spool.pid_file(spool_dir()).write_text(f"{dead.pid}\n")
        commit(repo)
        assert stub.starts() == ["drain --detached"]
    finally:
        dead.wait()


@pytest.mark.parametrize("descriptor", range(1, 10))
def test_a_slow_drainer_does_not_hold_a_caller_that_reads_a_pipe(repo: Path, stub: Stub, descriptor: int) -> None:
    stub.does("sleep 20; :")
    began = time.monotonic()
    # The pipe is open as this descriptor too: reading it to its end shows that the drainer has none of them.
    done = run("sh", "-c", f'exec git commit -q --allow-empty -m piped "$@" {descriptor}>&1', "sh", cwd=repo)
    assert done.stdout == b""
    assert time.monotonic() - began < 15
    assert stub.starts() == ["drain --detached"]
    os.kill(int(spool.pid_file(spool_dir()).read_text()), signal.SIGKILL)


def test_entries_of_a_process_id_that_came_round_again_stand_beside_each_other(repo: Path) -> None:
    commit(repo)
    first = entries()[0]
    script = 'i=0; until [ $i -ge 3 ]; do . "$1"; i=$((i+1)); done'
    path = repo / ".git/hooks/post-commit"
    text = path.read_text().replace("exit 0", ":")
    record = repo / ".git/capture/hook"
    record.write_text(record.read_text().replace("exit 0", "return 0"))
    hook(repo / "again", text)
    run("sh", "-c", script, "sh", repo / "again", cwd=repo)
    names = sorted(entry.path.name for entry in entries() if entry.path != first.path)
    assert [name.split("-")[1] for name in names] == ["0.entry", "1.entry", "2.entry"]


def test_a_common_directory_that_is_named_absolutely_is_found(repo: Path, tmp_path: Path) -> None:
    git("worktree", "add", "-q", tmp_path / "linked", cwd=repo)
    (repo / ".git/worktrees/linked/commondir").write_text(f"{repo}/.git\n")
    commit(tmp_path / "linked")
    assert [entry.git_dir for entry in entries()] == [repo / ".git/worktrees/linked"]


def test_a_repository_that_is_not_enrolled_is_left_alone_by_a_shared_hook(tmp_path: Path, stub: Stub) -> None:
    git("config", "--global", "core.hooksPath", tmp_path / "shared", cwd=tmp_path)
    (tmp_path / "shared").mkdir()
    mine, other = new_repo(tmp_path / "mine"), new_repo(tmp_path / "other")
    enrol_here(mine)
    _silent(other)
    assert entries() == []
    assert not stub.log.exists()
    clear()
    commit(mine)
    assert len(entries()) == 1


def test_a_directory_with_a_newline_in_its_name_cannot_forge_an_entry(tmp_path: Path) -> None:
    repo = new_repo(tmp_path / "a\ngit_dir /other\ncommit \nend")
    enrol_here(repo)
    _silent(repo)
    assert entries() == []
