"""The network of a model file: which tensors it must have, and how it is filled with them."""

from __future__ import annotations

import safetensors.torch
import torch
from torch import nn

from core.bundle.flaw import FlawError, shown
from core.bundle.manifest import Architecture
from core.bundle.tensors import TensorSpec
from core.models import (
    MLP,
    LinearBaseline,
    TabResNet,
    added_shape,
    build_network,
    model_dropout,
    model_hidden_dim,
    model_num_hidden_layers,
    model_training_mode,
)
from core.networks.blend import Blend
from core.networks.front import Front
from core.networks.fronted import Fronted

_DTYPES = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}


def blank_network(architecture: Architecture) -> nn.Module:
    """Build the network without memory for its numbers, and without touching the random state."""
    with torch.device("meta"):
        return build_network(architecture.as_dict())


def expected_weights(network: nn.Module) -> dict[str, TensorSpec]:
    """Return the tensors of a network of ours, buffers of its batch norms included."""
    state = network.state_dict()
    return {name: TensorSpec(_DTYPES[tensor.dtype], tuple(tensor.shape)) for name, tensor in state.items()}


def fill_network(network: nn.Module, data: bytes, input_dim: int) -> nn.Module:
    """Put the checked weights.safetensors `data` into a blank network, and set it to `eval()`."""
    state = safetensors.torch.load(data)
    for name, tensor in state.items():
        _check_finite(name, tensor)
    network.load_state_dict(state, strict=True, assign=True)
    for front in (module for module in network.modules() if isinstance(module, Front)):
        _check_places(front, input_dim)
    return network.eval()


def weights_of(model: object, architecture: Architecture) -> bytes:
    """Return weights.safetensors of a live network, or raise FlawError where the architecture is another."""
    network = _own_network(model)
    if repr(network) != repr(blank_network(architecture)):
        raise FlawError("its network is not built as its model_config says")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    for name, tensor in state.items():
        if tensor.dtype not in _DTYPES:
            raise FlawError(f"its weight {shown(name)} is of type {tensor.dtype} and must be float32")
        _check_finite(name, tensor)
    return safetensors.torch.save(state)


def architecture_of(model: object, input_dim: int, output_dim: int) -> dict[str, object]:
    """Read the arguments of `build_network` off a live network of ours."""
    network = _own_network(model)
    found = added_shape(network)
    shape = {} if found is None else {"shape": found.as_dict()}
    return {
        "training_mode": model_training_mode(network),
        "input_dim": input_dim,
        "output_dim": output_dim,
        "hidden_dim": model_hidden_dim(network),
        "num_hidden_layers": model_num_hidden_layers(network),
        "dropout": model_dropout(network),
        **shape,
    }


def _own_network(model: object) -> nn.Module:
    if not isinstance(model, nn.Module) or type(model) not in (MLP, LinearBaseline, TabResNet, Fronted, Blend):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise FlawError(f"its network is of the class {kind}, and only networks of core.models can be kept in a file")
    return model


def _check_places(front: Front, input_dim: int) -> None:
    """Raise FlawError where a front would look for an input that is not there."""
    for name, places in front.named_buffers():
        if name.endswith("_at") and len(places) and not (int(places.min()) >= 0 and int(places.max()) < input_dim):
            raise FlawError(f"its weight {shown(f'front.{name}')} points to an input that its network does not have")


def _check_finite(name: str, tensor: torch.Tensor) -> None:
    if not bool(torch.isfinite(tensor).all()):
        raise FlawError(f"its weight {shown(name)} holds a value that is not finite")
    if name.endswith("running_var") and bool((tensor < 0).any()):
        raise FlawError(f"its weight {shown(name)} holds a variance below 0")
