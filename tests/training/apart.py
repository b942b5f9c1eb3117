"""The Python of the trainers, in which their programs run by themselves: no network, nothing of this project, nothing of the home.

It has the CPU build of torch (requirements/train.txt) and those who read sets (requirements/readers.txt): ``.ci/full`` makes it, or
``TRAINING_PYTHON`` names one.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PYTHON = Path(os.environ.get("TRAINING_PYTHON") or HERE.parents[1] / ".venv-train/bin/python")


def needs(package: str) -> pytest.MarkDecorator:
    """Skips where that Python or the package in it is missing."""
    there = any((PYTHON.parent.parent / "lib").glob(f"python*/site-packages/{package}/__init__.py"))
    return pytest.mark.skipif(not there, reason=f"no Python with {package}: .ci/full makes .venv-train, or TRAINING_PYTHON names one")


def run(program: str, jobs: list[dict[str, str]], place: Path) -> list[Any]:
    """What ``program`` of this directory tells of each job; ``place`` is an empty directory."""
    (place / "jobs.json").write_text(json.dumps(jobs))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))},
        "HOME": str(place),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(place),
        "HF_DATASETS_CACHE": str(place / "datasets"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "DO_NOT_TRACK": "1",
    }
    command = [str(PYTHON), str(HERE / program), str(place / "jobs.json"), str(place / "told.json")]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads((place / "told.json").read_text())
    assert len(found) == len(jobs)
    return found
