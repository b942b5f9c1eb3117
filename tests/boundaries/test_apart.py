"""Random tenants, records and happenings from random processes: each keeps what was acknowledged, nothing of one is in another's."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.store import Corpus
from tests.boundaries.living import DOING, Known, Step, Tenant, found, new_root, start
from tests.boundaries.told import told
from tests.bytes_of import bytes_of

NAMES = ["acme", "globex", "initech", "umbra"]
SYLLABLES = ["ba", "du", "fe", "go", "ki", "lo", "mu", "ne", "pa", "ri", "so", "tu"]
WRITES = ["add", "bulk", "replace", "session", "forget"]
NUMBERS = 90


def run(seed: int, steps: int, place: Path) -> None:
    chance = random.Random(seed)
    words = ["q" + "".join(chance.sample(SYLLABLES, 6)) for _ in NAMES]
    tenants = [Tenant(*both) for both in list(zip(NAMES, words, strict=True))[: chance.randint(2, 4)]]
    roots = [new_root(place / name, tenants) for name in ("here", "there")]
    for number in range(steps):
        doing = []
        for at in range(chance.randint(1, 3)):
            what = chance.choices(list(DOING), weights=[4 if name in WRITES else 1 for name in DOING])[0]
            numbers = tuple(chance.sample(range(NUMBERS), 20 if what == "bulk" else chance.randint(1, 5)))
            out = place / "out" / f"{number}-{at}"
            out.parent.mkdir(exist_ok=True)
            doing.append(Step(what, chance.choice(roots), chance.choice(tenants), numbers, number // 4 + 1, out))
        # What is forgotten while it is written may be in or out: only one of these is done to a tenant at once.
        alone = {(step.root, step.tenant.name): step for step in doing if step.what in ("forget", "session", "replace")}
        doing = [step for step in doing if alone.get((step.root, step.tenant.name), step) is step or step.what not in WRITES]
        for step, end in [(step, start(step)) for step in doing]:
            note(step, end())
        if number % 9 == 8:
            merged(chance, roots, chance.choice(tenants), place)
        if number % 15 == 14 or number == steps - 1:
            for tenant in tenants:
                for root in roots:
                    looked_at(root, tenant, tenants, place)
                    intruded(chance, root, tenant, tenants, place)


def note(step: Step, done: Known) -> None:
    kept, gone = step.tenant.kept[step.root.name], step.tenant.gone[step.root.name]
    for key, version in done.items():
        if version < (0, 0):
            kept.pop(key, None)
            gone.add(key)
        else:
            assert key not in gone, f"{step.what} brought back what was forgotten"
            kept[key] = max(version, kept.get(key, version))


def merged(chance: random.Random, roots: list[Path], tenant: Tenant, place: Path) -> None:
    """What one root has of a tenant goes into the other."""
    source, target = chance.sample(roots, 2)
    bundle = place / "bundles" / f"{source.name}-{tenant.name}"
    bundle.parent.mkdir(exist_ok=True)
    here = ("--tenant", tenant.name)
    assert told("corpus", "export", "--out", bundle, *here, "--root", source, cwd=place).code == 0
    done = told("corpus", "import", "--merge", bundle, *here, "--root", target, cwd=place)
    assert done.code == 0, done.err
    kept, gone = tenant.kept[target.name], tenant.gone[target.name]
    gone |= tenant.gone[source.name]  # what was forgotten there is forgotten here
    for key, version in tenant.kept[source.name].items():
        kept[key] = max(version, kept.get(key, version))
    tied = tenant.tied(range(NUMBERS))
    for key in gone:
        kept.pop(key, None)
        kept.pop(tied.get(key, ""), None)
    other = next(name for name in NAMES if name != tenant.name)
    refused = told("corpus", "import", "--merge", bundle, "--tenant", other, "--root", target, cwd=place)
    assert (refused.code, len(refused.err.splitlines())) == (3, 1)


def looked_at(root: Path, tenant: Tenant, tenants: list[Tenant], place: Path) -> None:
    """Everything that is there is what was acknowledged, and everything that can be read of it is its own."""
    assert found(root, tenant) == tenant.kept[root.name]
    here = ("--tenant", tenant.name, "--root", root)
    with Corpus.open(root, tenant.name) as corpus:
        shown = [entry.id for entry in list(corpus.entries())[-2:]]
    asked = [("stats", "--json"), ("verify", "--json"), ("find", "--json", "--where", "role=contributor"), ("rescan", "--json"), ("pack",)]
    said = ""
    for words in [*asked, *(("show", ident) for ident in shown)]:
        done = told("corpus", *words, *here, cwd=place)
        assert (done.code, done.err) == (0, ""), words
        said += done.out
        if words[0] == "verify":
            assert json.loads(done.out)["problems"] == []
    theirs = [each for each in tenants if each is not tenant]
    where = {"what was said": said.encode(), **dict(below(root / tenant.name))}
    for folder in (place / "out", place / "bundles"):
        for made in folder.iterdir() if folder.exists() else ():
            if (made / "manifest.json").exists() or (made / "bundle.json").exists():
                whose = [each for each in tenants if each.name in str(json.loads(next(made.glob("*.json")).read_bytes()))]
                if whose == [tenant]:
                    where |= dict(below(made))
    own = tenant.canary.encode()
    assert own in where["what was said"] or not tenant.kept[root.name]
    for name, data in where.items():
        for other in theirs:
            assert other.canary.encode() not in data, f"{name} of {tenant.name} holds what is {other.name}'s"
    assert not list(root.rglob(".tmp-*"))


def intruded(chance: random.Random, root: Path, tenant: Tenant, tenants: list[Tenant], place: Path) -> None:
    """Files of another tenant's lie in the places of a tenant's own, for a while: whatever is asked, nothing of them is said."""
    other = chance.choice([each for each in tenants if each is not tenant])
    home = root / other.name
    theirs = [path.relative_to(home) for path in home.rglob("*") if path.is_file() and path.name not in (".lock", "tenant.toml")]
    for path in chance.sample(theirs, min(3, len(theirs))):
        to = root / tenant.name / str(path).replace(other.canary, tenant.canary)
        made = [each for each in to.parents if not each.exists()]
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = to.read_bytes() if to.exists() else None
        shutil.copyfile(home / path, to)
        for words in (("stats",), ("verify",), ("find", "--where", "role=contributor")):
            done = told("corpus", *words, "--tenant", tenant.name, "--root", root, cwd=place)
            assert done.code in (0, 3, 4), (path, done)
            assert len(done.err.splitlines()) == (done.code != 0), path
            assert other.canary not in done.out + done.err, path
        to.unlink() if before is None else to.write_bytes(before)
        for each in made:
            shutil.rmtree(each, ignore_errors=True)


def below(top: Path) -> Iterator[tuple[str, bytes]]:
    return ((str(path), bytes_of(path)) for path in sorted(top.rglob("*")) if path.is_file())


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 12), *(pytest.param(seed, 100, marks=[pytest.mark.full, pytest.mark.timeout(1800)]) for seed in range(2, 12))]
)
def test_what_tenants_keep_side_by_side_is_all_there_and_never_anothers(seed: int, steps: int, tmp_path: Path) -> None:
    run(seed, steps, tmp_path)
