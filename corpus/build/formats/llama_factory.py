"""``llama-factory``: its ``sharegpt`` rows, every value text, and the ``dataset_info.json`` that tells it what each set is.

Facts from its ``data/README.md`` and from how it reads a row: speakers take turns, ``human`` or ``observation`` and then ``gpt`` or
``function_call``, a system message first; a call is JSON of name and arguments (a list of them where there are several) and can hold no
words beside it; of a preference both sides are one message; ``kto_tag`` is the verdict. Reasoning goes before the answer in
``<think>`` marks, as its templates for reasoning models print it. Set ``mask_history: true``, or the assistant's turns in the prompt are
learned too. It reads the files by name, each shard a set of its own, so no split can slip into another.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from corpus.build.formats.layout import Layout, Note, Values, flat
from corpus.build.row import Column, Row
from corpus.build.shape import Answer, Document, Preference, Shape, Verdict
from corpus.build.turn import Tools, Turn, Turns

NAME = "llama-factory"
INFO = "dataset_info.json"

_TURN = ("from", "value")
_TALK = (Column("conversations", "structs", _TURN), Column("system"), Column("tools"))
_SIDES = (Column("chosen", "struct", _TURN), Column("rejected", "struct", _TURN))


def layout(row_type: type[Row]) -> Layout | None:
    if row_type.SHAPE is Document:
        return flat(NAME, row_type, (Column("text"),), _document, _note("pt"))
    if row_type.SHAPE is Preference:
        return flat(NAME, row_type, (*_TALK, *_SIDES), _preference, _note("dpo"))
    if row_type.SHAPE is Verdict:
        return flat(NAME, row_type, (*_TALK, Column("kto_tag", "bool")), _verdict, _note("kto"))
    return flat(NAME, row_type, _TALK, _answer, _note("sft\nmask_history: true"))


def dataset(path: str) -> str:
    """The name of the set that is in the file ``path``: ``sft/train-00000-of-00002.jsonl`` is ``sft_train_00000``."""
    recipe, _, file = path.partition("/")
    return f"{recipe}_{file.partition('-of-')[0].replace('-', '_')}"


def describe(row_type: type[Row], file_name: str) -> Values:
    """What ``dataset_info.json`` says of one file of rows of ``row_type``; ``file_name`` is relative to it."""
    if row_type.SHAPE is Document:
        return {"file_name": file_name, "columns": {"prompt": "text"}}
    names = {"messages": "conversations", "system": "system", "tools": "tools"}
    if row_type.SHAPE is Preference:
        sides = {"chosen": "chosen", "rejected": "rejected"}
        return {"file_name": file_name, "formatting": "sharegpt", "ranking": True, "columns": names | sides}
    verdict = {"kto_tag": "kto_tag"} if row_type.SHAPE is Verdict else {}
    return {"file_name": file_name, "formatting": "sharegpt", "columns": names | verdict}


def _note(stage: str) -> Note:
    def said(recipe: str, files: Sequence[str]) -> str:
        return f"dataset_dir: DIR\ndataset: {','.join(map(dataset, files))}\nstage: {stage}"

    return said


def _document(shape: Shape) -> Values | None:
    return {"text": shape.text} if isinstance(shape, Document) else None


def _answer(shape: Shape) -> Values | None:
    return _talk((*shape.prompt, *shape.completion), shape.tools) if isinstance(shape, Answer) else None


def _verdict(shape: Shape) -> Values | None:
    if not isinstance(shape, Verdict):
        return None
    talk = _talk((*shape.prompt, *shape.completion), shape.tools)
    return None if talk is None else talk | {"kto_tag": shape.label}


def _preference(shape: Shape) -> Values | None:
    if not isinstance(shape, Preference) or len(shape.chosen) != 1 or len(shape.rejected) != 1:
        return None
    talk, chosen, rejected = _talk(shape.prompt, shape.tools), _said(shape.chosen[0]), _said(shape.rejected[0])
    return None if talk is None or chosen is None or rejected is None else talk | {"chosen": chosen, "rejected": rejected}


def _talk(turns: Turns, tools: Tools | None) -> Values | None:
    """The conversation, or nothing where its speakers do not take turns or a message holds words and calls."""
    system = turns[0].content if turns and turns[0].role == "system" else ""
    told: list[Values] = []
    for turn in turns[1:] if system else turns:
        said = _said(turn)
        if said is None:
            return None
        if said["from"] == "observation" and told and told[-1]["from"] == "observation":  # answers to calls made side by side
            told[-1] = {"from": "observation", "value": f"{told[-1]['value']}\n{said['value']}"}
        else:
            told.append(said)
    asks = ("human", "observation")
    if any((said["from"] in asks) is (at % 2 == 1) for at, said in enumerate(told)):
        return None
    schemas = "" if tools is None else orjson.dumps([tool.schema()["function"] for tool in tools]).decode()
    return {"conversations": told, "system": system, "tools": schemas}


def _said(turn: Turn) -> Values | None:
    thought = f"<think>\n{turn.reasoning_content}\n</think>\n\n" if turn.reasoning_content else ""
    if turn.role == "user":
        return {"from": "human", "value": turn.content}
    if turn.role == "tool":
        return {"from": "observation", "value": turn.content}
    if turn.role != "assistant":
        return None
    if not turn.tool_calls:
        return {"from": "gpt", "value": f"{thought}{turn.content}"}
    if turn.content.strip():
        return None
    calls = [{"name": call.function.name, "arguments": call.function.arguments} for call in turn.tool_calls]
    return {"from": "function_call", "value": f"{thought}{orjson.dumps(calls[0] if len(calls) == 1 else calls).decode()}"}
