"""A bundle on another file system (``s3://``, ``memory://``, whatever ``fsspec`` opens), read through a private copy of it.

The copy lies in ``$XDG_CACHE_HOME/corpus/bundles/<hash of the URL>/`` and is a bundle itself, read only as any. What is named by its bytes
is fetched once, and each file of a pack is held against its digest before it counts. The list is read anew each time.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from corpus.errors import BadInput, Broken, Failed, SubstrateError
from corpus.store import bundle
from corpus.store.bundling import Part, bring, held, resume
from corpus.store.directory import Directory
from corpus.store.index import ROOM, ROW_BYTES
from corpus.store.log import LARGEST
from corpus.store.packlist import MOST as LIST_MOST
from corpus.store.packlist import NAME as LIST
from corpus.store.packlist import Listed, index_name, keys_name, pack_name, parse_list
from corpus.store.reading import PACKS
from corpus.store.sequence import LOG
from corpus.store.sources import SOURCES
from corpus.store.tombstones import MOST as TOMBSTONES_MOST
from corpus.store.tombstones import NAME as TOMBSTONE_LIST
from corpus.store.tombstones import TOMBSTONES
from corpus.xdg import cache_dir, chosen_root, corpus_root, is_url, make_private, shown

_TRIES = 3
"""A bundle may be exported anew while it is read: then its list is read again."""
_LOG_FILE = re.compile(r"[0-9]{16}\.(?:log|keys)\Z")
_SOURCE = re.compile(r"[0-9a-f]{32}\Z")


def readable_root(given: str | os.PathLike[str] | None = None) -> Path:
    """The root to read from: as :func:`corpus.xdg.corpus_root`, and of a URL the copy of the bundle there, brought up to it.

    Raises :class:`BadInput` where no bundle is or nothing can open the URL, :class:`Failed` where it cannot be reached, :class:`Broken` for
    what is no whole bundle.
    """
    chosen = chosen_root(given)
    return fetched(chosen) if is_url(chosen) else corpus_root(given)


def fetched(url: str) -> Path:
    """The directory in which the bundle at ``url`` can be read. Raises as :func:`readable_root`."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
    except Exception as error:  # what a driver raises is its own
        raise BadInput(f"nothing opens {shown(url)} ({type(error).__name__}): install its fsspec driver, or name a directory") from error
    if "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,)):
        return Path(path)
    for left in reversed(range(_TRIES)):
        try:
            return _brought(_Remote(system, path, shown(url)), hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:32])
        except (SubstrateError, KeyboardInterrupt):
            raise
        except FileNotFoundError as error:
            if not left:
                raise Broken(f"{shown(url)} lacks a file that its list of packs names: export it again") from error
        except Exception as error:
            raise Failed(
                f"{shown(url)} cannot be read ({type(error).__name__}): see that it can be reached, then run this again"
            ) from error
    raise AssertionError  # the last try raises


class _Remote:
    """A bundle's files below ``path`` of a file system."""

    def __init__(self, system: Any, path: str, name: str) -> None:
        self._system = system
        self._path = path.rstrip("/")
        self.name = name

    def said(self) -> bundle.BundleFile:
        try:
            data = self._read(bundle.MOST, bundle.NAME)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BadInput(f"{self.name} is no bundle: name a place that 'corpus export' wrote to") from error
        return bundle.parse(data, f"{self.name}/{bundle.NAME}")

    def listed(self, tenant: str) -> tuple[Listed, ...]:
        return parse_list(self._read(LIST_MOST, PACKS, LIST), tenant, f"{self.name}/{PACKS}/{LIST}")

    def parts(self, listed: tuple[Listed, ...]) -> Iterator[Part]:
        for one in listed:
            most = one.records * ROW_BYTES + ROOM
            yield self._part((PACKS,), pack_name(one.pack), one.size, one.pack)
            yield self._part((PACKS,), index_name(one.pack), most, one.index)
            yield self._part((PACKS,), keys_name(one.pack), most, one.keys)
        if TOMBSTONE_LIST in self._names(TOMBSTONES):
            yield self._part((TOMBSTONES,), TOMBSTONE_LIST, TOMBSTONES_MOST, None)
        yield from self._log((LOG,))
        for name in self._names(LOG, SOURCES):
            if _SOURCE.match(name):
                yield from self._log((LOG, SOURCES, name))

    def _log(self, place: tuple[str, ...]) -> Iterator[Part]:
        names = sorted(name for name in self._names(*place) if _LOG_FILE.match(name))
        last = max((name for name in names if name.endswith(".log")), default="")
        for name in names:
            yield self._part(place, name, LARGEST, None, sealed=name != last)

    def _part(self, place: tuple[str, ...], name: str, most: int, digest: str | None, *, sealed: bool = False) -> Part:
        where = "/".join((self._path, *place, name))
        size = int(self._system.info(where)["size"])
        if size > most:
            raise Broken(f"{self.name}/{'/'.join((*place, name))} is larger than any such file: it was not read")
        return Part(place, name, size, digest, sealed or name.startswith(f"{digest}."), partial(self._system.open, where, "rb"))

    def _names(self, *place: str) -> list[str]:
        try:
            return [str(name).rstrip("/").rsplit("/", 1)[-1] for name in self._system.ls("/".join((self._path, *place)), detail=False)]
        except FileNotFoundError:
            return []

    def _read(self, most: int, *place: str) -> bytes:
        with self._system.open("/".join((self._path, *place)), "rb") as stream:
            data: bytes = stream.read(most + 1)
        if len(data) > most:
            raise Broken(f"{self.name}/{'/'.join(place)} is larger than any such file: it was not read")
        return data


def _brought(remote: _Remote, name: str) -> Path:
    said = remote.said()
    listed = remote.listed(said.tenant)
    where = cache_dir() / "bundles"
    make_private(where)
    with Directory.open(where) as parent, parent.child(name, create=True) as home, held(home, wait=True):
        resume(home, said)
        bring(home, said, listed, list(remote.parts(listed)))
    return where / name
