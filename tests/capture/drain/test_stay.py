"""A drainer as a hook starts it: lets go of its caller, waits for quiet, does everything, and goes without leaving work behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capture import drain, spool
from corpus.xdg import spool_dir
from tests.capture.drain.working import Work

COMMAND = [sys.executable, "-m", "capture", "drain", "--detached"]


def start(**more: object) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = subprocess.Popen(COMMAND, **more)  # type: ignore[call-overload]
    spool.pid_file(spool_dir()).write_text(f"{process.pid}\n")  # as the hook does
    return process


def test_it_does_what_waits_and_what_comes_meanwhile_and_goes(work: Work) -> None:
    first = work.commit("one")
    work.spool(first)
    process = start()
    time.sleep(0.5)
    second = work.commit("two")
    work.spool(second)
    assert process.wait(timeout=60) == 0
    assert set(work.captured()) == {first, second}
    assert spool.entries(spool_dir()) == []
    assert not spool.pid_file(spool_dir()).exists()


def test_a_caller_that_reads_a_pipe_does_not_wait_for_it(work: Work) -> None:
    work.spool(work.commit("one"))
    reader, writer = os.pipe()
    high = os.dup2(writer, 57)  # above what a shell can close
    process = start(pass_fds=(writer, high), stdout=writer, stderr=writer)
    os.close(writer)
    os.close(high)
    began = time.monotonic()
    assert os.read(reader, 1) == b""  # the end: nobody holds the other side any more
    let_go = time.monotonic() - began
    os.close(reader)
    assert process.poll() is None, "it is still at work"
    process.wait(timeout=60)
    assert let_go < (time.monotonic() - began) / 2
    assert len(work.captured()) == 1


def test_of_two_started_at_once_one_works_and_both_go(work: Work) -> None:
    commits = [work.commit(f"number {number}") for number in range(5)]
    for commit in commits:
        work.spool(commit)
    both = [start(), start()]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert sorted(map(str, work.captured())) == sorted(commits)
    assert len(work.lines()) == 5


def test_it_waits_for_whoever_holds_the_spool(work: Work) -> None:
    work.spool(work.commit("while a long history is taken in"))
    with drain.lock(spool_dir()):
        process = start()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=4)
    assert process.wait(timeout=60) == 0
    assert len(work.captured()) == 1


def test_it_lives_in_a_session_of_its_own_and_holds_no_directory(work: Work) -> None:
    work.spool(work.commit("one"))
    process = start()
    deadline = time.monotonic() + 10
    while os.getsid(process.pid) != process.pid and time.monotonic() < deadline:
        time.sleep(0.01)
    assert os.getsid(process.pid) == process.pid
    if Path("/proc/self/cwd").exists():
        while os.readlink(f"/proc/{process.pid}/cwd") != "/" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert os.readlink(f"/proc/{process.pid}/cwd") == "/"
    process.wait(timeout=60)
