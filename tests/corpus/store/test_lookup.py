"""Looking up by session, by link and by time gives what reading every record would, wherever records lie."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.errors import Broken
from corpus.names import check
from corpus.record import LinkBody, LinkKind, TupleType, key_of
from corpus.redaction import Redacted, Redactor
from corpus.redaction.draft import Draft, Label, Scrub
from corpus.store import By, Corpus, Hit, Name
from corpus.store.postings import EVER
from tests.corpus.store.making import draft, make_root

ENDS = [key_of("acme", "feedback", f"end {number}") for number in range(3)]
NAMES = [
    *(Name("feedback", By.SESSION, f"s{number}") for number in range(4)),
    *(Name(kind, by, end) for kind in (LinkKind.SESSION_OF, LinkKind.COMPLETES) for by in (By.FROM, By.TO) for end in ENDS),
]


def link(kind: LinkKind, start: str, end: str, created: str) -> Draft:
    def render(scrub: Scrub) -> LinkBody:
        return LinkBody.model_validate({"kind": kind, "from": start, "to": end, "value": None, "basis": "b"})

    label = Label(check("tenant", "acme"), check("cluster", "payments"), check("moduleId", "billing"), check("role", "contributor"))
    names = (kind.value, start, end)
    key = key_of("acme", TupleType.LINK, *names, None)
    return Draft(TupleType.LINK, label, (*names, None), key, created, render)


def made(seed: int) -> list[Redacted]:
    """Records of a few sessions and links between a few keys, some of them in two versions."""
    rng = random.Random(seed)
    drafts = []
    for number in range(60):
        created = f"2026-{rng.randint(1, 9):02d}-0{rng.randint(1, 3)}T00:00:00Z"
        told = draft(f"r{number}", created=created)
        drafts.append(replace(told, session_id=rng.choice([None, "s0", "s1", "s2"])))
    for kind in (LinkKind.SESSION_OF, LinkKind.COMPLETES):
        drafts += [link(kind, start, end, "2026-05-01T00:00:00Z") for start in ENDS for end in ENDS[:2] if rng.random() < 0.6]
    gate = Redactor.for_tenant(check("tenant", "acme"))
    records = [gate.admit(one) for one in drafts]
    rng.shuffle(records)
    return records + [gate.admit(one, 1) for one in rng.sample(drafts[:60], 8)]


@pytest.fixture(scope="module")
def records() -> dict[int, list[Redacted]]:
    return {seed: made(seed) for seed in range(3)}


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_under_a_name_is_what_all_records_say(records: dict[int, list[Redacted]], tmp_path: Path, seed: int) -> None:
    chosen = records[seed]
    packed = random.Random(seed).choices(range(len(chosen)), k=2)
    with Corpus.open(make_root(tmp_path / "root"), "acme") as corpus:
        for at, one in enumerate(chosen):
            corpus.replace(one)
            if at in packed:
                corpus.pack()
        every = {entry.key: (entry, corpus.read(entry)) for entry in corpus.entries()}
        look = corpus.lookup()
        for name in NAMES:
            for month in (0, 3, 7):
                low = (1_767_225_600 + month * 30 * 86400) * 1_000_000 if month else EVER[0]
                told = [(entry, hit) for key, (entry, told) in every.items() if stands(told, name) and (hit := Hit(entry.created_us, key))]
                expected = sorted(hit for entry, hit in told if entry.created_us >= low)
                assert look.find(name, low) == expected
                assert look.find(name, EVER[0], low) == sorted(hit for entry, hit in told if entry.created_us <= low)
                assert look.entries([*(hit.key for hit in expected), "ab" * 32]) == [every[hit.key][0] for hit in expected]
            assert look.under(name) == [every[hit.key][0] for hit in look.find(name)]
        assert sum(len(look.find(name)) for name in NAMES) > 30


def stands(record: object, name: Name) -> bool:
    body, header = record.body, record.header  # type: ignore[attr-defined]
    if name.by is By.SESSION:
        return bool(header.tuple_type == name.kind and header.session_id == name.value)
    return isinstance(body, LinkBody) and body.kind == name.kind and name.value == (body.from_ if name.by is By.FROM else body.to)


def test_a_look_goes_on_while_what_was_loose_is_packed(records: dict[int, list[Redacted]], tmp_path: Path) -> None:
    with Corpus.open(make_root(tmp_path / "root"), "acme") as corpus, Corpus.open(tmp_path / "root", "acme") as writer:
        for one in records[0]:
            writer.replace(one)
        look = corpus.lookup()
        before = look.find(NAMES[0])
        writer.pack()
        assert look.find(NAMES[0]) == before != []
        assert [corpus.read(entry).key for entry in look.entries(hit.key for hit in before)] == [hit.key for hit in before]


def test_a_key_table_that_lost_its_end_is_broken(records: dict[int, list[Redacted]], tmp_path: Path) -> None:
    root = make_root(tmp_path / "root")
    with Corpus.open(root, "acme") as corpus:
        corpus.append_many(records[1])
        corpus.pack()
    table = next(root.glob("acme/packs/*.keys"))
    whole = table.read_bytes()
    for data in (whole[:-28], whole[:-5], whole + bytes(28)):
        table.write_bytes(data)
        with Corpus.open(root, "acme") as corpus, pytest.raises(Broken, match=table.name):
            corpus.lookup().find(NAMES[0])
