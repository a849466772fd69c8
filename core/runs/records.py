"""What the store holds, as plain frozen records, and the states a run goes through.

queued → starting → running → stopping → finished | stopped | failed | interrupted
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.runs.processes import ProcessId

RunKind = Literal["train", "distil", "score"]
RunState = Literal["queued", "starting", "running", "stopping", "finished", "stopped", "failed", "interrupted"]

ACTIVE_STATES: tuple[RunState, ...] = ("queued", "starting", "running", "stopping")
END_STATES: tuple[RunState, ...] = ("finished", "stopped", "failed", "interrupted")

STATE_WORDS: dict[str, str] = {
    "queued": "Queued",
    "starting": "Starting",
    "running": "Running",
    "stopping": "Stopping",
    "finished": "Finished",
    "stopped": "Stopped (best kept)",
    "failed": "Failed",
    "interrupted": "Interrupted",
}


@dataclass(frozen=True)
class Roles:
    """What the analyst said of the columns; a column that is not named is a feature."""

    target: str | None = None
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One table as it was read: a file, and for a workbook one of its sheets."""

    id: str
    name: str
    sha256: str  # of the uploaded file
    file_name: str
    sheet: str | None
    sheets: tuple[str, ...]
    n_rows: int
    n_columns: int
    created_at: datetime
    roles: Roles = field(default_factory=Roles)
    is_sample: bool = False


@dataclass(frozen=True)
class Run:
    """One job and how it goes. `metrics` and `results` come when it ends; `message` says why it ended so.

    `epoch` of `epochs` is how far it is; a score run counts rows there.
    """

    id: str
    kind: RunKind
    name: str
    state: RunState
    dataset_id: str
    request: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    epoch: int = 0
    epochs: int = 0
    message: str = ""
    metrics: dict[str, Any] | None = None
    results: dict[str, Any] | None = None
    stop_requested: bool = False
    starred: bool = False
    note: str = ""
    process: ProcessId | None = None

    @property
    def is_active(self) -> bool:
        """Return whether the run has not ended yet."""
        return self.state in ACTIVE_STATES

    @property
    def state_words(self) -> str:
        """Return the state as pages show it."""
        return STATE_WORDS[self.state]

    @property
    def pid(self) -> int | None:
        """Return the worker's process number, None before there is one."""
        return self.process.pid if self.process else None


@dataclass(frozen=True)
class Epoch:
    """One point of a run's curve; `seconds` is what this epoch took."""

    epoch: int
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)
