"""The house stays in order: borders, sizes, light imports, and nothing of one machine in the repository."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
MODULES = sorted(path for package in ("capture", "corpus") for path in (HERE / package).rglob("*.py"))
HEAVY = {"datasets", "datasketch", "duckdb", "fsspec", "hyperscan", "ibis", "numpy", "onnxruntime", "pandas", "presidio_analyzer"}
HEAVY |= {"pyarrow", "pydantic", "pygit2", "re2", "rich", "spacy", "tokenizers"}


def tracked() -> list[Path]:
    """The files git keeps; without git's record of this folder (a source archive, say) there is nothing to look at."""
    if not (HERE / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "-c", f"safe.directory={HERE}", "ls-files", "-z"], cwd=HERE, capture_output=True, check=True).stdout
    return [HERE / os.fsdecode(name) for name in listed.split(b"\0") if name and (HERE / os.fsdecode(name)).is_file()]


def test_the_borders_between_packages_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_a_module_is_small_and_says_its_idea_in_its_first_line(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    idea = ast.get_docstring(ast.parse(text))
    assert idea, "no docstring"
    assert idea.splitlines()[0].strip()


@pytest.mark.parametrize("program", ["capture", "corpus"])
def test_help_imports_nothing_heavy(program: str) -> None:
    script = (
        f"import sys; sys.argv = ['{program}', '--help']\nfrom {program}.cli import main\n"
        "try: main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & HEAVY


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    registries = ["py" + "pi" + ".org", "python" + "hosted" + ".org", "npmjs" + ".org", "crates" + ".io", "anaconda" + ".org"]
    places = [rf"/{name}/" for name in ("work/main", "work/shared", "tmp/w", r"root/\.", "opt/wheels", "opt/pypi")]
    forbidden = re.compile("|".join([*map(re.escape, registries), *(rf"(?<![\w.]){place}" for place in places)]))
    for path in tracked():
        found = forbidden.search(path.read_bytes().decode("utf-8", "replace"))
        assert not found, f"{path.relative_to(HERE)}: {found and found[0]}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=HERE, capture_output=True, check=True)
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_carries_the_hooks_and_no_tests(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    shells = {path.name for path in (HERE / "hooks").glob("*.sh")}
    assert shells
    assert {f"capture/hooks/shell/{name}" for name in shells} <= held
    assert {"capture/cli.py", "corpus/cli.py"} <= held
    assert not [name for name in held if name.startswith(("tests/", "demo/", "bench/"))]


def test_the_wheel_alone_can_place_hooks_and_redact(wheel: Path, tmp_path: Path, guard_home: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "address.txt").write_text("to lena.moreau@kontor-" + "4711.de\n")
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "billing")], check=True)

    def capture(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "import capture.cli as c, sys; print(c.__file__, file=sys.stderr); c.main()", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(str(tmp_path / "site")), "the wheel's own code was run"
        return done.stdout

    capture("install", "billing", "--tenant", "acme", "--cluster", "payments")
    assert "capture" in (tmp_path / "billing" / ".git" / "hooks" / "post-commit").read_text()
    assert "REDACTED_EMAIL_ADDRESS_" in capture("redact", "address.txt")


def test_groups_that_never_go_back_are_compiled_where_python_has_them_right() -> None:
    """``re`` before 3.11.5 has them wrong; ``corpus.atomic`` has not. What is put together elsewhere is looked at where it is compiled."""
    group = re.compile(r"\)[*+?]\+")
    wrong = []
    for path in MODULES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        named = {
            name.id: ast.unparse(node.value)
            for node in nodes
            if isinstance(node, ast.Assign)
            for name in node.targets
            if isinstance(name, ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
                parts = [ast.unparse(node), *(named.get(each.id, "") for each in ast.walk(node) if isinstance(each, ast.Name))]
                wrong += [f"{path}:{node.lineno}" for part in parts if group.search(part)]
    assert wrong == []
