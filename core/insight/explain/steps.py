"""How far an explanation is, and whether to go on with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OnProgress = Callable[[int, int], None]
Ask = Callable[[], bool]


@dataclass
class Steps:
    """Counts steps of about equal work: `on_progress(done, total)` hears of each, `should_stop` is asked before it."""

    total: int = 0
    on_progress: OnProgress = lambda done, total: None
    should_stop: Ask = lambda: False
    done: int = 0
    is_stopped: bool = False

    def may_go_on(self) -> bool:
        """Return whether the next step is to be made; once no, always no."""
        self.is_stopped = self.is_stopped or self.should_stop()
        return not self.is_stopped

    def made(self, n_steps: int = 1) -> None:
        """Count steps that were made."""
        self.done += n_steps
        self.on_progress(min(self.done, self.total), self.total)
