"""Records of one tenant to training sets: select, recipes, filters, render, card."""

from corpus.build.funnel import Funnel, funnel, steps
from corpus.build.manifest import BuiltSet, Manifest
from corpus.build.options import Options
from corpus.build.rebuild import Rebuilt, rebuild
from corpus.build.recipes import RECIPES
from corpus.build.request import Request
from corpus.build.run import build
from corpus.build.sample import sample_records, sample_rows

__all__ = [
    "RECIPES",
    "BuiltSet",
    "Funnel",
    "Manifest",
    "Options",
    "Rebuilt",
    "Request",
    "build",
    "funnel",
    "rebuild",
    "sample_records",
    "sample_rows",
    "steps",
]
