"""What changes while a network trains: its weights, the optimizer, the place in the epoch, the curve, the best."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core.checkpoint.contents import Ending
from core.epoch import Divergence, EpochReport
from core.networks.averaged import Averaged
from core.steps.flat import flatten_parameters
from core.steps.quickstart import defer_compiler
from core.steps.recipe import Recipe
from core.types import TrainingConfig

WEIGHT_DECAY = 1e-4


@dataclass
class Best:
    """The best whole epoch so far with a copy of its weights: by validation loss, else by training loss."""

    live: tuple[Tensor, ...]  # the network's own tensors, which training changes in place
    copies: tuple[Tensor, ...]
    epoch: int = 0
    loss: float = math.inf

    def offer(self, epoch: int, loss: float) -> None:
        """Keep the weights as they are now where `loss` is the lowest so far."""
        if loss < self.loss:
            self.epoch, self.loss = epoch, loss
            _copy(self.live, self.copies)

    def restore(self) -> None:
        """Give the network the best epoch's weights, where there is one."""
        if self.epoch:
            _copy(self.copies, self.live)

    @property
    def is_finite(self) -> bool:
        """Return whether there is a best epoch, and all its weights are numbers."""
        return self.epoch > 0 and all(bool(torch.isfinite(tensor).all()) for tensor in self.copies)


@dataclass
class EpochInWork:
    """One permutation of the rows, and how far training is in it."""

    permutation: Tensor  # (n,)
    loss_total: Tensor  # scalar: over the rows done
    started: float  # seconds of training before this epoch
    next_batch: int = 0
    rows: int = 0


@dataclass
class TrainingState:
    """All that a training is at one moment; `epoch` is None between two epochs.

    What stands before `best` does not change, but for the numbers within.
    """

    cfg: TrainingConfig
    model: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    has_validation: bool
    baseline_loss: float | None
    best: Best
    reports: list[EpochReport] = field(default_factory=list)
    update_steps: int = 0
    patience_base: int = 0
    epoch: EpochInWork | None = None
    ending: Ending | None = None
    divergence: Divergence | None = None
    earlier_seconds: float = 0.0  # of the parts before this one was resumed
    started: float = field(default_factory=time.perf_counter)
    recipe: Recipe | None = None
    rate: float = 1.0  # of the first one, for the steps to come
    dones: list[float] = field(default_factory=list)  # the share of the training that was over at each epoch's end

    @property
    def seconds(self) -> float:
        """Return how long training has taken so far, all parts together."""
        return self.earlier_seconds + time.perf_counter() - self.started

    @property
    def parameters(self) -> list[Tensor]:
        """Return what the optimizer changes: all weights of the network in one."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def enter_epoch(self, n_rows: int, generator: torch.Generator | None = None) -> EpochInWork:
        """Return the epoch in work, or begin one, whose order is drawn by `generator`, else by torch's own."""
        if self.epoch is None:
            permutation = torch.randperm(n_rows, device=self.device, generator=generator)
            self.epoch = EpochInWork(permutation, torch.zeros((), device=self.device), self.seconds)
        return self.epoch

    def count_step(self, epoch: EpochInWork, loss: Tensor, n_rows: int) -> None:
        """Enter a step on `n_rows` rows in the epoch in work; this does not wait for the device."""
        epoch.loss_total.add_(loss, alpha=n_rows)
        epoch.rows += n_rows
        self.update_steps += 1
        if isinstance(self.model, Averaged):
            self.model.follow(self.update_steps)

    def set_rate(self, epoch: EpochInWork, n_batches: int) -> None:
        """Give the optimizer the rate of the next step, where a recipe has one."""
        if self.recipe is not None:
            done = (len(self.reports) + epoch.next_batch / max(1, n_batches)) / self.cfg.epochs
            self.rate = self.recipe.factor(done)
            self.recipe.set_rate(self.optimizer, self.rate)

    def wave_was_vain(self) -> bool:
        """Return whether the rate has fallen to 0 at the end of the last epoch, and its wave brought too little."""
        waves = self.recipe.waves if self.recipe else None
        if waves is None or not self.has_validation:
            return False
        before, now = [0.0, *self.dones[-2:]][-2:]
        if not waves.ends_between(before, now):  # most epochs, which are not worth a look at all others
            return False
        losses = [math.inf if report.validation_loss is None else report.validation_loss for report in self.reports]
        return waves.are_vain(self.dones, losses)

    def restore_dones(self) -> None:
        """Fill in what share of the training was over at the end of each epoch that is reported."""
        self.dones = [report.epoch / self.cfg.epochs for report in self.reports]

    def _done_at(self, epoch: int) -> float:
        done = epoch / self.cfg.epochs
        return self.recipe.done(done) if self.recipe else done

    def mean_loss(self) -> float:
        """Return the mean loss of the rows done in the epoch in work; this waits for the device."""
        return float(self.epoch.loss_total / max(1, self.epoch.rows)) if self.epoch else 0.0

    def close_epoch(self, train_loss: float, validation_loss: float | None) -> EpochReport:
        """Enter the epoch in work in the curve as whole, and keep its weights where it is the best."""
        report = EpochReport(
            epoch=len(self.reports) + 1,
            epochs=self.cfg.epochs,
            train_loss=train_loss,
            validation_loss=validation_loss,
            learning_rate=self.rate * (self.recipe.learning_rate if self.recipe else self.cfg.learning_rate),
            seconds=self.seconds - (self.epoch.started if self.epoch else 0.0),
            baseline_loss=self.baseline_loss,
        )
        self.reports.append(report)
        self.dones.append(self._done_at(report.epoch))
        self.best.offer(report.epoch, train_loss if validation_loss is None else validation_loss)
        self.epoch = None
        return report


def begin(
    model: nn.Module,
    cfg: TrainingConfig,
    device: torch.device,
    *,
    has_validation: bool = False,
    baseline_loss: float | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    recipe: Recipe | None = None,
) -> TrainingState:
    """Return the state before the first step; without an `optimizer`, that is the recipe's, else one of `adam_of`."""
    if optimizer is None:
        optimizer = adam_of(flatten_parameters(model), cfg) if recipe is None else recipe.optimizer(model)
    live = tuple(tensor for tensor in model.state_dict().values() if tensor.dtype != torch.bool)
    best = Best(live, tuple(torch.empty_like(tensor) for tensor in live))
    return TrainingState(cfg, model, optimizer, device, has_validation, baseline_loss, best, recipe=recipe)


def adam_of(parameter: nn.Parameter, cfg: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimizer of REQ-T10 for one long parameter."""
    defer_compiler()
    return torch.optim.Adam([parameter], lr=cfg.learning_rate, weight_decay=WEIGHT_DECAY, fused=True)


def _copy(sources: tuple[Tensor, ...], targets: tuple[Tensor, ...]) -> None:
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)
