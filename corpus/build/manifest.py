"""``manifest.json``: what was asked, what answered, and the digests that prove it."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict

from corpus import __version__
from corpus.build.cut import cut
from corpus.build.members import Members
from corpus.build.options import Options
from corpus.build.reasons import Reason
from corpus.build.select import Gone
from corpus.errors import BadInput, Broken
from corpus.record import dumps

NAME = "manifest.json"
FORMAT: Literal["trajectory-substrate-build/1"] = "trajectory-substrate-build/1"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(_Model):
    """What was asked, conditions and recipes sorted; ``branches`` by cluster, where a manifest names them and is obeyed;
    ``gates`` are the limits of pairs, all of them, and ``options`` what else was chosen; ``split`` is null where all rows
    are ``train``; ``config`` is the file of settings as it stood."""

    tenant: str
    where: tuple[str, ...]
    recipes: tuple[str, ...]
    branches: dict[str, tuple[str, ...]]
    gates: str
    options: Options
    split: tuple[str, ...] | None = None
    config: str | None = None


class OutputFile(_Model):
    """A file of the build: ``path`` relative to its directory with ``/``, ``size`` in bytes, ``sha256`` hex over them. ``of`` (hex) stands
    for the lines that a shard was made of, so that a later build knows it again."""

    path: str
    rows: int
    size: int
    sha256: str
    of: str = ""


class BuiltSet(_Model):
    """One recipe's set. ``splits`` has the rows of each, ``members`` are ``(key, id)`` in the order of the rows,
    split after split, ``root`` the Merkle tree hash over them.

    ``candidates`` are what could have become a row: a commit or a pair, and of a session each reply (of a part without one, the part).
    ``candidates == rows + sum(dropped)``.
    ``redactions`` counts, by entity type, the identifiers that stand in the records behind the rows; ``tokens`` those of all rows, by the
    user's tokenizer. ``months`` counts rows by the month of the work, ``lengths`` by the power of two at or below their tokens, or
    characters where there is no tokenizer. ``evidence``, ``agents`` and
    ``models`` are as :class:`corpus.build.tally.Tally` counts them. ``beside`` are files about what the set left out, and what a
    later build uses again.
    """

    recipe: str
    version: int
    records_in: int
    candidates: int
    rows: int
    dropped: dict[Reason, int]
    classes: dict[str, int]
    redactions: dict[str, int]
    rulesets: tuple[str, ...]
    splits: dict[str, int]
    evidence: dict[str, int] = {}
    agents: dict[str, int] = {}
    models: dict[str, int] = {}
    months: dict[str, int]
    lengths: dict[int, int]
    tokens: int | None = None
    files: tuple[OutputFile, ...]
    beside: tuple[OutputFile, ...] = ()
    members: Members
    root: str


class Manifest(_Model):
    """The whole of ``manifest.json``. ``position`` is that of the log: the sets hold what it knew then, without what is ``gone`` since.
    ``card`` is the digest of ``README.md``, ``side`` are the other files beside the sets."""

    format: Literal["trajectory-substrate-build/1"] = FORMAT
    builder: str
    query: Query
    position: int
    sets: tuple[BuiltSet, ...]
    card: OutputFile
    side: tuple[OutputFile, ...] = ()
    gone: tuple[Gone, ...] = ()

    def write(self, file: BinaryIO) -> None:
        """The canonical JSON of it and a newline; members are never held as text all at once."""
        empty = self.model_copy(update={"sets": tuple(one.model_copy(update={"members": Members()}) for one in self.sets)})
        # In a string of JSON the quotes would be escaped: what stands last is the field itself, once a set. Before the sets, in the
        # query, a cluster may have that name.
        pieces = dumps(empty.model_dump(mode="json")).rsplit(_NO_MEMBERS, len(self.sets))
        for at, piece in enumerate(pieces):
            file.write(piece)
            if at < len(self.sets):
                file.write(_MEMBERS)
                file.writelines(self.sets[at].members.json())
        file.write(b"\n")


_MEMBERS = b'"members":'
_NO_MEMBERS = b'"members":[]'


def read(path: Path) -> Manifest:
    """The manifest at ``path``, its roots held against its members. Raises :class:`BadInput` for what is none, :class:`Broken` where they
    differ."""
    try:
        found = parse(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): name a build's {NAME}") from error
    except ValueError as error:
        raise BadInput(f"{path} is not the manifest of a build by this version ({__version__})") from error
    for built in found.sets:
        if built.members.root() != built.root or built.rows != len(built.members):
            raise Broken(f"{path}: the members of {built.recipe!r} are not those that its root is over: it was changed")
    return found


def parse(path: Path) -> Manifest:
    """What ``path`` says, as it says it. Raises ``ValueError`` for what is no manifest of this version, ``OSError``."""
    with open(path, "rb") as file:
        found = cut(file)
    return Manifest.model_validate_json(found.text, context=found.members)


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _File(_Loose):
    path: str
    rows: int = 0
    size: int = 0
    sha256: str = ""
    of: str = ""


class _Set(_Loose):
    files: tuple[_File, ...]
    beside: tuple[_File, ...] = ()


class _Query(_Loose):
    tenant: str


class Earlier(_Loose):
    """As much of a manifest as tells whose build it is and which files it wrote; other versions may have other fields."""

    format: str
    query: _Query
    sets: tuple[_Set, ...]
    card: _File
    side: tuple[_File, ...] = ()

    def files(self) -> frozenset[str]:
        """Every file of the build, the manifest too."""
        sets = (file for built in self.sets for file in (*built.files, *built.beside))
        return frozenset({NAME, self.card.path, *(file.path for file in (*self.side, *sets))})


def earlier(directory: Path) -> Earlier | None:
    """What ``directory`` says it is, or nothing where no build's manifest lies."""
    try:
        at = os.stat(directory / NAME)
    except OSError:
        return None
    return _earlier(directory / NAME, (at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns))


@lru_cache(maxsize=1)  # a build asks several times, and a million members are passed over each time
def _earlier(path: Path, _: tuple[int, ...]) -> Earlier | None:
    try:
        with open(path, "rb") as file:
            found = Earlier.model_validate_json(cut(file).text)
    except (OSError, ValueError):
        return None
    return found if found.format.startswith(FORMAT.rstrip("0123456789")) else None
