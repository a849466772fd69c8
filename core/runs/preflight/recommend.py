"""Which mode to start with: the accurate one, where this machine has the time and the memory for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from core.modes import mode_words
from core.runs.preflight.estimate import Estimate, ModeEstimate
from core.runs.preflight.memory import MemoryFree, MemoryNeed, gigabytes
from core.types import TIMED_MODE

ACCURATE_MODE, STANDARD_MODE = "tabm", "mlp_dense"
MOST_SECONDS = 600.0


@dataclass(frozen=True)
class Recommendation:
    """A mode to start with, and why, in a sentence."""

    mode: str
    reason: str


def recommend(estimate: Estimate | None, need: MemoryNeed, free: MemoryFree) -> Recommendation:
    """Return which mode to start with; `need` is that of the accurate mode, no estimate is one yet to be measured."""
    accurate, standard = mode_words(ACCURATE_MODE).title, mode_words(STANDARD_MODE).title
    more = f"With more time, {mode_words(TIMED_MODE).title} can do better."
    if trouble := _memory_trouble(need, free):
        return Recommendation(STANDARD_MODE, f"{standard}, because {accurate} would need {trouble}.")
    if estimate is None:
        return Recommendation(ACCURATE_MODE, f"{accurate}. Its time is being measured. {more}")
    its = estimate.modes.get(ACCURATE_MODE)
    if its is None:
        return Recommendation(STANDARD_MODE, f"{standard}: how long {accurate} takes here could not be measured.")
    if its.seconds > MOST_SECONDS:
        return Recommendation(
            STANDARD_MODE,
            f"{standard}, because {accurate}, which is more accurate, would take {_how_long(its)} here, "
            f"more than {_in_words(MOST_SECONDS)}.",
        )
    return Recommendation(ACCURATE_MODE, f"{accurate} takes {_how_long(its)} here. {more}")


def _memory_trouble(need: MemoryNeed, free: MemoryFree) -> str:
    """Say what it would need and what there is, empty where it fits."""
    if need.bytes > free.bytes:
        return f"{gigabytes(need.bytes)} of memory and {gigabytes(free.bytes)} are free"
    if free.gpu_bytes and need.gpu_bytes > free.gpu_bytes:
        return f"{gigabytes(need.gpu_bytes)} of the GPU's memory and {gigabytes(free.gpu_bytes)} are free"
    return ""


def _how_long(its: ModeEstimate) -> str:
    return f"{'at most' if its.may_end_early else 'about'} {_in_words(its.seconds)}"


def _in_words(seconds: float) -> str:
    """Write a duration as people say it, minutes and hours rounded up: 40 seconds, 3 minutes, 2.5 hours."""
    if seconds <= 90:
        return _counted(f"{max(1, round(seconds))}", "second")
    if seconds <= 5_400:
        return _counted(f"{ceil(seconds / 60)}", "minute")
    return _counted(f"{ceil(seconds / 360) / 10:,.1f}".removesuffix(".0"), "hour")


def _counted(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
