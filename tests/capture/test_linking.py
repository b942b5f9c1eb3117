"""A session and a commit, each captured as it comes, are linked whichever came first."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from capture import linking
from capture.history import take
from capture.sessions import take_all
from capture.sources import parts
from corpus.names import check
from corpus.record import EditBody, LinkBody, LinkKind, TrajectoryBody
from corpus.redaction.draft import Label
from corpus.store import Corpus, Kind, add_tenant, init_root

TEXT = "def total(lines):\n    return sum(line.price * line.count for line in lines)\n\n# every piece is billed, pieces of one kind too\n"


SESSION = "0b9e5c1e-7f0e-4a2d-9f38-0c0f5b6b7a11"
WHEN = "2026-05-15T10:00:00Z"


def git(*args: str | Path, cwd: Path) -> None:
    dates = {"GIT_COMMITTER_DATE": WHEN, "GIT_AUTHOR_DATE": WHEN}
    subprocess.run(["git", *args], cwd=cwd, env=os.environ | dates, check=True, capture_output=True)


def transcript(path: Path, cwd: Path, *, day: str = "2026-05-15") -> Path:
    common = {
        "sessionId": "0b9e5c1e-7f0e-4a2d-9f38-0c0f5b6b7a11",
        "cwd": str(cwd),
        "gitBranch": "main",
        "version": "2.1.0",
        "isSidechain": False,
    }
    call = {"type": "tool_use", "id": "toolu_1", "name": "Write", "input": {"file_path": f"{cwd}/bill.py", "content": TEXT}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "File created"}
    lines = [
        {"type": "user", "uuid": "u1", "parentUuid": None, "message": {"role": "user", "content": "Bill it."}},
        {
            "type": "assistant",
            "uuid": "u2",
            "parentUuid": "u1",
            "message": {"id": "m1", "role": "assistant", "model": "claude", "content": [call]},
        },
        {"type": "user", "uuid": "u3", "parentUuid": "u2", "message": {"role": "user", "content": [result]}},
    ]
    stamped = [{**common, "timestamp": f"{day}T09:3{at}:00.000Z", **line} for at, line in enumerate(lines)]
    path.write_text("".join(json.dumps(line) + "\n" for line in stamped))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    init_root(tmp_path / "root", Kind.VENDOR)
    add_tenant(tmp_path / "root", "acme")
    return tmp_path / "root"


def commit(repo: Path, text: str, name: str = "bill.py") -> None:
    if not (repo / ".git").exists():
        git("init", "-q", "-b", "main", repo, cwd=repo.parent)
    (repo / name).write_text(text)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "Count each line", cwd=repo)


def links(root: Path) -> list[tuple[str, str, str]]:
    """``(agent, message, basis)`` of each link."""
    with Corpus.open(root, "acme") as corpus:
        records = {record.key: record.body for record in corpus.records()}
    found = []
    for body in records.values():
        if isinstance(body, LinkBody) and body.kind is LinkKind.SESSION_OF:
            session, edit = records[body.from_], records[body.to or ""]
            assert isinstance(session, TrajectoryBody)
            assert isinstance(edit, EditBody)
            found.append((session.agent, edit.message or "", body.basis))
    return found


@pytest.mark.parametrize("session_first", [True, False])
def test_they_are_linked_once_whichever_came_first(root: Path, tmp_path: Path, session_first: bool) -> None:
    repo = tmp_path / "shop"
    commit(repo, TEXT)
    commit(repo, TEXT + "\nanother = 'line that nobody spoke of'\n" * 9)
    label = Label(check("tenant", "acme"), check("cluster", "payments"), check("moduleId", "shop"), check("role", "contributor"))
    path = transcript(tmp_path / "t.jsonl", repo)
    for step in (session_first, not session_first, session_first):
        if step:
            take_all([path], tenant="acme", cluster="payments", root=root)
        else:
            take(repo, None, root, label, seen=lambda done, total: None)
    assert links(root) == [("claude-code", "Count each line\n", "3 of 3 added lines were written in the session")]


def test_a_session_of_another_month_is_not_looked_at(root: Path, tmp_path: Path) -> None:
    repo = tmp_path / "shop"
    commit(repo, TEXT)
    label = Label(check("tenant", "acme"), check("cluster", "payments"), check("moduleId", "shop"), check("role", "contributor"))
    take(repo, None, root, label, seen=lambda done, total: None)
    take_all([transcript(tmp_path / "t.jsonl", repo, day="2026-03-15")], tenant="acme", cluster="payments", root=root)
    assert links(root) == []


def written(number: int, text: str, cwd: Path) -> bytes:
    call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Write", "input": {"file_path": f"{cwd}/bill.py", "content": text}}
    value = {
        "sessionId": SESSION,
        "cwd": str(cwd),
        "gitBranch": "main",
        "timestamp": f"2026-05-15T11:3{number}:00.000Z",
        "type": "assistant",
        "uuid": f"u{number}",
        "message": {"id": f"m{number}", "role": "assistant", "model": "claude", "content": [call]},
    }
    return json.dumps(value).encode() + b"\n"


def test_a_session_that_grew_is_linked_by_what_stands_in_old_and_new_parts_together(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "EVENTS", 1)
    repo = tmp_path / "shop"
    halves = ["first_of_many_lines = 1\nsecond_of_many_lines = 2\n", "third_of_many_lines = 3\nfourth_of_many_lines = 4\n"]
    commit(repo, "".join(halves) + "".join(f"nobody_spoke_of_{number} = 0\n" for number in range(7)))
    label = Label(check("tenant", "acme"), check("cluster", "payments"), check("moduleId", "shop"), check("role", "contributor"))
    take(repo, None, root, label, seen=lambda done, total: None)
    path = tmp_path / "t.jsonl"
    path.write_bytes(written(0, halves[0], repo))
    for at, text in enumerate(["nothing_like_it_anywhere = 1\n", halves[1]]):
        take_all([path], tenant="acme", cluster="payments", root=root)
        assert links(root) == []
        with path.open("ab") as stream:
            stream.write(written(at + 1, text, repo))
    take_all([path], tenant="acme", cluster="payments", root=root)
    assert [basis for _, _, basis in links(root)] == ["4 of 11 added lines were written in the session"]


def test_of_a_session_that_grew_no_old_part_is_read_for_a_commit_that_it_has_nothing_to_do_with(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "EVENTS", 1)
    repo = tmp_path / "shop"
    commit(repo, "".join(f"nobody_spoke_of_{number} = 0\n" for number in range(7)), "other.py")
    label = Label(check("tenant", "acme"), check("cluster", "payments"), check("moduleId", "shop"), check("role", "contributor"))
    take(repo, None, root, label, seen=lambda done, total: None)
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(written(number, f"something_else_{number} = 1\n", repo) for number in range(5)))
    take_all([path], tenant="acme", cluster="payments", root=root)
    with path.open("ab") as stream:
        stream.write(written(5, "something_new = 1\n", repo))
    traced: list[int] = []
    real = linking.trace
    monkeypatch.setattr(linking, "trace", lambda records: traced.append(len(records)) or real(records))
    take_all([path], tenant="acme", cluster="payments", root=root)
    assert traced == [1]
    assert links(root) == []
