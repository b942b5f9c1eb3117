"""Who opted out is never captured again: neither their commits nor their sessions, and in the work of others they are nobody."""

from __future__ import annotations

import os
from dataclasses import replace

from capture import enrol, refused, spool
from corpus.forgetting.report import report
from corpus.redaction.pseudonym import NOBODY
from corpus.redaction.subject import known_as
from corpus.store import Corpus
from corpus.xdg import spool_dir
from tests.capture.forgetting.two import ACME, ANN, BO, HERS, Two, mine
from tests.capture.handover.talking import Talk, enrolment_of, hand_over


def test_nothing_of_whoever_opted_out_is_captured_until_that_is_lifted(two: Two) -> None:
    hers = two.identifiers(ANN)
    two.forget(subject=ANN[0], opt_out=True)
    two.work.spool(two.commit(ANN, f"New {HERS}", "hers4.py", f"{HERS}_4 = 4\n"))
    named = f"Plain work\n\nReviewed-by: {ANN[0]} <{ANN[1]}>"
    his = two.commit(BO, named, "his4.py", f"# {ANN[1]} knows why\nvalue = 4\n" + "more = 1\n" * 200)
    two.work.spool(his)
    enrol.save(replace(enrolment_of(two.work), identity=frozenset({ANN[1]})))
    talk = Talk(two.work.path, "later").say(f"my {HERS}", "yes")
    hand_over(talk)
    met = refused.counted(ACME)
    two.all_of_it_again()
    assert two.holding(*hers, HERS) == {}
    assert refused.counted(ACME) >= met + 2
    assert [name for name in os.listdir(spool_dir()) if name.endswith((".entry", ".transcript"))] == []  # not tried for ever
    with Corpus.open(two.work.root, "acme") as corpus:
        kept = corpus.get(his)
        assert f"REDACTED_EMAIL_ADDRESS_{NOBODY}" in kept.model_dump_json()
        assert report(corpus, known_as(ACME, ANN[1])).opted_out
        assert not report(corpus, known_as(ACME, BO[1])).opted_out
    two.verified()
    two.unforget(subject=ANN[1])
    two.all_of_it_again()
    assert two.holding(mine(ANN))
    assert two.holding(HERS)


def test_what_the_spool_holds_of_a_forgotten_session_goes_whether_it_waits_or_was_given_up(two: Two) -> None:
    talk = Talk(two.work.path, "hers").say("one more thing")
    other = Talk(two.work.path, "another").say("nothing of anybody")
    for each in (talk, talk, other):
        hand_over(each)
    first, second, third = spool.entries(spool_dir())
    spool.defer(first, "no reason")  # waits for a pause
    for _ in range(len(spool.PAUSES) + 1):
        spool.defer(second, "no reason")  # given up
        spool.defer(third, "no reason")
    assert len(spool.failures(spool_dir())) == 2
    two.forget(subject=ANN[1])
    assert two.holding(HERS) == {}
    assert spool.entries(spool_dir()) == []
    assert [failure.entry.handed.transcript for failure in spool.failures(spool_dir()) if failure.entry.handed] == [other.path]
    assert talk.path.exists()  # the agent's own file is the agent's
    assert len([name for name in os.listdir(spool_dir()) if name.endswith(".transcript")]) == 1
