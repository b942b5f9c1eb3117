"""LLaMA-Factory's own loaders over built sets, told by the configuration that each build's card shows; no network, no accelerator.

A program of its own, for a Python that has llamafactory: ``python llama_factory_reads.py JOBS TOLD`` reads a JSON list of ``{"directory",
"recipe", "model"}`` and writes a list of what it makes of each row, and of answers what it learns.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

STAGES = {"pt": "pt", "sft": "sft", "dpo": "rm", "kto": "kto"}  # by what its commands call them, what its loader does


def main(jobs, told):
    os.environ["DISABLE_VERSION_CHECK"] = "1"  # it asks for older packages than the trainers beside it
    # It reads sound by a package whose only builds for this platform need an accelerator; sets here have none.
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)
    found = [run(**job) for job in json.loads(Path(jobs).read_text(encoding="utf-8"))]
    Path(told).write_text(json.dumps(found), encoding="utf-8")


def run(directory, recipe, model):
    import yaml
    from llamafactory.data import get_template_and_fix_tokenizer
    from llamafactory.data.loader import _get_merged_dataset, _get_preprocessed_dataset
    from llamafactory.hparams import DataArguments, ModelArguments
    from transformers import PreTrainedTokenizerFast, Seq2SeqTrainingArguments

    asked = yaml.safe_load(noted(directory, recipe).replace("DIR", directory))
    stage = STAGES[asked.pop("stage")]
    data = DataArguments(template="chatml", cutoff_len=4096, **asked)
    tokens = PreTrainedTokenizerFast.from_pretrained(model)
    template = get_template_and_fix_tokenizer(tokens, data)
    with tempfile.TemporaryDirectory() as out:
        training = Seq2SeqTrainingArguments(output_dir=out, use_cpu=True, report_to=[])
        arguments = ModelArguments(model_name_or_path=model)
        rows = _get_merged_dataset(data.dataset, arguments, data, training, stage)
        made = _get_preprocessed_dataset(rows, data, training, stage, template, tokens)
    learned = [tokens.decode([each for each in row["labels"] if each != -100]) for row in made] if stage == "sft" else None
    return {"rows": [{name.strip("_"): row[name] for name in row} for row in rows], "made": len(made), "learned": learned}


def noted(directory, recipe):
    """The lines of YAML that the card shows for one set."""
    card = (Path(directory) / "README.md").read_text(encoding="utf-8")
    return card.split(f"`{recipe}` in the configuration of llama-factory")[1].split("```yaml\n")[1].split("```")[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
