"""Twenty steps of each of TRL's trainers on built sets, with a model made in place; no network, no accelerator.

A program of its own, for a Python that has trl and need not have this project: ``python steps.py JOBS TOLD`` reads a JSON list of
``{"directory", "recipe", "trainer", "tokenizer"}`` and writes a list of what the trainer was given, saw and learned for each.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

STEPS = 20
LONGEST = 4096


def main(jobs, told):
    import torch

    assert torch.version.cuda is None, "this torch is no CPU build"
    torch.set_num_threads(1)
    found = []
    for job in json.loads(Path(jobs).read_text(encoding="utf-8")):
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as out:
            found.append(run(out=out, **job))
    Path(told).write_text(json.dumps(found), encoding="utf-8")


def run(directory, recipe, trainer, tokenizer, out):
    from datasets import load_dataset
    from transformers import PreTrainedTokenizerFast

    loaded = load_dataset(directory, recipe)
    tokens = PreTrainedTokenizerFast.from_pretrained(tokenizer)
    made = make(trainer, model(tokens, out), loaded, tokens, out)
    prepared = [made.data_collator([example]) for example in made.train_dataset]
    collate, seen = made.data_collator, set()

    def watched(examples):
        batch = collate(examples)
        seen.update(sequences(batch))
        return batch

    made.data_collator = watched
    made.train()
    return {
        "rows": {name: rows.num_rows for name, rows in loaded.items()},
        "columns": loaded["train"].column_names,
        "prepared": len(made.train_dataset),
        "unseen": len({each for batch in prepared for each in sequences(batch)} - seen),
        "lengths": [max(map(len, sequences(batch))) for batch in prepared],
        "learned": [learned(batch, tokens) for batch in prepared],
        "steps": made.state.global_step,
        "losses": [entry["loss"] for entry in made.state.log_history if "loss" in entry],
        "eval_loss": made.evaluate()["eval_loss"] if "test" in loaded else None,
    }


def sequences(batch):
    """The tokens of each sequence of a batch, without padding."""
    return [tuple(ids[mask == 1].tolist()) for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)]


def learned(batch, tokens):
    """Of each sequence what is only read and what is learned, and the verdict where there is one."""
    masks = batch["labels"] != -100 if "labels" in batch else batch["completion_mask"] == 1
    told = [
        [tokens.decode(ids[(there == 1) & (mask == wanted)]) for wanted in (False, True)]
        for ids, there, mask in zip(batch["input_ids"], batch["attention_mask"], masks, strict=True)
    ]
    return {"sides": told, "label": bool(batch["label"][0]) if "label" in batch else None}


def model(tokens, out):
    from transformers import LlamaConfig, LlamaForCausalLM

    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    special = {"pad_token_id": tokens.pad_token_id, "bos_token_id": None, "eos_token_id": tokens.eos_token_id}
    # Preference trainers load their reference model from where the trained one came.
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokens), max_position_embeddings=LONGEST, **special, **size)).save_pretrained(out)
    return LlamaForCausalLM.from_pretrained(out)


def make(trainer, untrained, loaded, tokens, out):
    import trl

    kinds = {"sft": (trl.SFTTrainer, trl.SFTConfig), "dpo": (trl.DPOTrainer, trl.DPOConfig), "kto": (trl.KTOTrainer, trl.KTOConfig)}
    trainer_type, config_type = kinds[trainer]
    settings = config_type(
        output_dir=out,
        max_steps=STEPS,
        per_device_train_batch_size=4,
        per_device_eval_batch_size=2,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        max_length=LONGEST,
        seed=0,
        disable_tqdm=True,
        **({} if trainer == "sft" else {"beta": 0.5}),
    )
    return trainer_type(
        model=untrained, args=settings, train_dataset=loaded["train"], eval_dataset=loaded.get("test"), processing_class=tokens
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
