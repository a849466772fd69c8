"""What is known of a model on the rows it has not seen, as it is kept beside the model and drawn by pages.

Imports neither torch nor scikit-learn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import RunError
from core.insight.figures.bootstrap import Interval, PairedDifference
from core.workspace import write_atomically

VERSION = 1
DOCUMENT_NAME = "evaluation.json"
ROWS_NAME = "test_rows.parquet"
MOST_CLASSES_KEPT = 30  # whose probabilities are kept for each test row


@dataclass(frozen=True)
class Side:
    """One model on the test rows: the network, or a reference.

    `main` is the share that is right, or the mean absolute error in the target's unit; `figures` the others.
    `seconds` is what fitting took, on `n_rows` rows. `difference` compares the network with it on the same
    rows, by absolute errors or wrong answers: "better" is the network's. Without figures `note` says why.
    """

    name: str
    title: str
    main: Interval | None
    figures: Mapping[str, float | None]
    seconds: float | None
    n_rows: int | None
    note: str = ""
    difference: PairedDifference | None = None


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay within what was promised at a level, among the test rows, with Wilson's interval.

    `labels` is the mean number of possible labels, None for numbers.
    """

    level: float
    margin: float
    covered: float | None
    low: float | None
    high: float | None
    labels: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """The document of a model. Figures that are undefined are None; `sides` begins with the network.

    What belongs to one task only is empty for the other. `thresholds` holds the table of the rows to choose a
    threshold on, `on_validation`, and that of the test rows, `on_test`, where there are two classes.
    """

    task: str
    target: str
    class_names: tuple[str, ...]
    n_test: int
    n_validation: int
    sides: tuple[Side, ...]
    figures: Mapping[str, Any]
    calibration: Mapping[str, Any] | None
    coverage: tuple[Coverage, ...]
    before: Mapping[str, Any] = field(default_factory=dict)
    confusion: Mapping[str, Any] | None = None
    curves: tuple[Mapping[str, Any], ...] = ()
    thresholds: Mapping[str, Any] | None = None
    segments: tuple[Mapping[str, Any], ...] = ()
    worst: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for strict JSON."""
        return {"version": VERSION, **asdict(self)}


def save_evaluation(folder: Path, evaluation: Evaluation, rows: pa.Table) -> None:
    """Write the document and the test rows into `folder`. Raises DiskError."""
    data = json.dumps(evaluation.as_dict(), allow_nan=False, ensure_ascii=True).encode("ascii")
    write_atomically(folder / ROWS_NAME, lambda path: pq.write_table(rows, path, compression="zstd"))
    write_atomically(folder / DOCUMENT_NAME, data)


def load_evaluation(folder: Path) -> dict[str, Any] | None:
    """Return the document in `folder`, or None where there is none. Raises RunError where it is damaged."""
    path = folder / DOCUMENT_NAME
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"What is known of this model cannot be read ({path.name}). Evaluate it again.") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise RunError("What is known of this model was written by another version. Evaluate it again.")
    return document


def load_test_rows(folder: Path) -> pa.Table:
    """Return the test rows: `row` in the table from 1, `truth`, `prediction`, and probabilities `p0`, `p1`, …

    Raises RunError where they are gone or damaged.
    """
    try:
        return pq.read_table(folder / ROWS_NAME)
    except (OSError, pa.ArrowException) as error:
        raise RunError("The test rows of this model are gone or damaged. Evaluate it again.") from error


def probabilities_in(rows: pa.Table) -> NDArray[np.float64] | None:
    """Return the probabilities `(n, k)` of the test rows, or None where they were not kept."""
    names = [name for name in rows.column_names if name.startswith("p") and name[1:].isdigit()]
    if not names:
        return None
    return np.column_stack([rows[name].to_numpy().astype(np.float64) for name in names])
