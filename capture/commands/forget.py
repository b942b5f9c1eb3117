"""``corpus forget``: take records out of everything for good, and keep them out. It lies here because capture keeps copies too."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, root_option

if TYPE_CHECKING:
    from corpus.forgetting.run import Done, Plan


@click.command("forget", short_help="Take a person's records, or others, out of everything for good.")
@tenant_option
@click.option("--subject", metavar="EMAIL_OR_NAME", help="Whatever a person appears in, by every spelling that is known of them.")
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only records of this header field; also FIELD!=VALUE; all hold.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="A record by its id, key or commit, or how one begins.")
@click.option("--expired", is_flag=True, help="What is past its days under [retention] in tenant.toml.")
@click.option("--opt-out", is_flag=True, help="With --subject: never capture again what is theirs, or name them.")
@click.option("--unforget", is_flag=True, help="Lift it again, of a --subject or an --id: the next capture may bring it back.")
@click.option("--keep-builds", is_flag=True, help="Leave the builds that hold them where they lie; they are named.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@root_option
@json_option
def command(
    tenant: str,
    subject: str | None,
    where: tuple[str, ...],
    ids: tuple[str, ...],
    expired: bool,
    opt_out: bool,
    unforget: bool,
    keep_builds: bool,
    dry_run: bool,
    yes: bool,
    root: str | None,
    as_json: bool,
) -> None:
    """Take a person's records, or others, out of a tenant's corpus, packs, caches, spool and builds, and let nothing bring them back.

    A session goes whole, feedback with what it is about, links with either end. What stays is a tombstone: a keyed hash that tells nobody
    whose or what it was. On a terminal this asks first; elsewhere it wants --yes.
    """
    from capture.forgetting import Request, forget, lift, look
    from corpus.errors import BadInput, Broken
    from corpus.xdg import corpus_root

    request = Request(corpus_root(root), tenant, subject, where, ids, expired, opt_out, keep_builds)
    _check(request.subject, where, ids, expired=expired, opt_out=opt_out, unforget=unforget)
    if unforget:
        lifted = lift(request)
        if as_json:
            echo_json({"lifted": lifted})
        else:
            click.echo(f"tenant {tenant}: tombstones lifted {lifted}; what is captured again comes back, as by 'capture edit --all'")
        return
    if dry_run:
        _print(look(request), None, tenant, as_json)
        return
    if not yes and not sys.stdin.isatty():
        raise BadInput("this takes records out for good: add --yes, or look first with --dry-run")

    def agreed(plan: Plan) -> bool:
        if not yes:
            _print(plan, None, tenant, False)
        return yes or click.confirm("take all of this out for good?", err=True)

    result = forget(request, agreed)
    if result is None:
        raise click.Abort
    plan, done = result
    _print(plan, done, tenant, as_json)
    if done.unread:
        more = f" (and {len(done.unread) - 1} more)" if len(done.unread) > 1 else ""
        raise Broken(f"{done.unread[0]}{more}")


def _check(subject: str | None, where: tuple[str, ...], ids: tuple[str, ...], *, expired: bool, opt_out: bool, unforget: bool) -> None:
    from corpus.errors import BadInput

    if expired and (subject is not None or where or ids):
        raise BadInput("--expired takes what is past its days: leave --subject, --where and --id away")
    if opt_out and subject is None:
        raise BadInput("--opt-out is a person's: name them with --subject")
    if unforget and (where or expired or opt_out or (subject is None) == (not ids)):
        raise BadInput("--unforget lifts what was forgotten of one --subject, or of each --id")


def _print(plan: Plan, done: Done | None, tenant: str, as_json: bool) -> None:
    if as_json:
        builds = (
            [{"manifest": manifest, "records": count, "directories": list(outs)} for manifest, count, outs in plan.builds]
            if done is None
            else [{"manifest": held.build.manifest, "records": held.records, "directories": dict(held.became)} for held in done.builds]
        )
        echo_json(
            {
                "tenant": tenant,
                "meant": len(plan.meant),
                "records": sum(plan.types.values()),
                "types": plan.types,
                "builds": builds,
                "forgotten": done is not None,
                "unread": [] if done is None else done.unread,
            }
        )
        return
    types = ", ".join(f"{count} {kind}" for kind, count in plan.types.items())
    going = f"would go {sum(plan.types.values())}" if done is None else f"gone {done.records}"
    click.echo(f"tenant {tenant}: meant {len(plan.meant)}, {going}{f' ({types})' if types else ''}")
    for manifest, count, outs in plan.builds if done is None else ():
        click.echo(f"in build {manifest[:12]}: {count} of them; {', '.join(outs)}")
    for held in done.builds if done else ():
        for out, became in held.became:
            click.echo(f"in build {held.build.manifest[:12]}: {held.records} of them; {out}: {became}")
