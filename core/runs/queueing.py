"""Which of the waiting runs may start now: a limit for the processors, one job for each GPU, order kept."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from core.runs.launch import cpu_budget
from core.runs.records import Run

LIMIT_VARIABLE = "ROWSMITH_MAX_JOBS"
CPU = "cpu"
SCORING = "scoring"

logger = logging.getLogger(__name__)


def job_limit() -> int:
    """Return how many trainings may use the processors at once: ROWSMITH_MAX_JOBS, else all cores but one."""
    asked, usual = os.environ.get(LIMIT_VARIABLE, ""), max(1, cpu_budget() - 1)
    if asked and not (asked.isdecimal() and int(asked) > 0):
        logger.warning("%s is %r, which is no whole number above 0; %d is taken.", LIMIT_VARIABLE, asked, usual)
        return usual
    return int(asked or usual)


def startable(runs: Sequence[Run], given: Collection[str], limit: int, *, has_gpu: bool) -> Iterator[Run]:
    """Yield those of the active `runs` that may start, in their order; `given` are the ids that have a process.

    A lane that is full holds up only its own: predictions, which someone waits for, have a lane of
    one beside the trainings.
    """
    waiting = [run for run in runs if run.state == "queued" and run.id not in given]
    taken = Counter(lane_of(run, has_gpu=has_gpu) for run in runs if run not in waiting)
    for run in waiting:
        lane = lane_of(run, has_gpu=has_gpu)
        if taken[lane] < (limit if lane == CPU else 1):
            taken[lane] += 1
            yield run


def lane_of(run: Run, *, has_gpu: bool) -> str:
    """Return what a run takes a share of: the processors, one GPU such as `cuda:0`, or the predictions' place."""
    if run.kind == "score":
        return SCORING
    device = run.request.get("device") or ("cuda" if has_gpu else CPU)
    return "cuda:0" if device == "cuda" else str(device)
