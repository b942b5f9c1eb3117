"""A bundle: one tenant's packs and log in a directory of their own, and the file that says whose they are.

``bundle.json`` (format version, tenant, kind, fingerprint of the pseudonym key, the machine it comes from, what manifests say of its
clusters), ``packs/`` and ``log/`` as in a tenant's directory. Nothing in a bundle is ever written to but by the export that made it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import Broken, Refused
from corpus.names import Name, check
from corpus.record import dumps
from corpus.store.directory import Directory
from corpus.store.tenants import BUNDLE_FILE, ROOT_FILE, ClusterSettings, Kind, TenantSettings, open_root, open_tenant, read_settings

NAME = BUNDLE_FILE
MOST = 1 << 20
_Name = Annotated[str, Field(pattern=r"\A[a-z0-9][a-z0-9._-]{0,62}\z")]
_Hash = Annotated[str, Field(pattern=r"\A[0-9a-f]{32}\z")]


class BundleFile(BaseModel):
    """What ``bundle.json`` says. ``key`` is the fingerprint of the tenant's pseudonym key, ``source`` its machine's log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    tenant: _Name
    kind: Kind
    key: _Hash
    source: _Hash
    clusters: dict[_Name, ClusterSettings] = Field(default_factory=dict)

    def data(self) -> bytes:
        return dumps(self.model_dump(mode="json", exclude_none=True)) + b"\n"

    def check_same(self, other: BundleFile, where: object) -> None:
        """Raise :class:`Refused` where ``other``, of the bundle at ``where``, is of another tenant or kind, or under another key."""
        if other.tenant != self.tenant:
            raise Refused(f"{where} is a bundle of tenant {other.tenant!r}, not {self.tenant!r}: nothing of it was read")
        if other.kind is not self.kind:
            raise Refused(f"{where} is a bundle of a {other.kind} root, and this is a {self.kind} root: the two never mix")
        if other.key != self.key:
            raise Refused(
                f"{where} was made under another pseudonym key ({other.key[:12]}; here it is {self.key[:12]}): one person would be two;"
                " give all machines one key (docs/team.md)"
            )


def parse(data: bytes, where: object) -> BundleFile:
    """What a ``bundle.json`` says. Raises :class:`Broken` for what is none."""
    try:
        return BundleFile.model_validate_json(data)
    except (ValidationError, RecursionError) as error:
        raise Broken(f"{where} is no bundle's file of this version: export it again") from error


def read(top: Directory) -> BundleFile:
    """What the bundle in ``top`` is. Raises :class:`Broken` for a file that is none, ``FileNotFoundError`` where there is none."""
    return parse(top.read(NAME, MOST), top.path / NAME)


def open_home(root: Path, tenant: str) -> tuple[Name, Kind, Directory]:
    """A tenant's directory in a root, or a bundle of the tenant, which is read only. Raises as :func:`corpus.store.tenants.open_tenant`,
    :class:`Refused` for another tenant's bundle."""
    name = check("tenant", tenant)
    with open_root(root) as top:
        if top.exists(ROOT_FILE) or not top.exists(NAME):
            return open_tenant(root, tenant)
        with top.read_only() as bundle:  # anybody's
            said = read(bundle)
        if said.tenant != name:
            raise Refused(f"{root} is a bundle of tenant {said.tenant!r}, not {name!r}: nothing of it was read")
        return name, said.kind, top.read_only()


def tenant_settings(root: str | os.PathLike[str], tenant: str) -> TenantSettings:
    """What a tenant's manifests say, in a root or a bundle. Raises as :func:`open_home`."""
    name, _, home = open_home(Path(root), tenant)
    with home:
        return read_settings(home) if home.writable else TenantSettings(name=name, clusters=read(home).clusters)
