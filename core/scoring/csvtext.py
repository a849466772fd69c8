"""Rows of a table as lines of text: what stands between the cells, which are quoted, and none that could act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ConfigError
from core.scoring.celltext import (
    TEXT,
    byte_set,
    content,
    glue,
    glue_rows,
    inert_texts,
    plain,
    spelled,
    text_scalar,
    texts_of,
)

SEPARATORS = (",", ";", "\t", "|")
DECIMAL_MARKS = (".", ",")


@dataclass(frozen=True)
class CsvStyle:
    """How a text file is written. Raises ConfigError for a mark that no spreadsheet reads."""

    separator: str = ","
    decimal: str = "."  # of the numbers that are added; the texts of the user's own file stay as they are
    bom: bool = True

    def __post_init__(self) -> None:
        if self.separator not in SEPARATORS:
            raise ConfigError(f"Cells cannot be separated by {self.separator!r}. Choose a comma, semicolon, tab or |.")
        if self.decimal not in DECIMAL_MARKS:
            raise ConfigError(f"{self.decimal!r} is no decimal mark. Choose a point or a comma.")


def header_line(names: Sequence[str], style: CsvStyle, *, flat: bool = False) -> pa.Buffer:
    """Return the line of the column names, inert and quoted as texts are."""
    return _lines([_text_cells(pa.array([name], TEXT), style, flat) for name in names], style)


def lines(batch: pa.RecordBatch, style: CsvStyle, timed: Sequence[bool], *, flat: bool = False) -> pa.Buffer:
    """Return the rows as lines of UTF-8; `timed` says of each column whether moments have their time of day.

    `flat` makes one blank of the tabs and line ends within a cell.
    """
    cells = [_cells(plain(column), style, with_time, flat) for column, with_time in zip(batch, timed, strict=True)]
    return _lines(cells, style)


def _lines(cells: list[pa.Array], style: CsvStyle) -> pa.Buffer:
    if len(cells) == 1:
        cells = [_never_blank(cells[0])]
    *others, last = cells
    return content(glue_rows([*others, glue_rows([last, "\n"])], style.separator))


def _never_blank(texts: pa.Array) -> pa.Array:
    """Return the cells of an only column: readers drop blank lines."""
    texts = texts.fill_null("")
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), text_scalar('""'), texts)


def _cells(column: pa.Array, style: CsvStyle, with_time: bool, flat: bool) -> pa.Array:
    kind = column.type
    texts = texts_of(column, with_time=with_time)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return texts
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        texts = texts if style.decimal == "." else pc.replace_substring(texts, ".", style.decimal)
        return texts if style.decimal != style.separator else _quoted(texts, style)
    return _text_cells(texts, style, flat)


def _text_cells(texts: pa.Array, style: CsvStyle, flat: bool) -> pa.Array:
    texts = inert_texts(texts)
    return _quoted(pc.replace_substring_regex(texts, r"[\t\r\n]+", " ") if flat else texts, style)


def _quoted(texts: pa.Array, style: CsvStyle) -> pa.Array:
    """Return the cells that a reader would split within quotation marks."""
    cells = spelled(texts)
    data, splitting = content(texts).to_pybytes(), f'"\r\n{style.separator}'
    if not any(character in data for character in splitting.encode()):
        return texts
    mask = pa.array(cells.counts(byte_set(splitting)) > 0)
    chosen = texts.filter(mask)
    doubled = pc.replace_substring(chosen, '"', '""') if ord('"') in data else chosen
    return pc.replace_with_mask(texts, mask, glue('"', doubled, '"'))
