"""Dolma's own reader and mixer take a build's documents, and OpenAI's own types know every key and value of its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.build.files import FileType
from corpus.build.options import Options
from tests.corpus.build.world import World, make, read_set
from tests.training.apart import needs, run
from tests.training.sets import filled

pytestmark = pytest.mark.full

UPLOADS = ("sft", "sft-blocks", "commit-message", "dpo")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return filled(tmp_path_factory.mktemp("corpus") / "root")


@needs("dolma")
@pytest.mark.parametrize("kind", [FileType.JSONL, FileType.JSONL_ZST])
def test_dolma_reads_and_mixes_the_documents_whole(world: World, tmp_path: Path, kind: FileType) -> None:
    make(world, tmp_path / "out", "pretrain", options=Options(format="dolma", file_type=kind, shard_bytes=4000))
    written = read_set(tmp_path / "out", "pretrain")
    (tmp_path / "place").mkdir()
    jobs = [{"directory": str(tmp_path / "out/pretrain"), "tenant": tenant} for tenant in ("acme", "other")]
    own, other = run("dolma_reads.py", jobs, tmp_path / "place")
    assert own["read"] == [row | {"version": None} for row in written]
    # Its mixer says of each document which line of which file it was.
    assert [document["metadata"].pop("provenance").partition("-")[0] for document in own["mixed"]] == ["train"] * len(written)
    assert own["mixed"] == written
    assert other["mixed"] == []


@needs("openai")
def test_openai_knows_every_key_and_value(world: World, tmp_path: Path) -> None:
    make(world, tmp_path / "out", *UPLOADS, options=Options(format="openai"))
    (tmp_path / "place").mkdir()
    files = [str(next((tmp_path / "out" / recipe).iterdir())) for recipe in UPLOADS]
    found: list[Any] = run("openai_checks.py", [{"file": file} for file in files], tmp_path / "place")
    assert list(zip(UPLOADS, found, strict=True)) == [(recipe, []) for recipe in UPLOADS]


@needs("openai")
@pytest.mark.parametrize(
    "line",
    [
        '{"messages":[{"role":"user","content":"a","weight":1},{"role":"assistant","content":"b","weight":1}]}',
        '{"messages":[{"role":"user","content":"a","key":"k"},{"role":"assistant","content":"b","weight":1}]}',
        '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":1}],"tools":[{"type":"function"}]}',
        '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":1}],"key":"k"}',
        '{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","type":"function"}],"weight":1}]}',
        '{"messages":[{"role":"tool","content":"a","tool_call_id":"c"},{"role":"assistant","content":"b","weight":1}]}',
    ],
)
def test_what_openai_does_not_know_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "line.jsonl").write_text(f"{line}\n")
    ((wrong,),) = run("openai_checks.py", [{"file": str(tmp_path / "line.jsonl")}], tmp_path)
    assert wrong
