"""The worker's link to the store while its main thread computes: epochs go out, a wish to stop comes in.

A thread of its own does both four times a second, so that training never waits for the database,
and so that a job which is asked to end does end, whatever its main thread is busy with.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Protocol

from core.errors import AppError
from core.runs.records import ACTIVE_STATES, END_STATES, Epoch, RunState
from core.runs.store import Store

TICK_SECONDS = 0.25
STOP_SECONDS = 3.0  # after a wish to stop, while there is nothing yet that could be kept
TERM_SECONDS = 4.0  # after SIGTERM, whatever there is
NOTHING_KEPT = "Stopped before there was anything to keep."

logger = logging.getLogger(__name__)


class EpochFigures(Protocol):
    """What the training loop tells of an epoch; `seconds` is what the epoch took."""

    @property
    def epoch(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def validation_loss(self) -> float | None: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def seconds(self) -> float: ...


class Reporter:
    """Hands `on_epoch` and `should_stop` to a training; both return at once.

    The first SIGTERM or SIGINT acts like a click on Stop, with `TERM_SECONDS` to keep what there
    is; the second ends the process at once. To be used as a context manager on the main thread.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._lock = threading.Lock()
        self._pending: list[Epoch] = []
        self._rows_done: int | None = None
        self._has_epochs = False
        self._stop = threading.Event()
        self._closing = threading.Event()
        self._deadline: tuple[float, RunState, str] | None = None
        self._ears, self._mouth = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def __enter__(self) -> Reporter:
        self._mouth.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # the thread hears of it through the socket
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._wake()
        self._thread.join()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        self._ears.close()
        self._mouth.close()

    def on_epoch(self, report: EpochFigures) -> None:
        """Take note of an epoch; it is in the store within `TICK_SECONDS`, the first one at once."""
        with self._lock:
            self._pending.append(
                Epoch(report.epoch, report.train_loss, report.validation_loss, report.learning_rate, report.seconds)
            )
        if not self._has_epochs:
            self._has_epochs = True
            self._wake()

    def on_rows(self, rows_done: int) -> None:
        """Take note of how many rows are predicted."""
        self._rows_done = rows_done

    def should_stop(self) -> bool:
        """Return whether someone asked the run to stop."""
        return self._stop.is_set()

    @property
    def has_epochs(self) -> bool:
        """Return whether an epoch has ended, so that there is something to keep."""
        return self._has_epochs

    def flush(self) -> None:
        """Write what waits; it stays waiting when the store does not take it."""
        with self._lock:
            waiting, rows_done = list(self._pending), self._rows_done
        if rows_done is not None:
            self._store.set_epoch(self._run_id, rows_done)
        self._store.add_epochs(self._run_id, waiting)
        with self._lock:
            del self._pending[: len(waiting)]
            self._rows_done = None if self._rows_done == rows_done else self._rows_done

    def _wake(self) -> None:
        self._mouth.send(b"\0")

    def _run(self) -> None:
        while not self._closing.is_set():
            heard, _, _ = select.select([self._ears], [], [], TICK_SECONDS)
            signals = [byte for byte in self._ears.recv(64) if byte] if heard else []
            try:
                self._tick(signals)
            except AppError as error:
                logger.warning("The store did not answer: %s", error.sentence)
            self._leave_if_overdue()

    def _tick(self, signals: list[int]) -> None:
        if signals:
            self._heed(signals)
        self.flush()
        state = self._store.state(self._run_id)
        if state is None or state in END_STATES:
            self._exit("The run was ended or deleted from outside.")
        if state == "stopping" and not self._stop.is_set():
            self._stop.set()
            self._deadline = self._deadline or (time.monotonic() + STOP_SECONDS, "stopped", NOTHING_KEPT)

    def _heed(self, signals: list[int]) -> None:
        if len(signals) > 1 or (self._deadline and self._deadline[1] == "interrupted"):
            self._end("interrupted", "The process was told to end twice, and ended at once.")
        message = "The process was told to end (SIGTERM) before it could keep a model. Start the run again."
        self._deadline = (time.monotonic() + TERM_SECONDS, "interrupted", message)
        self._stop.set()
        self._store.request_stop(self._run_id)

    def _leave_if_overdue(self) -> None:
        if self._deadline is None or self._closing.is_set():
            return
        moment, state, message = self._deadline
        if time.monotonic() > moment and not (state == "stopped" and self._has_epochs):
            self._end(state, message)

    def _end(self, state: RunState, message: str) -> None:
        try:
            ended = self._store.move(self._run_id, ACTIVE_STATES, state, message=message)
        except AppError as error:
            ended, message = True, f"{message} {error.sentence}"
        if ended:
            self._exit(message)

    def _exit(self, message: str) -> None:
        """End the process from this thread: the main thread may be deep in a computation."""
        logger.warning("%s", message)
        logging.shutdown()
        remove_unfinished(self._store.workspace.run_dir(self._run_id))
        os._exit(0)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files of writes that did not come to their end."""
    for path in folder.glob(".*"):
        path.unlink(missing_ok=True)
