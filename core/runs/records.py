"""What the store holds, as plain frozen records, and the states a run goes through.

queued → starting → running, from where it ends by itself or by way of stopping, pausing or cancelling.
A run that is paused or interrupted rests: no process works on it, and it can be resumed from its
checkpoint. Finished, stopped and failed are final.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.runs.processes import ProcessId

RunKind = Literal["train", "distil", "score"]
RunState = Literal[
    "queued",
    "starting",
    "running",
    "pausing",
    "stopping",
    "cancelling",
    "paused",
    "interrupted",
    "finished",
    "stopped",
    "failed",
]

DOING = "doing"  # among the vitals: what a worker does after the last epoch, in words
LEADERBOARD = "leaderboard"  # among the vitals, and the results: how the networks of a blend stand

ACTIVE_STATES: tuple[RunState, ...] = ("queued", "starting", "running", "pausing", "stopping", "cancelling")
RESTING_STATES: tuple[RunState, ...] = ("paused", "interrupted")
END_STATES: tuple[RunState, ...] = ("finished", "stopped", "failed")

_OUT_OF_WORK: tuple[RunState, ...] = ("interrupted", *END_STATES)
TRANSITIONS: Mapping[RunState, tuple[RunState, ...]] = {
    "queued": ("starting", "paused", "interrupted", "stopped", "failed"),
    "starting": ("running", "pausing", "stopping", "cancelling", *_OUT_OF_WORK),
    "running": ("pausing", "stopping", "cancelling", *_OUT_OF_WORK),
    "pausing": ("paused", "stopping", "cancelling", *_OUT_OF_WORK),
    "stopping": ("cancelling", *_OUT_OF_WORK),
    "cancelling": _OUT_OF_WORK,
    "paused": ("queued",),
    "interrupted": ("queued",),
    "finished": (),
    "stopped": (),
    "failed": (),
}

STATE_WORDS: dict[str, str] = {
    "queued": "Queued",
    "starting": "Starting",
    "running": "Running",
    "pausing": "Pausing",
    "stopping": "Stopping",
    "cancelling": "Ending",
    "paused": "Paused (can resume)",
    "interrupted": "Interrupted (can resume)",
    "finished": "Finished",
    "stopped": "Stopped (best kept)",
    "failed": "Failed",
}


@dataclass(frozen=True)
class Roles:
    """What the analyst said of the columns; a column that is not named is a feature.

    `categories` are features whose numbers are codes; the rows are in order of the column `time` where
    there is one, so that the latest of them are kept aside for the test.
    """

    target: str | None = None
    excluded: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    time: str | None = None


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

    `epoch` of `epochs` is how far it is; a score run counts rows there. `seconds` is the time that
    processes have worked on it, by their own clocks. `trouble` is what is wrong while it is active,
    `vitals` what its process says of itself, `baseline_loss` what guessing reaches on the rows that the
    curve judges, and `damage` what cannot be read of the record.
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
    queued_at: datetime | None = None
    attempt: int = 0
    seconds: float = 0.0
    trouble: str = ""
    vitals: dict[str, Any] | None = None
    baseline_loss: float | None = None
    parent_run: str | None = None
    damage: str = ""

    @property
    def is_active(self) -> bool:
        """Return whether a process works on the run, or will."""
        return self.state in ACTIVE_STATES

    @property
    def is_resting(self) -> bool:
        """Return whether nothing works on the run, and it could be resumed."""
        return self.state in RESTING_STATES

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
