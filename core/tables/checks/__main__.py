"""Checks one table in a process of its own: `python -m core.tables.checks`, with the order on its input.

The order is one line of JSON: where the table and its report lie, the question, and where to write the result.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import AppError
from core.tables.checks.question import Question
from core.tables.checks.run import run_checks
from core.tables.report import ReadReport
from core.workspace import write_atomically

POLITENESS = 10  # whatever else the machine does goes first
MEMORY_BYTES = 6 * 1024**3
COMPUTING_SECONDS = 60
TOO_LARGE = "Checking the table needs more memory than it may have. Leave out columns of long texts, and try again."
ENDED = "The checks ended before there was a result. The training itself is not affected."


def main() -> int:
    """Check what the order names and write the result, whole or not at all; return the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_caller, name="caller", daemon=True).start()
    _limit_self()
    write_result(Path(order["place"]), _check(order))
    return 0


def write_result(place: Path, result: dict[str, Any]) -> None:
    """Write `checks`, or the `trouble` that there was, to `place`. Raises DiskError and OSError."""
    place.parent.mkdir(exist_ok=True)
    write_atomically(place, json.dumps(result, allow_nan=False).encode("ascii"))


def _end_with_the_caller() -> None:
    """End this process when its input ends, for then nobody waits for the result."""
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock would be waited for at the end
    os._exit(1)


def _limit_self() -> None:
    os.nice(POLITENESS)
    pa.set_cpu_count(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING_SECONDS, COMPUTING_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _check(order: dict[str, Any]) -> dict[str, Any]:
    try:
        report = ReadReport.from_json(Path(order["report"]).read_text(encoding="utf-8"))
        checks = run_checks(Path(order["table"]), report, Question.from_dict(order["question"]))
    except AppError as error:
        return {"trouble": error.sentence}
    except (MemoryError, pa.ArrowMemoryError):
        return {"trouble": TOO_LARGE}
    except Exception:
        traceback.print_exc()
        return {"trouble": ENDED}
    return {"checks": [check.as_dict() for check in checks]}


if __name__ == "__main__":
    sys.exit(main())
