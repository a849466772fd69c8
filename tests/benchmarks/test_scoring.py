"""Predicting for a file is much faster than going row by row; `make bench` prints by how much."""

from __future__ import annotations

from pathlib import Path

from core.serialization import load_bundle
from tests.benchmarks.scoring import rate_row_by_row, score_file, train, write_table


def test_a_file_is_predicted_many_times_as_fast_as_row_by_row(tmp_path: Path) -> None:
    model = train(tmp_path)
    write_table(tmp_path / "rows.csv", 100_000, seed=2)
    seen = score_file(model, tmp_path / "rows.csv")
    assert seen.n_rows == 100_000
    assert seen.n_rows / seen.seconds > 4 * rate_row_by_row(load_bundle(model), tmp_path / "rows.csv", 5_000)
