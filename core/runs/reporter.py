"""The worker's link to the store while its main thread computes: epochs go out, a wish to stop comes in.

A thread of its own does both four times a second, so that training never waits for the database,
and so that a job which is asked to end does end, whatever its main thread is busy with.
"""

from __future__ import annotations

import logging
import math
import os
import select
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import psutil

from core.errors import AppError
from core.leaderboard import Leaderboard
from core.runs.records import ACTIVE_STATES, DOING, LEADERBOARD, Epoch, Run, RunState
from core.runs.store import Store

TICK_SECONDS = 0.25
VITALS_SECONDS = 1.0
STOP_SECONDS = 3.0  # after a wish to stop or pause, while there is nothing yet that could be kept
TERM_SECONDS = 4.0  # after SIGTERM, whatever there is
NOTHING_KEPT = "Stopped before there was anything to keep."
TOLD_TO_END = "The process was told to end (SIGTERM)."

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
    @property
    def baseline_loss(self) -> float | None: ...


class Reporter:
    """Hands `on_epoch`, `on_board`, `should_stop` and `should_pause` to a training; all return at once.

    The first SIGTERM or SIGINT acts like a click on Pause, with `TERM_SECONDS` to write down where
    the training is; the second ends the process at once. To be used as a context manager on the
    main thread.
    """

    def __init__(
        self, store: Store, run: Run, vitals: Callable[[], dict[str, Any]] = dict, *, has_epochs: bool = False
    ) -> None:
        self._store = store
        self._run_id = run.id
        self._vitals = vitals
        self._seconds_before, self._began = run.seconds, time.monotonic()
        self._vitals_at = -math.inf
        self._lock = threading.Lock()
        self._pending: list[Epoch] = []
        self._baseline_loss: float | None = None
        self._rows_done: int | None = None
        self._steps = 0
        self._doing = ""
        self._board: Leaderboard | None = None
        self._is_under_way = False
        self._has_epochs = has_epochs  # of an earlier attempt
        self._stop, self._pause, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._told_to_end = False
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
        self._has_epochs = True
        if not self._is_under_way:
            self._is_under_way = True
            self._baseline_loss = report.baseline_loss
            self._wake()

    def on_board(self, board: Leaderboard) -> None:
        """Take note of how the networks of a blend stand; the last one is in the store within `VITALS_SECONDS`."""
        self._board = board

    def restore(self, epochs: Sequence[Epoch]) -> None:
        """Take up the curve of an earlier attempt; what the store has beyond it is forgotten."""
        self._store.set_epochs(self._run_id, epochs)
        self._has_epochs = bool(epochs)

    def on_rows(self, rows_done: int) -> None:
        """Take note of how many rows are predicted."""
        self._rows_done = rows_done

    def now_doing(self, sentence: str) -> None:
        """Take note of what comes after the last epoch, in words for the page."""
        self._doing = sentence
        self._vitals_at = -math.inf
        self._wake()

    def should_stop(self) -> bool:
        """Return whether someone asked the run to stop. Every step asks, so this counts them."""
        self._steps += 1
        return self._stop.is_set()

    def should_pause(self) -> bool:
        """Return whether someone asked the run to pause, or the process to end."""
        return self._pause.is_set()

    @property
    def is_stopped(self) -> bool:
        """Return whether someone asked the run to stop."""
        return self._stop.is_set()

    @property
    def is_told_to_end(self) -> bool:
        """Return whether a signal told the process to end."""
        return self._told_to_end

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
        if waiting and self._baseline_loss is not None:
            self._store.set_baseline(self._run_id, self._baseline_loss)
            self._baseline_loss = None
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
            except Exception:  # whatever it is, a run must not lose the thread that hears a wish to stop
                logger.exception("The reporter could not do all of its work.")
            self._leave_if_overdue()

    def _tick(self, signals: list[int]) -> None:
        if signals:
            self._heed(signals)
        self.flush()
        state = self._store.state(self._run_id)
        if state not in ACTIVE_STATES or state == "cancelling":
            self._exit("The run was ended or deleted from outside.")
        if state == "stopping" and not self._stop.is_set():
            self._stop.set()
            self._deadline = self._deadline or (time.monotonic() + STOP_SECONDS, "stopped", NOTHING_KEPT)
        if state == "pausing" and not self._pause.is_set():
            self._pause.set()
            self._deadline = self._deadline or (time.monotonic() + STOP_SECONDS, "paused", "")
        self._show_vitals()

    def _show_vitals(self) -> None:
        now = time.monotonic()
        if now - self._vitals_at >= VITALS_SECONDS:
            self._vitals_at = now
            seconds = self._seconds_before + now - self._began
            told: dict[str, Any] = {DOING: self._doing} if self._doing else {}
            told |= {LEADERBOARD: self._board.as_dict()} if self._board else {}
            self._store.set_vitals(self._run_id, {**self._vitals(), "steps": self._steps, **told}, seconds)

    def _heed(self, signals: list[int]) -> None:
        if len(signals) > 1 or self._told_to_end:
            self._end("interrupted", f"{TOLD_TO_END[:-1]} twice, and ended at once.")
        self._told_to_end = True
        self._deadline = (time.monotonic() + TERM_SECONDS, "interrupted", TOLD_TO_END)
        self._pause.set()

    def _leave_if_overdue(self) -> None:
        if self._deadline is None or self._closing.is_set():
            return
        moment, state, message = self._deadline
        if time.monotonic() > moment and (state == "interrupted" or not self._has_begun(state)):
            self._end(state, message)

    def _has_begun(self, state: RunState) -> bool:
        """Return whether there is something to keep, or a training that will write down where it is."""
        return self._has_epochs if state == "stopped" else self._steps > 0

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
        end_descendants()
        remove_unfinished(self._store.workspace.run_dir(self._run_id))
        os._exit(0)


def end_descendants() -> None:
    """Kill what this process has started; once it is gone itself, nobody could tell whose they are."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.kill()


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files and folders of writes that did not come to their end."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
