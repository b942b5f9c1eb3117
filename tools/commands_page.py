#!/usr/bin/env python3
"""Prints docs/commands.md: the help of every command, as the command itself gives it.

.venv/bin/python tools/commands_page.py > docs/commands.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from capture.cli import group as capture
from corpus.cli import group as corpus

HEAD = """# Commands

Made by `tools/commands_page.py` from the commands' own help; a test holds the two together.

Exit codes, everywhere:

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | problems were found (`status`, `redact --check`) |
| 2 | bad usage, or input that cannot be read |
| 3 | refused at a boundary: a tenant, a name, a root inside the work tree |
| 4 | stored bytes are not what they should be |
| 5 | could not be done here, and the work is kept (disk full, a bug) |
| 130 | interrupted |

Where files lie is told by `--root`, then `CORPUS_ROOT`, then `root` in `$XDG_CONFIG_HOME/corpus/config.toml`, then
`$XDG_DATA_HOME/corpus`. `CORPUS_DEBUG=1` shows the traceback of a bug; it may quote what has not been redacted.
"""


def page() -> str:
    """The whole page, ending in a newline."""
    parts = [HEAD]
    for name, group in (("capture", capture), ("corpus", corpus)):
        parts += [f"## {title}\n\n```\n{text}\n```\n" for title, text in _helps(group, _context(group, name))]
    return "\n".join(parts)


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    return command.make_context(name, [], parent, resilient_parsing=True, terminal_width=110, max_content_width=110)


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            member = command.get_command(context, name)
            if member is not None and not member.hidden:
                yield from _helps(member, _context(member, name, context))


if __name__ == "__main__":
    print(page(), end="")
