"""What stands beside the predictions in a workbook: what fitted column by column, the model, what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from core.scoring.contract import ColumnContract
from core.scoring.predict import schema_of
from core.scoring.scorer import Scoring
from core.types import ColumnSchema, ModelBundle

CATEGORIES_SHOWN = 12


def sheets_of(bundle: ModelBundle, scoring: Scoring) -> dict[str, pa.Table]:
    """Return the sheets Columns, Model card and Issues; Issues is left out where there are none."""
    sheets = {"Columns": _columns(bundle, scoring), "Model card": _card(bundle, scoring)}
    if scoring.issues:
        sheets["Issues"] = _table(
            ("Row", "Column", "Kind", "What"),
            [(issue.row, issue.column, issue.kind, issue.words) for issue in scoring.issues],
        )
    return sheets


def training_words(column: ColumnSchema) -> str:
    """Say what a column held in training: its range, or its categories."""
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:.6g} to {column.maximum:.6g}"
    shown = ", ".join(text for text, _ in column.categories[:CATEGORIES_SHOWN])
    rest = column.n_distinct - CATEGORIES_SHOWN
    return f"{shown} and {rest:,} more" if rest > 0 and shown else shown


def _columns(bundle: ModelBundle, scoring: Scoring) -> pa.Table:
    schema = schema_of(bundle)
    known = {column.name: column for column in schema.columns} if schema is not None else {}
    drifts = {drift.column: drift.sentence for drift in scoring.drifts if drift.level != "same"}
    rows: list[tuple[Any, ...]] = [
        (
            column.name, column.source or "", "codes" if known[column.name].is_categorical else known[column.name].kind,
            training_words(known[column.name]), column.n_missing, *_counts(column), drifts.get(column.name, ""),
        )
        for column in scoring.contract.columns
    ]  # fmt: skip
    rows += [("", name, "", "", *[None] * 5, "not used by the model") for name in scoring.contract.extra]
    return _table(
        (
            "Column of the model", "Column of the table", "Kind", "In training", "Empty", "Read from other writing",
            "Unreadable", "Never seen", "Outside training", "Remarks",
        ),
        rows,
    )  # fmt: skip


def _counts(column: ColumnContract) -> tuple[int, ...]:
    counts = {issue.kind: issue.n for issue in column.issues}
    return tuple(counts.get(kind, 0) for kind in ("repaired", "unreadable", "unseen", "outside"))


def _card(bundle: ModelBundle, scoring: Scoring) -> pa.Table:
    lines = [("Predicts", bundle.target_column)]
    if bundle.class_names:
        lines.append(("Classes", ", ".join(map(str, bundle.class_names))))
    record = bundle.record
    if record is not None:
        metrics = record.metrics
        if metrics.get("test_metric_value") is not None:
            lines.append((f"{metrics.get('test_metric_name')} in the test", f"{metrics['test_metric_value']:.6g}"))
        lines += [("Trained", record.created_at), ("Rows of training", f"{record.n_rows:,}")]
    if scoring.truth is not None:
        lines.append(("On these rows", scoring.truth.verdict))
    lines += [("Rows", f"{scoring.contract.n_rows:,}")]
    lines += [(f"Rows with status '{status}'", f"{n:,}") for status, n in scoring.contract.statuses.items()]
    lines += [("Note", sentence) for sentence in scoring.contract.notes]
    if record is not None and record.model_card:
        lines += [("Model card", line) for line in record.model_card.splitlines() if line.strip()]
    return _table(("What", "Value"), lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    return pa.table({name: _column([row[at] for row in rows]) for at, name in enumerate(header)})


def _column(cells: list[Any]) -> pa.Array:
    is_number = all(cell is None or isinstance(cell, int) for cell in cells)
    return pa.array(cells, pa.int64() if is_number else pa.string())
