"""Roots and tenants: making them, finding them, and the settings a tenant keeps in ``tenant.toml``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import BadInput, Broken, Refused
from corpus.names import Name, check
from corpus.record import TupleType
from corpus.store.directory import Directory
from corpus.store.lock import tenant_lock
from corpus.store.loose import replace, write_new

ROOT_FILE = "root.toml"
TENANT_FILE = "tenant.toml"
_MOST = 1 << 20
"""Bytes of such a file: more than a thousand clusters take."""
BUNDLE_FILE = "bundle.json"


class Kind(StrEnum):
    """A vendor's own engineering, or a customer's runtime; a root never mixes them."""

    VENDOR = "vendor"
    CUSTOMER = "customer"


class ClusterSettings(BaseModel):
    """What a cluster manifest says about the work captured under it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    branches: tuple[str, ...] | None = None
    doctrine_version: str | None = None
    module: str | None = None
    role: str | None = None
    protected: tuple[str, ...] | None = None
    accepted_after_days: int | None = None
    accepted_trailers: tuple[str, ...] | None = None
    verified_trailers: tuple[str, ...] | None = None
    rejected_trailers: tuple[str, ...] | None = None


class TenantSettings(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    clusters: dict[str, ClusterSettings] = Field(default_factory=dict)
    retention: dict[TupleType, Annotated[int, Field(ge=1, le=36_500)]] = Field(default_factory=dict)
    """Days after which records of a type are forgotten."""
    holds: dict[str, str] = Field(default_factory=dict)
    """Legal holds by name, each with its reason: while there is one nothing is forgotten."""


def _toml(directory: Directory, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(directory.read(name, _MOST).decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not only what tomllib names: numbers too long, brackets too deep
        raise Broken(f"{directory.path / name} is not TOML: restore it from a backup") from error


def root_kind(root: Directory) -> Kind:
    """The kind of an opened root. Raises :class:`BadInput` where there is none."""
    try:
        return Kind(str(_toml(root, ROOT_FILE).get("kind")))
    except FileNotFoundError as error:
        raise BadInput(f"{root.path} is not a corpus root: run 'corpus init --root {root.path}'") from error
    except ValueError as error:
        raise Broken(f"{root.path / ROOT_FILE} names no kind (vendor or customer): mend it") from error


def init_root(root: Path, kind: str = Kind.VENDOR) -> bool:
    """Make ``root``; ``True`` when it is new. Raises :class:`Refused` when it exists with another kind, :class:`BadInput` where
    a directory with other things in it stands."""
    wanted = Kind(kind)
    if root.exists() and not root.is_dir():
        raise BadInput(f"{root} is a file: choose another root")
    with Directory.open(root, create=True) as top:
        if not top.exists(ROOT_FILE):
            if any(not name.startswith(".") for name in top.names()):
                raise BadInput(f"{root} is not empty and not a corpus root: choose an empty directory")
            if write_new(top, ROOT_FILE, f'kind = "{wanted}"\n'.encode()):
                return True
        found = root_kind(top)
        if found is not wanted:
            raise Refused(f"{root} is a {found} root: a root never mixes vendor and customer; choose another")
    return False


def add_tenant(root: Path, tenant: str) -> bool:
    """Make a tenant's directory; ``True`` when it is new. Raises :class:`Refused` for a bad name, :class:`BadInput` without a root."""
    name = check("tenant", tenant)
    with open_root(root) as top:
        root_kind(top)
        with top.child(name, create=True) as home:
            return write_new(home, TENANT_FILE, f'name = "{name}"\n'.encode())


def open_root(root: Path) -> Directory:
    try:
        return Directory.open(root)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"{root} is not a corpus root: run 'corpus init --root {root}'") from error


def open_tenant(root: Path, tenant: str) -> tuple[Name, Kind, Directory]:
    """A tenant's directory, opened. Raises :class:`Refused` for an unknown tenant, one whose file names another, and a bundle."""
    name = check("tenant", tenant)
    with open_root(root) as top:
        top.check_owner()
        if not top.exists(ROOT_FILE) and top.exists(BUNDLE_FILE):
            raise top.only_read()
        kind = root_kind(top)
        try:
            home = top.child(name)
        except FileNotFoundError as error:
            raise Refused(f"no tenant {name!r} in {root}: add it with 'corpus tenant add {name}'") from error
    try:
        settings = read_settings(home)
    except BaseException:
        home.close()
        raise
    if settings.name != name:
        home.close()
        raise Refused(f"{root / name / TENANT_FILE} names tenant {settings.name!r}, not {name!r}: this directory is another tenant's")
    return name, kind, home


def read_settings(home: Directory) -> TenantSettings:
    try:
        return TenantSettings.model_validate(_toml(home, TENANT_FILE))
    except FileNotFoundError as error:
        raise Refused(f"{home.path} has no {TENANT_FILE}: it is no tenant's directory") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Broken(f"{home.path / TENANT_FILE}: {where} is not valid: mend it") from error


def put_cluster(root: Path, tenant: str, cluster: str, settings: ClusterSettings) -> None:
    """Keep what a cluster's manifest says in ``tenant.toml``, beside what is there. Takes the tenant's lock."""
    name = check("cluster", cluster)
    _change(root, tenant, lambda now: {"clusters": now.clusters | {name: settings}})


def put_hold(root: Path, tenant: str, hold: str, reason: str | None) -> bool:
    """Begin the legal hold ``hold`` for a ``reason``, or end it (``None``); whether that changes anything. Takes the tenant's lock."""
    name = check("hold", hold)

    def changed(now: TenantSettings) -> dict[str, object]:
        kept = {known: why for known, why in now.holds.items() if known != name}
        return {"holds": kept if reason is None else kept | {name: reason}}

    return _change(root, tenant, changed)


def _change(root: Path, tenant: str, change: Callable[[TenantSettings], dict[str, object]]) -> bool:
    _, _, home = open_tenant(root, tenant)
    with home, tenant_lock(home):
        now = read_settings(home)
        then = now.model_copy(update=change(now))
        if then != now:
            replace(home, TENANT_FILE, _as_toml(then))
        return then != now


def add_clusters(home: Directory, clusters: Mapping[str, ClusterSettings], lock: FileLock) -> None:
    """Keep what another machine's manifests say of clusters that this one knows none of. Takes the tenant's lock."""
    with lock:
        now = read_settings(home)
        if new := {name: settings for name, settings in clusters.items() if name not in now.clusters}:
            replace(home, TENANT_FILE, _as_toml(now.model_copy(update={"clusters": now.clusters | new})))


def _as_toml(settings: TenantSettings) -> bytes:
    lines = [f"name = {json.dumps(settings.name)}"]
    tables: dict[str, dict[str, int] | dict[str, str]] = {
        "retention": {kind.value: days for kind, days in settings.retention.items()},
        "holds": settings.holds,
    }
    for table, rows in tables.items():
        if rows:
            lines += ["", f"[{table}]", *(f"{json.dumps(name)} = {_value(value)}" for name, value in sorted(rows.items()))]
    for cluster, values in sorted(settings.clusters.items()):
        lines += ["", f"[clusters.{json.dumps(cluster)}]"]
        lines += [f"{field} = {_value(value)}" for field, value in values.model_dump(mode="json", exclude_none=True).items()]
    return ("\n".join(lines) + "\n").encode()


def _value(value: object) -> str:
    """A string, a number or an array of strings. JSON's form is also TOML's, but for pairs of surrogates and for DEL as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
