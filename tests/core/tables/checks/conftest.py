"""Tables with a question, and the checks of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.tables.checks.check import Check
from core.tables.checks.question import Question
from core.tables.checks.run import run_checks
from core.tables.options import AUTOMATIC, ReadOptions
from tests.core.tables.understand.conftest import write_table

Ask = Callable[..., dict[str, Check]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Give a function that checks a table with the target `y`, and returns the checks by their id."""

    def checked(
        task: str = "classification",
        roles: dict[str, Any] | None = None,
        options: ReadOptions = AUTOMATIC,
        **cells: Any,
    ) -> dict[str, Check]:
        path = tmp_path / "table.parquet"
        report = write_table(path, cells, options=options)
        found = run_checks(path, report, Question("y", task, **(roles or {})))
        return {check.id: check for check in found}

    return checked
