"""``capture install``: enrol a repository and place its hooks."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.console import echo_json, json_option, root_option
from corpus.names import Name


@click.command("install", short_help="Enrol a repository: from now on its commits are captured.")
@click.argument("repo", default=".", type=click.Path(path_type=Path))
@click.option("--tenant", required=True, metavar="T", help="Whose corpus the records go to.")
@click.option("--cluster", metavar="C", help="The cluster the work belongs to (or from --manifest).")
@click.option("--role", metavar="R", help="The role that works here (default: contributor).")
@click.option("--module", metavar="M", help="The module's name (default: the repository's directory).")
@click.option("--manifest", metavar="FILE", type=click.Path(path_type=Path), help="A cluster manifest; options win over it.")
@click.option("--agents", default="auto", metavar="auto|none|LIST", help="Coding agents whose sessions are captured (default: those here).")
@click.option("--key", "key", metavar="FILE", type=click.Path(path_type=Path), help="The tenant's pseudonym key, as a team shares it.")
@click.option("--key-command", metavar="CMD", help="A command that prints that key, run each time it is needed.")
@root_option
@json_option
def command(
    repo: Path,
    tenant: str,
    cluster: str | None,
    role: str | None,
    module: str | None,
    manifest: Path | None,
    agents: str,
    key: Path | None,
    key_command: str | None,
    root: str | None,
    as_json: bool,
) -> None:
    """Enrol the repository REPO (default: this one) and place hooks beside those it has, and in the settings of coding agents.

    Makes the corpus root and the tenant where they are missing. Running it again is harmless: it puts back hooks that something else
    wrote over. A repository that another tenant has, and a root inside a work tree that does not ignore it, are refused (exit 3).

    A team that feeds one tenant shares one key, from FILE or from CMD (run without a shell, and what it prints is written nowhere). It is
    never put in the place of another: a tenant that has one here already is refused (exit 3).
    """
    from capture.hooks.agents import chosen
    from capture.hooks.install import enrolled_as, install
    from capture.settings import remember_root
    from corpus.manifest import read
    from corpus.xdg import corpus_root

    said = read(manifest) if manifest else None
    where = corpus_root(root)
    label = enrolled_as(repo, said, tenant=tenant, cluster=cluster, role=role, module=module)
    _bring_key(label.tenant, key, key_command)
    done = install(repo, root=where, label=label, manifest=said, agents=chosen(agents))
    remembered = remember_root(where)
    if as_json:
        echo_json(
            {
                "agents": [
                    {"agent": one.agent, "file": one.file and str(one.file), "changed": one.changed, "trouble": one.trouble}
                    for one in done.agents
                ],
                "changed": done.changed,
                "command": None if done.command is None else str(done.command),
                "hooks": [str(path) for path in done.hooks],
                "repository": str(done.enrolment.common_dir),
                "root": str(where),
                "tenant": label.tenant,
                "cluster": label.cluster,
                "moduleId": label.module_id,
                "role": label.role,
            }
        )
        return
    click.echo(f"{'Enrolled' if done.changed else 'Already enrolled'}: {done.enrolment.common_dir}")
    click.echo(f"  as     tenant {label.tenant}, cluster {label.cluster}, module {label.module_id}, role {label.role}")
    click.echo(f"  root   {where}{' (now the default)' if remembered else ''}")
    for path in done.hooks:
        click.echo(f"  hooks  {path}")
    for one in done.agents:
        click.echo(f"  agent  {one.agent}: {'swept' if one.file is None or one.trouble else one.file}")
        if one.trouble:
            click.echo(f"capture: {one.agent}: {one.trouble}", err=True)
    if any(one.changed for one in done.agents):
        click.echo("         an agent that runs may have to be started again; Codex asks you to trust a new hook (/hooks)")
    if done.command is None:
        click.echo("  no 'capture' command was found: entries wait in the spool until one is on PATH")
    click.echo("Next: commit as always; 'capture status' proves the hooks; 'capture edit --all' takes the history there is.")


def _bring_key(tenant: Name, key: Path | None, key_command: str | None) -> None:
    """Before the hooks: the first commit that they hand over would make a key."""
    from corpus.redaction import keysource

    if key is not None and key_command is not None:
        raise click.UsageError("the key comes from --key or from --key-command: give one of them")
    if key is not None:
        keysource.put_key(tenant, keysource.from_file(key))
    elif key_command is not None:
        keysource.put_command(tenant, key_command)
