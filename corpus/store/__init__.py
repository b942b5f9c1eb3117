"""The only writer of a corpus directory, and its reader.

A name is imported from its module when it is first asked for: whoever reads does not wait for what writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.store.builds import Build
    from corpus.store.bundle import tenant_settings
    from corpus.store.corpus import Corpus
    from corpus.store.forgetting import Wanted
    from corpus.store.frames import Frame
    from corpus.store.keys import Keys
    from corpus.store.lines import Entry
    from corpus.store.log import Happened, Logged
    from corpus.store.lookup import Hit, Lookup
    from corpus.store.packing import Packed
    from corpus.store.postings import By, Name
    from corpus.store.tenants import ClusterSettings, Kind, TenantSettings, add_tenant, init_root, put_cluster, put_hold
    from corpus.store.tombstones import Tombstone
    from corpus.store.verify import Problem, Verified

__all__ = [
    "Build",
    "By",
    "ClusterSettings",
    "Corpus",
    "Entry",
    "Frame",
    "Happened",
    "Hit",
    "Keys",
    "Kind",
    "Logged",
    "Lookup",
    "Name",
    "Packed",
    "Problem",
    "TenantSettings",
    "Tombstone",
    "Verified",
    "Wanted",
    "add_tenant",
    "init_root",
    "put_cluster",
    "put_hold",
    "tenant_settings",
]

_MODULES = {
    "Build": "builds",
    "By": "postings",
    "ClusterSettings": "tenants",
    "Corpus": "corpus",
    "Entry": "lines",
    "Frame": "frames",
    "Happened": "log",
    "Hit": "lookup",
    "Keys": "keys",
    "Kind": "tenants",
    "Logged": "log",
    "Lookup": "lookup",
    "Name": "postings",
    "Packed": "packing",
    "Problem": "verify",
    "TenantSettings": "tenants",
    "Tombstone": "tombstones",
    "Verified": "verify",
    "Wanted": "forgetting",
    "add_tenant": "tenants",
    "init_root": "tenants",
    "put_cluster": "tenants",
    "put_hold": "tenants",
    "tenant_settings": "bundle",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value
