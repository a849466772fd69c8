"""How the networks of a blend stand, as a run has it; and whether a run is one that trains for a given time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.leaderboard import Leaderboard
from core.runs.records import LEADERBOARD, Run
from core.types import TIMED_MODE, TrainingConfig


def is_timed(run: Run) -> bool:
    """Return whether a run trains networks until its time is over, not one for so many epochs."""
    return _config(run).get("training_mode") == TIMED_MODE


def time_budget(run: Run) -> float:
    """Return how many seconds such a run trains for."""
    return float(_config(run).get("time_budget") or TrainingConfig.time_budget)


def board_of(run: Run) -> Leaderboard | None:
    """Return how the networks stood at the end, or stand now; None where that is not known."""
    values = (run.results or {}).get(LEADERBOARD) or (run.vitals or {}).get(LEADERBOARD)
    try:
        return Leaderboard.from_dict(values) if isinstance(values, Mapping) else None
    except (KeyError, TypeError):
        return None


def _config(run: Run) -> Mapping[str, Any]:
    config: Mapping[str, Any] = run.request.get("config", {})
    return config
