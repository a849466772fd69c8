"""Checks a `TrainingConfig` when a training starts; each refusal names the value and the remedy."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import Any

from core.errors import ConfigError
from core.types import (
    CLASSIFICATION_ONLY_MODES,
    STUDENT_MODES,
    TASKS,
    TRAINING_MODES,
    Setting,
    TrainingConfig,
    numeric_settings,
)


def checked_config(cfg: TrainingConfig) -> TrainingConfig:
    """Return a copy with plain numbers and tuples; raise ConfigError (a ValueError) as `check_config` does."""
    check_config(cfg)
    numbers: dict[str, Any] = {
        name: (int if _is_whole(name) else float)(getattr(cfg, name)) for name in numeric_settings()
    }
    columns = cfg.categorical_columns
    names = [columns] if isinstance(columns, str) else columns  # a lone text is one name, not its letters
    return replace(cfg, **numbers, categorical_columns=tuple(dict.fromkeys(names)))


def check_config(cfg: TrainingConfig) -> None:
    """Raise ConfigError (a ValueError) at the first setting that is out of bounds."""
    if not cfg.target_column:
        raise ConfigError("No target column is chosen. Choose the column to predict.")
    if cfg.training_mode not in TRAINING_MODES:
        known = ", ".join(TRAINING_MODES)
        raise ConfigError(f"Training mode {cfg.training_mode!r} is unknown. Choose one of: {known}.")
    if cfg.task not in ("auto", *TASKS):
        raise ConfigError(f"Task {cfg.task!r} is unknown. Choose auto, {' or '.join(TASKS)}.")
    for name, setting in numeric_settings().items():
        _check_number(setting, getattr(cfg, name), whole=_is_whole(name))
    _check_names(cfg)


def check_task_fits_mode(task: str, training_mode: str) -> None:
    """Raise ConfigError (a ValueError) when the mode is for classification only. Source: REQ-T05."""
    if training_mode in CLASSIFICATION_ONLY_MODES and task != "classification":
        raise ConfigError(
            f"Training mode {training_mode!r} predicts categories, but this target is a number ({task}). "
            "Choose another mode, or set the task to classification."
        )


def check_blend(temperature: float, alpha: float) -> None:
    """Raise ConfigError (a ValueError) when a distillation's loss cannot be blended so."""
    if not 0 < temperature < math.inf:
        raise ConfigError("temperature must be > 0", remedy=f"It is {temperature!r}; 2 to 5 is usual.")
    if not 0 <= alpha <= 1:
        raise ConfigError("alpha must be between 0 and 1", remedy=f"It is {alpha!r}; 0.5 weighs both alike.")


def check_student(task: str, training_mode: str, teacher_task: str) -> None:
    """Raise ConfigError (a ValueError) when a teacher of `teacher_task` cannot teach such a student."""
    if task not in ("auto", teacher_task):
        raise ConfigError(
            "Requested task does not match teacher task.",
            remedy=f"The teacher's task is {teacher_task}, {task} was asked for. Choose auto.",
        )
    if training_mode not in STUDENT_MODES:
        raise ConfigError(
            f"Training mode {training_mode!r} is none for a student, which learns from its teacher. "
            f"Choose one of: {', '.join(STUDENT_MODES)}."
        )


def _is_whole(name: str) -> bool:
    return isinstance(TrainingConfig.__dataclass_fields__[name].default, int)


def _check_names(cfg: TrainingConfig) -> None:
    columns, time_column = cfg.categorical_columns, cfg.time_column
    if not isinstance(columns, (str, list, tuple)) or not all(isinstance(name, str) for name in columns):
        raise ConfigError(f"The categorical columns are {columns!r}. Give a list of column names.")
    if time_column is not None and not isinstance(time_column, str):
        raise ConfigError(f"The time column is {time_column!r}. Give a column name, or None.")


def _check_number(setting: Setting, value: Any, *, whole: bool) -> None:
    bounds = _bounds_in_words(setting)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ConfigError(f"{setting.label} is {value!r}, which is not a number. Choose {bounds}.")
    number = float(value)
    if whole and not number.is_integer():
        raise ConfigError(f"{setting.label} is {value!r}. Choose a whole number, {bounds}.")
    below = number <= setting.minimum if setting.open_minimum else number < setting.minimum
    above = number >= setting.maximum if setting.open_maximum else number > setting.maximum
    if below or above:
        raise ConfigError(f"{setting.label} is {value!r}. Choose {bounds}.")


def _bounds_in_words(setting: Setting) -> str:
    low = f"{'above' if setting.open_minimum else 'at least'} {setting.minimum:,g}"
    high = f"{'below' if setting.open_maximum else 'at most'} {setting.maximum:,.12g}"
    return f"{low} and {high}"
