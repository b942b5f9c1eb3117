"""The filters of quality, as a user meets them: each leaves out what it should, says why, and every count adds up."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.build import Request, build, sample_rows
from corpus.build.options import Options, percent
from corpus.build.quality.contamination import words
from corpus.build.quality.globs import compile_all
from corpus.build.quality.paths import Unwritten, unwritten
from corpus.build.quality.shares import Weight, weight
from corpus.build.quality.steps import checked
from corpus.build.rebuild import Given, rebuild
from corpus.errors import BadInput
from tests.corpus.build.world import Change, World, make, rows, tree

WORDS = [f"word{number}" for number in range(400)]


def prose(seed: int, length: int = 60, changed: int = 0) -> str:
    """Words drawn by a seed; ``changed`` of them are others."""
    drawn = random.Random(seed).choices(WORDS, k=length)
    for at in range(changed):
        drawn[(at * 7 + 3) % length] = f"other{at}"
    return "".join(f"{' '.join(drawn[at : at + 10])}\n" for at in range(0, length, 10))


def say(world: World, text: str, path: str = "notes.md", **more: Any) -> str:
    return world.edit("Write it down", [Change(path, None, text)], **more)


def only(world: World, out: Path, recipe: str = "sft", **chosen: Any) -> tuple[int, dict[str, int]]:
    (built,) = make(world, out, recipe, options=Options(**chosen)).sets
    assert built.candidates == built.rows + sum(built.dropped.values())
    return built.rows, {reason.value: count for reason, count in built.dropped.items()}


def dropped(out: Path, recipe: str = "sft") -> list[dict[str, str]]:
    return [json.loads(line) for file in sorted((out / "dropped" / recipe).iterdir()) for line in file.read_text().splitlines()]


def aliases(out: Path, recipe: str = "sft") -> list[dict[str, str]]:
    place = out / "aliases" / recipe
    return [json.loads(line) for file in sorted(place.iterdir()) for line in file.read_text().splitlines()] if place.exists() else []


def test_what_was_left_out_is_kept_on_request_with_its_reason_and_its_record(world: World, tmp_path: Path) -> None:
    kept, merged, withheld = world.edit(), world.edit(parents=2), world.edit(message=None)
    again = world.edit("Say hello\n", [Change("greet.py", "print('hi')\n", "print('hello 0')\n")])
    assert only(world, tmp_path / "out", keep_dropped=True) == (1, {"withheld": 1, "merge": 1, "duplicate": 1})
    found = {line["key"]: line for line in dropped(tmp_path / "out")}
    assert {key: line["reason"] for key, line in found.items()} == {merged: "merge", withheld: "withheld", again: "duplicate"}
    assert found[again]["detail"] == kept
    assert json.loads(found[again]["row"])["key"] == again
    assert all(len(line["id"]) == 64 for line in found.values())
    before = tree(tmp_path / "out")
    only(world, tmp_path / "out", keep_dropped=True)
    assert tree(tmp_path / "out") == before, "a build replaces an earlier one, dropped rows and all"


def test_the_record_that_stays_has_its_aliases_named(world: World, tmp_path: Path) -> None:
    kept = say(world, "1\n")
    others = [say(world, "1\n") for _ in range(3)]
    first, *rest = sorted([kept, *others])
    only(world, tmp_path / "out")
    assert [(line["key"], line["alias"], line["reason"]) for line in aliases(tmp_path / "out")] == [
        (first, key, "duplicate") for key in rest
    ]
    assert not (tmp_path / "out/dropped").exists()


def test_a_duplicate_of_a_row_that_is_not_in_the_set_is_none(world: World, tmp_path: Path) -> None:
    world.edit("Write it down", [Change("a.md", None, "1\n")], cluster="docs")
    world.edit("Write it down", [Change("a.md", None, "1\n")], cluster="payments", created="2026-05-16T09:30:00Z")
    assert only(world, tmp_path / "out", weights=("cluster=docs:0",)) == (1, {"weighed": 1})


def test_near_duplicates_leave_the_first_and_name_it(world: World, tmp_path: Path) -> None:
    first = say(world, prose(1), created="2026-05-01T00:00:00Z")
    near = say(world, prose(1, changed=1), created="2026-05-02T00:00:00Z")
    say(world, prose(1, changed=20), created="2026-05-03T00:00:00Z")
    say(world, prose(2), created="2026-05-04T00:00:00Z")
    assert only(world, tmp_path / "out", "pretrain", near_percent=70) == (3, {"near-duplicate": 1})
    (alias,) = aliases(tmp_path / "out", "pretrain")
    assert (alias["key"], alias["alias"], alias["reason"]) == (first, near, "near-duplicate")
    assert only(world, tmp_path / "all", "pretrain") == (4, {})


def test_short_answers_that_nearly_agree_both_stay(world: World, tmp_path: Path) -> None:
    for number in range(3):
        world.feedback(f"Question {number}?", f"It was gone as the list today was {number}", f"It is done as the list today was {number}")
    assert only(world, tmp_path / "out", "dpo", near_percent=30) == (3, {})


def test_a_candidate_of_the_index_counts_only_when_it_is_as_near_as_asked() -> None:
    from datasketch import MinHash

    from corpus.build.quality.near import NearDuplicates
    from corpus.build.recipes.pretrain import PretrainRow
    from corpus.build.row import Provenance

    def row(text: str) -> PretrainRow:
        return PretrainRow("", text, "", "", "", Provenance(*("" for _ in range(14))))

    def estimated(one: str, other: str) -> float:
        made = []
        for text in (one, other):
            told = text.split()
            made.append(MinHash(num_perm=128, seed=1))
            made[-1].update_batch({" ".join(told[at : at + 5]).encode() for at in range(len(told) - 4)})
        return float(made[0].jaccard(made[1]))

    record: Any = None
    nearness = set()
    for changed in range(12):
        step = NearDuplicates(60)
        first, second = prose(3, 100), prose(3, 100, changed)
        assert step.look(step.trait(record, row(first))) is None
        step.keep(step.trait(record, row(first)), bytes(32))
        found = step.look(step.trait(record, row(second)))
        assert (found is not None) <= (estimated(first, second) >= 0.6)
        nearness.add(found is not None)
    assert nearness == {True, False}


def test_answers_are_compared_and_not_the_file_that_both_change(world: World, tmp_path: Path) -> None:
    lines = prose(1, 3000).splitlines(keepends=True)
    for number, place in enumerate((20, 150)):
        after = [*lines[:place], *prose(50 + number, 80).splitlines(keepends=True), *lines[place:]]
        world.edit(f"Change {number}", [Change("notes.md", "".join(lines), "".join(after))])
    assert only(world, tmp_path / "out", near_percent=60) == (2, {})


@pytest.mark.parametrize(("text", "number"), [("0.8", 80), ("1", 100), ("0.85", 85), ("0.30", 30)])
def test_a_similarity_is_read(text: str, number: int) -> None:
    assert percent(text) == number


@pytest.mark.parametrize("text", ["", "0.2", "1.1", "80", "0.888", "-0.8", "none"])
def test_what_is_no_similarity_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="--near-duplicates"):
        percent(text)


def test_rows_that_share_thirteen_words_with_a_test_are_left_out_wherever_they_have_them(world: World, tmp_path: Path) -> None:
    told = "Write a function that takes a list of numbers and returns the largest of them, or None."
    (tmp_path / "bench.jsonl").write_text(json.dumps({"id": 1, "prompt": [told], "n": None}) + "\n")
    answer = say(world, "def largest():\n    " + told.upper().replace(" ", "\n    #  ") + "\n")
    prompt = world.edit("Change", [Change("a.py", f"{told}\n", "other\n")])
    say(world, " ".join(told.split()[:12]) + " smallest\n")
    found = only(world, tmp_path / "out", decontaminate_at=(tmp_path / "bench.jsonl",), keep_dropped=True)
    assert found == (1, {"contaminated": 2})
    assert {line["key"]: line["detail"] for line in dropped(tmp_path / "out")} == dict.fromkeys((answer, prompt), "bench.jsonl")


def test_a_short_test_counts_as_a_whole_and_a_shorter_one_not_at_all(world: World, tmp_path: Path) -> None:
    (tmp_path / "bench.txt").write_text("one two three four five six seven eight nine")
    say(world, "ONE, two; three four five six seven eight nine!\n")
    say(world, "two three four five six seven eight nine\n")
    assert only(world, tmp_path / "out", decontaminate_at=(tmp_path / "bench.txt",)) == (1, {"contaminated": 1})
    (tmp_path / "short.txt").write_text("one two three")
    with pytest.raises(BadInput, match="8 words"):
        only(world, tmp_path / "out", decontaminate_at=(tmp_path / "short.txt",))


@given(st.lists(st.text(alphabet="ab ", max_size=3), max_size=60), st.lists(st.text(alphabet="ab ", max_size=3), max_size=60))
def test_contamination_is_what_comparing_every_run_says(left: list[str], right: list[str]) -> None:
    from corpus.build.quality.contamination import Contaminated, TestFile
    from corpus.build.recipes.pretrain import PretrainRow
    from corpus.build.row import Provenance

    where = Provenance(*("" for _ in range(14)))
    told, asked = " ".join(left), " ".join(right)
    length = min(len(words(told)), 13)

    def runs(text: str) -> set[tuple[str, ...]]:
        every = words(text)
        return {tuple(every[at : at + length]) for at in range(len(every) - length + 1)}

    step = Contaminated([TestFile("t", "", (told,))])
    found = step.look(None, PretrainRow("", asked, "", "", "", where))  # type: ignore[arg-type]
    assert (found is not None) == (length >= 8 and bool(runs(told) & runs(asked)))


@pytest.mark.parametrize(
    ("name", "text"), [("a.jsonl", "{"), ("a.json", "[1,"), ("a.txt", b"\xff\xfe"), ("missing.jsonl", None), ("a.jsonl", "")]
)
def test_a_test_file_that_is_none_is_bad_input(world: World, tmp_path: Path, name: str, text: str | bytes | None) -> None:
    world.edit()
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput, match="--decontaminate"):
        only(world, tmp_path / "out", decontaminate_at=(tmp_path / name,))
    assert not (tmp_path / "out").exists()


def test_a_build_that_used_files_is_made_again_from_the_same_files_alone(world: World, tmp_path: Path) -> None:
    test = tmp_path / "bench.txt"
    test.write_text("one two three four five six seven eight nine ten eleven twelve thirteen")
    say(world, test.read_text() + "\n")
    say(world, "2\n")
    only(world, tmp_path / "out", decontaminate_at=(test,))
    text = (tmp_path / "out/manifest.json").read_text()
    assert "bench.txt sha256:" in text
    assert str(tmp_path) not in text
    source = tmp_path / "out/manifest.json"
    assert rebuild(world.root, source, tmp_path / "again", given=Given(decontaminate_at=(test,))).same
    with pytest.raises(BadInput, match="name it, as it was, with --decontaminate"):
        rebuild(world.root, source, tmp_path / "again")
    test.write_text("two three four five six seven eight nine ten eleven twelve thirteen")
    with pytest.raises(BadInput, match="name it, as it was, with --decontaminate"):
        rebuild(world.root, source, tmp_path / "again", given=Given(decontaminate_at=(test,)))


@pytest.mark.parametrize(
    ("path", "nobodys"),
    [
        ("package-lock.json", True),
        ("web/yarn.lock", True),
        ("go.sum", True),
        ("a/node_modules/b/index.js", True),
        ("vendor/x.go", True),
        ("third_party/x/y.c", True),
        ("api/v1_pb2.py", True),
        ("lib/user.g.dart", True),
        ("static/app.min.js", True),
        ("dist/index.js", True),
        ("src/app.js", False),
        ("vendors.py", False),
        ("go.summary", False),
        ("src/package-lock.json.md", False),
        ("distance/a.py", False),
        ("Makefile", False),
    ],
)
def test_files_that_nobody_wrote_are_known_by_their_paths(path: str, nobodys: bool) -> None:
    assert unwritten(path) is nobodys


def test_commits_of_files_that_nobody_wrote_are_left_out_when_all_are_or_any_is(world: World, tmp_path: Path) -> None:
    world.edit("Lock", [Change("uv.lock", "1\n", "2\n"), Change("dist/a.js", "1\n", "2\n")])
    world.edit("Both", [Change("uv.lock", "1\n", "2\n"), Change("a.py", "1\n", "2\n")])
    world.edit("Work", [Change("a.py", "1\n", "2\n")])
    assert only(world, tmp_path / "out") == (2, {"generated": 1})
    assert only(world, tmp_path / "out", generated=Unwritten.ANY) == (1, {"generated": 2})
    assert only(world, tmp_path / "out", generated=Unwritten.KEEP) == (3, {})


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.md", ["a.md", "x/y/b.md"], ["a.mdx", "md"]),
        ("/docs", ["docs/a.md", "docs/b/c"], ["src/docs/a.md", "docs2"]),
        ("legal/**/*.txt", ["legal/a.txt", "legal/x/y/a.txt"], ["legal/a.md", "x/legal/a.txt"]),
        ("src/*", ["src/a", "src/a/b"], ["src", "x/src/a"]),
        ("a?c", ["abc", "x/abc/y"], ["a/c", "abbc"]),
        ("**/gen/**", ["gen/a", "x/gen/y/z"], ["generated/a"]),
        ("a.c", ["a.c"], ["abc"]),
    ],
)
def test_a_pattern_matches_as_gitignore_has_it(glob: str, yes: list[str], no: list[str]) -> None:
    pattern = compile_all([glob])
    assert [path for path in [*yes, *no] if pattern.fullmatch(path)] == yes


def test_a_commit_that_touches_a_path_that_was_left_out_is_left_out_whole(world: World, tmp_path: Path) -> None:
    world.edit("Licensed", [Change("third/lib.c", "1\n", "2\n"), Change("a.py", "1\n", "2\n")])
    world.edit("Ours", [Change("a.py", "1\n", "2\n")])
    assert only(world, tmp_path / "out", exclude_paths=("third", "*.pem")) == (1, {"path": 1})


def test_a_cap_takes_the_first_of_each_owner_and_later_work_changes_none_of_them(world: World, tmp_path: Path) -> None:
    for number in range(6):
        path = "a.py" if number % 2 else "b.py"
        world.edit(f"Change {number}", [Change(path, "1\n", f"v{number}\n")], created=f"2026-05-{number + 1:02}T00:00:00Z")
    assert only(world, tmp_path / "out", max_per=("file=2",)) == (4, {"capped": 2})
    before = rows(tmp_path / "out", "sft")
    world.edit("Later", [Change("a.py", "1\n", "later\n")], created="2026-06-01T00:00:00Z")
    assert only(world, tmp_path / "out", max_per=("file=2",)) == (4, {"capped": 3})
    assert rows(tmp_path / "out", "sft") == before
    assert only(world, tmp_path / "out", max_per=("file=2", "module=3")) == (3, {"capped": 4})
    assert only(world, tmp_path / "out", max_per=("author=1",)) == (7, {}), "nobody's name is no owner"


@pytest.mark.parametrize("text", ["author", "author=0", "author=-1", "person=3", "author=x", "=3", ""])
def test_a_cap_that_is_none_is_bad_input(world: World, tmp_path: Path, text: str) -> None:
    world.edit()
    with pytest.raises(BadInput, match="--max-per"):
        only(world, tmp_path / "out", max_per=(text,))


def test_a_weight_takes_a_share_of_its_source_and_the_same_rows_whatever_else_there_is(world: World, tmp_path: Path) -> None:
    keys = [world.edit(f"Change {number}", cluster="docs") for number in range(60)]
    count, left = only(world, tmp_path / "out", weights=("cluster=docs:0.5",))
    assert 15 < count < 45
    assert left == {"weighed": 60 - count}
    kept = {row["key"] for row in rows(tmp_path / "out", "sft")}
    assert kept < set(keys)
    for number in range(5):
        world.edit(f"Other {number}", cluster="payments")
    assert only(world, tmp_path / "out", weights=("cluster=docs:0.5",))[0] == count + 5
    assert kept < {row["key"] for row in rows(tmp_path / "out", "sft")}
    fewer = only(world, tmp_path / "out", weights=("cluster=docs:0.25",))[0] - 5
    assert fewer < count
    assert {row["key"] for row in rows(tmp_path / "out", "sft") if row["cluster"] == "docs"} < kept, "a smaller share is of the larger one"


@pytest.mark.parametrize("text", ["cluster=docs", "cluster=docs:2", "cluster:0.5", "key=1:0.5", "cluster=docs:0.5555", "cluster=docs:-1"])
def test_a_weight_that_is_none_is_bad_input(world: World, tmp_path: Path, text: str) -> None:
    world.edit()
    with pytest.raises(BadInput, match="--weight"):
        only(world, tmp_path / "out", weights=(text,))


CHOICES: dict[str, list[Any]] = {
    "generated": list(Unwritten),
    "exclude_paths": [(), ("docs",)],
    "exclude_licenses": [(), ("GPL-*",)],
    "weights": [(), ("cluster=docs:0.5", "evidence_class=observed:0.9")],
    "near_percent": [None, 60],
    "max_per": [(), ("file=2", "cluster=4")],
    "format": [None, "llama-factory"],
    "keep_dropped": [False, True],
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()}))
def test_whatever_is_chosen_records_in_are_rows_out_and_dropped_by_reason(
    mixed: World, tmp_path_factory: Any, chosen: dict[str, Any]
) -> None:
    out = tmp_path_factory.mktemp("sets") / "out"
    try:
        done = build(Request(mixed.root, mixed.tenant, ("pretrain", "sft", "dpo"), options=Options(**chosen)), out)
    except BadInput as error:
        assert "no row for" in str(error)  # noqa: PT017 - whatever was chosen may leave nothing
        return
    for built in done.sets:
        assert built.candidates == built.rows + sum(built.dropped.values()) == built.records_in
        assert len(built.members) == built.rows == sum(file.rows for file in built.files)
        if chosen["keep_dropped"] and built.dropped:
            lines = dropped(out, built.recipe)
            counted = {reason: len(list(group)) for reason, group in itertools.groupby(sorted(line["reason"] for line in lines))}
            assert counted == {reason.value: count for reason, count in built.dropped.items()}
            assert {line["key"] for line in lines}.isdisjoint(key for key, _ in built.members)
        assert {line["key"] for line in aliases(out, built.recipe)} <= {key for key, _ in built.members}
    before = tree(out)
    build(Request(mixed.root, mixed.tenant, ("pretrain", "sft", "dpo"), options=Options(**chosen)), out)
    assert tree(out) == before


@pytest.fixture
def mixed(world: World) -> World:
    for number in range(14):
        path = ["a.py", "docs/a.md", "uv.lock", "b.py"][number % 4]
        changes = [Change(path, "1\n", prose(number // 3, changed=number % 3))]
        world.edit(
            f"Change {number // 2}", changes, cluster="docs" if number % 3 else "payments", created=f"2026-05-{number + 1:02}T00:00:00Z"
        )
    world.edit(parents=2)
    world.edit(message=None)
    world.feedback()
    world.feedback()
    return world


def test_a_sample_shows_no_row_that_a_build_leaves_out_as_generated(world: World) -> None:
    world.edit("Lock\n", [Change("poetry.lock", "1\n", "2\n")])
    mine = world.edit()
    assert [row.where().key for row in sample_rows(world.root, "acme", "sft", 9)] == [mine]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("model=qwen2.5:7b:0.25", Weight("model", "qwen2.5:7b", 250)),
        ("model=a:0.5:1", Weight("model", "a:0.5", 1000)),
        ("cluster=docs:0.5", Weight("cluster", "docs", 500)),
    ],
)
def test_the_share_of_a_weight_is_behind_its_last_colon(text: str, read: Weight) -> None:
    assert weight(text) == read
    (canonical,) = checked(Options(weights=(text,))).weights
    assert weight(canonical) == read
