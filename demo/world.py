"""The scratch folder that a demonstration happens in: a home, an identity and a way to run commands, all of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console


class DemoError(Exception):
    """Something did not go as the demonstration promises; ``str(error)`` says what."""


@dataclass(frozen=True)
class World:
    """``folder`` holds everything: ``home``, ``corpus`` (the root), ``dataset`` and, where one is made, ``billing`` (the repository)."""

    folder: Path
    console: Console
    environment: dict[str, str] = field(repr=False)

    @classmethod
    def create(cls, console: Console) -> World:
        folder = Path(tempfile.mkdtemp(prefix="substrate-demo-")).resolve()
        home = folder / "home"
        home.mkdir()
        private = ("GIT_", "XDG_", "CORPUS_", "CAPTURE_", "PYTHON")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(private)}
        environment["HOME"] = str(home)
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
        environment["CORPUS_ROOT"] = str(folder / "corpus")
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        # A repository that the user told git to trust stays trusted under the new home.
        trusted = subprocess.run(["git", "config", "--get-all", "safe.directory"], capture_output=True, text=True, check=False).stdout
        world = cls(folder, console, environment)
        settings = [("user.name", "Robin Okafor"), ("user.email", "robin.okafor@billing.example"), ("init.defaultBranch", "main")]
        for name, value in [*settings, *(("safe.directory", line) for line in trusted.splitlines())]:
            world.run("git", "config", "--global", "--add", name, value, quiet=True)
        return world

    @property
    def root(self) -> Path:
        return self.folder / "corpus"

    @property
    def dataset(self) -> Path:
        return self.folder / "dataset"

    @property
    def state(self) -> Path:
        """Spool, logs and whatever else the commands keep outside the root."""
        return self.folder / "home"

    def run(self, *words: str, cwd: Path | None = None, quiet: bool = False) -> str:
        """Run one command as a user would type it, shown unless ``quiet``; returns its output. Raises :class:`DemoError` when it fails."""
        if not quiet:
            shown = shlex.join(word.replace(f"{self.folder}/", "") for word in words)
            self.console.print(f"[bold green]$[/] {_escape(shown)}", highlight=False, soft_wrap=True)
        done = subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise DemoError(f"{shlex.join(words)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done.stdout


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
