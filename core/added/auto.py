"""The mode `auto`: networks of several kinds, trained on folds of the rows until the time is over, and blended."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.added.members import Member, Problem, kept, taken_up
from core.added.search import Search
from core.bundle.flaw import FlawError
from core.calibration import OutOfFold
from core.checkpoint.identity import Identity
from core.checkpoint.members_file import KeptMembers, read_members, write_members
from core.encoder import Encoder
from core.errors import CheckpointError, RunError, TrainingError, TrainingPaused
from core.fitting import RowSets, identity_of, score
from core.loop import Control, LoopResult
from core.networks.blend import SMALLEST_SHARE, Blend
from core.types import Metrics, TrainingConfig

FEWEST_ROWS = 4  # so that a member has some to learn from and one to be judged on

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blended:
    """A trained blend, how its training went, its figures, and what its members say of rows that they held out."""

    network: Blend
    result: LoopResult
    metrics: Metrics
    out_of_fold: OutOfFold


def train_auto(
    rows: RowSets,
    encoder: Encoder,
    cfg: TrainingConfig,
    task: str,
    output_dim: int,
    target_scaler: Any,
    control: Control,
    device: torch.device,
    *,
    began: float,
    in_time: bool = False,
) -> Blended:
    """Train members on `rows.x_train` until `cfg.time_budget` seconds after `began`, and blend them.

    No row is kept for validation, for each is held out by some members. The rows are on the CPU, `in_time` order where
    that is asked for; `cfg` is `settled`, and `began` is of `time.perf_counter`. `control.on_epoch` gets a report for
    each member, whose validation loss is that of the blend so far. Raises TrainingError (a ValueError) where no member
    came to be, TrainingPaused when a wish to pause is granted, and CheckpointError.
    """
    if len(rows.x_train) < FEWEST_ROWS:
        raise TrainingError(
            f"A blend needs at least {FEWEST_ROWS} rows to learn from, and there are {len(rows.x_train)}. "
            "Add rows, or choose another mode."
        )
    zero = float(target_scaler.transform([[0.0]])[0, 0]) if task == "regression" else 0.0
    problem = Problem(rows, encoder, cfg, task, output_dim, device, in_time, zero)
    resumable = control.checkpoint_path is not None or control.resume_from is not None
    identity = identity_of(rows, problem.objective, cfg) if resumable else Identity()
    earlier, earlier_seconds = _earlier(problem, control.resume_from, identity)
    search = Search(problem, target_scaler, began - earlier_seconds, earlier)
    threads = torch.get_num_threads()

    def save() -> None:
        """Write down the members so far; a disk that refuses is warned of, and does not end a training."""
        if control.checkpoint_path is None:
            return
        seconds = time.perf_counter() - began + earlier_seconds
        members = [kept(member, loss) for member, loss in zip(search.members, search.losses, strict=True)]
        try:
            write_members(
                Path(control.checkpoint_path), KeptMembers(identity, seconds, threads, problem.baseline_loss, members)
            )
        except RunError as error:
            if search.was_paused:
                raise
            logger.warning("A checkpoint could not be written, and training went on. %s", error.sentence)

    search.run(control, on_member=save)
    if search.was_paused and not search.was_stopped:
        save()
        raise TrainingPaused(f"Training is paused after {len(search.members):,} networks. Resume it to go on.")
    blend = search.blend().to(device).eval()
    result = LoopResult(
        reports=search.reports,
        update_steps=sum(member.steps for member in search.members),
        stopped=search.was_stopped,
        best_epoch=None,
        earlier_seconds=earlier_seconds,
        threads=threads,
    )
    seconds = time.perf_counter() - began + earlier_seconds
    metrics = score(blend, rows.to(device), problem.objective.hard, task, target_scaler, result, seconds)
    metrics.leaderboard = search.board().as_dict()
    return Blended(blend, result, metrics, _out_of_fold(search, problem, target_scaler))


def _out_of_fold(search: Search, problem: Problem, target_scaler: Any) -> OutOfFold:
    held, predicted = search.out_of_fold()
    y = problem.y[held].numpy()
    if problem.n_classes is not None:
        return OutOfFold(np.log(np.maximum(predicted, SMALLEST_SHARE)), y)
    numbers, truths = (target_scaler.inverse_transform(scaled)[:, 0] for scaled in (predicted, y.astype(np.float64)))
    return OutOfFold(numbers, truths)


def _earlier(problem: Problem, path: str | Path | None, identity: Identity) -> tuple[list[Member], float]:
    """Return the members in a checkpoint, and how long they took."""
    if path is None:
        return [], 0.0
    found = read_members(path, identity)
    try:
        return [taken_up(problem, member) for member in found.members], found.seconds
    except FlawError as flaw:
        raise CheckpointError(f"This checkpoint cannot be used: {flaw}. Start the training anew.") from flaw
