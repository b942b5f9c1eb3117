"""After somebody is forgotten nothing of them is in any file, nothing brings it back, and lifting it does."""

from __future__ import annotations

from tests.capture.forgetting.two import ANN, BO, HERS, HIS, Two, mine


def test_nothing_of_a_forgotten_person_is_left_in_any_file_and_no_capture_brings_it_back(two: Two) -> None:
    before = two.kinds()
    hers = two.identifiers(ANN)
    assert mine(ANN) in hers
    held = two.holding(*hers, HERS)
    assert any("packs" in path for path in held)
    assert any("/engineering/" in path for path in held)
    assert any("found/acme.sqlite" in path for path in held)
    assert any("/sets/" in path for path in held)
    assert before["feedback"] >= 1
    plan, done = two.forget(subject=ANN[1])
    assert two.holding(*hers, HERS) == {}
    assert done.records == sum(plan.types.values()) == sum(before.values()) - sum(two.kinds().values())
    assert [became.name for build in done.builds for _, became in build.became] == ["REMOVED"]
    two.verified()
    his = {record.header.source_commit for record in two.records()}
    assert two.holding(mine(BO), HIS)
    (two.inbox / "archive/hers.md").rename(two.inbox / "hers.md")  # somebody puts it into the inbox again
    two.all_of_it_again()
    assert two.holding(*hers, HERS) == {}
    assert not (two.inbox / "hers.md").exists()  # taken for done, neither an error nor tried for ever
    assert {record.header.source_commit for record in two.records()} >= his
    two.verified()
    assert two.unforget(subject=ANN[0]) > 0  # by another name of hers
    two.all_of_it_again()
    assert two.holding(mine(ANN), HERS)
    again = two.kinds()
    assert {kind: again.get(kind, 0) for kind in ("edit", "trajectory")} == {
        "edit": before["edit"] + 1,  # and the one from before enrolment
        "trajectory": before["trajectory"],
    }
    assert again["feedback"] >= before["feedback"]
    two.verified()
