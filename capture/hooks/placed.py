"""What was placed for a repository, kept in ``<common directory>/capture/placed.json``, so that all of it can be taken away."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus.errors import BadInput

FOLDER = "capture"


@dataclass(frozen=True, slots=True)
class Front:
    """A hooks directory of ours that stands before the repository's own, through ``core.hooksPath`` in ``config``.

    ``directory`` is that of the forwarders, ``original`` what they stand before (relative: to where hooks run), ``before`` the value
    ``core.hooksPath`` had in ``config`` (``None``: none), ``written`` the SHA-256 of ``config`` as we left it.
    """

    directory: Path
    original: Path
    config: Path
    before: str | None
    written: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The hooks directories our blocks are in, the directories made for them, and the front, where there is one."""

    directories: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()
    front: Front | None = None


def folder(common: Path) -> Path:
    """Our own directory in a repository."""
    return common / FOLDER


def record_file(common: Path) -> Path:
    """What the blocks source; where it is, the repository is enrolled."""
    return folder(common) / "hook"


def pause_file(common: Path) -> Path:
    return folder(common) / "paused"


def load(common: Path) -> Placed:
    """What was placed; nothing where nothing was. Raises :class:`BadInput` for a file that is not ours."""
    path = folder(common) / "placed.json"
    try:
        raw = json.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
        front = raw["front"]
        return Placed(
            tuple(map(Path, raw["directories"])),
            tuple(map(Path, raw["made"])),
            None
            if front is None
            else Front(Path(front["directory"]), Path(front["original"]), Path(front["config"]), front["before"], str(front["written"])),
        )
    except (FileNotFoundError, NotADirectoryError):
        return Placed()
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is not what capture install wrote: remove it, run 'capture install', and look at the hooks by hand"
        ) from error


def save(common: Path, placed: Placed) -> None:
    text = json.dumps(asdict(placed), default=os.fspath, ensure_ascii=False, sort_keys=True, indent=1)
    write(folder(common) / "placed.json", text.encode("utf-8", "surrogateescape"), 0o600)


def write(path: Path, data: bytes, mode: int) -> bool:
    """Put ``data`` at ``path``, whole or not at all, with ``mode`` and the owner that stands there; ``False`` when it is so already."""
    owner = None
    try:
        status = path.stat()
        if path.read_bytes() == data and status.st_mode & 0o7777 == mode:
            return False
        owner = (status.st_uid, status.st_gid)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.capture")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as stream:
            stream.write(data)
            if owner is not None and owner != (os.getuid(), os.getgid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(fd, *owner)
            os.fchmod(fd, mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return True
