"""The losses: what each training mode minimises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.models import compute_class_weights

LABEL_SMOOTHING = 0.05
SMALLEST_PROBABILITY = 1e-6

Criterion = Callable[[Tensor, Tensor], Tensor]
BatchLoss = Callable[..., Tensor]  # (outputs, *targets of the batch) -> scalar


def hard_criterion(task: str, training_mode: str, y_train: Tensor, output_dim: int, device: torch.device) -> nn.Module:
    """Return the criterion of the specification's table for this task and mode."""
    if task == "regression":
        return nn.MSELoss()
    if training_mode == "imbalance_aware":
        return nn.CrossEntropyLoss(weight=compute_class_weights(y_train, output_dim, device))
    if training_mode == "calibrated_classifier":
        return nn.CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING)
    return nn.CrossEntropyLoss()


def guess(criterion: nn.Module, y_train: Tensor, output_dim: int) -> Tensor:
    """Return the outputs `(1, output_dim)` that do best on the training rows while every row gets the same.

    Regression: the mean. Classification: the logarithm of the classes' shares, which is the prior, as a
    criterion with weights or smoothing counts them.
    """
    if not isinstance(criterion, nn.CrossEntropyLoss):
        return y_train.mean(dim=0, keepdim=True)
    shares = torch.bincount(y_train, minlength=output_dim).float()
    if criterion.weight is not None:
        shares *= criterion.weight
    shares = (1 - criterion.label_smoothing) * shares / shares.sum() + criterion.label_smoothing / output_dim
    return shares.clamp_min(SMALLEST_PROBABILITY).log().unsqueeze(0)


@dataclass(frozen=True)
class OverMembers:
    """The mean of `hard` over k networks that are trained as one, whose outputs are `(b, k, outputs)`."""

    hard: Criterion

    def __call__(self, outputs: Tensor, y: Tensor) -> Tensor:
        return self.hard(*self.each(outputs, y))

    @staticmethod
    def each(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs as if each network's were of a row of its own `(b · k, outputs)`, with their targets."""
        return outputs.flatten(0, 1), y.repeat_interleave(outputs.shape[1], 0)


def soften_probabilities(probabilities: Tensor, temperature: float) -> Tensor:
    """Return `softmax(log p / T)` of `(n, classes)`, with `p` kept away from 0."""
    return torch.softmax(probabilities.clamp_min(SMALLEST_PROBABILITY).log() / temperature, dim=1)


def soft_criterion(temperature: float) -> Criterion:
    """Return `T² · KL(soft_targets ‖ softmax(logits / T))`, averaged over the batch (Hinton et al., 2015)."""

    def loss(logits: Tensor, soft_targets: Tensor) -> Tensor:
        log_student = functional.log_softmax(logits / temperature, dim=1)
        return functional.kl_div(log_student, soft_targets, reduction="batchmean") * temperature**2

    return loss


def blended_loss(hard: Criterion, soft: Criterion, alpha: float) -> BatchLoss:
    """Return `alpha · hard(outputs, y) + (1 − alpha) · soft(outputs, soft_targets)` for one forward pass."""

    def loss(outputs: Tensor, y: Tensor, soft_targets: Tensor) -> Tensor:
        return alpha * hard(outputs, y) + (1 - alpha) * soft(outputs, soft_targets)

    return loss
