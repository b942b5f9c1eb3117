"""The end of a demonstration: what was kept, what was redacted, how many rows each set has, and a row of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

SHOWN_LINES = 9
SHOWN_COLUMNS = 92
REPLACED = re.compile(r"REDACTED_[A-Z0-9_]+_[0-9a-f]{12}")
# rich's own template asks a web font of another site; the picture is to need nothing but itself.
PICTURE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True)
class Report:
    """``stats`` and ``built`` are what ``corpus stats --json`` and ``corpus build --json`` printed; ``notes`` close the page."""

    stats: Mapping[str, Any]
    built: Mapping[str, Any]
    notes: Sequence[str]

    def show(self, console: Console) -> None:
        console.print(self._table())
        for made in self.built["sets"]:
            if not made["rows"]:
                reasons = ", ".join(f"{count} {reason}" for reason, count in made["dropped"].items())
                console.print(f"[bold]{made['recipe']}[/]: no row ({reasons or 'no record of its kind'})")
                continue
            row = _example(Path(self.built["out"]), made)
            title = f"[bold]{made['recipe']}[/]: one row of {made['rows']}"
            console.print(Panel(_row(row), title=title, title_align="left", border_style="cyan"))
        for note in self.notes:
            console.print(note, highlight=False, soft_wrap=True)

    def picture(self, path: Path) -> None:
        """Write what :meth:`show` prints as an SVG."""
        with open("/dev/null", "w") as nowhere:
            console = Console(file=nowhere, record=True, width=104, force_terminal=True)
            self.show(console)
            path.write_text(
                console.export_svg(title="./install.sh demo", theme=DEFAULT_TERMINAL_THEME, code_format=PICTURE, unique_id="demo")
            )

    def _table(self) -> Table:
        table = Table(title="What was kept, and what came of it", title_justify="left", title_style="bold")
        table.add_column("")
        table.add_column("what")
        table.add_column("count", justify="right")
        for title, counts in (
            ("records", self.stats["types"]),
            ("redacted in them", self.stats["identifiers"]),
            ("rows", {made["recipe"]: made["rows"] for made in self.built["sets"]}),
        ):
            for number, (name, count) in enumerate(counts.items() or [("nothing", 0)]):
                table.add_row(title if not number else "", name, f"{count:,}")
            table.add_section()
        return table


def _example(out: Path, made: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shortest row, of those that show a replacement where any does."""
    lines = [line for file in made["files"] for line in (out / file["path"]).read_text().splitlines()]
    shortest = min(lines, key=lambda line: (not REPLACED.search(line), len(line)))
    return dict(json.loads(shortest))


def _row(row: Mapping[str, Any]) -> Text:
    """The columns that are taught, shortened; the others by name."""
    text = Text()
    others = []
    for name, value in row.items():
        if isinstance(value, list):
            for turn in value:
                _column(text, f"{name} ({turn['role']})", turn["content"])
        elif name in ("text", "constraint_violation_tag"):
            _column(text, name, value)
        else:
            others.append(name)
    text.append(f"and {', '.join(others)}", "dim")
    return text


def _column(text: Text, name: str, value: str) -> None:
    lines = list(_shortened(value))
    text.append(f"{name}: ", "bold yellow")
    if len(lines) > 1:
        text.append("\n")
    for line in lines:
        styled = Text(line + "\n")
        styled.highlight_regex(REPLACED, "bold magenta")
        text.append(styled)


def _shortened(value: str) -> Iterator[str]:
    lines = value.strip("\n").expandtabs(4).split("\n")
    # The part with a replacement in it says more than the beginning.
    marked = next((number for number, line in enumerate(lines) if REPLACED.search(line)), 0)
    start = max(0, min(marked - SHOWN_LINES // 2, len(lines) - SHOWN_LINES))
    if start:
        yield f"… {start} more above"
    for line in lines[start : start + SHOWN_LINES]:
        shown = "".join(character if character.isprintable() else "�" for character in line)
        yield shown if len(shown) <= SHOWN_COLUMNS else f"{shown[:SHOWN_COLUMNS]}…"
    if len(lines) > start + SHOWN_LINES:
        yield f"… {len(lines) - start - SHOWN_LINES} more below"
