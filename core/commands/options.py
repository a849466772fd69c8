"""The options that commands share: how the table is read, and what its columns are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.tables.options import ReadOptions

Table = Annotated[Path, typer.Argument(help="A CSV, TSV, Excel, ODS or Parquet file.", show_default=False)]
Target = Annotated[str, typer.Option(help="The column to predict.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder for the model and its figures.")]
Exclude = Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")]
Dates = Annotated[list[str] | None, typer.Option("--date", help="A date column; may be given again.")]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="A column of numbers that are codes; may be given again.")
]
Time = Annotated[str | None, typer.Option("--time-column", help="Test on the latest rows by this column.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; the GPU where there is one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]
Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook; the first with cells.")]
Encoding = Annotated[str | None, typer.Option(help="How the text is encoded, such as cp1252; found out.")]
Separator = Annotated[str | None, typer.Option(help="What separates cells; found out.")]
Decimal = Annotated[str | None, typer.Option(help="The decimal mark, a point or a comma; found out.")]
Thousands = Annotated[str | None, typer.Option(help="The mark between thousands; found out.")]
HeaderRow = Annotated[int | None, typer.Option(help="The row with the names, 0 for none; found out.")]
Missing = Annotated[list[str] | None, typer.Option(help="A word that counts as missing; may be given again.")]
Keep = Annotated[
    list[str] | None, typer.Option(help="A word such as NA or none that is a value, not missing; may be given again.")
]


def read_options(
    sheet: str | None,
    encoding: str | None,
    separator: str | None,
    decimal: str | None,
    thousands: str | None,
    header_row: int | None,
    missing: list[str] | None,
    keep: list[str] | None = None,
) -> ReadOptions:
    """Return the choices about reading. Raises ConfigError for one that is none."""
    separator = "\t" if separator in ("\\t", "tab") else separator
    return ReadOptions(
        sheet=sheet,
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        header_row=header_row,
        missing_words=tuple(missing or ()),
        kept_words=tuple(keep or ()),
    ).checked()
