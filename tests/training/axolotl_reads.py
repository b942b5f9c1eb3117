"""axolotl's own loaders over built sets, told by the configuration that each build's card shows; no network, no accelerator.

A program of its own, for a Python that has axolotl: ``python axolotl_reads.py JOBS TOLD`` reads a JSON list of ``{"directory", "recipe",
"model"}`` and writes a list of what axolotl would train on: of each row what it reads and what it learns.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

BASE = {"micro_batch_size": 1, "gradient_accumulation_steps": 1, "num_epochs": 1, "learning_rate": 1e-3, "sequence_len": 4096}


def main(jobs, told):
    from datasets import disable_progress_bars

    disable_progress_bars()
    found = []
    for job in json.loads(Path(jobs).read_text(encoding="utf-8")):
        with tempfile.TemporaryDirectory() as out:
            found.append(run(out=out, **job))
    Path(told).write_text(json.dumps(found), encoding="utf-8")


def run(directory, recipe, model, out):
    import yaml
    from axolotl.loaders import load_tokenizer
    from axolotl.utils.config import validate_config
    from axolotl.utils.data.rl import prepare_preference_datasets
    from axolotl.utils.data.sft import prepare_datasets
    from axolotl.utils.dict import DictDefault

    asked = yaml.safe_load(noted(directory, recipe).replace("DIR", directory))
    places = {"base_model": model, "tokenizer_config": model, "output_dir": out, "dataset_prepared_path": f"{out}/prepared"}
    chat = {} if recipe in ("pretrain", "kto") else {"chat_template": "tokenizer_default"}
    cfg = validate_config(DictDefault(asked | BASE | places | chat))
    tokens = load_tokenizer(cfg)
    if cfg.rl:
        rows = prepare_preference_datasets(cfg, tokens)[0]
        sides = ("prompt", "chosen", "rejected") if cfg.rl == "dpo" else ("prompt", "completion", "label")
        return [[row[side] for side in sides] for row in rows]
    os.environ["AXOLOTL_IS_PREPROCESS"] = "1"
    return [spoken(row["input_ids"], row["labels"], tokens) for row in prepare_datasets(cfg, tokens)[0]]


def noted(directory, recipe):
    """The lines of YAML that the card shows for one set."""
    card = (Path(directory) / "README.md").read_text(encoding="utf-8")
    return card.split(f"`{recipe}` in the configuration of axolotl")[1].split("```yaml\n")[1].split("```")[0]


def spoken(ids, labels, tokens):
    """What is only read and what is learned."""
    return [tokens.decode([each for each, label in zip(ids, labels, strict=True) if (label != -100) is wanted]) for wanted in (False, True)]


if __name__ == "__main__":
    main(*sys.argv[1:])
