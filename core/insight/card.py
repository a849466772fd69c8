"""The model card: what a model is for, what it learned from, how good it is, and where it ends.

The same sections stand in the bundle as text and in the report (Mitchell et al. 2019, Model Cards for Model
Reporting). Imports neither torch nor scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.calibration import Calibration
from core.insight.words import calibration_words, coverage_words, errors_words, headline, verdicts
from core.modes import limits_of, mode_words
from core.types import TIMED_MODE, InputSchema, TrainingRecord

MOST_COLUMNS = 60  # that are named
FEW_ROWS = 200  # below, a test says little


@dataclass(frozen=True)
class Section:
    """A heading of the card and the lines under it, each a plain text."""

    title: str
    lines: tuple[str, ...]


def model_card(
    record: TrainingRecord,
    schema: InputSchema,
    document: Mapping[str, Any] | None,
    calibration: Calibration | None = None,
) -> tuple[Section, ...]:
    """Return the sections; `document` is the evaluation, where there is one."""
    sections = [
        Section("What it predicts", _what(record, schema)),
        Section("Intended use", _use(schema)),
        Section("Data", _data(record)),
        Section("How good it is", _how_good(document)),
        Section("How sure it is", _how_sure(document, calibration)),
        Section("Limits", _limits(schema, document, str(record.config.get("training_mode", "")))),
        Section("Training", _training(record)),
    ]
    return tuple(section for section in sections if section.lines)


def card_text(sections: Sequence[Section]) -> str:
    """Return the card as plain text, a blank line before each heading."""
    return "\n\n".join("\n".join([section.title.upper(), *section.lines]) for section in sections) + "\n"


def _what(record: TrainingRecord, schema: InputSchema) -> tuple[str, ...]:
    columns = schema.feature_columns
    named = ", ".join(columns[:MOST_COLUMNS])
    more = f" and {len(columns) - MOST_COLUMNS:,} more" if len(columns) > MOST_COLUMNS else ""
    codes = schema.categorical_columns
    return (
        f"{record.config.get('target_column')} ({record.metrics.get('task')}), from {len(columns):,} columns: "
        f"{named}{more}.",
        *([f"Read as categories, not as numbers: {', '.join(codes)}."] if codes else []),
    )  # fmt: skip


def _use(schema: InputSchema) -> tuple[str, ...]:
    target = next((column.name for column in schema.by_role("target")), "the target")
    return (
        f"Predicting {target} for new rows that come from the same source and are filled in the same way as those it "
        "learned from.",
        "It says what goes together in these data, not what causes what. A person who knows the case should decide "
        "where a wrong prediction would harm somebody.",
    )


def _data(record: TrainingRecord) -> tuple[str, ...]:
    metrics = record.metrics
    parts = [
        (metrics.get("n_train"), "to learn from"),
        (metrics.get("n_validation"), "to judge the training"),
        (metrics.get("n_test"), "kept aside for the figures below"),
        (metrics.get("n_dropped"), "left out, without an outcome"),
    ]
    rows = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    since = metrics.get("test_from")
    return (
        f"{record.n_rows:,} rows: {rows}.",
        *([f"The rows kept aside are the latest ones, from {since} on."] if since else []),
        *([f"Fingerprint of the table (SHA-256): {record.data_fingerprint}."] if record.data_fingerprint else []),
    )


def _how_good(document: Mapping[str, Any] | None) -> tuple[str, ...]:
    if document is None:
        return ("It has not been evaluated.",)
    weak = errors_words(document)
    return (headline(document), *verdicts(document), *([weak] if weak else []))


def _how_sure(document: Mapping[str, Any] | None, calibration: Calibration | None) -> tuple[str, ...]:
    if document is None:
        return ()
    level = None if calibration is None else calibration.level
    said = [calibration_words(document), coverage_words(document, level)]
    return tuple(sentence for sentence in said if sentence)


def _limits(schema: InputSchema, document: Mapping[str, Any] | None, mode: str) -> tuple[str, ...]:
    n_test = FEW_ROWS if document is None else int(document["n_test"])
    return (
        *([f"Only {n_test:,} rows were kept aside, so the figures are rough."] if n_test < FEW_ROWS else []),
        f"The figures hold for rows like the ones it was trained on. {limits_of(mode)}",
        "Whoever uses it should look again when prices, products, rules or the way of recording change.",
        *(_dates(schema)),
    )


def _dates(schema: InputSchema) -> tuple[str, ...]:
    dates = [column for column in schema.by_role("date") if column.date_format is not None]
    if not dates:
        return ()
    return (f"It reads dates as year, month, day and weekday ({', '.join(column.name for column in dates)}).",)


def _training(record: TrainingRecord) -> tuple[str, ...]:
    config, metrics = record.config, record.metrics
    mode = mode_words(str(config.get("training_mode", ""))).title
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    n_epochs = metrics.get("epochs_run")
    if config.get("training_mode") == TIMED_MODE:
        kept = f"the blend of {n_epochs} trained in {config.get('time_budget'):g} seconds"
    else:
        kept = f"epoch {metrics.get('best_epoch') or n_epochs} kept of {n_epochs}"
    return (
        f"{mode}, {config.get('num_hidden_layers')} hidden layers of {config.get('hidden_dim')}, {kept}, "
        f"seed {config.get('random_seed')}, on {record.device}, {record.created_at}.",
        f"Made with {versions}.",
    )
