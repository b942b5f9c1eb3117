"""The registry above the recipes: ours in the order a person learns them, then those that other packages bring."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from corpus.build.recipe import Recipe
from corpus.build.recipes import commit_message, dpo, kto, pretrain, sft, sft_blocks
from corpus.build.row import Row, columns
from corpus.errors import BadInput

GROUP = "trajectory_substrate.recipes"

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (pretrain.RECIPE, sft.RECIPE, sft_blocks.RECIPE, commit_message.RECIPE, dpo.RECIPE, kto.RECIPE)
}

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # also the name of a directory


@cache
def _found() -> tuple[dict[str, Recipe], tuple[str, ...], dict[str, str]]:
    known, broken, packages = dict(RECIPES), [], {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            recipe = _loaded(point)
            if known.setdefault(recipe.name, recipe) is recipe and point.dist:
                packages[recipe.name] = f"{point.dist.name} {point.dist.version}"
        except Exception as error:  # another package's code: whatever is wrong with it, the others work
            package = point.dist.name if point.dist else point.value
            broken.append(f"{package}: its recipe {point.name!r} cannot be loaded ({type(error).__name__}); upgrade or remove that package")
    return known, tuple(broken), packages


def _loaded(point: EntryPoint) -> Recipe:
    """Raises what the other package raises, and ``TypeError`` for what is no recipe."""
    recipe = point.load()
    if not isinstance(recipe, Recipe) or not _NAME.fullmatch(recipe.name) or not issubclass(recipe.row_type, Row):
        raise TypeError(f"{point.value} is no recipe")
    if not hasattr(recipe.row_type, "SHAPE") or not columns(recipe.row_type):
        raise TypeError(f"{point.value}: its rows have no shape")
    return recipe


def known() -> dict[str, Recipe]:
    """Every recipe by name, ours first; an entry point with a name of ours is not taken."""
    return _found()[0]


def package_of(name: str) -> str:
    """Name and version of the package that a recipe comes from, ``""`` for ours and where nobody knows."""
    return _found()[2].get(name, "")


def named(names: Iterable[str]) -> tuple[Recipe, ...]:
    """The recipes of these names, each once, in the registry's order. Raises :class:`BadInput` for a name that is none."""
    wanted = set(names)
    for name in sorted(wanted - known().keys()):
        raise BadInput("; ".join((f"no recipe {name[:80]!r}: use one of {', '.join(known())}", *_found()[1])))
    return tuple(recipe for recipe in known().values() if recipe.name in wanted)
