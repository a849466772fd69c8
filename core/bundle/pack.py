"""A bundle in memory as the four members of a file."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import safetensors.numpy

from core.bundle.flaw import FlawError, shown
from core.bundle.inputs import plain
from core.bundle.manifest import Architecture, Manifest, Part, parse_architecture, render_manifest
from core.bundle.network import architecture_of, weights_of
from core.bundle.preprocess import Preprocess, render_preprocess
from core.bundle.rebuild import Arrays, encoder_values, medians_values, scaler_values, vectorizer_values
from core.types import ModelBundle


def pack(bundle: ModelBundle) -> dict[str, bytes]:
    """Return the members of a bundle's file, or raise FlawError where a file cannot hold the bundle."""
    architecture = _architecture(bundle)
    weights = weights_of(bundle.model, architecture)
    preprocess, arrays = _preprocess(bundle)
    members = {
        "preprocess.json": render_preprocess(preprocess),
        "arrays.safetensors": safetensors.numpy.save({name: _packed(array) for name, array in arrays.items()}),
        "weights.safetensors": weights,
    }
    manifest = Manifest(
        task=bundle.task,
        target_column=bundle.target_column,
        class_names=None if bundle.class_names is None else [str(name) for name in bundle.class_names],
        architecture=architecture,
        schema=bundle.schema,
        record=bundle.record,
        calibration=bundle.calibration,
        parts={name: Part(len(data), hashlib.sha256(data).hexdigest()) for name, data in members.items()},
    )
    return {"manifest.json": render_manifest(manifest), **members}


def _architecture(bundle: ModelBundle) -> Architecture:
    config: Any = bundle.model_config or architecture_of(bundle.model, bundle.input_dim, bundle.output_dim)
    architecture = parse_architecture(plain(config))
    for name in ("input_dim", "output_dim"):
        if getattr(bundle, name) != getattr(architecture, name):
            found = f"{shown(getattr(bundle, name))} and {getattr(architecture, name):,}"
            raise FlawError(f"its {name} is given twice and differs, as {found}")
    return architecture


def _preprocess(bundle: ModelBundle) -> tuple[Preprocess, Arrays]:
    scaler, arrays = scaler_values(bundle.scaler, "scaler")
    target_scaler = None
    if bundle.target_scaler is not None:
        target_scaler, target_arrays = scaler_values(bundle.target_scaler, "target_scaler")
        arrays |= target_arrays
    medians, median_arrays = medians_values(bundle.feature_medians)
    values = Preprocess(
        vectorizer=vectorizer_values(bundle.vectorizer),
        scaler=scaler,
        target_scaler=target_scaler,
        label_encoder=None if bundle.label_encoder is None else encoder_values(bundle.label_encoder),
        feature_medians=medians,
    )
    return values, arrays | median_arrays


def _packed(array: Any) -> Any:
    """Copy into the layout of the file; unlike `ascontiguousarray`, this keeps a scalar a scalar."""
    return np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")
