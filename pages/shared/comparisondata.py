"""What a comparison shows, worked out once for the same runs and evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.insight.compare import Comparison, Contender, compare
from core.insight.disagree import Disagreement, disagreement
from core.insight.evaluation import DOCUMENT_NAME, ROWS_NAME
from core.runs.contenders import cells_of, contender_of
from core.runs.records import Run
from core.workspace import Workspace
from pages.shared.state import get_store, get_workspace


@dataclass(frozen=True)
class Compared:
    """Runs compared. `disagreed` is None where an obstacle lies between them; then `cells` and `trouble` are empty.

    The contenders have kept the columns of their rows, and no row.
    """

    contenders: tuple[Contender, ...]
    comparison: Comparison
    disagreed: Disagreement | None
    cells: pd.DataFrame
    trouble: str


def compared_runs(runs: Sequence[Run]) -> Compared:
    """Compare runs by what their evaluations left."""
    workspace = get_workspace()
    return _compared(workspace.home, tuple(run.id for run in runs), tuple(_stamp(workspace, run) for run in runs))


def _stamp(workspace: Workspace, run: Run) -> tuple[str, str, int, int]:
    """Return what changes whenever there is something else to say of a run."""
    folder = workspace.run_dir(run.id)
    times = [path.stat().st_mtime_ns if path.is_file() else 0 for path in (folder / DOCUMENT_NAME, folder / ROWS_NAME)]
    return run.name, run.state, times[0], times[1]


@st.cache_data(max_entries=16, ttl=600, show_spinner=False)
def _compared(home: Path, ids: tuple[str, ...], stamps: tuple[tuple[str, str, int, int], ...]) -> Compared:
    workspace, store = Workspace(home), get_store()
    contenders = [contender_of(workspace, store, store.run(run_id)) for run_id in ids]
    comparison = compare(contenders)
    stripped = tuple(
        contender if contender.rows is None else replace(contender, rows=contender.rows.schema.empty_table())
        for contender in contenders
    )
    if any(pair.obstacle not in ("", "too few common rows") for pair in comparison.pairs):
        return Compared(stripped, comparison, None, pd.DataFrame(), "")
    found = disagreement(contenders)
    cells, trouble = pd.DataFrame(), ""
    try:
        cells = cells_of(workspace, store, contenders[0].dataset_id, [row.number for row in found.rows])
    except AppError as error:
        trouble = error.sentence
    return Compared(stripped, comparison, found, cells, trouble)
