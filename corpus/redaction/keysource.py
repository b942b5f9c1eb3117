"""Where a tenant's pseudonym key comes from: a file below the keys' directory, or a command that prints it.

``<keys>/<tenant>/pseudonym`` holds 64 hex digits; ``pseudonym.command`` a JSON array of words, run without a shell each time a process
needs the key. What a command prints is written nowhere. A key is never put in the place of another one.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import stat
import subprocess
from functools import lru_cache
from pathlib import Path

from corpus.errors import BadInput, Failed, Refused
from corpus.names import Name
from corpus.xdg import keys_dir, make_private, write_private

KEY_BYTES = 32
COMMAND_SECONDS = 20
"""A command that takes longer is ended: work waits in the spool meanwhile."""
_STORED = re.compile(r"[0-9a-f]{64}\n?\Z")
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")
_LONGEST = 4096


def key_file(tenant: Name) -> Path:
    return keys_dir() / tenant / "pseudonym"


def command_file(tenant: Name) -> Path:
    return keys_dir() / tenant / "pseudonym.command"


def fingerprint(key: bytes) -> str:
    """32 hex digits by which two machines see that they have the same key, and that tell nothing of it."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:32]


def stored(tenant: Name) -> bytes | None:
    """The tenant's key, of 32 bytes; ``None`` where this machine has none.

    Raises :class:`BadInput` for a file that holds no key, :class:`Refused` for a command that others could change, :class:`Failed` where
    the command gives none.
    """
    with contextlib.suppress(FileNotFoundError):
        return _printed(_words(command_file(tenant)), command_file(tenant))
    with contextlib.suppress(FileNotFoundError):
        return _read(key_file(tenant))
    return None


def made(tenant: Name) -> bytes:
    """As :func:`stored`; a key is made where there is none. Whoever links first wins, so that racing processes read one key."""
    key = stored(tenant)
    if key is None:
        _create(key_file(tenant), secrets.token_bytes(KEY_BYTES))
        key = _read(key_file(tenant))
    return key


def new_file(path: Path) -> bytes:
    """Make a key in a new file, 0600, to be given to a team. Raises :class:`BadInput` where something stands there, or no folder is."""
    if not path.parent.is_dir():
        raise BadInput(f"{path}: {path.parent} is not a directory; make it first")
    key = secrets.token_bytes(KEY_BYTES)
    if not _create(path, key):
        raise BadInput(f"{path} is there already: a key is never written over; choose another name")
    return key


def from_file(path: Path) -> bytes:
    """A key that somebody gave: 64 hex digits, or base64 of 32 bytes.

    Raises :class:`Refused` for a file that is another user's or open to others, :class:`BadInput` for one that holds no key.
    """
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            data = stream.read(_LONGEST) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise BadInput(f"--key {path} cannot be read ({error.strerror}): name the file with the team's key") from error
    if status.st_uid not in (os.geteuid(), 0):
        raise Refused(f"--key {path} belongs to user {status.st_uid}: take a copy of your own, with mode 0600")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(f"--key {path} has mode {stat.S_IMODE(status.st_mode):04o}, others may know it: run 'chmod 600 {path}'")
    return _parsed(data, f"--key {path}")


def put_key(tenant: Name, key: bytes) -> bool:
    """Make ``key`` the tenant's on this machine; ``False`` where it is. Raises :class:`Refused` where the tenant has another one."""
    _agree(tenant, key)
    if command_file(tenant).exists():
        raise Refused(f"tenant {tenant!r} takes this key from a command: remove {command_file(tenant)} first, to have it in a file")
    new = _create(key_file(tenant), key)
    _agree(tenant, key)  # also with whoever was faster
    return new


def put_command(tenant: Name, line: str) -> bytes:
    """Have the tenant's key printed by a command from now on; returns the key. ``line`` is split into words as a shell does, and run
    without one. Raises :class:`BadInput` for a line that names no program, :class:`Refused` where the tenant has a key in a file, and as
    :func:`stored`."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadInput(f"--key-command {line[:80]!r} is no command line ({error}): mind its quotes") from error
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise BadInput(f"--key-command: no program {words[0][:80] if words else ''!r} on PATH: name one that prints the key")
    words[0] = os.path.abspath(program)
    key = _printed(tuple(words), "--key-command")
    _agree(tenant, key)
    if key_file(tenant).exists():
        raise Refused(f"tenant {tenant!r} has this key in a file: remove {key_file(tenant)} first, to take it from a command")
    write_private(command_file(tenant), json.dumps(words).encode())
    return key


def _agree(tenant: Name, key: bytes) -> None:
    """Raise :class:`Refused` where the tenant has another key."""
    known = stored(tenant)
    if known is not None and not hmac.compare_digest(known, key):
        where = command_file(tenant) if command_file(tenant).exists() else key_file(tenant)
        both = f"{fingerprint(known)[:12]}, the given one is {fingerprint(key)[:12]}"
        raise Refused(
            f"tenant {tenant!r} has another key here ({both}): with it, whoever is in the records so far would be another person;"
            f" to begin anew all the same, move {where} away"
        )


def _words(path: Path) -> tuple[str, ...]:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(fd, "rb") as stream:
        status = os.fstat(fd)
        data = stream.read()
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(f"{path} is not yours alone to change, so the command in it was not run: run 'chmod 600 {path}'")
    try:
        words = json.loads(data)
        if not (words and isinstance(words, list) and all(isinstance(word, str) and "\0" not in word for word in words)):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} holds no command: remove it and run 'capture install --key-command' again") from error
    return tuple(words)


@lru_cache(maxsize=64)
def _printed(words: tuple[str, ...], where: object) -> bytes:
    """The key that a command prints, run once a process. Nothing that it says is shown: it may be the key."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        running = subprocess.Popen(
            words,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise Failed(f"the key command ({where}) cannot be run ({error.strerror}): mend it, work is kept for later") from error
    with running:
        try:
            out, _ = running.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            raise Failed(f"the key command ({where}) took more than {COMMAND_SECONDS} s: mend it, work is kept for later") from error
    if running.returncode:
        raise Failed(f"the key command ({where}) ended with {running.returncode}: run it by hand, work is kept for later")
    return _parsed(out, f"what the key command ({where}) prints")


def _parsed(data: bytes, what: str) -> bytes:
    text = data.decode("ascii", "replace").strip()
    if _HEX.match(text):
        return bytes.fromhex(text)
    with contextlib.suppress(binascii.Error, ValueError):
        if len(key := base64.b64decode(text, validate=True)) == KEY_BYTES:
            return key
    raise BadInput(f"{what} is no key (64 hex digits, or base64 of 32 bytes): 'corpus key new FILE' makes one")


def _read(file: Path) -> bytes:
    text = file.read_text("ascii", errors="replace")
    if not _STORED.match(text):
        raise BadInput(f"{file} holds no pseudonym key (64 hex digits): restore it, or remove it and lose the link to older identifiers")
    return bytes.fromhex(text.strip())


def _create(file: Path, key: bytes) -> bool:
    """Put a key in a new file, with all its bytes or not at all; ``False`` where one is there."""
    make_private(file.parent)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(key.hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(temporary, file)
        except FileExistsError:
            return False
        return True
    finally:
        temporary.unlink()
