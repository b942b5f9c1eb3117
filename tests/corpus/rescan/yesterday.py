"""A corpus of every type of record, kept under rules that let secrets by, and what of them must not be there any more."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.record import LinkKind, Record, TrajectoryBody
from corpus.redaction import Redactor
from corpus.store import Corpus
from corpus.store.rescan import Rescan, Rescanned, Slipped
from corpus.xdg import config_dir
from tests.bytes_of import unpacked
from tests.capture.trajectory.making import Home, line
from tests.corpus.build.world import Change, World
from tests.corpus.redaction import made_up

POLICY = 'replace = ["IBAN_CODE"]\n'
"""What yesterday's policy let stand."""


def token(seed: int) -> str:
    return "ghp_" + made_up.text(random.Random(seed), 36)


def mail(seed: int) -> str:
    return f"{made_up.text(random.Random(seed), 9).lower()}@kontor-4711.de"


def pem(seed: int) -> str:
    drawn = random.Random(seed)
    rows = "\n".join(made_up.text(drawn, 64) for _ in range(12))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{rows}\n-----END RSA PRIVATE KEY-----"


@contextlib.contextmanager
def lenient() -> Iterator[None]:
    """As long as it lasts the tenant's policy lets everything by that this world plants."""
    file = config_dir() / "policy/acme.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(POLICY)
    try:
        yield
    finally:
        file.unlink()


@dataclass
class Yesterday:
    root: Path
    secrets: list[bytes]

    def open(self) -> Corpus:
        return Corpus.open(self.root, "acme")

    def rescan(self, *, replace: bool) -> tuple[Rescanned, list[Slipped]]:
        told: list[Slipped] = []
        with self.open() as corpus:
            run = Rescan(corpus, Redactor.for_tenant(corpus.tenant), lambda header: True, told.append, replace=replace)
            done = run.run()
            if replace:
                assert not run.settle().broken
        return done, told

    def held(self) -> set[bytes]:
        """The secrets that some file below the root holds, packed or not."""
        data = [path.read_bytes() for path in self.root.rglob("*") if path.is_file()]
        data += map(unpacked, self.root.rglob("*.jsonl.zst"))
        return {secret for secret in self.secrets for each in data if secret in each}

    def tree(self) -> dict[str, bytes]:
        """Every file below the tenant but the lock, by name."""
        home = self.root / "acme"
        return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".lock"}


def fill(home: Home, folder: Path) -> list[bytes]:
    """Commits, a session of several parts, pairs and a link, each with secrets of its own; returns these."""
    world = World(home.root)
    key = pem(1).splitlines()
    body = "".join(f"line_{number} = {number}\n" for number in range(40))
    world.edit(f"Ask {mail(2)}\n", [Change("a.py", f'TOKEN = "{token(3)}"\n{body}', f'TOKEN = "{token(3)}"\n{body}MORE = "{token(4)}"\n')])
    whole = "\n".join(key)
    # The key begins ten lines above what the difference shows of it.
    world.edit("Rotate\n", [Change("id.txt", f"{whole}\nold\n", f"{whole}\nnew\n")])
    world.edit("Add\n", [Change("conf/settings.json", None, json.dumps({"token": token(5), "n": 1}, indent=1) + "\n")])
    world.edit("Cut\n", [Change("b.py", f'A = 1\nB = "{token(6)}"\n', f'A = 2\nB = "{token(6)}"\n', before_cut=True)])
    world.edit("Move\n", [Change(f"mail/{mail(7)}/x.py", "a = 1\n", "a = 2\n")])
    world.feedback(f"Why {token(8)}?", f"because {mail(9)}", "no")
    world.called("list", ("Bash", {"command": f"curl -H 'X: {token(10)}'"}), ("Bash", {"command": "ls"}))
    world.link(LinkKind.REVERTED_BY, world.appended[0], world.appended[1])
    rows = [line(number, "assistant" if number % 2 else "user") for number in range(20)]
    rows[5] = line(5, "assistant", [{"type": "tool_use", "id": "toolu_5", "name": "Bash", "input": {"command": f"echo {token(11)}"}}])
    rows[6] = line(6, "user", [{"type": "tool_result", "tool_use_id": "toolu_5", "content": f"{token(11)}\n"}])
    rows[13] = line(13, "assistant", f"ask {mail(12)}")
    (folder / "session.jsonl").write_bytes(b"".join(rows))
    home.take(folder / "session.jsonl")
    found = [*(token(seed) for seed in (3, 4, 5, 6, 8, 10, 11)), *(mail(seed) for seed in (2, 7, 9, 12)), *key[1:-1]]
    return [each.encode() for each in found]


def records(world: Yesterday) -> dict[str, Record]:
    with world.open() as corpus:
        return {record.key: record for record in corpus.records()}


def sessions(world: Yesterday) -> list[TrajectoryBody]:
    bodies = [record.body for record in records(world).values() if isinstance(record.body, TrajectoryBody)]
    return sorted(bodies, key=lambda body: body.part)
