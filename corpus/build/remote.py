"""A build put to another file system (``s3://``, ``sftp://``, whatever ``fsspec`` opens): made here, its manifest put there last.

While there is no ``manifest.json`` there is no build. An earlier one loses its manifest before anything of it is replaced. The file
``.building.json`` says from before the work until the end whose files may lie there, so that what a cut one left is known, and is cleared
by the next. Nothing goes there but that and the files that the manifest names. There is no lock elsewhere: of two builds that are put to
one place from two machines at once, the one that finds the other's mark gives up.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.build.manifest import FORMAT, NAME, Earlier, earlier
from corpus.build.outcomes import Seen
from corpus.build.staging import staging
from corpus.errors import BadInput, Failed, Refused, SubstrateError
from corpus.store import Corpus
from corpus.xdg import bare, is_url, shown

MARK = ".building.json"
_MOST = 1 << 24


class _Mark(BaseModel):
    """Whose build is being put, or was when it was cut off; ``by`` tells two of them apart."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: str = FORMAT
    tenant: str
    by: str
    files: tuple[str, ...]


class Remote:
    """A directory on another file system; messages and the corpus' list of builds name it by its URL without a password."""

    def __init__(self, url: str, system: Any, path: str) -> None:
        self.url = bare(url).rstrip("/")
        self.key = hashlib.sha256(url.rstrip("/").encode("utf-8", "replace")).hexdigest()[:32]
        self._name = shown(url)
        self._system = system
        self._path = path.rstrip("/")
        self._token = secrets.token_hex(16)
        self._known: frozenset[str] = frozenset()
        self._touched = False

    def __str__(self) -> str:
        return self.url

    def begin(self, tenant: str, private: Path) -> None:
        """Say there that a build comes: so it is known before the work whether it may. ``private`` is a new directory for what is told.

        Raises :class:`BadInput` where something stands there that no build wrote, :class:`Refused` where it is another tenant's,
        :class:`Failed` where it cannot be reached or written.
        """
        with self._reaching():
            self._system.invalidate_cache()
            private.mkdir()
            before, mark = self._earlier(private), self._mark()
            for whose in (before and before.query.tenant, mark and mark.tenant):
                if whose and whose != tenant:
                    raise Refused(f"--out {self._name} holds a build of tenant {whose[:64]!r}: choose another place for {tenant!r}")
            if before is None and mark is None:
                if self._holds_any():
                    raise BadInput(f"--out {self._name} is not empty and not an earlier build: choose another place or empty it")
            else:
                self._known = (before.files() if before else frozenset()) | set(mark.files if mark else ())
                foreign = sorted(self._standing() - self._known - {MARK})
                if foreign:
                    raise BadInput(f"--out {self._name} holds {foreign[0]!r}, which its build did not write: move it away")
            self._say(tenant, private)

    def put(self, tenant: str, directory: Path, private: Path, files: Collection[str], seen: Seen) -> None:
        """Put ``files`` of ``directory`` there in place of what it holds, the manifest last. Raises :class:`Failed`."""
        with self._reaching():
            self._known |= set(files)
            self._say(tenant, private)
            standing = self._standing()
            self._touched = True
            if NAME in standing:
                self._system.rm_file(self._at(NAME))
            parts = sorted(set(files) - {NAME})
            for done, name in enumerate(parts, 1):
                self._put(directory / name, name)
                seen(done, len(files))
            self._remove(standing - set(files) - {MARK})
            mark = self._mark()
            if mark is None or mark.by != self._token:
                raise Failed(f"another build is being put to {self._name}: wait for it to end, then build again")
            self._put(directory / NAME, NAME)
            seen(len(files), len(files))
        self._touched = False
        self.give_up()

    def give_up(self) -> None:
        """Take the mark away, and before it what was put, as far as the place can be reached; an earlier build stays where nothing was."""
        with contextlib.suppress(Exception):
            mark = self._mark()
            if mark is not None and mark.by == self._token:
                if self._touched:
                    self._remove(self._standing() & self._known)
                self._system.rm_file(self._at(MARK))

    def _say(self, tenant: str, private: Path) -> None:
        mark = _Mark(tenant=tenant, by=self._token, files=tuple(sorted(self._known)))
        (private / MARK).write_text(mark.model_dump_json())
        self._put(private / MARK, MARK)

    def _mark(self) -> _Mark | None:
        try:
            with self._system.open(self._at(MARK), "rb") as file:
                found = _Mark.model_validate_json(file.read(_MOST))
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        return found if found.format.startswith(FORMAT.rstrip("0123456789")) else None

    def _earlier(self, private: Path) -> Earlier | None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._system.get_file(self._at(NAME), str(private / NAME))
        return earlier(private)

    def _holds_any(self) -> bool:
        try:
            return any(files for _, _, files in self._system.walk(self._path))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _standing(self) -> set[str]:
        """The files that are there, by their names in it."""
        self._system.invalidate_cache()
        try:
            found = self._system.find(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return set()
        return {str(name)[len(self._path) :].lstrip("/") for name in found}

    def _put(self, local: Path, name: str) -> None:
        self._system.put_file(str(local), self._at(name))
        self._system.invalidate_cache()
        if int(self._system.info(self._at(name))["size"]) != local.stat().st_size:
            raise Failed(f"{self._name}/{name} was not written whole: run this again")

    def _remove(self, names: Collection[str]) -> None:
        for name in sorted(names, key=lambda name: name != NAME):
            self._system.rm_file(self._at(name))
        for folder in sorted({name.rsplit("/", 1)[0] for name in names if "/" in name}, reverse=True):
            with contextlib.suppress(Exception):  # it is not empty, or there are no directories
                self._system.rmdir(self._at(folder))

    def _at(self, name: str) -> str:
        return f"{self._path}/{name}"

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except SubstrateError:
            raise
        except Exception as error:  # what a driver raises is its own
            why = "it refuses these credentials" if isinstance(error, PermissionError) else type(error).__name__
            raise Failed(f"--out {self._name} cannot be written ({why}): see that it can be reached, then run this again") from error


def place(out: str) -> Path | Remote:
    """What ``--out`` names: a directory, also one that a URL names, or a place elsewhere. Raises :class:`BadInput`."""
    if not is_url(out):
        return Path(out)
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(out)
    except ImportError as error:
        raise BadInput(f"--out {shown(out)}: the package that opens it is missing ({_first(error)})") from error
    except ValueError as error:
        raise BadInput(f"--out {shown(out)}: nothing opens it: name a directory or another URL") from error
    except Exception as error:  # what a driver raises is its own; some connect at once
        raise Failed(f"--out {shown(out)} cannot be reached ({type(error).__name__}): mend that, then run this again") from error
    if "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,)):
        return Path(path)
    if not path.strip("/"):
        raise BadInput(f"--out {shown(out)} names no directory: add one")
    return Remote(out, system, path)


@contextlib.contextmanager
def destination(out: Path | Remote, root: Path, tenant: str, seen: Seen) -> Iterator[Path]:
    """The directory to build in so that the build stands at ``out``: that itself, or a private one that is put there when the block ends
    well. ``seen(done, total)`` is told of each file.

    The corpus lists the place before anything is put, since nobody can look for the build there later. Raises as :meth:`Remote.begin` and
    :meth:`Remote.put`, and :class:`Failed` where something was forgotten meanwhile.
    """
    if isinstance(out, Path):
        yield out
        return
    with Corpus.open(root, tenant) as corpus:
        since = corpus.tombstones.digest
    with staging(out.key) as directory:
        private = directory.with_name("there")
        try:
            out.begin(tenant, private)
            yield directory
            built = earlier(directory)
            assert built is not None  # noqa: S101 - the block made one, or it raised
            _list(out.url, root, tenant, directory, since)
            out.put(tenant, directory, private, built.files(), seen)
        except BaseException:
            out.give_up()
            raise


def _list(url: str, root: Path, tenant: str, directory: Path, since: str) -> None:
    with open(directory / NAME, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with Corpus.open(root, tenant) as corpus:
        known = [replace(build, outs=(url,)) for build in corpus.builds() if build.manifest == digest] if corpus.writable else []
        if not all(corpus.list_build(build, None, since) for build in known):
            raise Failed(
                f"records of tenant {tenant} were forgotten while the build was made: nothing was put to {url[:200]}, build it again"
            )


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
