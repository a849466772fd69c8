"""Reads the columns of a table for prediction as the model's own were read, and says which cells do not fit.

A number may be written as people write it (12 kg, € 1.234,50): it is read all the same, and that is said. What
the model cannot use is missing to it: a text where a number should be, a date that is none, a category that
training never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from core.tables.blanks import as_chosen
from core.tables.cell import coerce_value, is_missing_text
from core.tables.codes import code_text
from core.tables.coerce import coerce_column
from core.tables.dates import parse_dates
from core.tables.distinct import distinct_cells
from core.tables.numbers import PLAIN, Marks, read_quantity
from core.types import ColumnSchema, DateFormat

IssueKind = Literal["repaired", "unreadable", "unseen", "outside", "lacking"]
ISSUE_KINDS: tuple[str, ...] = get_args(IssueKind)
MARKS = (PLAIN, Marks(",", "."), Marks(".", ","), Marks(",", " "), Marks(".", "'"))
MAX_CELL_CHARS = 60  # of a cell in a note

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Issue:
    """Cells of one column that are not as in training: `words[codes[i]]` says it of the row `rows[i]`.

    `cells[codes[i]]` is the cell itself, as a text.
    """

    kind: IssueKind
    rows: Rows
    codes: Rows
    words: pa.Array
    cells: pa.Array


@dataclass(frozen=True)
class ReadColumn:
    """A column as the encoder takes it (`core.encoding`), with the cells that do not fit.

    `values` are numbers, dates, or a categorical of texts and numbers; `has_value` tells which cells the model
    can use.
    """

    values: pd.Series
    has_value: NDArray[np.bool_]
    issues: tuple[Issue, ...] = ()


def read_column(column: ColumnSchema, values: pd.Series, knows: Container[str] | None = None) -> ReadColumn:
    """Return the cells of a column as the model's `column` is read.

    `knows` are the texts that the model tells apart; without it, those that the schema lists.
    """
    values = as_chosen(values.reset_index(drop=True), column.missing_words, column.kept_words)
    if column.date_format is not None:
        return _read_dates(column, column.date_format, values)
    if column.kind == "empty":  # the network could learn nothing of it
        return ReadColumn(pd.Series(np.full(len(values), np.nan)), np.zeros(len(values), dtype=bool))
    if column.is_categorical:
        return _read_texts(column, values, code_text, knows)
    if column.kind == "number":
        return _read_numbers(column, values)
    return _read_texts(column, values, coerce_value, knows)


def _read_dates(column: ColumnSchema, date_format: DateFormat, values: pd.Series) -> ReadColumn:
    dates, n_unreadable = parse_dates(values, date_format)
    is_date = dates.notna().to_numpy()
    issues = []
    if n_unreadable:
        distinct = distinct_cells(values)
        is_none = np.zeros(len(distinct.cells), dtype=bool)
        is_none[distinct.codes[~is_date]] = True
        is_none &= np.array([not _is_blank(cell) for cell in distinct.cells], dtype=bool)
        issues += _of_cells(column, "unreadable", distinct.cells, distinct.codes, is_none, "is no readable date")
    return ReadColumn(dates, is_date, (*issues, *_lacking(column, is_date, issues)))


def _read_numbers(column: ColumnSchema, values: pd.Series) -> ReadColumn:
    numbers = _plain_numbers(values)
    issues: list[Issue] = []
    if numbers is None:
        distinct = distinct_cells(values)
        read = [_read_number(cell, column) for cell in distinct.cells]
        lookup = np.array([number for number, _ in read], dtype=np.float64)
        numbers = lookup[distinct.codes]
        kinds = np.array([kind for _, kind in read], dtype=object)
        issues += _of_cells(
            column, "repaired", distinct.cells, distinct.codes, kinds == "repaired",
            lambda i: f"is read as {lookup[i]:.15g}",
        )  # fmt: skip
        issues += _of_cells(column, "unreadable", distinct.cells, distinct.codes, kinds == "unreadable", "is no number")
    is_number = np.isfinite(numbers)
    return ReadColumn(
        pd.Series(numbers), is_number, (*issues, *_outside(column, numbers), *_lacking(column, is_number, issues))
    )


def _read_texts(
    column: ColumnSchema, values: pd.Series, read: Callable[[Any], Any], knows: Container[str] | None
) -> ReadColumn:
    distinct = distinct_cells(values)
    meanings = [_meaning(read(cell)) for cell in distinct.cells]
    levels: dict[Any, int] = {}
    of_cell = np.array(
        [-1 if meaning is None else levels.setdefault(meaning, len(levels)) for meaning in meanings], dtype=np.intp
    )
    codes = of_cell[distinct.codes]
    categories = pd.Index(list(levels), dtype=object)
    is_usable = np.array([column.kind != "text" or isinstance(level, str) for level in [*levels, ""]], dtype=bool)
    series = pd.Series(pd.Categorical.from_codes(np.where(is_usable[codes], codes, -1), categories))
    is_known = _known(column, list(levels), knows)
    has_value = is_known[codes] & (codes >= 0) if levels else np.zeros(len(codes), dtype=bool)
    issues = _of_cells(column, "unseen", list(levels), codes, ~is_known, "was never seen in training")
    return ReadColumn(series, has_value, (*issues, *_lacking(column, codes >= 0, issues)))


def _known(column: ColumnSchema, levels: list[Any], knows: Container[str] | None) -> NDArray[np.bool_]:
    """Return of each text or number whether the model can tell it from others."""
    if knows is None and column.categories_cut:
        return np.ones(len(levels), dtype=bool)
    known: Container[str] = {text for text, _ in column.categories} if knows is None else knows
    is_mixed = column.kind == "mixed"
    return np.array([level in known if isinstance(level, str) else is_mixed for level in levels], dtype=bool)


def _meaning(meaning: Any) -> Any:
    """Return a text or a finite number, None for a missing cell."""
    if isinstance(meaning, str):
        return meaning
    number = float(meaning)
    return number if np.isfinite(number) else None


def _plain_numbers(values: pd.Series) -> NDArray[np.float64] | None:
    """Return a column that holds only numbers and nothing, all at once; None for any other."""
    if is_numeric_dtype(values.dtype) or is_bool_dtype(values.dtype):
        return coerce_column(values).values.to_numpy(np.float64)
    if not isinstance(values.dtype, pd.StringDtype):
        return None
    texts = pc.utf8_trim_whitespace(pa.array(values, pa.string(), from_pandas=True))
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    try:
        floats = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)


def _read_number(cell: Any, column: ColumnSchema) -> tuple[float, str]:
    meaning = coerce_value(cell)
    if not isinstance(meaning, str):
        return float(meaning), ""
    readings = [found.value for marks in MARKS if (found := read_quantity(meaning, marks)) is not None]
    likely = {value for value in readings if _is_within(column, value)} or set(readings)
    return (likely.pop(), "repaired") if len(likely) == 1 else (float("nan"), "unreadable")


def _is_within(column: ColumnSchema, number: float) -> bool:
    return column.minimum is not None and column.maximum is not None and column.minimum <= number <= column.maximum


def _outside(column: ColumnSchema, numbers: NDArray[np.float64]) -> tuple[Issue, ...]:
    if column.minimum is None or column.maximum is None:
        return ()
    with np.errstate(invalid="ignore"):
        is_outside = ((numbers < column.minimum) | (numbers > column.maximum)) & np.isfinite(numbers)
    rows = np.flatnonzero(is_outside)
    if not len(rows):
        return ()
    cells = number_texts(numbers[rows])
    training = f" is outside the {column.minimum:.6g} to {column.maximum:.6g} of training"
    words = pc.binary_join_element_wise(pa.scalar(f"{_named(column)} "), cells, pa.scalar(training), pa.scalar(""))
    return (Issue("outside", rows, np.arange(len(rows)), words, cells),)


def number_texts(numbers: NDArray[np.float64]) -> pa.Array:
    """Return numbers as people write them: whole ones without a point."""
    texts = pa.array(numbers).cast(pa.string())
    return pc.replace_substring_regex(texts, r"\.0$", "")


def _lacking(column: ColumnSchema, has_value: NDArray[np.bool_], issues: list[Issue]) -> tuple[Issue, ...]:
    """Return the cells that are empty although none was in training."""
    if column.n_missing or has_value.all():
        return ()
    is_empty = ~has_value
    for issue in issues:
        is_empty[issue.rows] = False
    rows = np.flatnonzero(is_empty)
    if not len(rows):
        return ()
    words = pa.array([f"{_named(column)} empty, as it never was in training"])
    return (Issue("lacking", rows, np.zeros(len(rows), dtype=np.intp), words, pa.array([""])),)


def _of_cells(
    column: ColumnSchema,
    kind: IssueKind,
    cells: list[Any],
    codes: Rows,
    is_one: NDArray[np.bool_],
    words: str | Callable[[int], str],
) -> list[Issue]:
    """Return the issue that the distinct `cells` have where `is_one`; none where no row has it."""
    if not is_one.any():
        return []
    at = np.flatnonzero(is_one)
    place = np.full(len(cells), -1, dtype=np.intp)
    place[at] = np.arange(len(at))
    of_row = np.where(codes >= 0, place[codes], -1)
    rows = np.flatnonzero(of_row >= 0)
    texts = [_shown(cells[i]) for i in at.tolist()]
    said = [words if isinstance(words, str) else words(i) for i in at.tolist()]
    notes = [f"{_named(column)} '{text}' {word}" for text, word in zip(texts, said, strict=True)]
    return [Issue(kind, rows, of_row[rows], pa.array(notes, pa.string()), pa.array(texts, pa.string()))]


def _named(column: ColumnSchema) -> str:
    return f"{column.name}:"


def _shown(cell: Any) -> str:
    text = cell if isinstance(cell, str) else _number_or_text(cell)
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def _number_or_text(cell: Any) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _is_blank(cell: Any) -> bool:
    if isinstance(cell, str):
        return is_missing_text(cell)
    meaning = coerce_value(cell)
    return not isinstance(meaning, (str, bool)) and bool(np.isnan(meaning))
