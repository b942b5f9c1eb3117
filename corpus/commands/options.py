"""Options that several corpus commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

tenant_option: Callable[[Any], Any] = click.option("--tenant", required=True, metavar="NAME", help="The tenant; one, always.")

workers_option = click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes that make the rows.  [default: one a core, if it pays]"
)
