"""``README.md`` of a build: a dataset card that ``datasets`` loads by and a person can judge the sets by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from corpus.build import choices, front_matter, side
from corpus.build.choices import code
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
    "Which languages people speak in the rows was not looked at, nor under which licence the code was that they are about.",
)
ONE_SPLIT = "There is one split, `train`. Hold rows out by `--split`, not at random: neighbouring commits resemble each other."
SPLITS = "Splits keep together what is linked; two may still hold similar text, since near duplicates were not looked for."
APART = "Splits keep together what is linked, and rows that are near duplicates by the similarity asked for are in one of them alone."
GROUPS = (
    "What is linked is in one split: a session with all its parts, its commits and what was rejected in it; a commit with what replaced or"
    " reverted it and the feedback about it. A hash of such a group's name chose its split when it was first asked for, and it stays there."
)
EVIDENCE = {
    "observed": "as it happened; nobody is known to have judged it",
    "accepted": "a person let it stand",
    "verified": "a check passed",
    "corrected": "a person replaced it",
    "rejected": "a person turned it down",
}
TERMS = (
    "What a model wrote can be under its provider's terms of use, which may forbid to train other models on it: look at them before you do."
    " `--where model=` and `--where agent=` build without. Where nobody is named it is a person's work, or not known: a commit says nothing"
    " of the model that a person may have used for it, and prompts of sessions hold earlier replies."
)


def render(query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]) -> str:
    """The card's text. A set without rows has no config, since there is no file to load."""
    full = [built for built in sets if built.rows]
    return "\n".join(
        [
            *front_matter.lines(query, recipes, layouts, full),
            "",
            f"# Training sets of {query.tenant}",
            "",
            "Made by `corpus build` from one tenant's records of its own work. The directory loads as it is, without a network:",
            "",
            *_loading(recipes, layouts, full),
            *_notes(layouts, full),
            *_counts(sets),
            *(() if query.split is None else _splits(full)),
            *_pictures(full),
            *_section("What was asked", [f"- {sentence}" for sentence in choices.sentences(query)]),
            *_section("Who made it", [*_table(("set", "column", "value", "rows"), _makers(full)), "", TERMS]),
            *_section("What is known of the work", _table(("set", "evidence", "rows", "meaning"), _evidence(full))),
            *_section("What was left out, and why", _dropped(sets)),
            *_section("What was redacted", _redaction(sets)),
            *_section("What lies beside the sets", [f"- {sentence}" for sentence in _beside(full, sets)]),
            *_section("Making it again", _again(query)),
            *_section("Licence", [_licence(query)]),
            *_section("Known limits", _limits(query)),
        ]
    )


def _limits(query: Query) -> list[str]:
    last = ONE_SPLIT if query.split is None else SPLITS if query.options.near_percent is None else APART
    return [f"- {limit}" for limit in (*LIMITS, last)]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"## {title}", "", *lines, "")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def _loading(recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], full: Sequence[BuiltSet]) -> Iterator[str]:
    yield from ("```python", "from datasets import load_dataset", "")
    for built in full:
        name, about = built.recipe.replace("-", "_"), f"{recipes[built.recipe].about} (for {layouts[built.recipe].format})"
        yield f'{name} = load_dataset(DIR, "{built.recipe}", split="{_first(built)}")  # {about}'
    yield from ("```", "")
    if any(column.kind in ("json", "messages") for built in full for column in layouts[built.recipe].columns):
        yield from ("Messages and tools are columns of JSON, which `datasets` reads from version 4.7 on.", "")


def _first(built: BuiltSet) -> str:
    """The split to train on."""
    return REST if REST in built.splits else next(iter(built.splits))


def _notes(layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]) -> Iterator[str]:
    """How a trainer with a configuration of its own is told of the sets."""
    for built in sets:
        told = [file.path for file in built.files if file.path.startswith(f"{built.recipe}/{REST}-")]
        if not told:
            yield from (f"`{built.recipe}` has no row in `{REST}`: all are held out.", "")
        elif note := layouts[built.recipe].note:
            yield f"`{built.recipe}` in the configuration of {layouts[built.recipe].format} (DIR is this directory):"
            yield ""
            yield from ("```yaml", *note(built.recipe, told).splitlines(), "```", "")


def _counts(sets: Sequence[BuiltSet]) -> Iterator[str]:
    tokens = any(built.tokens is not None for built in sets)
    rows = [
        (
            s.recipe,
            s.records_in,
            s.candidates,
            s.rows,
            s.candidates - s.rows,
            *([s.tokens if s.tokens is not None else ""] if tokens else []),
        )
        for s in sets
    ]
    yield from _table(("set", "records in", "candidates", "rows", "left out", *(["tokens"] if tokens else [])), rows)
    yield ""


def _splits(sets: Sequence[BuiltSet]) -> Iterator[str]:
    yield from _table(("set", "split", "rows"), [(built.recipe, split, rows) for built in sets for split, rows in built.splits.items()])
    yield from ("", GROUPS, "")


def _pictures(sets: Sequence[BuiltSet]) -> Iterator[str]:
    for built in sets:
        yield " ".join(f"![{name}]({name})" for name in side.pictures(built))
        yield ""


def _makers(sets: Sequence[BuiltSet]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for built in sets:
        if not built.agents:
            found.append((built.recipe, "", "its rows have no such columns", built.rows))
        for column, counted in (("agent", built.agents), ("model", built.models)):
            found += [(built.recipe, column, code(name) if name else "nobody named", rows) for name, rows in counted.items()]
    return found


def _evidence(sets: Sequence[BuiltSet]) -> list[tuple[object, ...]]:
    return [(built.recipe, name, rows, EVIDENCE[name]) for built in sets for name, rows in built.evidence.items()]


def _dropped(sets: Sequence[BuiltSet]) -> list[str]:
    rows = [(built.recipe, reason, count, SENTENCES[reason]) for built in sets for reason, count in built.dropped.items()]
    return _table(("set", "reason", "candidates", "meaning"), rows) if rows else ["Nothing."]


def _redaction(sets: Sequence[BuiltSet]) -> list[str]:
    rows = [(built.recipe, entity, count) for built in sets for entity, count in built.redactions.items()]
    rulesets = sorted({name for built in sets for name in built.rulesets})
    return [
        "Before a record was kept, what the rules find was replaced by an identifier made with a key of the tenant's.",
        f"Rules: {', '.join(map(code, rulesets))}.",
        "",
        *_table(("set", "class", "rows"), [(built.recipe, name, count) for built in sets for name, count in built.classes.items()]),
        "",
        *(_table(("set", "entity type", "identifiers"), rows) if rows else ["No identifier stands in the records behind these rows."]),
    ]


def _beside(full: Sequence[BuiltSet], sets: Sequence[BuiltSet]) -> Iterator[str]:
    yield (
        "`manifest.json`: the query, the versions, the log's position, each row's record as `[key, id]` in the order of the rows, a Merkle"
        " root over them, and the SHA-256 of every file."
    )
    yield "`croissant.json`: the sets as MLCommons' Croissant 1.0 describes them."
    yield f"`charts/`: {len(full) * 2} pictures of how long the rows are, and of which months."
    folders = {file.path.partition("/")[0] for built in sets for file in built.beside}
    if "aliases" in folders:
        yield "`aliases/`: for each record that stays, those whose rows are exactly the same and were left out."
    if "dropped" in folders:
        yield "`dropped/`: what was left out, with the reason and the row. To be looked at, not to be trained on or handed on."


def _again(query: Query) -> list[str]:
    given = " --tokenizer TOKENIZER" if query.options.tokenizer else ""
    given += " --decontaminate FILE" * len(query.options.decontaminate)
    return [
        "Where the corpus is, this makes the sets again and compares every file, and shows what is behind a row:",
        "",
        "```",
        f"corpus rebuild DIR/manifest.json --out ANOTHER{given}",
        f"corpus show KEY --tenant {query.tenant}",
        "```",
    ]


def _licence(query: Query) -> str:
    if query.options.license is None:
        return "Not stated. Who hands the sets on says under which terms, and may have to ask whose code it is that the rows are about."
    return f"{code(query.options.license)}, as its owner stated it."
