"""What will become of every row and column of a table, told before the training."""

from __future__ import annotations

from core.receipt import ColumnFate, Receipt, fate_of, fates_of_rows
from core.runs.preflight.sizes import TrainingSize
from core.runs.records import Roles
from core.tables.report import ReadReport
from core.types import ColumnRole


def expected_receipt(report: ReadReport, roles: Roles, size: TrainingSize) -> Receipt:
    """Return the receipt that a training of `size` will give; inputs are estimates where texts are rare."""
    widths = {column.name: column.width for column in size.columns}
    rows = fates_of_rows(report.n_left_out, size.n_rows - size.n_usable, size.n_fitted, size.n_validation, size.n_test)
    columns = tuple(
        ColumnFate(
            column.name,
            fate_of(_role(column.name, roles), column.kind, column.name in roles.categories),
            widths.get(column.name, 0),
            column.n_missing,
        )
        for column in report.columns
    )
    return Receipt(report.n_rows + report.n_left_out, rows, columns, report.notices)


def _role(name: str, roles: Roles) -> ColumnRole:
    if name == roles.target:
        return "target"
    if name in roles.excluded:
        return "excluded"
    return "date" if name in roles.dates else "feature"
