"""How large a training is, known from how its table was read: rows, columns, outputs and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.config import checked_config
from core.runs.datasets import read_report, table_path
from core.runs.preflight.widths import EncodedColumn, encoded_columns
from core.runs.records import Dataset, Roles
from core.tables.infer import task_of_column
from core.tables.read import LARGE_BYTES, LARGE_CELLS
from core.tables.report import ColumnProfile, ReadReport
from core.types import TrainingConfig
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.runs.requests import TrainRequest

NUMBER_BYTES = 8  # a float64, or the place of a text
FLOAT32 = 4
DENSE_BYTES = 1 << 26  # as `core.rows` has it, which loads torch


@dataclass(frozen=True)
class TrainingSize:
    """What the arrays' sizes and the number of steps follow from.

    `n_usable` rows have a target; `frame_bytes` is the whole table in memory, with its texts.
    """

    cfg: TrainingConfig
    task: str
    n_rows: int
    n_usable: int
    n_outputs: int
    target_levels: int
    n_columns: int
    file_bytes: int
    frame_bytes: int
    columns: tuple[EncodedColumn, ...]

    @property
    def width(self) -> int:
        """Return the columns of the encoded table."""
        return sum(column.width for column in self.columns)

    @property
    def stored_bytes(self) -> int:
        """Return what the encoded rows take where each text is kept as one code."""
        return FLOAT32 * self.n_usable * sum(column.n_stored for column in self.columns)

    @property
    def is_sparse(self) -> bool:
        """Return whether the rows stay so, because a tensor would be large."""
        return FLOAT32 * self.n_usable * self.width > DENSE_BYTES

    @property
    def is_streamed(self) -> bool:
        """Return whether the table is never in memory as a whole."""
        return self.file_bytes >= LARGE_BYTES or self.n_rows * self.n_columns >= LARGE_CELLS

    @property
    def n_test(self) -> int:
        """Return the rows that score the finished model."""
        return round(self.n_usable * self.cfg.test_size)

    @property
    def n_validation(self) -> int:
        """Return the rows that judge each epoch."""
        return round((self.n_usable - self.n_test) * self.cfg.validation_size)

    @property
    def n_fitted(self) -> int:
        """Return the rows that the network learns from."""
        return self.n_usable - self.n_test - self.n_validation

    @property
    def steps(self) -> int:
        """Return the steps of an epoch."""
        return -(-self.n_fitted // self.cfg.batch_size)


def training_size(
    workspace: Workspace, dataset: Dataset, request: TrainRequest, task: str | None = None
) -> TrainingSize:
    """Return the size of a training; `task` is what an automatic one comes to, if the caller knows.

    Raises ConfigError for settings out of bounds, and RunError where the table is gone.
    """
    report, table = read_report(workspace, dataset), table_path(workspace, dataset)
    cfg = config_of(request.config)
    roles = Roles(cfg.target_column, request.excluded, request.dates)
    target = next((column for column in report.columns if column.name == cfg.target_column), None)
    task = task or _task(target, cfg, report.n_rows)
    n_missing, levels = (target.n_missing, target.n_distinct) if target else (0, 1)
    return TrainingSize(
        cfg=cfg,
        task=task,
        n_rows=report.n_rows,
        n_usable=max(1, report.n_rows - n_missing),
        n_outputs=1 if task == "regression" else max(1, levels),
        target_levels=levels,
        n_columns=report.n_columns,
        file_bytes=table.stat().st_size,
        frame_bytes=_frame_bytes(report),
        columns=encoded_columns(report, table, roles, cfg.test_size, cfg.categorical_columns),
    )


def config_of(values: Mapping[str, Any]) -> TrainingConfig:
    """Return the settings of a request, checked. Raises ConfigError."""
    return checked_config(TrainingConfig(**{"target_column": "", **values}))


def n_parameters(size: TrainingSize) -> int:
    """Return how many weights the network has, as `core.models` builds it."""
    width, hidden, outputs = size.width, size.cfg.hidden_dim, size.n_outputs
    mode, layers = size.cfg.training_mode, max(1, size.cfg.num_hidden_layers)
    if mode == "linear_glm_baseline":
        return (width + 1) * outputs
    square = hidden * hidden + 3 * hidden  # a layer with its biases, and the two of its batch norm
    inner = 2 * layers if mode == "tabresnet" else layers - 1
    return (width + 3) * hidden + inner * square + (hidden + 1) * outputs


def n_hidden(size: TrainingSize) -> int:
    """Return how many hidden layers a row goes through."""
    layers = max(1, size.cfg.num_hidden_layers)
    return {"linear_glm_baseline": 0, "tabresnet": 1 + 2 * layers}.get(size.cfg.training_mode, layers)


def _task(target: ColumnProfile | None, cfg: TrainingConfig, n_rows: int) -> str:
    """Return the task as `core.tables.infer` would decide it, as far as the report tells."""
    if cfg.task != "auto":
        return cfg.task
    return task_of_column(target, n_rows) if target is not None and target.n_missing < n_rows else "classification"


def _frame_bytes(report: ReadReport) -> int:
    return sum(report.n_rows * (NUMBER_BYTES + _letters(column)) for column in report.columns)


def _letters(column: ColumnProfile) -> int:
    """Return about how long the texts of a column are, by those that the report shows."""
    if column.kind in ("number", "date", "empty") or not column.examples:
        return 0
    return round(sum(len(text.encode()) for text in column.examples) / len(column.examples))
