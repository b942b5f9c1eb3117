"""Histograms as SVG, for a card: every coordinate a whole number, no clock and no font of ours. The same counts are the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_BAR, _GAP, _HEIGHT = 28, 6, 120
_LEFT, _TOP, _BELOW = 12, 44, 64
_STYLE = "text{font:11px sans-serif;fill:#57606a}.t{font-size:13px;fill:#24292f}.b{fill:#4c8bf5}"


def histogram(title: str, bars: Sequence[tuple[str, int]]) -> str:
    """An SVG picture of ``bars``, each a name and a count, in the order given; the counts stand above, the names below."""
    most = max((count for _, count in bars), default=0)
    width = max(2 * _LEFT + len(bars) * (_BAR + _GAP), 2 * _LEFT + 7 * len(title))
    tall, said = _TOP + _HEIGHT + _BELOW, escape(title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{tall}" role="img" aria-label="{said}">',
        f"<style>{_STYLE}</style>",
        f'<text class="t" x="{_LEFT}" y="18">{said}</text>',
    ]
    for at, (name, count) in enumerate(bars):
        left = _LEFT + at * (_BAR + _GAP)
        height = 0 if not most else max(_HEIGHT * count // most, 1 if count else 0)
        top, middle, base = _TOP + _HEIGHT - height, left + _BAR // 2, _TOP + _HEIGHT + 12
        lines += [
            f'<rect class="b" x="{left}" y="{top}" width="{_BAR}" height="{height}"><title>{escape(name)}: {count}</title></rect>',
            f'<text x="{middle}" y="{top - 4}" text-anchor="middle">{short(count)}</text>',
            f'<text x="{middle}" y="{base}" text-anchor="end" transform="rotate(-45 {middle} {base})">{escape(name)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def short(number: int) -> str:
    """A number in at most four characters: ``950``, ``12k``, ``3M``; rounded down."""
    for step, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= step:
            return f"{number // step}{sign}"
    return str(number)
