"""The published schema is what the models say, and a file of another writer's is judged by it, its form, its hashes and its header."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.cli import group
from corpus.record import TupleType, dumps
from corpus.store.foreign import Fault, faults
from tests.capture.trajectory.making import Home
from tests.corpus.rescan.yesterday import Yesterday, fill

HERE = Path(__file__).resolve().parents[3]
PUBLISHED = HERE / "docs/schema/record-1.schema.json"
PAGE = HERE / "docs/writers.md"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A line of every type."""
    folder = tmp_path_factory.mktemp("lines")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        fill(Home(folder / "root"), folder)
        with Yesterday(folder / "root", []).open() as corpus:
            found = [corpus.read_line(entry) + b"\n" for entry in corpus.entries()]
    assert {json.loads(line)["header"]["tuple_type"] for line in found} == set(TupleType)
    return found


def resealed(value: dict[str, Any]) -> bytes:
    """The line of a changed record, its id made anew."""
    bare = {name: member for name, member in value.items() if name != "id"}
    return dumps(bare | {"id": hashlib.sha256(dumps(bare)).hexdigest()}) + b"\n"


def told(*some: bytes) -> list[str]:
    return [fault.reason for fault in faults(some)]


def test_the_published_schema_is_what_the_models_say() -> None:
    made = runpy.run_path(str(HERE / "tools/record_schema.py"))["text"]()
    assert PUBLISHED.read_text() == made + "\n", "run: .venv/bin/python tools/record_schema.py > docs/schema/record-1.schema.json"


def test_what_a_corpus_keeps_has_no_fault(lines: list[bytes]) -> None:
    assert list(faults(lines, "acme")) == []


def edit(lines: list[bytes], kind: str = "edit") -> dict[str, Any]:
    found: dict[str, Any] = next(value for line in lines if (value := json.loads(line))["header"]["tuple_type"] == kind)
    return found


BAD = {
    "a name": ("edit", ("header", "cluster"), "a..b", "header.cluster: not a name"),
    "a reserved name": ("edit", ("header", "role"), "packs", "header.role"),
    "a date": ("edit", ("header", "created"), "2026-02-30T00:00:00Z", "header.created: a time that no calendar has"),
    "a class": ("feedback", ("header", "redaction_class"), "withheld", "header.redaction_class"),
    "a count": ("feedback", ("redaction", "counts"), {"PERSON": 7}, "redaction.counts"),
    "a ruleset": ("edit", ("redaction", "ruleset"), "mine", "redaction.ruleset"),
    "a commit": ("edit", ("header", "source_commit"), "a" * 40, "key: not that"),
    "an end": ("link", ("body", "from"), "b" * 64, "key: not that"),
    "a hash": ("trajectory", ("body", "events_root"), "0" * 64, "body: prev, last"),
    "a number": ("trajectory", ("body", "first_seq"), 77, "body.events: not event_count"),
    "a session": ("trajectory", ("header", "session_id"), None, "header.session_id: null"),
    "a kind": ("edit", ("body", "lines_cut"), "0", "body.lines_cut: Input should be a valid integer"),
    "a word": ("feedback", ("body", "seen_in"), "nowhere", "body.seen_in"),
    "a member": ("edit", ("body", "s3cret"), 1, "body: a member that the schema does not have"),
    "a revision": ("edit", ("revision",), -1, "revision"),
    "a schema": ("edit", ("schema",), 2, "schema"),
    "a python name": ("link", ("body", "from_"), "c" * 64, "body: a member"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_rule_names_the_line_and_the_field(lines: list[bytes], name: str) -> None:
    kind, path, value, reason = BAD[name]
    changed = edit(lines, kind)
    at = changed
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    found = list(faults([lines[0], resealed(changed)]))
    assert [fault.line for fault in found if fault.reason.startswith(reason)] == [2]
    assert not [fault for fault in found if "s3cret" in fault.reason]


def test_form_and_hashes_are_judged_by_the_bytes(lines: list[bytes]) -> None:
    line = lines[0]
    value = json.loads(line)
    assert told(line[:-1]) == ["cut off: no newline at its end"]
    assert told(line[: len(line) // 2] + b"\n") == ["not one JSON value in UTF-8"]
    assert told(b"[]\n") == ["not a JSON object"]
    assert told(b"\n") == ["not one JSON value in UTF-8"]
    for other in (json.dumps(value).encode() + b"\n", line[:-1] + b"\r\n", line.replace(b'"revision":0', b'"revision":0,"revision":0')):
        assert [reason[:13] for reason in told(other)] == ["not canonical"]
    assert told(line.replace(value["id"].encode(), b"0" * 64)) == ["id is not the SHA-256 of the line without it"]
    assert list(faults([line, lines[1], line])) == [Fault(3, "its key stands in line 1 already")]
    assert [fault.reason for fault in faults([line], "other")] == ["header.tenant: another tenant's"]
    huge = line.replace(b'"revision":0', b'"revision":123456789012345678901234567890')
    assert any(reason.startswith("not canonical") for reason in told(huge))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**54) | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("0" * 64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += _places(each, (*at, name))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_models_and_published_schema_take_the_same_lines(lines: list[bytes], data: st.DataObject) -> None:
    """Any member of a record replaced, removed or added: what jsonschema says of it is what the checker says of its fields."""
    jsonschema = pytest.importorskip("jsonschema")
    judge = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))
    value = copy.deepcopy(json.loads(data.draw(st.sampled_from(lines))))
    place = data.draw(st.sampled_from(_places(value)))
    holder = value
    for part in place[:-1]:
        holder = holder[part]
    how = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "remove":
        del holder[place[-1]]
    elif how == "add" and isinstance(holder, dict):
        holder[data.draw(st.text(max_size=4))] = data.draw(JSON)
    else:
        holder[place[-1]] = data.draw(JSON)
    line = orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n"
    reasons = [reason for reason in told(line) if not reason.startswith(("not canonical", "id is", "key: not", "cut off"))]
    # What a schema cannot say: what fields say of each other, names that are reserved, calendars.
    beyond = re.compile(
        r"header\.(tenant|cluster|moduleId|role): not a name|header\.created: a time|header\.session_id: (null in|not a keyed)"
        r"|header\.redaction_class: \w+ where"
        r"|redaction\.(ruleset: not NAME|counts: not how)|body\.events: not event|body: prev"
    )
    valid = judge.is_valid(json.loads(line))
    fielded = [reason for reason in reasons if not beyond.match(reason)]
    if any(isinstance(each, float) for each in _leaves(value)):
        return  # 1.0 is an integer to JSON Schema, and no canonical line has it
    assert valid == (not fielded), (place, how, fielded)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for each in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(each)]
    return [value]


def test_the_schema_is_one_and_takes_what_a_corpus_keeps(lines: list[bytes]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for line in lines:
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))


def test_the_pages_example_makes_a_record(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    line = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True).stdout
    (tmp_path / "lines.jsonl").write_bytes(line)
    run = CliRunner().invoke(group, ["verify", "--schema", str(tmp_path / "lines.jsonl"), "--tenant", "acme"])
    assert (run.exit_code, run.output) == (0, f"{tmp_path / 'lines.jsonl'}: lines 1, wrong 0\n")
    if shutil.which("sha256sum"):
        (key,) = re.findall(r"`(printf .*? \| sha256sum)`", PAGE.read_text())
        record = json.loads(line)
        commit = record["header"]["source_commit"]
        made = subprocess.run(
            ["sh", "-c", key], env={"COMMIT": commit, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
        )
        assert made.stdout.split()[0] == record["key"]


def test_the_command_exits_1_for_a_line_that_is_none_and_2_for_a_file_that_is_none(lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines[0] + b"{}\n")
    run = CliRunner().invoke(group, ["verify", "--schema", str(tmp_path / "a.jsonl")])
    assert run.exit_code == 1
    assert run.output.splitlines()[-1].endswith("lines 2, wrong 1")
    assert run.output.startswith(f"{tmp_path / 'a.jsonl'}:2: ")
    run = CliRunner().invoke(group, ["verify", "--schema", "-", "--json"], input=b"".join(lines))
    assert (run.exit_code, json.loads(run.output)) == (0, {"lines": len(lines), "faults": []})
    for arguments in (["--schema", str(tmp_path / "none")], ["--schema", str(tmp_path)], ["--schema", "-", "--repair"], []):
        done = subprocess.run([sys.executable, "-m", "corpus", "verify", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
