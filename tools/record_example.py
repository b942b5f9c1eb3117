#!/usr/bin/env python3
"""Puts a stored record into docs/record.md as its example: the one that ``./install.sh demo`` made of the planted values, say.

.venv/bin/python tools/record_example.py /tmp/substrate-demo-.../corpus/acme/engineering/payments/<commit>.jsonl
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "record.md"
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def example() -> bytes:
    """The page's example as the line that was stored, which is canonical and so can be had back from any layout."""
    found = BLOCK.search(PAGE.read_text())
    if found is None:
        raise ValueError(f"{PAGE} holds no example")
    return json.dumps(json.loads(found[1]), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


if __name__ == "__main__":
    shown = json.dumps(json.loads(Path(sys.argv[1]).read_bytes()), ensure_ascii=False, sort_keys=True, indent=2)
    PAGE.write_text(BLOCK.sub(lambda _: f"```json\n{shown}\n```", PAGE.read_text(), count=1))
