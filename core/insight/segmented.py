"""Where the errors are: the columns of the table along which they differ most, segment by segment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.insight.figures.segments import error_by_segment, rank_columns
from core.scoring.predict import schema_of
from core.tables.blanks import as_chosen
from core.tables.codes import coerce_features
from core.tables.dates import parse_dates
from core.types import InputSchema, ModelBundle

MOST_ROWS = 100_000
MOST_COLUMNS = 40


def segments_of(bundle: ModelBundle, rows: pd.DataFrame, losses: NDArray[np.float64]) -> tuple[dict[str, Any], ...]:
    """Return the segments of each column but the target, the most telling column first.

    `rows` are as the table has them, `losses` `(n,)` absolute errors or 1 where wrong. Of very many rows the
    first are taken, of very many columns the most telling.
    """
    if not len(rows):
        return ()
    rows, losses = rows.iloc[:MOST_ROWS].reset_index(drop=True), losses[:MOST_ROWS]
    frame = _readable(bundle, rows)
    schema = schema_of(bundle)
    codes = () if schema is None else schema.categorical_columns
    ranked = rank_columns(frame, losses, categorical=codes)[:MOST_COLUMNS]
    return tuple(
        {
            **asdict(spread),
            "segments": [
                asdict(segment)
                for segment in error_by_segment(frame[spread.column], losses, is_categorical=spread.column in codes)
            ],
        }
        for spread in ranked
    )


def _readable(bundle: ModelBundle, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as what they are, numbers, texts or dates, without the target."""
    schema = schema_of(bundle)
    named = rows.drop(columns=[bundle.target_column], errors="ignore")
    named = named.set_axis([str(column) for column in named.columns], axis=1)
    formats = {} if schema is None else {name: f for name, f in schema.date_formats.items() if name in named}
    codes = () if schema is None else [name for name in schema.categorical_columns if name in named]
    plain = coerce_features(named.drop(columns=list(formats)).assign(**_chosen(schema, named)), codes)
    dates = {name: parse_dates(named[name], date_format)[0] for name, date_format in formats.items()}
    return plain.assign(**dates)[list(named.columns)]


def _chosen(schema: InputSchema | None, rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns in which words were chosen to be missing, or to be kept."""
    known = () if schema is None else schema.columns
    return {
        column.name: as_chosen(rows[column.name], column.missing_words, column.kept_words)
        for column in known
        if (column.missing_words or column.kept_words) and column.name in rows and column.date_format is None
    }
