"""What is found out about a trained model on demand, in a process of its own, and kept in the run's folder.

runs/<id>/insight/<what>.json            the answer, once it is there
runs/<id>/insight/<what>.progress.json   how far the process is
runs/<id>/insight/<what>.failed.json     why there is no answer

One question of a kind is worked on at a time in a workspace. The process ends with the one that sent it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import DiskError, RunError
from core.runs.errand import Errand, recall, send
from core.runs.launch import threads_for
from core.runs.records import Run
from core.runs.requests import MODEL_NAME
from core.workspace import Workspace, disk_sentence, write_atomically

FOLDER_NAME = "insight"
MODULE = "core.runs.insight_worker"
QUICK = Errand(MODULE, "insight", threads_for(1), seconds=900.0)
STUDY = Errand(MODULE, "study", threads_for(1), seconds=6 * 3600.0)

What = Literal["evaluate", "explain", "row", "effect", "more_data", "splits"]
STUDIES: tuple[What, ...] = ("more_data", "splits")
STARTING = "Starting."
DIED = "The process that worked on this ended without an answer. Try again."
STOPPED = "This was stopped before there was an answer."
TOO_LATE = "This took too long and was ended. Try it with a smaller table."


@dataclass(frozen=True)
class Question:
    """What is asked about a run's model: of a `row` its number in the table, of an `effect` the column."""

    what: What
    detail: str = ""

    @property
    def errand(self) -> Errand:
        """Return the kind of errand that answers it: trainings of their own do not hold up the rest."""
        return STUDY if self.what in STUDIES else QUICK

    @property
    def stem(self) -> str:
        """Return the name of its files, without an ending."""
        if not self.detail:
            return self.what
        return f"{self.what}-{hashlib.sha256(self.detail.encode('utf-8', 'replace')).hexdigest()[:16]}"


@dataclass(frozen=True)
class Order:
    """What the process is told."""

    home: str
    run_id: str
    what: What
    detail: str


@dataclass(frozen=True)
class Advance:
    """How far the process is: `share` from 0 to 1, what it does in words, and how many seconds may be left."""

    share: float
    sentence: str = ""
    seconds_left: float | None = None


def answer_to(workspace: Workspace, run_id: str, question: Question) -> dict[str, Any] | None:
    """Return the answer, or None while there is none."""
    return _json(_place(workspace, run_id, question))


def advance_of(workspace: Workspace, run_id: str, question: Question) -> Advance:
    """Return how far the answer is."""
    found = _json(_place(workspace, run_id, question, "progress")) or {}
    with suppress(TypeError, ValueError, KeyError):
        left = found.get("seconds_left")
        share = min(1.0, max(0.0, float(found["share"])))
        return Advance(share, str(found["sentence"]), None if left is None else float(left))
    return Advance(0.0)


def failure_of(workspace: Workspace, run_id: str, question: Question) -> str:
    """Return why there is no answer, or an empty text."""
    return str((_json(_place(workspace, run_id, question, "failed")) or {}).get("sentence", ""))


def ask(workspace: Workspace, run: Run, question: Question, *, again: bool = False) -> bool:
    """Have a question answered by a process of its own; tell whether one was sent.

    None is while another question of its kind is worked on, or where the answer is there, unless it is asked
    `again`. Raises RunError for a run without a model, and DiskError.
    """
    folder = workspace.run_dir(run.id)
    if not (folder / MODEL_NAME).is_file():
        raise RunError(f"The run '{run.name}' has no model. Train it again.")
    place = _place(workspace, run.id, question)
    try:
        place.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise DiskError(disk_sentence(error, folder)) from error
    order = Order(str(workspace.home), run.id, question.what, question.detail)
    return send(
        workspace,
        question.errand,
        asdict(order),
        place,
        is_answered=lambda: (not again and _json(place) is not None) or _forgotten(workspace, order),
        on_failure=lambda is_late: write_failure(workspace, order, TOO_LATE if is_late else DIED),
    )


def is_begun(workspace: Workspace, run_id: str, question: Question) -> bool:
    """Return whether a process was sent for this very question, and has neither answered nor failed."""
    if _place(workspace, run_id, question).exists() or _place(workspace, run_id, question, "failed").exists():
        return False
    return _place(workspace, run_id, question, "progress").exists()


def withdraw(workspace: Workspace, question: Question) -> None:
    """End the process that works on questions of this kind."""
    recall(workspace, question.errand)


def stop(workspace: Workspace, run_id: str, question: Question) -> None:
    """End the work on a question, or its waiting for one; what is then said of it is that it was stopped."""
    if is_begun(workspace, run_id, question):
        withdraw(workspace, question)
    write_failure(workspace, Order(str(workspace.home), run_id, question.what, question.detail), STOPPED)


def forget(workspace: Workspace, run_id: str, question: Question) -> None:
    """Forget the answer to a question, or why there is none, so that it can be asked anew."""
    for ending in ("", "failed"):
        with suppress(OSError):
            _place(workspace, run_id, question, ending).unlink(missing_ok=True)


def write_answer(workspace: Workspace, order: Order, answer: Mapping[str, Any]) -> None:
    """Keep an answer. Raises DiskError, and ValueError for what strict JSON does not hold."""
    data = json.dumps(answer, allow_nan=False).encode("ascii")
    write_atomically(_place_of(workspace, order), data)


def write_advance(workspace: Workspace, order: Order, advance: Advance) -> None:
    """Tell how far the process is. What the disk does not take is not told."""
    place = _place_of(workspace, order, "progress")
    with suppress(OSError):
        temporary = place.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(advance)), encoding="ascii")
        temporary.replace(place)


def write_failure(workspace: Workspace, order: Order, sentence: str) -> None:
    """Tell why there is no answer, unless the run is gone meanwhile."""
    place = _place_of(workspace, order, "failed")
    with suppress(DiskError, OSError):
        if place.parent.is_dir():
            write_atomically(place, json.dumps({"sentence": sentence}).encode("ascii"))
            _place_of(workspace, order, "progress").unlink(missing_ok=True)


def _forgotten(workspace: Workspace, order: Order) -> bool:
    """Forget how an earlier attempt went, tell that another begins, and return that there is no answer."""
    write_advance(workspace, order, Advance(0.0, STARTING))
    _place_of(workspace, order, "failed").unlink(missing_ok=True)
    return False


def _place_of(workspace: Workspace, order: Order, ending: str = "") -> Path:
    return _place(workspace, order.run_id, Question(order.what, order.detail), ending)


def _place(workspace: Workspace, run_id: str, question: Question, ending: str = "") -> Path:
    name = f"{question.stem}.{ending}.json" if ending else f"{question.stem}.json"
    return workspace.run_dir(run_id) / FOLDER_NAME / name


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
