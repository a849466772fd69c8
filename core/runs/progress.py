"""How a run goes, in words and figures: the state, the times, and what the curve says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median

from core.runs.records import Epoch, Run

RECENT_EPOCHS = 20
FLAT_SHARE = 0.01

_BEFORE_THE_CURVE = {
    "queued": "Waiting to start.",
    "starting": "Starting the process that does the work.",
    "stopping": "Stopping.",
}
_BEFORE_THE_FIRST_EPOCH = {
    "train": "Reading the table and preparing its columns.",
    "distil": "Reading the table and asking the teacher.",
    "score": "Predicting for every row of the table.",
}


@dataclass(frozen=True)
class Progress:
    """What a page shows of a run. `fraction` runs from 0 to 1."""

    state_words: str
    epoch: int
    epochs: int
    elapsed_seconds: float
    remaining_seconds: float | None
    fraction: float
    sentence: str


def progress_of(run: Run, epochs: Sequence[Epoch], now: datetime) -> Progress:
    """Describe `run` at the time `now`; `epochs` is its whole curve so far."""
    epoch = epochs[-1].epoch if epochs else run.epoch
    return Progress(
        state_words=run.state_words,
        epoch=epoch,
        epochs=run.epochs,
        elapsed_seconds=_elapsed(run, now),
        remaining_seconds=_remaining(run, epochs, epoch, now),
        fraction=1.0 if run.state == "finished" else min(1.0, epoch / run.epochs) if run.epochs else 0.0,
        sentence=_sentence(run, epochs),
    )


def _elapsed(run: Run, now: datetime) -> float:
    started = run.started_at or run.created_at
    return max(0.0, ((run.finished_at or now) - started).total_seconds())


def _remaining(run: Run, epochs: Sequence[Epoch], epoch: int, now: datetime) -> float | None:
    if not run.is_active or not run.epochs:
        return None
    if run.kind == "score":
        return _elapsed(run, now) * (run.epochs / epoch - 1) if epoch else None
    if not epochs:
        return None
    return median(point.seconds for point in epochs[-RECENT_EPOCHS:]) * max(0, run.epochs - epoch)


def _sentence(run: Run, epochs: Sequence[Epoch]) -> str:
    if run.message:
        return run.message
    if run.kind == "score" and run.epoch and run.state != "stopping":
        return f"{run.epoch:,} of {_count(run.epochs, 'row')} predicted."
    if run.state in _BEFORE_THE_CURVE and (run.state == "stopping" or not epochs):
        return _stopping(run, epochs) if run.state == "stopping" else _BEFORE_THE_CURVE[run.state]
    if run.is_active and not epochs:
        return _BEFORE_THE_FIRST_EPOCH[run.kind]
    if run.is_active:
        return _curve_sentence(run, epochs)
    return _end_sentence(run, epochs)


def _stopping(run: Run, epochs: Sequence[Epoch]) -> str:
    if not epochs:
        return "Stopping; no epoch has ended yet, so there may be no model to keep."
    return f"Stopping; {_kept(run, epochs)} is being kept and scored."


def _end_sentence(run: Run, epochs: Sequence[Epoch]) -> str:
    if not epochs:
        return f"{run.state_words}."
    if run.state in ("finished", "stopped"):
        ended = "Finished" if run.state == "finished" else "Stopped"
        return f"{ended} after {_count(epochs[-1].epoch, 'epoch')}; kept is {_kept(run, epochs)}."
    return f"{run.state_words} after {_count(epochs[-1].epoch, 'epoch')}."


def _kept(run: Run, epochs: Sequence[Epoch]) -> str:
    best = _best_validation(epochs)
    restores = run.state in ("stopping", "stopped") or run.request.get("config", {}).get("restore_best")
    return f"epoch {best.epoch}, the best" if restores and best else f"the last epoch, {epochs[-1].epoch}"


def _curve_sentence(run: Run, epochs: Sequence[Epoch]) -> str:
    if not math.isfinite(epochs[-1].train_loss):
        return "The training loss is no longer a number. Stop, and try a lower learning rate."
    best = _best_validation(epochs)
    if best is None:
        return _train_sentence(epochs)
    return _validation_sentence(run, epochs, best)


def _validation_sentence(run: Run, epochs: Sequence[Epoch], best: Epoch) -> str:
    since = epochs[-1].epoch - best.epoch
    if len(epochs) == 1:
        return "The first epoch is done."
    if since == 0:
        return f"Validation is still improving: epoch {best.epoch} is the best so far{_fall_since_first(epochs, best)}."
    patience = run.request.get("config", {}).get("early_stopping_patience") or 0
    ahead = f"; {_count(patience - since, 'more epoch')} before early stopping" if patience > since else ""
    return f"Validation has not improved since epoch {best.epoch}, {_count(since, 'epoch')} ago{ahead}."


def _fall_since_first(epochs: Sequence[Epoch], best: Epoch) -> str:
    first = next(point.validation_loss for point in epochs if _is_number(point.validation_loss))
    if first is None or best.validation_loss is None or first <= 0:
        return ""
    share = 1 - best.validation_loss / first
    return f", {share:.1%} below the first" if share >= 0.001 else ""


def _train_sentence(epochs: Sequence[Epoch]) -> str:
    """Compare the last tenth of the recent curve with its first, so that one jump does not count."""
    if len(epochs) < 3:
        return "The first epochs are done."
    recent = [point.train_loss for point in epochs[-RECENT_EPOCHS:] if math.isfinite(point.train_loss)]
    part = max(1, len(recent) // 5)
    before, after = fmean(recent[:part]), fmean(recent[-part:])
    if before <= 0 or abs(after / before - 1) < FLAT_SHARE:
        return f"The training loss has been flat over the last {len(recent)} epochs."
    word = "fell" if after < before else "rose"
    return f"The training loss {word} by {abs(after / before - 1):.1%} over the last {len(recent)} epochs."


def _best_validation(epochs: Sequence[Epoch]) -> Epoch | None:
    judged = [point for point in epochs if _is_number(point.validation_loss)]
    return min(judged, key=lambda point: point.validation_loss or 0.0, default=None)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
