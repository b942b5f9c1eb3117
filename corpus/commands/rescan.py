"""``corpus rescan``: today's redaction over yesterday's records."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, progress, root_option


@click.command("rescan")
@tenant_option
@click.option("--apply", "replace", is_flag=True, help="Put newer versions in the place of what holds something, in packs too.")
@click.option("--where", "conditions", metavar="FIELD=VALUE", multiple=True, help="Only records whose header says so. Repeatable.")
@root_option
@json_option
def command(tenant: str, replace: bool, conditions: tuple[str, ...], root: str | None, as_json: bool) -> None:
    """Search a tenant's records with today's rules, policy and people, and show what had slipped through: field, offsets and rule, never
    the text. Records that were redacted by today's rules are not searched again.

    Exits 1 where something was found and stays.
    """
    from collections import Counter
    from dataclasses import asdict

    from corpus.build.where import of_headers
    from corpus.errors import Broken
    from corpus.redaction import Redactor
    from corpus.store import Corpus
    from corpus.store.rescan import Rescan, Slipped
    from corpus.xdg import corpus_root

    asked = of_headers(conditions)
    rules: Counter[tuple[str, str]] = Counter()
    listed: list[dict[str, object]] = []

    def told(slipped: Slipped) -> None:
        rules.update((each.rule, each.entity_type) for each in slipped.found)
        if as_json:
            listed.append(asdict(slipped))
            return
        for each in slipped.found:
            where = each.field if each.start is None else f"{each.field} {each.start}-{each.end}"
            click.echo(f"{slipped.tuple_type} {slipped.id[:12]} {where} {each.entity_type or 'something'} (rule {each.rule})")

    with Corpus.open(corpus_root(root), tenant) as corpus:
        redactor = Redactor.for_tenant(corpus.tenant, corpus.tombstones)
        with progress("searching") as seen:
            run = Rescan(corpus, redactor, lambda header: all(each.holds(header) for each in asked), told, replace=replace)
            done = run.run(seen)
        packed, builds = None, run.builds()
        if replace:
            with progress("packing") as seen:
                packed = run.settle(seen)
    counts = [{"rule": rule, "entity_type": entity, "count": count} for (rule, entity), count in sorted(rules.items())]
    if as_json:
        echo_json(
            asdict(done) | {"ruleset": redactor.ruleset, "rules": counts, "found": listed, "builds": [asdict(build) for build in builds]}
        )
    else:
        for each in counts:
            click.echo(f"rule {each['rule']}: {each['entity_type'] or 'something'} {each['count']}")
        chained = f", parts to be chained anew {done.chained}" if done.chained else ""
        counted = f"records {done.records}, searched {done.searched}, held something {done.slipped}"
        click.echo(f"tenant {tenant}: {counted}{chained}, replaced {done.replaced}")
        for build in builds:
            click.echo(f"build {build.manifest[:12]} holds what was replaced: build it again in {', '.join(build.outs)}")
        if done.replaced:
            click.echo("sets that were built before hold what they held: build them again")
        if replace and done.left:
            click.echo(f"left as they are {done.left}: of somebody who was forgotten, or nothing of them can be kept: 'corpus forget --id'")
    if packed is not None and packed.broken:
        raise Broken(packed.broken[0])
    if done.left:
        raise SystemExit(1)
