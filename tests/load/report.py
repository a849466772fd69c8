"""The outcome of a load test as one table, as JSON, and held against what was promised."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from tests.load import figures
from tests.load.figures import Drawing, Notes, Promise, spread
from tests.load.scenario import Outcome


def promises(outcome: Outcome) -> list[Promise]:
    """Hold the outcome against what was promised."""
    drawings = outcome.loaded.notes.drawings
    pages = spread([drawing.seconds for drawing in drawings if not drawing.fragment])
    fragments = spread([drawing.seconds for drawing in drawings if drawing.fragment])
    largest = max([outcome.peak_megabytes, *(megabytes for _, megabytes in outcome.megabytes_by_connects)])
    return [
        Promise("failures", failures(outcome).total(), figures.FAILURES, ""),
        Promise("page, p95", pages.p95, figures.PAGE_P95_SECONDS, "s"),
        Promise("fragment, p95", fragments.p95, figures.FRAGMENT_P95_SECONDS, "s"),
        Promise("epoch visible, longest", spread(outcome.epochs.seconds).highest, figures.EPOCH_VISIBLE_SECONDS, "s"),
        Promise("server, largest", largest, figures.SERVER_MEGABYTES, "MB"),
        *_growth(outcome),
    ]


def _growth(outcome: Outcome) -> Iterator[Promise]:
    readings = [megabytes for _, megabytes in outcome.megabytes_by_connects]
    if readings:
        what = f"growth over {outcome.plan.n_connects:,} connects"
        yield Promise(what, readings[-1] - readings[0], figures.GROWTH_MEGABYTES, "MB")


def failures(outcome: Outcome) -> Counter[str]:
    """Return what must not have happened, and how often it did."""
    found = Counter(f"log: {line}" for line in outcome.log)
    for visit in (outcome.cold, outcome.loaded, outcome.connects):
        found += visit.notes.failures
    return found


def table(outcome: Outcome) -> str:
    """Return everything that was measured, one line each."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    yield f"{plan.n_charts} live charts and {plan.n_walkers} walking tabs for {plan.seconds:.0f} s, one training"
    users = ", ".join(f"{who} {cores:.2f}" for who, cores in asdict(outcome.cores).items())
    yield f"cores in use, of {os.cpu_count()}: {users}"
    yield f"the training went from epoch {outcome.first_epoch:,} to {outcome.last_epoch:,}"
    yield ""
    yield f"{'seconds':<50}{'n':>7}{'p50':>9}{'p95':>9}{'longest':>9}{'kB':>9}"
    yield from _rows("first time", outcome.cold.notes)
    yield from _rows("under load", outcome.loaded.notes)
    yield from _rows("come and go", outcome.connects.notes)
    yield _row("an epoch from the store to a tab", outcome.epochs.seconds)
    yield ""
    yield from _memory(outcome)
    yield ""
    yield from (f"failure: {words} ({n}×)" for words, n in failures(outcome).items())
    yield from (f"{'kept' if promise.is_kept else 'MISSED':<7} {promise.words}" for promise in promises(outcome))


def _rows(when: str, notes: Notes) -> Iterator[str]:
    ordered = sorted(notes.drawings, key=_place)
    for (page, fragment), group in groupby(ordered, key=_place):
        same = list(group)
        kilobytes = sum(drawing.n_bytes for drawing in same) / len(same) / 1000
        yield _row(f"{when}: {_title(notes, page, fragment)}", [drawing.seconds for drawing in same], kilobytes)
    for kind, are_fragments in (("all pages", False), ("all fragments", True)):
        found = [drawing.seconds for drawing in ordered if bool(drawing.fragment) == are_fragments]
        if found:
            yield _row(f"{when}: {kind}", found)


def _place(drawing: Drawing) -> tuple[str, str]:
    return drawing.page, drawing.fragment


def _title(notes: Notes, page: str, fragment: str) -> str:
    every = f" every {notes.intervals[fragment]:g} s" if fragment in notes.intervals else ""
    return f"/{page}, fragment {fragment[:6]}{every}" if fragment else f"/{page}"


def _row(title: str, seconds: Iterable[float], kilobytes: float | None = None) -> str:
    found = spread(list(seconds))
    numbers = "".join("        –" if math.isnan(x) else f"{x:>9.3f}" for x in (found.p50, found.p95, found.highest))
    return f"{title:<50}{found.n:>7,}{numbers}" + ("" if kilobytes is None else f"{kilobytes:>9.1f}")


def _memory(outcome: Outcome) -> Iterator[str]:
    yield f"{'megabytes under load':<50}{'RSS':>7}{'PSS':>9}"
    for process in outcome.processes:
        pss = "–" if process.pss is None else f"{process.pss:.0f}"
        yield f"{process.what[:48]:<50}{process.rss:>7.0f}{pss:>9}"
    if outcome.megabytes_by_connects:
        readings = ", ".join(f"{n}: {megabytes:.0f}" for n, megabytes in outcome.megabytes_by_connects)
        yield f"the server's RSS after so many connects, at rest first and last: {readings}"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the figures as plain values; what was not measured is null."""
    return {
        "plan": asdict(outcome.plan),
        "cores": {"machine": os.cpu_count(), **_plain(asdict(outcome.cores))},
        "first_time": _spreads(outcome.cold.notes),
        "under_load": _spreads(outcome.loaded.notes),
        "come_and_go": _spreads(outcome.connects.notes),
        "epoch_visible": _plain(asdict(spread(outcome.epochs.seconds))),
        "epochs": [outcome.first_epoch, outcome.last_epoch],
        "processes": [asdict(process) for process in outcome.processes],
        "megabytes_by_connects": outcome.megabytes_by_connects,
        "failures": failures(outcome),
        "promises": [_plain(asdict(promise)) | {"kept": promise.is_kept} for promise in promises(outcome)],
    }


def _spreads(notes: Notes) -> dict[str, Any]:
    groups = groupby(sorted(notes.drawings, key=_place), key=_place)
    return {_title(notes, *place): asdict(spread([one.seconds for one in group])) for place, group in groups}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}
