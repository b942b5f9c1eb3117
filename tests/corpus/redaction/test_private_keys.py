from __future__ import annotations

import ast
import json
import random
import textwrap
import tomllib

import pytest

from corpus.redaction.redactor import Scanner
from tests.corpus.redaction.made_up import private_key

KINDS = ["RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "", "SSH2 ENCRYPTED "]


def leaks(redacted: str, lines: list[str]) -> list[str]:
    return [line for line in lines[1:-1] if line[:20] in redacted or line[-20:-2] in redacted]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_key_goes_with_its_armour(kind: str, plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng, kind)
    redacted = plain.redact("before\n" + "\n".join(lines) + "\nafter\n")
    assert redacted.startswith("before\nREDACTED_PRIVATE_KEY_")
    assert redacted.endswith("\nafter\n")
    assert "PRIVATE KEY-" not in redacted


def test_armour_headers_and_checksums_belong_to_the_key(plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng)
    encrypted = [lines[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,F383CD86ECED9A7F", "", *lines[1:]]
    pgp = [line.replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK") for line in lines]
    pgp = [pgp[0], "Version: GnuPG v2", "Comment: none", "", *pgp[1:-1], "=AbCd", pgp[-1]]
    for each in (encrypted, pgp):
        assert plain.redact("\r\n".join(each)).count("REDACTED") == 1
        assert "DEK" not in plain.redact("\n".join(each))


WRAPPED = {
    "escaped": lambda lines: 'key = "' + "\\n".join(lines) + '\\n"\n',
    "joined by plus": lambda lines: "key = (" + " +\n    ".join(f'"{line}\\n"' for line in lines) + ")\n",
    "implicitly joined": lambda lines: "key = (\n" + "".join(f"    '{line}\\n'\n" for line in lines) + ")\n",
    "a list": lambda lines: "key = '\\n'.join([" + ", ".join(f'"{line}"' for line in lines) + "])\n",
    "triple quotes": lambda lines: 'key = """' + "\n".join(lines) + '\n"""\n',
    "bytes": lambda lines: 'key = b"""\\\n' + "\n".join(lines) + '\n"""\n',
    "indented": lambda lines: 'def f():\n    return """\n' + textwrap.indent("\n".join(lines), "        ") + '\n    """\n',
    "continued": lambda lines: "key = '" + "\\n\\\n".join(lines) + "'\n",
    "a comment": lambda lines: "".join(f"# {line}\n" for line in lines) + "x = 1\n",
    "a docstring": lambda lines: 'def f():\n    """It\'s this:\n\n    >>> "' + "\\n".join(lines).replace("\\", "\\\\") + '"\n    """\n',
}


@pytest.mark.parametrize("cut", ["whole", "no end", "no begin"])
@pytest.mark.parametrize("name", WRAPPED)
def test_a_key_in_python_goes_and_the_file_still_parses(name: str, cut: str, plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng)
    kept = {"whole": lines, "no end": lines[:-1], "no begin": lines[1:]}[cut]
    source = WRAPPED[name](kept) + "print(key_of('x'), [1, 2])\n"
    ast.parse(source)
    redacted = plain.redact(source, path="a.py")
    assert not leaks(redacted, lines)
    ast.parse(redacted)
    assert redacted.endswith("print(key_of('x'), [1, 2])\n")


@pytest.mark.parametrize("cut", ["whole", "no end", "no begin"])
def test_a_key_in_json_toml_and_yaml_goes_and_the_file_still_parses(cut: str, plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng)
    kept = "\n".join({"whole": lines, "no end": lines[:-1], "no begin": lines[1:]}[cut])
    once = json.dumps({"type": "x", "private_key": kept + "\n", "after": [1]})
    for text in (once, json.dumps({"inner": once, "n": 1}), json.dumps({"a": kept.replace("\n", "\\n")})):
        redacted = plain.redact(text, path="a.json")
        assert not leaks(redacted, lines)
        assert json.loads(redacted).keys() == json.loads(text).keys()
    for text in (f'key = """\n{kept}\n"""\nn = 1\n', f"key = '''\n{kept}'''\nn = 1\n"):
        redacted = plain.redact(text, path="a.toml")
        assert not leaks(redacted, lines)
        assert tomllib.loads(redacted)["n"] == 1
    yaml = plain.redact("key: |\n" + textwrap.indent(kept, "  ") + "\nn: 1\n", path="a.yml")
    assert not leaks(yaml, lines)
    assert yaml.endswith("\nn: 1\n")


def test_a_cut_key_ends_inside_its_own_quotes(plain: Scanner, rng: random.Random) -> None:
    begin, line, *_ = private_key(rng)
    for after in ('" + an_identifier_as_long_as_a_line)', '", some_function(and_a_long_argument))', '"); another_long_identifier("")'):
        source = f'call("{begin}\\n{line}{after}\n'.replace("_", "X")
        ast.parse(source)
        redacted = plain.redact(source, path="a.py")
        ast.parse(redacted)
        assert line not in redacted
        assert redacted.endswith(source[source.index(line) + len(line) :])


def test_marks_without_a_body_and_public_armour_stay(plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng)
    public = "\n".join(lines).replace("RSA PRIVATE KEY", "CERTIFICATE")
    dashes = "-" * 5
    begin, end = lines[0], lines[-1]
    for text in (
        public,
        f'if line.startswith("{begin}"):\n    inside = True\nelif line == "{end}":\n    inside = False\n',
        f"Files that begin with {begin} are keys; do not commit them to any repository, ever.",
        f'BEGIN = "{begin}"\nEND = "{end}"\n',
        f"{dashes}BEGIN PUBLIC KEY{dashes}\n{lines[1]}\n{dashes}END PUBLIC KEY{dashes}",
    ):
        assert plain.redact(text) == text


def test_the_key_of_a_putty_file_goes(plain: Scanner, rng: random.Random) -> None:
    lines = private_key(rng)[1:-1]
    text = "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: x\nPrivate-Lines: 13\n" + "\n".join(lines) + "\nPrivate-MAC: 00\n"
    redacted = plain.redact(text)
    assert not leaks(redacted, ["", *lines, ""])
    assert redacted.endswith("\nPrivate-MAC: 00\n")
