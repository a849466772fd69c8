"""Vectorizer, scalers and encoder taken apart into plain values and arrays, and put together again.

Only scikit-learn's own classes are taken, each with no attribute but those it is known to need,
so that what is put together transforms byte for byte as what was taken apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.bundle.flaw import FlawError, shown
from core.bundle.preprocess import FLOATS, SCALER_ARRAYS, EncoderValues, ScalerValues, VectorizerValues

Arrays = dict[str, NDArray[Any]]

_VECTORIZER_NEEDS = ("dtype", "separator", "sparse", "sort", "feature_names_", "vocabulary_")
_SCALER_NEEDS = (
    "with_mean", "with_std", "copy", "n_features_in_", "n_samples_seen_", "mean_", "var_", "scale_",
)  # fmt: skip


def vectorizer_values(vectorizer: object) -> VectorizerValues:
    """Take a fitted `DictVectorizer` apart."""
    found = _attributes(vectorizer, DictVectorizer, "vectorizer", _VECTORIZER_NEEDS)
    names = list(found["feature_names_"])
    if not all(isinstance(name, str) for name in names):
        raise FlawError("its vectorizer has a feature whose name is not a text")
    if found["vocabulary_"] != {name: index for index, name in enumerate(names)}:
        raise FlawError("its vectorizer has a vocabulary that differs from its feature names")
    dtype = np.dtype(found["dtype"]).name
    if dtype not in FLOATS:
        raise FlawError(f"its vectorizer makes {dtype} and must make float64 or float32")
    return VectorizerValues(
        dtype=dtype,
        separator=found["separator"],
        sparse=bool(found["sparse"]),
        sort=bool(found["sort"]),
        feature_names=[str(name) for name in names],
    )


def vectorizer_of(values: VectorizerValues) -> DictVectorizer:
    """Put a `DictVectorizer` together."""
    vectorizer = DictVectorizer(
        dtype=np.float64 if values.dtype == "float64" else np.float32,
        separator=values.separator,
        sparse=values.sparse,
        sort=values.sort,
    )
    vectorizer.feature_names_ = values.feature_names
    vectorizer.vocabulary_ = {name: index for index, name in enumerate(values.feature_names)}
    return vectorizer


def scaler_values(scaler: object, prefix: str) -> tuple[ScalerValues, Arrays]:
    """Take a fitted `StandardScaler` apart into values and the arrays `<prefix>.mean` and so on."""
    found = _attributes(scaler, StandardScaler, prefix, _SCALER_NEEDS, optional=("feature_names_in_",))
    arrays = {f"{prefix}.{name}": found[f"{name}_"] for name in SCALER_ARRAYS if found[f"{name}_"] is not None}
    dtypes = {name: _float_name(arrays.get(f"{prefix}.{name}"), prefix) for name in SCALER_ARRAYS}
    seen = np.asarray(found["n_samples_seen_"])
    seen = seen.astype(np.int64 if seen.dtype.kind in "iu" else np.float64)
    names = found.get("feature_names_in_")
    values = ScalerValues(
        with_mean=bool(found["with_mean"]),
        with_std=bool(found["with_std"]),
        copy=bool(found["copy"]),
        n_features=int(found["n_features_in_"]),
        mean=dtypes["mean"],
        var=dtypes["var"],
        scale=dtypes["scale"],
        n_samples_seen=seen.dtype.name,
        samples_per_feature=seen.ndim > 0,
        feature_names=None if names is None else [str(name) for name in names],
    )
    return values, {**arrays, f"{prefix}.n_samples_seen": seen}


def scaler_of(values: ScalerValues, arrays: Mapping[str, NDArray[Any]], prefix: str) -> StandardScaler:
    """Put a `StandardScaler` together."""
    scaler = StandardScaler(copy=values.copy, with_mean=values.with_mean, with_std=values.with_std)
    scaler.n_features_in_ = values.n_features
    scaler.n_samples_seen_ = arrays[f"{prefix}.n_samples_seen"][()]  # a number, or one per feature
    for name in SCALER_ARRAYS:
        setattr(scaler, f"{name}_", arrays.get(f"{prefix}.{name}"))
    if values.feature_names is not None:
        scaler.feature_names_in_ = np.array(values.feature_names, dtype=object)
    return scaler


def encoder_values(encoder: object) -> EncoderValues:
    """Take a fitted `LabelEncoder` apart."""
    classes = np.asarray(_attributes(encoder, LabelEncoder, "label encoder", ("classes_",))["classes_"])
    kind = {"U": "text", "O": "object"}.get(classes.dtype.kind, classes.dtype.name)
    labels = classes.tolist()
    if kind == "object" and not all(isinstance(label, str) for label in labels):
        raise FlawError("its label encoder mixes texts with other labels")
    return EncoderValues(kind, classes.dtype.itemsize // 4 if kind == "text" else 0, labels)


def encoder_of(values: EncoderValues) -> LabelEncoder:
    """Put a `LabelEncoder` together."""
    encoder = LabelEncoder()
    encoder.classes_ = np.array(values.classes, dtype=f"<U{values.width}" if values.kind == "text" else values.kind)
    return encoder


def medians_values(medians: object) -> tuple[str | None, Arrays]:
    """Return the type of the medians and their array, or None and nothing where there are none."""
    if medians is None:
        return None, {}
    array = np.asarray(medians)
    return _float_name(array, "feature_medians"), {"feature_medians": array}


def _attributes(
    value: object, kind: type, name: str, needs: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    if type(value) is not kind:
        raise FlawError(f"its {name} is a {type(value).__name__} and must be scikit-learn's {kind.__name__}")
    found = vars(value)
    missing = [attribute for attribute in needs if attribute not in found]
    if missing:
        raise FlawError(f"its {name} is not fitted: it has no {missing[0]}")
    unknown = [attribute for attribute in found if attribute not in (*needs, *optional)]
    if unknown:
        raise FlawError(f"its {name} has the setting {shown(unknown[0])}, which a file cannot keep")
    return found


def _float_name(array: NDArray[Any] | None, owner: str) -> str | None:
    if array is None:
        return None
    if not isinstance(array, np.ndarray) or array.dtype.name not in FLOATS:
        found = getattr(array, "dtype", type(array).__name__)
        raise FlawError(f"its {owner} holds numbers of type {found} and must hold float64 or float32")
    return array.dtype.name
