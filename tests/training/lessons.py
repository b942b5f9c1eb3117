"""What a trainer should read and learn of a row in TRL's columns, said in plain Python beside the chat template of ``sets.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def rows(directory: Path, recipe: str, split: str = "train") -> list[dict[str, Any]]:
    """The rows of one split, read by nobody's library but json."""
    shards = sorted((directory / recipe).glob(f"{split}-*.jsonl"))
    return [json.loads(line) for shard in shards for line in shard.read_bytes().splitlines()]


def told(turns: list[dict[str, Any]]) -> str:
    """What the chat template prints of turns, said once more in Python."""
    found = []
    for turn in turns:
        thought = f"({turn['reasoning_content']})" if turn.get("reasoning_content") else ""
        calls = "".join(
            f"<|call|>{call['function']['name']} {json.dumps(call['function']['arguments'], ensure_ascii=False)}"
            for call in turn.get("tool_calls", [])
        )
        found.append(f"<|{turn['role']}|>{thought}{turn['content']}{calls}<|end|>")
    return "".join(found)


def lesson(row: dict[str, Any]) -> dict[str, Any]:
    """What a trainer should read and learn of a row: each side's text before the answer, and the answer."""
    if "text" in row:  # of plain text everything is learned, and its end
        return {"sides": [["", f"{row['text']}<|end|>"]], "label": None}
    tools = "".join(f"<|tool|>{json.dumps(tool, ensure_ascii=False)}" for tool in row["tools"] or [])
    asked = f"{tools}{told(row['prompt'])}<|assistant|>"
    answers = [row["chosen"], row["rejected"]] if "chosen" in row else [row["completion"]]
    return {"sides": [[asked, told(answer).removeprefix("<|assistant|>")] for answer in answers], "label": row.get("label")}
