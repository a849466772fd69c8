"""How much memory a training needs at its peak, worked out before anything is loaded, beside what is free.

Counted are the arrays of `core.encoder`, `core.data` and `core.loop` that live at the same moment. Several
moments can be the peak: looking at one column, encoding the rows, splitting them, or the network at work on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.checkpoint.members_file import MOST_KEPT
from core.errors import DataError
from core.networks.shape import FAMILIES
from core.runs.launch import threads_for, threads_of_blend
from core.runs.preflight.devices import find_devices
from core.runs.preflight.free_memory import memory_available
from core.runs.preflight.sizes import (
    FLOAT32,
    NUMBER_BYTES,
    TrainingSize,
    first_inputs,
    n_hidden,
    n_parameters,
    training_size,
)
from core.runs.preflight.widths import EncodedColumn
from core.runs.records import Dataset
from core.settled import MOST_BINS, members_and_embedding
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.runs.requests import TrainRequest

# A process with torch, scikit-learn, pandas and Arrow that has trained on next to nothing; seen with a CPU build.
# The probe measures it, and what it found is used where there is an estimate.
IMPORTED_BYTES = 440_000_000
# What CUDA itself takes of a GPU before a tensor is on it.
CUDA_BYTES = 500_000_000

# The reader holds the file's bytes, the columns as Arrow decodes them and the frame made of them; Arrow's
# allocator does not give back at once what decoding took.
COPIES_READ = 3
# Coerced features, and these coerced once more by `prepare_tensors`.
COPIES_COERCED = 2
# Of a table that stays in its file: some rows of all columns as they are read, coerced and encoded; one whole
# column while it is looked at; and for every row its target, its places in the parts, and an epoch's order.
BATCH_BYTES = 110_000_000
COLUMN_ROW = 60
PLACES_ROW = 60
SPLIT_ROW = 65  # while the training rows are split once more
TARGET_ROW = 64  # a Python object for each cell of the target, and references to it
TARGET_LEVEL = 250  # a level in a dict, under a key of its type and its value
WEIGHT = 5 * FLOAT32  # with its gradient, Adam's two moments, and its copy of the best epoch
CHECKPOINT = 4 * FLOAT32  # weight, moments and best weight, as they are gathered to be written
UNITS_TRAINED = 8  # float32 a unit: what linear, norm, ReLU and dropout give, and as many gradients
UNITS_EVALUATED = 3
BIN_COPIES = 3  # float32 a bin of an embedded number: its edges' distances, as they are cut and as they are weighed
NUMBER_COPIES = 2 * FLOAT32 + NUMBER_BYTES  # of a number, while an added mode's front is fitted
ROWS_A_PASS, CELLS_A_PASS = 16_384, 1 << 22  # as `core.inference` evaluates
DENSE_COPIES = 3  # of a table that is a plain tensor: as it is stored, whole, and divided
MOST_LANES = 4  # networks of a blend in training at once, as `core.added.search` has it, each in a process of its own
TREES, TREE_DEPTH, TREE_NODE = 120, {"classification": 8, "regression": 10}, 72
OUT_OF_BAG = 0.37  # of the rows, copied for each tree to be predicted by it

MOST_OF_IT = 0.5


@dataclass(frozen=True)
class Driver:
    """What one column costs: its different texts or codes, its encoded columns, and its bytes at the peak."""

    column: str
    levels: int
    width: int
    bytes: int
    is_categorical: bool = False


@dataclass(frozen=True)
class MemoryNeed:
    """What a training takes at its peak; `drivers` are the columns, the costliest first.

    `gpu_bytes` is 0 where no GPU is used. `network_bytes` is the part of the network, wherever it lies;
    `answers_bytes` that of its answers for every row, and `imported_bytes` what the process has before it
    reads the table.
    """

    bytes: int
    gpu_bytes: int
    network_bytes: int
    answers_bytes: int
    imported_bytes: int
    n_outputs: int
    encoded_width: int
    drivers: tuple[Driver, ...]


@dataclass(frozen=True)
class MemoryFree:
    """What a new process may take, and what is free on the GPU where one is used."""

    bytes: int
    gpu_bytes: int = 0


def check_memory(workspace: Workspace, dataset: Dataset, request: TrainRequest, *, held_bytes: int = 0) -> None:
    """Raise DataError where a training clearly cannot fit in the memory that is free now.

    A process that asks for itself gives in `held_bytes` what it holds already and need not find again.
    """
    free = memory_free(request.device, held_bytes)
    need = memory_needed(training_size(workspace, dataset, request), on_gpu=free.gpu_bytes > 0)
    sentence = refusal(need, free)
    if sentence:
        raise DataError(sentence)


def memory_free(device: str | None, held_bytes: int = 0) -> MemoryFree:
    """Return what is free for a training on `device`; the driver is asked unless that is the CPU."""
    gpu_bytes = 0 if device == "cpu" else find_devices().gpu_free_bytes
    return MemoryFree(memory_available() + held_bytes, gpu_bytes)


def memory_needed(size: TrainingSize, *, on_gpu: bool = False, imported_bytes: int = IMPORTED_BYTES) -> MemoryNeed:
    """Return what a training of this size takes at its peak, in bytes."""
    network = _networks_bytes(size, on_gpu=on_gpu)
    on_host = network if not on_gpu else n_parameters(size, on_gpu=True) * CHECKPOINT
    on_host += _blend_bytes(size, on_gpu=on_gpu)
    moments = (
        _reading_bytes(size),
        _encoding_bytes(size),
        _training_bytes(size, on_gpu=on_gpu) + on_host + _forest_bytes(size),
        _training_bytes(size, on_gpu=on_gpu) + _lanes(size, on_gpu=on_gpu) * _fronting_bytes(size),
    )
    peak = size.target_levels * TARGET_LEVEL + _held_bytes(size) + max(moments)
    peak += (_lanes(size, on_gpu=on_gpu) - 1) * (imported_bytes + _encoded_bytes(size))  # of the processes beside it
    return MemoryNeed(
        bytes=round(imported_bytes + peak),
        gpu_bytes=round(CUDA_BYTES + _rows_bytes(size) + network) if on_gpu else 0,
        network_bytes=round(network),
        answers_bytes=_answers_bytes(size),
        n_outputs=size.n_outputs,
        imported_bytes=imported_bytes,
        encoded_width=size.width,
        drivers=_drivers(size),
    )


def refusal(need: MemoryNeed, free: MemoryFree) -> str:
    """Say why a training cannot fit, with what it needs, what there is and what to do; empty where it can."""
    if need.bytes > free.bytes:
        return (
            f"This run needs about {gigabytes(need.bytes)} of memory and {gigabytes(free.bytes)} are free. "
            f"{_advice(need, need.bytes)}"
        )
    if free.gpu_bytes and need.gpu_bytes > free.gpu_bytes:
        return (
            f"This run needs about {gigabytes(need.gpu_bytes)} of the GPU's memory and {gigabytes(free.gpu_bytes)} "
            f"are free. Train on the CPU. {_advice(need, need.gpu_bytes)}"
        )
    return ""


def gigabytes(n_bytes: float) -> str:
    """Write a number of bytes as people speak of memory: 640 MB, 6.3 GB, 21 GB."""
    if n_bytes < 1e9:
        return f"{n_bytes / 1e6:,.0f} MB"
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes < 9.95e9 else f"{n_bytes / 1e9:,.0f} GB"


def _advice(need: MemoryNeed, whole: int) -> str:
    if need.answers_bytes > MOST_OF_IT * whole:
        return f"The target has {need.n_outputs:,} categories: choose another, or predict it as a number."
    texts = [driver for driver in need.drivers if driver.levels]
    if texts and texts[0].bytes > MOST_OF_IT * whole:
        return _advice_on(texts[0], _percent(texts[0].bytes / whole))
    if texts and sum(driver.bytes for driver in texts) > MOST_OF_IT * whole:
        named = ", ".join(f"{driver.column!r} ({driver.levels:,})" for driver in texts[:3])
        what = "texts or codes" if any(driver.is_categorical for driver in texts) else "texts"
        return f"The columns with the most different {what} cost the most: {named}. Leave some out."
    if need.network_bytes > MOST_OF_IT * whole:
        share = _percent(need.network_bytes / whole)
        return f"The network makes {share} of it: choose a smaller width, fewer layers or a smaller batch size."
    return "Use fewer rows, or leave columns out."


def _advice_on(driver: Driver, share: str) -> str:
    what, instead = ("codes", "read it as a number") if driver.is_categorical else ("texts", "group its texts")
    named = f"Column {driver.column!r} alone ({driver.levels:,} different {what})"
    return f"{named} makes {share} of it: leave it out, or {instead}."


def _percent(share: float) -> str:
    return f"{100 * min(1.0, share):.0f} %"


def _drivers(size: TrainingSize) -> tuple[Driver, ...]:
    """Return the columns with their bytes: of the encoded rows, of the first layer, and of the rows in work."""
    batch = FLOAT32 * _rows_at_once(size)
    weights = 0 if size.is_added else (WEIGHT + CHECKPOINT) * _first_units(size)

    def cost(column: EncodedColumn) -> int:
        held = 0 if size.is_streamed else COPIES_COERCED * NUMBER_BYTES * column.parts
        cells = column.n_stored if size.is_sparse else DENSE_COPIES * column.width
        return round(size.n_usable * (held + FLOAT32 * cells) + column.width * (batch + weights))

    drivers = (
        Driver(column.name, column.levels, column.width, cost(column), column.is_categorical) for column in size.columns
    )
    return tuple(sorted(drivers, key=lambda driver: -driver.bytes))


def _held_bytes(size: TrainingSize) -> float:
    """Return what the table itself takes: nothing but its target where it stays in its file."""
    if size.is_streamed:
        return float(size.n_usable * PLACES_ROW)
    coerced = size.n_usable * NUMBER_BYTES * sum(column.parts for column in size.columns)
    return size.file_bytes + COPIES_READ * size.frame_bytes + size.n_rows * _row_bytes(size) + COPIES_COERCED * coerced


def _row_bytes(size: TrainingSize) -> int:
    """Return what a row takes beside the frame: the numbers about its dates, and its target."""
    return TARGET_ROW + NUMBER_BYTES * sum(column.parts for column in size.columns if column.parts > 1)


def _reading_bytes(size: TrainingSize) -> float:
    return float(size.n_rows * COLUMN_ROW) if size.is_streamed else 0.0


def _encoding_bytes(size: TrainingSize) -> float:
    """Return what the encoded rows take until they are divided: as they are stored, and dense where that is small."""
    dense = 0 if size.is_sparse else 2 * size.n_usable * size.width * FLOAT32
    return size.stored_bytes + dense + min(BATCH_BYTES, size.frame_bytes)


def _training_bytes(size: TrainingSize, *, on_gpu: bool) -> float:
    """Return what the rows take in training: once more where validation rows are split off a dense table."""
    inputs = _lanes(size, on_gpu=on_gpu) * _inputs_bytes(size)
    if size.is_sparse:
        split = size.n_usable * (1 - size.cfg.test_size) * SPLIT_ROW * (size.settled.validation_size > 0)
        return size.stored_bytes + max(split, min(BATCH_BYTES, size.frame_bytes)) + inputs
    test = size.cfg.test_size
    copies = 2 if size.settled.validation_size > 0 and (not on_gpu or size.is_added) else 1
    return size.n_usable * size.width * FLOAT32 * (copies * (1 - test) + test) + inputs


def _inputs_bytes(size: TrainingSize) -> int:
    """Return what an added mode's inputs take, which are dense for all rows."""
    return FLOAT32 * size.n_usable * (size.front.n_numbers + size.front.n_binary) if size.is_added else 0


def _fronting_bytes(size: TrainingSize) -> int:
    """Return what an added mode's front takes more while it is fitted: numbers in other types, and inputs in parts."""
    if not size.is_added:
        return 0
    row = NUMBER_COPIES * size.front.n_numbers + FLOAT32 * size.front.n_binary
    return size.n_fitted * row + UNITS_EVALUATED * FLOAT32 * size.width * _rows_a_pass(size, size.width)


def _rows_bytes(size: TrainingSize) -> int:
    """Return what the rows take on the device that trains."""
    return _inputs_bytes(size) if size.is_added else _encoded_bytes(size)


def _encoded_bytes(size: TrainingSize) -> int:
    """Return what the encoded rows take, as they stay."""
    return size.stored_bytes if size.is_sparse else size.n_usable * size.width * FLOAT32


def _rows_at_once(size: TrainingSize) -> int:
    """Return how many rows are dense at once, of those that are not always."""
    return max(min(size.settled.batch_size, size.n_fitted), _rows_a_pass(size, size.width))


def _rows_a_pass(size: TrainingSize, width: int) -> int:
    """Return how many rows of `width` cells are evaluated at once."""
    return max(1, min(ROWS_A_PASS, CELLS_A_PASS // max(1, width), size.n_fitted))


def _first_units(size: TrainingSize) -> int:
    """Return how many units an encoded column has weights to."""
    return size.cfg.hidden_dim if n_hidden(size) else size.n_outputs


def _lanes(size: TrainingSize, *, on_gpu: bool) -> int:
    """Return how many networks are trained side by side, each on inputs of its own."""
    return max(1, min(MOST_LANES, threads_of_blend(threads_for(1)))) if size.is_timed and not on_gpu else 1


def _networks_bytes(size: TrainingSize, *, on_gpu: bool) -> float:
    """Return what is in training takes: the network, or of a blend as many of the largest kind as there are lanes."""
    if not size.is_timed:
        return _network_bytes(size, on_gpu=on_gpu)
    largest = max(_network_bytes(size.in_mode(family), on_gpu=on_gpu) for family in FAMILIES)
    return _lanes(size, on_gpu=on_gpu) * largest


def _blend_bytes(size: TrainingSize, *, on_gpu: bool) -> float:
    """Return what the networks of a blend take that are trained already, and what each kind says of every row."""
    if not size.is_timed:
        return 0.0
    told = len(FAMILIES) * size.n_fitted * (size.n_outputs + 1) * NUMBER_BYTES
    return MOST_KEPT * n_parameters(size, on_gpu=on_gpu) * FLOAT32 + told


def _network_bytes(size: TrainingSize, *, on_gpu: bool) -> float:
    """Return what the network takes with its optimizer, its checkpoint, and the rows in work at once."""
    units, outputs = size.cfg.hidden_dim * n_hidden(size), size.n_outputs
    batch = min(size.settled.batch_size, size.n_fitted)
    if size.is_added:
        trained, evaluated = _member_cells(size, batch, on_gpu=on_gpu)
    else:
        trained = batch * (size.width + UNITS_TRAINED * (units + outputs))
        evaluated = _rows_a_pass(size, size.width) * (size.width + UNITS_EVALUATED * size.cfg.hidden_dim)
    weights = n_parameters(size, on_gpu=on_gpu) * (WEIGHT + CHECKPOINT)
    return weights + FLOAT32 * max(trained, evaluated) + _answers_bytes(size)


def _member_cells(size: TrainingSize, batch: int, *, on_gpu: bool) -> tuple[int, int]:
    """Return the float32 numbers of a batch in training, and of a pass, in a network of k members."""
    front, (hidden, _) = size.front, size.layers
    k, bins, inputs = 1, 0, first_inputs(size, on_gpu=on_gpu)
    if size.cfg.training_mode != "realmlp":
        k, _ = members_and_embedding(front.n_numbers, on_gpu=on_gpu)
        bins = BIN_COPIES * MOST_BINS * front.n_numbers
    units = hidden * n_hidden(size) + size.n_outputs
    passed = _rows_a_pass(size, front.n_numbers + front.n_binary)
    return (
        batch * (bins + 2 * (1 + k) * inputs + UNITS_TRAINED * k * units),
        passed * (bins + (1 + k) * inputs + UNITS_EVALUATED * k * hidden),
    )


def _answers_bytes(size: TrainingSize) -> int:
    """Return what the answers for all training rows take: in parts, joined, and as the loss sees them."""
    return 3 * FLOAT32 * size.n_fitted * size.n_outputs


def _forest_bytes(size: TrainingSize) -> float:
    """Return what the tree teacher takes: rows copied for a tree, its nodes, and what all say of every row."""
    if size.cfg.training_mode != "tree_teacher_distillation":
        return 0.0
    cells = 2 * sum(column.n_stored for column in size.columns) if size.is_sparse else size.width
    rows = size.n_fitted * (OUT_OF_BAG * cells * FLOAT32 + 2 * NUMBER_BYTES * size.n_outputs)
    nodes = min(1 << (TREE_DEPTH[size.task] + 1), 2 * size.n_fitted)
    return rows + TREES * nodes * (TREE_NODE + NUMBER_BYTES * size.n_outputs)
