"""SIGKILL and SIGTERM of the server in training."""

from __future__ import annotations

import asyncio
import random
import signal
import time
import urllib.request

from core.runs.processes import is_alive
from core.runs.summon import is_supervised
from tests.faults import living, soundness
from tests.faults.ground import Ground, orphans_in, wait_until
from tests.faults.tally import Tally
from tests.load.protocol import HEALTH_PATH, XSRF_COOKIE
from tests.load.session import Session, Visit
from tests.serving import Server, start_server, wait_until_it_answers

ROWS = 20_000  # so that an epoch takes a moment
GOES_ON_SECONDS = 30.0


def play(n_points: int, seed: int) -> Tally:
    """End the server `n_points` times, by turns killed and told, while a tab shows the training it looks after."""
    tally, chance = Tally("servers"), random.Random(seed)
    with living.scene(ROWS) as place:
        run = living.begin(place, epochs=living.ENDLESS)
        living.until(place, run.id, living.learning)
        for k in range(n_points):
            _round(place, run.id, k, chance, tally)
        server = _serve(place)
        _check_tab(place, run.id, server, tally)
        tally.took(living.cancel(place, run.id))
        server.process.kill()
        server.process.wait()
        tally.expect(place.store.run(run.id).attempt == 1, "the training was begun more than once")
        tally.corrupt += soundness.flaws(place, run.id)
        for process in living.found(place, living.SUPERVISOR):
            living.send(process, signal.SIGTERM)
        tally.orphans += orphans_in(place.home)
    return tally


def _round(place: Ground, run_id: str, k: int, chance: random.Random, tally: Tally) -> None:
    """Have the server call a supervisor, end the server, and see both others go on."""
    number = (signal.SIGKILL, signal.SIGTERM)[k % 2]
    for process in living.found(place, living.SUPERVISOR):
        process.kill()
    server = _serve(place)
    _check_tab(place, run_id, server, tally)
    tally.expect(wait_until(lambda: is_supervised(place.workspace), 20), f"round {k}: the page calls no supervisor")
    worker = place.store.run(run_id).process
    time.sleep(chance.random())
    reached = place.store.run(run_id).epoch
    server.process.send_signal(number)
    server.process.wait(20)
    tally.points += 1
    words = f"round {k}, {number.name}"
    goes_on = wait_until(lambda: place.store.run(run_id).epoch > reached, GOES_ON_SECONDS)
    tally.expect(goes_on, f"{words}: no epoch after {reached}: {place.words(run_id)}")
    tally.expect(worker is not None and is_alive(worker), f"{words}: the worker is gone")
    tally.expect(is_supervised(place.workspace), f"{words}: the supervisor is gone")
    tally.corrupt += [f"{words}: {flaw}" for flaw in soundness.flaws(place, run_id)]


def _serve(place: Ground) -> Server:
    server = start_server(place.home, place.home.parent / "server.log")
    wait_until_it_answers(server)
    return server


def _check_tab(place: Ground, run_id: str, server: Server, tally: Tally) -> None:
    """Open the run's address in a tab: its chart must come, and be as far as the store was."""
    stored = place.store.run(run_id).epoch
    drawn: list[int] = []
    asyncio.run(_open(server, run_id, drawn))
    tally.expect(bool(drawn), "the run's address shows no chart")
    tally.expect(max(drawn, default=0) >= stored, f"the chart ends at {drawn}, the curve at {stored} or later")


async def _open(server: Server, run_id: str, drawn: list[int]) -> None:
    visit = Visit(server.url, xsrf=_cookie(server.url))
    async with Session(visit, take_epoch=lambda epoch, _: drawn.append(epoch)) as session:
        await session.open("model", f"run={run_id}")


def _cookie(url: str) -> str:
    """Return the cookie without which the server takes no connection."""
    with urllib.request.urlopen(url + HEALTH_PATH, timeout=10) as answer:
        cookies = answer.headers.get_all("Set-Cookie") or []
    return next(cookie for cookie in cookies if cookie.startswith(XSRF_COOKIE)).split(";")[0].partition("=")[2]
