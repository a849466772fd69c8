"""An open model file as a bundle in memory: every check, in order, before what it guards is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
import safetensors.numpy
import torch
from torch import nn

from core.bundle.archive import Entry, read_member, sha256_of
from core.bundle.flaw import FlawError
from core.bundle.manifest import Manifest
from core.bundle.network import blank_network, expected_weights, fill_network
from core.bundle.preprocess import Preprocess, check_arrays, max_preprocess_bytes, parse_preprocess
from core.bundle.rebuild import encoder_of, scaler_of, vectorizer_of
from core.bundle.tensors import check_tensors
from core.types import ModelBundle


def unpack(file: BinaryIO, entries: Mapping[str, Entry], manifest: Manifest) -> ModelBundle:
    """Return the bundle on the CPU, or raise FlawError at the first part that is not as the manifest says."""
    network = blank_network(manifest.architecture)
    _check_sizes(entries, manifest, network)
    for name, part in manifest.parts.items():
        if sha256_of(file, entries[name]) != part.sha256:
            raise FlawError(f"its {name} does not match the SHA-256 in its manifest.json, so the file was changed")
    preprocess = parse_preprocess(read_member(file, entries["preprocess.json"]), manifest)
    check_tensors(file, entries["arrays.safetensors"], preprocess.tensors())
    check_tensors(file, entries["weights.safetensors"], expected_weights(network))
    arrays = safetensors.numpy.load(read_member(file, entries["arrays.safetensors"]))
    check_arrays(arrays)
    fill_network(network, read_member(file, entries["weights.safetensors"]), manifest.architecture.input_dim)
    bundle = _assemble(manifest, preprocess, arrays, network)
    _probe(bundle)
    return bundle


def _check_sizes(entries: Mapping[str, Entry], manifest: Manifest, network: nn.Module) -> None:
    for name, part in manifest.parts.items():
        if entries[name].size != part.n_bytes:
            raise FlawError(f"its {name} is {entries[name].size:,} bytes long and should be {part.n_bytes:,}")
    needed = sum(spec.n_bytes for spec in expected_weights(network).values())
    if entries["weights.safetensors"].size < needed:
        raise FlawError(f"its weights.safetensors is too short for its network, which needs {needed:,} bytes")
    most = max_preprocess_bytes(manifest)
    if entries["preprocess.json"].size > most:
        raise FlawError(f"its preprocess.json is longer than the {most:,} bytes that its network can need")


def _assemble(manifest: Manifest, preprocess: Preprocess, arrays: Mapping[str, Any], network: nn.Module) -> ModelBundle:
    target, encoder = preprocess.target_scaler, preprocess.label_encoder
    return ModelBundle(
        model=network,
        task=manifest.task,
        vectorizer=vectorizer_of(preprocess.vectorizer),
        scaler=scaler_of(preprocess.scaler, arrays, "scaler"),
        feature_medians=arrays.get("feature_medians"),
        label_encoder=None if encoder is None else encoder_of(encoder),
        target_scaler=None if target is None else scaler_of(target, arrays, "target_scaler"),
        target_column=manifest.target_column,
        input_dim=manifest.architecture.input_dim,
        output_dim=manifest.architecture.output_dim,
        class_names=manifest.class_names,
        model_config=manifest.architecture.as_dict(),
        schema=manifest.schema,
        record=manifest.record,
        calibration=manifest.calibration,
    )


@torch.no_grad()
def _probe(bundle: ModelBundle) -> None:
    """Predict for a row of missing cells, and raise FlawError where the outcome is no number."""
    row = np.zeros((1, bundle.input_dim)) if bundle.feature_medians is None else bundle.feature_medians[None, :]
    with np.errstate(all="ignore"):
        x = torch.as_tensor(bundle.scaler.transform(row), dtype=torch.float32)
        outputs = bundle.model(x).numpy()
        if bundle.target_scaler is not None:
            outputs = bundle.target_scaler.inverse_transform(outputs)
    if outputs.shape != (1, bundle.output_dim) or not np.isfinite(outputs).all():
        raise FlawError("its network gives no finite prediction")
