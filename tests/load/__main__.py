"""Put the promised load on a real server and print what it comes to: `make load`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import fields
from pathlib import Path

from tests.load.report import as_json, promises, table
from tests.load.scenario import Plan, play
from tests.load.stage import staged


def main() -> int:
    options = _options()
    given = {field.name for field in fields(Plan)}
    plan = Plan(**{name: value for name, value in vars(options).items() if name in given})
    with staged() as stage:
        outcome = asyncio.run(play(stage, plan))
    print(table(outcome))
    if options.json:
        options.json.write_text(json.dumps(as_json(outcome), indent=2), encoding="utf-8")
    return 0 if all(promise.is_kept for promise in promises(outcome)) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, default=Plan.seconds, help="how long the load lasts")
    add("--charts", type=int, default=Plan.n_charts, dest="n_charts", help="tabs that follow the training")
    add("--walkers", type=int, default=Plan.n_walkers, dest="n_walkers", help="tabs that go from page to page")
    add("--every", type=float, default=None, help="seconds between drawings of a chart; else as the page wants it")
    add("--connects", type=int, default=Plan.n_connects, dest="n_connects", help="tabs that come and go afterwards")
    add("--json", type=Path, default=None, help="a file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
