"""A file system of two megabytes and two hundred files, in a mount namespace of its own: full, out of inodes or read-only when told to be.

It goes when the process that holds the namespace does, however the tests end.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.boundaries.told import Done


@dataclass(frozen=True)
class SmallDisk:
    """``path`` is where commands that :meth:`run` see the disk; ``seen`` where this process does."""

    path: Path
    seen: Path
    holder: subprocess.Popen[str]

    def _ask(self, **asked: object) -> Done:
        assert self.holder.stdin
        assert self.holder.stdout
        self.holder.stdin.write(json.dumps(asked) + "\n")
        self.holder.stdin.flush()
        return Done(**json.loads(self.holder.stdout.readline()))

    def shell(self, line: str) -> None:
        """Do a line of shell inside."""
        done = self._ask(shell=line)
        assert done.code == 0, (line, done.err)

    def run(self, *command: str, cwd: Path) -> Done:
        """A command of ours inside."""
        environment = {name: value for name, value in os.environ.items() if name.startswith(("CORPUS_", "HOME"))}
        return self._ask(command=command, cwd=str(cwd), environment=environment)

    def fill(self, leave: int) -> None:
        """Leave ``leave`` KiB."""
        cut = f"truncate -s -{leave}K {self.path}/filler" if leave else ":"
        self.shell(f"dd if=/dev/zero of={self.path}/filler bs=4k 2>/dev/null; {cut}")

    def use_up(self, leave: int) -> None:
        """Leave ``leave`` inodes."""
        more = f"while touch {self.path}/filler/$n 2>/dev/null; do n=$((n+1)); done"
        less = f"for each in $(ls {self.path}/filler | head -n {leave}); do rm {self.path}/filler/$each; done"
        self.shell(f"mkdir {self.path}/filler; n=0; {more}; {less}")

    def read_only(self, _: int = 0) -> None:
        self.shell(f"mount -o remount,ro {self.path}")

    def mend(self) -> None:
        """All that was done to it undone."""
        self.shell(f"mount -o remount,rw {self.path}; rm -rf {self.path}/filler")


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Mount one at ``path``; the test is skipped where that is not allowed."""
    for tool in ("unshare", "mount"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here")
    path.mkdir()
    options = "size=2m,nr_inodes=200,mode=0700"
    alone = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c"]
    tried = subprocess.run([*alone, f"mount -t tmpfs -o {options} tmpfs {path}"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no file system may be mounted here: {tried.stderr.strip()}")
    inside = f"mount -t tmpfs -o {options} tmpfs {path} && exec {sys.executable} -B -m tests.boundaries.told"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    holder = subprocess.Popen([*alone, inside], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield SmallDisk(path, Path(f"/proc/{holder.pid}/root{path}"), holder)
    finally:
        with contextlib.suppress(BrokenPipeError):
            holder.communicate(timeout=30)
