"""The input schema and the training record as plain values, and back.

What is only there to be read by people is cut to fit: rare categories of very wide tables, points
of very long curves. A figure that is not finite is kept as none. The schema is a list for each
property rather than an object for each column: little to parse, and few objects to allow. The lists
`is_categorical`, `missing_words`, `kept_words` and `quantiles` are there only where a column is one of codes, or has
such words or deciles.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np

from core.bundle.document import first_duplicate
from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.bundle.quantiles import quantiles_from_text, quantiles_to_text
from core.types import (
    MAX_WORD_CHARS,
    MAX_WORDS,
    ColumnKind,
    ColumnRole,
    ColumnSchema,
    DateFormat,
    InputSchema,
    TrainingRecord,
)

MAX_COLUMNS = 20_000
MAX_CURVE_POINTS = 20_000

_DATE_ORDERS = ("day_first", "month_first", "year_first")
_CATEGORIES_IN_ALL = 100_000
_VALUES_IN_ALL = 380_000  # of the 400,000 that a manifest may hold
_CATEGORY_BYTES_IN_ALL = 2 * 2**20
_QUANTILE_BYTES_IN_ALL = 5 * 2**19
_COLUMN_ENTRIES = (
    "name", "role", "kind", "n_missing", "n_distinct", "minimum", "maximum", "median",
    "categories", "counts", "categories_cut", "date_order", "has_time",
)  # fmt: skip
_CODES_ENTRY, _WORDS_ENTRY, _QUANTILES_ENTRY = "is_categorical", "missing_words", "quantiles"
_KEPT_ENTRY = "kept_words"
_OPTIONAL: dict[str, Any] = {_CODES_ENTRY: False, _WORDS_ENTRY: [], _QUANTILES_ENTRY: "", _KEPT_ENTRY: []}
_RECEIPT = "receipt"  # which the record of an earlier version lacks
_RECORD_ENTRIES = tuple(name for name in TrainingRecord.__dataclass_fields__ if name != _RECEIPT)


@dataclass(frozen=True)
class _Room:
    """How much of what is cut to fit each column may keep."""

    categories: int
    category_bytes: int
    quantile_bytes: int


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers that are not finite as None, other objects as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def schema_to_json(schema: InputSchema) -> dict[str, Any]:
    """Return the schema as plain values."""
    room = _room(schema)
    columns = [_column_to_json(column, room) for column in schema.columns]
    used = (entry for entry, usual in _OPTIONAL.items() if any(column[entry] != usual for column in columns))
    entries = (*_COLUMN_ENTRIES, *used)
    return {entry: [column[entry] for column in columns] for entry in entries}


def schema_from_json(value: object) -> InputSchema:
    """Return the schema, or raise FlawError."""
    used = [entry for entry in _OPTIONAL if isinstance(value, dict) and entry in value]
    entries = (*_COLUMN_ENTRIES, *used)
    fields = Fields(value, "the schema in its manifest.json", entries)
    lists = [fields.items(entry) for entry in entries]
    lengths = {len(values) for values in lists}
    if len(lengths) != 1 or max(lengths) > MAX_COLUMNS:
        raise FlawError(f"its schema needs lists of one length, at most {MAX_COLUMNS:,}, and has {shown(str(lengths))}")
    columns = (dict(zip(entries, cells, strict=True)) for cells in zip(*lists, strict=True))
    schema = InputSchema(tuple(_column_from_json({**_OPTIONAL, **column}) for column in columns))
    twice = first_duplicate(column.name for column in schema.columns)
    if twice is not None:
        raise FlawError(f"its schema holds the column {shown(twice)} more than once")
    return schema


def record_to_json(record: TrainingRecord) -> dict[str, Any]:
    """Return the record as plain values."""
    values = {name: plain(getattr(record, name)) for name in (*_RECORD_ENTRIES, _RECEIPT)}
    for name in ("train_losses", "validation_losses"):
        values[name] = plain(_thinned(getattr(record, name)))
    return values


def record_from_json(value: object) -> TrainingRecord:
    """Return the record, or raise FlawError."""
    has_receipt = isinstance(value, dict) and _RECEIPT in value
    entries = (*_RECORD_ENTRIES, _RECEIPT) if has_receipt else _RECORD_ENTRIES
    fields = Fields(value, "the record in its manifest.json", entries)
    versions = fields.mapping("versions")
    if not all(isinstance(version, str) for version in versions.values()):
        raise FlawError(f"{fields.where('versions')} holds a version that is not a text")
    return TrainingRecord(
        config=fields.mapping("config"),
        metrics=fields.mapping("metrics"),
        created_at=fields.text("created_at"),
        device=fields.text("device"),
        data_fingerprint=fields.text("data_fingerprint"),
        n_rows=fields.whole("n_rows"),
        versions=versions,
        train_losses=_losses(fields, "train_losses"),
        validation_losses=_losses(fields, "validation_losses"),
        model_card=fields.text("model_card"),
        receipt=fields.mapping(_RECEIPT) if has_receipt else {},
    )


def _room(schema: InputSchema) -> _Room:
    with_categories = max(1, sum(bool(column.categories) for column in schema.columns))
    with_quantiles = max(1, sum(bool(column.quantiles) for column in schema.columns))
    values_left = _VALUES_IN_ALL - (len(_COLUMN_ENTRIES) + len(_OPTIONAL)) * len(schema.columns)
    return _Room(
        categories=min(_CATEGORIES_IN_ALL, values_left // 2) // with_categories,
        category_bytes=_CATEGORY_BYTES_IN_ALL // with_categories,
        quantile_bytes=_QUANTILE_BYTES_IN_ALL // with_quantiles,
    )


def _column_to_json(column: ColumnSchema, room: _Room) -> dict[str, Any]:
    kept = _fitting(column.categories, room.categories, room.category_bytes)
    return {
        "name": column.name,
        "role": column.role,
        "kind": column.kind,
        "n_missing": int(column.n_missing),
        "n_distinct": int(column.n_distinct),
        "minimum": plain(column.minimum),
        "maximum": plain(column.maximum),
        "median": plain(column.median),
        "categories": [text for text, _ in kept],
        "counts": [int(count) for _, count in kept],
        "categories_cut": bool(column.categories_cut) or len(kept) < len(column.categories),
        "date_order": None if column.date_format is None else column.date_format.order,
        "has_time": column.date_format is not None and column.date_format.has_time,
        _CODES_ENTRY: bool(column.is_categorical),
        _WORDS_ENTRY: list(column.missing_words),
        _QUANTILES_ENTRY: quantiles_to_text(column.quantiles, room.quantile_bytes),
        _KEPT_ENTRY: list(column.kept_words),
    }


def _fitting(categories: Sequence[tuple[str, int]], most: int, most_bytes: int) -> Sequence[tuple[str, int]]:
    n_bytes = 0
    for index, (text, _) in enumerate(categories[:most]):
        n_bytes += len(json.dumps(text))
        if n_bytes > most_bytes:
            return categories[:index]
    return categories[:most]


def _column_from_json(value: object) -> ColumnSchema:
    fields = Fields(value, "a column of the schema in its manifest.json", (*_COLUMN_ENTRIES, *_OPTIONAL))
    categories, counts = fields.texts("categories"), fields.counts("counts")
    if len(categories) != len(counts):
        raise FlawError(f"{fields.where('categories')} are {len(categories):,} with {len(counts):,} counts")
    if fields.flag(_CODES_ENTRY) and not _can_be_codes(fields):
        kind, role = fields.text("kind"), fields.text("role")
        raise FlawError(f"{fields.where(_CODES_ENTRY)} is True for a column of kind {kind!r} and role {role!r}")
    return ColumnSchema(
        name=fields.text("name"),
        role=cast(ColumnRole, fields.choice("role", get_args(ColumnRole))),
        kind=cast(ColumnKind, fields.choice("kind", get_args(ColumnKind))),
        n_missing=fields.whole("n_missing"),
        n_distinct=fields.whole("n_distinct"),
        minimum=fields.number_or_none("minimum"),
        maximum=fields.number_or_none("maximum"),
        median=fields.number_or_none("median"),
        categories=tuple(zip(categories, counts, strict=True)),
        categories_cut=fields.flag("categories_cut"),
        date_format=None if fields.is_null("date_order") else _date_format(fields),
        is_categorical=fields.flag(_CODES_ENTRY),
        missing_words=_words(fields, _WORDS_ENTRY),
        quantiles=_quantiles(fields),
        kept_words=_words(fields, _KEPT_ENTRY),
    )


def _words(fields: Fields, entry: str) -> tuple[str, ...]:
    words = fields.texts(entry)
    if len(words) > 2 * MAX_WORDS or any(len(word) > MAX_WORD_CHARS for word in words):
        raise FlawError(f"{fields.where(entry)} are more or longer than {2 * MAX_WORDS} texts")
    return tuple(words)


def _can_be_codes(fields: Fields) -> bool:
    """Return whether a column is a feature that is described by its texts alone."""
    kind, is_date = fields.choice("kind", get_args(ColumnKind)), not fields.is_null("date_order")
    return fields.choice("role", get_args(ColumnRole)) == "feature" and kind in ("text", "empty") and not is_date


def _quantiles(fields: Fields) -> tuple[float, ...]:
    quantiles = quantiles_from_text(fields.text(_QUANTILES_ENTRY))
    if quantiles and not _can_have_quantiles(fields):
        kind, role = fields.text("kind"), fields.text("role")
        raise FlawError(f"{fields.where(_QUANTILES_ENTRY)} is there for a column of kind {kind!r} and role {role!r}")
    return quantiles


def _can_have_quantiles(fields: Fields) -> bool:
    """Return whether a column holds numbers or dates that a model learns from, or predicts."""
    used = (fields.choice("role", get_args(ColumnRole)), fields.choice("kind", get_args(ColumnKind)))
    return used in (("feature", "number"), ("feature", "mixed"), ("target", "number"), ("date", "date"))


def _date_format(fields: Fields) -> DateFormat:
    return DateFormat(order=cast(Any, fields.choice("date_order", _DATE_ORDERS)), has_time=fields.flag("has_time"))


def _thinned(losses: Sequence[float]) -> Sequence[float]:
    return losses[:: max(1, math.ceil(len(losses) / MAX_CURVE_POINTS))]


def _losses(fields: Fields, name: str) -> tuple[float, ...]:
    values = fields.raw(name)
    if not isinstance(values, list) or len(values) > MAX_CURVE_POINTS or not all(map(_is_loss, values)):
        raise FlawError(f"{fields.where(name)} is {shown(values)}, not a curve of numbers")
    return tuple(_as_losses(values))


def _is_loss(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _as_losses(values: Iterable[float | None]) -> Iterable[float]:
    return (math.nan if value is None else float(value) for value in values)
