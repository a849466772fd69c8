"""How a bundle came to be: versions, the data's fingerprint and the words of the model card."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.loop import LoopResult
from core.modes import limits_of
from core.receipt import Receipt
from core.types import InputSchema, Metrics, TrainingConfig, TrainingRecord

RECORDED_PACKAGES = ("rowsmith", "torch", "scikit-learn", "numpy", "pandas", "tabm", "rtdl_num_embeddings")


def make_record(
    cfg: TrainingConfig,
    metrics: Metrics,
    result: LoopResult,
    *,
    device: str,
    data_path: str | Path,
    n_rows: int,
    schema: InputSchema,
    receipt: Receipt | None = None,
    distillation: Mapping[str, float] | None = None,
) -> TrainingRecord:
    """Return the record that travels in the bundle."""
    settings = {**asdict(cfg), "categorical_columns": list(cfg.categorical_columns)}
    return TrainingRecord(
        config={**settings, **({"distillation": dict(distillation)} if distillation else {})},
        metrics=asdict(metrics),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device,
        data_fingerprint=fingerprint(data_path),
        n_rows=n_rows,
        versions=versions(),
        train_losses=tuple(report.train_loss for report in result.reports),
        validation_losses=tuple(
            report.validation_loss for report in result.reports if report.validation_loss is not None
        ),
        model_card=model_card(cfg, metrics, schema),
        receipt={} if receipt is None else receipt.as_dict(),
    )


def fingerprint(data_path: str | Path) -> str:
    """Return the SHA-256 of the file's bytes, or an empty text where there is no file to read."""
    try:
        with Path(data_path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, TypeError):
        return ""


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages a prediction depends on."""
    found = {"python": platform.python_version()}
    for package in RECORDED_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def model_card(cfg: TrainingConfig, metrics: Metrics, schema: InputSchema) -> str:
    """Return the model card: what the model predicts, from what, how well, and its limits."""
    features = ", ".join(schema.feature_columns)
    return (
        f"Predicts {cfg.target_column} ({metrics.task}) from {len(schema.feature_columns)} columns: {features}.\n"
        f"{_categorical_line(schema)}"
        f"Training mode {cfg.training_mode}, {metrics.n_train} training rows, {metrics.n_test} test rows.\n"
        f"{_time_line(cfg, metrics)}"
        f"Test {metrics.test_metric_name}: {metrics.test_metric_value:.6g}; "
        f"guessing reaches {_figure(metrics.baseline_metric_value)}.\n"
        f"Limits: the figures hold for rows like the ones it was trained on. {limits_of(cfg.training_mode)}"
    )


def _categorical_line(schema: InputSchema) -> str:
    codes = schema.categorical_columns
    return f"Read as categories, not as numbers: {', '.join(codes)}.\n" if codes else ""


def _time_line(cfg: TrainingConfig, metrics: Metrics) -> str:
    """Return which rows were kept aside, where that was decided by time."""
    if metrics.test_from is None:
        return ""
    n_test = metrics.n_test or 0
    share = 100 * n_test / max(1, n_test + (metrics.n_train or 0) + (metrics.n_validation or 0))
    unknown = metrics.n_without_time
    rest = f" Rows without a time, which count as earlier: {unknown}." if unknown else ""
    return f"Test rows are the latest {share:.3g} % by {cfg.time_column}, from {metrics.test_from} on.{rest}\n"


def _figure(value: float | None) -> str:
    return "an unknown figure" if value is None else f"{value:.6g}"
