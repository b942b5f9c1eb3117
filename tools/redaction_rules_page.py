#!/usr/bin/env python3
"""Prints docs/redaction-rules.md: every rule that redaction comes with, from the rule files themselves.

.venv/bin/python tools/redaction_rules_page.py > docs/redaction-rules.md
"""

from __future__ import annotations

from importlib import resources

from corpus.redaction.rule import Rule, parse

HEAD = """# What redaction knows by its form

Made by `tools/redaction_rules_page.py` from `corpus/redaction/rules`; a test holds the two together. {count} rules.

A rule that says *near* finds its format as the whole of a value that stands behind one of its keywords, in a name of any
language's syntax; a digest, a version or an id of that name is none. The others find it anywhere, at a word's edge. Every rule
also asks that the value looks generated: masks, placeholders, sequences and words stay. Private keys in PEM, SSH, PGP and PuTTY
form, people and places are found by code of their own.

"""
_SPECIAL = {ord(each): f"&#{ord(each)};" for each in "&<>|_*\\`[](){}~$'\""}


def page() -> str:
    """The whole page, ending in a newline."""
    parts, count = [], 0
    folder = resources.files("corpus.redaction") / "rules"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        text = file.read_text("utf-8")
        rules = parse(text, file.name)
        count += len(rules)
        title = text.partition("\n")[0].removeprefix("# ")
        rows = "\n".join(_row(rule) for rule in sorted(rules, key=lambda rule: rule.id))
        parts.append(
            f"## {file.name.removesuffix('.toml')}\n\n{title}\n\n| rule | replaced as | format | |\n| --- | --- | --- | --- |\n{rows}\n"
        )
    return HEAD.format(count=count) + "\n".join(parts)


def _row(rule: Rule) -> str:
    words = ", ".join(_code(word) for word in rule.keywords)
    beside = f"near {words}" if rule.near else f"with {words}" if words else ""
    return f"| {rule.id} | {rule.entity_type} | {_code(rule.pattern)} | {beside} |"


def _code(text: str) -> str:
    return f"<code>{text.translate(_SPECIAL)}</code>"


if __name__ == "__main__":
    print(page(), end="")
