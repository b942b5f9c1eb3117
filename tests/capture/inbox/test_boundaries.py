"""A correction of one tenant, cluster and role never appears in another's set."""

from __future__ import annotations

import itertools
from pathlib import Path

from corpus.build import Request, build
from corpus.names import Name
from corpus.record import LinkBody, TupleType
from corpus.redaction.draft import Label
from corpus.store import add_tenant
from tests.capture.inbox.posting import Post, markdown, posted_to

TENANTS, CLUSTERS, ROLES = ("acme", "globex"), ("payments", "search"), ("contributor", "reviewer")


def label(tenant: str, cluster: str, role: str) -> Label:
    return Label(Name(tenant), Name(cluster), Name("billing"), Name(role))


def test_a_correction_appears_in_the_set_of_its_tenant_cluster_and_role_alone(post: Post, tmp_path: Path) -> None:
    add_tenant(post.root, "globex")
    whose = list(itertools.product(TENANTS, CLUSTERS, ROLES))
    for each in whose:
        # The same words but for a mark of whose they are: what is told apart is told apart by the label alone.
        mark = "-".join(each)
        post.put("a.md", markdown({"id": "1"}, Correction=f"journalctl # {mark}"))
        post.put("b.md", markdown({"id": "2"}, Correction=None))
        assert [one.new for one in post.take(label(*each)).kept] == [True, each[1:] == ("payments", "contributor")]
        for path in (post.box / "archive").iterdir():
            path.unlink()
    for tenant, cluster, role in whose:
        conditions = (f"cluster={cluster}", f"role={role}")
        out = tmp_path / f"{tenant}-{cluster}-{role}"
        (built,) = build(Request(post.root, tenant, ("dpo",), conditions), out).sets
        text = "".join(path.read_bytes().decode(errors="replace") for path in sorted(out.rglob("*")) if path.is_file())
        seen = {mark for mark in map("-".join, whose) if mark in text}
        assert (built.rows, seen) == (1, {f"{tenant}-{cluster}-{role}"})


def test_a_message_that_is_meant_for_another_is_refused_and_stays(post: Post) -> None:
    for name, front in {"t": {"tenant": "globex"}, "c": {"cluster": "search"}, "r": {"role": "reviewer"}}.items():
        post.put(f"{name}.md", markdown(front))
    post.put("ok.md", markdown({"tenant": "acme", "cluster": "payments", "role": "contributor"}))
    outcome = post.take()
    assert [(one.file.name, one.code) for one in outcome.troubles] == [("c.md", 3), ("r.md", 3), ("t.md", 3)]
    assert (len(outcome.kept), len(post.records())) == (1, 1)


def test_a_message_belongs_where_what_it_is_about_belongs(post: Post) -> None:
    post.put("a.md", markdown(Correction=None))
    (first,) = post.take(label("acme", "search", "reviewer")).kept
    post.put("b.md", f"---\nstatus: rejected\ncreated: 2026-05-16T09:30:00Z\nrecord: {first.key}\n---\n## Correction\nbetter\n")
    post.take()
    assert {(record.header.cluster, record.header.role) for record in post.records()} == {("search", "reviewer")}
    (completes,) = post.records(TupleType.LINK)
    assert isinstance(completes.body, LinkBody)
    assert (completes.body.kind, completes.body.to, completes.header.role) == ("completes", first.key, "reviewer")


def test_a_record_of_another_tenant_cannot_be_named(post: Post, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = posted_to(tmp_path / "theirs")
    theirs.put("a.md", markdown())
    (kept,) = theirs.take().kept
    add_tenant(post.root, "globex")
    post.put("a.md", markdown())
    post.take(label("globex", "payments", "contributor"))
    (known,) = post.records(tenant="globex")
    assert known.key != kept.key, "the tenant is part of who a record is"
    post.put("b.md", f"---\nstatus: accepted\ncreated: 2026-05-16T09:30:00Z\nrecord: {known.key}\n---\n")
    outcome = post.take()
    assert [(one.file.name, one.code) for one in outcome.troubles] == [("b.md", 2)]
