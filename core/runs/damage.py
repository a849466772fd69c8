"""What is wrong with a run and its files, in one sentence that also says what can be done.

It asks only for names and sizes, so that a thousand runs are looked through at once.
"""

from __future__ import annotations

from core.runs.checkpoints import CHECKPOINT_NAME
from core.runs.jobs import PREDICTIONS_NAME
from core.runs.records import Run
from core.runs.requests import MODEL_NAME, SCORED_WITH_NAME, TEACHER_NAME
from core.runs.usage import RunFiles

_PREDICTIONS = f"{PREDICTIONS_NAME}.csv"


def damage_of(run: Run, files: RunFiles) -> str:
    """Say what of a run is damaged; empty where nothing is, and while a process may be writing."""
    if run.damage:
        return run.damage
    if run.is_active or files.is_passing:
        return ""
    if files.trouble:
        return f"Its folder cannot be read: {files.trouble}. Allow it, or delete the run."
    return _of_result(run, files) if run.state in ("finished", "stopped") else _of_rest(run, files)


def _of_result(run: Run, files: RunFiles) -> str:
    if run.kind == "score":
        return _of_predictions(run, files)
    if run.metrics is None:
        return "Its figures are missing. Delete it." if run.state == "finished" else ""
    found, written = files.sizes.get(MODEL_NAME), (run.results or {}).get("bundle_bytes")
    if found is None:
        return "Its model file is missing. Train it again, or delete it."
    if found == 0 or (isinstance(written, int) and found != written):
        return "Its model file is damaged: it has not the size it was written with. Train it again, or delete it."
    if files.sizes.get(CHECKPOINT_NAME) == 0:
        return "Its checkpoint is empty, so it cannot be continued; its model is whole."
    return ""


def _of_predictions(run: Run, files: RunFiles) -> str:
    if run.state == "finished" and not files.sizes.get(_PREDICTIONS):
        fault = "empty" if _PREDICTIONS in files.sizes else "missing"
        return f"Its file of predictions is {fault}. Predict again, or delete it."
    return ""


def _of_rest(run: Run, files: RunFiles) -> str:
    """Say what would keep a run that rests from going on."""
    needed = {"distil": TEACHER_NAME, "score": SCORED_WITH_NAME}.get(run.kind)
    if run.is_resting and needed and not files.sizes.get(needed):
        return "The model file that it needs is missing, so it cannot be resumed. Delete it."
    if files.sizes.get(CHECKPOINT_NAME) == 0:
        return "Its checkpoint is empty" + (", so Resume begins again." if run.is_resting else ". Delete it.")
    return ""
