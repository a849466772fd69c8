"""Inject every fault and print what held: `make faults`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from core.workspace import DATABASE_VARIABLE
from tests.faults.scenarios import SCENARIOS, play
from tests.faults.tally import Tally


def main() -> int:
    options = _options()
    os.environ.pop(DATABASE_VARIABLE, None)
    print(f"seed {options.seed}", flush=True)
    tallies = []
    for name in options.only or SCENARIOS:
        started = time.monotonic()
        scenario = SCENARIOS[name]
        n_points = options.points or (scenario.fast if options.fast else scenario.points)
        tally = play(name, n_points, options.seed, options.part)
        tally.seconds = time.monotonic() - started
        tallies.append(tally)
        print(_row(tally), flush=True)
    for tally in tallies:
        _print_violations(tally)
    if options.json:
        found = [tally.as_dict() for tally in tallies]
        options.json.write_text(json.dumps(found[0] if options.part else found, indent=1), encoding="utf-8")
    return 0 if all(tally.is_kept for tally in tallies) else 1


def _row(tally: Tally) -> str:
    if tally.skipped:
        return f"{tally.scenario:<12} skipped: {tally.skipped}"
    ends = ", ".join(f"{count} {how}" for how, count in sorted(tally.ends.items()))
    return (
        f"{tally.scenario:<12} {tally.points:>4} points  {len(tally.corrupt):>3} corrupt  "
        f"{len(tally.orphans):>3} orphans  {len(tally.broken):>3} broken  "
        f"slowest {tally.slowest:>5.2f} s  in {tally.seconds:>5.0f} s  {ends}"
    )


def _print_violations(tally: Tally) -> None:
    for kind in ("notes", "corrupt", "orphans", "broken"):
        for words in getattr(tally, kind):
            print(f"{tally.scenario} {kind}: {words}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add("--only", type=lambda text: text.split(","), default=None, help=f"some of: {', '.join(SCENARIOS)}")
    add("--points", type=int, default=None, help="how many faults each of them injects")
    add("--fast", action="store_true", help="inject only as many as the tests do")
    add("--seed", type=int, default=int(time.time()) % 1_000_000, help="of every choice at random")
    add("--json", type=Path, default=None, help="a file for the figures")
    add("--part", type=_part, default=None, help=argparse.SUPPRESS)
    return parser.parse_args()


def _part(text: str) -> tuple[int, int]:
    which, of = text.split("/")
    return int(which), int(of)


if __name__ == "__main__":
    sys.exit(main())
