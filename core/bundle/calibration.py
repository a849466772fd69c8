"""The calibration as plain values, and back."""

from __future__ import annotations

from typing import Any

from core.bundle.fields import Fields
from core.bundle.flaw import FlawError, shown
from core.calibration import Calibration, flaw_of

MAX_LEVELS = 100
_ENTRIES = ("temperature", "threshold", "level", "levels", "margins", "n_rows")
_WHERE = "the calibration in its manifest.json"


def calibration_to_json(calibration: Calibration) -> dict[str, Any]:
    """Return plain values for the manifest."""
    return {
        "temperature": float(calibration.temperature),
        "threshold": None if calibration.threshold is None else float(calibration.threshold),
        "level": None if calibration.level is None else float(calibration.level),
        "levels": [float(level) for level, _ in calibration.margins],
        "margins": [float(margin) for _, margin in calibration.margins],
        "n_rows": int(calibration.n_rows),
    }


def calibration_from_json(value: object) -> Calibration:
    """Return the calibration, or raise FlawError where an entry is not as it must be."""
    fields = Fields(value, _WHERE, _ENTRIES)
    levels, margins = _numbers(fields, "levels"), _numbers(fields, "margins")
    if len(levels) != len(margins):
        raise FlawError(f"{fields.where('levels')} are {len(levels):,} with {len(margins):,} margins")
    calibration = Calibration(
        temperature=fields.number("temperature"),
        threshold=fields.number_or_none("threshold"),
        level=fields.number_or_none("level"),
        margins=tuple(zip(levels, margins, strict=True)),
        n_rows=fields.whole("n_rows"),
    )
    flaw = flaw_of(calibration)
    if flaw is not None:
        raise FlawError(f"in {_WHERE}, {flaw}")
    return calibration


def _numbers(fields: Fields, name: str) -> list[float]:
    values = fields.items(name)
    if len(values) > MAX_LEVELS or not all(type(value) in (int, float) for value in values):
        raise FlawError(f"{fields.where(name)} is {shown(values)}, not a list of at most {MAX_LEVELS} numbers")
    return [float(value) for value in values]
