"""One job in a process of its own: `python -m core.runs.worker RUN_ID`, or `--spare` to wait for one.

It claims the run, does what was asked, writes files first and the store last, and ends. The first
SIGTERM acts like a click on Stop: what there is is kept if that takes at most four seconds.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from core.errors import AppError
from core.runs.jobs import Job, Outcome, do, import_torch
from core.runs.launch import LOG_NAME, SPARE_ARGUMENT
from core.runs.processes import this_process
from core.runs.records import ACTIVE_STATES, Run, RunState
from core.runs.reporter import NOTHING_KEPT, Reporter, remove_unfinished
from core.runs.spare import wait_for_run
from core.runs.store import Store, open_store
from core.workspace import HOME_VARIABLE, Workspace, open_workspace

OOM_SCORE = Path("/proc/self/oom_score_adj")

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Do the run named on the command line; return the exit code."""
    (run_id,) = arguments
    home: Path | None = None
    if run_id == SPARE_ARGUMENT:
        import_torch()
        order = wait_for_run(sys.stdin.buffer)
        if order is None:
            return 0
        home, run_id = order
    workspace = open_workspace(home)
    if home is not None:
        _settle_in(workspace, run_id)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    store = open_store(workspace)
    try:
        if store.move(run_id, ("queued",), "starting", process=this_process()):
            work(workspace, store, run_id)
        else:
            logger.info("Run %s is not waiting: another process has it, or it has ended.", run_id)
    finally:
        store.close()
    return 0


def work(workspace: Workspace, store: Store, run_id: str) -> None:
    """Do a run that this process has claimed, and write how it ended."""
    _offer_to_be_ended_first()
    with Reporter(store, run_id) as reporter:
        store.move(run_id, ("starting",), "running")
        run = store.run(run_id)
        logger.info("%s: %s", run.kind, run.name)
        state, message, outcome = _attempt(Job(run, workspace, store, reporter))
    _write_end(store, run, reporter, state, message, outcome)
    remove_unfinished(workspace.run_dir(run_id))


def _settle_in(workspace: Workspace, run_id: str) -> None:
    """Take on as a spare what a worker of this run is started with: its folder, and its log to write to."""
    os.environ[HOME_VARIABLE] = str(workspace.home)
    os.chdir(workspace.run_dir(run_id))
    with Path(LOG_NAME).open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())


def _attempt(job: Job) -> tuple[RunState, str, Outcome | None]:
    try:
        outcome = do(job)
    except AppError as error:
        if job.reporter.should_stop() and not job.reporter.has_epochs:
            return "stopped", NOTHING_KEPT, None
        logger.warning("%s", error.sentence)
        return "failed", error.sentence, None
    except Exception as error:
        logger.exception("The %s run failed.", job.run.kind)
        return "failed", _sentence(error), None
    return ("stopped" if job.reporter.should_stop() else "finished"), "", outcome


def _write_end(
    store: Store, run: Run, reporter: Reporter, state: RunState, message: str, outcome: Outcome | None
) -> None:
    reporter.flush()
    metrics = outcome.metrics if outcome else None
    results = outcome.results if outcome else None
    if store.move(run.id, ACTIVE_STATES, state, message=message, metrics=metrics, results=results):
        logger.info("%s. %s", state, message)


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "There was not enough memory. Leave out columns with many different values, or use fewer rows."
    if type(error).__name__ == "OutOfMemoryError":  # torch's, of the GPU
        return "The GPU ran out of memory. Choose a smaller batch size or width, or train on the CPU."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error.strerror or error}. The log says more."
    return f"An unexpected error ended the run ({type(error).__name__}). The log says more."


def _offer_to_be_ended_first() -> None:
    """When memory runs out, this process should go, not the pages."""
    with suppress(OSError):
        OOM_SCORE.write_text("500", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
