"""Canaries in every place of every kind of input, captured by the real commands; then every byte that was kept is searched for each."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.bytes_of import unpacked
from tests.canary import looking
from tests.canary.planting import PERSONAL, PLACES, WRAPPINGS, Canary, Person, Planter, people
from tests.capture.trajectory.making import line

# So long that the cache remembers it.
ENOUGH = "a line that says nothing\n" * 24
PEOPLE = frozenset({"email", "person", "trailer"})


class Field:
    """A repository with hooks, the corpus it is captured to, and one that takes its history in bulk."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repo = home / "work" / "billing"
        self.roots = (home / "root-by-hooks", home / "root-in-bulk")
        self.said: list[str] = []
        self.env = dict(os.environ) | {"TMPDIR": str(home / "tmp"), "CAPTURE_COMMAND": ""}
        (home / "tmp").mkdir()
        self.repo.mkdir(parents=True)
        for root in self.roots:
            self.run(sys.executable, "-m", "corpus", "init", "--root", str(root))
            self.run(sys.executable, "-m", "corpus", "tenant", "add", "acme", "--root", str(root))

    def run(self, *command: str, text: str | None = None, fails: bool = False, **env: str) -> str:
        done = subprocess.run(
            command, cwd=self.repo, env=self.env | env, input=text, capture_output=True, text=True, errors="replace", timeout=300
        )
        assert fails or done.returncode == 0, (command[:5], done.stderr)
        if "git" not in command[0]:
            self.said.append(done.stdout + done.stderr)
        return done.stdout

    def git(self, *command: str, text: str | None = None, **env: str) -> str:
        return self.run("git", *command, text=text, **env)

    def capture(self, *command: str, fails: bool = False) -> str:
        return self.run(sys.executable, "-m", "capture", *command, fails=fails)

    def drain(self) -> None:
        for _ in range(60):
            done = subprocess.run(
                [sys.executable, "-m", "capture", "drain", "--json"], cwd=self.repo, env=self.env, capture_output=True, text=True
            )
            self.said.append(done.stdout + done.stderr)
            if done.returncode == 0:
                return
            time.sleep(1)
        raise AssertionError(done.stderr)


def plant(field: Field, number: int, batch: Sequence[Canary], who: Person) -> None:
    """One commit and one pair that hold ``batch``, by ``who``."""
    at = {place: [canary.planted for canary in batch if canary.place == place] for place in PLACES}

    def first(place: str, otherwise: str) -> str:
        return at[place][0] if at[place] else otherwise

    if at["branch"]:
        field.git("checkout", "-q", "-b", f"fix-{number}/{at['branch'][0]}")
    before, after = (field.repo / f"{side}-{number}.py" for side in ("before", "after"))
    old_path = field.repo / f"dir{number}" / first("old path", "old.txt")
    old_path.parent.mkdir()
    old_path.write_text("".join(f"{number} {line}\n" for line in range(9)))
    before.write_text("".join(f"see {planted} here\n" for planted in at["content before"]) + ENOUGH)
    field.git("add", "-A")
    field.git("commit", "-q", "-m", f"prepare {number}", GIT_AUTHOR_NAME=who[0], GIT_AUTHOR_EMAIL=who[1])
    before.write_text(ENOUGH)
    after.write_text(ENOUGH + "".join(f"see {planted} here\n" for planted in at["content after"]))
    (field.repo / f"path{number}").mkdir()
    (field.repo / f"path{number}" / first("path", "new.txt")).write_text("text\n")
    old_path.rename(old_path.parent / f"moved-{number}.txt")
    field.git("add", "-A")
    who_env = {
        "GIT_AUTHOR_NAME": first("author name", who[0]),
        "GIT_AUTHOR_EMAIL": first("author email", who[1]),
        "GIT_COMMITTER_NAME": first("committer name", "Robin Testperson"),
    }
    message = "a subject\n\n" + "".join(f"see {planted} here\n" for planted in at["message"])
    field.git("commit", "-q", "-F", "-", text=message, **who_env)
    for planted in at["committer email"]:  # by another committer: bulk capture and amending see it, the sweep may not
        field.git("commit", "-q", "--amend", "--no-edit", GIT_COMMITTER_EMAIL=planted)
    for planted in at["tag"]:
        field.git("tag", f"v{number}-{planted}")
    for planted in at["tag message"]:
        field.git("tag", "-a", f"annotated-{number}", "-F", "-", text=f"see {planted} here")
    if at["note"]:
        field.git("notes", "add", "-f", "-m", "\n".join(at["note"]))
    pair = {
        "prompt": "\n".join(f"see {planted} here" for planted in at["prompt"]) or "p",
        "rejected": "\n".join(f"see {planted} here" for planted in at["rejected"]) or "r",
        "corrected": "\n".join(f"see {planted} here" for planted in at["corrected"]) or "c",
        "reason": "\n".join(f"see {planted} here" for planted in at["reason"]) or "why",
        "created": "2026-05-15T09:30:00Z",
    } | ({"id": at["id"][0][:900]} if at["id"] else {})
    file = field.home / "inbox.json"
    file.write_text(json.dumps(pair))
    field.capture("feedback", str(file))
    if number % 10 == 0:  # a tag that is none, and a field that is none, holding canaries: refused without quoting them
        for wrong in ({"tag": pair["reason"]}, {"created": pair["prompt"]}, {"commit": pair["corrected"]}):
            file.write_text(json.dumps(pair | wrong))
            assert field.capture("feedback", str(file), fails=True) == ""
    file.unlink()
    converse(field, number, at)


def transcript(field: Field, number: int, at: dict[str, list[str]]) -> bytes:
    """A session of an agent in the repository that says what stands ``at`` its places."""
    said = {place: "\n".join(f"see {planted} here" for planted in some) for place, some in at.items()}
    reply = [
        {"type": "thinking", "thinking": said["session reasoning"] or "hm", "signature": "x"},
        {"type": "text", "text": said["session reply"] or "yes"},
    ]
    given = {"command": said["tool arguments"], "deep": [{"er": said["tool arguments"]}]}
    called = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": given}
    answered = {"type": "tool_result", "tool_use_id": "toolu_1", "content": said["tool output"] or "done"}
    of = {"sessionId": f"session-{number}", "cwd": str(field.repo), "gitBranch": (at["session branch"] or ["main"])[0]}
    rows = [
        line(0, content=said["session text"] or "please", **of),
        line(1, "assistant", reply, **of),
        line(2, "assistant", [called], **of),
        line(3, content=[answered], toolUseResult={"stdout": said["tool detail"], "stderr": ""}, **of),
        json.dumps({"type": "ai-title", "aiTitle": said["session title"], "sessionId": of["sessionId"]}).encode() + b"\n",
    ]
    return b"".join(rows)


def converse(field: Field, number: int, at: dict[str, list[str]]) -> None:
    """A session of an agent in the repository; its transcript is gone once it is taken in."""
    file = field.home / "session.jsonl"
    file.write_bytes(transcript(field, number, at))
    (one,) = json.loads(field.capture("trajectory", str(file), "--json"))["sessions"]
    assert (one["kept"], one["withheld"], one["events"]) == (1, 0, 6)
    file.unlink()


def leaks(field: Field, canaries: Sequence[Canary]) -> list[str]:
    """Every canary of which what was kept, or what a command said, holds a needle, in whatever view of it."""
    home = Path(field.env["HOME"])
    folders = [*field.roots, home, field.home / "tmp", field.repo / ".git" / "capture"]
    held = list(looking.files(folders))
    names = [name for name, _ in held]
    for what in (".jsonl", ".local/state/corpus", ".cache/corpus/found/acme.sqlite", ".config/corpus"):
        assert any(what in name for name in names), what  # that we look where there is something
    held.append(("what commands said", "\n".join(field.said).encode()))
    listed = home / ".config" / "corpus" / "people"  # the list of people itself: it has to know the names
    found = set()
    for name, data in held:
        if name == str(home / ".gitconfig"):
            continue
        for view in looking.views(data):
            for canary in canaries:
                if str(listed) in name and (canary.place in PERSONAL or canary.kind in PEOPLE):
                    continue
                if any(needle.encode() in view for needle in canary.needles):
                    found.add(f"{canary.kind} {canary.wrapping} in {canary.place}: {name}")
    return sorted(found)


def sweep(home: Path, count: int) -> tuple[list[Canary], Planter, list[str]]:
    rng = random.Random(count)
    field = Field(home)
    known = people(max(12, count // 40), rng)  # with theirs, more commits than bulk capture leaves loose
    planter = Planter(known, rng)
    size = len(PLACES)
    field.git("init", "-q")
    for who in known:
        field.git("commit", "-q", "--allow-empty", "-m", "hello", GIT_AUTHOR_NAME=who[0], GIT_AUTHOR_EMAIL=who[1])
    field.capture("install", "--tenant", "acme", "--cluster", "payments", "--root", str(field.roots[0]))
    canaries = list(planter.canaries(count, lambda n: known[(n // size) % len(known)]))
    waiting = {place: [canary for canary in canaries if canary.place == place] for place in PLACES}
    for number, row in enumerate(zip_longest(*waiting.values())):  # one a place: some places hold no more
        plant(field, number, [canary for canary in row if canary is not None], known[number % len(known)])
    field.drain()
    shutil.move(field.repo, field.repo.with_name("elsewhere"))  # no enrolled repository any more: history on its own
    field.repo = field.repo.with_name("elsewhere")
    bare = field.home / "bare.git"
    field.git("clone", "-q", "--mirror", str(field.repo), str(bare))
    field.capture("edit", "--all", "--repo", str(bare), "--tenant", "acme", "--cluster", "payments", "--root", str(field.roots[1]))
    lines = [len(unpacked(path).splitlines()) for path in field.roots[1].rglob("*.jsonl.zst")]
    assert sum(lines) >= 2 * (count // size)
    return canaries, planter, leaks(field, canaries)


def told(canaries: Sequence[Canary]) -> str:
    """What was planted, as a table of places by wrappings."""
    cells = Counter((canary.place, canary.wrapping) for canary in canaries)
    lines = [f"{place:16}" + "".join(f"{cells[place, wrapping]:9}" for wrapping in WRAPPINGS) for place in PLACES]
    kinds = len({canary.kind for canary in canaries})
    return "\n".join([f"{len(canaries)} canaries of {kinds} kinds", " " * 16 + "".join(f"{each:>9}" for each in WRAPPINGS), *lines])


def complete(canaries: Sequence[Canary]) -> bool:
    return {(canary.place, canary.wrapping) for canary in canaries} == {(place, wrapping) for place in PLACES for wrapping in WRAPPINGS}


def test_no_canary_is_found_anywhere(tmp_path: Path) -> None:
    canaries, _, found = sweep(tmp_path, len(PLACES) * len(WRAPPINGS))
    print(told(canaries))
    assert found == [], "\n".join(found)
    assert complete(canaries)


@pytest.mark.full
@pytest.mark.timeout(3000)
def test_no_canary_of_two_thousand_is_found_anywhere(tmp_path: Path) -> None:
    canaries, planter, found = sweep(tmp_path, 2000)
    print(told(canaries))
    assert found == [], "\n".join(found)
    assert complete(canaries)
    assert len({canary.kind for canary in canaries}) > 0.9 * len(planter.kinds)


def test_what_is_looked_for_is_seen_in_each_form(tmp_path: Path) -> None:
    needle = "Xy7Qm2Rt9Kd4Wz"
    inner = json.dumps({"a": json.dumps(f"x\u00e9 {needle}")})
    forms = [
        needle,
        inner,
        base64.b64encode(f"ab{needle}".encode()).decode(),
        needle.encode().hex(),
        "".join(f"%{ord(each):02x}" for each in needle),
    ]
    forms += ["".join(f"\\u{ord(each):04x}" for each in needle), base64.b64encode(base64.b64encode(f"a{needle}b".encode())).decode()]
    data = [form.encode() for form in forms] + [b"\0junk" + zlib.compress(needle.encode()) + b"x", gzip.compress(needle.encode())]
    for each in data:
        assert any(needle.encode() in view for view in looking.views(b"before " + each + b" after")), each
    (tmp_path / needle).write_text("")
    assert any(needle.encode() in each for _, each in looking.files([tmp_path]))
