"""``capture feedback``: keep rejected answers and their corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpus.console import echo_json, json_option, root_option

if TYPE_CHECKING:
    from corpus.redaction.draft import Label


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
    if (tenant is None) != (cluster is None):
        raise click.UsageError("--tenant and --cluster go together")
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
    from corpus.xdg import corpus_root

    label, enrolled_root = _whose(files, tenant, cluster)
    drafts = [feedback.draft(feedback.read(file), label) for file in files]
    where = corpus_root(root) if root or enrolled_root is None else enrolled_root
    found = []
    with Ingest(where, label.tenant) as ingest:
        for file, draft in zip(files, drafts, strict=True):
            new = ingest.keep(draft)
            path = where / label.tenant / "engineering" / "feedback" / f"{draft.stem}.jsonl"
            found.append(Kept(str(file), draft.key, str(path), new))
    return found


def _whose(files: Sequence[Path], tenant: str | None, cluster: str | None) -> tuple[Label, Path | None]:
    """The label, and the root of the enrolment that gave it. A file or working directory of another tenant's repository is refused."""
    from capture.enrol import Enrolment, find
    from corpus.errors import BadInput, Refused
    from corpus.names import Name, check
    from corpus.redaction.draft import Label

    def enrolment(at: Path) -> Enrolment | None:
        try:
            return find(at)
        except BadInput:  # no repository there
            return None

    here = enrolment(Path.cwd())
    wanted = check("tenant", tenant) if tenant is not None else here.label.tenant if here is not None else None
    if wanted is None:
        raise BadInput("this directory is not in an enrolled repository: give --tenant and --cluster, or run it in one")
    for place in sorted({file.absolute().parent for file in files} | {Path.cwd()}):
        owner = enrolment(place)
        if owner is not None and owner.label.tenant != wanted:
            raise Refused(f"{place} belongs to tenant {owner.label.tenant!r}, not {wanted!r}: move the file, or name its own tenant")
    if here is not None:
        return (here.label if cluster is None else replace(here.label, cluster=check("cluster", cluster))), here.root
    named = check("cluster", cluster or "")
    return Label(wanted, named, module_id=named, role=Name("contributor")), None
