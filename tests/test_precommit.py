"""`capture redact --check` as a hook of the pre-commit framework."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def test_the_definition_is_one_that_pre_commit_reads() -> None:
    done = subprocess.run(
        [BIN / "pre-commit", "validate-manifest", HERE / ".pre-commit-hooks.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_hook_stops_a_commit_that_holds_an_address_and_lets_others_pass(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((HERE / ".pre-commit-hooks.yaml").read_text())
    program, *words = hook["entry"].split()
    (tmp_path / "clean.py").write_text("total = 3\n")
    (tmp_path / "address.py").write_text(f"to = 'lena.moreau@kontor-{secrets.token_hex(3)}.de'\n")

    def run(*files: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BIN / program, *words, *files], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run("clean.py").returncode == 0
    stopped = run("clean.py", "address.py")
    assert stopped.returncode == 1
    assert "address.py:1:7: EMAIL_ADDRESS" in stopped.stdout
    assert "lena" not in stopped.stdout + stopped.stderr
