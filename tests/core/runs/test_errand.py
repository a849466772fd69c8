"""The process on an errand, whatever it does with its order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.runs.errand import Errand, _attend


def test_a_process_that_has_ended_before_it_got_its_order_leaves_no_trouble_but_its_failure(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], stdin=subprocess.PIPE)
    process.wait()
    failures: list[bool] = []
    _attend(process, Errand("any", "any", 1, 30.0), {"what": "a short order"}, tmp_path / "none", failures.append)
    assert failures == [False]
