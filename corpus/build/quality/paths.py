"""Commits by the paths they touch: those a user leaves out, and those of files that nobody wrote.

The names are the well-known ones of package managers, code generators and bundlers (GitHub's linguist, ``vendor.yml`` and
``generated.rb``, has the widest such list; this one is shorter and our own). Only paths are looked at, never contents.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from corpus.build.quality.globs import compile_all
from corpus.build.quality.step import Left, Plain
from corpus.build.reasons import Reason
from corpus.build.row import Row
from corpus.record import EditBody, FileChange, Record

LOCKS = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "composer.lock",
    "Cargo.lock",
    "Gemfile.lock",
    "poetry.lock",
    "pdm.lock",
    "uv.lock",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
    "flake.lock",
    "go.sum",
    "go.work.sum",
    "Gopkg.lock",
    "glide.lock",
    "mix.lock",
    "rebar.lock",
    "Podfile.lock",
    "Cartfile.resolved",
    "Package.resolved",
    "pubspec.lock",
    "packages.lock.json",
    "paket.lock",
    "gradle.lockfile",
    "stack.yaml.lock",
    "cabal.project.freeze",
    "MODULE.bazel.lock",
    ".terraform.lock.hcl",
    "shard.lock",
]
VENDORED = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "vendors",
    "third_party",
    "third-party",
    "thirdparty",
    "3rd-party",
    "3rdparty",
    "Godeps",
    "_workspace",
    "site-packages",
    "Pods",
    "Carthage",
    "elm-stuff",
    ".yarn",
    ".bundle",
    "gradle/wrapper",
    "gradlew",
    "gradlew.bat",
    "mvnw",
    "mvnw.cmd",
]
GENERATED = [
    "*.pb.go",
    "*.pb.cc",
    "*.pb.h",
    "*_pb2.py",
    "*_pb2.pyi",
    "*_pb2_grpc.py",
    "*_pb.js",
    "*_pb.ts",
    "*_pb.d.ts",
    "*.g.dart",
    "*.freezed.dart",
    "*.g.cs",
    "*.designer.cs",
    "*.Designer.cs",
    "*.Designer.vb",
    "*.generated.*",
    "*_generated.*",
    "zz_generated.*",
    "__generated__",
    "*.snap",
    "*.pyc",
    ".pnp.*",
    "*.nib",
    "*.xcworkspacedata",
]
MINIFIED = ["*.min.js", "*.min.mjs", "*.min.css", "*-min.js", "*-min.css", "*.bundle.js", "*.js.map", "*.mjs.map", "*.css.map", "dist"]

_NOBODYS = compile_all([*LOCKS, *VENDORED, *GENERATED, *MINIFIED])


class Unwritten(StrEnum):
    """Which commits are left out for files that nobody wrote."""

    ALL = "all"
    ANY = "any"
    KEEP = "keep"


@lru_cache(maxsize=1 << 14)  # most commits touch what others did
def unwritten(path: str) -> bool:
    """Whether ``path`` is that of a generated, vendored, lock or minified file."""
    return _NOBODYS.fullmatch(path) is not None


class ByUnwritten(Plain):
    """Leaves out a commit all of whose files, or any of them, nobody wrote."""

    def __init__(self, which: Unwritten) -> None:
        self._any = which is Unwritten.ANY

    def look(self, record: Record, row: Row) -> Left | None:
        files = _files(record)
        found = [file.path for file in files if unwritten(file.path)]
        return Left(Reason.GENERATED, found[0]) if found and (self._any or len(found) == len(files)) else None


class ByPath(Plain):
    """Leaves out a commit that touches a path a user named, whole: what lies there must not be learned."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._pattern = compile_all(globs)

    def look(self, record: Record, row: Row) -> Left | None:
        paths = (path for file in _files(record) for path in (file.path, file.old_path) if path)
        found = next((path for path in paths if self._pattern.fullmatch(path)), None)
        return None if found is None else Left(Reason.PATH, found)


def _files(record: Record) -> list[FileChange]:
    return record.body.files if isinstance(record.body, EditBody) else []
