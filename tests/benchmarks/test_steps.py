"""A training step stays quicker than a plain loop's; `make bench` prints by how much."""

from __future__ import annotations

from tests.benchmarks.steps import measure


def test_a_step_is_quicker_than_a_plain_loop_with_a_data_loader() -> None:
    assert measure(n_rows=2_000, rounds=3).ratio < 0.95
