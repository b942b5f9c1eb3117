"""``capture install`` brings a team's key, or says what stands in the way; ``corpus key`` makes and compares keys; doctor looks."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.xdg import keys_dir
from tests.capture.drain.working import Work, make


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return make(tmp_path / "billing", tmp_path / "corpus")


def install(work: Work, *more: str) -> subprocess.CompletedProcess[str]:
    return run("capture", "install", "--tenant", "acme", "--cluster", "payments", "--agents", "none", *more, cwd=work.path)


def test_a_teams_key_comes_with_the_hooks_and_doctor_tells_its_fingerprint(work: Work, tmp_path: Path) -> None:
    made = json.loads(run("corpus", "key", "new", "team.key", "--json", cwd=tmp_path).stdout)["fingerprint"]
    assert install(work, "--key", str(tmp_path / "team.key")).returncode == 0
    for which in (["--tenant", "acme"], ["--file", str(tmp_path / "team.key")]):
        assert run("corpus", "key", "fingerprint", *which, cwd=tmp_path).stdout.strip() == made
    assert install(work, "--key", str(tmp_path / "team.key")).returncode == 0
    checks = {each["name"]: each for each in json.loads(run("capture", "doctor", "--json", cwd=tmp_path).stdout)}
    assert made in checks["ruleset of acme"]["found"]
    assert (tmp_path / "team.key").read_text().strip() not in json.dumps(checks)


def test_another_key_stops_the_install_before_anything_is_placed(work: Work, tmp_path: Path) -> None:
    run("corpus", "key", "new", "one.key", cwd=tmp_path)
    run("corpus", "key", "new", "two.key", cwd=tmp_path)
    other = make(tmp_path / "other", work.root)
    assert install(other, "--key", str(tmp_path / "one.key")).returncode == 0
    done = install(work, "--key", str(tmp_path / "two.key"))
    assert done.returncode == 3
    assert "another key" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (work.path / ".git/hooks/post-commit").exists()


def test_a_command_serves_capture_and_doctor_says_when_it_fails(work: Work, tmp_path: Path) -> None:
    run("corpus", "key", "new", "team.key", cwd=tmp_path)
    assert install(work, "--key-command", f"cat {shlex.quote(str(tmp_path / 'team.key'))}").returncode == 0
    work.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "one")
    assert run("capture", "edit", cwd=work.path).returncode == 0
    assert [path.name for path in (keys_dir() / "acme").iterdir()] == ["pseudonym.command"]
    (tmp_path / "team.key").unlink()
    work.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "two")
    done = run("capture", "edit", cwd=work.path)
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 1
    assert "kept for later" in done.stderr
    checked = run("capture", "doctor", "--json", cwd=tmp_path)
    assert checked.returncode == 1
    assert [each["state"] for each in json.loads(checked.stdout) if each["name"] == "ruleset of acme"] == ["problem"]


def test_a_key_comes_one_way_at_a_time(work: Work) -> None:
    assert install(work, "--key", "a", "--key-command", "b").returncode == 2
    assert run("corpus", "key", "fingerprint", cwd=work.path).returncode == 2
    done = run("corpus", "key", "fingerprint", "--tenant", "acme", cwd=work.path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
