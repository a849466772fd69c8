"""What the probe measures with: a fair sample, of a size that takes seconds, and steps as wide as the whole table."""

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from core.data import has_target
from core.errors import DataError
from core.loop import fit
from core.models import build_model
from core.runs.datasets import table_path
from core.runs.preflight.estimate import estimate_of
from core.runs.preflight.measure import FEWEST_ROWS, MOST_ROWS, measure, sample_rows, write_sample
from core.runs.preflight.sizes import training_size
from core.runs.preflight.widths import EncodedColumn
from core.runs.records import Dataset
from core.runs.requests import TrainRequest
from core.tables.files.convert import convert_file, reading_noted
from core.tables.options import ColumnOptions, ReadOptions
from core.tables.read import load_tabular_file
from core.workspace import Workspace
from tests.core.runs.preflight.test_memory import NUMBERS, size_of


@pytest.mark.parametrize("rows_a_group", [100_000, 700, 90])
def test_a_sample_is_spread_over_the_whole_table(rows_a_group: int, tmp_path: Path):
    table = pa.table({"row": range(10_000)})
    pq.write_table(table, tmp_path / "table.parquet", row_group_size=rows_a_group)
    path = write_sample(tmp_path / "table.parquet", tmp_path / "sample.parquet", 400)
    rows = pd.read_parquet(path)["row"]
    assert len(rows) == 400
    assert rows.is_unique
    assert rows.quantile([0, 0.25, 0.5, 0.75, 1]).tolist() == pytest.approx([0, 2_500, 5_000, 7_500, 9_999], abs=30)


def test_a_sample_of_everything_is_everything(tmp_path: Path):
    pq.write_table(pa.table({"row": range(1_000)}), tmp_path / "table.parquet", row_group_size=300)
    rows = pd.read_parquet(write_sample(tmp_path / "table.parquet", tmp_path / "sample.parquet", 1_000))["row"]
    assert rows.tolist() == list(range(1_000))


def test_the_wider_a_table_the_fewer_rows_are_tried():
    assert sample_rows(size_of(*NUMBERS, n_rows=900)) == 900
    assert sample_rows(size_of(*NUMBERS, n_rows=10**6)) == MOST_ROWS
    many = tuple(EncodedColumn(f"x{i}", 0, 1) for i in range(199))
    assert sample_rows(size_of(*many, n_rows=10**6)) == 2_000
    assert sample_rows(size_of(EncodedColumn("t", 10**6, 10**6), n_rows=10**6)) == FEWEST_ROWS


def test_the_steps_are_those_of_the_whole_table(workspace: Workspace, houses: Dataset, tmp_path: Path):
    request = TrainRequest(
        config={"target_column": "price", "batch_size": 32, "hidden_dim": 512}, excluded=("id",), device="cpu"
    )
    size = training_size(workspace, houses, request)
    wide = replace(size, columns=(*size.columns, EncodedColumn("more", 6_000, 6_000)))
    narrow_pace = measure(table_path(workspace, houses), size, request, tmp_path)
    wide_pace = measure(table_path(workspace, houses), wide, request, tmp_path)
    assert wide_pace.modes["mlp_dense"].step > 3 * narrow_pace.modes["mlp_dense"].step
    assert wide_pace.width < 100
    assert wide_pace.cell > 0 == narrow_pace.cell


def test_codes_and_a_time_column_are_measured_as_they_are_trained(
    workspace: Workspace, houses: Dataset, tmp_path: Path
):
    config = {"target_column": "price", "categorical_columns": ["id"], "time_column": "sold", "validation_size": 0.2}
    request = TrainRequest(config=config, excluded=("sold",), device="cpu")
    size = training_size(workspace, houses, request)
    pace = measure(table_path(workspace, houses), size, request, tmp_path)
    assert pace.width == size.width == 96 + 1 + 2  # each of the training rows has its own id
    words = TrainRequest(config=config | {"categorical_columns": [], "time_column": "town"}, device="cpu")
    with pytest.raises(DataError, match="'town' cannot order the rows in time"):
        measure(table_path(workspace, houses), training_size(workspace, houses, words), words, tmp_path)


def test_words_that_are_kept_are_measured_as_they_are_trained(tmp_path: Path):
    source, reading = tmp_path / "t.csv", ReadOptions(kept_words=("none",), columns={"x": ColumnOptions("text")})
    source.write_text("x,injury\n" + "".join(f"{i},{('none', 'NA', '')[i % 3]}\n" for i in range(90)))
    convert_file(source, tmp_path, reading)
    sample = write_sample(tmp_path / "table.parquet", tmp_path / "sample.parquet", 90)
    assert reading_noted(sample) == reading
    frame = load_tabular_file(sample, options=reading_noted(sample))
    assert int(has_target(frame["injury"], "classification").sum()) == 30
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    assert reading_noted(tmp_path / "other.parquet") == reading_noted(source) == ReadOptions()


def test_an_epoch_takes_about_as_long_as_expected(workspace: Workspace, houses: Dataset, tmp_path: Path):
    """The room is wide, and there are three tries, for other processes may work during one half of a try."""
    request = TrainRequest(config={"target_column": "price", "hidden_dim": 512}, excluded=("id",), device="cpu")
    size = training_size(workspace, houses, request)
    size = replace(size, n_rows=20_000, n_usable=20_000)
    x, y = torch.randn(size.n_fitted, size.width), torch.randn(size.n_fitted, 1)
    ratios: list[float] = []
    while len(ratios) < 3 and not any(1 / 4 < ratio < 4 for ratio in ratios):
        pace = measure(table_path(workspace, houses), size, request, tmp_path)
        model = build_model(size.width, 1, "mlp_dense", 512, 2, 0.1)
        began = time.perf_counter()
        fit(model, x, [y], torch.nn.MSELoss(), replace(size.cfg, epochs=1))
        ratios.append(estimate_of(pace, size).modes["mlp_dense"].epoch_seconds / (time.perf_counter() - began))
    assert 1 / 4 < ratios[-1] < 4, ratios
