"""The checks of a table before a training, made in a process of their own and remembered beside the table.

datasets/<sha256>/<reading>/checks/<key>.json   what was found, for one choice of columns and target

That process holds the workspace's lock while it works, so there is one at a time. It ends with the process that
started it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from core.errors import AppError
from core.runs.datasets import REPORT_NAME, table_path
from core.runs.errand import Errand, send
from core.runs.records import Dataset, Roles
from core.tables.checks.check import Check
from core.tables.checks.question import Question
from core.tables.infer import task_of_column
from core.tables.report import ReadReport
from core.types import TrainingConfig
from core.workspace import Workspace, write_atomically

FOLDER_NAME = "checks"
CHECKS = Errand("core.tables.checks", "checks", n_threads=1, seconds=60.0)
ENDED = "The checks ended before there was a result. The training itself is not affected."
TOO_LATE = f"The checks took longer than {CHECKS.seconds:.0f} seconds and were ended. Leave out columns."
FORMAT = 2  # to be raised whenever the checks of the same table come out differently
TROUBLE_ID = "trouble"


def question_of(
    report: ReadReport, roles: Roles, task: str = "auto", test_size: float | None = None
) -> Question | None:
    """Return what is asked of a table under `roles`; None where no target is chosen, or it holds nothing."""
    target = next((column for column in report.columns if column.name == roles.target), None)
    if target is None or target.n_missing >= report.n_rows:
        return None
    return Question(
        target=target.name,
        task=task_of_column(target, report.n_rows) if task == "auto" else task,
        excluded=tuple(sorted(roles.excluded)),
        dates=tuple(sorted(roles.dates)),
        categories=tuple(sorted(roles.categories)),
        time_column=roles.time,
        test_size=TrainingConfig.test_size if test_size is None else test_size,
    )


def checks_for(workspace: Workspace, dataset: Dataset, question: Question) -> tuple[Check, ...] | None:
    """Return the checks, those to look at first; None while they have not been made.

    Where they could not be made, that is the only one. Raises RunError when the table is gone.
    """
    try:
        found = json.loads(_place(workspace, dataset, question).read_text(encoding="ascii"))
        if "trouble" in found:
            return (Check(TROUBLE_ID, "look", "The table could not be checked", str(found["trouble"])),)
        return tuple(Check.from_dict(values) for values in found["checks"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start_checks(workspace: Workspace, dataset: Dataset, question: Question) -> bool:
    """Have the table checked in a process of its own; tell whether one was started.

    None is when one is at work in this workspace, or the checks are there. Raises RunError when the table is gone,
    and DiskError.
    """
    place = _place(workspace, dataset, question)
    table = table_path(workspace, dataset)
    order = {
        "table": str(table),
        "report": str(table.with_name(REPORT_NAME)),
        "question": question.as_dict(),
        "place": str(place),
    }

    def are_made() -> bool:
        return checks_for(workspace, dataset, question) is not None

    def note(is_late: bool) -> None:
        with suppress(AppError, OSError):  # the table may have been deleted meanwhile
            place.parent.mkdir(exist_ok=True)
            write_atomically(place, json.dumps({"trouble": TOO_LATE if is_late else ENDED}).encode("ascii"))

    return send(workspace, CHECKS, order, place, is_answered=are_made, on_failure=note)


def forget_checks(workspace: Workspace, dataset: Dataset, question: Question) -> None:
    """Forget what was found, so that the table is checked again."""
    _place(workspace, dataset, question).unlink(missing_ok=True)


def _place(workspace: Workspace, dataset: Dataset, question: Question) -> Path:
    text = json.dumps([FORMAT, question.as_dict()])
    key = hashlib.sha256(text.encode("ascii")).hexdigest()[:16]
    return table_path(workspace, dataset).with_name(FOLDER_NAME) / f"{key}.json"
