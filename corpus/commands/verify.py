"""``corpus verify``: everything a tenant keeps, held against everything else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

import click

from corpus.console import echo_json, json_option, root_option


@click.command("verify")
@click.option("--tenant", metavar="NAME", help="Whose corpus; with --schema whose records they must be, or anybody's.")
@root_option
@click.option("--repair", is_flag=True, help="Make indexes again, keep what can be read, set the rest aside.")
@click.option("--since", metavar="N", type=click.IntRange(min=0), help="Only what the log names after position N, and loose files.")
@click.option(
    "--schema", "foreign", metavar="FILE", type=click.File("rb"), help="Only this file of lines, from a writer of one's own; '-'."
)
@json_option
def command(tenant: str | None, root: str | None, repair: bool, since: int | None, foreign: BinaryIO | None, as_json: bool) -> None:
    """Check every id, key, header, pack, index and log entry of a tenant. Exits 4, and names the files, where one is broken.

    With --schema a file outside of any corpus is checked instead: each line against the published schema, its canonical form, its hashes
    and its header. Exits 1, and names the lines, where one is no record.
    """
    import time
    from dataclasses import asdict

    from corpus.errors import BadInput, Broken, Refused
    from corpus.store import Corpus
    from corpus.store.elsewhere import readable_root

    if foreign is not None:
        if repair or since is not None or root is not None:
            raise BadInput("--schema looks at that file alone: leave --repair, --since and --root away")
        _lines(foreign, tenant, as_json)
        return
    if tenant is None:
        raise click.UsageError("Missing option '--tenant'.")
    if repair and since is not None:
        raise BadInput("--repair looks at everything: leave --since away")
    with Corpus.open(readable_root(root), tenant) as corpus:
        done = corpus.repair() if repair else []
        found = corpus.verify(since)
    age = None if found.oldest is None else max(0, int(time.time() - found.oldest))
    if as_json:
        echo_json(asdict(found) | {"repaired": done, "oldest_seconds": age})
    else:
        for line in (*(f"mended: {line}" for line in done), *(problem.line for problem in found.problems)):
            click.echo(line)
        waiting = f"; {found.unsequenced} not in the log yet, the oldest for {age} s" if found.unsequenced else ""
        click.echo(f"tenant {tenant}: records {found.records}, packs {found.packs}, loose {found.loose}, log {found.position}{waiting}")
    if found.problems:
        kind = Refused if any(problem.refused for problem in found.problems) else Broken
        hint = "" if repair else ": 'corpus verify --repair' keeps what can be read"
        raise kind(f"{len(found.problems)} problems in tenant {tenant}, the first: {found.problems[0].line}{hint}")


def _lines(stream: BinaryIO, tenant: str | None, as_json: bool) -> None:
    """Say what is wrong with the lines of a file."""
    from dataclasses import asdict

    from corpus.errors import BadInput
    from corpus.store.foreign import faults

    name = "-" if stream is sys.stdin.buffer else stream.name
    counted = 0

    def lines() -> Iterator[bytes]:
        nonlocal counted
        for counted, line in enumerate(stream, 1):  # noqa: B007 - it is the count that is wanted
            yield line

    found = []
    try:
        for fault in faults(lines(), tenant):
            found.append(fault)
            if not as_json:
                click.echo(f"{name}:{fault.line}: {fault.reason}")
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror}") from error
    if as_json:
        echo_json({"lines": counted, "faults": [asdict(fault) for fault in found]})
    else:
        click.echo(f"{name}: lines {counted}, wrong {len({fault.line for fault in found})}")
    if found:
        sys.exit(1)
