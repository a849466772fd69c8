"""preprocess.json: vectorizer, scalers, encoder and medians as plain values, without scikit-learn.

The numbers of scalers and medians lie in arrays.safetensors; here stands which there are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from core.bundle.document import first_duplicate, parse_document, render_document
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.bundle.manifest import Manifest
from core.bundle.tensors import TensorSpec

FLOATS = {"float64": "F64", "float32": "F32"}
CLASS_KINDS = ("text", "object", "int64", "float64", "bool")
SCALER_ARRAYS = ("mean", "var", "scale")

_MAX_CLASS_ARRAY_BYTES = 16 * 2**20
_BASE_BYTES = 6 * 2**20
_BYTES_PER_NAME = 4096
_ENTRIES = ("vectorizer", "scaler", "target_scaler", "label_encoder", "feature_medians")


@dataclass(frozen=True)
class VectorizerValues:
    """A `DictVectorizer`; the vocabulary follows from the names."""

    dtype: str
    separator: str
    sparse: bool
    sort: bool
    feature_names: list[str]


@dataclass(frozen=True)
class ScalerValues:
    """A `StandardScaler`: for each array the type of its numbers, or None where the scaler has none."""

    with_mean: bool
    with_std: bool
    copy: bool
    n_features: int
    mean: str | None
    var: str | None
    scale: str | None
    n_samples_seen: str
    samples_per_feature: bool
    feature_names: list[str] | None

    def tensors(self, prefix: str) -> dict[str, TensorSpec]:
        """Return the tensors that hold the scaler's numbers."""
        shape = (self.n_features,)
        dtypes = {name: getattr(self, name) for name in SCALER_ARRAYS}
        found = {f"{prefix}.{name}": TensorSpec(FLOATS[dtype], shape) for name, dtype in dtypes.items() if dtype}
        seen = "I64" if self.n_samples_seen == "int64" else "F64"
        found[f"{prefix}.n_samples_seen"] = TensorSpec(seen, shape if self.samples_per_feature else ())
        return found


@dataclass(frozen=True)
class EncoderValues:
    """A `LabelEncoder`: its classes and how numpy holds them; `width` is for `text` only."""

    kind: str
    width: int
    classes: list[Any]


@dataclass(frozen=True)
class Preprocess:
    """The checked content of preprocess.json."""

    vectorizer: VectorizerValues
    scaler: ScalerValues
    target_scaler: ScalerValues | None
    label_encoder: EncoderValues | None
    feature_medians: str | None

    def tensors(self) -> dict[str, TensorSpec]:
        """Return the tensors that arrays.safetensors must hold."""
        found = self.scaler.tensors("scaler")
        if self.target_scaler is not None:
            found |= self.target_scaler.tensors("target_scaler")
        if self.feature_medians is not None:
            found["feature_medians"] = TensorSpec(FLOATS[self.feature_medians], (self.scaler.n_features,))
        return found


def max_preprocess_bytes(manifest: Manifest) -> int:
    """Return the most bytes that preprocess.json may take for a network of this size."""
    names = manifest.architecture.input_dim + manifest.architecture.output_dim
    return _BASE_BYTES + _BYTES_PER_NAME * names


def render_preprocess(values: Preprocess) -> bytes:
    """Return preprocess.json."""
    return render_document(asdict(values))


def parse_preprocess(data: bytes, manifest: Manifest) -> Preprocess:
    """Return the values in `data`, which must fit the manifest, or raise FlawError."""
    n_inputs, n_outputs = manifest.architecture.input_dim, manifest.architecture.output_dim
    value = parse_document(data, "preprocess.json", 1000 + 2 * n_inputs + n_outputs)
    fields = Fields(value, "its preprocess.json", _ENTRIES)
    target_scaler = None if fields.is_null("target_scaler") else _scaler(fields, "target_scaler", n_outputs)
    label_encoder = None if fields.is_null("label_encoder") else _encoder(fields, n_outputs)
    if manifest.task == "classification" and target_scaler is not None:
        raise FlawError("it has a target scaler although it predicts classes")
    if manifest.task == "regression" and label_encoder is not None:
        raise FlawError("it has a label encoder although it predicts a number")
    return Preprocess(
        vectorizer=_vectorizer(fields, n_inputs),
        scaler=_scaler(fields, "scaler", n_inputs),
        target_scaler=target_scaler,
        label_encoder=label_encoder,
        feature_medians=None if fields.is_null("feature_medians") else fields.choice("feature_medians", FLOATS),
    )


def check_arrays(arrays: Mapping[str, Any]) -> None:
    """Raise FlawError where a number is not finite, a scale not above 0, or a variance or count below 0."""
    for name, array in arrays.items():
        low, high = float(array.min()), float(array.max())  # NaN where any is
        if not (math.isfinite(low) and math.isfinite(high)):
            raise FlawError(f"{name} in its arrays.safetensors holds a value that is not finite")
        if name.endswith(".scale") and low <= 0:
            raise FlawError(f"{name} in its arrays.safetensors holds {low:g} where all must be above 0")
        if name.endswith((".var", ".n_samples_seen")) and low < 0:
            raise FlawError(f"{name} in its arrays.safetensors holds {low:g} where none may be below 0")


def _vectorizer(outer: Fields, n_inputs: int) -> VectorizerValues:
    fields = Fields(outer.raw("vectorizer"), outer.where("vectorizer"), tuple(VectorizerValues.__dataclass_fields__))
    names = fields.texts("feature_names")
    if len(names) != n_inputs:
        raise FlawError(f"it names {len(names):,} features and its network has {n_inputs:,} inputs")
    twice = first_duplicate(names)
    if twice is not None:
        raise FlawError(f"it names the feature {shown(twice)} more than once")
    return VectorizerValues(
        dtype=fields.choice("dtype", FLOATS),
        separator=fields.text("separator"),
        sparse=fields.flag("sparse"),
        sort=fields.flag("sort"),
        feature_names=names,
    )


def _scaler(outer: Fields, name: str, n_features: int) -> ScalerValues:
    fields = Fields(outer.raw(name), outer.where(name), tuple(ScalerValues.__dataclass_fields__))
    values = ScalerValues(
        with_mean=fields.flag("with_mean"),
        with_std=fields.flag("with_std"),
        copy=fields.flag("copy"),
        n_features=fields.whole("n_features", n_features, n_features),
        mean=_float_or_none(fields, "mean"),
        var=_float_or_none(fields, "var"),
        scale=_float_or_none(fields, "scale"),
        n_samples_seen=fields.choice("n_samples_seen", ("float64", "int64")),
        samples_per_feature=fields.flag("samples_per_feature"),
        feature_names=None if fields.is_null("feature_names") else fields.texts("feature_names"),
    )
    if (values.with_mean and values.mean is None) or values.with_std != (values.scale is not None):
        raise FlawError(f"{outer.where(name)} has flags that contradict its arrays")
    if values.feature_names is not None and len(values.feature_names) != n_features:
        raise FlawError(f"{fields.where('feature_names')} are {len(values.feature_names):,}, not {n_features:,}")
    return values


def _float_or_none(fields: Fields, name: str) -> str | None:
    return None if fields.is_null(name) else fields.choice(name, FLOATS)


def _encoder(outer: Fields, n_outputs: int) -> EncoderValues:
    fields = Fields(outer.raw("label_encoder"), outer.where("label_encoder"), tuple(EncoderValues.__dataclass_fields__))
    kind = fields.choice("kind", CLASS_KINDS)
    classes = _classes(fields, kind)
    if len(classes) != n_outputs:
        raise FlawError(f"it has {len(classes):,} labels and its network has {n_outputs:,} outputs")
    if any(second <= first for first, second in pairwise(classes)):
        raise FlawError("its labels are not in order, each once")
    width = fields.whole("width")
    longest = max(map(len, classes), default=0) if kind == "text" else 0
    if width < longest or 4 * width * len(classes) > _MAX_CLASS_ARRAY_BYTES:
        raise FlawError(f"{fields.where('width')} is {width:,}, and its {len(classes):,} labels need another")
    return EncoderValues(kind, width, classes)


def _classes(fields: Fields, kind: str) -> list[Any]:
    if kind in ("text", "object"):
        return fields.texts("classes")
    values = fields.raw("classes")
    wanted = {"int64": int, "float64": float, "bool": bool}[kind]
    if not isinstance(values, list) or not all(type(value) is wanted for value in values):
        raise FlawError(f"{fields.where('classes')} is {shown(values)}, not a list of {kind}")
    if kind == "int64" and not all(-(2**63) <= value < 2**63 for value in values):
        raise FlawError(f"{fields.where('classes')} holds a number beyond 64 bits")
    return values
