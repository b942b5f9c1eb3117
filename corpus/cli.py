"""``corpus``: dispatches to one module a command."""

from __future__ import annotations

import click

from corpus import __version__
from corpus.console import LazyGroup
from corpus.console import main as run

MEMBERS = {
    "init": "corpus.commands.init",
    "tenant": "corpus.commands.tenant",
    "build": "corpus.commands.build",
    "rebuild": "corpus.commands.rebuild",
    "stats": "corpus.commands.stats",
    "show": "corpus.commands.show",
    "sample": "corpus.commands.sample",
    "pack": "corpus.commands.pack",
    "export": "corpus.commands.export",
    "import": "corpus.commands.import_",
    "key": "corpus.commands.key",
    "verify": "corpus.commands.verify",
    "rescan": "corpus.commands.rescan",
    "find": "corpus.commands.find",
    "report": "corpus.commands.report",
    # Capture keeps copies too, and nothing here may import it: the command is named, and found when it is run.
    "forget": "capture.commands.forget",
    "hold": "corpus.commands.hold",
}


@click.group(cls=LazyGroup, members=MEMBERS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version")
def group() -> None:
    """Keep a tenant's records and build training sets from them."""


def main() -> None:
    run(group, "corpus")
