"""What a drain makes of the sessions that agents' hooks hand over, and of those that they miss."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capture import enrol, handover, seen, spool
from capture.drain import drain
from corpus.xdg import spool_dir, state_dir
from tests.capture.drain.working import Work, make
from tests.capture.handover.talking import Talk, body, enroll_yesterday, enrolment_of, hand_over, left, parts, told


def done(sweeping: bool = True, by_hand: bool = False) -> int:
    outcome = drain(spool_dir(), sweeping=sweeping, by_hand=by_hand)
    assert outcome is not None
    assert outcome.troubles == []
    return outcome.kept


def test_a_session_that_ended_is_kept_and_nothing_is_left_of_the_hand_over(work: Work) -> None:
    talk = Talk(work.path, "s").talk(6)
    hand_over(talk)
    assert done(sweeping=False) == 1
    assert told(work.root) == talk.said
    assert left() == []


def test_the_open_part_is_stored_at_the_end_and_not_at_each_turn(work: Work) -> None:
    talk = Talk(work.path, "s").talk(2)
    hand_over(talk, "Stop")
    assert done() == 0
    talk.talk(600)
    hand_over(talk, "Stop")
    done()
    assert told(work.root) == talk.said[:512]  # the full parts of 256 events
    hand_over(talk, "SessionEnd")
    done()
    assert told(work.root) == talk.said
    assert [body(one).part for one in parts(work.root)] == [0, 1, 2]


def test_a_transcript_deleted_right_after_the_hook_is_captured_from_its_link(work: Work) -> None:
    talk = Talk(work.path, "s").talk(4)
    hand_over(talk)
    talk.path.unlink()
    assert done() == 1
    assert told(work.root) == talk.said
    assert left() == []


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    with tempfile.TemporaryDirectory(prefix="capture-test-", dir=shm, ignore_cleanup_errors=True) as made:
        yield Path(made)


def test_one_without_a_link_is_linked_or_copied_before_it_is_read_further(work: Work, elsewhere: Path) -> None:
    talk = Talk(work.path, "s", folder=elsewhere).talk(4)
    hand_over(talk, link=False)
    assert done(sweeping=False) == 1
    assert told(work.root) == talk.said
    assert left() == []


def test_a_copy_is_kept_while_its_entry_waits_and_is_private(work: Work, elsewhere: Path) -> None:
    talk = Talk(work.path, "s", folder=elsewhere).talk(4)
    hand_over(talk, link=False)
    tenant = work.root / "acme"
    tenant.rename(work.root / "away")
    outcome = drain(spool_dir(), sweeping=False)
    assert outcome is not None
    assert len(outcome.troubles) == 1
    shutil.rmtree(elsewhere)
    (held,) = spool_dir().glob("*.transcript")
    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    (work.root / "away").rename(tenant)
    assert len(spool.retrying(spool_dir())) == 1
    for note in (spool_dir() / "retry").iterdir():
        note.write_text(json.dumps({"tries": 1, "due": 0, "reason": ""}))
    assert done(sweeping=False) == 1
    assert told(work.root) == talk.said
    assert left() == []


def test_what_the_hook_could_not_hold_is_held_before_anything_else_is_done(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(work.path, "s").talk(4)
    hand_over(talk, link=False)
    monkeypatch.setattr("capture.drain._pass", lambda *args: talk.path.unlink())  # its agent deletes it while commits are taken in
    assert done(sweeping=False) == 1
    assert told(work.root) == talk.said


def test_a_private_session_elsewhere_is_not_copied(work: Work, tmp_path: Path, elsewhere: Path) -> None:
    talk = Talk(tmp_path, "private", folder=elsewhere).talk(2)
    hand_over(talk, link=False)
    handover.hold(spool_dir())
    assert [name for name in left() if not name.endswith(".entry")] == []


def test_what_is_held_for_no_entry_is_cleaned_by_the_next_drain(work: Work) -> None:
    spool.ensure(spool_dir())
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead = spool_dir() / f"{gone.pid}-0.transcript"
    half = spool_dir() / f"{gone.pid}-1.transcript.new"
    alive = spool_dir() / f"{os.getppid()}-0.transcript"
    for path in (dead, half, alive):
        path.write_text("x")
    done(sweeping=False)
    assert left() == [alive.name]  # its hook may be about to write its entry
    from capture import held

    held.clean(spool_dir(), now=time.time() + held.LEFT + 1)
    assert left() == []


def test_a_missing_an_empty_and_an_unnamed_transcript_leave_no_entry_and_are_counted(work: Work) -> None:
    gone = Talk(work.path, "gone").talk(1)
    hand_over(gone, link=False)
    gone.path.unlink()
    empty = Talk(work.path, "empty").talk(1)
    empty.path.write_bytes(b"")
    hand_over(empty)
    path = hand_over(empty, link=False)
    path.write_text(path.read_text().replace(f"transcript {empty.path}", "transcript "))
    assert done() == 0
    assert left() == []
    assert seen.load().fired["claude-code"].missing == 1


def test_what_is_no_transcript_waits_with_its_reason(work: Work) -> None:
    talk = Talk(work.path, "s")
    talk.path.parent.mkdir(parents=True)
    talk.path.write_text("no transcript\n" * 3)
    hand_over(talk)
    outcome = drain(spool_dir(), sweeping=False)
    assert outcome is not None
    assert len(outcome.troubles) == 1
    (waiting,) = spool.retrying(spool_dir())
    assert waiting.reason
    assert "no transcript\n" not in waiting.reason


def test_half_a_line_is_taken_when_it_is_whole(work: Work) -> None:
    talk = Talk(work.path, "s").talk(3)
    whole = talk.path.read_bytes()
    talk.path.write_bytes(whole[:-20])
    hand_over(talk)
    done()
    assert told(work.root) == talk.said[:2]
    talk.path.write_bytes(whole)
    talk.rest()
    done()
    assert told(work.root) == talk.said


@pytest.mark.full
def test_a_line_of_fifty_megabytes_is_captured_or_its_text_withheld(work: Work) -> None:
    talk = Talk(work.path, "s").say("before", "x" * 50_000_000, "after")
    hand_over(talk)
    assert done(sweeping=False) >= 1
    assert (told(work.root)[0], told(work.root)[-1]) == ("before", "after")
    assert sum(body(one).event_count for one in parts(work.root)) == 3


def test_another_encoding_is_read(work: Work) -> None:
    talk = Talk(work.path, "s").say("noch einmal, bitte l\u00f6schen", "ja")
    talk.path.write_bytes(b"\xff\xfe" + talk.path.read_bytes().decode().encode("utf-16-le"))
    hand_over(talk)
    done()
    assert told(work.root) == talk.said


def test_a_session_of_no_enrolled_repository_is_left_unread(work: Work, tmp_path: Path) -> None:
    other = make(tmp_path / "other", work.root)
    talk = Talk(other.path, "private").talk(4)
    hand_over(talk)
    hand_over(talk, link=False)
    nowhere = Talk(tmp_path, "nowhere").talk(2)
    hand_over(nowhere)
    assert done(by_hand=True) == 0
    assert (told(work.root), left()) == ([], [])


def test_each_of_two_tenants_gets_its_own(work: Work, tmp_path: Path) -> None:
    other = make(tmp_path / "other", work.root)
    enroll_yesterday(other, "globex")
    mine, theirs = Talk(work.path, "mine").talk(3), Talk(other.path, "theirs").talk(3)
    hand_over(mine)
    theirs.rest()
    done()
    assert told(work.root) == mine.said
    assert told(work.root, "globex") == theirs.said


def test_a_session_that_goes_to_another_directory_belongs_where_it_began(work: Work, tmp_path: Path) -> None:
    other = make(tmp_path / "other", work.root)
    enroll_yesterday(other, "globex")
    unknown = make(tmp_path / "unknown", work.root)
    mine = Talk(work.path, "mine").say("here").say("there", cwd=unknown.path)
    hand_over(mine, cwd=other.path)
    private = Talk(unknown.path, "private").say("at home").say("at work", cwd=work.path)
    hand_over(private, cwd=work.path)
    done()
    assert told(work.root) == mine.said
    assert told(work.root, "globex") == []


def test_a_part_that_names_another_tenants_file_is_withheld(work: Work, tmp_path: Path) -> None:
    other = make(tmp_path / "other", work.root)
    enroll_yesterday(other, "globex")
    talk = Talk(work.path, "s").say("read it", f"I read {other.path}/plan.txt")
    hand_over(talk)
    done()
    (part,) = parts(work.root)
    assert (body(part).withheld, body(part).events) == ("crosses-tenants", [])


def test_a_session_in_a_linked_worktree_is_its_repositorys_even_when_that_is_gone(work: Work, tmp_path: Path) -> None:
    work.git("worktree", "add", "-q", str(tmp_path / "linked"))
    one = Talk(tmp_path / "linked", "one").talk(2)
    hand_over(one)
    below = Talk(work.path / "was/here", "two").talk(2)
    hand_over(below)
    done()
    assert sorted(told(work.root)) == sorted(one.said + below.said)


def test_the_sweep_finds_what_no_hook_told_and_what_grew(work: Work) -> None:
    talk = Talk(work.path, "s").talk(3).rest()
    assert done() == 1
    assert done() == 0
    talk.talk(2).rest(1800)
    assert done() == 1
    assert told(work.root) == talk.said


def test_the_sweep_lets_a_session_that_is_at_work_grow(work: Work) -> None:
    talk = Talk(work.path, "s").talk(3)
    assert done() == 0
    assert done(by_hand=True) == 1  # a person asks
    talk.talk(1)
    assert done() == 0
    assert told(work.root) == talk.said[:3]
    talk.rest(handover.PAUSE + 1)
    assert done() == 1
    assert told(work.root) == talk.said


def test_the_sweep_leaves_what_was_not_touched_since_enrolment(work: Work) -> None:
    old = Talk(work.path, "old").talk(2).rest(7 * 86400)
    young = Talk(work.path, "young").talk(2)
    assert done(by_hand=True) == 1
    assert told(work.root) == young.said
    assert str(old.path) not in seen.load().files  # not even opened


def test_the_sweep_opens_only_what_changed(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make(tmp_path / "other", work.root)
    talks = [Talk(work.path, "mine").talk(2), Talk(other.path, "private").talk(2)]
    done(by_hand=True)
    opened: list[str] = []
    original = handover._owned
    monkeypatch.setattr(handover, "_owned", lambda *args: opened.append(args[2].name) or original(*args))
    done(by_hand=True)
    assert opened == []
    for talk in talks:
        talk.talk(1)
    done(by_hand=True)
    assert opened == ["mine.jsonl"]  # the other was nobody's, and is whatever it grows to
    enroll_yesterday(other, "globex")
    done(by_hand=True)
    assert told(work.root, "globex") == talks[1].said


def test_the_sweep_of_thousands_of_files_is_cheap(work: Work) -> None:
    folder = Path.home() / ".claude/projects/many"
    Talk(work.path, "one", folder=folder).talk(1)
    for number in range(2000):
        os.link(folder / "one.jsonl", folder / f"{number}.jsonl")
    book = seen.Book({str(path): seen.Seen(seen.Stamp.of(path), True) for path in folder.iterdir()})
    seen.save(book)
    began = time.monotonic()
    assert done() == 0
    assert time.monotonic() - began < 10


def test_what_was_seen_is_private_and_holds_no_content(work: Work) -> None:
    Talk(work.path, "s").say("a secret sentence").rest()
    hand_over(Talk(work.path, "t").say("another sentence"))
    done()
    path = state_dir() / "sessions.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "sentence" not in path.read_text()
    path.write_text("damaged")
    assert done() == 0
    assert len(seen.load().files) == 2


def test_a_file_that_cannot_be_read_is_told_once_and_read_when_it_changes(work: Work) -> None:
    talk = Talk(work.path, "s")
    talk.path.parent.mkdir(parents=True)
    talk.path.write_bytes(b'{"type": "user", "cwd"')
    done(by_hand=True)
    (one,) = seen.load().files.values()
    assert one.trouble
    talk.path.unlink()
    talk.talk(2)
    done(by_hand=True)
    assert told(work.root) == talk.said


def test_what_was_said_in_a_pause_is_left_out(work: Work) -> None:
    talk = Talk(work.path, "s").say("before", at=datetime.now(UTC))
    time.sleep(1.1)
    paused = enrol.pause(enrolment_of(work))
    enrol.save(paused)
    talk.say("secretly", at=datetime.now(UTC))
    hand_over(talk)
    assert done(by_hand=True) == 0
    time.sleep(1.1)
    enrol.save(enrol.resume(paused))
    time.sleep(1.1)
    talk.say("after", at=datetime.now(UTC))
    hand_over(talk)
    done(by_hand=True)
    assert told(work.root) == ["before", "after"]


def test_a_failing_entry_waits_and_the_others_go_on(work: Work) -> None:
    bad, good = Talk(work.path, "bad"), Talk(work.path, "good").talk(2)
    bad.path.write_text("{}\n")
    hand_over(bad)
    hand_over(good)
    outcome = drain(spool_dir(), sweeping=False)
    assert outcome is not None
    assert (outcome.done, len(outcome.troubles)) == (1, 1)
    assert told(work.root) == good.said
    assert len(left()) == 2  # the entry that waits, and what it holds


def test_the_command_drains_sessions_at_work_too(work: Work) -> None:
    talk = Talk(work.path, "s").talk(3)
    ran = subprocess.run([sys.executable, "-m", "capture", "drain", "--json"], check=True, capture_output=True, cwd=work.path)
    assert json.loads(ran.stdout)["kept"] >= 1
    assert told(work.root) == talk.said


def test_whom_the_repository_shows_is_replaced_in_a_session_before_any_commit_is_captured(work: Work) -> None:
    who = {"GIT_AUTHOR_NAME": "Testina Personeva", "GIT_AUTHOR_EMAIL": "testina@example.test"}
    work.git("commit", "-q", "--allow-empty", "-m", "before", env=who)
    work.git("config", "user.name", "Robina Testwright")
    enroll_yesterday(work)
    hand_over(Talk(work.path, "s").say("ask Testina Personeva", "or Robina Testwright"))
    assert done(sweeping=False) == 1
    assert [text.split("REDACTED_PERSON_")[0] for text in told(work.root)] == ["ask ", "or "]
