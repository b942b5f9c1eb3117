"""``corpus show``: one record, readable; the record behind a row of a build; or where a record stands in a build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, plain, root_option

if TYPE_CHECKING:
    from corpus.build.trace import Place
    from corpus.store.readable import Readable


@click.command("show")
@click.argument("record", metavar="ID|FILE:ROW")
@tenant_option
@click.option("--events", metavar="FIRST-LAST", help="Of a session's part only these events, as a row's 'events' names them.")
@click.option("--build", "directory", metavar="DIR", help="Say where in this build the record ID stands.")
@root_option
@json_option
def command(record: str, tenant: str, events: str | None, directory: str | None, root: str | None, as_json: bool) -> None:
    """Show the record whose id, key or commit begins with ID; of a session each event stands with its line in the transcript.

    FILE:ROW, like sft/train-00000-of-00001.jsonl:17, shows the record behind that row of a build, and of a session the reply's events.
    With --build the rows that a record is behind are listed, and why it is behind none.
    """
    from corpus.commands.view import of_events, record_json, record_lines
    from corpus.store.elsewhere import readable_root
    from corpus.store.readable import Readable

    if directory is not None and (events is not None or ":" in record):
        raise click.UsageError("--build asks where the record ID stands: it goes neither with FILE:ROW nor with --events.")
    with Readable.open(readable_root(root), tenant) as corpus:
        if directory is not None:
            _where(corpus, record, directory, as_json)
        elif ":" in record:
            _behind(corpus, record, events, as_json)
        else:
            found = of_events(corpus.get(record), events)
            if as_json:
                echo_json(record_json(found))
            else:
                click.echo("\n".join(record_lines(found)))


def _behind(corpus: Readable, name: str, events: str | None, as_json: bool) -> None:
    """Print the record behind the row FILE:ROW."""
    from dataclasses import asdict

    from corpus.build.trace import behind
    from corpus.commands.view import of_events, record_json, record_lines

    found = behind(corpus, name)
    if found.record.id != found.place.id:
        click.echo(f"corpus: the row is of version {found.place.id}; a newer one took its place since and is shown", err=True)
    record = of_events(found.record, events or found.place.events or None)
    if as_json:
        echo_json({"build": str(found.directory), "row": asdict(found.place), "record": record_json(record)})
    else:
        click.echo("\n".join([_line(found.directory, found.place), "", *record_lines(record)]))


def _where(corpus: Readable, name: str, directory: str, as_json: bool) -> None:
    """Print where in the build in ``directory`` a record stands."""
    from dataclasses import asdict

    from corpus.build.trace import Build

    found = Build.open(directory, corpus.tenant).trace(corpus, name)
    record = found.record
    if as_json:
        rows, left_out = ([asdict(place) for place in found.places if bool(place.reason) is left] for left in (False, True))
        nothing = [asdict(one) for one in found.silent]
        echo_json({"key": found.key, "id": record and record.id, "rows": rows, "left_out": left_out, "nothing": nothing})
        return
    click.echo(f"{record.header.tuple_type} {record.key}" if record is not None else f"{found.key}: not kept any more, forgotten or lost")
    for place in found.places:
        older = record is not None and place.id != record.id
        click.echo(f"{_line(Path(directory), place)}{f'; made of version {place.id[:12]}, which was replaced since' if older else ''}")
    for one in found.silent:
        click.echo(plain(f"{one.recipe}: no row, {one.why}"))


def _line(directory: Path, place: Place) -> str:
    """What there is to say of a row, or of what is none; it begins with a name for it that this command takes."""
    from corpus.build.reasons import SENTENCES, Reason

    where = f"{directory / place.file}:{place.row}"
    if not place.reason:
        return plain(f"{where}: {place.recipe}, {place.split}{f', events {place.events}' if place.events else ''}")
    detail = f" ({place.detail})" if place.detail else ""
    return plain(f"{where}: left out of {place.recipe}, {place.reason}: {SENTENCES[Reason(place.reason)]}{detail}")
