"""Between a running training and its checkpoint: taking one, and going on from one."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoint.array_file import DTYPES
from core.checkpoint.contents import ARRAYS, Checkpoint, Ending, Position
from core.checkpoint.file import read_checkpoint
from core.checkpoint.identity import Identity
from core.checkpoint.random_states import LONGEST_STATES, random_arrays, random_rest, set_random_states
from core.checkpoint.state import EpochInWork, TrainingState
from core.epoch import EpochReport
from core.errors import CheckpointError
from core.types import TrainingConfig

_MOMENTS = ("adam_mean", "adam_square")

logger = logging.getLogger(__name__)


def take_snapshot(state: TrainingState, identity: Identity) -> Checkpoint:
    """Return the moment that `state` is in, the generators of random numbers included."""
    epoch, best = state.epoch, state.best
    return Checkpoint(
        identity=identity,
        epochs=state.cfg.epochs,
        patience=state.cfg.early_stopping_patience,
        patience_base=state.patience_base,
        learning_rate=state.cfg.learning_rate,
        update_steps=state.update_steps,
        best_epoch=best.epoch,
        best_loss=best.loss if best.epoch else None,
        baseline_loss=state.baseline_loss,
        has_validation=state.has_validation,
        position=None if epoch is None else Position(epoch.next_batch, epoch.rows, epoch.started),
        ending=state.ending,
        divergence=state.divergence,
        elapsed_seconds=state.seconds,
        threads=torch.get_num_threads(),
        device=state.device.type,
        random=random_rest(),
        arrays={
            **{name: _joined(tensors, name) for name, tensors in _tensors(state).items()},
            "curve": _curve(state.reports),
            **random_arrays(state.device),
        },
    )


def go_on_from(path: str | Path, state: TrainingState, identity: Identity | None, n_rows: int) -> None:
    """Put `state`, which is at its beginning, where the checkpoint was taken; `n_rows` rows train.

    Raises CheckpointError in one sentence where the checkpoint is another training's, or not sound.
    """
    longest = _longest_arrays(state, n_rows)
    checkpoint = read_checkpoint(path, identity, longest)
    if not (_has_the_sizes(checkpoint, longest, len(state.parameters)) and _is_consistent(checkpoint, state, n_rows)):
        raise CheckpointError("This checkpoint does not fit the network that is trained. Start the training anew.")
    _warn_of_other_arithmetic(checkpoint, state.device.type)
    for name, tensors in _weights(state).items():
        _spread(checkpoint.arrays[name], tensors)
    _restore_optimizer(state, checkpoint.arrays)
    _restore_progress(state, checkpoint)
    try:
        set_random_states(checkpoint.random, checkpoint.arrays, state.device)
    except (ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            "This checkpoint holds random numbers that cannot be gone on with. Start the training anew."
        ) from error


def _longest_arrays(state: TrainingState, n_rows: int) -> dict[str, int]:
    """Return the most numbers that the arrays of this training's checkpoint may have, by name."""
    n_parameters = sum(parameter.numel() for parameter in state.parameters)
    return {
        **{name: sum(tensor.numel() for tensor in tensors) for name, tensors in _weights(state).items()},
        "adam_step": max(len(state.parameters), len(list(state.model.parameters()))),
        **{"adam_mean": n_parameters, "adam_square": n_parameters},
        **{"permutation": n_rows, "loss_total": 1},
        **LONGEST_STATES,
    }


def _restore_progress(state: TrainingState, checkpoint: Checkpoint) -> None:
    state.reports = [
        replace(report, epochs=state.cfg.epochs, baseline_loss=state.baseline_loss) for report in checkpoint.reports
    ]
    state.restore_dones()
    if checkpoint.best_loss is not None:
        state.best.epoch, state.best.loss = checkpoint.best_epoch, checkpoint.best_loss
    state.update_steps = checkpoint.update_steps
    state.patience_base, state.ending = _where_patience_and_training_end(checkpoint, state.cfg)
    state.divergence = checkpoint.divergence
    state.earlier_seconds = checkpoint.elapsed_seconds
    if checkpoint.position is not None:
        permutation = torch.from_numpy(checkpoint.arrays["permutation"]).to(state.device)
        loss_total = torch.from_numpy(checkpoint.arrays["loss_total"]).to(state.device).reshape(())
        position = checkpoint.position
        state.epoch = EpochInWork(permutation, loss_total, position.started, position.next_batch, position.rows)


def _where_patience_and_training_end(checkpoint: Checkpoint, cfg: TrainingConfig) -> tuple[int, Ending | None]:
    """Return the epoch from which patience counts, and why training has ended for good, if it has."""
    if checkpoint.ending in (None, "diverged"):
        return checkpoint.patience_base, checkpoint.ending
    if cfg.epochs > checkpoint.epochs or cfg.early_stopping_patience != checkpoint.patience:
        return len(checkpoint.arrays["curve"]), None
    return checkpoint.patience_base, "patience" if checkpoint.ending == "patience" else None


def _restore_optimizer(state: TrainingState, arrays: Mapping[str, NDArray[Any]]) -> None:
    if not len(arrays["adam_step"]):
        return
    moments = [tuple(torch.zeros_like(parameter) for parameter in state.parameters) for _ in _MOMENTS]
    for name, tensors in zip(_MOMENTS, moments, strict=True):
        _spread(arrays[name], tensors)
    steps = torch.from_numpy(arrays["adam_step"][: len(state.parameters)]).clone().unbind()
    states = zip(steps, *moments, strict=True)
    state.optimizer.load_state_dict(
        {
            "state": {
                index: {"step": step, "exp_avg": mean, "exp_avg_sq": square}
                for index, (step, mean, square) in enumerate(states)
            },
            "param_groups": state.optimizer.state_dict()["param_groups"],
        }
    )


def _tensors(state: TrainingState) -> dict[str, Sequence[Tensor]]:
    """Return what a checkpoint holds of the network, the optimizer and the epoch, by the array it is joined to."""
    weights, epoch = _weights(state), state.epoch
    if not state.best.epoch:
        weights |= {"best": (), "best_counts": ()}
    adam = [state.optimizer.state[parameter] for parameter in state.parameters] if state.update_steps else []
    return {
        **weights,
        "adam_step": [moments["step"] for moments in adam],
        "adam_mean": [moments["exp_avg"] for moments in adam],
        "adam_square": [moments["exp_avg_sq"] for moments in adam],
        "permutation": [epoch.permutation] if epoch else (),
        "loss_total": [epoch.loss_total] if epoch else (),
    }


def _weights(state: TrainingState) -> dict[str, Sequence[Tensor]]:
    """Return the network's tensors and the best epoch's, numbers and counts apart."""
    live, copies = state.best.live, state.best.copies
    return {
        "model": [tensor for tensor in live if tensor.is_floating_point()],
        "model_counts": [tensor for tensor in live if not tensor.is_floating_point()],
        "best": [tensor for tensor in copies if tensor.is_floating_point()],
        "best_counts": [tensor for tensor in copies if not tensor.is_floating_point()],
    }


def _joined(tensors: Sequence[Tensor], name: str) -> NDArray[Any]:
    """Return all numbers of `tensors` in one row."""
    if not tensors:
        return np.zeros(0, DTYPES[ARRAYS[name][0]])
    joined: NDArray[Any] = torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).cpu().numpy()
    return joined


def _spread(array: NDArray[Any], tensors: Sequence[Tensor]) -> None:
    """Undo `_joined`; an empty array changes nothing."""
    if not len(array):
        return
    parts = torch.split(torch.from_numpy(array), [tensor.numel() for tensor in tensors])
    with torch.no_grad():
        for part, tensor in zip(parts, tensors, strict=True):
            tensor.copy_(part.view_as(tensor))


def _curve(reports: Sequence[EpochReport]) -> NDArray[np.float64]:
    rows = [
        (report.train_loss, math.nan if report.validation_loss is None else report.validation_loss, report.seconds)
        for report in reports
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _has_the_sizes(checkpoint: Checkpoint, longest: Mapping[str, int], n_flat: int) -> bool:
    """Return whether every array has all its numbers, or none where there is nothing to hold.

    Adam's step is one number for each long parameter, or in a checkpoint of before, for each of the network's.
    """
    held = {
        **dict.fromkeys(("model", "model_counts", "random_numpy", "random_python"), True),
        **dict.fromkeys(("best", "best_counts"), checkpoint.best_epoch > 0),
        **dict.fromkeys(("adam_mean", "adam_square"), checkpoint.update_steps > 0),
        **dict.fromkeys(("permutation", "loss_total"), checkpoint.position is not None),
    }
    steps = {n_flat, longest["adam_step"]} if checkpoint.update_steps else {0}
    return len(checkpoint.arrays["adam_step"]) in steps and all(
        len(checkpoint.arrays[name]) == (longest[name] if holds else 0) for name, holds in held.items()
    )


def _is_consistent(checkpoint: Checkpoint, state: TrainingState, n_rows: int) -> bool:
    position, n_epochs = checkpoint.position, len(checkpoint.arrays["curve"])
    return (
        checkpoint.has_validation == state.has_validation
        and (checkpoint.best_epoch > 0) == (n_epochs > 0)
        and (checkpoint.update_steps > 0 or n_epochs == 0)
        and (checkpoint.ending == "diverged") == (checkpoint.divergence is not None)
        and (checkpoint.divergence is None or n_epochs > 0)
        and (position is None or position.next_batch <= math.ceil(n_rows / state.cfg.batch_size))
        and (position is None or position.rows <= n_rows)
        and (position is None or np.array_equal(np.sort(checkpoint.arrays["permutation"]), np.arange(n_rows)))
    )


def _warn_of_other_arithmetic(checkpoint: Checkpoint, device: str) -> None:
    """Say that the weights will not be, to the last digit, those of a training that was never interrupted."""
    begun, now = _arithmetic(checkpoint.device, checkpoint.threads), _arithmetic(device, torch.get_num_threads())
    if begun != now:
        logger.warning(
            "This training was begun on %s and goes on on %s, so its figures can differ in the last digits "
            "from those of one that was never interrupted.",
            begun,
            now,
        )


def _arithmetic(device: str, threads: int) -> str:
    return f"the CPU with {threads} thread{'s' if threads > 1 else ''}" if device == "cpu" else "the GPU"
