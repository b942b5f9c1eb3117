"""install, uninstall, status, pause and resume as a person types them."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from capture import spool
from capture.cli import group
from capture.settings import remember_root
from corpus.errors import BadInput, Refused, SubstrateError
from corpus.manifest import Manifest, read
from corpus.xdg import config_file, corpus_root, spool_dir
from tests.capture.hooks.conftest import Stub, commit, hook, new_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return new_repo(tmp_path / "r")


def _capture(*args: str | Path) -> Result:
    return CliRunner().invoke(group, [str(arg) for arg in args])


def _install(repo: Path, *more: str | Path) -> Result:
    return _capture("install", repo, "--tenant", "acme", "--cluster", "payments", *more)


def test_install_makes_root_and_tenant_and_says_what_to_type_next(repo: Path, guard_home: Path) -> None:
    done = _install(repo)
    assert done.exit_code == 0
    assert "Next:" in done.output
    root = guard_home / ".local/share/corpus"
    assert (root / "acme/tenant.toml").is_file()
    assert tomllib.loads(config_file().read_text()) == {"root": str(root)}
    again = _install(repo)
    assert (again.exit_code, again.output.splitlines()[0][:16]) == (0, "Already enrolled")


def test_install_prints_json(repo: Path, tmp_path: Path) -> None:
    found = json.loads(_install(repo, "--root", tmp_path / "root", "--role", "reviewer", "--module", "m", "--json").output)
    assert found["hooks"] == [str(repo / ".git/hooks")]
    assert (found["role"], found["moduleId"], found["root"], found["changed"]) == ("reviewer", "m", str(tmp_path / "root"), True)


def test_a_manifest_fills_the_label(repo: Path) -> None:
    manifest = Path(__file__).parents[3] / "manifests/example.toml"
    found = json.loads(_capture("install", repo, "--tenant", "acme", "--manifest", manifest, "--json").output)
    assert (found["cluster"], found["moduleId"]) == ("payments", "billing")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--tenant", "../x", "--cluster", "c"], Refused),
        (["--tenant", "acme", "--cluster", "packs"], Refused),
        (["--tenant", "acme"], BadInput),
        (["--tenant", "acme", "--manifest", "/not/there"], BadInput),
    ],
)
def test_bad_names_and_files_are_refused_before_anything_is_made(
    repo: Path, args: list[str], error: type[SubstrateError], guard_home: Path
) -> None:
    assert isinstance(_capture("install", repo, *args).exception, error)
    assert not (guard_home / ".local").exists()
    assert not (guard_home / ".config").exists()


def test_a_directory_that_is_no_repository_is_bad_input(tmp_path: Path) -> None:
    for command in (["install", "--tenant", "a", "--cluster", "c"], ["status"], ["pause"], ["uninstall"]):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert isinstance(_capture(*command, tmp_path / "empty").exception, BadInput)
        assert isinstance(_capture(*command, tmp_path / "missing").exception, BadInput)


def test_status_ends_with_1_when_a_hook_is_broken_and_0_when_all_are_proven(repo: Path) -> None:
    _install(repo)
    good = _capture("status", repo)
    assert good.exit_code == 0, good.output
    assert good.output.count("proven") == 4
    hook(repo / ".git/hooks/post-merge", "#!/bin/sh\n")
    bad = _capture("status", repo)
    assert bad.exit_code == 1
    assert "NOT RUNNING" in bad.output


def test_status_shows_what_waits_what_failed_and_that_it_is_paused(repo: Path) -> None:
    _install(repo)
    commit(repo)
    commit(repo, "second")
    for _ in range(len(spool.PAUSES) + 1):
        spool.defer(spool.entries(spool_dir())[0], "the root is read-only")
    _capture("pause", repo)
    found = json.loads(_capture("status", repo, "--json").output)
    assert (found["waiting"], found["paused"]) == (1, True)
    assert [failure["reason"] for failure in found["failed"]] == ["the root is read-only"]
    assert _capture("status", repo).exit_code == 1
    assert "read-only" in _capture("status", repo).output
    _capture("resume", repo)
    found = json.loads(_capture("status", repo, "--retry", "--json").output)
    assert (found["waiting"], found["failed"], found["paused"], found["troubles"]) == (2, [], False, [])


def test_status_sees_a_missing_command_and_a_record_file_that_was_changed(repo: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(repo)
    stub.path.unlink()
    monkeypatch.setenv("PATH", os.path.dirname(str(shutil.which("git"))))
    missing = _capture("status", repo)
    assert missing.exit_code == 1
    assert "is missing" in missing.output.replace("\n", " ")
    (repo / ".git/capture/hook").write_text(":\n")
    assert "not what it should be" in _capture("status", repo).output


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it may not")
@pytest.mark.parametrize("which", ["spool", "root"])
def test_status_sees_what_cannot_be_written(repo: Path, which: str) -> None:
    _install(repo)
    closed = spool_dir() if which == "spool" else corpus_root()
    closed.chmod(0o500)
    try:
        found = _capture("status", repo, "--json")
    finally:
        closed.chmod(0o700)
    assert found.exit_code == 1
    assert [str(closed) in trouble for trouble in json.loads(found.output)["troubles"]] == [True]


def test_pausing_everything_and_one_repository_are_apart(repo: Path) -> None:
    _install(repo)
    _capture("pause", "--all")
    assert isinstance(_capture("resume", repo).exception, BadInput)
    _capture("pause", repo)
    assert json.loads(_capture("resume", "--all", "--json").output) == {"resumed": []}
    commit(repo)
    assert spool.entries(spool_dir()) == []
    assert json.loads(_capture("resume", repo, "--json").output) == {"resumed": [str(repo / ".git")]}
    commit(repo)
    assert len(spool.entries(spool_dir())) == 1
    assert _capture("pause", repo, "--all").exit_code == 2


def test_uninstall_forgets_the_repository(repo: Path) -> None:
    _install(repo)
    assert "No longer enrolled" in _capture("uninstall", repo).output
    assert isinstance(_capture("uninstall", repo).exception, BadInput)


def test_what_was_committed_right_before_uninstall_is_kept(repo: Path) -> None:
    _install(repo)
    last = commit(repo)
    _capture("uninstall", repo)
    assert [path.stem for path in corpus_root().glob("acme/engineering/payments/*.jsonl")] == [last]


def test_the_config_file_keeps_what_else_is_in_it() -> None:
    config_file().parent.mkdir(parents=True)
    config_file().write_text("# mine\n[table]\nroot = 1\n")
    assert remember_root(Path('/a "b"\\c'))
    assert config_file().read_text().endswith("# mine\n[table]\nroot = 1\n")
    assert tomllib.loads(config_file().read_text())["root"] == '/a "b"\\c'
    assert not remember_root(Path("/other"))
    config_file().write_text("no toml")
    with pytest.raises(BadInput, match="not TOML"):
        remember_root(Path("/other"))
    config_file().unlink()
    with pytest.raises(BadInput, match="UTF-8"):
        remember_root(Path(os.fsdecode(b"/\xff")))


@pytest.mark.parametrize(
    "text",
    ["", "cluster = 1", 'cluster = "a"\nmore = 1', 'cluster = "../x"', 'cluster = "a"\nbranches = []', "cluster =", 'cluster = "packs"'],
)
def test_a_manifest_of_another_shape_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(BadInput, match="mend it") as caught:
        read(tmp_path / "m.toml")
    assert "\n" not in str(caught.value)


def test_the_manifest_schema_is_the_models() -> None:
    schema = json.loads((Path(__file__).parents[3] / "manifests/manifest.schema.json").read_text())
    assert schema == Manifest.model_json_schema()
