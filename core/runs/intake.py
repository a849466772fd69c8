"""Files on their way in: kept, read in the background, and shown from whatever page asks.

incoming/<id>/original.csv   the file as it came
incoming/<id>/state.json     what is known of it
incoming/<id>/head.json      its first rows, before the whole is read
incoming/<id>/reading/       the reading, with how far it is in progress.json

A file that could not be read stays, so that it can be read in another way, until it is discarded or a
day has passed. Reading is done by a child process; a thread of this process waits for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from core.errors import AppError, RunError
from core.runs.datasets import CHUNK_BYTES, check_size, keep_reading, original_of, spool, suffix_of
from core.runs.processes import ProcessId, is_alive, this_process
from core.runs.records import Dataset
from core.runs.store import Store
from core.tables.files.convert import PROGRESS_NAME
from core.tables.options import AUTOMATIC, ReadOptions
from core.tables.report import Head
from core.tables.sandbox import head_in_sandbox
from core.workspace import Workspace, disk_sentence, write_atomically

STATE_NAME = "state.json"
HEAD_NAME = "head.json"
HEAD_FROM_BYTES = 4_000_000  # a smaller file is read whole in as short a time
LOST = "Reading ended when the app was closed. Read the file again."

IntakeState = Literal["reading", "done", "failed"]


@dataclass(frozen=True)
class Intake:
    """A file on its way in. `dataset_id` is the table it became, `sentence` why it became none.

    `replaces` is the table of the same file that is being read in another way; `share` of the work is
    done, in the part called `phase`.
    """

    id: str
    file_name: str
    n_bytes: int
    sha256: str
    state: IntakeState = "reading"
    options: ReadOptions = AUTOMATIC
    sentence: str = ""
    dataset_id: str | None = None
    replaces: str | None = None
    reader: ProcessId | None = None
    phase: str = ""
    share: float = 0.0
    head: Head | None = None


def receive(
    workspace: Workspace, store: Store, source: Path | BinaryIO, name: str, options: ReadOptions = AUTOMATIC
) -> Intake:
    """Keep the file and begin to read it; return what is known of it. A path is moved away.

    Raises TableFileError for one that is too large, and RunError where it cannot be kept.
    """
    folder, file_name = _new_folder(workspace), os.path.basename(name.replace("\\", "/")).strip() or "table"
    original = folder / f"original{suffix_of(file_name)}"
    try:
        if isinstance(source, Path):
            sha256 = _move(source, original)
        else:
            sha256 = spool(source, original, on_bytes=lambda done: _begin_head(original, done))
        intake = Intake(folder.name, file_name, original.stat().st_size, sha256, options=options)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise RunError(disk_sentence(error, workspace.home)) from error
        raise
    return _begin(workspace, store, intake)


def read_again(workspace: Workspace, store: Store, dataset: Dataset, options: ReadOptions) -> Intake:
    """Begin to read the file of a table in another way; the table that was there stays until that is done."""
    original, folder = original_of(workspace, dataset), _new_folder(workspace)
    try:
        os.link(original, folder / original.name)
    except OSError as error:
        raise RunError(disk_sentence(error, workspace.home)) from error
    size = original.stat().st_size
    intake = Intake(folder.name, dataset.file_name, size, dataset.sha256, options=options, replaces=dataset.id)
    return _begin(workspace, store, intake)


def retry(workspace: Workspace, store: Store, intake: Intake, options: ReadOptions) -> Intake:
    """Begin to read in another way a file that could not be read. Raises ConfigError for a choice that is none."""
    return _begin(workspace, store, replace(intake, options=options.checked(), sentence="", head=None, share=0.0))


def look(workspace: Workspace, intake_id: str) -> Intake:
    """Return what is known of a file on its way in. Raises RunError where there is no such file."""
    folder = workspace.incoming / intake_id
    try:
        if not intake_id.isalnum():
            raise ValueError(intake_id)
        values = json.loads((folder / STATE_NAME).read_text(encoding="utf-8"))
        intake = _intake_of(values)
    except (OSError, ValueError, KeyError, TypeError, AppError) as error:
        raise RunError("That file is not here any more. Bring it again.") from error
    if intake.state == "reading" and (intake.reader is None or not is_alive(intake.reader)):
        return replace(intake, state="failed", sentence=LOST)
    progress = _json(folder / "reading" / PROGRESS_NAME)
    head = _json(folder / HEAD_NAME)
    return replace(
        intake,
        phase=str(progress.get("phase", "")),
        share=float(progress.get("share", 0.0)),
        head=Head(tuple(head["names"]), tuple(map(tuple, head["rows"]))) if head else None,
    )


def wait_for(workspace: Workspace, intake: Intake, seconds: float) -> Intake:
    """Return what is known of a file when it is read, or when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while intake.state == "reading" and time.monotonic() < deadline:
        time.sleep(0.02)
        intake = look(workspace, intake.id)
    return intake


def discard(workspace: Workspace, intake_id: str) -> None:
    """Forget a file that came in; a table that was made of it stays."""
    if intake_id.isalnum():
        shutil.rmtree(workspace.incoming / intake_id, ignore_errors=True)


def _begin(workspace: Workspace, store: Store, intake: Intake) -> Intake:
    shutil.rmtree(workspace.incoming / intake.id / "reading", ignore_errors=True)
    intake = replace(intake, state="reading", reader=this_process(), phase="", share=0.0)
    _write(workspace, intake)
    threading.Thread(target=_read, args=(workspace, store, intake), name=f"read-{intake.id}", daemon=True).start()
    return intake


def _read(workspace: Workspace, store: Store, intake: Intake) -> None:
    """Read the file, and write down what came of it. Nothing that happens here may leave it unsaid."""
    folder = workspace.incoming / intake.id
    original = next(folder.glob("original*"))
    try:
        dataset = keep_reading(
            workspace, store, original, folder / "reading",
            file_name=intake.file_name, sha256=intake.sha256, options=intake.options,
        )  # fmt: skip
        _write(workspace, replace(intake, state="done", dataset_id=dataset.id))
    except AppError as error:
        _write(workspace, replace(intake, state="failed", sentence=error.sentence))
    except OSError as error:
        _write(workspace, replace(intake, state="failed", sentence=disk_sentence(error, workspace.home)))


def _move(source: Path, original: Path) -> str:
    """Move a file that lies in the workspace already; return its SHA-256."""
    size = source.stat().st_size
    check_size(size)
    source.replace(original)
    _begin_head(original, min(size, HEAD_FROM_BYTES))
    with original.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin_head(original: Path, n_bytes: int) -> None:
    """Have the first rows read as soon as enough of a large file is there, while the rest still comes in."""
    if n_bytes - CHUNK_BYTES < HEAD_FROM_BYTES <= n_bytes:
        threading.Thread(target=_read_head, args=(original,), name="read-head", daemon=True).start()


def _read_head(original: Path) -> None:
    with suppress(AppError, OSError):  # the reading of the whole says what is wrong
        head = head_in_sandbox(original, original.parent)
        write_atomically(original.with_name(HEAD_NAME), json.dumps(asdict(head)).encode())


def _new_folder(workspace: Workspace) -> Path:
    folder = workspace.incoming / secrets.token_hex(8)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise RunError(disk_sentence(error, workspace.home)) from error
    return folder


def _write(workspace: Workspace, intake: Intake) -> None:
    values = asdict(intake) | {"options": intake.options.as_dict()}
    for passing in ("head", "phase", "share"):
        del values[passing]
    with suppress(FileNotFoundError):  # it was discarded meanwhile
        write_atomically(workspace.incoming / intake.id / STATE_NAME, json.dumps(values).encode())


def _intake_of(values: dict[str, Any]) -> Intake:
    reader = ProcessId(**values.pop("reader")) if values["reader"] else None
    return Intake(**{**values, "reader": reader, "options": ReadOptions.from_dict(values["options"])})


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
