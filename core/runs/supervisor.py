"""Looks after the runs of one workspace: `python -m core.runs.supervisor`.

It starts waiting runs in their order, notes when one does not get on, ends those that shall end,
and says why a process is gone. There is one for each workspace, by a lock; it lives in a session of
its own, so that neither a server nor a terminal takes it along, and it ends when nothing is left to
do. It never imports torch. Workers do not need it: when it is gone they go on, and the next one
takes them over.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import AppError
from core.runs import summon
from core.runs.cancel import TOLD_SECONDS, Ending, family_of, kill, tell_to_end
from core.runs.checkpoints import resume_words
from core.runs.launch import keep_spare, start_worker, threads_for
from core.runs.liveness import Death, Sign, log_tail, oom_kills, sign_of, trouble_of, verdict
from core.runs.preflight.devices import find_devices
from core.runs.processes import is_alive
from core.runs.queueing import job_limit, startable
from core.runs.records import Run, RunState
from core.runs.spare import IDLE_SECONDS as WARM_SECONDS
from core.runs.spare import SpareWorker
from core.runs.store import Store, open_store
from core.workspace import Workspace, open_workspace

TICK_SECONDS = 0.5
LOOK_SECONDS = 0.03  # between two looks at the file that wakes it
LAUNCH_SECONDS = 60.0  # for a process to claim its run
LAUNCHES = 2
LEAVING_SECONDS = 5.0
IDLE_SECONDS = 30.0
START_SECONDS = 5.0  # after a run was started, in which no spare takes its processor time
SPARE_SECONDS = 30.0  # between two spares, should they end before they get a run
LOCK_SECONDS = 1.0  # of waiting for a lock that someone may only be looking at

logger = logging.getLogger(__name__)


@dataclass
class _Launch:
    """A worker this supervisor has started, until it is gone."""

    process: subprocess.Popen[bytes]
    attempt: int  # of the run when it was started; the worker counts it up when it claims the run
    started_at: float
    oom_kills: int
    count: int
    gone_at: float = 0.0


@dataclass
class Supervisor:
    """What one supervisor knows. Times are its own monotonic seconds; the rest is in the store."""

    workspace: Workspace
    store: Store
    limit: int
    has_gpu: bool
    spare: SpareWorker = field(default_factory=SpareWorker)
    _launches: dict[str, _Launch] = field(default_factory=dict)
    _signs: dict[str, Sign] = field(default_factory=dict)
    _endings: dict[str, Ending] = field(default_factory=dict)
    warm_mark: int = 0  # when someone last asked for a spare, as the file says
    _warm_until: float = 0.0
    _next_spare_at: float = 0.0

    def look(self) -> bool:
        """Look once at every active run and do what is due; return whether there is anything to stay for."""
        runs = self.store.active_runs()
        self._forget_all_but({run.id for run in runs})
        for run in runs:
            if run.state == "queued":
                self._await_claim(run)
            else:
                self._attend(run)
        waiting = self.store.active_runs()  # some may have ended just now
        for run in startable(waiting, self._launches, self.limit, has_gpu=self.has_gpu):
            self._launch(run)
        is_warm = self._keep_warm()
        return is_warm or bool(waiting) or bool(self._launches)

    def _launch(self, run: Run, count: int = 1) -> None:
        try:
            process = start_worker(self.workspace, run.id, threads_for(len(self._launches) + 1), self.spare)
        except (AppError, OSError) as error:
            sentence = error.sentence if isinstance(error, AppError) else f"No process could be started: {error}."
            self._end(run, "interrupted", sentence)
            return
        now = time.monotonic()
        self._launches[run.id] = _Launch(process, run.attempt, now, oom_kills(), count)
        self._next_spare_at = now + START_SECONDS
        logger.info("Run %s is given to process %d.", run.id, process.pid)

    def _await_claim(self, run: Run) -> None:
        """Deal with a run whose worker was started and has not claimed it: gone before that, or too slow."""
        launch = self._launches.get(run.id)
        if launch is None:
            return
        code = launch.process.poll()
        if launch.attempt != run.attempt or code == 0:  # of an earlier attempt, or it came when nothing was waiting
            if code is not None:
                del self._launches[run.id]
        elif code is None and time.monotonic() - launch.started_at > LAUNCH_SECONDS:
            launch.process.kill()
        elif code is not None and code < 0 and launch.count < LAUNCHES:
            self._launch(run, launch.count + 1)  # killed before it had begun: nothing is lost by another one
        elif code is not None and self.store.run(run.id).state == "queued":
            self._explain(run)

    def _attend(self, run: Run) -> None:
        """See whether a run's process lives, gets on, or shall end."""
        self._reap(run)
        if run.process is None or not is_alive(run.process):
            self._bury(run)
        elif run.state == "cancelling":
            self._end_processes(run)
        else:
            self._listen(run)

    def _end_processes(self, run: Run) -> None:
        now = time.monotonic()
        if run.process is not None and run.id not in self._endings:
            self._endings[run.id] = tell_to_end(run.process, now)
        elif now - self._endings[run.id].told_at > TOLD_SECONDS:
            kill(self._endings[run.id])

    def _bury(self, run: Run) -> None:
        """Mark a run whose process is gone, unless it ended well meanwhile, and end what it has left behind."""
        if self._is_leaving(run):
            return
        if run.process is not None and (left := family_of(run.process)):
            kill(Ending(left, time.monotonic()))
        if self.store.state(run.id) == run.state:
            self._explain(run)

    def _listen(self, run: Run) -> None:
        """Note when a run does not get on, and when it does again."""
        if run.process is None:
            return
        now = time.monotonic()
        sign = self._signs[run.id] = sign_of(run, run.process, now, self._signs.get(run.id))
        trouble = trouble_of(run.process, now - sign.moment)
        if trouble != run.trouble:
            self.store.set_trouble(run.id, trouble)

    def _explain(self, run: Run) -> None:
        """Write down why a run's process is gone; a launch that is over must not stand for the next attempt."""
        state, message = verdict(run, self._death(run))
        launch = self._launches.get(run.id)
        if launch is not None and launch.process.poll() is not None:
            del self._launches[run.id]
        self._end(run, state, message)

    def _end(self, run: Run, state: RunState, message: str) -> None:
        if state == "interrupted":
            message = f"{message} {resume_words(self.workspace, run)}"
        if self.store.move(run.id, (run.state,), state, message=message, trouble=""):
            logger.info("Run %s: %s. %s", run.id, state, message)

    def _death(self, run: Run) -> Death:
        launch = self._launches.get(run.id)
        is_own = launch is not None and (run.process is None or launch.process.pid == run.process.pid)
        log = "\n".join(log_tail(self.workspace, run.id, 40))
        if launch is None or not is_own:
            return Death(None, log)
        return Death(launch.process.poll(), log, oom_kills() > launch.oom_kills)

    def _is_leaving(self, run: Run) -> bool:
        """Return whether a child has no life left and no exit code yet, for its last threads are still to go."""
        launch = self._launches.get(run.id)
        if launch is None or run.process is None or launch.process.pid != run.process.pid:
            return False
        now = time.monotonic()
        launch.gone_at = launch.gone_at or now
        return launch.process.poll() is None and now - launch.gone_at < LEAVING_SECONDS

    def _reap(self, run: Run) -> None:
        """Let a child that has ended go, for until then it looks alive to those who only ask for its number."""
        launch = self._launches.get(run.id)
        if launch is not None:
            launch.process.poll()

    def _forget_all_but(self, run_ids: set[str]) -> None:
        """Let go of what concerns runs that are over, once their processes are."""
        for run_id in [known for known in self._launches if known not in run_ids]:
            if self._launches[run_id].process.poll() is not None:
                del self._launches[run_id]
        for memory in (self._signs, self._endings):
            for run_id in [known for known in memory if known not in run_ids]:
                del memory[run_id]

    def _keep_warm(self) -> bool:
        """Keep a spare worker while someone has lately been about to start a run; return whether that is so."""
        now = time.monotonic()
        mark = _changed_at(self.workspace.home / summon.WARM_NAME)
        if mark != self.warm_mark:
            self.warm_mark, self._warm_until = mark, now + WARM_SECONDS if mark else now
        if now >= self._warm_until:
            self.spare.dismiss()
            return False
        if not self.spare.is_waiting and now >= self._next_spare_at:
            self._next_spare_at = now + SPARE_SECONDS
            keep_spare(self.workspace, self.spare)
        return True


def main() -> int:
    """Supervise the workspace until nothing is left to do; return the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    workspace = open_workspace()
    store = open_store(workspace)
    while _supervise_if_free(workspace, store) and store.active_runs():
        logger.info("A run came at the last moment.")
    store.close()
    return 0


def _supervise_if_free(workspace: Workspace, store: Store) -> bool:
    """Supervise until idle if no other does; tell whether it was so. Someone may only be looking at the lock."""
    deadline = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < deadline:
        with summon.the_lock(workspace) as is_mine:
            if is_mine:
                supervise(workspace, store)
                return True
        time.sleep(LOOK_SECONDS)
    return False


def supervise(workspace: Workspace, store: Store) -> None:
    """Look after the runs until there has been nothing to do for a while, or the workspace is gone."""
    logger.info("Supervising %s as process %d.", workspace.home, os.getpid())
    supervisor = Supervisor(workspace, store, job_limit(), find_devices().has_gpu)
    warm_at = _changed_at(workspace.home / summon.WARM_NAME)
    if not 0 <= time.time_ns() - warm_at < WARM_SECONDS * 1e9:
        supervisor.warm_mark = warm_at  # nobody is about to start a run: that was long ago
    try:
        _look_until_idle(supervisor)
    finally:
        supervisor.spare.dismiss()


def _look_until_idle(supervisor: Supervisor) -> None:
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < IDLE_SECONDS and supervisor.workspace.home.is_dir():
        woken_at = _changed_at(supervisor.workspace.home / summon.WAKE_NAME)
        try:
            if supervisor.look():
                idle_since = time.monotonic()
        except AppError as error:
            logger.warning("%s", error.sentence)
        _rest(supervisor.workspace.home / summon.WAKE_NAME, woken_at)


def _rest(path: Path, woken_at: float) -> None:
    """Return after a tick, or as soon as someone wakes the supervisor."""
    deadline = time.monotonic() + TICK_SECONDS
    while time.monotonic() < deadline and _changed_at(path) == woken_at:
        time.sleep(LOOK_SECONDS)


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
