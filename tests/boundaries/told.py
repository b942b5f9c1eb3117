"""A command as a shell would run it, but forked from here, so that hundreds of runs take seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

fork = get_context("fork")
for heavy in (
    "capture.history",
    "capture.hooks.install",
    "capture.sessions",
    "corpus.build",
    "corpus.store.index",
    "corpus.commands.rescan",
):
    import_module(heavy)  # once here, not in every child


@dataclass(frozen=True)
class Done:
    """What a command ended with, and what it said."""

    code: int
    out: str
    err: str


def told(program: str, *words: str | Path, cwd: Path, said: bytes = b"") -> Done:
    """Run ``program`` (``capture`` or ``corpus``) in a child that begins in ``cwd`` and reads ``said``."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(said)
        given.seek(0)
        files = tuple(each.fileno() for each in (given, out, err))
        process = fork.Process(target=_run, args=(program, list(map(str, words)), cwd, files))
        process.start()
        process.join(120)
        assert process.exitcode is not None, f"{program} {words} does not end"
        out.seek(0)
        err.seek(0)
        return Done(process.exitcode, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace"))


def _run(program: str, words: list[str], cwd: Path, files: tuple[int, ...]) -> None:
    os.chdir(cwd)
    for stream, fd in enumerate(files):
        os.dup2(fd, stream)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(os.dup(0)), *(os.fdopen(os.dup(stream), "w") for stream in (1, 2))
    sys.argv = [program, *words]
    import_module(f"{program}.cli").main()


def serve() -> None:
    """Do what is asked for, a line of JSON each: a command of ours with its words and where it begins, or a line of shell."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "shell" in asked:
            done = subprocess.run(["sh", "-c", asked["shell"]], capture_output=True, text=True, check=False)
            said = Done(done.returncode, done.stdout, done.stderr)
        else:
            os.environ.update(asked["environment"])
            said = told(*asked["command"], cwd=asked["cwd"])
        print(json.dumps(asdict(said)), flush=True)


if __name__ == "__main__":
    serve()
