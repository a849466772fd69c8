"""Figures survive their file, and a comparison finds what got worse, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.compare import main
from tests.benchmarks.figures import Figure, at_least, at_most, read_json, write_json

STEP = Figure("step", 0.50, "", at_most(0.55), ratio_of="the plain loop", note="median of 5")
RATE = Figure("rate", 12.0, "times", at_least(10), ratio_of="row by row")
START = Figure("start", 2.0, "s", at_most(3))
UPLOAD = Figure("upload", 2.0, "s")
ALL = (STEP, RATE, START, UPLOAD)


def compared(tmp_path: Path, *new: Figure, tolerance: str = "0.15") -> int:
    write_json(tmp_path / "old.json", ALL)
    write_json(tmp_path / "new.json", new)
    return main([str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--tolerance", tolerance])


def test_figures_come_back_from_their_file_with_the_machine(tmp_path: Path) -> None:
    write_json(tmp_path / "bench.json", ALL)
    machine, figures = read_json(tmp_path / "bench.json")
    assert figures == list(ALL)
    assert machine["cores"] >= 1
    assert machine["torch"]


def test_the_same_figures_are_no_regression(tmp_path: Path) -> None:
    assert compared(tmp_path, *ALL) == 0


@pytest.mark.parametrize("worse", [replace(STEP, value=0.60, promise=None), replace(RATE, value=10.2)])
def test_a_ratio_that_got_worse_is_a_regression(tmp_path: Path, worse: Figure) -> None:
    assert compared(tmp_path, worse) == 1
    assert compared(tmp_path, worse, tolerance="0.3") == 0


@pytest.mark.parametrize("broken", [replace(STEP, value=0.56), replace(RATE, value=9.9), replace(START, value=3.1)])
def test_a_promise_that_was_kept_and_is_broken_is_a_regression(tmp_path: Path, broken: Figure) -> None:
    assert compared(tmp_path, broken, tolerance="10") == 1


def test_seconds_that_got_worse_are_noted_and_no_regression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(tmp_path, replace(UPLOAD, value=20.0), replace(START, value=2.9)) == 0
    assert capsys.readouterr().out.count(" worse") == 2


def test_better_is_no_regression_and_what_is_new_or_gone_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(tmp_path, replace(STEP, value=0.1), replace(RATE, value=50.0), Figure("new", 1.0, "s")) == 0
    printed = capsys.readouterr().out
    assert printed.count("only in the old file") == 2
    assert printed.count("only in the new file") == 1
