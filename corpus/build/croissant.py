"""``croissant.json``: the sets in MLCommons' Croissant 1.0, which dataset searches and loaders read.

Facts from its specification (docs.mlcommons.org/croissant/docs/croissant-spec.html): files with their digests, a file set a recipe, and the
fields of its rows. A licence where its owner states one, and no date of publication: a build has no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from corpus.build.files import FileType
from corpus.build.formats import Layout
from corpus.build.manifest import BuiltSet, Query
from corpus.build.recipe import Recipe
from corpus.build.row import Column

NAME = "croissant.json"

_CONTEXT: dict[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_ENCODING = {
    FileType.JSONL: "application/jsonlines",
    FileType.JSONL_ZST: "application/zstd",
    FileType.PARQUET: "application/x-parquet",
}
_KINDS = {"bool": "sc:Boolean", "int64": "sc:Integer"}


def render(query: Query, recipes: Mapping[str, Recipe], layouts: Mapping[str, Layout], sets: Sequence[BuiltSet]) -> bytes:
    """The metadata of the sets that have rows, as JSON-LD."""
    full = [built for built in sets if built.rows]
    encoding = _ENCODING[query.options.file_type]
    distribution: list[dict[str, object]] = []
    for built in full:
        distribution += [
            {
                "@type": "cr:FileObject",
                "@id": file.path,
                "name": file.path,
                "contentUrl": file.path,
                "contentSize": f"{file.size} B",
                "encodingFormat": encoding,
                "sha256": file.sha256,
            }
            for file in built.files
        ]
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": f"{built.recipe}-files",
                "name": f"{built.recipe}-files",
                "encodingFormat": encoding,
                "includes": f"{built.recipe}/*.{query.options.file_type}",
            }
        )
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{query.tenant}-training-sets",
        "description": f"Training sets made from the records of {query.tenant}: "
        + "; ".join(f"{built.recipe}, {built.rows} rows, {recipes[built.recipe].about}" for built in full),
        **({} if query.options.license is None else {"license": query.options.license}),
        "distribution": distribution,
        "recordSet": [_records(built, recipes[built.recipe], layouts[built.recipe]) for built in full],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _records(built: BuiltSet, recipe: Recipe, layout: Layout) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": built.recipe,
        "name": built.recipe,
        "description": recipe.about,
        "field": [_field(built.recipe, column) for column in layout.columns],
    }


def _field(recipe: str, column: Column) -> dict[str, object]:
    """A column; the parts of a structure are fields below it.

    What has no one type is text to Croissant: a call's arguments have many.
    """
    ident = f"{recipe}/{column.name}"
    source: dict[str, object] = {"fileSet": {"@id": f"{recipe}-files"}, "extract": {"column": column.name}}
    several = {"repeated": True} if column.kind in ("messages", "structs") else {}
    if not column.parts:
        return _named(ident) | {"dataType": _KINDS.get(column.kind, "sc:Text"), **several, "source": source}
    parts = [
        _named(f"{ident}/{part}") | {"dataType": "sc:Text", "source": source | {"transform": {"jsonPath": part}}} for part in column.parts
    ]
    return _named(ident) | {**several, "subField": parts}


def _named(ident: str) -> dict[str, object]:
    return {"@type": "cr:Field", "@id": ident, "name": ident}
