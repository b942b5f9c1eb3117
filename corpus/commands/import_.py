"""``corpus import``: taking a bundle in."""

from __future__ import annotations

import click

from corpus.commands.options import tenant_option
from corpus.console import echo_json, json_option, progress, root_option


@click.command("import")
@click.argument("bundle", metavar="BUNDLE")
@tenant_option
@click.option("--merge", is_flag=True, help="Also into a tenant that has records which the bundle has not.")
@root_option
@json_option
def command(bundle: str, tenant: str, merge: bool, root: str | None, as_json: bool) -> None:
    """Take the records of BUNDLE, a directory or a URL, into a tenant: what is not here, and newer versions of what is.

    Doing it again changes nothing.

    All of it is checked before anything is kept: a bundle of another tenant or kind, or made under another pseudonym key, is refused (3),
    one that is not whole too (4). What was forgotten there is forgotten here.
    """
    from dataclasses import asdict

    from corpus.errors import Broken
    from corpus.forgetting.run import forget
    from corpus.store import Corpus
    from corpus.store.elsewhere import readable_root
    from corpus.xdg import corpus_root

    with Corpus.open(corpus_root(root), tenant) as corpus, progress("importing") as seen:
        before = corpus.forgetting()  # its copies elsewhere are a drain's to clear: it was told when it was begun
        done = corpus.take_in(readable_root(bundle), seen, merge=merge)
        wanted = corpus.forgetting()
        gone = None if wanted is None else forget(corpus, wanted)
    if as_json:
        echo_json(asdict(done) | {"gone": gone.records if gone and wanted != before else 0})
    else:
        came = f"records added {done.added}, replaced by a newer version {done.replaced}, left out as forgotten {done.forgotten}"
        click.echo(f"tenant {tenant}: {came}, log {done.position}")
        if gone and wanted != before:
            click.echo(f"tenant {tenant}: forgotten there, so gone here too: {gone.records}")
        for held in gone.builds if gone and wanted != before else ():
            for out, became in held.became:
                click.echo(f"in build {held.build.manifest[:12]}: {held.records} of them; {out}: {became}")
    if gone and gone.unread:
        more = f" (and {len(gone.unread) - 1} more)" if len(gone.unread) > 1 else ""
        raise Broken(f"{gone.unread[0]}{more}")
