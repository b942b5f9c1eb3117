"""The page for teams is run as it stands: two machines, one share."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from capture.cli import group as capture
from corpus.cli import group as corpus
from tests.capture.drain.working import make

PAGE = Path(__file__).resolve().parent.parent / "docs/team.md"


def commands() -> list[list[str]]:
    """The page's command lines, in order."""
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_two_machines_follow_the_page_to_one_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = commands()
    home = Path.home()
    assert len(lines) == 12
    share = tmp_path / "share"
    share.mkdir()
    origin = make(tmp_path / "origin/billing", tmp_path / "unused")
    day = {"GIT_AUTHOR_DATE": "2026-03-01T10:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T10:00:00Z"}
    for number in range(3):
        origin.commit(f"Change {number}", f"{number}.py", f"value = {number}\n", **day)

    def run(words: list[str], machine: str) -> str:
        monkeypatch.setenv("HOME", str(tmp_path / machine))
        monkeypatch.chdir(tmp_path / machine)
        capsys.readouterr()
        group = capture if words[0] == "capture" else corpus
        assert not group.main(words[1:], standalone_mode=False), words
        return capsys.readouterr().out

    new_key, install, by_command, fingerprint, export, *rest = lines
    stats = rest.pop()
    prints = []
    for machine in ("robin", "noor"):
        (tmp_path / machine).mkdir()
        shutil.copy(home / ".gitconfig", tmp_path / machine)
        (tmp_path / machine / "share").symlink_to(share)
        clone = tmp_path / machine / "billing"
        subprocess.run(["git", "clone", "-q", str(origin.path), str(clone)], check=True)
        if machine == "robin":
            run(new_key, machine)
            run(install, machine)
        else:  # by the team's own way, and the second form of the command
            shutil.copy(tmp_path / "robin/team.key", tmp_path / "noor/team.key")
            run([word.replace("cat team.key", f"cat {tmp_path}/noor/team.key") for word in by_command], machine)
        prints.append(run(fingerprint, machine))
        subprocess.run(["git", "-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", machine], cwd=clone, check=True)
        run(["capture", "edit", "--all", "--repo", str(clone)], machine)
        run([word.replace("share/robin", f"share/{machine}") for word in export], machine)
    assert prints[0] == prints[1]
    for words in rest:
        run(words, "robin")
    assert (tmp_path / "robin/sets/manifest.json").exists()
    together = json.loads(run(["corpus", "stats", "--tenant", "acme", "--root", "together", "--json"], "robin"))["types"]["edit"]
    assert (together, json.loads(run([*stats, "--json"], "noor"))["types"]["edit"]) == (5, 4)
