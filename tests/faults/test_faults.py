"""Promises under faults that are injected for real: a small share of what `make faults` injects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS
from tests.faults.sweep import ROOT
from tests.faults.tally import Tally

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

SEED = 20
LANES = (("cancels", "broken", "supervisors", "odd_tables", "kills"),)
LANES += (tuple(name for name in SCENARIOS if name not in LANES[0]),)
DID_NOT_APPLY = "not reached"


@pytest.fixture(scope="module")
def tallies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tally]:
    """Play every scenario in short, two at a time, in processes of their own."""
    answers = [tmp_path_factory.mktemp("faults") / "tallies.json" for _ in LANES]
    lanes = [_start(names, answer) for names, answer in zip(LANES, answers, strict=True)]
    said = [lane.communicate()[0] for lane in lanes]
    for answer, words in zip(answers, said, strict=True):
        assert answer.exists(), words
    found = [Tally(**values) for answer in answers for values in json.loads(answer.read_text(encoding="utf-8"))]
    return {tally.scenario: tally for tally in found}


def _start(names: tuple[str, ...], answer: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults", "--fast", "--seed", str(SEED), "--only", ",".join(names)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ROWSMITH_")}
    return subprocess.Popen(
        [*command, "--json", str(answer)],
        cwd=ROOT,
        env={**variables, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_promised_holds_under_faults(tallies: dict[str, Tally], name: str) -> None:
    tally = tallies[name]
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert tally.corrupt == []
    assert tally.orphans == []
    assert tally.broken == []
    skipped = sum("skipped" in note for note in tally.notes)
    assert tally.points + skipped + tally.ends.get(DID_NOT_APPLY, 0) >= SCENARIOS[name].fast
    assert tally.points > 0
