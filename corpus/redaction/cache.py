"""What was found in texts before, on disk: which identifiers stood where, by a keyed digest of the text. It holds no text at all.

One SQLite file a tenant below ``$XDG_CACHE_HOME/corpus/found``. Names and values are bound to the tenant's key and the ruleset: without
the key nobody can tell which text an entry is about, and a value that was changed, or moved to another name, is none. Whatever is wrong
with the file, work goes on without it.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import sqlite3
import stat
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from corpus.names import Name
from corpus.redaction.draft import Withheld
from corpus.redaction.pseudonym import Pseudonyms
from corpus.redaction.replace import Edit
from corpus.xdg import cache_dir, make_private

Rounds = list[list[Edit]]
"""What was replaced in a text, then in what came of it, and so on, until nothing was found."""

BYTES = 64 * 1024 * 1024
"""How large a tenant's file may become; then the oldest quarter of its entries leaves."""
_TOGETHER = 256
_PATIENCE = 0.25
_TAG = 16
# Entries leave oldest first, which is the order of their row ids; what leaves gives its pages back.
_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 0), value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS entries (name BLOB PRIMARY KEY, value BLOB NOT NULL);
"""
_OLDEST = "DELETE FROM entries WHERE rowid <= (SELECT rowid FROM entries ORDER BY rowid LIMIT 1 OFFSET (SELECT count(*) / 4 FROM entries))"
# A connection that a fork brought along is not ours to use or to close.
_inherited: list[sqlite3.Connection] = []


class Cache:
    """One tenant's entries under one ruleset. No method raises for the sake of the file below it."""

    def __init__(self, file: Path, key: bytes, *, limit: int = BYTES) -> None:
        """``key`` (32 bytes) stands for tenant and ruleset; what is kept under another one is removed on opening."""
        self._file = file
        self._key = key
        self._limit = limit
        self._pending: dict[bytes, bytes] = {}
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._off = False

    def name(self, kind: str, text: str) -> bytes:
        """Under which name stands what was found in ``text`` (without lone surrogates) when searched as ``kind``."""
        digest = blake2b(kind.encode() + b"\0", key=self._key, digest_size=_TAG, person=b"name")
        digest.update(text.encode())
        return digest.digest()

    def get(self, name: bytes) -> Rounds | Withheld | None:
        """What was put under ``name``, unchanged; ``None`` where that cannot be had."""
        value = self._pending.get(name) or self._ask(lambda database: self._select(database, name))
        if value is None or not hmac.compare_digest(value[:_TAG], self._tag(name, value[_TAG:])):
            return None
        kept = json.loads(value[_TAG:])
        if isinstance(kept, str):
            return Withheld(kept, lasting=True)
        return [[(start, end, put) for start, end, put in made] for made in kept]

    def put(self, name: bytes, found: Rounds | Withheld) -> None:
        """Keep ``found`` under ``name``; it is written with others, or by :meth:`close`."""
        value = json.dumps(found.reason if isinstance(found, Withheld) else found, separators=(",", ":")).encode()
        self._pending[name] = self._tag(name, value) + value
        if len(self._pending) >= _TOGETHER:
            self._flush()

    def close(self) -> None:
        """Write what waits, and let go of the file; it is opened again when it is used again."""
        self._flush()
        self._let_go()

    def __del__(self) -> None:
        self._let_go()

    def _flush(self) -> None:
        if waiting := list(self._pending.items()):
            self._pending.clear()
            self._ask(lambda database: self._write(database, waiting))

    def _tag(self, name: bytes, value: bytes) -> bytes:
        return blake2b(name + value, key=self._key, digest_size=_TAG, person=b"tag").digest()

    # -- the file

    def _ask(self, work: Callable[[sqlite3.Connection], bytes | None]) -> bytes | None:
        """``work`` with the open file; ``None`` where it fails. A broken file is removed and made anew, once; any other trouble than
        another's lock ends its use by this process."""
        for repaired in (False, True):
            try:
                database = self._opened()
                return work(database) if database is not None else None
            except sqlite3.OperationalError as error:
                self._off = "locked" not in str(error) and "busy" not in str(error)
                return None
            except sqlite3.DatabaseError:
                self._off = repaired
                self._forget()
            except (sqlite3.Error, OSError):
                self._off = True
                return None
        return None

    def _opened(self) -> sqlite3.Connection | None:
        if self._off:
            return None
        if self._process != os.getpid():
            self._let_go()
            self._process = os.getpid()
        if self._connection is None:
            _ensure_private(self._file)
            # Without syncs: a machine that stops may cost the entries, which is found and mended as any other damage.
            database = sqlite3.connect(self._file, timeout=_PATIENCE, isolation_level=None)
            try:
                database.execute("PRAGMA synchronous = OFF")
                database.execute("PRAGMA temp_store = MEMORY")
                self._own(database)
            except BaseException:
                database.close()
                raise
            self._connection = database
        return self._connection

    def _own(self, database: sqlite3.Connection) -> None:
        """Make the tables, and remove what another ruleset or key has left."""
        whose = blake2b(key=self._key, digest_size=_TAG, person=b"owner").digest()
        with contextlib.suppress(sqlite3.OperationalError):  # no tables yet
            if database.execute("SELECT value FROM owner").fetchone() == (whose,):
                return
        database.executescript(_SCHEMA)
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM entries")
        database.execute("INSERT OR REPLACE INTO owner VALUES (0, ?)", (whose,))
        database.execute("COMMIT")
        database.execute("PRAGMA incremental_vacuum").fetchall()

    @staticmethod
    def _select(database: sqlite3.Connection, name: bytes) -> bytes | None:
        row = database.execute("SELECT value FROM entries WHERE name = ?", (name,)).fetchone()
        return row[0] if row and isinstance(row[0], bytes) else None

    def _write(self, database: sqlite3.Connection, waiting: list[tuple[bytes, bytes]]) -> None:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", waiting)
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        pages, size = (database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        if pages * size > self._limit:
            database.execute(_OLDEST)
            database.execute("PRAGMA incremental_vacuum").fetchall()

    def _forget(self) -> None:
        self._let_go()
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.unlink(f"{self._file}{end}")

    def _let_go(self) -> None:
        if self._connection is not None and self._process != os.getpid():
            _inherited.append(self._connection)
        elif self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _ensure_private(file: Path) -> None:
    """Make ``file`` and its folder where they are missing. Raises :class:`PermissionError` where others can reach or own them.

    A file that is there is not opened: closing it again would let go of the locks that this process has on it.
    """
    make_private(file.parent)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for path, kind in ((file.parent, stat.S_ISDIR), (file, stat.S_ISREG)):
        found = os.stat(path, follow_symlinks=False)
        if not kind(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError


def for_tenant(tenant: Name, pseudonyms: Pseudonyms, ruleset: str) -> Cache:
    """The tenant's cache under its key, the ruleset's digest and that of the code that finds."""
    return Cache(cache_dir() / "found" / f"{tenant}.sqlite", pseudonyms.derived(f"findings of {ruleset} {_code()}"))


def remove(tenant: Name) -> None:
    """Take away all that is remembered of a tenant: identifiers stand in it. Whoever has it open goes on without it."""
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(cache_dir() / "found" / f"{tenant}.sqlite{end}")


def _code() -> str:
    """A digest of this package: what a rule finds depends on checks and word lists too, which no ruleset's digest covers."""
    digest = blake2b(digest_size=_TAG)
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
