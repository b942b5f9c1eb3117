"""``capture status``: are this repository's hooks proven, and does anything wait?"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.console import echo_json, echo_table, json_option

if TYPE_CHECKING:
    from capture.standing import Standing


@click.command("status", short_help="Prove the hooks by triggering them; show what waits or failed.")
@click.argument("repo", default=".", type=click.Path(path_type=Path))
@click.option("--retry", is_flag=True, help="First put what failed for good back in line.")
@json_option
def command(repo: Path, retry: bool, as_json: bool) -> None:
    """Prove the hooks of the repository REPO (default: this one) by really triggering each in a throw-away repository.

    Shows as well what waits in the spool, what failed and why, whether capture is paused, and how the sessions of coding agents stand.
    Ends with 1 when something is wrong.
    """
    from capture import spool
    from capture.hooks.report import report
    from capture.standing import standing
    from capture.trajectory import unknown_types
    from corpus.xdg import spool_dir

    if retry:
        spool.retry_failures(spool_dir())
    now, sessions = report(repo), standing()
    troubles = [*now.troubles, *sessions.troubles]
    unknown = list(unknown_types())
    if as_json:
        echo_json(
            {
                "repository": str(now.enrolment.common_dir),
                "tenant": now.enrolment.label.tenant,
                "cluster": now.enrolment.label.cluster,
                "root": str(now.enrolment.root),
                "hooks": [{"hook": one.hook, "path": str(one.path), "proven": one.proven, "trouble": one.trouble} for one in now.proofs],
                "paused": now.paused,
                "waiting": now.waiting,
                "retrying": [{"entry": one.entry.path.name, "tries": one.tries, "reason": one.reason} for one in now.retrying],
                "failed": [{"entry": one.entry.path.name, "tries": one.tries, "reason": one.reason} for one in now.failed],
                "last_drain": None if now.last_drain is None else _utc(now.last_drain),
                "drainer": now.drainer,
                "command": None if now.command is None else str(now.command),
                "withheld": [str(one) for one in now.withheld],
                "forgotten": now.refused,
                "unknown": [{"agent": agent, "type": name, "count": count} for agent, name, count in unknown],
                "sessions": {
                    "agents": [
                        {
                            "agent": one.name,
                            "file": one.file and str(one.file),
                            "placed": one.placed,
                            "fired": one.fired and _utc(one.fired),
                            "missing": one.missing,
                        }
                        for one in sessions.agents
                    ],
                    "waiting": sessions.waiting,
                    "open": sessions.open,
                    "unreadable": [{"path": path, "reason": reason} for path, reason in sessions.unreadable],
                },
                "troubles": troubles,
            }
        )
    else:
        label = now.enrolment.label
        rows = [(one.hook, "proven" if one.proven else "NOT RUNNING", one.trouble or one.path) for one in now.proofs]
        echo_table(("hook", "state", "where"), rows, title=f"{now.enrolment.common_dir} ({label.tenant}, {label.cluster})")
        click.echo(f"capture   {'PAUSED (capture resume goes on)' if now.paused else 'on'}; command {now.command or 'NOT FOUND'}")
        click.echo(f"spool     {now.waiting} waiting, {len(now.retrying)} of them after a failure, {len(now.failed)} failed for good")
        for one in (*now.retrying, *now.failed):
            click.echo(f"          {one.entry.path.name}: {one.reason} (tried {one.tries} times)")
        if now.withheld:
            click.echo(f"withheld  {len(now.withheld)} by the second pass; the last: {now.withheld[-1]}")
        if now.refused:
            click.echo(f"forgotten met and left out {now.refused} times")
        for agent, name, count in unknown:
            click.echo(f"unknown   {count} lines of type {name or '(none)'} in {agent}'s transcripts, kept as notes")
        last = "never" if now.last_drain is None else _utc(now.last_drain)
        click.echo(f"drainer   {'at work' if now.drainer else 'idle'}; last drain {last}")
        _tell(sessions)
        for trouble in troubles:
            click.echo(f"capture: {trouble}", err=True)
    if troubles:
        sys.exit(1)


def _tell(sessions: Standing) -> None:
    for one in sessions.agents:
        where = "swept" if one.file is None else f"hook in {one.file}" if one.placed else "hook MISSING"
        fired = f"; last fired {_utc(one.fired)}" if one.fired else ""
        missing = f"; {one.missing} times for a transcript that was gone" if one.missing else ""
        click.echo(f"agent     {one.name}: {where}{fired}{missing}")
    if sessions.agents:
        click.echo(f"sessions  {sessions.waiting} waiting, {sessions.open} may go on, {len(sessions.unreadable)} unreadable")
    for path, reason in sessions.unreadable[:5]:
        click.echo(f"          {path}: {reason}")


def _utc(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
