"""Sessions leave as ATIF documents, and come back with what was said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from capture.sources import parts
from capture.sources.foreign import Foreign
from capture.trajectory import take
from corpus.build.atif import document
from corpus.build.atif_export import Written, export_atif
from corpus.cli import group
from corpus.errors import BadInput, Refused
from corpus.names import Name
from corpus.record import Actor, Event, Kind, Mark, TrajectoryBody
from corpus.redaction.draft import Label
from corpus.store import Corpus, add_tenant
from tests.capture.trajectory.making import LABEL, SHARED, TOP, Home, line

FILES = sorted(each for each in SHARED.rglob("*") if each.is_file()) if SHARED.is_dir() else []


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "root")


def exported(home: Home, out: Path, tenant: str = "acme") -> dict[str, dict[str, Any]]:
    with Corpus.open(home.root, tenant) as corpus:
        export_atif(corpus, out)
    return {file.stem: json.loads(file.read_bytes()) for file in sorted(out.iterdir())}


def again(home: Home, documents: Path, out: Path) -> list[dict[str, Any]]:
    """The documents, captured for another tenant and written once more, in the order of their names."""
    add_tenant(home.root, "other")
    label = Label(Name("other"), LABEL.cluster, LABEL.module_id, LABEL.role)
    from capture.ingest import Ingest

    ids = []
    with Ingest(home.root, "other") as ingest:
        for file in sorted(documents.iterdir()):
            (session,) = take(file, ingest=ingest, label=label, tops=(), foreign=Foreign(()), final=True).sessions
            assert session.agent == "atif"
            ids.append(session.id)
    found = exported(home, out, "other")
    assert sorted(ids) == sorted(found)
    return [found[one] for one in ids]


def said(told: dict[str, Any]) -> list[Any]:
    """What was said in a document, step by step, without what the format has no field for."""
    fields = ("timestamp", "source", "message", "model_name", "reasoning_content", "is_copied_context", "llm_call_count")
    found = []
    for step in told["steps"]:
        calls = [(call["function_name"], call["arguments"]) for call in step.get("tool_calls", [])]
        order = {call["tool_call_id"]: at for at, call in enumerate(step.get("tool_calls", []))}
        results = [(order.get(each["source_call_id"]), each["content"]) for each in step.get("observation", {}).get("results", [])]
        metrics = {name: value for name, value in step.get("metrics", {}).items() if name != "extra"}
        here = ([step.get(name) for name in fields], calls, results, metrics)
        if step["message"] or step.get("reasoning_content") or calls or results:
            found.append(here)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_shared_transcript_goes_out_and_comes_back_with_what_was_said(home: Home, tmp_path: Path, file: Path) -> None:
    home.take(file)
    first = exported(home, tmp_path / "out")
    for told, back in zip(first.values(), again(home, tmp_path / "out", tmp_path / "again"), strict=True):
        assert said(back) == said(told)
        assert said(told)
        check(told)
        check(back)


def check(told: dict[str, Any]) -> None:
    """What the format asks of every document (RFC 0001, version 1.7)."""
    assert told["schema_version"] == "ATIF-v1.7"
    assert set(told) <= {"schema_version", "session_id", "agent", "extra", "steps", "final_metrics"}
    assert {"name", "version"} <= set(told["agent"]) <= {"name", "version", "model_name"}
    assert [step["step_id"] for step in told["steps"]] == list(range(1, len(told["steps"]) + 1))
    agents_only = {"model_name", "reasoning_content", "tool_calls", "metrics", "llm_call_count"}
    for step in told["steps"]:
        both = {"step_id", "timestamp", "source", "message", "observation", "is_copied_context", "extra"}
        assert set(step) <= both | (agents_only if step["source"] == "agent" else set())
        assert isinstance(step["message"], str)
        calls = [call["tool_call_id"] for call in step.get("tool_calls", [])]
        assert len(set(calls)) == len(calls)
        assert all(isinstance(call["arguments"], dict) for call in step.get("tool_calls", []))
        assert {each["source_call_id"] for each in step.get("observation", {}).get("results", [])} <= {None, *calls}


def test_the_parts_of_a_session_are_one_document_whatever_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line(number, "assistant" if number % 2 else "user") for number in range(30)]
    (tmp_path / "t.jsonl").write_bytes(b"".join(rows))
    made = []
    for events in (4, 256):
        monkeypatch.setattr(parts, "EVENTS", events)
        home = Home(tmp_path / f"root{events}")
        home.take(tmp_path / "t.jsonl")
        exported(home, tmp_path / f"out{events}")
        (file,) = (tmp_path / f"out{events}").iterdir()
        made.append(file.read_bytes())
        assert file.stat().st_mode & 0o777 == 0o600
    assert made[0] == made[1]
    assert len(json.loads(made[0])["steps"]) == 30


def event(seq: int, kind: Kind, actor: Actor = Actor.ASSISTANT, **more: Any) -> Event:
    fields: dict[str, Any] = {
        "event_id": f"{seq:032x}",
        "parent_event_id": None,
        "ts": "2026-05-15T09:30:00.000Z",
        "at": seq + 1,
        "prev": "",
    }
    return Event(**fields | {"seq": seq, "kind": kind, "actor": actor} | more)


def body(events: Sequence[Event]) -> TrajectoryBody:
    fields: dict[str, Any] = dict.fromkeys(("agent_version", "branch", "parent_session", "parent_event_id", "model"))
    fields |= dict.fromkeys(("source_digest", "first_prev", "last", "events_root", "manifest_hash"), "")
    fields |= dict.fromkeys(("part", "generation", "first_seq", "source_bytes"), 0)
    return TrajectoryBody(agent="a", event_count=len(events), events=list(events), outcome="answered", **fields)


def test_a_reply_is_one_step_with_the_results_of_its_calls_wherever_they_came(home: Home) -> None:
    reply = {"reply": "r" * 32, "model": "m-1"}
    made = document(
        "s",
        [
            body(
                [
                    event(0, Kind.MESSAGE, Actor.USER, content="go"),
                    event(1, Kind.REASONING, content="hm", **reply),
                    event(2, Kind.MESSAGE, content="yes", **reply),
                    event(3, Kind.TOOL_CALL, name="ls", arguments='{"a": 1}', call_id="c1", **reply),
                    event(4, Kind.TOOL_CALL, name="rm", arguments="[1]", call_id="c2", **reply),
                    event(5, Kind.TOOL_RESULT, Actor.TOOL, content="two", call_id="c2", error=True),
                    event(6, Kind.NOTE, Actor.SYSTEM, name="hook", detail='{"b": 2}'),
                    event(7, Kind.TOOL_RESULT, Actor.TOOL, content="one", call_id="c1"),
                    event(8, Kind.MESSAGE, content="done", marks=[Mark.COPIED, Mark.SIDECHAIN], reply="s" * 32),
                    event(9, Kind.TOOL_RESULT, Actor.TOOL, content="late", call_id="c9", name="who"),
                ]
            )
        ],
    )
    first, second, third, fourth = made["steps"]  # type: ignore[misc, str-unpack]
    assert (first["source"], first["message"]) == ("user", "go")
    assert (second["reasoning_content"], second["message"], second["model_name"]) == ("hm", "yes", "m-1")
    assert [call["arguments"] for call in second["tool_calls"]] == [{"a": 1}, {"arguments": [1]}]
    assert [(each["source_call_id"], each["content"]) for each in second["observation"]["results"]] == [("c2", "two"), ("c1", "one")]
    assert second["observation"]["results"][0]["extra"]["substrate"]["error"] is True
    assert second["extra"]["substrate"]["events"][0]["detail"] == {"b": 2}
    assert third["is_copied_context"] is True
    assert third["extra"]["substrate"]["marks"] == ["sidechain"]
    assert (fourth["source"], fourth["observation"]["results"][0]["source_call_id"]) == ("system", None)
    assert fourth["observation"]["results"][0]["extra"]["substrate"] == {
        "name": "who",
        "call": "c9",
        "timestamp": "2026-05-15T09:30:00.000Z",
    }
    check(made)


def test_what_a_step_cannot_hold_in_its_order_is_the_next_step() -> None:
    reply = {"reply": "r" * 32, "model": "m-1"}
    later = "2026-05-15T09:30:01.000Z"
    told = [
        event(0, Kind.TOOL_CALL, name="ls", arguments="{}", call_id="c1", **reply),
        event(1, Kind.MESSAGE, content="after a call", **reply),
        event(2, Kind.MESSAGE, content="another", **reply),
        event(3, Kind.REASONING, content="once more", **reply),
        event(4, Kind.MESSAGE, content="a second later", **reply | {"ts": later}),
        event(5, Kind.MESSAGE, content="of another model", **reply | {"ts": later, "model": "m-2"}),
        event(6, Kind.MESSAGE, content="of no reply"),
        event(7, Kind.TOOL_CALL, name="ls", arguments="{}", call_id="c2"),
    ]
    steps = document("s", [body(told)])["steps"]
    assert isinstance(steps, list)
    assert len(steps) == 8
    assert [step.get("timestamp", "")[17:19] for step in steps] == ["00", "00", "00", "00", "01", "01", "00", "00"]


def test_what_was_amended_is_told_as_it_was_said_last() -> None:
    told = [
        event(0, Kind.MESSAGE, Actor.USER, content="first"),
        event(1, Kind.MESSAGE, Actor.USER, content="other"),
        event(2, Kind.MESSAGE, Actor.USER, content="second", amends=f"{0:032x}"),
        event(3, Kind.MESSAGE, Actor.USER, content="third", amends=f"{2:032x}"),
    ]
    steps = document("s", [body(told)])["steps"]
    assert isinstance(steps, list)
    assert [step["message"] for step in steps] == ["third", "other"]


def test_only_the_newest_generation_leaves_and_what_holds_nothing_is_counted(home: Home, tmp_path: Path) -> None:
    for words in ("one", "two"):
        (tmp_path / "t.jsonl").write_bytes(line(0, "user", words) + line(1, "assistant"))
        home.take(tmp_path / "t.jsonl")
    elsewhere = json.loads(line(0, "user", "see /home/robin/work/foreign/a.py"))
    (tmp_path / "w.jsonl").write_text(json.dumps(elsewhere | {"sessionId": "another"}) + "\n")
    home.take(tmp_path / "w.jsonl", foreign=("/home/robin/work/foreign",))
    with Corpus.open(home.root, "acme") as corpus:
        assert export_atif(corpus, tmp_path / "out") == Written(sessions=1, events=2, superseded=1, withheld=1)
        assert export_atif(corpus, tmp_path / "none", lambda header: header.cluster == "x") == Written()
    (file,) = (tmp_path / "out").iterdir()
    assert json.loads(file.read_bytes())["steps"][0]["message"] == "two"


def test_the_command_writes_documents_and_a_bundle_takes_no_conditions(home: Home, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(line(0) + line(1, "assistant"))
    home.take(tmp_path / "t.jsonl")
    arguments = ["export", "--tenant", "acme", "--root", str(home.root), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(group, [*arguments, "--format", "atif", "--where", "cluster=payments", "--json"])
    assert (run.exit_code, json.loads(run.stdout)["sessions"]) == (0, 1)
    assert len(list((tmp_path / "out").glob("*.json"))) == 1
    assert isinstance(CliRunner().invoke(group, [*arguments, "--where", "cluster=payments"]).exception, BadInput)


def test_nothing_is_written_over_or_into_a_corpus(home: Home, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with Corpus.open(home.root, "acme") as corpus:
        for out, error in (
            ("full", BadInput),
            ("file", BadInput),
            ("none/at/all", BadInput),
            ("root/acme/packs", Refused),
            ("root", Refused),
        ):
            with pytest.raises(error):
                export_atif(corpus, tmp_path / out)
    assert (tmp_path / "full/a").read_text() == "mine"


def test_a_detail_that_lies_deep_is_written_all_the_same() -> None:
    deep = "[" * 249 + "]" * 249
    from corpus.build.atif import written

    made = written("s", [body([event(0, Kind.NOTE, Actor.SYSTEM, name="x", detail=deep)])])
    assert json.loads(made)["steps"][0]["extra"]["substrate"]["events"][0]["detail"] == json.loads(deep)


def test_a_session_in_a_tree_is_exported_under_its_own_name(home: Home, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(line(0, "user", f"see {TOP}/src/a.py"))
    home.take(tmp_path / "t.jsonl")
    ((name, told),) = exported(home, tmp_path / "out").items()
    assert told["session_id"] == name
    assert told["steps"][0]["message"].endswith("/src/a.py")
    assert "robin" not in json.dumps(told)
