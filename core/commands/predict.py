"""`rowsmith predict`: a table in, the same table with predictions out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.commands import options as given
from core.commands.report import carry_out, progress_bar
from core.errors import ConfigError, DiskError
from core.workspace import disk_sentence

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".xlsx", ".parquet", ".tsv")


def predict(
    bundle: Annotated[Path, typer.Argument(help="The model file.", show_default=False)],
    rows: given.Table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write: .csv, .xlsx, .parquet or .tsv; beside the rows.")
    ] = None,
    device: given.Device = None,
    sheet: given.Sheet = None,
    encoding: given.Encoding = None,
    separator: given.Separator = None,
    decimal: given.Decimal = None,
    thousands: given.Thousands = None,
    header_row: given.HeaderRow = None,
    as_json: given.AsJson = False,
) -> None:
    """Predict for every row of a table: its own columns come back in order, then the predictions."""

    def work() -> Mapping[str, Any]:
        place = _place(rows, out)
        from core.scoring.cells import cell_notes
        from core.scoring.contract import match_columns
        from core.scoring.files import score_frame
        from core.tables.read import READING, load_tabular_file
        from core.trainer import load_bundle

        model = load_bundle(bundle)
        reading = given.read_options(sheet, encoding, separator, decimal, thousands, header_row, None)
        frame = load_tabular_file(rows, options=reading)
        notes = list(frame.attrs.get(READING, {}).get("changes", []))
        if model.schema is not None:
            notes += [*match_columns(model.schema, list(frame.columns)).notes, *cell_notes(model.schema, frame)]
        with progress_bar("Predicting", len(frame), as_json) as move:
            scored = score_frame(model, frame, device, on_rows=lambda done: move(done, ""))
        _write(scored, place)
        return {
            "predictions": str(place),
            "rows": len(scored),
            "columns": list(map(str, scored.columns)),
            "notices": notes,
        }

    carry_out(work, _lines, as_json)


def _place(rows: Path, out: Path | None) -> Path:
    place = out or rows.with_name(f"{rows.stem}_predictions.csv")
    if place.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"'{place.name}' has an extension that is not written. Choose among: {', '.join(SUFFIXES)}.")
    if place.exists() and rows.exists() and place.samefile(rows):
        raise ConfigError("The predictions would overwrite the rows. Choose another file with -o.")
    return place


def _write(scored: pd.DataFrame, place: Path) -> None:
    from core.scoring.write import to_tsv, write_csv, write_xlsx
    from core.workspace import write_atomically

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, place)) from error
    match place.suffix.lower():
        case ".xlsx":
            write_xlsx({"Predictions": scored}, place)
        case ".parquet":
            write_atomically(place, lambda temporary: scored.to_parquet(temporary, index=False))
        case ".tsv":
            write_atomically(place, to_tsv(scored).encode())
        case _:
            write_csv(scored, place)


def _lines(found: Mapping[str, Any]) -> list[str]:
    return [f"{found['rows']:,} rows predicted.", f"They are in {found['predictions']}"]
