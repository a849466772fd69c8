"""Tensor members whose header lies, or whose numbers no model has."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.core.hostile_changes import as_json, header, join_tensors, numbers, part, put, split_tensors, with_part
from tests.core.hostile_packing import Case

WEIGHTS, ARRAYS = "weights.safetensors", "arrays.safetensors"
FIRST = "net.0.weight"


@cache
def _many_tensors(n: int) -> bytes:
    return as_json({f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(n)})


def _add(header: dict[str, Any], name: str, shape: list[int]) -> None:
    end = max(entry["data_offsets"][1] for entry in header.values())
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end]}


def _moved(header: dict[str, Any]) -> None:
    first, second = header["net.0.bias"], header["net.1.bias"]
    first["data_offsets"] = second["data_offsets"]


TENSORS = {
    "weights empty": Case(part(WEIGHTS, lambda _: b""), "too short for its network"),
    "weights of zeros": Case(part(WEIGHTS, lambda data: bytes(len(data))), "weights.safetensors header is not JSON"),
    "arrays empty": Case(part(ARRAYS, lambda _: b""), "claims 0 bytes"),
    "header claims 2^63 bytes": Case(
        part(WEIGHTS, lambda data: (2**63).to_bytes(8, "little") + data[8:]), "more than there are"
    ),
    "header claims all there is": Case(
        part(WEIGHTS, lambda data: (len(data) - 7).to_bytes(8, "little") + data[8:]), "more than there are"
    ),
    "header claims nothing": Case(part(WEIGHTS, lambda data: bytes(8) + data[8:]), "is not JSON"),
    "header claims less": Case(
        part(WEIGHTS, lambda data: (int.from_bytes(data[:8], "little") - 9).to_bytes(8, "little") + data[8:]),
        "is not JSON",
    ),
    "header a list": Case(part(WEIGHTS, lambda d: join_tensors(b"[]", split_tensors(d)[1] * 3)), "an object belongs"),
    "header depth 1,000": Case(
        part(WEIGHTS, lambda d: join_tensors(b"[" * 1000, split_tensors(d)[1] * 3)), "nested 1,000"
    ),
    "header tensor twice": Case(
        part(
            WEIGHTS,
            lambda d: join_tensors(as_json(split_tensors(d)[0])[:-1] + b',"net.0.bias":{}}', split_tensors(d)[1]),
        ),
        "'net.0.bias' more than once",
    ),
    "header with metadata": Case(header(WEIGHTS, put("__metadata__", {"format": "pt"})), "'__metadata__'"),
    "300,000 tensors": Case(part(WEIGHTS, lambda d: join_tensors(_many_tensors(300_000), b"")), "too long for"),
    "300,000 arrays": Case(part(ARRAYS, lambda d: join_tensors(_many_tensors(300_000), b"")), "too long for"),
    "extra tensor": Case(header(WEIGHTS, lambda h: _add(h, "evil", [0])), "'evil', which this model does not"),
    "zero-size tensor of absurd dims": Case(
        header(WEIGHTS, lambda h: _add(h, "evil", [0, 2**40, 2**40])), "'evil', which this model does not"
    ),
    "zero-size dims for a tensor we have": Case(
        header(WEIGHTS, lambda h: h[FIRST].update(shape=[0, 2**40])), "must be 8×10 of type 'F32'"
    ),
    "shape of 150 dimensions": Case(
        header(WEIGHTS, lambda h: h[FIRST].update(shape=[1] * 150)), "must be 8×10 of type 'F32'"
    ),
    "missing tensor": Case(header(WEIGHTS, lambda h: h.pop(FIRST)), "lacks the tensor 'net.0.weight'"),
    "transposed shape": Case(header(WEIGHTS, lambda h: h[FIRST].update(shape=[10, 8])), "must be 8×10 of type 'F32'"),
    "negative shape": Case(header(WEIGHTS, lambda h: h[FIRST].update(shape=[-8, -10])), "not a list of counts"),
    "shape of truths": Case(header(WEIGHTS, lambda h: h[FIRST].update(shape=[True, 80])), "not a list of counts"),
    "shape overflowing": Case(header(WEIGHTS, lambda h: h[FIRST].update(shape=[2**62, 8])), "must be 8×10 of type"),
    "half precision": Case(header(WEIGHTS, lambda h: h[FIRST].update(dtype="F16")), "must be 8×10 of type 'F32'"),
    "unknown dtype": Case(header(WEIGHTS, lambda h: h[FIRST].update(dtype="OBJECT")), "must be 8×10 of type 'F32'"),
    "dtype of a counter": Case(
        header(WEIGHTS, lambda h: h["net.1.num_batches_tracked"].update(dtype="F64")), "must be scalar of type 'I64'"
    ),
    "tensor with an entry more": Case(header(WEIGHTS, lambda h: h[FIRST].update(code="x")), "unknown entry 'code'"),
    "offsets overlapping": Case(header(WEIGHTS, _moved), "overlap or leave gaps"),
    "offsets past the end": Case(
        header(WEIGHTS, lambda h: h[FIRST].update(data_offsets=[10**9, 10**9 + 320])), "overlap or leave gaps"
    ),
    "offsets backwards": Case(header(WEIGHTS, lambda h: h[FIRST].update(data_offsets=[320, 0])), "not its size"),
    "offsets three": Case(header(WEIGHTS, lambda h: h[FIRST].update(data_offsets=[0, 1, 2])), "not its size"),
    "numbers missing at the end": Case(
        part(WEIGHTS, lambda d: join_tensors(as_json(split_tensors(d)[0]) + b" " * 90, split_tensors(d)[1][:-4])),
        "account for another size",
    ),
    "numbers left over": Case(part(WEIGHTS, lambda data: data + b"evil"), "account for another size"),
    "weight NaN": Case(numbers(WEIGHTS, FIRST, float("nan")), "'net.0.weight' holds a value that is not finite"),
    "weight infinite": Case(numbers(WEIGHTS, FIRST, float("inf")), "not finite"),
    "bias -infinite": Case(numbers(WEIGHTS, "net.0.bias", float("-inf")), "not finite"),
    "batch norm variance negative": Case(numbers(WEIGHTS, "net.1.running_var", -1.0), "a variance below 0"),
    "weight so large that the outcome is none": Case(
        lambda sound: with_part(sound.parts, WEIGHTS, _all_huge(sound.parts[WEIGHTS])), "no finite prediction"
    ),
    "scale 0": Case(numbers(ARRAYS, "scaler.scale", 0.0), "scaler.scale in its arrays.safetensors holds 0"),
    "scale negative": Case(numbers(ARRAYS, "scaler.scale", -2.0), "holds -2 where all must be above 0"),
    "scale NaN": Case(numbers(ARRAYS, "scaler.scale", float("nan")), "not finite"),
    "scale infinite": Case(numbers(ARRAYS, "scaler.scale", float("inf")), "not finite"),
    "mean NaN": Case(numbers(ARRAYS, "scaler.mean", float("nan")), "scaler.mean in its arrays.safetensors"),
    "variance negative": Case(numbers(ARRAYS, "scaler.var", -1.0), "none may be below 0"),
    "rows seen negative": Case(numbers(ARRAYS, "scaler.n_samples_seen", -1.0), "none may be below 0"),
    "median NaN": Case(numbers(ARRAYS, "feature_medians", float("nan")), "feature_medians in its arrays"),
    "medians too few": Case(header(ARRAYS, lambda h: h["feature_medians"].update(shape=[9])), "must be 10 of type"),
    "medians missing": Case(header(ARRAYS, lambda h: h.pop("feature_medians")), "lacks the tensor 'feature_medians'"),
    "array of another model": Case(header(ARRAYS, lambda h: _add(h, "target_scaler.mean", [0])), "does not have"),
}


def _all_huge(data: bytes) -> bytes:
    header, body = split_tensors(data)
    changed = bytearray(body)
    for name, entry in header.items():
        if entry["dtype"] == "F32" and "running" not in name:
            start, end = entry["data_offsets"]
            changed[start:end] = np.full((end - start) // 4, 3e38, "<f4").tobytes()
    return join_tensors(as_json(header), bytes(changed))
