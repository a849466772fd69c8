"""Tables that were read, held cell by cell against another parser's reading of the same file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from core.tables.files.convert import TABLE_NAME
from core.tables.report import ReadReport
from tests.corpora.columnar_oracle import by_pyarrow
from tests.corpora.difference import Column, Difference, Reading, SkippedError, differences
from tests.corpora.reading import Outcome
from tests.corpora.sheet_oracle import by_openpyxl
from tests.corpora.spectrum_oracle import by_json
from tests.corpora.text_oracle import by_csv, by_pandas

Oracle = Callable[[Outcome, ReadReport, Mapping[str, Column]], Reading]

ORACLES: dict[str, dict[str, Oracle]] = {
    "csv": {"the JSON beside it": by_json, "Python's csv": by_csv, "pandas": by_pandas},
    "xlsx": {"openpyxl": by_openpyxl},
    "xlsm": {"openpyxl": by_openpyxl},
    "parquet": {"pyarrow": by_pyarrow},
}


@dataclass(frozen=True)
class Compared:
    """How one table compares with what an oracle reads; `skipped` says why it does not."""

    name: str
    oracle: str
    n_cells: int = 0
    differences: tuple[Difference, ...] = ()
    skipped: str = ""


def compare(outcomes: Sequence[Outcome]) -> list[Compared]:
    """Compare every table that was read with each oracle that can tell something of it."""
    return [compared for outcome in outcomes for compared in _compare(outcome)]


def _compare(outcome: Outcome) -> Iterator[Compared]:
    if outcome.report is None or outcome.tables is None:
        return
    ours = pq.read_table(outcome.tables / TABLE_NAME).to_pydict()
    for name, oracle in ORACLES.get(outcome.report.kind, {}).items():
        try:
            theirs = oracle(outcome, outcome.report, ours)
        except SkippedError as why:
            yield Compared(outcome.name, name, skipped=str(why))
            continue
        n_cells = sum(map(len, ours.values()))
        yield Compared(outcome.name, name, n_cells, tuple(differences(ours, theirs)))
