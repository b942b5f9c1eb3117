"""``axolotl``: what its strategies ``chat_template``, ``completion``, ``chat_template.default`` (DPO) and ``chatml.argilla`` (KTO) read.

Facts from its documentation ("Dataset Formats", "RLHF") and from what those strategies take of a row. ``chat_template`` learns the
messages whose field ``training`` is true, so only the completion is learned. Its DPO reads role and content of each message and the last
message of an answer; its KTO takes one instruction and one text. A row with more in it would be cut there without a word: it has no
form here.
"""

from __future__ import annotations

import orjson

from corpus.build.formats.layout import Layout, Note, Values, flat
from corpus.build.row import Column, Row
from corpus.build.shape import Answer, Document, Preference, Shape, Verdict
from corpus.build.turn import Turn, Turns

NAME = "axolotl"

_HEAD = """\
datasets:
  - path: DIR
    name: {recipe}
    split: train
    """
_CHAT = """type: chat_template
    field_messages: messages
    message_field_training: training
    roles_to_train: []
    train_on_eos: turn"""
_COMPLETION = """type: completion
    field: text"""
_DPO = ("type: chat_template.default", "rl: dpo")
_KTO = ("type: chatml.argilla", "rl: kto\nremove_unused_columns: false")


def _note(rest: str) -> Note:
    return lambda recipe, files: f"{_HEAD.format(recipe=recipe)}{rest}"


def _note_of_files(kind: str, rest: str) -> Note:
    """With ``rl`` axolotl (0.19) drops the ``name`` of a set from its configuration, so each file of the split is named."""
    return lambda recipe, files: "\n".join(["datasets:", *(f"  - path: DIR/{file}\n    split: train\n    {kind}" for file in files), rest])


def layout(row_type: type[Row]) -> Layout | None:
    if row_type.SHAPE is Document:
        return flat(NAME, row_type, (Column("text"),), _document, _note(_COMPLETION))
    if row_type.SHAPE is Answer:
        return flat(NAME, row_type, (Column("messages", "messages"), Column("tools", "json")), _chat, _note(_CHAT))
    if row_type.SHAPE is Preference:
        # No JSON here: its strategy puts text in the place of the answers, and ``datasets`` would keep the type and make lists of letters.
        sides = tuple(Column(name, "structs", ("role", "content")) for name in ("messages", "chosen", "rejected"))
        return flat(NAME, row_type, sides, _preference, _note_of_files(*_DPO))
    own = (Column("system"), Column("instruction"), Column("completion"), Column("label", "bool"))
    return flat(NAME, row_type, own, _verdict, _note_of_files(*_KTO))


def _document(shape: Shape) -> Values | None:
    return {"text": shape.text} if isinstance(shape, Document) else None


def _chat(shape: Shape) -> Values | None:
    if not isinstance(shape, Answer):
        return None
    told = [_message(turn) | {"training": False} for turn in shape.prompt]
    told += [_message(turn) | {"training": True} for turn in shape.completion]
    return {"messages": told, "tools": None if shape.tools is None else [tool.schema() for tool in shape.tools]}


def _message(turn: Turn) -> Values:
    """The message with each call's arguments as JSON text, which axolotl reads: of values it drops every null."""
    said = turn.message()
    if turn.tool_calls:
        said["tool_calls"] = [
            call.plain() | {"function": {"name": call.function.name, "arguments": orjson.dumps(call.function.arguments).decode()}}
            for call in turn.tool_calls
        ]
    return said


def _preference(shape: Shape) -> Values | None:
    if not isinstance(shape, Preference) or len(shape.chosen) != 1 or len(shape.rejected) != 1:
        return None
    if not _words((*shape.prompt, *shape.chosen, *shape.rejected)):
        return None
    return {"messages": _said(shape.prompt), "chosen": _said(shape.chosen), "rejected": _said(shape.rejected)}


def _verdict(shape: Shape) -> Values | None:
    if not isinstance(shape, Verdict) or not _words((*shape.prompt, *shape.completion)) or len(shape.completion) != 1:
        return None
    system, asked = _apart(shape.prompt)
    if len(asked) != 1 or asked[0].role != "user":
        return None
    return {"system": system, "instruction": asked[0].content, "completion": shape.completion[0].content, "label": shape.label}


def _apart(prompt: Turns) -> tuple[str, tuple[Turn, ...]]:
    if prompt and prompt[0].role == "system":
        return prompt[0].content, prompt[1:]
    return "", prompt


def _words(turns: Turns) -> bool:
    """Whether role and content are all there is."""
    return not any(turn.tool_calls or turn.reasoning_content or turn.role == "tool" for turn in turns)


def _said(turns: Turns) -> list[Values]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]
