"""Scores a whole table: the user's own columns, untouched and in order, then the model's."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch

from core.scoring.predict import decode_outputs, predict_outputs, probabilities_of
from core.types import ModelBundle

ROWS_PER_CHUNK = 20_000

OnRows = Callable[[int], object]


def score_frame(
    bundle: ModelBundle,
    frame: pd.DataFrame,
    device: str | torch.device | None = None,
    *,
    on_rows: OnRows | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """Return `frame` with `<target>_prediction`, and for classes one `<target>_probability_<class>` each.

    Rows out = rows in, in their order, unless `should_stop` ends it early: then the rows scored so
    far. `on_rows` gets the number of rows done after each chunk.
    """
    parts: list[pd.DataFrame] = []
    for start in range(0, len(frame), ROWS_PER_CHUNK):
        if should_stop is not None and should_stop():
            break
        parts.append(_predictions(bundle, frame.iloc[start : start + ROWS_PER_CHUNK], device))
        if on_rows is not None:
            on_rows(min(start + ROWS_PER_CHUNK, len(frame)))
    added = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=added_columns(bundle))
    kept = frame.iloc[: len(added)].reset_index(drop=True)
    return pd.concat([kept, added.set_axis(_unused(list(added.columns), list(frame.columns)), axis=1)], axis=1)


def added_columns(bundle: ModelBundle) -> list[str]:
    """Return the names of the columns that scoring adds."""
    target = bundle.target_column
    classes = (bundle.class_names or []) if bundle.task == "classification" else []
    return [f"{target}_prediction", *(f"{target}_probability_{label}" for label in classes)]


def _predictions(bundle: ModelBundle, frame: pd.DataFrame, device: str | torch.device | None) -> pd.DataFrame:
    outputs = predict_outputs(bundle, frame, device)
    columns = added_columns(bundle)
    added = pd.DataFrame({columns[0]: decode_outputs(bundle, outputs)})
    if len(columns) > 1:
        probabilities = pd.DataFrame(probabilities_of(outputs), columns=columns[1:])
        added = pd.concat([added, probabilities], axis=1)
    return added


def _unused(wanted: list[str], taken: list[str]) -> list[str]:
    """Return `wanted` with a number behind each name that the table already has."""
    used = set(taken)
    result = []
    for name in wanted:
        candidate, number = name, 2
        while candidate in used:
            candidate, number = f"{name}.{number}", number + 1
        used.add(candidate)
        result.append(candidate)
    return result
