"""``capture doctor``: all well where all is well, and each thing that is wrong named with what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from capture import doctor
from capture.doctor import Check, State, examine
from capture.hooks.install import enrolled_as, install
from corpus.names import Name
from corpus.redaction import ner_model, prefilter, pseudonym
from corpus.redaction.ner_model import Word
from corpus.xdg import config_dir, keys_dir, spool_dir, state_dir
from tests.capture.drain.working import Work, make


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "capture", *words], cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | environment
    )


def told(at: Path, code: int) -> list[Check]:
    """What the command says, and that it ends as it should."""
    done = run("doctor", "--json", cwd=at)
    assert done.returncode == code, (done.stdout, done.stderr)
    return [Check(each["name"], State(each["state"]), each["found"], each["next"]) for each in json.loads(done.stdout)]


def problems(checks: list[Check]) -> list[Check]:
    return [each for each in checks if each.state is State.PROBLEM]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def one_cache(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules are compiled once for all of these tests, which takes seconds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(compiled))


def enroll(work: Work) -> None:
    install(work.path, root=work.root, label=enrolled_as(work.path, None, tenant="acme", cluster="payments", role=None, module=None))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """An enrolled repository whose tenant has a key."""
    made = make(tmp_path / "billing", tmp_path / "corpus")
    enroll(made)
    pseudonym.for_tenant(Name("acme"))
    return made


def test_what_capture_itself_makes_is_all_well(tmp_path: Path) -> None:
    made = make(tmp_path / "billing", tmp_path / "corpus")
    for words in (("install", "--tenant", "acme", "--cluster", "payments", "--root", str(made.root)), ("edit",)):
        made.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "one")  # no drainer beside the tests
        done = run(*words, cwd=made.path)
        assert done.returncode == 0, done.stderr
    assert list(made.root.rglob("*.jsonl"))
    checks = told(made.path, 0)
    assert problems(checks) == []
    said = {each.name: each for each in checks}
    assert said["ruleset of acme"].found.startswith("builtin@")
    assert "placed and firing" in said[f"hooks of {(made.path / '.git').resolve()}"].found
    for name in ("git", "engine", "spool", "root", "files of the root", "settings", "keys", "state", "disk", "NER model"):
        assert name in said, name
    assert all(bool(each.next) == (each.state is not State.OK) for each in checks)


def test_a_person_sees_a_table(tmp_path: Path) -> None:
    shown = run("doctor", cwd=tmp_path, COLUMNS="200")
    assert shown.returncode == 0
    assert "what to do next" in shown.stdout


def test_nothing_installed_yet_is_no_problem_and_nothing_is_made(tmp_path: Path) -> None:
    checks = told(tmp_path, 0)
    assert {each.name for each in checks if each.state is State.NOTE} >= {"hooks", "spool", "root"}
    assert not config_dir().exists()
    assert not state_dir().exists()
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("place", "check", "mode"),
    [
        ("key", "keys", 0o640),
        ("keys", "keys", 0o750),
        ("record", "files of the root", 0o604),
        ("root", "files of the root", 0o755),
        ("enrolment", "settings", 0o644),
        ("spool", "state", 0o770),
    ],
)
def test_what_others_can_read_is_a_problem(work: Work, place: str, check: str, mode: int) -> None:
    path = {
        "key": keys_dir() / "acme" / "pseudonym",
        "keys": keys_dir(),
        "record": work.root / "acme" / "tenant.toml",
        "root": work.root,
        "enrolment": next((config_dir() / "repos").glob("*.json")),
        "spool": spool_dir(),
    }[place]
    path.chmod(mode)
    (wrong,) = problems(examine())
    assert (wrong.name, wrong.found) == (check, f"{path} has mode {mode:04o}: others may read it")
    command = wrong.next.removeprefix("run '").removesuffix("'")
    subprocess.run(command.split(), check=True)
    assert problems(examine()) == []
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_what_belongs_to_somebody_else_is_a_problem(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    monkeypatch.setattr(doctor.os, "geteuid", lambda: mine + 1)
    wrong = problems(examine())
    assert {each.name for each in wrong} == {"root", "files of the root", "settings", "state", "keys"}
    assert all(f"belongs to user {mine}" in each.found and "chown" in each.next for each in wrong)
    assert "more like it" in next(each.found for each in wrong if each.name == "files of the root")


def test_hooks_that_do_not_fire_are_named(work: Work) -> None:
    hook = work.path / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\nexit 0\n")
    wrong = problems(examine())
    assert wrong
    assert all(each.name == f"hooks of {(work.path / '.git').resolve()}" and each.next for each in wrong)
    assert any("post-commit" in each.found for each in wrong)


def test_a_repository_that_is_gone_is_named_with_its_enrolment(work: Work) -> None:
    shutil.rmtree(work.path)
    (wrong,) = problems(examine())
    assert wrong.found == "the repository is gone"
    Path(wrong.next.rpartition("remove ")[2]).unlink()
    assert problems(examine()) == []


def test_a_spool_or_a_root_that_is_missing_is_a_problem(work: Work) -> None:
    shutil.rmtree(spool_dir())
    assert any(each.found == f"{spool_dir()} is missing" for each in problems(examine()))
    enroll(work)
    assert problems(examine()) == []
    (work.root / "root.toml").unlink()
    assert "is not a corpus root" in next(each.found for each in problems(examine()) if each.name == "root")
    shutil.rmtree(work.root)
    assert problems(examine())


def test_a_key_and_a_policy_that_cannot_be_used_are_problems_and_stop_no_other_check(work: Work) -> None:
    before = len(examine())
    (keys_dir() / "acme" / "pseudonym").write_text("short\n")
    (wrong,) = problems(examine())
    assert (wrong.name, len(examine())) == ("ruleset of acme", before)
    assert "holds no pseudonym key" in wrong.found


def test_settings_that_cannot_be_read_are_a_problem(tmp_path: Path) -> None:
    config_dir().mkdir(parents=True, mode=0o700)
    (config_dir() / "config.toml").write_text("root = [")
    (config_dir() / "config.toml").chmod(0o600)
    (wrong,) = problems(told(tmp_path, 1))
    assert (wrong.name, "is not TOML" in wrong.found, wrong.next) == ("settings", True, "mend it or remove it")


def test_a_full_disk_is_a_problem(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 1 << 60)
    assert {each.name for each in problems(examine())} == {"disk"}


@pytest.mark.parametrize(("said", "state"), [("git version 2.29.3", State.PROBLEM), ("git version 3.0", State.OK), ("who?", State.PROBLEM)])
def test_a_git_that_is_too_old_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, state: State) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\necho '{said}'\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert next(each.state for each in examine() if each.name == "git") is state
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert next(each for each in examine() if each.name == "git").state is State.PROBLEM


def model(monkeypatch: pytest.MonkeyPatch, identity: str, answer: list[Word] | Exception) -> Check:
    class Model:
        def words(self, block: str) -> list[Word]:
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(ner_model, "identity", lambda: identity)
    monkeypatch.setattr(ner_model, "load", lambda cache, process: Model())
    monkeypatch.setattr(doctor, "_pinned", lambda package: "1.4.0")
    return next(each for each in examine() if each.name == "NER model")


def test_the_model_is_there_is_the_pinned_one_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = [Word(11, 15, "GIVEN_NAME", 0.9)]
    assert model(monkeypatch, "a-model 1.4.0 rewritten 1", sure).state is State.OK
    assert "1.4.0 is pinned" in model(monkeypatch, "a-model 1.3.0 rewritten 1", sure).found
    assert "cannot be run (ValueError)" in model(monkeypatch, "a-model 1.4.0 rewritten 1", ValueError("Ilse")).found
    assert model(monkeypatch, "a-model 1.4.0 rewritten 1", [Word(11, 15, "GIVEN_NAME", 0.1)]).state is State.PROBLEM
    absent = model(monkeypatch, "", sure)
    assert (absent.state, "install.sh" in absent.next) == (State.NOTE, True)


def test_the_slower_engine_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefilter, "hyperscan", None)
    engine = next(each for each in examine() if each.name == "engine")
    assert (engine.state, "RE2 alone" in engine.found) == (State.NOTE, True)


def test_the_root_that_is_named_is_looked_at(work: Work, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    wrong = problems(examine(str(tmp_path / "other")))
    assert [each.name for each in wrong] == ["root"]
    assert "corpus init" in wrong[0].next
