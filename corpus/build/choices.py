"""What was asked of a build, in sentences for its card: every choice that changes which rows there are.

What a person typed stands there as typed, each as one span of code, since ``manifest.json`` beside it quotes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corpus.build.manifest import Query
from corpus.build.options import Options
from corpus.build.quality.bots import Bots
from corpus.build.quality.contamination import RUN
from corpus.build.quality.paths import Unwritten
from corpus.build.quality.shares import cap, weight

_UNWRITTEN = {
    Unwritten.ALL: "Commits are left out if all of their files are generated, vendored, minified or lock files.",
    Unwritten.ANY: "Commits are left out if any of their files is generated, vendored, minified or a lock file.",
    Unwritten.KEEP: "Commits of generated, vendored, minified and lock files are taken as any other.",
}
_BOTS = {
    Bots.DROP: "Commits whose author is a program are left out.",
    Bots.KEEP: "Commits whose author is a program are taken as any other.",
}


def sentences(query: Query) -> Iterator[str]:
    """One a choice; the last one names what was not asked for."""
    asked = [code(condition) for condition in query.where]
    yield f"Records: {', '.join(asked) if asked else 'all of the tenant'}, ordered by the time of the work, then by key."
    for cluster, branches in sorted(query.branches.items()):
        yield f"Branches of {code(cluster)}, as its manifest names them: {', '.join(map(code, branches)) or 'none'}."
    if any(name in query.recipes for name in ("dpo", "kto")):
        yield f"Gates of pairs and answers: {code(query.gates)}."
    yield _UNWRITTEN[query.options.generated]
    yield _BOTS[query.options.bots]
    yield "Exact duplicates are left out: the first in the order of the work stays."
    yield from _filters(query.options)


def code(text: str) -> str:
    """``text`` as one span of code: nothing in it begins another line, ends the span, or is a cell's border."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def _filters(options: Options) -> Iterator[str]:
    told = {
        "paths to leave out": _listed("Commits that touch one of these paths are left out whole: ", options.exclude_paths),
        "licences to leave out": _listed(
            "Commits that touch a file which says one of these licences of itself are left out whole (other files, LICENSE among them, are "
            "not asked for it): ",
            options.exclude_licenses,
        ),
        "weights": _weights(options.weights),
        "texts to decontaminate against": _listed(
            f"Rows that share {RUN} words in a row with one of these files are left out: ", options.decontaminate
        ),
        "a tokenizer": None if options.tokenizer is None else _tokens(options),
        "near duplicates": None if options.near_percent is None else _near(options.near_percent),
        "caps": _caps(options.max_per),
    }
    yield from filter(None, told.values())
    if missing := [name for name, sentence in told.items() if sentence is None]:
        yield f"Not asked for: {', '.join(missing)}."


def _listed(sentence: str, values: Iterable[str]) -> str | None:
    found = ", ".join(map(code, values))
    return f"{sentence}{found}." if found else None


def _weights(texts: Iterable[str]) -> str | None:
    found = [f"{each.permille / 10:g} % of those with {each.field} {code(each.value)}" for each in map(weight, texts)]
    return f"Of the records there are taken: {', '.join(found)}; of all others each." if found else None


def _caps(texts: Iterable[str]) -> str | None:
    found = [f"{each.rows} of one {each.owner}" for each in map(cap, texts)]
    return f"No more rows than {', '.join(found)}; the first in the order of the work stay." if found else None


def _near(percent: int) -> str:
    return f"Rows whose learned text is like an earlier one's are left out, from a similarity of {percent / 100:g} (MinHash, an estimate)."


def _tokens(options: Options) -> str:
    least = f" of fewer than {options.min_tokens} tokens" if options.min_tokens else ""
    most = f" of more than {options.max_tokens} tokens" if options.max_tokens else ""
    bounds = f" and rows{least}{' or' if least and most else ''}{most}" if least or most else ""
    return f"Tokens are those of the tokenizer {code(options.tokenizer or '')}; rows that it cannot render{bounds} are left out."
