"""When an epoch is in the store, and when a tab has a chart with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from core.runs.store import Store

LOOK_SECONDS = 0.1


class EpochWatch:
    """Times from the store to the charts of several tabs.

    An epoch counts as stored from the last look that did not find it yet, so that a time is never
    too short, and too long by `LOOK_SECONDS` at most. `newest` is the last epoch that is stored.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._stored_at: dict[int, float] = {}
        self._first = self.newest = max((epoch.epoch for epoch in store.epochs(run_id)), default=0)
        self._looked_at = time.monotonic()
        self.seconds: list[float] = []

    async def look(self) -> None:
        """Note new epochs of the run, until cancelled."""
        while True:
            self._looked_at = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            for epoch in self._store.epochs(self._run_id, after=self.newest):
                self._stored_at[epoch.epoch] = self._looked_at
                self.newest = epoch.epoch

    def new_tab(self) -> Callable[[int, float], None]:
        """Return what one tab calls with the newest epoch of each chart; the first shows what was there before."""
        seen: int | None = None

        def take(newest: int, at: float) -> None:
            nonlocal seen
            if seen is not None:
                self._note(seen, newest, at)
            seen = newest

        return take

    def _note(self, seen: int, newest: int, at: float) -> None:
        epochs = range(max(seen, self._first) + 1, newest + 1)
        self.seconds.extend(at - self._stored_at.get(epoch, self._looked_at) for epoch in epochs)
