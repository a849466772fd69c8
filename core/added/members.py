"""One member of a blend: a network that learns from all folds of the rows but one, and is judged on that one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from scipy.stats import skew
from torch import Tensor

from core.added.folds import FOLDS, are_spread, folds_of, stretches_of
from core.added.inputs import columns_of, days_in, fit_front, has_codes, inputs_of
from core.added.standings import Floats
from core.added.trainees import trainee_for
from core.bundle.flaw import FlawError
from core.checkpoint.members_file import KeptMember
from core.encoder import Encoder
from core.epoch import EpochReport
from core.fitting import Objective, RowSets
from core.inference import forward
from core.loop import Ask, Control, fit
from core.losses import guess, hard_criterion
from core.metrics import held_out_loss, loss_on
from core.networks.fronted import Fronted, build_fronted, shape_of
from core.networks.shape import Family
from core.rows import Rows, take
from core.settled import in_family
from core.types import TrainingConfig

EPOCHS: dict[Family, int] = {"tabm": 248, "realmlp": 256}  # at most: a wave that is vain or the clock end it before
FEW_DAYS = 8 * FOLDS  # different ones: a column of no more is no time that rows are spread over
SURELY_ABOVE = 1e-6  # of what 0 is among scaled targets, or of their deviation


@dataclass(frozen=True)
class Kind:
    """One kind of member; without `has_codes`, whole numbers of few values are numbers to it and nothing else.

    One `on_log` learns the logarithm of the target, where the table has a target for that.
    """

    title: str
    family: Family
    has_codes: bool = True
    on_log: bool = False


KINDS = {
    "tabm": Kind("TabM", "tabm"),
    "realmlp": Kind("RealMLP", "realmlp"),
    "tabm_numbers": Kind("TabM, whole numbers as numbers", "tabm", has_codes=False),
    "tabm_log": Kind("TabM, on the logarithm of the target", "tabm", on_log=True),
}


@dataclass(frozen=True)
class Problem:
    """What all members have in common: the rows to learn from, as `encoder` encodes them, and how.

    The rows are on the CPU, `in_time` order where that is so. `zero` is what the number 0 is among the scaled targets.
    """

    rows: RowSets
    encoder: Encoder
    cfg: TrainingConfig
    task: str
    output_dim: int
    device: torch.device
    in_time: bool
    zero: float = 0.0

    @property
    def x(self) -> Rows:
        """Return the encoded rows."""
        return self.rows.x_train

    @property
    def y(self) -> Tensor:
        """Return their targets, as `core.data.target_tensor` makes them."""
        return self.rows.y_train

    @property
    def n_classes(self) -> int | None:
        """Return how many classes there are, None for numbers."""
        return self.output_dim if self.task == "classification" else None

    @cached_property
    def objective(self) -> Objective:
        """Return what scores a network."""
        hard = hard_criterion(self.task, self.cfg.training_mode, self.y, self.output_dim, self.device)
        return Objective(hard, hard, guess(hard, self.y, self.output_dim))

    @cached_property
    def baseline_loss(self) -> float:
        """Return what guessing reaches."""
        return float(self.objective.hard(self.objective.guess.expand(len(self.y), -1), self.y))

    @cached_property
    def has_log(self) -> bool:
        """Return whether the target is a number above 0 whose logarithm is less skewed than itself."""
        if self.n_classes is not None:
            return False
        above = self.y[:, 0].double().numpy() - self.zero
        if above.min() <= SURELY_ABOVE * max(1.0, abs(self.zero)):
            return False
        return bool(abs(skew(np.log(above))) < abs(skew(above)))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of member that differ on these rows."""
        fitting = dict(KINDS)
        if not self.has_log:
            del fitting["tabm_log"]
        if not has_codes(self.x, self.y, self.encoder, n_classes=self.n_classes):
            del fitting["tabm_numbers"]
        return tuple(fitting)

    def seed(self, assignment: Assignment) -> int:
        """Return a number for the random draws of a member, of its own for each."""
        number = (assignment.division * FOLDS + assignment.fold) * len(KINDS) + list(KINDS).index(assignment.kind)
        return (self.cfg.random_seed + number) % 2**32

    @cached_property
    def moments(self) -> NDArray[np.float64] | None:
        """Return when each row is `(n,)`, in any unit: by their order, or by the one date that they have, else None."""
        if self.in_time:
            return np.arange(len(self.y), dtype=np.float64)
        if not (at := days_in(self.encoder)):
            return None
        moving = [days for days in columns_of(self.x, at).astype(np.float64).T if len(np.unique(days)) > FEW_DAYS]
        return moving[0] if len(moving) == 1 and are_spread(moving[0]) else None

    @cached_property
    def groups(self) -> NDArray[np.intp] | None:
        """Return which stretch of time each row is in `(n,)`, where that is known."""
        return None if self.moments is None else stretches_of(self.moments)

    def held(self, assignment: Assignment) -> NDArray[np.bool_]:
        """Return which rows a member does not learn from `(n,)`."""
        seed = (self.cfg.random_seed + assignment.division) % 2**32
        return np.asarray(folds_of(self.y, seed, self.moments) == assignment.fold)


@dataclass(frozen=True)
class Assignment:
    """Which member is to be trained: its kind, and which fold of which division of the rows it is judged on."""

    kind: str
    division: int
    fold: int


@dataclass(frozen=True)
class Member:
    """A trained network, and what it makes of the rows `held` out `(n_held,)`.

    `predicted` are numbers, or probabilities `(n_held, outputs)`. `forward_seconds` is what it takes for a row.
    `was_cut` tells that it had to end before its time.
    """

    assignment: Assignment
    network: Fronted
    held: NDArray[np.intp]
    predicted: Floats
    loss: float
    train_loss: float
    seconds: float
    forward_seconds: float
    steps: int
    was_cut: bool


def train_member(
    problem: Problem,
    assignment: Assignment,
    *,
    curve_seconds: float,
    is_over: Ask,
    on_epoch: Callable[[EpochReport], object] | None = None,
) -> Member:
    """Train a member, from its front on.

    Its rate falls to 0 after `curve_seconds` at the latest, and the training ends with that; `is_over` cuts it
    short before. Raises TrainingError where no step was made, and DataError where all rows are alike.
    """
    started, kind, device = time.perf_counter(), KINDS[assignment.kind], problem.device
    mask = problem.held(assignment)
    held, fitted = np.flatnonzero(mask), np.flatnonzero(~mask)
    cfg = replace(in_family(problem.cfg, kind.family, len(fitted)), epochs=EPOCHS[kind.family])
    y, y_held, hard = problem.y[fitted], problem.y[held], problem.objective.hard
    front, z = fit_front(
        take(problem.x, fitted), y, problem.encoder,
        n_classes=problem.n_classes, seed=problem.seed(assignment), has_codes=kind.has_codes,
    )  # fmt: skip
    z_held = inputs_of(front, take(problem.x, held))
    trainee = trainee_for(
        kind.family, z, front.shape.n_numbers, problem.output_dim, cfg, problem.task, hard, device,
        on_log=kind.on_log,
    )  # fmt: skip
    if problem.n_classes is None:
        trainee.keeps.stay_within(problem.y)
    if kind.on_log:
        trainee.keeps.learn_log(y, problem.zero)
    learns, z, y, y_held = trainee.learns.to(device), z.to(device), y.to(device), y_held.to(device)

    def clock() -> float:
        return (time.perf_counter() - started) / curve_seconds

    result = fit(
        learns, z, (trainee.keeps.learned(y),), trainee.batch_loss, cfg,
        validation_loss=held_out_loss(learns, z_held, y_held, hard, device),
        baseline_loss=problem.baseline_loss,
        control=Control(on_epoch=on_epoch, should_stop=lambda: is_over() or clock() >= 1),
        recipe=replace(trainee.recipe, clock=clock),
    )  # fmt: skip
    asked = time.perf_counter()
    outputs = forward(trainee.keeps, z_held, device)
    forward_seconds = (time.perf_counter() - asked) / max(1, len(held))
    best = next((report for report in result.reports if report.epoch == result.best_epoch), None)
    return Member(
        assignment=assignment,
        network=_on_its_own(Fronted(front, trainee.keeps.cpu()).eval()),
        held=held,
        predicted=_predicted(outputs),
        loss=float(hard(outputs, y_held)),
        train_loss=best.train_loss if best else loss_on(learns, z, y, hard, device),
        seconds=time.perf_counter() - started,
        forward_seconds=forward_seconds,
        steps=result.update_steps,
        was_cut=is_over(),
    )


def kept(member: Member, blend_loss: float) -> KeptMember:
    """Return a member as a checkpoint keeps it."""
    tensors = {name: tensor.contiguous() for name, tensor in member.network.state_dict().items()}
    return KeptMember(
        kind=member.assignment.kind,
        division=member.assignment.division,
        fold=member.assignment.fold,
        shape=shape_of(member.network),
        loss=member.loss,
        train_loss=member.train_loss,
        blend_loss=blend_loss,
        seconds=member.seconds,
        forward_seconds=member.forward_seconds,
        was_cut=member.was_cut,
        tensors=safetensors.torch.save(tensors),
    )


def taken_up(problem: Problem, found: KeptMember) -> Member:
    """Return the member of a checkpoint, with its predictions made again. Raises FlawError where it does not fit."""
    if found.kind not in KINDS:
        raise FlawError(f"it holds a network of the kind {found.kind!r}, which there is not")
    cfg, assignment = problem.cfg, Assignment(found.kind, found.division, found.fold)
    network = build_fronted(found.shape, problem.output_dim, cfg.hidden_dim, max(1, cfg.num_hidden_layers), cfg.dropout)
    try:
        network.load_state_dict(safetensors.torch.load(found.tensors))
        held = np.flatnonzero(problem.held(assignment))
        outputs = forward(network, take(problem.x, held), problem.device)
    except Exception as error:
        raise FlawError("a network in it does not fit its description") from error
    return Member(
        assignment=assignment,
        network=network.cpu().eval(),
        held=held,
        predicted=_predicted(outputs),
        loss=found.loss,
        train_loss=found.train_loss,
        seconds=found.seconds,
        forward_seconds=found.forward_seconds,
        steps=0,
        was_cut=found.was_cut,
    )


def _on_its_own(network: Fronted) -> Fronted:
    """Return a network whose weights are no longer parts of one long parameter, and without their gradients."""
    for parameter in network.parameters():
        parameter.data, parameter.grad = parameter.detach().clone(), None
    return network


def _predicted(outputs: Tensor) -> Floats:
    predicted: NDArray[Any] = (outputs.softmax(1) if outputs.shape[1] > 1 else outputs).double().cpu().numpy()
    return predicted
