"""Rows of the store as records, whatever else has written into them: one garbled row never hides the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

import sqlalchemy as sa

from core.runs.processes import ProcessId
from core.runs.records import STATE_WORDS, Dataset, Epoch, Roles, Run, RunKind
from core.runs.schema import Unreadable

Check = Callable[[Any], bool]

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # where the true time of a damaged record is lost
FAR_AHEAD = datetime(9000, 1, 1, tzinfo=UTC)  # beyond it, arithmetic with times fails


def run_of(row: sa.Row[Any]) -> Run:
    """Return the run in a row; what cannot be used of it is replaced, and `damage` says so."""
    values, damaged = _sound(row, _RUN_SHAPES)
    values["request"] = values["request"] or {}
    values["process"] = ProcessId(**values["process"]) if values["process"] else None
    named = ", ".join(name.replace("_", " ") for name in damaged)
    damage = f"The record of this run is damaged ({named}). It can be deleted." if damaged else ""
    return Run(**values, damage=damage)


def dataset_of(row: sa.Row[Any]) -> Dataset:
    """Return the table in a row, with something harmless for what cannot be used of it."""
    values, _ = _sound(row, _DATASET_SHAPES)
    roles = values["roles"] or {}
    lists = {name: tuple(roles.get(name, ())) for name in ("excluded", "dates", "categories")}
    roles = Roles(roles.get("target"), time=roles.get("time"), **lists)
    return Dataset(**values | {"sheets": tuple(values["sheets"] or ()), "roles": roles})


def epochs_of(rows: Iterable[sa.Row[Any]]) -> list[Epoch]:
    """Return the points of a curve, without those that are none. SQLite keeps NaN as NULL."""
    return [
        Epoch(
            row.epoch,
            row.train_loss if _is_number(row.train_loss) else math.nan,
            row.validation_loss if _is_number(row.validation_loss) else None,
            row.learning_rate if _is_number(row.learning_rate) else math.nan,
            row.seconds if _is_duration(row.seconds) else 0.0,
        )
        for row in rows
        if _is_count(row.epoch)
    ]


def _sound(row: sa.Row[Any], shapes: Mapping[str, tuple[Check, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a row, with something harmless for those that cannot be used, and the names of these."""
    values = {name: row._mapping[name] for name in shapes}
    damaged = [name for name, (is_sound, _) in shapes.items() if not is_sound(values[name])]
    return values | {name: shapes[name][1] for name in damaged}, damaged


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Unreadable)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_duration(value: Any) -> bool:
    return _is_number(value) and 0 <= value < math.inf


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None and LONG_AGO <= value < FAR_AHEAD


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("config", {}), dict)


def _is_metrics(value: Any) -> bool:
    """Return whether these are the figures of a model, with at least what a list of runs shows."""
    if not isinstance(value, dict) or value.get("task") not in ("classification", "regression"):
        return False
    return all(_is_number(value.get(name)) for name in ("test_metric_value", "test_loss", "train_loss"))


def _is_process(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {field.name for field in fields(ProcessId)}:
        return False
    return _is_count(value["pid"]) and _is_text(value["started"]) and _is_text(value["boot"])


def _is_roles(value: Any) -> bool:
    if not isinstance(value, dict) or not all(_or_none(_is_text)(value.get(name)) for name in ("target", "time")):
        return False
    return all(_is_texts(value.get(name, [])) for name in ("excluded", "dates", "categories"))


def _or_none(is_sound: Check) -> Check:
    return lambda value: value is None or is_sound(value)


def _one_of(known: Iterable[str]) -> Check:
    choices = frozenset(known)
    return lambda value: _is_text(value) and value in choices


_RUN_SHAPES: dict[str, tuple[Check, Any]] = {  # what a column should hold, and what stands for it where it does not
    "id": (_is_text, ""),
    "kind": (_one_of(get_args(RunKind)), "train"),
    "name": (_is_text, "A run without a name"),
    "state": (_one_of(STATE_WORDS), "failed"),
    "dataset_id": (_is_text, ""),
    "request": (_is_request, None),
    "created_at": (_is_moment, LONG_AGO),
    "updated_at": (_is_moment, LONG_AGO),
    "started_at": (_or_none(_is_moment), None),
    "finished_at": (_or_none(_is_moment), None),
    "epoch": (_is_count, 0),
    "epochs": (_is_count, 0),
    "message": (_is_text, ""),
    "metrics": (_or_none(_is_metrics), None),
    "results": (_or_none(_is_mapping), None),
    "stop_requested": (_is_flag, False),
    "starred": (_is_flag, False),
    "note": (_is_text, ""),
    "process": (_or_none(_is_process), None),
    "queued_at": (_or_none(_is_moment), None),
    "attempt": (_is_count, 0),
    "seconds": (_is_duration, 0.0),
    "trouble": (_is_text, ""),
    "vitals": (_or_none(_is_mapping), None),
    "baseline_loss": (_or_none(_is_number), None),
    "parent_run": (_or_none(_is_text), None),
}
_DATASET_SHAPES: dict[str, tuple[Check, Any]] = {
    "id": (_is_text, ""),
    "name": (_is_text, "A table without a name"),
    "sha256": (_is_text, ""),
    "file_name": (_is_text, ""),
    "sheet": (_or_none(_is_text), None),
    "sheets": (_is_texts, None),
    "n_rows": (_is_count, 0),
    "n_columns": (_is_count, 0),
    "created_at": (_is_moment, LONG_AGO),
    "roles": (_is_roles, None),
    "is_sample": (_is_flag, False),
}
