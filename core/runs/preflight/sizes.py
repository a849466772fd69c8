"""How large a training is, known from how its table was read: rows, columns, outputs and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.config import checked_config
from core.networks.shape import FAMILIES, MOST_FLAGS, MOST_TARGETS, FrontShape
from core.runs.datasets import read_report, table_path
from core.runs.preflight.widths import EncodedColumn, encoded_columns
from core.runs.records import Dataset, Roles
from core.settled import MOST_BINS, layers_of_realmlp, members_and_embedding, settled
from core.tables.infer import task_of_column
from core.tables.read import LARGE_BYTES, LARGE_CELLS
from core.tables.report import ColumnProfile, ReadReport
from core.types import ADDED_MODES, TIMED_MODE, TrainingConfig
from core.waves import waves_of
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
        return round((self.n_usable - self.n_test) * self.settled.validation_size)

    @property
    def n_fitted(self) -> int:
        """Return the rows that the network learns from."""
        return self.n_usable - self.n_test - self.n_validation

    @property
    def steps(self) -> int:
        """Return the steps of an epoch."""
        return -(-self.n_fitted // self.settled.batch_size)

    @property
    def is_added(self) -> bool:
        """Return whether the mode has inputs of its own, and decides some settings itself."""
        return self.cfg.training_mode in ADDED_MODES

    @property
    def is_timed(self) -> bool:
        """Return whether the training lasts a given time, and trains networks of several kinds in it."""
        return self.cfg.training_mode == TIMED_MODE

    @property
    def layers(self) -> tuple[int, int]:
        """Return the width and the number of the hidden layers that a row goes through one after the other."""
        width, depth = self.cfg.hidden_dim, max(1, self.cfg.num_hidden_layers)
        return layers_of_realmlp(width, depth) if self.cfg.training_mode == "realmlp" else (width, depth)

    @property
    def settled(self) -> TrainingConfig:
        """Return the settings as the mode reads them."""
        return settled(self.cfg, self.n_usable - self.n_test) if self.is_added else self.cfg

    @property
    def may_end_early(self) -> bool:
        """Return whether the training can end before its last epoch, because it does not get better."""
        cfg = self.settled
        if cfg.training_mode in FAMILIES:
            return waves_of(cfg.training_mode, cfg.epochs).count > 1
        return cfg.validation_size > 0 and 0 < cfg.early_stopping_patience < cfg.epochs

    @property
    def front(self) -> FrontShape:
        """Return about what an added mode makes of an encoded row."""
        texts = [column for column in self.columns if column.levels]
        others = [column for column in self.columns if not column.levels]
        many = tuple(n for column in texts if (n := column.width - column.has_others) > MOST_FLAGS)
        few = sum(n for column in texts if (n := column.width - column.has_others) <= MOST_FLAGS)
        targets = 1 if self.task == "regression" or self.n_outputs <= 2 else min(self.n_outputs, MOST_TARGETS)
        return FrontShape(
            numbers=sum(column.width - column.flags for column in others),
            gaps=sum(column.width for column in others if column.has_gaps),
            flags=few + sum(column.flags for column in others),
            codes=sum(column.codes for column in others),
            levels=many,
            encodings=targets + 1,
            values=tuple(column.values for column in others if column.values),
        )

    def in_mode(self, mode: str) -> TrainingSize:
        """Return the size of the same training in another mode."""
        return replace(self, cfg=replace(self.cfg, training_mode=mode))


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


def n_parameters(size: TrainingSize, *, on_gpu: bool = False) -> int:
    """Return how many weights the network has, as `core.models` builds it; in an added mode about as many.

    Of a blend these are the weights of its largest kind of network.
    """
    if size.is_timed:
        return max(n_parameters(size.in_mode(family), on_gpu=on_gpu) for family in FAMILIES)
    (hidden, layers), width, outputs, mode = size.layers, size.width, size.n_outputs, size.cfg.training_mode
    if mode == "linear_glm_baseline":
        return (width + 1) * outputs
    if mode == "realmlp":
        return _realmlp_parameters(size)
    if size.is_added:
        k, d_embedding = members_and_embedding(size.front.n_numbers, on_gpu=on_gpu)
        inputs = first_inputs(size, on_gpu=on_gpu)
        embedding = size.front.n_numbers * d_embedding * (MOST_BINS + 2)
        shared = (inputs + 1) * hidden + (layers - 1) * (hidden + 1) * hidden
        return embedding + k * inputs + shared + k * (hidden + 1) * outputs
    square = hidden * hidden + 3 * hidden  # a layer with its biases, and the two of its batch norm
    inner = 2 * layers if mode == "tabresnet" else layers - 1
    return (width + 3) * hidden + inner * square + (hidden + 1) * outputs


def first_inputs(size: TrainingSize, *, on_gpu: bool = False) -> int:
    """Return how many inputs the first layer has: encoded columns, or in an added mode what its front makes of them."""
    if not size.is_added:
        return size.width
    d_embedding = 0
    if size.cfg.training_mode != "realmlp":
        _, d_embedding = members_and_embedding(size.front.n_numbers, on_gpu=on_gpu)
    return max(1, d_embedding) * size.front.n_numbers + size.front.n_binary


def _realmlp_parameters(size: TrainingSize) -> int:
    """Return the weights of a RealMLP: a factor for each input, and its layers with their activations."""
    (hidden, layers), inputs = size.layers, first_inputs(size)
    inner = (inputs + 2) * hidden + (layers - 1) * (hidden + 2) * hidden
    return inputs + inner + (hidden + 1) * size.n_outputs


def n_hidden(size: TrainingSize) -> int:
    """Return how many hidden layers a row goes through."""
    _, layers = size.layers
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
