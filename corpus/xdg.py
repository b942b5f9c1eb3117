"""Where things outside a corpus lie: configuration, keys, state, caches and the default root (XDG Base Directory 0.8)."""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from pathlib import Path

from corpus.errors import BadInput, Refused


def _base(variable: str, fallback: str) -> Path:
    """An XDG base directory; a relative value is ignored, as the specification asks."""
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else Path("~").expanduser() / fallback


def config_dir() -> Path:
    return _base("XDG_CONFIG_HOME", ".config") / "corpus"


def state_dir() -> Path:
    return _base("XDG_STATE_HOME", ".local/state") / "corpus"


def spool_dir() -> Path:
    return state_dir() / "spool"


def keys_dir() -> Path:
    return config_dir() / "keys"


def cache_dir() -> Path:
    return _base("XDG_CACHE_HOME", ".cache") / "corpus"


def config_file() -> Path:
    return config_dir() / "config.toml"


def is_url(root: str) -> bool:
    """Whether a root is named by a URL, and so lies on a file system of ``fsspec``."""
    return "://" in root


def chosen_root(given: str | os.PathLike[str] | None = None) -> str:
    """The corpus root as it was named: ``given`` (``--root``), else ``CORPUS_ROOT``, else ``root`` in the config file, else nothing.

    Raises :class:`BadInput` when the config file cannot be read as TOML, or what stands in it can be no path.
    """
    chosen = os.fspath(given) if given else os.environ.get("CORPUS_ROOT", "")
    if not chosen:
        try:
            settings = tomllib.loads(config_file().read_text("utf-8"))
        except FileNotFoundError:
            settings = {}
        except OSError as error:
            raise BadInput(f"{config_file()} cannot be read ({error.strerror}): mend it or remove it") from error
        except (ValueError, RecursionError) as error:  # not only what tomllib names: numbers too long, brackets too deep
            raise BadInput(f"{config_file()} is not TOML ({error}): mend it or remove it") from error
        chosen = settings.get("root", "")
        if not isinstance(chosen, str) or "\0" in chosen:
            raise BadInput(f"{config_file()}: root is no path: mend it or remove it")
    return chosen


def corpus_root(given: str | os.PathLike[str] | None = None) -> Path:
    """The corpus root: what :func:`chosen_root` names, else the XDG data directory.

    Raises as :func:`chosen_root`, :class:`BadInput` for what can be no path, :class:`Refused` for a URL: what lies there is read only.
    """
    chosen = chosen_root(given)
    if is_url(chosen):
        raise Refused(f"the root {shown(chosen)} is a bundle elsewhere, which is read only: name a directory, or read from it")
    if not chosen:
        return _base("XDG_DATA_HOME", ".local/share") / "corpus"
    try:
        return Path(chosen).expanduser().absolute()
    except RuntimeError as error:
        raise BadInput(f"the corpus root {chosen!r} begins with a user that is not known here: name another --root") from error


def shown(url: str) -> str:
    """A URL as messages have it: without what may be a password in it, and not too long."""
    return bare(url)[:200]


def bare(url: str) -> str:
    """A URL without what may be a password in it."""
    return re.sub(r"//[^/]*@", "//", url)


def make_private(folder: Path) -> None:
    """Make ``folder`` and its missing parents, each 0700 whatever the umask."""
    if not folder.is_dir():
        make_private(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(0o700)
            folder.chmod(0o700)


def write_private(path: Path, data: bytes) -> None:
    """Write a file of one's own, 0600, durably: whole or not at all. Its folder is made, 0700, where it is missing."""
    make_private(path.parent)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(fd)
    temporary.replace(path)
