"""datatrove's nearest to a ``pretrain`` build, run by its own Python: read JSON lines, filter, exact dedup, Parquet.

    PYTHON bench/datatrove_job.py PACKS REVERTED OUT WORKERS

Its own steps throughout: two passes over the lines (signatures, then the rows), a task a file. It orders nothing and joins nothing:
what a revert took out is handed to it in REVERTED, a key a line. Needs ``datatrove orjson zstandard pyarrow xxhash regex tokenizers``.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import ExactDedupConfig, ExactDedupFilter, ExactDedupSignature, ExactFindDedups
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import ParquetWriter


def document(reader: JsonlReader, line: dict, path: str, number: int) -> dict:
    """A line as a document; a link has no text, which the reader passes over."""
    header, body = line["header"], line["body"]
    message, diff = (body.get("message") or "").strip(), body.get("diff") or ""
    told = {name: "" if value is None else value for name, value in header.items()}
    told |= {"key": line["key"], "id": line["id"], "created": header["created"].replace("Z", ".000Z")}
    if len(body.get("parents", ())) > 1 or not diff.strip():
        diff = message = ""
    return {"text": f"{message}\n\n{diff}" if message else diff, "id": line["key"], "metadata": told}


def row(writer: ParquetWriter, found: Document) -> dict:
    told = {name: value for name, value in found.metadata.items() if name != "file_path"}
    source = f"{told['tenant']}/{told['cluster']}/{told['moduleId']}"
    return {"id": found.id, "text": found.text, "source": source, "added": told["created"], "created": told["created"], "metadata": told}


def wanted(reverted: frozenset[str], found: Document) -> bool:
    return found.metadata["tuple_type"] == "edit" and found.metadata["evidence_class"] == "accepted" and found.id not in reverted


def taught(found: Document) -> bytes:
    return found.text.encode()


def main(packs: str, reverted: Path, out: Path, workers: int) -> None:
    chosen = partial(wanted, frozenset(reverted.read_text().split()))
    config, tasks = ExactDedupConfig(content_getter=taught), len(list(Path(packs).glob("*.jsonl.zst")))

    def read() -> list:
        return [JsonlReader(packs, glob_pattern="*.jsonl.zst", adapter=document), LambdaFilter(chosen)]

    def run(name: str, steps: list, tasks: int) -> None:
        LocalPipelineExecutor(steps, tasks=tasks, workers=workers, logging_dir=str(out / "logs" / name)).run()

    run("signatures", [*read(), ExactDedupSignature(str(out / "signatures"), config, finder_workers=workers)], tasks)
    run("find", [ExactFindDedups(str(out / "signatures"), str(out / "found"), config)], workers)
    writer = ParquetWriter(str(out / "rows"), compression="zstd", adapter=row)
    run("rows", [*read(), ExactDedupFilter(str(out / "found"), config), writer], tasks)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
