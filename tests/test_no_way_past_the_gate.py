"""No path from a source to the store passes by the gate: shown on the code itself, and on what the commands open."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from corpus.record import EditBody, Event, FeedbackBody, FileChange, LinkBody, Message, Signature, TrajectoryBody
from corpus.redaction import Redacted
from corpus.store import Corpus, add_tenant, init_root

HERE = Path(__file__).resolve().parent.parent
MODULES = {path.relative_to(HERE).as_posix(): path for package in ("capture", "corpus") for path in sorted((HERE / package).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
BODIES = {model.__name__: model for model in (EditBody, Event, FeedbackBody, FileChange, LinkBody, Message, Signature, TrajectoryBody)}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """``(the last word of what is called, the call)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            yield name, node


def test_only_the_gate_makes_what_the_store_takes() -> None:
    makers = {name for name, tree in TREES.items() for called, _ in calls(tree) if called == "Redacted"}
    assert makers == {"corpus/redaction/gate.py"}
    tokens = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if "_ONLY_HERE" in (getattr(node, "id", ""), getattr(node, "attr", ""))
    }
    assert tokens == {"corpus/redaction/gate.py"}
    made = [node for called, node in calls(TREES["corpus/redaction/gate.py"]) if called == "Redacted"]
    admit = next(node for node in ast.walk(TREES["corpus/redaction/gate.py"]) if isinstance(node, ast.FunctionDef) and node.name == "admit")
    assert len(made) == 1
    assert made[0] in list(ast.walk(admit))
    # Nothing that makes an object without its constructor, or turns one into another.
    for name, tree in TREES.items():
        assert not [called for called, _ in calls(tree) if called in ("__new__", "__setattr__", "__setstate__")], name


def test_the_store_takes_nothing_else(tmp_path: Path) -> None:
    hints = {name: typing.get_type_hints(getattr(Corpus, name)) for name in ("append", "append_many", "replace")}
    assert hints["append"]["record"] is hints["replace"]["record"] is Redacted
    assert hints["append_many"]["records"] == Iterable[Redacted]
    public = {name for name, member in inspect.getmembers(Corpus, inspect.isfunction) if not name.startswith("_")}
    reads = {"close", "holds", "may_hold", "newest", "held", "entries", "read", "reading", "read_line", "records", "get"}
    reads |= {"position", "logged", "unsequenced", "verify", "select", "packed_bytes", "find", "lines", "lookup"}
    reads |= {"forgets", "forgetting", "check_holds", "builds", "builds_begun", "in_build"}
    upkeep = {"pack", "drop_old", "sequence", "repair", "sweep_temporary", "forget", "forgotten", "lift"}
    upkeep |= {"repack", "export", "begin_build", "list_build", "end_build", "mark_build"}
    # What comes in by a bundle has passed a gate of the same tenant under the same key.
    assert public - reads - upkeep == {"append", "append_many", "replace", "take_in"}
    init_root(tmp_path / "root")
    add_tenant(tmp_path / "root", "acme")
    looks_right = SimpleNamespace(key="k", id="i", line=b"{}", stem="s", tenant="acme", cluster="c", header=None, tuple_type="edit")
    with Corpus.open(tmp_path / "root", "acme") as corpus:
        with pytest.raises(TypeError, match="redaction gate"):
            corpus.append(looks_right)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="redaction gate"):
            corpus.append_many([looks_right])  # type: ignore[list-item]
    assert not list((tmp_path / "root").rglob("*.jsonl"))


def test_bodies_are_made_by_sources_and_their_form_without_content_only() -> None:
    makers = {name for name, tree in TREES.items() for called, _ in calls(tree) if called in BODIES}
    sources = {f"capture/sources/{name}.py" for name in ("answers", "edit", "link", "rejection", "trajectory", "turned_down")}
    assert makers == sources | {"corpus/redaction/withhold.py", "corpus/build/assign.py"}
    for name in (*sources, "corpus/build/assign.py"):
        assert not [called for called, _ in calls(TREES[name]) if called in ("model_construct", "model_copy", "model_validate_json")]


# What is not the scrubber's own result: each expression as it stands, so that a change of it is looked at.
STRUCTURAL = {
    ("Signature", "time"): "moment(ident.seconds)",
    ("Signature", "tz"): "ident.tz",
    ("EditBody", "parents"): "[parent for parent in commit.parents if is_object_id(parent)]",
    ("EditBody", "files"): "files.changes",
    ("EditBody", "changes_withheld"): "missing",
    ("EditBody", "diff"): "files.diff.text",
    ("EditBody", "backend"): "repository.backend",
    ("FileChange", "path"): "_write(path)",
    ("FileChange", "old_path"): "_write(old_path) if change.old_path is not None else None",
    ("FileChange", "status"): "change.status.value",
    ("FileChange", "mode"): "change.mode",
    ("FileChange", "old_mode"): "change.old_mode",
    ("FileChange", "language"): "_language(change, path)",
    ("FileChange", "before"): "before",
    ("FileChange", "withheld"): "withheld",
    ("Message", "role"): "turn.role",
    ("FeedbackBody", "constraint_violation_tag"): "pair.tag",
    ("FeedbackBody", "about"): "list(pair.about)",
    ("FeedbackBody", "seen_in"): "SeenIn.INBOX",
    ("FeedbackBody", "withheld"): "error.reason",
    ("FeedbackBody", "prompt"): "[]",
    ("FeedbackBody", "rejected_trajectory"): "[]",
    ("LinkBody", "kind"): "kind",
    ("LinkBody", "from"): "source",
    ("LinkBody", "to"): "target",
    ("LinkBody", "value"): "None if value is None else value.value",
    # Texts, names and paths are what _Texts got from the scrubber; the rest are words of ours, times, and keyed hashes.
    ("TrajectoryBody", "agent"): "session.agent",
    ("TrajectoryBody", "agent_version"): "version",
    ("TrajectoryBody", "model"): "before.model if crosses or model is None else model",
    ("TrajectoryBody", "events"): "events",
    ("TrajectoryBody", "outcome"): "_outcome([each for each, _ in said], before.outcome)",
    ("TrajectoryBody", "branch"): "branch",
    ("TrajectoryBody", "parent_session"): "opening.parent and session.pseudonyms.name('session', session.agent, opening.parent, 0)",
    ("TrajectoryBody", "parent_event_id"): "session.name('event', opening.parent_event, opening.parent)",
    ("TrajectoryBody", "source_digest"): "part.digest(session.pseudonyms) or ''",
    ("TrajectoryBody", "first_prev"): "before.prev",
    ("Event", "event_id"): "session.name('event', said.name_in_source) or ''",
    ("Event", "parent_event_id"): "session.name('event', said.parent)",
    ("Event", "ts"): "_moment(said.ts)",
    ("Event", "actor"): "said.actor",
    ("Event", "kind"): "said.kind",
    ("Event", "name"): "name",
    ("Event", "content"): "content",
    ("Event", "arguments"): "arguments",
    ("Event", "detail"): "detail",
    ("Event", "call_id"): "session.call(said.call)",
    ("Event", "reply"): "session.name('reply', said.reply)",
    ("Event", "model"): "model",
    ("Event", "model_claimed"): "claimed",
    ("Event", "usage"): "_usage(said.usage)",
    ("Event", "amends"): "session.name('event', said.amends)",
    ("Event", "marks"): "sorted(set(said.marks))",
    ("Event", "directory"): "directory",
    ("Event", "withheld"): "withheld",
    ("Event", "prev"): "prev",
}

# Of a rejection that a session tells: words of ours, keys, and a tag, which is one of a list or the id of a clause.
OF_REJECTIONS = {
    ("FeedbackBody", "constraint_violation_tag"): "tag_of(given.reason)",
    ("FeedbackBody", "seen_in"): "given.seen_in",
    ("FeedbackBody", "about"): "given.about",
    ("FeedbackBody", "agent"): "given.agent",
    ("FeedbackBody", "paired_by"): "given.paired_by",
}
# Of a commit that was turned down: words of ours and keys.
OF_COMMITS = {
    ("FeedbackBody", "constraint_violation_tag"): "tag_of(what.reason)",
    ("Message", "role"): "role",
    ("FeedbackBody", "seen_in"): "what.seen_in",
    ("FeedbackBody", "about"): "about",
    ("FeedbackBody", "agent"): "what.asked.agent",
    ("FeedbackBody", "model"): "what.asked.model",
    ("FeedbackBody", "paired_by"): "what.paired_by",
}
OWN = {"capture/sources/rejection.py": OF_REJECTIONS, "capture/sources/turned_down.py": OF_COMMITS}


def scrubs(node: ast.AST, function: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether ``node`` is a result of the scrubber: each way through it ends in a method of ``scrub``, in a helper that is given
    ``scrub``, in a constant, or in a name that is only ever set to such."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.IfExp):
        return scrubs(node.body, function, seen) and scrubs(node.orelse, function, seen)
    if isinstance(node, ast.BoolOp):
        return all(scrubs(value, function, seen) for value in node.values)
    if isinstance(node, ast.Subscript):
        return scrubs(node.value, function, seen)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in ("scrub", "self._scrub"):
            return True
        given = [ast.unparse(each) for each in node.args]
        ours = isinstance(node.func, ast.Name) and node.func.id.startswith("_")
        return (ours and "scrub" in given) or any(each.startswith("partial(scrub.") for each in given)
    if isinstance(node, ast.Name) and node.id not in seen:
        found = [
            each.value
            for each in ast.walk(function)
            if isinstance(each, ast.Assign)
            and node.id in {name.id for to in each.targets for name in ast.walk(to) if isinstance(name, ast.Name)}
        ]
        return bool(found) and all(scrubs(each, function, seen | {node.id}) for each in found)
    return False


def bypasses(name: str, tree: ast.AST) -> list[str]:
    found = []
    structural = STRUCTURAL | OWN.get(name, {})
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        for called, node in calls(function):
            if called not in BODIES:
                continue
            assert not node.args, f"{name}: {called} with positional fields"
            fields: dict[str, ast.expr] = {}
            for keyword in node.keywords:
                if keyword.arg is not None:
                    fields[keyword.arg] = keyword.value
                else:
                    assert isinstance(keyword.value, ast.Dict), f"{name}: {called} with fields that cannot be read"
                    fields |= {
                        ast.literal_eval(key): value for key, value in zip(keyword.value.keys, keyword.value.values, strict=True) if key
                    }
            for field, value in fields.items():
                plain = BODIES[called].model_fields.get(field)
                if plain is not None and plain.annotation in (int, bool):
                    continue
                if structural.get((called, field)) != ast.unparse(value) and not scrubs(value, function):
                    found.append(f"{called}.{field} = {ast.unparse(value)}")
    return found


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("capture/")])
def test_every_text_of_a_body_comes_from_the_scrubber(name: str) -> None:
    assert bypasses(name, TREES[name]) == []


@pytest.mark.parametrize(
    "code",
    [
        "def render(scrub):\n    return Message(role=turn.role, content=turn.content)",
        "def render(scrub):\n    return Message(role=turn.role, content=scrub.prose(x) or turn.content)",
        "def render(scrub):\n    text = scrub.prose(x)\n    text = x\n    return Message(role=turn.role, content=text)",
        "def render(scrub):\n    return LinkBody(**{'from': source}, kind=kind, to=target, value=None, basis=str(scrub))",
        "def render(scrub):\n    return EditBody(diff=raw)",
    ],
)
def test_a_source_that_takes_a_way_around_is_seen(code: str) -> None:
    assert bypasses("code", ast.parse(code))


WRITES = {
    "write_text",
    "write_bytes",
    "mkstemp",
    "NamedTemporaryFile",
    "TemporaryDirectory",
    "mkdtemp",
    "copy",
    "copyfile",
    "copytree",
    "fdopen",
    "write_private",
}


def writes(tree: ast.AST) -> bool:
    """Whether a module writes files: by a mode, by flags, or by a call that does nothing else."""
    for called, node in calls(tree):
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        text = " ".join(ast.unparse(each) for each in arguments)
        modes = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if called == "open" and any(set(mode) & set("wax+") and len(mode) <= 3 for mode in modes):
            return True
        if called == "open" and ("O_WRONLY" in text or "O_RDWR" in text or "O_CREAT" in text):
            return True
        if called == "connect" and "sqlite3" in ast.unparse(node.func):
            return True
        if called in WRITES and not (called == "copy" and not node.args):
            return True
    return False


def test_which_modules_write_files_is_known() -> None:
    """The store below a root, what a build is asked to write, and beside them state, keys, hooks and the cache of compiled rules."""
    known = {
        "corpus/store/": "records",
        "corpus/build/": "sets that are built from records",
        "corpus/xdg.py": "what its callers hand it, each of which counts as a writer itself",
        "corpus/redaction/people.py": "the tenant's people, beside its key",
        "corpus/redaction/keysource.py": "the tenant's key",
        "corpus/redaction/prefilter.py": "compiled rules",
        "corpus/redaction/cache.py": "an empty file; SQLite writes digests, offsets and identifiers to it",
        "corpus/redaction/ner_weights.py": "the model of names, repacked",
        "capture/spool.py": "notes on entries: a reason and times",
        "capture/sweep.py": "positions in reflogs",
        "capture/verdicts.py": "ids of commits that wait for a verdict",
        "capture/enrol.py": "enrolments",
        "capture/withheld.py": "record, field and rule of what was withheld",
        "capture/forgotten.py": "an empty file, whose time is that of the last look for what is past its days",
        "capture/refused.py": "a byte for each time that what was forgotten was met",
        "capture/inboxes.py": "whose inboxes are, and marks of archived files",
        "capture/hooks/": "hooks, and a throw-away repository that proves them",
        "capture/settings.py": "the settings file",
        "capture/git/plumbing.py": "a throw-away repository without content, for what git itself reads",
        "capture/held.py": "a private copy of a transcript until it is taken in",
        "capture/handover.py": "nothing: a transcript is opened to read",
        "capture/seen.py": "sizes and times of transcripts",
        "capture/sources/agents/opencode.py": "nothing: SQLite is opened to read",
        "capture/checkpoint.py": "how far transcripts were taken in: offsets and keyed hashes",
        "capture/detach.py": "points the standard streams at nothing",
        "corpus/console.py": "points standard output at nothing",
    }
    found = {name for name, tree in TREES.items() if writes(tree)}
    assert {name for name in found if not name.startswith(tuple(known))} == set()


AUDIT = """
import json, os, sys
root, seen = sys.argv.pop(1), set()
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
        paths = [args[0]]
    elif event == "sqlite3.connect":
        paths = [args[0]]
    elif event in ("os.rename", "os.link", "os.mkdir", "os.symlink"):
        paths = list(args[:2]) if event != "os.mkdir" else [args[0]]
    else:
        return
    for path in paths:
        if isinstance(path, int):
            continue
        name = os.fsdecode(path)
        if name.startswith("/") and not name.startswith(root):
            continue
        frame = sys._getframe(1)
        while frame is not None and not any(part in frame.f_code.co_filename for part in ("/capture/", "/corpus/")):
            frame = frame.f_back
        seen.add(frame.f_code.co_filename if frame else "?")
sys.addaudithook(hook)
from capture.cli import group
try:
    group.main(prog_name="capture", standalone_mode=False)
finally:
    sys.stderr.write(json.dumps(sorted(seen)))
"""


def test_below_a_root_only_the_store_opens_files_for_writing(tmp_path: Path) -> None:
    root, repo = tmp_path / "root", tmp_path / "repo"
    init_root(root)
    add_tenant(root, "acme")
    repo.mkdir()
    (repo / "a.txt").write_text("one\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run(["git", *command], cwd=repo, check=True)
    pair = {"prompt": "p", "rejected": "r", "created": "2026-05-15T09:30:00Z"}
    (tmp_path / "pair.json").write_text(json.dumps(pair))
    said = {"type": "user", "uuid": "u", "sessionId": "s", "cwd": str(repo), "message": {"role": "user", "content": "hello"}}
    (tmp_path / "session.jsonl").write_text(json.dumps(said) + "\n")
    whose = ["--tenant", "acme", "--cluster", "c", "--root", str(root)]
    asked = (["edit", "--all"], ["feedback", str(tmp_path / "pair.json")], ["trajectory", str(tmp_path / "session.jsonl")])
    for arguments in ([*each, *whose] for each in asked):
        done = subprocess.run([sys.executable, "-c", AUDIT, str(root), *arguments], cwd=repo, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        openers = {Path(name).relative_to(HERE).as_posix() for name in json.loads(done.stderr)}
        assert openers
        assert {name for name in openers if not name.startswith("corpus/store/")} == set()
    assert len(list(root.rglob("*.jsonl"))) == 3


def test_every_gate_for_a_root_knows_who_opted_out_there() -> None:
    """Whoever makes a gate to keep what comes out of it hands it the tombstones of that root."""
    made = {
        name: [
            len(node.args) + len(node.keywords)
            for called, node in calls(tree)
            if called == "for_tenant" and "Redactor" in ast.unparse(node)
        ]
        for name, tree in TREES.items()
    }
    assert {name: counts for name, counts in made.items() if counts}.keys() >= {"capture/ingest.py"}
    assert all(count == 2 for counts in made.values() for count in counts)
