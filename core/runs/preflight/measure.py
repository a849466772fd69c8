"""Time the parts of a training on this machine.

A sample of the rows goes through a whole training of a tiny network, which shows what comes before and
after the epochs. The steps of each mode are timed on random rows, as wide as the whole table is encoded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn

from core.added.inputs import fit_front, share_of_codes
from core.added.trainees import trainee_for
from core.columns import feature_frame
from core.data import prepare_tensors
from core.encoder import Encoder
from core.epoch import EpochReport
from core.inference import ROWS_PER_PASS, choose_device
from core.insight.evaluate import evaluate, save_evaluated
from core.loop import Control, fit
from core.losses import BatchLoss, Criterion, blended_loss, hard_criterion, soft_criterion
from core.metrics import loss_on
from core.models import build_model
from core.networks.shape import FAMILIES, Family
from core.rows import Rows, take
from core.runs.preflight.pace import Line, ModePace, Pace
from core.runs.preflight.sizes import TrainingSize
from core.runs.requests import TrainRequest
from core.serialization import save_bundle
from core.steps.recipe import Recipe
from core.tables.codes import coerce_features
from core.tables.dates import expand_date_columns
from core.tables.files.convert import reading_noted
from core.tables.read import load_tabular_file
from core.trainer import train_model_from_file
from core.types import CLASSIFICATION_ONLY_MODES, SPECIFIED_MODES, TrainingConfig

MOST_ROWS, FEWEST_ROWS, SMALL_ROWS, EVALUATED_ROWS = 16_000, 500, 1_000, 4_000
SAMPLE_CELLS, ENCODED_CELLS, MATRIX_CELLS = 400_000, 4_000_000, 8_000_000
TINY: dict[str, Any] = {
    "training_mode": "mlp_dense",
    "hidden_dim": 8,
    "num_hidden_layers": 1,
    "batch_size": 1024,
    "epochs": 1,
}
SAFE: dict[str, Any] = {"epochs": 100_000, "learning_rate": 1e-3, "validation_size": 0.0, "early_stopping_patience": 0}

ROUNDS, STEPS_SECONDS, WARM_STEPS = 5, 0.06, 3
UNDISTURBED = 0.85  # of the time, at least, a process computes that has a processor to itself
EVALUATION_SECONDS = 0.05
FOREST_ROWS, FOREST_SECONDS = 1_000, 1.5
FOREST_MODE = "tree_teacher_distillation"


@dataclass(frozen=True)
class Trial:
    """Seconds of one whole training of a sample: before its one epoch, in it, after it, and of its evaluation."""

    prepare: float
    epoch: float
    finish: float
    evaluate: float

    @property
    def seconds(self) -> float:
        """Return the whole."""
        return self.prepare + self.epoch + self.finish + self.evaluate


def measure(table: Path, size: TrainingSize, request: TrainRequest, folder: Path) -> Pace:
    """Return the pace of this process at a training of `size`; `folder` is for what is written on the way.

    Raises an AppError where the training itself could not begin either.
    """
    n_rows = sample_rows(size)
    n_small = SMALL_ROWS if n_rows >= 2 * SMALL_ROWS else n_rows
    n_middle = min(n_rows, EVALUATED_ROWS)
    sample = write_sample(table, folder / "sample.parquet", n_rows)
    small = sample if n_small == n_rows else write_sample(sample, folder / "small.parquet", n_small)
    middle = sample if n_middle == n_rows else write_sample(sample, folder / "middle.parquet", n_middle)
    first = _try(small, size, request, folder)
    held = psutil.Process().memory_info().rss
    less = _try(small, size, request, folder)
    more = less if small is sample else _try(sample, size, request, folder, evaluates=middle is sample)
    evaluated = more if middle is sample else _try(middle, size, request, folder)
    device = choose_device(request.device)
    x, y, encoder = _encoded(sample, size, request)
    n_classes = size.n_outputs if size.task == "classification" else None
    modes, share = _mode_paces(size, device, share_of_codes(x, y, encoder, n_classes=n_classes))
    return Pace(
        first=max(0.0, first.seconds - less.seconds),
        prepare=Line.through((n_small, less.prepare), (n_rows, more.prepare)),
        finish=Line.through((n_small, less.finish), (n_rows, more.finish)),
        evaluate=Line.through((n_small, less.evaluate), (n_middle, evaluated.evaluate)),
        width=x.shape[1],
        cell=_cell_seconds(size) if size.width > x.shape[1] else 0.0,
        forest=_forest_line(x.to(device), y.to(device), size),
        front=_front_line(x, y, encoder, n_classes),
        modes=modes,
        imported_bytes=held,
        is_busy=share < UNDISTURBED,
    )


def sample_rows(size: TrainingSize) -> int:
    """Return how many rows to try: fewer of a wide table, all of a small one."""
    rows = min(MOST_ROWS, SAMPLE_CELLS // size.n_columns, ENCODED_CELLS // max(1, size.width))
    return min(size.n_rows, max(FEWEST_ROWS, rows))


def write_sample(table: Path, path: Path, n_rows: int) -> Path:
    """Write `n_rows` rows that are spread evenly over the table, and return `path`."""
    with pq.ParquetFile(table) as file:
        rows = np.linspace(0, file.metadata.num_rows - 1, n_rows).round().astype(np.int64)
        parts, first = [], 0
        for index in range(file.num_row_groups):
            after = first + file.metadata.row_group(index).num_rows
            here = rows[(rows >= first) & (rows < after)] - first
            if len(here):
                parts.append(file.read_row_group(index).take(pa.array(here)))
            first = after
    pq.write_table(pa.concat_tables(parts), path)
    return path


def _try(table: Path, size: TrainingSize, request: TrainRequest, folder: Path, *, evaluates: bool = True) -> Trial:
    """Do what a worker does with a table, with a network whose epochs take next to no time."""
    cfg = replace(size.cfg, **{**SAFE, **TINY, "validation_size": size.cfg.validation_size}, task=size.task)
    epochs: list[tuple[float, EpochReport]] = []
    reading, began = reading_noted(table), time.perf_counter()
    bundle, metrics = train_model_from_file(
        table,
        cfg,
        exclude_columns=request.excluded,
        date_columns=request.dates,
        device=request.device,
        on_epoch=lambda report: epochs.append((time.perf_counter(), report)),
        checkpoint_path=folder / "checkpoint.safetensors",
        reading=reading,
    )
    path = save_bundle(bundle, folder, metrics)
    (at, report), ended = epochs[0], time.perf_counter()
    if evaluates:
        save_evaluated(path, evaluate(bundle, load_tabular_file(table), cfg, metrics, reading=reading))
    evaluation = time.perf_counter() - ended
    return Trial(at - report.seconds - began, report.seconds, ended - at, evaluation)


def _encoded(table: Path, size: TrainingSize, request: TrainRequest) -> tuple[Rows, Tensor, Encoder]:
    """Return the training rows of a sample as the network would see them, and what encoded them."""
    frame = expand_date_columns(load_tabular_file(table, options=reading_noted(table)), request.dates)
    cfg = replace(size.cfg, time_column=None)  # which rows these are makes no difference here
    features = feature_frame(frame, cfg.target_column, frozenset(request.excluded))
    rows = coerce_features(features, cfg.categorical_columns)
    prepared = prepare_tensors(rows, frame[cfg.target_column].tolist(), size.task, cfg)
    encoder = Encoder(prepared.vectorizer, prepared.scaler, prepared.feature_medians)
    return prepared.x_train, prepared.y_train, encoder


def _cell_seconds(size: TrainingSize) -> float:
    """Return the seconds that each cell takes which the whole table has when it is dense and the sample has not."""
    if size.is_sparse:
        return 0.0
    x = torch.zeros(max(1, min(size.n_usable, MATRIX_CELLS // 4 // size.width)), size.width)
    return 2 * _timed(lambda: x[torch.randperm(len(x))]) / x.numel()  # whole, and divided


def _forest_line(x: Rows, y: Tensor, size: TrainingSize) -> Line:
    """Return the tree teacher's seconds by n·log2(n) of its rows: from few rows, and from more if there is time."""
    began = time.perf_counter()
    from core import teacher

    importing = time.perf_counter() - began
    few = min(len(x), FOREST_ROWS)
    seconds = _timed(lambda: teacher.tree_soft_targets(take(x, slice(few)), y[:few], size.task, size.n_outputs, 0))
    more = min(len(x), int(few * FOREST_SECONDS / seconds))
    line = Line(0.0, seconds / _n_log_n(few))
    if more > 1.5 * few:
        longer = _timed(lambda: teacher.tree_soft_targets(take(x, slice(more)), y[:more], size.task, size.n_outputs, 0))
        line = Line.through((_n_log_n(few), seconds), (_n_log_n(more), longer))
    # A split looks at all columns of a number's forest, and at the square root of them of a category's.
    wider = max(1.0, size.width / x.shape[1]) ** (1.0 if size.task == "regression" else 0.5)
    return Line(line.fixed + importing, line.each * wider)


def _front_line(x: Rows, y: Tensor, encoder: Encoder, n_classes: int | None) -> Line:
    """Return the seconds that an added mode takes to make its inputs, by the rows that the network learns from."""
    seconds = _timed(lambda: fit_front(x, y, encoder, n_classes=n_classes, seed=0))
    return Line(0.0, seconds / len(x))


def _n_log_n(n: int) -> float:
    return n * log2(n + 1)


@dataclass(frozen=True)
class _Rows:
    """Random rows, their targets, and what a teacher might say of them."""

    x: Tensor
    y: Tensor
    taught: Tensor


@dataclass(frozen=True)
class _Bench:
    """A network of one mode with what it minimises."""

    cfg: TrainingConfig
    model: nn.Module
    hard: Criterion
    batch_loss: BatchLoss
    rows: _Rows
    recipe: Recipe | None = None

    @property
    def targets(self) -> tuple[Tensor, ...]:
        """Return what the mode's loss compares with."""
        return (self.rows.y, self.rows.taught) if self.cfg.training_mode == FOREST_MODE else (self.rows.y,)


def _mode_paces(size: TrainingSize, device: torch.device, code_share: float) -> tuple[dict[str, ModePace], float]:
    """Return the pace of every network that the task allows, and the share of the time that this process computed.

    Of what may be inputs for codes, a `code_share` is. Each round goes through all of the modes, so that what
    disturbs one for a moment disturbs few.
    """
    rows = _random_rows(size, size.width, device)
    modes = [m for m in SPECIFIED_MODES if size.task == "classification" or m not in CLASSIFICATION_ONLY_MODES]
    benches = {mode: _bench(mode, size, rows) for mode in modes}
    benches |= {family: _added_bench(size.in_mode(family), family, device, code_share) for family in FAMILIES}
    steps: dict[str, list[float]] = {mode: [] for mode in benches}
    began, computed = time.perf_counter(), time.process_time()
    for _ in range(ROUNDS):
        for mode, bench in benches.items():
            steps[mode].append(_step_seconds(bench))
    share = (time.process_time() - computed) / (time.perf_counter() - began)
    paces = {mode: ModePace(median(steps[mode]), _row_seconds(bench, size)) for mode, bench in benches.items()}
    return paces, share


def _random_rows(size: TrainingSize, width: int, device: torch.device) -> _Rows:
    n, outputs = min(size.n_fitted, max(size.settled.batch_size, MATRIX_CELLS // width)), size.n_outputs
    is_number = size.task == "regression"
    y = torch.randn(n, 1, device=device) if is_number else torch.randint(outputs, (n,), device=device)
    return _Rows(torch.randn(n, width, device=device), y, torch.softmax(torch.randn(n, outputs, device=device), dim=1))


def _bench(mode: str, size: TrainingSize, rows: _Rows) -> _Bench:
    cfg, device = replace(size.cfg, **SAFE, training_mode=mode), rows.x.device
    network = build_model(size.width, size.n_outputs, mode, cfg.hidden_dim, cfg.num_hidden_layers, cfg.dropout)
    hard = hard_criterion(size.task, mode, rows.y, size.n_outputs, device)
    soft = nn.MSELoss() if size.task == "regression" else soft_criterion(1.0)
    batch_loss = blended_loss(hard, soft, 0.5) if mode == FOREST_MODE else hard
    return _Bench(cfg, network.to(device), hard, batch_loss, rows)


def _added_bench(size: TrainingSize, family: Family, device: torch.device, code_share: float) -> _Bench:
    """Return a bench on random inputs, as many as the front is expected to make of a row."""
    cfg, n_numbers = replace(size.settled, **SAFE), size.front.n_numbers
    n_binary = size.front.n_binary - round((1 - code_share) * size.front.codes)
    rows = _random_rows(size, max(1, n_numbers + n_binary), device)
    hard = hard_criterion(size.task, family, rows.y, size.n_outputs, device)
    trainee = trainee_for(family, rows.x.cpu(), n_numbers, size.n_outputs, cfg, size.task, hard, device)
    return _Bench(cfg, trainee.learns.to(device), hard, trainee.batch_loss, rows, trainee.recipe)


class _Clock:
    """Lets a training go on for a while; the steps before it is warm are not counted."""

    def __init__(self) -> None:
        self.steps = -WARM_STEPS - 1
        self.began = 0.0

    def should_stop(self) -> bool:
        """Return whether the time is over. Asked before each step."""
        self.steps += 1
        if self.steps <= 0:
            self.began = time.perf_counter()
        return self.steps > 0 and time.perf_counter() - self.began > STEPS_SECONDS


def _step_seconds(bench: _Bench) -> float:
    """Return the mean seconds of a training step, with its share of what an epoch takes beside its steps."""
    clock = _Clock()
    control = Control(should_stop=clock.should_stop)
    fit(bench.model, bench.rows.x, bench.targets, bench.batch_loss, bench.cfg, control=control, recipe=bench.recipe)
    _finish_on(bench.rows.x.device)
    return (time.perf_counter() - clock.began) / max(1, clock.steps)


def _row_seconds(bench: _Bench, size: TrainingSize) -> float:
    """Return the seconds of one evaluated row, of as many as are evaluated at once."""
    rows = min(len(bench.rows.x), ROWS_PER_PASS, size.n_validation or ROWS_PER_PASS)
    x, y = bench.rows.x[:rows], bench.rows.y[:rows]
    passes, began = 0, time.perf_counter()
    while passes < 2 or time.perf_counter() - began < EVALUATION_SECONDS:
        loss_on(bench.model, x, y, bench.hard, x.device)  # which waits for the device
        passes += 1
    return (time.perf_counter() - began) / passes / rows


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _finish_on(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
