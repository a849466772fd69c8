"""The benchmark of memory measures a training in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from tests.benchmarks.memory import CASES, LEVELS, measure, write_table


def test_a_case_is_trained_and_its_peak_is_that_of_its_process(tmp_path: Path) -> None:
    case = replace(CASES["ten_million"], epochs=1, predicts=False)
    peak = measure(case, tmp_path, 2_000)
    assert peak.bytes >= peak.imported > 100_000_000
    assert peak.seconds > 0
    assert peak.n_features == 13 + sum(3 + 3 * i for i in range(5)) + 15


def test_the_wide_table_holds_every_text(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_table(CASES["sparse"], path, 100)
    assert len(pyarrow.csv.read_csv(path)["page"].unique()) == 100
    assert CASES["sparse"].n_rows >= 2 * LEVELS
