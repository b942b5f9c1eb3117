"""``capture feedback``: keep rejected answers and their corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.console import echo_json, json_option, root_option

if TYPE_CHECKING:
    from capture.whose import Owner


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one file: its record's key, where the record lies, and whether it is new."""

    file: str
    key: str
    path: str
    new: bool


@click.command("feedback")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tenant", metavar="NAME", help="Whose it is, where no enrolled repository says so.")
@click.option("--cluster", metavar="NAME", help="The cluster it belongs to.")
@root_option
@json_option
def command(files: tuple[Path, ...], tenant: str | None, cluster: str | None, root: str | None, as_json: bool) -> None:
    """Keep what each FILE holds: one rejected answer and its correction, as JSON."""
    kept = keep(files, tenant, cluster, root)
    if as_json:
        echo_json([{"file": one.file, "key": one.key, "path": one.path, "new": one.new} for one in kept])
        return
    for one in kept:
        click.echo(f"{one.key[:12]}  {one.path if one.new else 'already captured'}")


def keep(files: Sequence[Path], tenant: str | None, cluster: str | None, root: str | None) -> list[Kept]:
    """Read every file, then keep every pair; a file that cannot be read stops all before anything is kept.

    Raises :class:`corpus.errors.BadInput` for such a file or where nobody says whose it is, :class:`corpus.errors.Refused` at a boundary.
    """
    from capture.ingest import Ingest
    from capture.sources import feedback

    owner = _owner(files, tenant, cluster, root)
    drafts = [feedback.draft(feedback.read(file), owner.label) for file in files]
    found = []
    with Ingest(owner.root, owner.label.tenant) as ingest:
        for file, draft in zip(files, drafts, strict=True):
            new = ingest.keep(draft)
            path = owner.root / owner.label.tenant / "engineering" / "feedback" / f"{draft.stem}.jsonl"
            found.append(Kept(str(file), draft.key, str(path), new))
    return found


def _owner(files: Sequence[Path], tenant: str | None, cluster: str | None, root: str | None) -> Owner:
    """The working directory's repository says whose it is, else the flags. A file in another tenant's repository is refused."""
    from capture.enrol import find
    from capture.git.run import common_dir
    from capture.whose import Owner, whose
    from corpus.errors import BadInput, Refused
    from corpus.names import check
    from corpus.redaction.draft import Label
    from corpus.xdg import corpus_root

    here = Path.cwd()
    try:
        common_dir(here)
    except BadInput:  # no repository here
        if not tenant or not cluster:
            raise BadInput(f"{here} is in no repository: give --tenant and --cluster, or run it in an enrolled one") from None
        named = check("cluster", cluster)
        owner = Owner(corpus_root(root), Label(check("tenant", tenant), named, module_id=named, role=check("role", "contributor")))
    else:
        owner = whose(here, tenant=tenant, cluster=cluster, root=root)
    for place in sorted({file.absolute().parent for file in files}):
        try:
            theirs = find(place)
        except BadInput:
            continue
        if theirs is not None and theirs.label.tenant != owner.label.tenant:
            raise Refused(f"{place} is enrolled to tenant {theirs.label.tenant!r}, not {owner.label.tenant!r}: run it there")
    return owner
