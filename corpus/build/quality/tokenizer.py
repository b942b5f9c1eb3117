"""A user's tokenizer, read from its files without a network: what a row is as a model sees it, and how many tokens that is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson

from corpus.build.quality.template import Template
from corpus.build.quality.text import everything, said, talks, tools
from corpus.build.row import Row
from corpus.errors import BadInput

MODEL, CONFIG, JINJA = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"


class UserTokenizer:
    """``tokenizer.json``, and of its directory the chat template that ``tokenizer_config.json`` or ``chat_template.jinja`` has.

    ``label`` is the SHA-256 over the files that were read, each by its name and digest.
    """

    def __init__(self, path: Path) -> None:
        """Raises :class:`BadInput` for what does not load, and where the packages that load it are missing."""
        tokenizer, files = _open(path), _files(path)
        self.label = label(path)
        self._tokenizer = tokenizer
        config = _config(files[CONFIG]) if CONFIG in files else {}
        try:
            source = files[JINJA].decode("utf-8") if JINJA in files else _template(config)
        except UnicodeDecodeError as error:
            raise BadInput(f"--tokenizer {path}: its {JINJA} is not UTF-8") from error
        self.template = Template(source, _special(config)) if source else None

    def rendered(self, row: Row) -> list[str]:
        """Each conversation of ``row`` as the template renders it, or its text where it is a document or there is no template.

        Raises :class:`corpus.build.quality.template.Unrenderable`.
        """
        if not talks(row):
            return [everything(row)]
        if self.template is None:
            return ["\n\n".join(said(talk)) for talk in talks(row)]
        return [self.template.render(talk, tools(row), row.where().created) for talk in talks(row)]

    def count(self, row: Row) -> int:
        """Tokens of the longest of its conversations. Raises as :meth:`rendered`.

        A template prints its own special tokens; a document gets those that the tokenizer adds, as trainers have it.
        """
        own = bool(talks(row))
        return max(len(self._tokenizer.encode(text, add_special_tokens=not own).ids) for text in self.rendered(row))


def label(path: Path) -> str:
    """The digest that a manifest quotes. Raises :class:`BadInput` where the files cannot be read."""
    told = "".join(f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(_files(path).items()))
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def _files(path: Path) -> dict[str, bytes]:
    places = {MODEL: path} if path.is_file() else {name: path / name for name in (MODEL, CONFIG, JINJA) if (path / name).is_file()}
    if MODEL not in places:
        raise BadInput(f"--tokenizer {path}: no {MODEL} there; name such a file, or a directory that has one")
    try:
        return {name: place.read_bytes() for name, place in places.items()}
    except OSError as error:
        raise BadInput(f"--tokenizer {path} cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> Any:
    try:
        import jinja2  # noqa: F401 - said together: both come with the same extra
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise BadInput(f"--tokenizer needs the package {error.name!r}: install this project with its extra 'tokens'") from error
    try:
        found = Tokenizer.from_file(str(path if path.is_file() else path / MODEL))
    except Exception as error:  # the library raises plain Exception
        _files(path)
        raise BadInput(f"--tokenizer {path}: its {MODEL} does not load: {str(error)[:120]}") from error
    found.no_truncation()
    found.no_padding()
    return found


def _config(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data)
    except ValueError as error:
        raise BadInput(f"--tokenizer: its {CONFIG} is not JSON") from error
    if not isinstance(found, dict):
        raise BadInput(f"--tokenizer: its {CONFIG} is not an object")
    return found


def _template(config: dict[str, Any]) -> str | None:
    """The template by that name, or the one called ``default`` of several."""
    found = config.get("chat_template")
    if isinstance(found, list):
        found = next((each.get("template") for each in found if isinstance(each, dict) and each.get("name") == "default"), None)
    return found if isinstance(found, str) else None


def _special(config: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name in ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"):
        value = config.get(name)
        text = value.get("content") if isinstance(value, dict) else value
        if isinstance(text, str):
            found[name] = text
    return found
