"""A tokenizer's chat template, rendered as ``transformers`` renders it (``utils/chat_template_utils.py``): sandboxed, with its helpers.

One thing differs: the date that a template may ask for is the day of the work, since the clock has no place in a build.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from corpus.build.quality.limit import Late, limited
from corpus.build.turn import Turns
from corpus.errors import BadInput

SECONDS = 60
"""What a template may take for one conversation, and, in characters, what it may make of it: none that is meant to comes near."""
MOST = 1 << 26


class Unrenderable(Exception):
    """The template refuses a conversation, or fails at it; the message is the template's."""


class Template:
    """``source`` is the template's text, ``special`` the tokenizer's special tokens by name (``bos_token`` and so on)."""

    def __init__(self, source: str, special: dict[str, str]) -> None:
        import jinja2
        import jinja2.sandbox

        environment = _sandbox()(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _generation()])
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise BadInput(f"--tokenizer: its chat template is not one: {str(error)[:120]}") from error
        except (RecursionError, MemoryError, SyntaxError, ValueError) as error:  # what Python says of what a template was made into
            raise BadInput(f"--tokenizer: its chat template is too deep or too large to be one ({type(error).__name__})") from error
        self._special = special

    def render(self, talk: Turns, tools: Sequence[dict[str, object]] | None, day: str, *, prompt: bool = False) -> str:
        """The conversation as a model will see it; ``prompt``: up to where it answers. ``day`` begins with ``YYYY-MM-DD``.

        Raises :class:`Unrenderable`, whatever is wrong: a template is a program of somebody else's. :class:`BadInput` for one that does
        not end in :data:`SECONDS`, which says nothing about the conversation.
        """
        when = datetime.strptime(day[-24:][:10], "%Y-%m-%d")
        pieces: list[str] = []
        left = MOST
        try:
            with limited(SECONDS):
                for piece in self._template.generate(
                    messages=[turn.message() for turn in talk],
                    tools=list(tools) if tools else None,
                    documents=None,
                    add_generation_prompt=prompt,
                    strftime_now=when.strftime,
                    **self._special,
                ):
                    pieces.append(piece)
                    left -= len(piece)
                    if left < 0:
                        raise OverflowError(f"it writes more than {MOST} characters")
        except Late as error:
            raise BadInput(f"--tokenizer: its chat template does not end within {SECONDS} seconds on one row: mend it") from error
        except Exception as error:
            raise Unrenderable(f"{type(error).__name__}: {str(error)[:160]}") from error
        return "".join(pieces)


def _sandbox() -> type[Any]:
    """The sandbox, in which nothing grows beyond :data:`MOST` by being multiplied: in one step, which no limit of time could cut."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator == "*" and _length(left) * _factor(right) + _length(right) * _factor(left) > MOST:
                raise OverflowError("it makes a text too long")
            if operator == "**" and _factor(left).bit_length() * _factor(right) > 1 << 16:
                raise OverflowError("it makes a number too large")
            return super().call_binop(context, operator, left, right)

    return Sandbox


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _factor(value: object) -> int:
    return abs(value) if isinstance(value, int) else 0


def _generation() -> type[Any]:
    """The tag ``{% generation %}``, which marks what an assistant says and prints it as it is."""
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

        def _pass(self, caller: Callable[[], str]) -> str:
            return caller()

    return Generation


def _tojson(value: object, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False) -> str:
    """Plain JSON: Jinja's own filter escapes for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> None:
    import jinja2

    raise jinja2.TemplateError(message)
