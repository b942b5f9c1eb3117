"""Transcripts that were cut, shuffled, repeated, made of other types or nested too deep: nothing well formed is lost, nothing escapes."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from capture import agents
from capture.trajectory import take
from corpus.errors import SubstrateError
from corpus.record import TrajectoryBody
from tests.capture.trajectory.making import LABEL, SHARED, Home, lines

ODD: list[Any] = [
    None, True, -1, 0, 2**53, 2**63, 10**400, 1e308, "", "../../x", "/etc/passwd", "x\0y", "\ud800", "\u202e", {}, [], [[]], {"a": {}},
    "a" * 3000, {"type": "text"}, [None], "2026-02-30T00:00:00Z", "9999-99-99", {"..": ".."},
]  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in members:
        found += paths(each, (*at, name))
    return found


def put(value: Any, at: tuple[Any, ...], new: Any) -> None:
    for name in at[:-1]:
        value = value[name]
    value[at[-1]] = new


def deep(rng: random.Random) -> Any:
    value: Any = "end"
    for _ in range(rng.choice([50, 900, 3000])):
        value = [value] if rng.random() < 0.5 else {"content": value}
    return value


def dumps(value: Any) -> bytes:
    """JSON as another program could write it; text of it where it is nested too deep for this one."""
    try:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    except (RecursionError, ValueError):
        return b"[" * 4000 + b"]" * 4000


def mutated_value(value: Any, rng: random.Random) -> Any:
    changed = copy.deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        there = paths(changed)
        if there:
            put(changed, rng.choice(there), copy.deepcopy(rng.choice(ODD)))
    if rng.random() < 0.1 and (there := paths(changed)):
        put(changed, rng.choice(there), deep(rng))
    return changed


def mutated(rows: list[Any], rng: random.Random) -> list[bytes]:
    kind = rng.choice(["value", "shuffle", "repeat", "drop", "session"])
    rows = list(rows)
    if kind == "value":
        for at in rng.sample(range(len(rows)), min(len(rows), rng.randint(1, 4))):
            rows[at] = mutated_value(rows[at], rng)
    elif kind == "shuffle":
        rng.shuffle(rows)
    elif kind == "repeat":
        rows += rng.choices(rows, k=rng.randint(1, 5))
    elif kind == "drop":
        rows = [each for each in rows if rng.random() < 0.7]
    else:
        name = rng.choice(["../../x", "/tmp/x", "..", "a/b", "\0", "x" * 5000, 7, None, {}])
        rows = [put_all(each, ("sessionId", "id", "session_id"), name) for each in rows]
    return [dumps(each) for each in rows]


def put_all(value: Any, names: tuple[str, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    for at in paths(changed):
        if at[-1] in names:
            put(changed, at, new)
    return changed


def seeds() -> list[tuple[str, list[Any]]]:
    """``(suffix, values)`` of short transcripts, shared ones where they are."""
    made = [(".jsonl", [json.loads(each) for each in lines(6)])]
    for file in sorted(SHARED.rglob("*")) if SHARED.is_dir() else []:
        if file.suffix == ".jsonl":
            rows = [json.loads(each) for each in file.read_bytes().splitlines()[:12]]
            made.append((".jsonl", rows))
        elif file.suffix in (".json", ".traj"):
            made.append((file.suffix, [json.loads(file.read_bytes())]))
    return made


def told(path: Path) -> int:
    """How many events the reader finds, or -1 where it says that the file is no transcript."""
    try:
        return sum(len(step.events) for one in agents.recognise(path).open(path) for step in one.steps())
    except SubstrateError:
        return -1


AT_ONCE = 25
"""So many transcripts go to one corpus: most have one session's name, and each is held against all that the session was before."""


def spoiled(rows: list[Any], rng: random.Random) -> bytes:
    """A transcript's bytes, mutated as values, cut off, or with bytes that are others."""
    data = b"\n".join(mutated(rows, rng)) + b"\n"
    if rng.random() < 0.3:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.05:
        data = bytes(rng.choice([byte, rng.randrange(256)]) if rng.random() < 0.01 else byte for byte in data)
    return data


def kept_events(home: Home) -> Counter[str]:
    """How many events are kept of each session, by its id; every record is read whole."""
    found: Counter[str] = Counter()
    for record in home.records():
        if isinstance(record.body, TrajectoryBody):
            found[record.header.session_id or ""] += record.body.event_count
            assert record.body.withheld or len(record.body.events) == record.body.event_count
    return found


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.full)])
@pytest.mark.timeout(7200)
def test_mutated_transcripts(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(count)
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    made = seeds()
    kept = events = 0
    for batch in range(0, count, AT_ONCE):
        home = Home(tmp_path / "root")
        outside = set(os.listdir(tmp_path))
        expected: Counter[str] = Counter()
        with home.open() as ingest, tempfile.TemporaryDirectory() as folder:
            for number in range(batch, min(batch + AT_ONCE, count)):
                suffix, rows = rng.choice(made)
                path = Path(folder) / f"{number}{suffix}"
                path.write_bytes(spoiled(rows, rng))
                there = told(path)
                if there == -1:  # none after all: one line says so
                    with pytest.raises(SubstrateError, match=r"\A[^\n]+\Z"):
                        take(path, ingest=ingest, label=LABEL, final=True)
                    continue
                taken = take(path, ingest=ingest, label=LABEL, final=True)
                assert sum(one.events for one in taken.sessions) >= there >= 0
                for one in taken.sessions:
                    expected[one.id] = max(expected[one.id], one.events)
                kept += taken.kept
                events += there
                path.unlink()
        assert kept_events(home) == +expected
        assert set(os.listdir(tmp_path)) == outside
        assert list((tmp_path / "in").iterdir()) == []
        stored = {each.relative_to(home.root).parts[:3] for each in home.root.rglob("*.jsonl")}
        assert stored <= {("acme", "engineering", kind) for kind in ("sessions", "links", "feedback")}
        shutil.rmtree(home.root)
    assert kept > count / 4
    assert events > count * 4
