"""Records of one tenant to training sets: select, recipes, filters, render, card."""

from corpus.build.manifest import BuiltSet, Manifest
from corpus.build.options import Options
from corpus.build.recipes import RECIPES
from corpus.build.run import Request, build
from corpus.build.sample import sample_records, sample_rows

__all__ = ["RECIPES", "BuiltSet", "Manifest", "Options", "Request", "build", "sample_records", "sample_rows"]
