"""Every count of a build adds up, over generated corpora: what was selected is a row or has a reason, and is counted once."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from corpus.build.files import FileType
from corpus.build.funnel import funnel, steps
from corpus.build.manifest import BuiltSet, read
from corpus.build.options import Options
from corpus.build.reasons import Reason
from corpus.build.recipes import RECIPES
from corpus.build.request import Request
from corpus.record import Header, TupleType
from corpus.store import Corpus, add_tenant, init_root
from tests.corpus.build.grown import MAIN, Grown, in_small_pieces
from tests.corpus.build.world import World, make, read_set

ALL = ("pretrain", "sft", "sft-blocks", "commit-message", "dpo", "kto")
TALKS = ("sft", "dpo", "kto")
SPLIT = ("test=30",)
COPIES = (Reason.DUPLICATE, Reason.NEAR_DUPLICATE)

ASKED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], dict[str, Any]]] = {
    "nothing": (ALL, (), (), {"file_type": FileType.JSONL_ZST}),
    "a module, in splits": (ALL, MAIN, SPLIT, {"near_percent": 70, "shard_bytes": 1500}),
    "tables, with shares": (ALL, (), SPLIT, {"file_type": FileType.PARQUET, "max_per": ("file=2",), "weights": ("moduleId=billing:0.6",)}),
    "a trainer's format": (TALKS, MAIN, (), {"format": "llama-factory", "exclude_paths": ("src/a.py",)}),
    "a model and no test texts": (TALKS, ("model=m-1",), SPLIT, {"decontaminate_at": True}),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_pieces(monkeypatch)


def grown(home: Path, seed: object) -> Grown:
    root = Path(tempfile.mkdtemp(dir=home)) / "root"
    init_root(root)
    add_tenant(root, "acme")
    made = Grown(World(root), Random(str(seed)))
    made.grow()
    return made


def kept(ours: Grown, where: tuple[str, ...]) -> dict[str, Header]:
    """The records that there are, links aside, and that meet conditions of the form ``FIELD=VALUE`` over headers."""
    with Corpus.open(ours.world.root, "acme") as corpus:
        found = {entry.key: entry.header for entry in corpus.entries() if entry.header.tuple_type is not TupleType.LINK}
    asked = [condition.partition("=")[::2] for condition in where if not condition.startswith("model")]
    return {key: header for key, header in found.items() if all(getattr(header, field) == value for field, value in asked)}


@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.parametrize("asked", ASKED)
@given(st.integers(0, 1 << 32))
def test_records_in_are_rows_out_and_what_was_dropped_by_reason(tmp_path: Path, asked: str, seed: int) -> None:
    ours = grown(tmp_path, f"{asked} {seed}")
    recipes, where, split, more = ASKED[asked]
    if "decontaminate_at" in more:
        (tmp_path / "tests.txt").write_text(" ".join(ours.lines[0]))
        more = {"decontaminate_at": (tmp_path / "tests.txt",)}
    options, out = Options(**more, keep_dropped=True), ours.world.root.parent / "out"
    told = funnel(Request(ours.world.root, "acme", recipes, where, options=options, split=split))
    done = make(ours.world, out, *recipes, where=where, split=split, options=options)
    records = kept(ours, where)
    assert (told.records, told.selected) == (len(kept(ours, ())), len(records))
    for counted, built in zip(told.sets, done.sets, strict=True):
        assert counted == built.model_copy(update={"files": (), "beside": ()}), "what is counted before is what is built"
        assert steps(counted)[-1].left == built.rows == len(built.members)
        adds_up(built)
        stands(built, out, records)
    assert read(out / "manifest.json").sets == done.sets
    assert sum(built.rows for built in done.sets) > 1
    assert len({reason for built in done.sets for reason in built.dropped}) > 1


def adds_up(built: BuiltSet) -> None:
    """The manifest by itself."""
    assert built.candidates == built.rows + sum(built.dropped.values())
    assert all(built.dropped.values())
    counts = [built.splits, built.months, built.lengths, built.classes]
    assert [sum(count.values()) for count in counts] == [built.rows] * len(counts)  # type: ignore[attr-defined]
    in_files: Counter[str] = Counter()
    for file in built.files:
        in_files[Path(file.path).name.partition("-")[0]] += file.rows
    assert in_files == built.splits


def stands(built: BuiltSet, out: Path, records: dict[str, Header]) -> None:
    """The manifest beside the files, and beside the records that there are."""
    reads = [key for key, header in records.items() if RECIPES[built.recipe].takes(header.tuple_type)]
    assert built.records_in == len(reads)
    assert len(read_set(out, built.recipe) if built.rows else []) == built.rows
    left = read_set(out / "dropped", built.recipe) if built.dropped else []
    assert Counter(each["reason"] for each in left) == {reason.value: count for reason, count in built.dropped.items()}
    copies = read_set(out / "aliases", built.recipe) if any(reason in built.dropped for reason in COPIES) else []
    assert [(each["alias"], each["key"]) for each in copies] == [(each["key"], each["detail"]) for each in left if each["reason"] in COPIES]
    assert {each["key"] for each in copies} <= {key for key, _ in built.members}, "what stays instead is in the set"
    assert sum(file.rows for file in built.beside) == len(left) + len(copies)
    # A commit or a pair is one candidate (two answers, judged one by one, are two); a session's parts as many as it has replies.
    candidates = Counter([*(key for key, _ in built.members), *(each["key"] for each in left)])
    assert candidates.keys() <= set(reads)
    for key in reads:
        kind = records[key].tuple_type
        judged = (
            built.recipe == "kto"
            and kind is TupleType.FEEDBACK
            and not any(each["reason"] == "completed" for each in left if each["key"] == key)
        )
        assert kind is TupleType.TRAJECTORY or candidates[key] == (2 if judged else 1)
