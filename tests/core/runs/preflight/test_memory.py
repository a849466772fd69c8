"""The memory of a training is known before it starts, and one that cannot fit is refused with what to do."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

import core
from core import inference, rows, teacher
from core.added import search
from core.errors import DataError
from core.runs.datasets import add_table, table_path
from core.runs.preflight import memory, sizes
from core.runs.preflight.memory import MemoryFree, check_memory, gigabytes, memory_needed, refusal
from core.runs.preflight.sizes import TrainingSize, training_size
from core.runs.preflight.widths import EncodedColumn
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.runs.store import Store
from core.types import TrainingConfig
from core.workspace import Workspace

GIGABYTE = 1_000_000_000
PEAK_OF_A_TRAINING = """
import sys
from core.runs.jobs import import_torch
import_torch()
from core.trainer import train_model_from_file
from core.types import TrainingConfig
mode, *paths = sys.argv[1:]
for path in paths:
    cfg = TrainingConfig("y", training_mode=mode, epochs=1, batch_size=1024, validation_size=0.15, time_budget=4)
    train_model_from_file(path, cfg, device="cpu")
    status = open("/proc/self/status").read()  # a resource's maximum would begin with what the parent had
    print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


def size_of(*columns: EncodedColumn, n_rows: int = 100_000, **settings: object) -> TrainingSize:
    """Return the size of a training on numbers and texts, without a table behind it."""
    return TrainingSize(
        cfg=TrainingConfig("y", **settings), task="classification", n_rows=n_rows, n_usable=n_rows, n_outputs=2,
        target_levels=2, n_columns=len(columns) + 1, file_bytes=n_rows, frame_bytes=8 * n_rows * len(columns),
        columns=columns,
    )  # fmt: skip


NUMBERS = tuple(EncodedColumn(f"x{i}", 0, 1) for i in range(10))
URL = EncodedColumn("url", 4_821_300, 4_000_000)


@pytest.mark.parametrize(("mode", "n_numbers"), [("mlp_dense", 1), ("tabm", 12), ("auto", 12)])
def test_what_a_training_takes_more_than_a_small_one_is_what_was_expected(
    mode: str, n_numbers: int, workspace: Workspace, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "threads_of_blend", lambda _: 1)  # what one process takes is measured
    rng = np.random.default_rng(0)
    levels = np.array([f"level {i}" for i in range(400)])
    paths, expected = [], []
    for n_rows in (500, 40_000):
        frame = pd.DataFrame(rng.normal(size=(n_rows, n_numbers))).add_prefix("x")
        frame["t"], frame["y"] = levels[rng.integers(0, 400, n_rows)], rng.choice(["a", "b"], n_rows)
        paths.append(tmp_path / f"{n_rows}.parquet")
        frame.to_parquet(paths[-1])
        dataset = add_table(workspace, store, paths[-1], paths[-1].name)
        config = {"target_column": "y", "training_mode": mode, "batch_size": 1024, "validation_size": 0.15}
        request = TrainRequest(config=config)
        expected.append(memory_needed(training_size(workspace, dataset, request)).bytes)
    done = subprocess.run(
        [sys.executable, "-c", PEAK_OF_A_TRAINING, mode, *map(str, paths)],
        cwd=Path(core.__file__).parents[1], capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    small, large = map(int, done.stdout.split())
    assert large - small > 100_000_000
    assert 1 / 1.5 < (expected[1] - expected[0]) / (large - small) < 1.5


def test_the_figures_taken_from_modules_that_load_torch_are_theirs():
    assert memory.ROWS_A_PASS == inference.ROWS_PER_PASS
    assert memory.CELLS_A_PASS == inference.CELLS_PER_PASS
    assert sizes.DENSE_BYTES == rows.DENSE_BYTES
    assert memory.MOST_LANES == search.MOST_LANES
    assert (memory.TREES, memory.TREE_DEPTH) == (teacher.N_TREES, teacher.MAX_DEPTH)


def test_the_columns_that_cost_the_most_come_first():
    need = memory_needed(size_of(*NUMBERS, EncodedColumn("town", 90, 90), URL))
    assert [driver.column for driver in need.drivers[:2]] == ["url", "town"]
    assert need.drivers[0].bytes > 400 * need.drivers[1].bytes
    assert need.encoded_width == 4_000_100


def test_a_column_of_many_texts_is_named_with_its_share():
    need = memory_needed(size_of(*NUMBERS, URL, n_rows=6_000_000))
    sentence = refusal(need, MemoryFree(6_300_000_000))
    assert sentence.startswith(f"This run needs about {gigabytes(need.bytes)} of memory and 6.3 GB are free. ")
    assert "Column 'url' alone (4,821,300 different texts) makes 9" in sentence
    assert sentence.endswith("% of it: leave it out, or group its texts.")


def test_several_columns_of_many_texts_are_named_together():
    wide = [EncodedColumn(f"t{i}", 300_000, 300_000) for i in range(4)]
    sentence = refusal(memory_needed(size_of(*wide)), MemoryFree(GIGABYTE))
    assert (
        "The columns with the most different texts cost the most: 't0' (300,000), 't1' (300,000), 't2' (300,000)."
        in sentence
    )


def test_a_column_of_many_codes_could_be_read_as_a_number():
    codes = EncodedColumn("order", 4_821_300, 4_000_000, is_categorical=True)
    sentence = refusal(memory_needed(size_of(*NUMBERS, codes)), MemoryFree(GIGABYTE))
    assert "'order' alone (4,821,300 different codes) makes 9" in sentence
    assert sentence.endswith("% of it: leave it out, or read it as a number.")
    several = [EncodedColumn(f"t{i}", 300_000, 300_000, is_categorical=i == 1) for i in range(4)]
    sentence = refusal(memory_needed(size_of(*several)), MemoryFree(GIGABYTE))
    assert "The columns with the most different texts or codes cost the most: 't0' (300,000)" in sentence


def test_a_network_that_is_too_large_is_to_blame_itself():
    need = memory_needed(size_of(*NUMBERS, n_rows=1_000, hidden_dim=8192, num_hidden_layers=64))
    assert need.network_bytes > 100 * GIGABYTE
    assert "The network makes 100 % of it: choose a smaller width" in refusal(need, MemoryFree(64 * GIGABYTE))


def test_a_target_of_too_many_categories_is_to_blame_itself():
    need = memory_needed(replace(size_of(*NUMBERS), n_outputs=50_000))
    sentence = refusal(need, MemoryFree(8 * GIGABYTE))
    assert sentence.endswith("The target has 50,000 categories: choose another, or predict it as a number.")


def test_numbers_in_too_many_rows_can_only_be_fewer():
    sentence = refusal(memory_needed(size_of(*NUMBERS, n_rows=200_000_000)), MemoryFree(8 * GIGABYTE))
    assert sentence.endswith("Use fewer rows, or leave columns out.")


def test_what_fits_is_not_refused():
    need = memory_needed(size_of(*NUMBERS))
    assert refusal(need, MemoryFree(need.bytes)) == ""


def test_on_a_gpu_its_own_memory_is_compared_too():
    size = size_of(*NUMBERS, EncodedColumn("town", 500_000, 500_000))
    need = memory_needed(size, on_gpu=True)
    assert need.gpu_bytes > size.stored_bytes + need.network_bytes
    assert memory_needed(size).gpu_bytes == 0
    sentence = refusal(need, MemoryFree(10**12, gpu_bytes=GIGABYTE))
    assert sentence.startswith(
        f"This run needs about {gigabytes(need.gpu_bytes)} of the GPU's memory and 1.0 GB are free."
    )
    assert "Train on the CPU." in sentence
    assert refusal(need, MemoryFree(10**12, gpu_bytes=10**12)) == ""


def test_the_forest_and_the_validation_rows_take_their_part():
    size = size_of(*NUMBERS, hidden_dim=4096, num_hidden_layers=8)  # so that the training is the peak
    forest = replace(size, cfg=replace(size.cfg, training_mode="tree_teacher_distillation"))
    held_out = replace(size, cfg=replace(size.cfg, validation_size=0.2))
    assert memory_needed(forest).bytes > memory_needed(size).bytes
    assert memory_needed(held_out).bytes > memory_needed(size).bytes


def test_a_blend_takes_as_many_trainings_as_there_are_threads(monkeypatch: pytest.MonkeyPatch):
    def memory_of_blend(threads: int) -> int:
        monkeypatch.setattr(memory, "threads_of_blend", lambda _: threads)
        return memory_needed(size_of(*NUMBERS, n_rows=1_000, training_mode="auto")).bytes

    def growth(mode: str, threads: int) -> int:
        monkeypatch.setattr(memory, "threads_of_blend", lambda _: threads)
        few, many = (memory_needed(size_of(*NUMBERS, n_rows=n, training_mode=mode)).bytes for n in (10_000, 110_000))
        return many - few

    of_inputs = 10 * 4 * 100_000
    assert growth("auto", 1) > growth("tabm", 1)
    assert growth("auto", 3) - growth("auto", 1) > 2 * of_inputs
    assert growth("auto", 9) == growth("auto", 4)
    alone, beside = (memory_of_blend(threads) for threads in (1, 2))
    assert beside - alone > memory.IMPORTED_BYTES  # each but the first has a process of its own
    assert growth("tabm", 4) == growth("tabm", 1)


def test_a_request_is_checked_against_what_is_free(workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch):
    text = "name,y\n" + "".join(f"n{i},{'ab'[i % 2]}\n" for i in range(8_000))
    dataset = add_table(workspace, store, io.BytesIO(text.encode()), "names.csv")
    request = TrainRequest(config={"target_column": "y"}, device="cpu")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=GIGABYTE // 4))
    with pytest.raises(DataError, match=r"needs about [4-9]\d\d MB of memory and 250 MB are free\."):
        check_memory(workspace, dataset, request)
    check_memory(workspace, dataset, request, held_bytes=GIGABYTE)  # of which the asking process holds as much


def test_a_table_that_is_gone_is_an_error_of_its_own(workspace: Workspace, houses: Dataset):
    table_path(workspace, houses).unlink()
    with pytest.raises(RuntimeError, match="houses"):
        check_memory(workspace, houses, TrainRequest(config={"target_column": "price"}, device="cpu"))


@pytest.mark.parametrize(
    ("n_bytes", "words"), [(640e6, "640 MB"), (6.34e9, "6.3 GB"), (9.99e9, "10 GB"), (21.4e9, "21 GB")]
)
def test_memory_is_written_as_people_speak_of_it(n_bytes: float, words: str):
    assert gigabytes(n_bytes) == words


def test_a_wide_column_of_texts_no_longer_makes_a_table_wide():
    size = size_of(*NUMBERS, EncodedColumn("url", 50_000, 50_000, has_others=True))
    assert size.is_sparse
    assert size.stored_bytes == 100_000 * (10 + 2) * 4
    assert memory_needed(size).bytes < 2 * GIGABYTE


def test_a_table_that_stays_in_its_file_is_not_held():
    columns = tuple(EncodedColumn(f"x{i}", 0, 1) for i in range(20))
    held, streamed = (size_of(*columns, n_rows=n_rows) for n_rows in (180_000, 200_000))
    assert (held.is_streamed, streamed.is_streamed) == (False, True)
    growth = [memory_needed(size_of(*columns, n_rows=n)).bytes for n in (10_000_000, 11_000_000)]
    assert (growth[1] - growth[0]) / 1_000_000 < 20 * 4 + 150
