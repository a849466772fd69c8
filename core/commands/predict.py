"""`rowsmith predict`: a table in, the same table with predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.commands import options as given
from core.commands.report import carry_out, progress_bar
from core.errors import ConfigError, DataError, DiskError
from core.workspace import disk_sentence

if TYPE_CHECKING:
    from core.scoring.scorer import Scoring

SUFFIXES = (".csv", ".xlsx", ".parquet", ".tsv")


def predict(
    bundle: Annotated[Path, typer.Argument(help="The model file.", show_default=False)],
    rows: given.Table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write: .csv, .xlsx, .parquet or .tsv; beside the rows.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(help="MODEL=TABLE: a column of the model under its name in the table; may be given again."),
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
        import torch

        from core.scoring.files import score_rows
        from core.scoring.rows import rows_of_file
        from core.trainer import load_bundle

        model = load_bundle(bundle)
        if model.schema is None:
            raise DataError("This model file does not say which columns it needs, so no table can be held against it.")
        options = given.read_options(sheet, encoding, separator, decimal, thousands, header_row, None)
        with ExitStack() as stack:
            reading = replace(options, stray_rows="keep")
            source = stack.enter_context(rows_of_file(_known_file(rows), reading, scratch_in=place.parent))
            bar = stack.enter_context(progress_bar("Predicting", source.n_rows, as_json))
            scored = score_rows(
                model, source, [place], renames=_renames(rename or []), device=device,
                n_threads=torch.get_num_threads(), on_rows=lambda done: bar.move(done, ""),
            )  # fmt: skip
        scoring = scored.scoring
        return {
            "predictions": str(place),
            "rows": scored.n_rows,
            "columns": [*scored.columns, *scored.added],
            "contract": scoring.contract.as_dict(),
            "drifts": [asdict(drift) for drift in scoring.drifts if drift.level != "same"],
            "truth": None if scoring.truth is None else asdict(scoring.truth),
            "notices": [*scored.notices, *scoring.contract.notes, *_verdicts(scoring)],
        }

    carry_out(work, _lines, as_json)


def _known_file(rows: Path) -> Path:
    if not rows.is_file():
        raise FileNotFoundError(f"There is no file '{rows}'.")
    return rows


def _renames(given_renames: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given_renames]
    wrong = next((name + mark + source for name, mark, source in pairs if not (name and mark and source)), None)
    if wrong is not None:
        raise ConfigError(
            f"'{wrong}' does not name two columns. Write --rename \"column of the model=column of the table\"."
        )
    return {name: source for name, _, source in pairs}


def _verdicts(scoring: Scoring) -> list[str]:
    said = [drift.sentence for drift in scoring.drifts if drift.level != "same"]
    return said if scoring.truth is None else [scoring.truth.verdict, *said]


def _place(rows: Path, out: Path | None) -> Path:
    place = out or rows.with_name(f"{rows.stem}_predictions.csv")
    if place.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"'{place.name}' has an extension that is not written. Choose among: {', '.join(SUFFIXES)}.")
    if place.exists() and rows.exists() and place.samefile(rows):
        raise ConfigError("The predictions would overwrite the rows. Choose another file with -o.")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, place)) from error
    return place


def _lines(found: Mapping[str, Any]) -> list[str]:
    return [f"{found['rows']:,} rows predicted.", f"They are in {found['predictions']}"]
