"""Open a workbook and choose a sheet, in the reading process only: a hostile one can end its process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import python_calamine as calamine

from core.errors import TableFileError
from core.tables.files.content import FileKind, file_kind
from core.tables.files.names import shown
from core.tables.files.ods_scan import ods_merges
from core.tables.files.sheet import NoRowsError, SheetTable, find_table
from core.tables.files.xlsx_scan import lost_cell_notices
from core.tables.options import ReadOptions


def visible_sheets(path: Path) -> list[str]:
    """Return the names of the visible worksheets, in the workbook's order."""
    return _visible(_open(path, file_kind(path)))


def open_sheet(path: Path, kind: FileKind, options: ReadOptions) -> tuple[SheetTable, list[str]]:
    """Return the table in the sheet asked for, or in the first that has one, and all visible sheets."""
    workbook, sheet_name = _open(path, kind), options.sheet
    sheets = _visible(workbook)
    if not sheets:
        raise TableFileError("The workbook has no visible worksheet. Show one in Excel and save it.")
    if sheet_name is not None and sheet_name not in sheets:
        raise TableFileError(f"There is no sheet '{sheet_name}'. The sheets are {shown_sheets(sheets)}.")
    refusal: NoRowsError | None = None
    for name in sheets if sheet_name is None else [sheet_name]:
        with _damage_told():
            sheet = workbook.get_sheet_by_name(name)
            if sheet.end is None:
                continue
            lost = lost_cell_notices(path, name)
            ranges = ods_merges(path, name) if kind == "ods" else sheet.merged_cell_ranges
            try:
                return find_table(sheet, ranges or (), options, lost, has_periods=kind == "ods"), sheets
            except NoRowsError as error:
                refusal = refusal or error
    if refusal is not None:
        raise refusal
    what = "All visible sheets are" if sheet_name is None else f"The sheet '{sheet_name}' is"
    raise TableFileError(f"{what} empty. Choose a workbook with a header and rows.")


def shown_sheets(sheets: Sequence[str]) -> str:
    """Return the names of sheets in words."""
    return shown([f"'{name}'" for name in sheets])


def _open(path: Path, kind: FileKind) -> calamine.CalamineWorkbook:
    """Open the workbook under a name that tells its kind: its own name may lie."""
    with _damage_told(), TemporaryDirectory() as folder:
        link = Path(folder) / f"workbook.{kind}"
        link.symlink_to(path.resolve())
        return calamine.load_workbook(str(link))


@contextmanager
def _damage_told() -> Iterator[None]:
    """Say in a sentence what the parser of workbooks does not read."""
    try:
        yield
    except calamine.PasswordError:
        raise TableFileError("The workbook is password-protected. Save it without a password.") from None
    except calamine.CalamineError:
        raise TableFileError("The workbook is damaged. Open it in Excel and save it again.") from None


def _visible(workbook: calamine.CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]
