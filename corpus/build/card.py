"""``README.md`` of a build: a dataset card that ``datasets`` loads by and a person can judge the sets by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from corpus.build import features, side
from corpus.build.formats import Layout
from corpus.build.manifest import BuiltSet, Query
from corpus.build.reasons import SENTENCES
from corpus.build.recipe import Recipe
from corpus.build.splits import REST

NAME = "README.md"

LIMITS = (
    "Redaction is by rules. It finds known shapes of keys, addresses and people's names; a secret of no known shape can remain.",
    "Identifiers such as `REDACTED_EMAIL_ADDRESS_…` are stable within the tenant: the same address has the same identifier everywhere.",
    "Nothing here was judged for quality: a commit message may be poor, and a change may be wrong.",
    "Diffs longer than 1,000 lines were cut at capture. `sft` leaves them out; `pretrain` keeps what there is.",
)
ONE_SPLIT = "There is one split, `train`. Hold rows out by `--split`, not at random: neighbouring commits resemble each other."
SPLITS = "Splits keep together what is linked (a session and its commits, a commit and what replaced it); two may still hold similar text."


def render(query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]) -> str:
    """The card's text. A set without rows has no config, since there is no file to load."""
    full = [built for built in sets if built.rows]
    title = f"{query.tenant}: {', '.join(built.recipe for built in full)}"
    return "\n".join(
        [
            "---",
            f"pretty_name: {json.dumps(title)}",
            *_front_matter(layouts, query.options.file_type, full),
            "---",
            "",
            f"# Training sets of {query.tenant}",
            "",
            "Made by `corpus build` from one tenant's records. The directory loads as it is, without a network:",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            *(
                f'{built.recipe} = load_dataset(DIR, "{built.recipe}", split="{_first(built)}")  # {recipes[built.recipe].about}'
                for built in full
            ),
            "```",
            "",
            *_notes(layouts, full),
            *_table(
                ("set", "records in", "candidates", "rows", "left out"),
                [(s.recipe, s.records_in, s.candidates, s.rows, s.candidates - s.rows) for s in sets],
            ),
            "",
            *(() if query.split is None else _splits(full)),
            *_pictures(full),
            *_asked(query),
            *_dropped(sets),
            *_redaction(sets),
            "## Known limits",
            "",
            *(f"- {limit}" for limit in (*LIMITS, ONE_SPLIT if query.split is None else SPLITS)),
            "",
            "`manifest.json` has the query, the versions, each row's record as `[key, id]`, and the SHA-256 of every file.",
            "",
        ]
    )


def _front_matter(layouts: Mapping[str, Layout], file_type: str, sets: Sequence[BuiltSet]) -> Iterator[str]:
    yield "configs:"
    for built in sets:
        yield from (f"- config_name: {built.recipe}", "  data_files:")
        for split in built.splits:
            yield from (f"  - split: {split}", f"    path: {json.dumps(f'{built.recipe}/{split}-*.{file_type}')}")
    yield "dataset_info:"
    for built in sets:
        yield f"- config_name: {built.recipe}"
        yield "  features:"
        for column in layouts[built.recipe].columns:
            yield from features.lines(column)


def _notes(layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]) -> Iterator[str]:
    """How a trainer with a configuration of its own is told of the sets."""
    for built in sets:
        told = [file.path for file in built.files if file.path.startswith(f"{built.recipe}/{REST}-")]
        if not told:
            yield from (f"`{built.recipe}` has no row in `{REST}`: all are held out.", "")
        if (note := layouts[built.recipe].note) and told:
            yield f"`{built.recipe}` in the configuration of {layouts[built.recipe].format} (DIR is this directory):"
            yield ""
            yield from ("```yaml", *note(built.recipe, told).splitlines(), "```", "")


def _first(built: BuiltSet) -> str:
    """The split to train on."""
    return REST if REST in built.splits else next(iter(built.splits))


def _splits(sets: Sequence[BuiltSet]) -> Iterator[str]:
    yield from _table(("set", "split", "rows"), [(built.recipe, split, rows) for built in sets for split, rows in built.splits.items()])
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell) for cell in row)} |"


def _code(text: str) -> str:
    """``text`` as one span of code: nothing in it begins another line or ends the span."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def _pictures(sets: Sequence[BuiltSet]) -> Iterator[str]:
    for built in sets:
        yield " ".join(f"![{name}]({name})" for name in side.pictures(built))
        yield ""


def _asked(query: Query) -> Iterator[str]:
    asked = [_code(condition) for condition in query.where]
    yield f"Records: {', '.join(asked) if asked else 'all of the tenant'}, ordered by the time of the work, then by key."
    for cluster, branches in sorted(query.branches.items()):
        yield f"Branches of `{cluster}`, as its manifest names them: {', '.join(map(_code, branches)) or 'none'}."
    if any(name in query.recipes for name in ("dpo", "kto")):
        yield f"Gates of pairs and answers: {_code(query.gates)}."
    yield ""


def _dropped(sets: Sequence[BuiltSet]) -> Iterator[str]:
    rows = [(built.recipe, reason, count, SENTENCES[reason]) for built in sets for reason, count in built.dropped.items()]
    yield "## What was left out, and why"
    yield ""
    yield from _table(("set", "reason", "candidates", "meaning"), rows) if rows else ("Nothing.",)
    yield ""


def _redaction(sets: Sequence[BuiltSet]) -> Iterator[str]:
    rows = [(built.recipe, entity, count) for built in sets for entity, count in built.redactions.items()]
    rulesets = sorted({name for built in sets for name in built.rulesets})
    yield "## What was redacted"
    yield ""
    yield f"Rules: {', '.join(map(_code, rulesets))}."
    yield ""
    yield from _table(("set", "class", "rows"), [(built.recipe, name, count) for built in sets for name, count in built.classes.items()])
    yield ""
    yield from _table(("set", "entity type", "identifiers"), rows) if rows else ("No identifier stands in the records behind these rows.",)
    yield ""
