"""What an earlier build, or one that was cut off, left to be used again: what was made of pieces, and shards.

``.again/<recipe>.arrows`` is an Arrow stream with a batch a piece: what :class:`corpus.build.offers.Offers` has, but no text. A build over
an earlier one takes from there what it need not make, and links the shards that are to hold the same lines. Beside it lies, while a build
is made, ``<recipe>.shards``: a line for each that is written.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence, Set
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from corpus.build.hashed import Hashed
from corpus.build.manifest import OutputFile, earlier
from corpus.build.members import leaf_hashes
from corpus.build.mine import opened
from corpus.build.offers import Offers
from corpus.build.output import BEFORE
from corpus.build.reasons import Reason
from corpus.build.render import Job
from corpus.build.tally import Sort

if TYPE_CHECKING:
    import pyarrow as pa

AGAIN = ".again"
_MEMBER = 64


class Notes:
    """One recipe's notes while its set is made in ``directory``. What is noted is on its way to the disk when a method returns."""

    def __init__(self, directory: Path, recipe: str) -> None:
        self._name = f"{AGAIN}/{recipe}.arrows"
        (directory / AGAIN).mkdir(exist_ok=True)
        self._file = Hashed(directory / self._name)
        self._shards = Hashed(directory / AGAIN / f"{recipe}.shards")
        self._stream: pa.RecordBatchStreamWriter | None = None
        self._rows = 0

    def piece(self, name: str, offers: Offers) -> None:
        """Remember what was made of a piece."""
        import pyarrow as pa

        batch = _batch(offers)
        if self._stream is None:
            self._stream = pa.ipc.new_stream(self._file, batch.schema)
        said = {
            "left": {reason.value: count for reason, count in offers.left.items()},
            "name": name,
            "sorts": [_plain(each) for each in offers.sorts],
            "splits": offers.splits,
        }
        told = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        self._stream.write_batch(batch, custom_metadata={"piece": told, "sum": _sum(batch, told)})
        self._rows += len(offers)

    def shard(self, job: Job, file: OutputFile) -> None:
        """Remember a shard that is written, and the pieces that have lines in it."""
        pieces = list(dict.fromkeys(run.piece for run in job.runs))
        self._shards.write(orjson.dumps({"file": file.model_dump() | {"path": job.path.name}, "pieces": pieces}) + b"\n")

    def finish(self) -> tuple[OutputFile, ...]:
        """What stays of it beside the set: nothing where there was no piece."""
        if self._stream is not None:
            self._stream.close()
        self.close()
        self._shards.path.unlink()
        if self._stream is None:
            self._file.path.unlink()
            return ()
        return (OutputFile(path=self._name, rows=self._rows, size=self._file.size, sha256=self._file.digest.hexdigest()),)

    def close(self) -> None:
        """Let go of open files."""
        self._file.close()
        self._shards.close()


class Again:
    """What can be used again in a build over ``target``, where an earlier one may stand, made in ``directory``, where others may have been
    cut off. Nothing that cannot be read, or is not what its manifest says, is used."""

    def __init__(self, directory: Path, target: Path, recipes: Sequence[str]) -> None:
        self._pieces: dict[str, dict[str, pa.RecordBatch]] = {recipe: {} for recipe in recipes}
        self._told: dict[str, dict[str, bytes]] = {recipe: {} for recipe in recipes}
        self._shards: dict[str, tuple[Path, OutputFile]] = {}
        for recipe in recipes:
            for left in sorted((directory / BEFORE).glob("*")):
                # What is in no shard that was whole would have to be made for its lines all the same, and later.
                self._read(recipe, left / AGAIN / f"{recipe}.arrows", self._read_shards(left, recipe))
        before = earlier(target)
        for built in before.sets if before is not None else ():
            for file in built.beside:
                recipe = file.path.removeprefix(f"{AGAIN}/").removesuffix(".arrows")
                if recipe in self._pieces and file.path == f"{AGAIN}/{recipe}.arrows" and _is(target / file.path, file.sha256):
                    self._read(recipe, target / file.path)
            for file in built.files:
                if file.of and _is_shard(file.path, recipes):
                    self._shards[file.of] = target / file.path, OutputFile(**file.model_dump())

    def offers(self, piece: str) -> dict[str, Offers] | None:
        """What each recipe made of a piece, if all that are asked for did."""
        if not all(piece in known for known in self._pieces.values()):
            return None
        return {recipe: _offers(known[piece], self._told[recipe][piece]) for recipe, known in self._pieces.items()}

    def shard(self, of: str) -> tuple[Path, OutputFile] | None:
        """Where a shard lies that holds what ``of`` stands for."""
        return self._shards.get(of)

    def _read(self, recipe: str, path: Path, only: Set[str] | None = None) -> None:
        import pyarrow as pa

        try:
            opened(path).close()
            with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
                while True:
                    batch, metadata = stream.read_next_batch_with_custom_metadata()
                    told = metadata[b"piece"]
                    if _sum(batch, told) != metadata[b"sum"]:
                        return
                    name = orjson.loads(told)["name"]
                    if only is None or name in only:
                        self._pieces[recipe].setdefault(name, batch)
                        self._told[recipe].setdefault(name, told)
        except (StopIteration, OSError, pa.ArrowException, ValueError, KeyError, TypeError):
            return  # its end, or where it was cut off

    def _read_shards(self, left: Path, recipe: str) -> set[str]:
        """Know the shards that were whole; the pieces that have lines in them."""
        pieces: set[str] = set()
        try:
            with opened(left / AGAIN / f"{recipe}.shards") as lines:
                for line in lines:
                    told = orjson.loads(line)
                    file = OutputFile.model_validate(told["file"])
                    self._shards[file.of] = left / recipe / Path(file.path).name, file
                    pieces.update(map(str, told["pieces"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the last line was cut off
        return pieces


def _is_shard(path: str, recipes: Sequence[str]) -> bool:
    """Whether it is the path of one: what a manifest says may lead elsewhere."""
    recipe, _, name = path.partition("/")
    return recipe in recipes and Path(name).name == name


def _is(path: Path, digest: str) -> bool:
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError:
        return False


def _sum(batch: pa.RecordBatch, told: bytes) -> bytes:
    """A digest of what is noted of a piece: where a machine lost its power, what was on its way to the disk may be there in part."""
    found = hashlib.sha256(told)
    for column in batch.columns:
        for buffer in column.buffers()[1:]:
            found.update(buffer or b"")
    return found.hexdigest().encode()


def _plain(sort: Sort) -> list[object]:
    return [each.decode() if isinstance(each, bytes) else each for each in sort]


def _batch(offers: Offers) -> pa.RecordBatch:
    import pyarrow as pa

    def column(kind: pa.DataType, *data: object) -> pa.Array:
        return pa.Array.from_buffers(kind, len(offers), [None, *map(pa.py_buffer, data)])

    columns = {
        "member": column(pa.binary(_MEMBER), bytes(offers.members)),
        "split": column(pa.uint8(), bytes(offers.split_of)),
        "sort": column(pa.uint32(), offers.sort_of),
        "size": column(pa.uint32(), offers.sizes),
    }
    for number, traits in enumerate(offers.traits):
        columns[f"trait{number}"] = column(pa.binary(), array("i", accumulate(map(len, traits), initial=0)), b"".join(traits))
    if offers.tokens is not None:
        columns["tokens"] = column(pa.uint32(), offers.tokens)
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def _offers(batch: pa.RecordBatch, told: bytes) -> Offers:
    said = orjson.loads(told)

    def values(name: str) -> memoryview:
        column = batch.column(name)
        width = column.type.byte_width
        return memoryview(column.buffers()[1] or b"").cast("B")[column.offset * width : (column.offset + len(column)) * width]

    def numbers(name: str) -> array[int]:
        return array("I", bytes(values(name)))

    members = bytearray(values("member"))
    return Offers(
        members=members,
        leaves=leaf_hashes(members),
        splits=said["splits"],
        split_of=bytearray(values("split")),
        sorts=[Sort._make((*each[:-1], each[-1].encode())) for each in said["sorts"]],
        sort_of=numbers("sort"),
        sizes=numbers("size"),
        traits=[batch.column(name).to_pylist() for name in batch.schema.names if name.startswith("trait")],
        tokens=numbers("tokens") if "tokens" in batch.schema.names else None,
        left=Counter({Reason(reason): count for reason, count in said["left"].items()}),
    )
