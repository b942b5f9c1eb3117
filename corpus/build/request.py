"""What is asked of a build: as a user types it, and as its manifest quotes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.build import gates, recipes, splits
from corpus.build.manifest import Query
from corpus.build.options import DEFAULTS, Options
from corpus.build.quality.steps import checked
from corpus.build.where import parse_all
from corpus.store import tenant_settings


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a build: names and texts as typed. ``all_branches`` sets aside the branches that manifests name, ``gates``
    change limits of :class:`corpus.build.gates.Gates`, ``as_of`` is a position of the log, ``config`` the text of the file that has
    the settings, ``split`` texts of :func:`corpus.build.splits.parse`."""

    root: Path
    tenant: str
    recipes: tuple[str, ...]
    where: tuple[str, ...] = ()
    all_branches: bool = False
    gates: tuple[str, ...] = ()
    options: Options = DEFAULTS
    as_of: int | None = None
    config: str | None = None
    split: tuple[str, ...] = ()


def query_of(request: Request) -> Query:
    """What is asked, sorted and checked. Raises :class:`BadInput`."""
    return Query(
        tenant=request.tenant,
        where=parse_all(request.where).texts,
        recipes=tuple(sorted(recipe.name for recipe in recipes.named(request.recipes))),
        branches={} if request.all_branches else named_branches(request.root, request.tenant),
        gates=str(gates.parse(request.gates)),
        options=checked(request.options),
        split=splits.parse(request.split).texts if request.split else None,
        config=request.config,
    )


def named_branches(root: Path, tenant: str) -> dict[str, tuple[str, ...]]:
    """The branches that cluster manifests name, by cluster; a cluster whose manifest names none is not in it."""
    clusters = tenant_settings(root, tenant).clusters
    return {name: tuple(sorted(settings.branches)) for name, settings in sorted(clusters.items()) if settings.branches is not None}
