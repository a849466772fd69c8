"""How it stands with a run, in the few words that stand at its head, in the browser's tab and under its curve."""

from __future__ import annotations

from core.runs.progress import Progress, state_words
from core.runs.records import Run
from pages.shared.runlist import badge_of
from pages.shared.text import count, duration, plural, size, when


def state_badge(run: Run) -> str:
    """Return the state as a coloured sign with its words (Markdown)."""
    color, icon = badge_of(run)
    return f":{color}-badge[{icon} {state_words(run)}]"


def progress_line(run: Run, progress: Progress) -> str:
    """Return `Epoch 37 of 100 · 0:42 elapsed · about 1:10 left`; predictions count rows, and the queue waits.

    Of a run that trains for a given time it is `12 networks · 0:42 elapsed · 4:18 left`.
    """
    parts = [_how_far(run, progress)] if progress.epoch else []
    parts.append(f"{duration(progress.elapsed_seconds)} {'waiting' if run.state == 'queued' else 'elapsed'}")
    left = progress.remaining_seconds
    if left is not None and run.state == "running" and not (progress.is_timed and left <= 0):
        parts.append(f"{'' if progress.is_timed else 'about '}{duration(left)} left")
    return " · ".join(parts)


def _how_far(run: Run, progress: Progress) -> str:
    if progress.is_timed:
        return plural(progress.epoch, "network")
    return f"{'Row' if run.kind == 'score' else 'Epoch'} {count(progress.epoch)} of {count(progress.epochs)}"


def ended_line(run: Run) -> str:
    """Return when a run that no process works on was started, and how long it took."""
    if run.started_at is None:
        return f"asked for {when(run.created_at)}"
    took = [f"took {duration(run.seconds)}"] if run.seconds else []
    return " · ".join([f"started {when(run.started_at)}", *took])


def tab_title(run: Run, progress: Progress | None = None) -> str:
    """Return the title of the browser's tab: how far a run at work is, else its state; its name to the first dot."""
    is_under_way = progress is not None and progress.fraction and run.is_active and run.state != "queued"
    first = f"{100 * progress.fraction:.0f} %" if progress and is_under_way else state_words(run).split(" (")[0]
    return f"{first} · {run.name.split(' · ')[0]} · Rowsmith"


def vitals_line(run: Run) -> str:
    """Say on which device a run works and what memory it uses; empty where its process has not said it yet."""
    vitals = run.vitals or {}
    if not vitals.get("rss_bytes"):
        return ""
    memory = f"{size(vitals['rss_bytes'])} of memory in use"
    if vitals.get("gpu_bytes"):
        return f"On the GPU · {size(vitals['gpu_bytes'])} of its memory and {memory}"
    threads = f" with {plural(vitals['threads'], 'thread')}" if vitals.get("threads") else ""
    return f"On the CPU{threads} · {memory}"
