"""The widgets of the settings. Bounds and help come from `core.types`; start values are the app's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

import streamlit as st

from core.modes import mode_words
from core.runs.preflight.sizes import TrainingSize
from core.settled import USUAL_BATCH, VALIDATION_SHARE
from core.types import RECOMMENDED, TrainingConfig, numeric_settings
from core.waves import LEAST_GAIN, LEAST_GAIN_OF_LONG, LONG_WAVE, waves_of
from pages.shared.text import plural

NETWORK_SETTINGS = ("hidden_dim", "num_hidden_layers", "dropout")
FINE_STEPS = {"learning_rate": "%.5f", "dropout": "%.2f", "test_size": "%.2f", "validation_size": "%.2f"}


def number_settings(
    key: str, names: tuple[str, ...], starts: dict[str, Any], n_columns: int = 3, *, closed: Collection[str] = ()
) -> dict[str, Any]:
    """Draw one number field for each of `names`; return their values. What is typed stays for the session.

    Those that are `closed` cannot be changed now.
    """
    columns = st.columns(n_columns)
    return {
        name: _number_setting(
            columns[index % n_columns], key, name, starts.get(name, default_of(name)), is_closed=name in closed
        )
        for index, name in enumerate(names)
    }


def own_way_words(size: TrainingSize) -> str:
    """Say in one line what an added mode makes of the settings."""
    cfg = size.settled
    if size.is_timed:
        return _blend_words(cfg)
    title, batch, share = mode_words(cfg.training_mode).title, plural(cfg.batch_size, "row"), 100 * VALIDATION_SHARE
    has_long = waves_of(cfg.training_mode, cfg.epochs).count > LONG_WAVE
    long = f" (from wave {LONG_WAVE} on, {100 * LEAST_GAIN_OF_LONG:.0f} %)" if has_long else ""
    return (
        f"{title} reads some of these in its own way: learning rate and batch size as multiples of its own (with 0.001 "
        f"and {USUAL_BATCH} as they are: here {batch} a batch), a validation share of 0 as {share:.0f} %. "
        "Its rate rises and falls in waves, each twice as long as the one before: training ends with a wave that has "
        f"brought less than {100 * LEAST_GAIN:.0f} %{long}, and the best epoch is kept."
    )


def _blend_words(cfg: TrainingConfig) -> str:
    return (
        f"{mode_words(cfg.training_mode).title} decides by its time how many networks it trains and for how many "
        "epochs; which rows each learns from; and how much each counts in the answer. Ranges and probabilities come "
        "from what networks say of training rows that they have not learned from. Learning rate and "
        f"batch size are multiples of each network's own, with 0.001 and {USUAL_BATCH} as they are."
    )


def default_of(name: str) -> Any:
    """Return the start value of a setting: the app's recommendation, else the contract's default."""
    if name in RECOMMENDED:
        return RECOMMENDED[name]
    return next(entry.default for entry in fields(TrainingConfig) if entry.name == name)


def _number_setting(column: Any, key: str, name: str, start: Any, *, is_closed: bool) -> Any:
    setting = numeric_settings()[name]
    kind = int if isinstance(default_of(name), int) else float
    return column.number_input(
        setting.label,
        min_value=kind(setting.minimum),
        max_value=kind(setting.maximum),
        value=kind(start),
        step=kind(setting.step),
        format=FINE_STEPS.get(name, "%d"),
        help=setting.help,
        key=f"{key}_{name}",
        persist_state="session",
        disabled=is_closed,
    )
