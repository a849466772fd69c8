"""Read every file of a folder of awkward tables and print how that ended: `make corpora`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.corpora.reading import Outcome, files_in, read_all
from tests.corpora.report import Findings, as_json, promises, table

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
TOLD_EVERY = 20  # seconds


def main() -> int:
    options = _options()
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.")
        return 2
    with TemporaryDirectory(prefix="corpora-") as scratch:
        outcomes = _read(options.folder, options.every, Path(scratch))
        from tests.corpora.oracles import compare  # pandas would count as memory of the readers

        findings = Findings(outcomes, compare(outcomes))
        print(table(findings))
    if options.json:
        options.json.write_text(json.dumps(as_json(findings), indent=1, ensure_ascii=False), encoding="utf-8")
    return 0 if all(promise.is_kept for promise in promises(findings)) else 1


def _read(folder: Path, every: int, scratch: Path) -> list[Outcome]:
    paths = files_in(folder, every)
    outcomes: list[Outcome] = []
    started = told = time.monotonic()
    for outcome in read_all(folder, paths, scratch):
        outcomes.append(outcome)
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            print(f"{len(outcomes):,} of {len(paths):,} files in {told - started:,.0f} s", file=sys.stderr, flush=True)
    return sorted(outcomes, key=lambda outcome: outcome.name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpora", description=__doc__)
    add = parser.add_argument
    add("folder", type=Path, nargs="?", default=CORPORA, help="where the files lie")
    add("--every", type=int, default=1, help="read each Nth file only")
    add("--json", type=Path, default=None, help="a file for the outcomes and the differences")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
