"""The NER model's weights, rewritten once from four-bit blocks to eight-bit integers, which CPUs multiply twice as fast.

The package ships a BERT encoder whose matrices are ``MatMulNBits`` (four bits, blocks of 32, one scale a block). Each becomes
``DynamicQuantizeLinear`` and ``MatMulInteger`` with one scale a column, the form ONNX Runtime fuses into its integer kernels.
The outcome lies in the cache under the digest of what it was made from.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

# Part of the cached file's name and of the ruleset's digest: raise it when the rewriting changes.
VERSION = 1


def rewritten(source: Path, cache: Path) -> bytes:
    """The rewritten model of ``source`` as ONNX bytes, from ``cache`` or made now. A cache that cannot be written is done without."""
    original = source.read_bytes()
    file = cache / f"ner-{VERSION}-{hashlib.sha256(original).hexdigest()[:24]}.onnx"
    with contextlib.suppress(OSError):
        body, digest = _split(file.read_bytes())
        if hashlib.sha256(body).digest() == digest:
            return body
    model = _rewrite(original)
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        temporary.write_bytes(model + hashlib.sha256(model).digest())
        temporary.replace(file)
    return model


def _split(stored: bytes) -> tuple[bytes, bytes]:
    return stored[:-32], stored[-32:]


def _rewrite(original: bytes) -> bytes:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(original)
    graph = model.graph
    weights = {each.name: each for each in graph.initializer}
    nodes: list[Any] = []
    quantised: set[str] = set()
    replaced: set[str] = set()
    for node in graph.node:
        if node.op_type != "MatMulNBits":
            nodes.append(node)
            continue
        size = {each.name: each.i for each in node.attribute}
        if size["bits"] != 4 or len([name for name in node.input if name]) != 3:
            raise ValueError("weights are not in symmetric blocks of four bits")
        packed, scales = (numpy_helper.to_array(weights[name]) for name in node.input[1:3])
        replaced |= set(node.input[1:3])
        matrix = _unpack(np, packed, scales, size["N"], size["K"], size["block_size"])
        column = np.abs(matrix).max(axis=0) / 127
        column[column == 0] = 1
        entry, name = node.input[0], node.output[0]
        if entry not in quantised:  # query, key and value share their input
            quantised.add(entry)
            nodes.append(helper.make_node("DynamicQuantizeLinear", [entry], [f"{entry}_q", f"{entry}_s", f"{entry}_z"]))
        graph.initializer.append(numpy_helper.from_array(np.rint(matrix / column).astype(np.int8), f"{name}_w"))
        graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int8), f"{name}_wz"))
        graph.initializer.append(numpy_helper.from_array(column.astype(np.float32), f"{name}_ws"))
        nodes += [
            helper.make_node("MatMulInteger", [f"{entry}_q", f"{name}_w", f"{entry}_z", f"{name}_wz"], [f"{name}_i"]),
            helper.make_node("Cast", [f"{name}_i"], [f"{name}_f"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{entry}_s", f"{name}_ws"], [f"{name}_m"]),
            helper.make_node("Mul", [f"{name}_f", f"{name}_m"], [name]),
        ]
    kept = [each for each in graph.initializer if each.name not in replaced]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    serialised: bytes = model.SerializeToString()
    return serialised


def _unpack(np: Any, packed: Any, scales: Any, columns: int, rows: int, block: int) -> Any:
    """The matrix of shape (rows, columns) in float32; in each byte the lower half comes first, and 8 stands for zero."""
    halves = np.stack([packed & 15, packed >> 4], axis=-1).reshape(columns, -1, block).astype(np.float32)
    return ((halves - 8) * scales.reshape(columns, -1)[..., None]).reshape(columns, -1)[:, :rows].T
