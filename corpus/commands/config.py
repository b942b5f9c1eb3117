"""``--config FILE``: a TOML file whose keys are a command's long options; what is given on the command line counts instead."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from corpus.errors import BadInput


def _read(context: click.Context, option: click.Parameter, path: Path | None) -> str | None:
    """Make the file's settings the defaults of ``context``; the file's text. Raises :class:`BadInput`."""
    if path is None:
        return None
    try:
        text = path.read_text("utf-8")
        told = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"--config {path} cannot be read ({error.strerror}): name a TOML file") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--config {path} is not TOML: {str(error)[:120]}") from error
    known = {_key(each): each for each in context.command.params if isinstance(each, click.Option) and each is not option}
    defaults: dict[str, object] = {}
    for key, value in told.items():
        name = key.replace("_", "-")
        if name not in known:
            raise BadInput(f"--config {path}: no setting {key[:80]!r}: use some of {', '.join(sorted(known))}")
        defaults[known[name].name or ""] = _value(known[name], value, f"--config {path}: {key}")
    context.default_map = defaults
    return text


def _key(option: click.Option) -> str:
    return next(name for name in option.opts if name.startswith("--"))[2:]


def _value(option: click.Option, value: object, where: str) -> object:
    """As the option takes it: a list where it may be given again, a table there as ``NAME=VALUE``."""
    if option.multiple:
        several = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
        if any(isinstance(each, list | dict | bool) for each in several):
            raise BadInput(f"{where} is a list of texts, or a table of texts and numbers")
        return [f"{name}={each}" for name, each in value.items()] if isinstance(value, dict) else list(map(str, several))
    if option.is_flag != isinstance(value, bool) or isinstance(value, list | dict):
        raise BadInput(f"{where} is {'true or false' if option.is_flag else 'one text or number'}")
    return value if option.is_flag else str(value)  # as it would be typed: click makes 1 of 1.5


config_option: Callable[[Any], Any] = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=True,
    callback=_read,
    metavar="FILE",
    help="A TOML file with these options as keys; quoted in the manifest.",
)
