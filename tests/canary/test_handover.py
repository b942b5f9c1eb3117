"""Canaries in sessions that agents' hooks hand over, the hooks and the drainer killed: none is found below root, spool, state or cache."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.canary import looking
from tests.canary.planting import Canary, Planter, people
from tests.canary.test_sweep import Field, transcript

SAID = (
    "session text",
    "session reply",
    "session reasoning",
    "session title",
    "session branch",
    "tool arguments",
    "tool output",
    "tool detail",
)


def hooked(field: Field, number: int, batch: Sequence[Canary], rng: random.Random) -> Path:
    """A session that holds ``batch``, handed over by the real hook as an agent does it, and killed at any moment."""
    at = {place: [canary.planted for canary in batch if canary.place == place] for place in SAID}
    folder = Path(field.env["HOME"]) / ".claude/projects/somewhere"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"session-{number}.jsonl"
    file.write_bytes(transcript(field, number, at))
    words = " ".join(canary.planted for canary in batch)
    said = {"session_id": f"session-{number}", "transcript_path": str(file), "cwd": str(field.repo), "user_email": words}
    said |= {"hook_event_name": "SessionEnd", "last_assistant_message": words}
    hook = Path(field.env["HOME"]) / ".config/corpus/hooks/agent"
    with subprocess.Popen([hook, "claude-code", "SessionEnd"], stdin=subprocess.PIPE, cwd="/", env=field.env) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(said).encode())
        process.stdin.close()
        if number % 3 == 0:
            time.sleep(rng.random() * 0.004)
            process.kill()
    return file


@pytest.mark.timeout(300)
def test_no_canary_that_a_hook_was_told_is_found_anywhere(tmp_path: Path) -> None:
    rng = random.Random(7)
    field = Field(tmp_path)
    known = people(4, rng)
    field.git("init", "-q")
    for who in known:
        field.git("commit", "-q", "--allow-empty", "-m", "hello", GIT_AUTHOR_NAME=who[0], GIT_AUTHOR_EMAIL=who[1])
    (Path(field.env["HOME"]) / ".claude").mkdir()
    field.capture("install", "--tenant", "acme", "--cluster", "payments", "--agents", "claude-code", "--root", str(field.roots[0]))
    kinds = list(Planter(known, rng).kinds)
    planter = Planter(known, rng)
    canaries = [
        canary
        for number, kind in enumerate(rng.sample(kinds, 40))
        if (canary := planter.one(kind, SAID[number % len(SAID)], "plain", known[number % len(known)]))
    ]
    files = [hooked(field, number, canaries[number::8], rng) for number in range(8)]
    for number in range(3):  # a drainer at work, killed
        drainer = subprocess.Popen([sys.executable, "-m", "capture", "drain"], cwd=field.repo, env=field.env, stdout=-3, stderr=-3)
        time.sleep(0.4 + number * 0.3)
        drainer.send_signal(signal.SIGKILL)
        drainer.wait()
    field.drain()
    for file in files:
        file.unlink()
    home = Path(field.env["HOME"])
    listed = home / ".config/corpus/people"
    held = [*looking.files([*field.roots, home, tmp_path / "tmp"]), ("what commands said", "\n".join(field.said).encode())]
    sessions = [name for name, _ in held if "/engineering/sessions/" in name and name.startswith("/")]
    assert len(sessions) == len(files)
    assert not [name for name, _ in held if name.endswith((".transcript", ".entry")) and os.path.exists(name)]
    found = {
        f"{canary.kind} in {canary.place}: {name}"
        for name, data in held
        if str(listed) not in name and name != str(home / ".gitconfig")
        for view in looking.views(data)
        for canary in canaries
        if any(needle.encode() in view for needle in canary.needles)
    }
    assert found == set(), "\n".join(sorted(found))
    assert len(canaries) > 30
