"""Bad input gets one clear line and the exit code of the design, from the real commands; nothing is lost and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.capture.drain.working import Work, enroll, make


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False)


def expect(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    for word in words:
        assert word in line


@pytest.fixture
def work(tmp_path: Path) -> Work:
    made = make(tmp_path / "billing", tmp_path / "corpus")
    made.commit("one")
    enroll(made)
    return made


def test_not_a_repository(tmp_path: Path) -> None:
    expect(run("capture", "edit", "--tenant", "acme", "--cluster", "c", cwd=tmp_path), 2, "not a git repository")
    expect(run("capture", "install", "--tenant", "acme", "--cluster", "c", cwd=tmp_path), 2, "not a git repository")


def test_an_agent_that_is_unknown_or_not_here(work: Work) -> None:
    install = ("capture", "install", "--tenant", "acme", "--cluster", "c", "--agents")
    expect(run(*install, "nobody", cwd=work.path), 2, "'nobody'", "claude-code")
    expect(run(*install, "claude-code", cwd=work.path), 2, "claude-code is not on this machine", "--agents")


def test_settings_of_an_agent_that_are_not_json(work: Work) -> None:
    settings = Path(os.environ["HOME"]) / ".claude/settings.json"
    settings.parent.mkdir()
    settings.write_text('{"a": ')
    expect(run("capture", "install", "--tenant", "acme", "--cluster", "payments", cwd=work.path), 0, str(settings), "not JSON", "mend it")
    assert settings.read_text() == '{"a": '


def test_an_unknown_revision(work: Work) -> None:
    expect(run("capture", "edit", "nothing", cwd=work.path), 2, "nothing", "git log")
    expect(run("capture", "edit", "nothing..HEAD", cwd=work.path), 2, "nothing..HEAD")


def test_an_empty_revision_is_not_head(work: Work) -> None:
    expect(run("capture", "edit", "", cwd=work.path), 2, "''", "git log")


def test_a_branch_that_leads_to_what_is_missing(work: Work) -> None:
    lost = work.git("commit-tree", "-m", "lost", "HEAD^{tree}")
    work.git("branch", "broken", work.git("commit-tree", "-m", "on top", "-p", lost, "HEAD^{tree}"))
    (work.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    expect(run("capture", "edit", "--all", cwd=work.path), 2, "a branch leads to what is missing", "git fsck")


def test_a_tenant_that_is_a_path(work: Work, tmp_path: Path) -> None:
    other = make(tmp_path / "other", work.root)
    other.commit("one")
    expect(run("capture", "edit", "--tenant", "../x", "--cluster", "c", cwd=other.path), 3, "../x", "not a name")
    expect(run("capture", "install", "--tenant", "../x", "--cluster", "c", cwd=other.path), 3, "../x", "not a name")
    expect(run("corpus", "build", "--tenant", "../x", "--recipe", "sft", "--out", "o", cwd=tmp_path), 3, "../x")
    expect(run("corpus", "stats", "--tenant", "nobody", "--root", str(work.root), cwd=tmp_path), 3, "nobody", "corpus tenant add")


def test_another_tenants_repository(work: Work) -> None:
    expect(run("capture", "edit", "--tenant", "other", "--cluster", "c", cwd=work.path), 3, "enrolled to tenant 'acme'")
    expect(run("capture", "install", "--tenant", "other", "--cluster", "c", cwd=work.path), 3, "enrolled to tenant 'acme'")


def test_a_root_inside_the_work_tree_that_does_not_ignore_it(tmp_path: Path) -> None:
    work = make(tmp_path / "billing", tmp_path / "unused")
    root = work.path / "corpus"
    install = ("capture", "install", "--tenant", "acme", "--cluster", "c", "--root", str(root))
    expect(run(*install, cwd=work.path), 3, "ignore")
    assert not root.exists()
    assert not list((work.path / ".git/hooks").glob("post-commit"))
    work.commit("one")
    expect(run("capture", "edit", "--tenant", "acme", "--cluster", "c", "--root", str(root), cwd=work.path), 3, "ignore")
    (work.path / ".gitignore").write_text("corpus/\n")
    assert run(*install, cwd=work.path).returncode == 0


def test_a_record_file_that_is_half_a_line(work: Work) -> None:
    assert run("capture", "edit", cwd=work.path).returncode == 0
    (record,) = work.root.rglob("*.jsonl")
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    for command in (["stats"], ["show", work.head], ["build", "--recipe", "pretrain", "--out", "out"], ["sample"]):
        expect(run("corpus", *command, "--tenant", "acme", "--root", str(work.root), cwd=work.path.parent), 4, record.name, "cut off")
    assert not (work.path.parent / "out").exists()
    record.write_bytes(whole[:-1])  # a newline short is half a line as well
    expect(run("corpus", "stats", "--tenant", "acme", "--root", str(work.root), cwd=work.path.parent), 4, record.name)


def test_a_record_of_another_tenant(work: Work) -> None:
    assert run("capture", "edit", cwd=work.path).returncode == 0
    assert run("corpus", "tenant", "add", "other", "--root", str(work.root), cwd=work.path).returncode == 0
    (work.root / "acme/engineering").rename(work.root / "other/engineering")
    (record,) = work.root.rglob("*.jsonl")
    expect(run("corpus", "stats", "--tenant", "other", "--root", str(work.root), cwd=work.path), 3, record.name, "'acme'")


def test_a_root_that_cannot_be_written(work: Work) -> None:
    """As root, permissions bind nobody, so a file stands where the directory must be made; everybody else meets mode 0500."""
    if os.geteuid() == 0:
        (work.root / "acme/engineering").write_text("in the way")
        expect(run("capture", "edit", cwd=work.path), 3, "engineering")
    else:
        (work.root / "acme").chmod(0o500)
        expect(run("capture", "edit", cwd=work.path), 5, "Permission denied")
    work.spool(work.commit("two"))
    drained = run("capture", "drain", cwd=work.path)
    expect(drained, 5, "stay for later")
    waiting = list(Path(os.environ["HOME"]).rglob("*.entry"))
    assert len(waiting) == 1


def test_a_full_disk_is_one_line_and_the_work_is_kept(work: Work, tmp_path: Path) -> None:
    """A process that may write no byte to a file stands for a disk that takes none; both end a write with an error."""
    work.spool(work.commit("two"))
    limited = f"trap '' XFSZ; ulimit -f 0; exec {sys.executable} -B -m capture drain"
    # Without the measuring of coverage, which would want to write too and complain.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(["sh", "-c", limited], cwd=work.path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert work.lines() == []
    assert list(work.root.rglob(".tmp-*")) == []
    assert run("capture", "drain", cwd=work.path).returncode == 0
    assert work.captured() == [work.head]


def test_a_configuration_that_is_not_toml(tmp_path: Path) -> None:
    config = Path(os.environ["HOME"]) / ".config/corpus/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("root = \n")
    expect(run("corpus", "stats", "--tenant", "acme", cwd=tmp_path), 2, "config.toml", "not TOML")


def test_a_doctor_names_what_is_bad_and_goes_on(work: Work, tmp_path: Path) -> None:
    done = run("capture", "doctor", "--json", "--root", str(work.path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    wrong = {each["name"]: each for each in json.loads(done.stdout) if each["state"] == "problem"}
    assert "is not a corpus root" in wrong["root"]["found"]
    assert all(each["next"] for each in wrong.values())


def test_no_root_at_all(tmp_path: Path) -> None:
    expect(run("corpus", "stats", "--tenant", "acme", cwd=tmp_path), 2, "corpus init")


NO_ROOTS = {
    "deep": f"root = {'[' * 20_000}",
    "long": f"root = {'9' * 20_000}",
    "list": "root = []",
    "number": "root = 5",
    "nul": 'root = "a\\u0000b"',
    "none": "root = ",
}


@pytest.mark.parametrize("setting", NO_ROOTS.values(), ids=NO_ROOTS)
def test_a_root_setting_that_is_no_path(work: Work, tmp_path: Path, setting: str) -> None:
    config = Path(os.environ["HOME"]) / ".config/corpus/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"{setting}\n")
    expect(run("corpus", "init", cwd=tmp_path), 2, "config.toml", "mend it or remove it")
    config.unlink()
    config.mkdir()
    expect(run("corpus", "init", cwd=tmp_path), 2, "config.toml", "mend it or remove it")
    expect(run("corpus", "init", "--root", "~nobody-of-this-name/x", cwd=tmp_path), 2, "~nobody-of-this-name", "--root")


def test_what_the_output_cannot_write_or_take_is_no_bug(work: Work, tmp_path: Path) -> None:
    def told(root: Path, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "corpus", "init", "--root", os.fspath(root), *options]
        return subprocess.run(
            command, stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, **more
        )

    root = tmp_path / os.fsdecode(b"caf\xe9")
    done = told(root, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "caf" in done.stdout
    done = told(root, "--json", stdout=subprocess.PIPE)
    assert json.loads(done.stdout)["root"] == os.fspath(root)
    done = told(tmp_path / "closed", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


def test_an_inbox_with_a_message_that_is_none(work: Work, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    take_in = ("capture", "feedback", "--inbox", str(inbox), "--tenant", "acme", "--cluster", "c", "--root", str(work.root))
    expect(run(*take_in[:3], str(tmp_path / "none"), *take_in[4:], cwd=tmp_path), 2, "none is no folder")
    (inbox / "a.md").write_text("---\nstatus: rejected\ncreated: now\n---\n")
    expect(run(*take_in, cwd=tmp_path), 2, "a.md: line 3", "RFC 3339")
    expect(run(*take_in[:5], "../x", *take_in[6:], cwd=tmp_path), 3, "../x", "not a name")
    assert [path.name for path in inbox.iterdir()] == ["a.md"]


def test_a_correction_of_nothing(work: Work, tmp_path: Path) -> None:
    (tmp_path / "better").write_text("better")
    complete = ("capture", "feedback", "--complete", "ab" * 32)
    whose = ("--tenant", "acme", "--cluster", "c", "--root", str(work.root))
    expect(run(*complete, str(tmp_path / "better"), *whose, cwd=tmp_path), 2, "no record", "corpus stats")
    expect(run(*complete, str(tmp_path / "none"), *whose, cwd=tmp_path), 2, "none", "No such file")


def test_what_a_rescan_and_a_file_of_lines_cannot_take(work: Work, tmp_path: Path) -> None:
    rescan = ("corpus", "rescan", "--tenant", "acme", "--root", str(work.root), "--where")
    expect(run(*rescan, "nothing", cwd=tmp_path), 2, "--where 'nothing'", "FIELD=VALUE")
    expect(run(*rescan, "agent=codex", cwd=tmp_path), 2, "agent", "no header")
    expect(run("corpus", "verify", "--schema", "-", "--repair", cwd=tmp_path), 2, "--schema", "leave --repair")
    out = ("corpus", "export", "--tenant", "acme", "--root", str(work.root), "--format", "atif", "--out")
    expect(run(*out, str(work.root / "acme"), cwd=tmp_path), 3, "inside the corpus root")
    expect(run(*out, str(work.path), cwd=tmp_path), 2, "not empty")
