"""The only writer of a corpus directory, and its reader."""

from corpus.store.builds import Build
from corpus.store.bundle import tenant_settings
from corpus.store.corpus import Corpus
from corpus.store.forgetting import Wanted
from corpus.store.frames import Frame
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
