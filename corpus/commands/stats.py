"""``corpus stats``: what a tenant's corpus holds."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, echo_table, json_option, root_option

_TITLES = {
    "types": "type",
    "classes": "redaction class",
    "evidence": "evidence",
    "clusters": "cluster",
    "modules": "module",
    "months": "time",
    "identifiers": "redacted as",
    "withheld_files": "files withheld",
    "withheld_events": "events withheld",
}

# Longer histories are told by year in the table, and by month in --json.
MONTHS_SHOWN = 24


@click.command("stats")
@tenant_option
@click.option("--feedback", is_flag=True, help="Count rejections by tag, agent, model, role and month, and which wait for a correction.")
@root_option
@json_option
def command(tenant: str, feedback: bool, root: str | None, as_json: bool) -> None:
    """Count a tenant's records: by type, redaction, evidence, cluster, module and month."""
    if feedback:
        _feedback(tenant, root, as_json)
        return
    from dataclasses import asdict

    from corpus.build.stats import count
    from corpus.store.elsewhere import readable_root

    where: Path = readable_root(root)
    found = asdict(count(where, tenant))
    if as_json:
        echo_json(found)
        return
    click.echo(f"tenant {tenant}: records {found['records']}, withheld {found['withheld']}, bytes {found['bytes']}")
    if len(found["months"]) > MONTHS_SHOWN:
        found["months"] = _years(found["months"])
    rows = [(title, name, number) for field, title in _TITLES.items() for name, number in found[field].items()]
    if rows:
        last = ""
        shown = []
        for title, name, number in rows:
            shown.append(("" if title == last else title, name, number))
            last = title
        echo_table(("by", "value", "count"), shown)


def _feedback(tenant: str, root: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from corpus.build.feedback_stats import count
    from corpus.store.elsewhere import readable_root

    found = count(readable_root(root), tenant)
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(f"tenant {tenant}: rejections {found.all.rejections}, waiting for a correction {found.all.waiting}")
    shown = []
    titled = (("tag", found.tags), ("agent", found.agents), ("model", found.models), ("role", found.roles), ("month", found.months))
    for title, tallies in titled:
        for at, (name, tally) in enumerate(sorted(tallies.items())):
            shown.append(("" if at else title, name, tally.rejections, tally.waiting))
    if shown:
        echo_table(("by", "value", "rejections", "waiting"), shown)


def _years(months: dict[str, int]) -> dict[str, int]:
    years: dict[str, int] = {}
    for month, count in months.items():
        years[month[:-3]] = years.get(month[:-3], 0) + count
    return years
