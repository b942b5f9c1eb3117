"""Making a set again from its manifest, and what differs: files by their digests, members by key and id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from corpus.build import manifest
from corpus.build.again import AGAIN
from corpus.build.manifest import Manifest, OutputFile
from corpus.build.members import SIZE, Members
from corpus.build.outcomes import Seen
from corpus.build.remote import Remote, destination
from corpus.build.run import make
from corpus.errors import BadInput
from corpus.store import Corpus, Happened

if TYPE_CHECKING:
    import pyarrow as pa

Fate = Literal["forgotten", "replaced", "missing", "left out"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A record behind a row of the first build that is behind none of the second; ``left out`` is one that is still kept as it was."""

    key: str
    id: str
    fate: Fate


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not the same: digests of the first build and of the second, ``""`` where a build has no such file."""

    path: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it; the same when nothing differs and nothing is missing. ``files`` counts those compared."""

    manifest: Manifest
    files: int
    differences: tuple[Difference, ...]
    missing: tuple[Missing, ...]

    @property
    def same(self) -> bool:
        return not self.differences and not self.missing


@dataclass(frozen=True, slots=True)
class Given:
    """Where the files lie that a manifest names by their digests."""

    tokenizer_at: Path | None = None
    decontaminate_at: tuple[Path, ...] = ()


NOTHING = Given()


def rebuild(
    root: Path,
    source: Path,
    out: Path | Remote,
    *,
    given: Given = NOTHING,
    workers: int | None = 1,
    seen: Seen = lambda done, total: None,
) -> Rebuilt:
    """Make the sets of the manifest ``source`` again into ``out``, as of its position; of the corpus only its list of builds grows, and
    nothing of an earlier build is used again.

    Raises :class:`BadInput` for what is no manifest or an ``out`` that it lies in, :class:`Broken` for one whose members are not those its
    roots are over, and as :func:`corpus.build.build`.
    """
    first = manifest.read(source)
    if isinstance(out, Path) and out.resolve() == source.resolve().parent:
        raise BadInput(f"--out {out} holds the build to be made again: choose another directory")
    query = first.query.model_copy(update={"options": first.query.options.model_copy(update=asdict(given))})
    with destination(out, root, first.query.tenant, seen) as directory, Corpus.open(root, first.query.tenant) as corpus:
        second = make(corpus, root, query, first.position, directory, workers=workers, afresh=True, seen=seen)
        gone = {(one.key, one.id): one.replaced for one in second.gone}
        lost = members_lost(first, second)
        forgotten = {entry.key for entry in corpus.logged(first.position) if entry.kind is Happened.FORGET} if lost else set()

    def fate(key: str, ident: str) -> Fate:
        if (key, ident) not in gone:
            return "left out"
        return "replaced" if gone[key, ident] else "forgotten" if key in forgotten else "missing"

    missing = tuple(Missing(*member, fate(*member)) for member in lost)
    before, now = ({file.path: file.sha256 for file in _files(one)} for one in (first, second))
    differences = tuple(
        Difference(path, before.get(path, ""), now.get(path, ""))
        for path in sorted(before.keys() | now.keys())
        if before.get(path) != now.get(path)
    )
    return Rebuilt(second, len(before), differences, missing)


def members_lost(first: Manifest, second: Manifest) -> list[tuple[str, str]]:
    """The members of the first that are none of the second, in order, each once."""
    import pyarrow.compute as pc

    if [built.members for built in first.sets] == [built.members for built in second.sets]:
        return []
    before = _column(first)
    lost = before.filter(pc.invert(pc.is_in(before, value_set=_column(second))))
    found = Members()
    for raw in lost.unique().to_pylist():
        found.add_raw(raw)
    return sorted(found)


def _column(one: Manifest) -> pa.ChunkedArray:
    import pyarrow as pa

    kind = pa.binary(SIZE)
    parts = (built.members.raw() for built in one.sets)
    return pa.chunked_array([pa.Array.from_buffers(kind, len(raw) // SIZE, [None, pa.py_buffer(raw)]) for raw in parts], type=kind)


def _files(one: Manifest) -> Iterator[OutputFile]:
    yield from (one.card, *one.side)
    for built in one.sets:
        yield from (file for file in (*built.files, *built.beside) if not file.path.startswith(f"{AGAIN}/"))
