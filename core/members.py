"""Several networks of one shape, trained together: other seeds, or folds of a table, in one step for all.

Each gets the batches, the masks and the epochs that it would get alone. What is saved is what a step costs
beside its arithmetic, so that large steps are still made one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from core.checkpoint.state import EpochInWork, TrainingState, adam_of, begin
from core.epoch import EpochReport
from core.errors import ConfigError, TrainingError
from core.loop import SMALLEST_BATCH, Ask, LoopResult, OnEpoch, end_epoch, finished, no_step_sentence
from core.losses import BatchLoss
from core.rows import Rows
from core.steps.adam import quick_update
from core.steps.explicit import FAMILIES, Layer, layers_of
from core.steps.flat import flatten_members
from core.steps.gradient import LossWithGradient, with_gradient
from core.steps.stacked import stacked
from core.steps.threads import only_threads, step_operations, threads_for_step
from core.types import TrainingConfig

# Beyond that a step is arithmetic for the most part, and the members' layers no longer fit in the caches together:
# with 2 to 32 members on one thread 0.6 to 0.9 of the time below it, 0.9 to 1.5 above.
MOST_OPERATIONS = 15_000_000

OnMembersEpoch = Callable[[int, EpochReport], object]  # which member, and its epoch


@dataclass(frozen=True)
class Member:
    """One network and the rows it learns from: positions (n,) in the table that all share.

    It is trained as `core.loop.fit` would train it on those rows with torch's generator in the state of
    `generator`, which shuffles them and draws the masks.
    """

    model: nn.Module
    rows: Tensor
    generator: torch.Generator
    validation_loss: Callable[[], float] | None = None
    baseline_loss: float | None = None


def fit_members(
    members: Sequence[Member],
    x: Rows,
    targets: Sequence[Tensor],
    batch_loss: BatchLoss,
    cfg: TrainingConfig,
    *,
    on_epoch: OnMembersEpoch | None = None,
    should_stop: Ask | None = None,
) -> list[LoopResult]:
    """Train the members in place on their rows of `x` (n, f), on the CPU, and leave them in `eval()`.

    Returns what became of each, as `core.loop.fit` does. Raises ConfigError where their networks are not of
    one family and shape, or where one would make a step more in an epoch than another; TrainingError where
    none makes a step, or the first epoch of one diverges.
    """
    models = [member.model for member in members]
    _check_alike(members, cfg.batch_size)
    with (
        torch.no_grad(),
        only_threads(threads_for_step(nn.ModuleList(models), cfg.batch_size, torch.get_num_threads())),
    ):
        flat, weights = flatten_members(models)
        optimizer = adam_of(flat, cfg)
        together = stacked(models, weights, [member.generator for member in members])
        trained = [_begin(member, cfg, optimizer) for member in members]
        is_small = step_operations(models[0], cfg.batch_size) <= MOST_OPERATIONS
        step = _Step(
            together if is_small else None, trained, x, targets, with_gradient(batch_loss), quick_update(optimizer)
        )
        while not all(one.has_ended for one in trained):
            stopped = _train_epoch(trained, step, cfg.batch_size, should_stop)
            for which, one in enumerate(trained):
                one.end_epoch(None if on_epoch is None else partial(on_epoch, which), stopped=stopped)
        return [one.finish() for one in trained]


@dataclass
class _Trained:
    """A member and where it is; `layers` are its own, for steps that it makes alone."""

    member: Member
    state: TrainingState
    layers: Layer
    last: tuple[Tensor, ...] = ()  # its weights when it ended, while the others go on

    @property
    def has_ended(self) -> bool:
        return bool(self.last)

    def enter_epoch(self) -> EpochInWork:
        return self.state.enter_epoch(len(self.member.rows), self.member.generator)

    def end_epoch(self, on_epoch: OnEpoch | None, *, stopped: bool) -> None:
        state = self.state
        if self.has_ended:
            state.epoch = None  # the others go on, and it with them, but nothing of that is kept
            return
        if state.update_steps == 0:
            raise TrainingError(no_step_sentence(stopped, len(self.member.rows), state.cfg.batch_size))
        state.ending = end_epoch(state, stopped, self.member.validation_loss, on_epoch)
        state.model.train()  # judging it has set it to eval
        if len(state.reports) == state.cfg.epochs:
            state.ending = state.ending or "finished"
        if state.ending is not None:
            self.last = tuple(tensor.clone() for tensor in state.best.live)

    def finish(self) -> LoopResult:
        for live, last in zip(self.state.best.live, self.last, strict=True):
            live.copy_(last)
        return finished(self.state)


@dataclass(frozen=True)
class _Step:
    """One step of every member on its own batch: together where that is quicker and the batches are of one size."""

    together: Layer | None
    trained: Sequence[_Trained]
    x: Rows
    targets: Sequence[Tensor]
    loss: LossWithGradient
    update: Callable[[], object]

    def __call__(self, batches: Sequence[Tensor]) -> list[Tensor]:
        is_even = len(set(map(len, batches))) == 1
        losses = self._together(self.together, batches) if self.together and is_even else self._alone(batches)
        self.update()
        return losses

    def _together(self, layers: Layer, batches: Sequence[Tensor]) -> list[Tensor]:
        rows = torch.stack(list(batches), 1)
        outputs = layers.forward(self.x[rows.view(-1)].view(*rows.shape, -1))
        judged = [self._judge(outputs[:, which], batch) for which, batch in enumerate(batches)]
        layers.backward(torch.stack([gradient for _, gradient in judged], 1))
        return [loss for loss, _ in judged]

    def _alone(self, batches: Sequence[Tensor]) -> list[Tensor]:
        losses = []
        for one, batch in zip(self.trained, batches, strict=True):
            loss, gradient = self._judge(one.layers.forward(self.x[batch]), batch)
            one.layers.backward(gradient)
            losses.append(loss)
        return losses

    def _judge(self, outputs: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        return self.loss(outputs, *(target[batch] for target in self.targets))


def _begin(member: Member, cfg: TrainingConfig, optimizer: torch.optim.Optimizer) -> _Trained:
    state = begin(
        member.model.train(), cfg, torch.device("cpu"),
        has_validation=member.validation_loss is not None,
        baseline_loss=member.baseline_loss,
        optimizer=optimizer,
    )  # fmt: skip
    return _Trained(member, state, layers_of(member.model, member.generator))


def _train_epoch(trained: Sequence[_Trained], step: _Step, batch_size: int, should_stop: Ask | None) -> bool:
    """Make an epoch's steps; return whether training was stopped before one of them."""
    epochs = [one.enter_epoch() for one in trained]
    orders = [one.member.rows[epoch.permutation] for one, epoch in zip(trained, epochs, strict=True)]
    for first in range(0, max(map(len, orders)), batch_size):
        if should_stop is not None and should_stop():
            return True
        batches = [order[first : first + batch_size] for order in orders]
        if min(map(len, batches)) >= SMALLEST_BATCH:
            for one, epoch, batch, loss in zip(trained, epochs, batches, step(batches), strict=True):
                one.state.count_step(epoch, loss, len(batch))
    return False


def _check_alike(members: Sequence[Member], batch_size: int) -> None:
    """Raise ConfigError where the members cannot make their steps together."""
    first = members[0].model
    if type(first) not in FAMILIES or any(repr(member.model) != repr(first) for member in members):
        raise ConfigError("The members are networks of different kinds or sizes. Train them one by one.")
    if len({_n_steps(len(member.rows), batch_size) for member in members}) > 1:
        raise ConfigError(
            "One member has so many rows more than another that it makes more steps in an epoch. Train them one by one."
        )


def _n_steps(n_rows: int, batch_size: int) -> int:
    whole, rest = divmod(n_rows, batch_size)
    return (whole if batch_size >= SMALLEST_BATCH else 0) + (rest >= SMALLEST_BATCH)
