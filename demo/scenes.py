"""What happens in a demonstration, in order. Each scene returns the lines that the closing page says about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from project import Planted, work
from proof import digest, files_holding
from report import Report
from rich.markup import escape
from world import DemoError, World

TENANT = "acme"
CLUSTER = "payments"
PATIENCE_S = 90
LAST = 200

SUGGESTION = {
    "prompt": "Sum up the open invoices of a customer. Do not load them all into memory.",
    "rejected": "def open_total(db):\n    invoices = list(db.all_invoices())\n    return sum(one.total for one in invoices if one.open)\n",
    "corrected": 'def open_total(db):\n    return db.scalar("SELECT COALESCE(SUM(total), 0) FROM invoices WHERE open")\n',
    "tag": "incorrect",
    "reason": "It loads every invoice. The database can add.",
    "created": "2026-05-15T09:30:00Z",
}


def captured_by_hooks(world: World) -> list[str]:
    """A new repository with hooks; its commits are captured while nobody looks, and the planted values are nowhere in what was kept."""
    repository = world.folder / "billing"
    planted = Planted.make()
    world.run("git", "init", "--quiet", "billing")
    world.run("capture", "install", "billing", "--tenant", TENANT, "--cluster", CLUSTER)
    work(world, repository, planted)
    commits = world.run("git", "rev-list", "--all", "--reflog", cwd=repository, quiet=True).split()
    waited = _wait(world, commits)
    for what, value in (("key", planted.key), ("address", planted.address)):
        found = files_holding(value, [world.root, world.state])
        if found:
            raise DemoError(f"the planted {what} was stored: {found[0]}")
    _replaced(world)
    return [
        f"{len(commits)} commits (one of them amended away) were captured by hooks, all within {waited:.1f} s of the last one.",
        f"The planted key {planted.key[:4]}… and address {planted.address.split('@')[0]}@… "
        "are nowhere below the root, the spool and the logs.",
    ]


def _replaced(world: World) -> None:
    """Absence alone would also be had by keeping nothing: both values stand as identifiers in records that hold their files whole."""
    stats = json.loads(world.run("corpus", "stats", "--tenant", TENANT, "--json", quiet=True))
    if stats["withheld_files"] or not {"AWS_ACCESS_KEY", "EMAIL_ADDRESS"} <= stats["identifiers"].keys():
        raise DemoError(f"the planted values were not replaced: {stats['identifiers']}, files withheld: {stats['withheld_files']}")


def _wait(world: World, commits: list[str]) -> float:
    """Until each commit has its record; the seconds it took from now. Raises :class:`DemoError` when patience ends."""
    started = time.monotonic()
    while True:
        missing = [commit for commit in commits if not (world.root / TENANT / "engineering" / CLUSTER / f"{commit}.jsonl").exists()]
        waited = time.monotonic() - started
        if not missing:
            return waited
        if waited > PATIENCE_S:
            raise DemoError(f"{len(missing)} of {len(commits)} commits have no record after {PATIENCE_S} s, {missing[0]} among them")
        time.sleep(0.05)


def captured_from(world: World, repository: Path) -> list[str]:
    """The last commits of a repository of the user's. Raises :class:`DemoError` where anything in its ``.git`` changed meanwhile."""

    def git(*words: str) -> str:
        return world.run("git", "--no-optional-locks", "-C", str(repository), *words, quiet=True).strip()

    where = [Path(git("rev-parse", "--absolute-git-dir")), (repository / git("rev-parse", "--git-common-dir")).resolve()]
    before = [digest(folder) for folder in where]
    span = "--all" if int(git("rev-list", "--count", "--all")) <= LAST else _last(git)
    world.run("corpus", "init")
    world.run("corpus", "tenant", "add", TENANT)
    world.run("capture", "edit", span, "--tenant", TENANT, "--cluster", CLUSTER, cwd=repository)
    if [digest(folder) for folder in where] != before:
        raise DemoError(f"something was written into {where[-1]} meanwhile: if no other program works there, this is a bug")
    return [f"{escape(str(repository))} was only read: every file in its .git is as it was. The feedback below is made up."]


def _last(git: Callable[..., str]) -> str:
    """The range on HEAD's first parents that holds the most commits, :data:`LAST` at most."""
    low, high = 0, min(LAST, int(git("rev-list", "--count", "--first-parent", "HEAD")) - 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(git("rev-list", "--count", f"HEAD~{middle}..HEAD")) <= LAST else (low, middle - 1)
    return f"HEAD~{low}..HEAD"


def feedback(world: World) -> list[str]:
    """A suggestion that was turned down, and what replaced it."""
    file = world.folder / "suggestion.json"
    file.write_text(json.dumps(SUGGESTION, indent=2) + "\n")
    world.run("capture", "feedback", file.name, "--tenant", TENANT, "--cluster", CLUSTER)
    return []


def dataset_of(world: World, notes: list[str]) -> Report:
    """Build the three sets and gather what the closing page shows."""
    recipes = [word for name in ("pretrain", "sft", "dpo") for word in ("--recipe", name)]
    built = world.run("corpus", "build", "--tenant", TENANT, *recipes, "--out", str(world.dataset), "--json")
    stats = world.run("corpus", "stats", "--tenant", TENANT, "--json")
    places = [("records", world.root), ("dataset", world.dataset), ("everything, free to delete", world.folder)]
    return Report(json.loads(stats), json.loads(built), [*notes, "", *(f"{what}: {escape(str(where))}" for what, where in places)])
