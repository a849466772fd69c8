"""The accurate mode is recommended where there is time and memory for it; a sentence says why, or why not."""

from __future__ import annotations

import pytest

from core.runs.preflight.estimate import Estimate, ModeEstimate
from core.runs.preflight.memory import MemoryFree, MemoryNeed
from core.runs.preflight.recommend import recommend

NEED = MemoryNeed(
    bytes=800_000_000, gpu_bytes=0, network_bytes=0, answers_bytes=0, imported_bytes=0, n_outputs=2, encoded_width=9,
    drivers=(),
)  # fmt: skip
MORE = "With more time, Blend of networks can do better."
PLENTY = MemoryFree(8_000_000_000)


def estimate(seconds: float | None, *, may_end_early: bool = True) -> Estimate:
    modes = {} if seconds is None else {"tabm": ModeEstimate(seconds, 1.0, may_end_early)}
    return Estimate(modes=modes, start_seconds=1.0, imported_bytes=1, is_busy=False)


@pytest.mark.parametrize(
    ("seconds", "how_long"),
    [(0.4, "1 second"), (1.6, "2 seconds"), (89, "89 seconds"), (91, "2 minutes"), (600, "10 minutes")],
)
def test_the_accurate_network_is_recommended_up_to_ten_minutes(seconds: float, how_long: str):
    found = recommend(estimate(seconds), NEED, PLENTY)
    assert found.mode == "tabm"
    assert found.reason == f"Accurate network takes at most {how_long} here. {MORE}"


def test_without_an_early_end_the_time_is_what_it_takes():
    assert "takes about 2 minutes here" in recommend(estimate(120, may_end_early=False), NEED, PLENTY).reason


@pytest.mark.parametrize(
    ("seconds", "how_long"),
    [(601, "11 minutes"), (5_401, "1.6 hours"), (10_800, "3 hours"), (4_320_000, "1,200 h")],
)
def test_the_standard_network_is_recommended_where_that_takes_longer(seconds: float, how_long: str):
    found = recommend(estimate(seconds), NEED, PLENTY)
    assert found.mode == "mlp_dense"
    assert found.reason.startswith(
        f"Standard network, because Accurate network, which is more accurate, would take at most {how_long}"
    )
    assert found.reason.endswith(" here, more than 10 minutes.")


def test_while_it_is_measured_the_accurate_network_is_recommended():
    found = recommend(None, NEED, PLENTY)
    assert (found.mode, found.reason) == ("tabm", f"Accurate network. Its time is being measured. {MORE}")


def test_what_could_not_be_measured_is_not_recommended():
    found = recommend(estimate(None), NEED, PLENTY)
    assert found.mode == "mlp_dense"
    assert found.reason == "Standard network: how long Accurate network takes here could not be measured."


@pytest.mark.parametrize("known", [None, estimate(3)])
def test_what_does_not_fit_is_not_recommended(known: Estimate | None):
    found = recommend(known, NEED, MemoryFree(500_000_000))
    assert found.mode == "mlp_dense"
    assert found.reason == "Standard network, because Accurate network would need 800 MB of memory and 500 MB are free."
    on_gpu = recommend(known, MemoryNeed(**{**vars(NEED), "gpu_bytes": 6_000_000_000}), MemoryFree(10**10, 10**9))
    assert "would need 6.0 GB of the GPU's memory and 1.0 GB are free." in on_gpu.reason
