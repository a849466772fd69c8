"""How a run goes, in words and figures: the state, the times, its place in the queue, and what the curve says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from core.runs.board import board_of, is_timed, time_budget
from core.runs.curve import best_epoch, guess_words, read_curve
from core.runs.queueing import CPU, SCORING, lane_of
from core.runs.records import DOING, Epoch, Run
from core.types import ADDED_MODES
from core.waves import least_gain, waves_of

RECENT_EPOCHS = 20

_BEFORE_THE_FIRST_EPOCH = {
    "train": "Reading the table and preparing its columns.",
    "distil": "Reading the table and asking the teacher.",
    "score": "Predicting for every row of the table.",
}
_ON_THE_WAY_OUT = {
    "pausing": "Pausing: what it has reached is being written down.",
    "cancelling": "Ending its process. The last checkpoint stays.",
}


@dataclass(frozen=True)
class Progress:
    """What a page shows of a run. `fraction` runs from 0 to 1.

    `elapsed_seconds` is the time that processes have worked on it, and of a queued run how long it waits. One that
    `is_timed` trains until its time is over: what its curve counts are networks, and none of them is the best.
    """

    state_words: str
    epoch: int
    epochs: int
    elapsed_seconds: float
    remaining_seconds: float | None
    fraction: float
    sentence: str
    best: Epoch | None = None
    is_timed: bool = False


def progress_of(run: Run, epochs: Sequence[Epoch], now: datetime) -> Progress:
    """Describe `run` at the time `now`; `epochs` is its whole curve so far."""
    epoch = epochs[-1].epoch if epochs else run.epoch
    best = None if is_timed(run) else best_epoch(epochs)
    return Progress(
        state_words=state_words(run),
        epoch=epoch,
        epochs=run.epochs,
        elapsed_seconds=_elapsed(run, now),
        remaining_seconds=_remaining(run, epochs, epoch),
        fraction=1.0 if run.state == "finished" else share_done(run, epoch),
        sentence=_sentence(run, epochs, best),
        best=best,
        is_timed=is_timed(run),
    )


def share_done(run: Run, epoch: int) -> float:
    """Return which share of its epochs, its rows or its time is behind a run that has come to `epoch`."""
    if is_timed(run):
        return min(1.0, run.seconds / time_budget(run))
    return min(1.0, epoch / run.epochs) if run.epochs else 0.0


def state_words(run: Run) -> str:
    """Return the state in words; of a stopped run also what was kept of it."""
    if run.state != "stopped":
        return run.state_words
    if run.kind == "score":
        return "Stopped"
    if run.metrics is None:
        return "Stopped (nothing kept)"
    if is_timed(run):
        return "Stopped (blend kept)"
    return run.state_words if run.metrics.get("best_epoch") else "Stopped (last epoch kept)"


def queue_sentence(run: Run, active: Sequence[Run], limit: int, *, has_gpu: bool) -> str:
    """Say how many runs come before a queued one, and why it waits for them.

    `active` are the active runs in their order, `limit` how many trainings may use the processors at once.
    """
    lane = lane_of(run, has_gpu=has_gpu)
    places = limit if lane == CPU else 1
    others = [other for other in active if other.id != run.id and lane_of(other, has_gpu=has_gpu) == lane]
    before = [other for other in others if other.state != "queued" or _is_earlier(other, run)]
    if len(before) < places:
        return "It is about to start."
    are = "run is" if len(before) == 1 else "runs are"
    return f"Waiting for its turn: {len(before):,} {are} before it. {_reason(lane, places)}"


def _is_earlier(other: Run, run: Run) -> bool:
    return _waits_since(other) < _waits_since(run)


def _waits_since(run: Run) -> tuple[datetime, datetime, str]:
    """Return what the store orders the queue by."""
    return run.queued_at or run.created_at, run.created_at, run.id


def _reason(lane: str, places: int) -> str:
    if lane == SCORING:
        return "One table at a time is predicted for."
    if lane != CPU:
        return "The GPU takes one training at a time."
    return "This computer takes one training at a time." if places == 1 else f"This computer takes {places} at a time."


def _elapsed(run: Run, now: datetime) -> float:
    if run.state == "queued":
        return max(0.0, (now - (run.queued_at or run.created_at)).total_seconds())
    if run.seconds or run.is_active or run.started_at is None or run.finished_at is None:
        return run.seconds
    return max(0.0, (run.finished_at - run.started_at).total_seconds())  # made before processes counted


def _remaining(run: Run, epochs: Sequence[Epoch], epoch: int) -> float | None:
    if not run.is_active or run.state == "queued":
        return None
    if is_timed(run):
        return max(0.0, time_budget(run) - run.seconds)
    if not run.epochs:
        return None
    if run.kind == "score":
        return run.seconds * (run.epochs / epoch - 1) if epoch else None
    if not epochs:
        return None
    return median(point.seconds for point in epochs[-RECENT_EPOCHS:]) * max(0, run.epochs - epoch)


def _sentence(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    if run.message:
        return run.message
    if run.state == "stopping":
        return _stopping(run, epochs, best)
    if run.state in _ON_THE_WAY_OUT:
        return _ON_THE_WAY_OUT[run.state]
    if run.state == "running" and DOING in (run.vitals or {}):
        return str((run.vitals or {})[DOING])
    return _working(run, epochs, best) if run.is_active else _ended(run, epochs, best)


def _working(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    if run.state == "queued":
        return "Waiting for its turn."
    if not epochs:
        return _beginning(run)
    if is_timed(run):
        return _blending(run, epochs)
    if run.state == "starting":
        return f"Going on after epoch {epochs[-1].epoch:,}."
    return read_curve(epochs, best, _patience(run), run.baseline_loss)


def _beginning(run: Run) -> str:
    """Say what a run at work does that has no curve yet, or never has one."""
    if run.state == "starting":
        return "Starting the process that does the work."
    if run.kind == "score" and run.epoch:
        return f"{run.epoch:,} of {_count(run.epochs, 'row')} predicted."
    if is_timed(run) and board_of(run) is not None:
        return "The first networks are being trained."
    return _BEFORE_THE_FIRST_EPOCH[run.kind]


def _stopping(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    if run.kind == "score":
        return "Stopping. No file will be written."
    if not epochs:
        nothing = "no network is trained" if is_timed(run) else "no epoch has ended"
        return f"Stopping; {nothing} yet, so there may be no model to keep."
    return f"Stopping; {_kept(run, epochs, best)}{'' if is_timed(run) else ','} is being kept and scored."


def _ended(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    words = state_words(run).split(" (")[0]
    unit = "network" if is_timed(run) else "epoch"
    if not epochs:
        return f"{words} before the first {unit}." if run.kind != "score" and run.is_resting else f"{words}."
    after = f"{words} after {_count(epochs[-1].epoch, unit)}"
    if run.state not in ("finished", "stopped") or run.metrics is None:
        return f"{after}."
    guess = _better(run, epochs, best)
    kept = f"kept is {_kept(run, epochs, best)}{f', {guess}' if guess else ''}."
    if is_timed(run):
        return f"{words}; {kept}"
    if run.state == "stopped" or epochs[-1].epoch >= run.epochs:
        return f"{after}; {kept}"
    return f"{after} of {run.epochs:,}: {_why_early(run, epochs, best, kept)}"


def _why_early(run: Run, epochs: Sequence[Epoch], best: Epoch | None, kept: str) -> str:
    if waves := _ended_with_a_wave(run, epochs):
        return f"the last wave of its rate brought less than {100 * least_gain(waves):.0f} %; {kept}"
    patience = _config(run).get("early_stopping_patience") or 0
    if best and 0 < patience <= epochs[-1].epoch - best.epoch:
        return f"validation had not improved for {patience:,}; {kept}"
    return "the loss exploded, and the best epoch before that is kept."


def _blending(run: Run, epochs: Sequence[Epoch]) -> str:
    """Say how many networks there are, and how good they are together."""
    n = epochs[-1].epoch
    if run.state == "starting":
        return f"Going on after {_count(n, 'network')}."
    trained, better = f"{_count(n, 'network')} trained", _better(run, epochs, None)
    return f"{trained}; {'it' if n == 1 else 'the blend'} is {better}." if better else f"{trained}."


def _better(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    """Say how what is kept compares with guessing; a blend on rows that its networks have not learned from."""
    if is_timed(run):
        return guess_words(epochs[-1].validation_loss, run.baseline_loss)
    return guess_words(best.validation_loss if best else epochs[-1].train_loss, run.baseline_loss)


def _kept(run: Run, epochs: Sequence[Epoch], best: Epoch | None) -> str:
    if is_timed(run):
        n = epochs[-1].epoch
        return "the one network" if n == 1 else f"the blend of {_count(n, 'network')}"
    restores = run.state in ("stopping", "stopped") or _is_added(run) or _config(run).get("restore_best")
    return f"epoch {best.epoch:,}, the best" if restores and best else f"the last epoch, {epochs[-1].epoch:,}"


def _patience(run: Run) -> int:
    return 0 if _is_added(run) else _config(run).get("early_stopping_patience") or 0


def _ended_with_a_wave(run: Run, epochs: Sequence[Epoch]) -> int:
    """Return how many waves of its rate a network of an added mode has behind it where its last epoch ended one."""
    if not _is_added(run):
        return 0
    waves, last = waves_of(_config(run)["training_mode"], run.epochs), epochs[-1].epoch
    return waves.over(last / run.epochs) if waves.ends_between((last - 1) / run.epochs, last / run.epochs) else 0


def _is_added(run: Run) -> bool:
    return _config(run).get("training_mode") in ADDED_MODES


def _config(run: Run) -> Mapping[str, Any]:
    config: Mapping[str, Any] = run.request.get("config", {})
    return config


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
