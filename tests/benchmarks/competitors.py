"""The ways to train the same network that ours is compared with: plain loops, skorch and scikit-learn.

All take default Adam with the same rate and decay, and shuffle the rows in each epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from core.models import build_model
from core.types import TrainingConfig
from tests.benchmarks.mlp import fit_mlp

RATE, DECAY = 1e-3, 1e-4

RESIDENT = "plain resident loop"
LOADER = "plain DataLoader loop"
SKORCH = "skorch"
SKLEARN = "MLPClassifier (no batch norm, no dropout)"


@dataclass(frozen=True)
class Plan:
    """What every way of training is asked for."""

    batch_size: int
    epochs: int

    @property
    def config(self) -> TrainingConfig:
        """Return the plan as the contract has it."""
        return TrainingConfig("target", epochs=self.epochs, batch_size=self.batch_size)


Loop = Callable[[nn.Module, Tensor, Tensor, Plan], object]  # trains the network on x float32 (n, f) and y long (n,)


def resident_loop(model: nn.Module, x: Tensor, y: Tensor, plan: Plan) -> nn.Module:
    """Train as a careful person would write it in an hour: tensors stay whole, each batch is `x[batch]`."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=DECAY)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(plan.epochs):
        for batch in torch.randperm(len(x)).split(plan.batch_size):
            optimizer.zero_grad()
            criterion(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return model


def loader_loop(model: nn.Module, x: Tensor, y: Tensor, plan: Plan) -> nn.Module:
    """Train as PyTorch's tutorials do."""
    loader = DataLoader(TensorDataset(x, y), batch_size=plan.batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=DECAY)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(plan.epochs):
        for x_batch, y_batch in loader:
            optimizer.zero_grad()
            criterion(model(x_batch), y_batch).backward()
            optimizer.step()
    return model


def skorch_loop(model: nn.Module, x: Tensor, y: Tensor, plan: Plan) -> object:
    """Train in skorch, without its own validation split and without its printing."""
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        model,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__weight_decay=DECAY,
        lr=RATE,
        max_epochs=plan.epochs,
        batch_size=plan.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return net.fit(x.numpy(), y.numpy())


def sklearn_loop(model: nn.Module, x: Tensor, y: Tensor, plan: Plan) -> object:
    """Train scikit-learn's own network of two layers of 128, which stands in for `model`."""
    return fit_mlp(x.numpy(), y.numpy(), plan.batch_size, plan.epochs)


def network(n_features: int) -> nn.Module:
    """Return the network that all of them train, but scikit-learn's own."""
    torch.manual_seed(0)
    return build_model(n_features, 2, "mlp_dense", 128, 2, 0.1)


COMPETITORS: dict[str, Loop] = {
    RESIDENT: resident_loop,
    LOADER: loader_loop,
    SKORCH: skorch_loop,
    SKLEARN: sklearn_loop,
}
