"""The outcomes of reading many files, as one table and as JSON, and held against what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from tests.corpora.known import gone, is_meant, seen
from tests.corpora.oracles import Compared
from tests.corpora.reading import Ending, Outcome
from tests.corpora.sentences import shape_of

WORST = 5
ENDINGS: tuple[Ending, ...] = ("read", "refused", "died", "traceback", "late")


@dataclass(frozen=True)
class Findings:
    """Everything that a run found."""

    outcomes: Sequence[Outcome]
    compared: Sequence[Compared]


@dataclass(frozen=True)
class Promise:
    """One thing that must not occur, and the files in which it did."""

    words: str
    broken: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Return whether it never occurred."""
        return not self.broken


def promises(findings: Findings) -> list[Promise]:
    """Hold the findings against what was promised."""
    outcomes = findings.outcomes
    return [
        Promise("no reader dies but for want of memory", _names(o for o in outcomes if not o.explained)),
        Promise("no reader ends with a traceback", _names(o for o in outcomes if o.ending == "traceback")),
        Promise("no reading takes more than 90 s", _names(o for o in outcomes if o.ending == "late")),
        Promise(
            "what is said is one plain sentence", tuple(f"{o.name}: {fault}" for o in outcomes for fault in o.faults)
        ),
        Promise("each cell is that of another parser, or differs for a known reason", tuple(_wrong(findings))),
        Promise("each difference that is listed as known still occurs", tuple(gone(findings.compared))),
    ]


def _names(outcomes: Iterator[Outcome]) -> tuple[str, ...]:
    return tuple(f"{outcome.name}: {outcome.died_of or outcome.sentence}" for outcome in outcomes)


def _wrong(findings: Findings) -> Iterator[str]:
    for compared in findings.compared:
        for difference in compared.differences:
            if not is_meant(compared.name, difference):
                yield (
                    f"{compared.name} and {compared.oracle}: {difference.what}, {difference.count:,} times, "
                    f"first in {difference.where}: {difference.ours} for {difference.theirs}"
                )


def as_json(findings: Findings) -> dict[str, Any]:
    """Return plain values."""
    return {
        "outcomes": [outcome.as_dict() for outcome in findings.outcomes],
        "compared": [
            {"name": c.name, "oracle": c.oracle, "cells": c.n_cells, "skipped": c.skipped,
             "differences": [asdict(found) | {"known": is_meant(c.name, found)} for found in c.differences]}
            for c in findings.compared
        ],
        "promises": [{"promise": p.words, "kept": p.is_kept, "broken": list(p.broken)} for p in promises(findings)],
    }  # fmt: skip


def table(findings: Findings) -> str:
    """Return everything that was found, line by line."""
    return "\n".join(_lines(findings))


def _lines(findings: Findings) -> Iterator[str]:
    outcomes = findings.outcomes
    yield f"{'folder and kind':<32}{'files':>7}" + "".join(f"{ending:>11}" for ending in ENDINGS)
    for place, group in groupby(sorted(outcomes, key=_place), key=_place):
        yield _row(" ".join(place), list(group))
    yield _row("all", outcomes)
    yield ""
    yield "refusals"
    refused = [outcome for outcome in outcomes if outcome.sentence]
    for shape, count in Counter(shape_of(outcome.sentence) for outcome in refused).most_common():
        example = next(outcome.name for outcome in refused if shape_of(outcome.sentence) == shape)
        yield f"{count:>7}  {shape}  [{example}]"
    yield ""
    for what, key, unit in (("seconds", _seconds, "s"), ("memory", _megabytes, "MB")):
        worst = sorted(outcomes, key=key, reverse=True)[:WORST]
        yield f"most {what}: " + ", ".join(f"{key(o):,.1f} {unit} {o.name}" for o in worst)
    yield ""
    yield from _comparisons(findings.compared)
    yield ""
    yield "known differences"
    yield from (f"        {name} and {oracle}: {why}" for name, oracle, why in seen(findings.compared))
    yield ""
    for promise in promises(findings):
        yield f"{'kept' if promise.is_kept else 'MISSED':<7} {promise.words}" + (
            "" if promise.is_kept else f" ({len(promise.broken):,} times)"
        )
        yield from (f"        {words}" for words in promise.broken)


def _comparisons(compared: Sequence[Compared]) -> Iterator[str]:
    yield f"{'oracle':<24}{'files':>7}{'cells':>12}{'skipped':>9}"
    by_oracle = sorted(compared, key=lambda c: c.oracle)
    for oracle, group in groupby(by_oracle, key=lambda c: c.oracle):
        some = list(group)
        done = [c for c in some if not c.skipped]
        yield f"{oracle:<24}{len(done):>7,}{sum(c.n_cells for c in done):>12,}{len(some) - len(done):>9,}"
        for why, count in Counter(c.skipped for c in some if c.skipped).most_common():
            yield f"        skipped {count:,}: {why}"
        counts: Counter[str] = Counter()
        for difference in (d for c in done for d in c.differences):
            counts[difference.what] += difference.count
        yield from (f"        {count:,} cells differ: {what}" for what, count in counts.most_common())


def _place(outcome: Outcome) -> tuple[str, str]:
    return outcome.folder, outcome.kind


def _row(what: str, outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.ending for outcome in outcomes)
    return f"{what:<32}{len(outcomes):>7,}" + "".join(f"{counts[ending] or '·':>11}" for ending in ENDINGS)


def _seconds(outcome: Outcome) -> float:
    return outcome.seconds


def _megabytes(outcome: Outcome) -> float:
    return outcome.peak_bytes / 1e6
