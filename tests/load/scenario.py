"""What the tabs do: some follow a training, some walk through the pages, and many only come and go."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import WebSocketException

from tests.load.curve import EpochWatch
from tests.load.memory import Process, processes_of, rss_megabytes, settled_megabytes
from tests.load.processors import Clock, Shares
from tests.load.session import Session, Visit
from tests.load.stage import Stage, log_complaints

WALK = ("", "train", "runs", "model", "predict")
SAMPLE_SECONDS = 1.0
CONNECTS_AT_ONCE = 4
CONNECTS_A_READING = 100


@dataclass(frozen=True)
class Plan:
    """How much load, and for how long; `every` replaces the interval at which charts are drawn again."""

    n_charts: int = 20
    n_walkers: int = 30
    seconds: float = 60.0
    opening_seconds: float = 15.0  # over which the tabs are opened, one after the other
    think_seconds: tuple[float, float] = (2.0, 5.0)
    every: float | None = None
    n_connects: int = 1_000
    seed: int = 7


@dataclass
class Outcome:
    """What was measured. Megabytes are of the server's process."""

    plan: Plan
    cold: Visit
    loaded: Visit
    connects: Visit
    epochs: EpochWatch
    first_epoch: int = 0
    last_epoch: int = 0
    cores: Shares = field(default_factory=lambda: Shares(math.nan, math.nan, math.nan, math.nan))
    peak_megabytes: float = 0.0
    megabytes_by_connects: list[tuple[int, float]] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


async def play(stage: Stage, plan: Plan) -> Outcome:
    """Open every page once, then put the load on, then let tabs come and go.

    Raises RuntimeError when the training ends under the load, for then the charts were not live.
    """
    log_began = stage.server.log.stat().st_size
    cold, loaded, connects = (Visit(stage.server.url, stage.xsrf) for _ in range(3))
    outcome = Outcome(plan, cold, loaded, connects, EpochWatch(stage.store, stage.training_run))
    await _walk_once(stage, outcome.cold)
    async with _beside(outcome.epochs.look(), _sample_memory(stage, outcome)):
        await _put_load_on(stage, outcome)
        outcome.processes = processes_of(stage.server.home, stage.server.process.pid)
    if not (run := stage.store.run(stage.training_run)).is_active:
        raise RuntimeError(f"the training has ended under the load: {run.state_words}. {run.message}")
    if plan.n_connects:
        await _connect_often(stage, outcome)
    outcome.log = log_complaints(stage.server, log_began)
    return outcome


async def _walk_once(stage: Stage, visit: Visit) -> None:
    async with _tab(visit) as tab:
        for page in WALK:
            await tab.open(page, _query(stage, page))


async def _put_load_on(stage: Stage, outcome: Outcome) -> None:
    plan, ends = outcome.plan, time.monotonic() + outcome.plan.seconds
    n_tabs = plan.n_charts + plan.n_walkers
    delays = [plan.opening_seconds * at / n_tabs for at in range(n_tabs)]
    random.Random(plan.seed).shuffle(delays)
    charts, walkers = delays[: plan.n_charts], delays[plan.n_charts :]
    clock = Clock(stage.server.home, stage.server.process.pid)
    outcome.first_epoch = outcome.epochs.newest
    await asyncio.gather(
        *(_follow_training(stage, outcome, delay, ends) for delay in charts),
        *(_walk(stage, outcome, delay, ends, random.Random(f"{plan.seed} {delay}")) for delay in walkers),
    )
    outcome.cores, outcome.last_epoch = clock.shares(), outcome.epochs.newest


async def _follow_training(stage: Stage, outcome: Outcome, delay: float, ends: float) -> None:
    """Open the training's page and let its fragments draw themselves again."""
    await asyncio.sleep(delay)
    async with _tab(outcome.loaded, every=outcome.plan.every, take_epoch=outcome.epochs.new_tab()) as tab:
        await tab.open("model", f"run={stage.training_run}")
        await asyncio.sleep(max(0.0, ends - time.monotonic()))


async def _walk(stage: Stage, outcome: Outcome, delay: float, ends: float, chances: random.Random) -> None:
    """Open a page by its address, then go from page to page, thinking on each."""
    await asyncio.sleep(delay)
    page = chances.choice(WALK)
    async with _tab(outcome.loaded) as tab:
        await tab.open(page, _query(stage, page))
        while (pause := chances.uniform(*outcome.plan.think_seconds)) < ends - time.monotonic():
            await asyncio.sleep(pause)
            page = chances.choice([other for other in WALK if other != page])
            await tab.follow(page, _query(stage, page))


async def _connect_often(stage: Stage, outcome: Outcome) -> None:
    """Let tabs connect, open one page and leave, a few at a time; read the memory now and then."""
    pid, n = stage.server.process.pid, outcome.plan.n_connects
    outcome.megabytes_by_connects = [(0, await settled_megabytes(pid))]
    lanes = asyncio.Semaphore(CONNECTS_AT_ONCE)
    for begin in range(0, n, CONNECTS_A_READING):
        end = min(begin + CONNECTS_A_READING, n)
        await asyncio.gather(*(_come_and_go(stage, outcome.connects, lanes, at) for at in range(begin, end)))
        outcome.megabytes_by_connects.append((end, rss_megabytes(pid)))
    outcome.megabytes_by_connects.append((n, await settled_megabytes(pid)))


async def _come_and_go(stage: Stage, visit: Visit, lanes: asyncio.Semaphore, at: int) -> None:
    page = WALK[at % len(WALK)]
    async with lanes, _tab(visit) as tab:
        await tab.open(page, _query(stage, page))


async def _sample_memory(stage: Stage, outcome: Outcome) -> None:
    while True:
        outcome.peak_megabytes = max(outcome.peak_megabytes, rss_megabytes(stage.server.process.pid))
        await asyncio.sleep(SAMPLE_SECONDS)


@asynccontextmanager
async def _tab(visit: Visit, **options: Any) -> AsyncIterator[Session]:
    """Open a tab; a server that does not take it is a failure like any other."""
    try:
        async with Session(visit, **options) as tab:
            yield tab
    except (OSError, TimeoutError, WebSocketException) as error:
        visit.notes.fail("", f"no connection: {type(error).__name__} {error}")


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do some work beside the block, for as long as it lasts."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _query(stage: Stage, page: str) -> str:
    return {"": f"dataset={stage.dataset}", "model": f"run={stage.finished_run}"}.get(page, "")
