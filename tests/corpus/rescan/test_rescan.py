"""Rules of today over records of yesterday: what slipped through is shown, then gone from every file, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import Failed
from corpus.record import EditBody, Record, anchored
from corpus.redaction import Redactor
from corpus.redaction.draft import Withheld
from corpus.redaction.finding import IDENTIFIER
from tests.capture.trajectory.making import Home, line
from tests.corpus.build.world import Change, World, unified
from tests.corpus.rescan.yesterday import Yesterday, fill, lenient, mail, pem, records, sessions, token


def chained(world: Yesterday) -> None:
    """Each part goes on from the one before, and its hashes are those of what it holds."""
    last = ""
    for body in sessions(world):
        assert body.first_prev == last
        assert anchored(body) == body
        last = body.last


def test_what_was_captured_by_todays_rules_holds_nothing(tmp_path: Path, small_parts: None) -> None:
    """Asked of the gate itself, for a run would not look: the ruleset is today's."""
    fill(Home(tmp_path / "root"), tmp_path)
    world = Yesterday(tmp_path / "root", [])
    found = records(world)
    assert len({record.header.tuple_type for record in found.values()}) == 4
    assert sum(sum(record.redaction.counts.values()) for record in found.values()) > 12
    with world.open() as corpus:
        gate = Redactor.for_tenant(corpus.tenant)
        for record in found.values():
            looked = gate.again(record)
            assert (looked.found, looked.newer) == ((), None)


def test_a_rescan_gives_what_a_capture_by_todays_rules_gives(yesterday: Yesterday, tmp_path: Path) -> None:
    """Of everything but a secret of several lines, which a capture makes one line of and a rescan leaves in its lines."""
    (tmp_path / "today").mkdir()
    fill(Home(tmp_path / "today/root"), tmp_path / "today")
    yesterday.rescan(replace=True)
    again, captured = records(yesterday), records(Yesterday(tmp_path / "today/root", []))
    # One names its file unredacted when it is captured, which withholds it.
    whole = [key for key, record in captured.items() if record.body.withheld is None]
    differing = [again[key].body for key in whole if again[key].body != captured[key].body]
    assert len(whole) == len(captured) - 1
    assert again.keys() == captured.keys()
    assert [body.files[0].path for body in differing if isinstance(body, EditBody)] == ["id.txt"]
    assert len(differing) == 1


@pytest.mark.parametrize("how", ["loose", "packed"])
def test_what_slipped_through_is_shown_and_then_gone_from_every_file(request: pytest.FixtureRequest, how: str) -> None:
    world: Yesterday = request.getfixturevalue("yesterday" if how == "loose" else "packed")
    before, tree = records(world), world.tree()
    assert world.held() == set(world.secrets)
    done, shown = world.rescan(replace=False)
    assert world.tree() == tree
    assert (done.records, done.replaced) == (len(before), 0)
    assert done.slipped == len(shown) == done.left > 8
    done, told = world.rescan(replace=True)
    assert [(each.id, each.found) for each in told] == [(each.id, each.found) for each in shown]
    assert world.held() == set()
    after = records(world)
    assert after.keys() == before.keys()
    for key, record in after.items():
        old = before[key]
        if record.id == old.id:
            continue
        assert record.revision == old.revision + 1
        assert record.header.model_dump(exclude={"redaction_class"}) == old.header.model_dump(exclude={"redaction_class"})
        assert record.redaction.ruleset != old.redaction.ruleset
        assert all(record.redaction.counts.get(entity, 0) >= count for entity, count in old.redaction.counts.items())
    assert all(after[each.key].header.redaction_class == "redacted" for each in told)
    chained(world)
    with world.open() as corpus:
        assert not corpus.verify().problems
        assert not corpus.unsequenced().records
    tree, replaced = world.tree(), done.replaced
    done, told = world.rescan(replace=True)
    assert (done.slipped, done.replaced, done.chained, told) == (0, 0, 0, [])
    assert done.searched == len(before) - replaced, "what is of today's rules is not searched again"
    assert world.tree() == tree


def test_each_finding_says_where_the_secret_stood(yesterday: Yesterday) -> None:
    before = {record.id: record for record in records(yesterday).values()}
    _, told = yesterday.rescan(replace=False)
    pieces = {}
    for slipped in told:
        body = before[slipped.id].model_dump(mode="json", by_alias=True)
        for found in slipped.found:
            value = body
            for part in found.field.replace("[", ".").replace("]", "").split("."):
                value = value[int(part)] if part.isdigit() else value[part]
            if found.rule != "not-as-it-stands":
                assert isinstance(value, str)
                pieces[value[found.start : found.end]] = found
    for secret in (token(3), token(4), token(5), token(6), token(8), mail(2), mail(9), mail(12)):
        assert secret in pieces
    assert {found.field for found in pieces.values()} >= {"body.message", "body.diff", "body.files[0].before", "body.prompt[0].content"}
    assert pieces[token(8)].entity_type == "API_KEY"


def test_a_difference_still_turns_before_into_what_came(yesterday: Yesterday, tmp_path: Path) -> None:
    yesterday.rescan(replace=True)
    tried = 0
    for record in records(yesterday).values():
        if not isinstance(record.body, EditBody):
            continue
        tree = tmp_path / record.id
        for file in record.body.files:
            if file.before is not None:
                (tree / file.path).parent.mkdir(parents=True, exist_ok=True)
                (tree / file.path).write_text(file.before)
        if not any(file.before_cut for file in record.body.files):
            tree.mkdir(exist_ok=True)
            subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
            subprocess.run(["git", "apply", "-"], cwd=tree, input=record.body.diff.encode(), check=True)
            tried += 1
    assert tried == 4


def test_a_secret_is_one_identifier_on_both_sides_and_in_before(yesterday: Yesterday) -> None:
    yesterday.rescan(replace=True)
    body = next(
        body for record in records(yesterday).values() if isinstance(body := record.body, EditBody) and body.files[0].path == "a.py"
    )
    before = body.files[0].before or ""
    (first,) = IDENTIFIER.finditer(before.splitlines()[0])
    assert before.splitlines()[0] == f'TOKEN = "{first[0]}"'
    assert len(list(IDENTIFIER.finditer(body.diff))) == 1  # the first line is not shown, the last is new
    key = next(
        body for record in records(yesterday).values() if isinstance(body := record.body, EditBody) and body.files[0].path == "id.txt"
    )
    rows = (key.files[0].before or "").splitlines()
    assert len(rows) == len(pem(1).splitlines()) + 1
    assert len(set(rows[:-1])) == 1, "a key of many lines is the same identifier in each of them"
    shown = [row[1:] for row in key.diff.splitlines()[3:] if row[:1] == " "]
    assert set(shown) == {rows[0]}


def test_a_hunks_heading_repeats_its_line_as_that_is_now(yesterday: Yesterday) -> None:
    text = f"def ask(who='{mail(31)}', more='{'x' * 30}', and_more='{'y' * 30}'):\n" + "".join(f"    a{at} = {at}\n" for at in range(12))
    old, new = text + "    z = 1\n", text + "    z = 2\n"
    change = Change("ask.py", old, new)
    shown = unified("ask.py", old, new).replace("@@\n", f"@@ {text[:79].rpartition(' ')[0]}\n")
    with lenient(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.corpus.build.world.unified", lambda *images: shown)
        key = World(yesterday.root, appended=[""] * 88).edit("Head\n", [change])
    assert f"who='{mail(31)}'" in records(yesterday)[key].model_dump()["body"]["diff"]
    yesterday.rescan(replace=True)
    body = records(yesterday)[key].body
    assert isinstance(body, EditBody)
    assert body.withheld is None
    (heading,) = (line for line in body.diff.splitlines() if line.startswith("@@"))
    assert (body.files[0].before or "").startswith(heading.partition("@@ ")[2].partition("@@ ")[2])
    assert IDENTIFIER.search(heading)


def test_lines_that_a_removed_and_an_added_key_share_are_replaced_alike_every_time() -> None:
    """By whichever of the two, but not by chance: Python's own order of a set changes from process to process."""
    code = "from corpus.redaction.sides import _disjoint\nprint(_disjoint([(0, 9, f'REDACTED_X_{number:012x}') for number in range(20)]))"
    seeds = [
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True)
        for seed in range(4)
    ]
    assert len({each.stdout for each in seeds}) == 1
    assert all(each.returncode == 0 for each in seeds)


def test_what_only_its_surroundings_tell_is_not_found_where_the_file_was_cut(yesterday: Yesterday) -> None:
    """A hunk in the middle of a key shows neither of its ends, and no rule knows the lines between (docs/decisions/0044)."""
    rows = pem(21).splitlines()
    changed = [*rows[:6], "", *rows[6:]]
    with lenient():
        world = World(yesterday.root, appended=[""] * 99)
        keys = [world.edit(f"{cut}\n", [Change("k.txt", "\n".join(rows), "\n".join(changed), before_cut=cut)]) for cut in (True, False)]
    yesterday.rescan(replace=True)
    cut, whole = (records(yesterday)[key].model_dump_json() for key in keys)
    assert (rows[6] in cut, rows[6] in whole) == (True, False)


def test_a_part_that_changed_gives_every_later_part_its_new_hash(yesterday: Yesterday) -> None:
    before = {body.part: body for body in sessions(yesterday)}
    done, _ = yesterday.rescan(replace=True)
    after = {body.part: body for body in sessions(yesterday)}
    changed = sorted(part for part, body in after.items() if [e.content for e in body.events] != [e.content for e in before[part].events])
    assert changed == [1, 3]
    assert [part for part, body in after.items() if body.first_prev != before[part].first_prev] == [2, 3, 4]
    assert done.chained == 2
    chained(yesterday)


def test_a_session_that_grows_after_a_rescan_goes_on_from_it(tmp_path: Path, small_parts: None) -> None:
    home = Home(tmp_path / "root")
    with lenient():
        secrets = fill(home, tmp_path)
    world = Yesterday(home.root, secrets)
    world.rescan(replace=True)
    before = sessions(world)
    with (tmp_path / "session.jsonl").open("ab") as stream:
        stream.writelines(line(number) for number in range(20, 27))
    home.take(tmp_path / "session.jsonl")
    after = sessions(world)
    assert len(after) > len(before)
    assert [body.first_prev for body in after[: len(before)]] == [body.first_prev for body in before]
    chained(world)
    assert world.held() == set()


def test_a_part_that_grew_meanwhile_is_looked_at_as_it_is_now(yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run came first: its version is as new, so this one's is not taken, and is not written again and again."""
    real = Redactor.again
    told = []

    def slow(self: Redactor, record: Record, *more: object) -> object:
        if not told:
            told.append(record.id)
            yesterday.rescan(replace=True)
        return real(self, record, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Redactor, "again", slow)
    done, _ = yesterday.rescan(replace=True)
    assert told
    assert (done.slipped, done.left) == (0, 0)
    assert yesterday.held() == set()


def test_what_cannot_be_replaced_is_withheld(yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of the finished line sees what the way there did not, and what would be kept then holds no content."""
    monkeypatch.setattr("corpus.redaction.again.edit_again", lambda body, texts: body)
    _, told = yesterday.rescan(replace=True)
    edits = [each for each in told if each.tuple_type == "edit"]
    assert len(edits) == 5
    assert all(each.withheld and each.found[-1].start is None for each in edits)
    after = records(yesterday)
    assert {after[each.key].header.redaction_class for each in edits} == {"withheld"}
    assert yesterday.held() == set()


@pytest.mark.parametrize("way", ["path", "prose", "person", "image"])
def test_a_text_that_takes_too_long_today_is_left_out_as_at_capture(
    yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def slow(self: object, *texts: object) -> str:
        raise Withheld("too-slow")

    if way == "image":
        monkeypatch.setattr("corpus.redaction.redactor.Scanner.redact_version", slow)
    else:
        monkeypatch.setattr(Redactor, way, slow)
    done, _ = yesterday.rescan(replace=True)
    assert (done.left, yesterday.held() & {token(3).encode(), token(6).encode()}) == (0, set())
    edits = {record.key: record.body for record in records(yesterday).values() if isinstance(record.body, EditBody) and record.revision}
    assert edits
    for key, body in edits.items():
        if way == "prose":
            assert (body.message, body.withheld, records(yesterday)[key].header.redaction_class) == (None, "too-slow", "withheld")
        elif way == "path":
            assert [(file.path, file.withheld, body.diff) for file in body.files] == [("", "too-slow", "")]
            assert body.branch is None
        elif way == "person":
            assert (body.author.name, body.files[0].withheld) == ("", None)
        else:
            assert [(file.before, file.withheld, body.diff) for file in body.files] == [(None, "too-slow", "")]


def test_a_record_that_cannot_be_kept_at_all_is_told_and_the_run_goes_on(yesterday: Yesterday, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Redactor.again

    def failing(self: Redactor, record: Record, *more: object) -> object:
        if record.header.tuple_type == "link" or (isinstance(record.body, EditBody) and record.body.files[0].path == "a.py"):
            raise Failed("cannot be kept")
        return real(self, record, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Redactor, "again", failing)
    done, told = yesterday.rescan(replace=True)
    assert done.left == 2
    assert sum(each.found[0].rule == "cannot-be-kept" and not each.replaced for each in told) == 2
    assert yesterday.held() == {token(3).encode(), token(4).encode(), mail(2).encode()}
