"""The generators of random numbers: where they stand, and putting them there again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.checkpoint.contents import RandomRest

# Bytes of torch's generators, which change with its version; numbers of numpy's and Python's, which do not.
LONGEST_STATES = {"random_torch": 65_536, "random_cuda": 65_536, "random_numpy": 624, "random_python": 625}


def random_arrays(device: torch.device) -> dict[str, NDArray[Any]]:
    """Return the arrays in which torch's, the device's, numpy's and Python's generators keep their states."""
    cuda = torch.cuda.get_rng_state(device).numpy() if device.type == "cuda" else np.zeros(0, np.uint8)
    return {
        "random_torch": torch.get_rng_state().numpy(),
        "random_cuda": cuda,
        "random_numpy": _numpy_state()["state"]["key"],
        "random_python": np.array(random.getstate()[1], dtype=np.uint32),
    }


def random_rest() -> RandomRest:
    """Return what numpy's and Python's generators hold beside their arrays."""
    state = _numpy_state()
    return RandomRest(int(state["state"]["pos"]), int(state["has_gauss"]), float(state["gauss"]), random.getstate()[2])


def set_random_states(rest: RandomRest, arrays: Mapping[str, NDArray[Any]], device: torch.device) -> None:
    """Put every generator where it stood. Raises ValueError or RuntimeError for what is no state."""
    torch.set_rng_state(torch.from_numpy(arrays["random_torch"]))
    if device.type == "cuda" and len(arrays["random_cuda"]):
        torch.cuda.set_rng_state(torch.from_numpy(arrays["random_cuda"]), device)
    numbers = arrays["random_numpy"]
    np.random.set_state(("MT19937", numbers, rest.numpy_position, rest.numpy_has_gauss, rest.numpy_gauss))
    random.setstate((3, tuple(arrays["random_python"].tolist()), rest.python_gauss))


def _numpy_state() -> dict[str, Any]:
    return dict(np.random.get_state(legacy=False))
