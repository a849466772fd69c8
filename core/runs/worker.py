"""One job in a process of its own: `python -m core.runs.worker RUN_ID`, or `--spare` to wait for one.

It claims the run, does what was asked, writes files first and the store last, and ends. The first
SIGTERM acts like a click on Pause: the training writes down where it is, and can be resumed.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import AppError, CheckpointError, CheckpointMismatchError, DiskError, TrainingPaused
from core.runs.checkpoints import CHECKPOINT_NAME, resume_words, set_aside
from core.runs.jobs import Job, Outcome, do, import_torch
from core.runs.launch import LOG_NAME, SPARE_ARGUMENT, THREAD_VARIABLES
from core.runs.liveness import EXIT_LATER
from core.runs.processes import this_process
from core.runs.records import ACTIVE_STATES, Run, RunState
from core.runs.reporter import NOTHING_KEPT, TOLD_TO_END, Reporter, remove_unfinished
from core.runs.spare import Order, wait_for_run
from core.runs.store import Store, open_store
from core.runs.vitals import vitals
from core.workspace import HOME_VARIABLE, Workspace, open_workspace

WRITE_SECONDS = 10.0
OOM_SCORE = Path("/proc/self/oom_score_adj")

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Do the run named on the command line; return the exit code."""
    (run_id,) = arguments
    if run_id == SPARE_ARGUMENT:
        import_torch()
        order = wait_for_run(sys.stdin.buffer)
        if order is None:
            return 0
        run_id = order.run_id
        _settle_in(order)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        claim_and_work(open_workspace(), run_id)
    except DiskError as error:  # not even the store could be told; the supervisor reads this last line
        with suppress(OSError):
            sys.stderr.write(f"{error.sentence}\n")
        return EXIT_LATER
    return 0


def claim_and_work(workspace: Workspace, run_id: str) -> None:
    """Do the run unless another process has it or it has ended."""
    store = open_store(workspace)
    try:
        if store.claim(run_id, this_process()):
            work(workspace, store, run_id)
        else:
            logger.info("Run %s is not waiting: another process has it, or it has ended.", run_id)
    finally:
        store.close()


def work(workspace: Workspace, store: Store, run_id: str) -> None:
    """Do a run that this process has claimed, and write how it ended."""
    _offer_to_be_ended_first()
    run = store.run(run_id)
    has_epochs = (workspace.run_dir(run_id) / CHECKPOINT_NAME).exists()
    with Reporter(store, run, vitals, has_epochs=has_epochs) as reporter:
        store.move(run_id, ("starting",), "stopping" if run.stop_requested else "running")
        logger.info("%s: %s", run.kind, run.name)
        ended = _attempt(Job(run, workspace, store, reporter))
    remove_unfinished(workspace.run_dir(run_id))
    _write_end(store, run, reporter, ended)


def _settle_in(order: Order) -> None:
    """Take on as a spare what a worker is started with: workspace, threads, folder, and a log to write to."""
    os.environ[HOME_VARIABLE] = str(order.home)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(order.threads)))
    os.chdir(open_workspace().run_dir(order.run_id))
    with Path(LOG_NAME).open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())


@dataclass(frozen=True)
class _End:
    state: RunState
    message: str = ""
    outcome: Outcome | None = None


def _attempt(job: Job) -> _End:
    """Do the job; return how it ended. What may be otherwise another time leaves a run that can be resumed."""
    try:
        outcome = do(job)
    except TrainingPaused:
        return _rest(job, TOLD_TO_END) if job.reporter.is_told_to_end else _End("paused")
    except CheckpointMismatchError as error:  # the file is sound, and no attempt will fit it better
        return _End("failed", error.sentence)
    except CheckpointError as error:
        set_aside(job.folder)
        return _rest(job, error.sentence)
    except AppError as error:
        return _end_of(job, error)
    except Exception as error:
        logger.exception("The %s run failed.", job.run.kind)
        sentence = _sentence(error)
        return _rest(job, sentence) if isinstance(error, OSError) else _End("failed", sentence)
    return _End("stopped" if job.reporter.is_stopped else "finished", outcome=outcome)


def _end_of(job: Job, error: AppError) -> _End:
    if job.reporter.is_stopped and not job.reporter.has_epochs:
        return _End("stopped", NOTHING_KEPT)
    logger.warning("%s", error.sentence)
    return _rest(job, error.sentence) if isinstance(error, (DiskError, OSError)) else _End("failed", error.sentence)


def _rest(job: Job, sentence: str) -> _End:
    return _End("interrupted", f"{sentence} {resume_words(job.workspace, job.run)}")


def _write_end(store: Store, run: Run, reporter: Reporter, end: _End) -> None:
    """Tell the store how the run ended; a disk that is full just now is given a while."""
    metrics = end.outcome.metrics if end.outcome else None
    results = end.outcome.results if end.outcome else None
    deadline = time.monotonic() + WRITE_SECONDS
    while True:
        try:
            reporter.flush()
            if store.move(run.id, ACTIVE_STATES, end.state, message=end.message, metrics=metrics, results=results):
                logger.info("%s. %s", end.state, end.message)
            return
        except DiskError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):  # torch's own way of saying it
        return (
            "There was not enough memory. Leave out columns with many different values, "
            "use fewer rows or a smaller network."
        )
    if type(error).__name__ == "OutOfMemoryError":  # torch's, of the GPU
        return "The GPU ran out of memory. Choose a smaller batch size or width, or train on the CPU."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error.strerror or error}."
    return f"An unexpected error ended the run ({type(error).__name__}). The log says more."


def _offer_to_be_ended_first() -> None:
    """When memory runs out, this process should go, not the pages."""
    with suppress(OSError):
        OOM_SCORE.write_text("500", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
