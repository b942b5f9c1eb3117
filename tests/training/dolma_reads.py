"""Dolma's own reader and mixer over built documents; no network.

A program of its own, for a Python that has dolma: ``python dolma_reads.py JOBS TOLD`` reads a JSON list of ``{"directory", "tenant"}``, the
directory being that of the files, and writes of each the documents as Dolma's types hold them, and those of the tenant as it mixes them.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tempfile
import types
from pathlib import Path


def main(jobs, told):
    bare()
    Path(told).write_text(json.dumps([run(**job) for job in json.loads(Path(jobs).read_text())]), encoding="utf-8")


def run(directory, tenant):
    import msgspec
    from dolma import dolma as rust
    from dolma.core.data_types import InputSpecWithMetadata

    reader = msgspec.json.Decoder(InputSpecWithMetadata)
    read = [msgspec.to_builtins(reader.decode(line)) for file in sorted(Path(directory).iterdir()) for line in lines(file)]
    with tempfile.TemporaryDirectory() as out:
        stream = {
            "name": "all",
            "documents": [f"{directory}/*"],
            "attributes": [],
            "output": {"path": f"{out}/mixed", "max_size_in_bytes": 10**9},
            "compression": {"input": None, "output": None},
            "filter": {"include": [f"$[?(@.metadata.tenant == '{tenant}')]"], "exclude": [], "syntax": "jsonpath"},
        }
        work = {"input": f"{out}/in", "output": f"{out}/out"}
        rust.mixer_entrypoint(json.dumps({"work_dir": work, "processes": 1, "shuffle": False, "streams": [stream]}))
        files = sorted(path for path in Path(out, "mixed").rglob("*") if path.is_file())
        mixed = [json.loads(line) for file in files for line in lines(file)]
    return {"read": read, "mixed": mixed}


def bare():
    """Dolma's packages without what importing them imports besides: taggers of all kinds, and the models they need."""
    home = Path(importlib.util.find_spec("dolma").submodule_search_locations[0])
    for name, place in (("dolma", home), ("dolma.core", home / "core")):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(place)]


def lines(file):
    import zstandard

    if file.suffix == ".zst":
        with file.open("rb") as compressed:
            yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(compressed, read_across_frames=True), encoding="utf-8")
    else:
        yield from file.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main(*sys.argv[1:])
