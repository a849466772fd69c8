"""Every scenario by its name, with how many faults the full run injects."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import (
    broken_workers,
    cancels,
    clocks,
    damage,
    full_disk,
    kills,
    odd_tables,
    servers,
    small_disk,
    storm,
    supervisors,
)
from tests.faults.sweep import in_parts
from tests.faults.tally import Skipped, Tally

Play = Callable[[int, int], Tally]
Part = Callable[[int, int, tuple[int, int]], Tally]


@dataclass(frozen=True)
class Scenario:
    """How to play a scenario, with how many faults in the full run and in the fast one.

    A sweep is played in parts, each in a process of its own.
    """

    points: int
    fast: int
    play: Play | None = None
    part: Part | None = None
    parts: int = 2


SCENARIOS: dict[str, Scenario] = {
    "kills": Scenario(260, 3, part=kills.part),
    "full_disk": Scenario(150, 3, part=full_disk.part),
    "small_disk": Scenario(len(small_disk.FAULTS), 2, play=small_disk.play),
    "servers": Scenario(20, 2, play=servers.play),
    "supervisors": Scenario(6, 1, play=supervisors.play),
    "broken": Scenario(len(broken_workers.FAULTS), 3, play=broken_workers.play),
    "cancels": Scenario(4 * len(cancels.MOMENTS), 3, play=cancels.play),
    "clocks": Scenario(len(clocks.JUMPS), 3, play=clocks.play),
    "damage": Scenario(50, 6, play=damage.play),
    "odd_tables": Scenario(len(odd_tables.CASES), 4, part=odd_tables.part, parts=1),
    "storm": Scenario(30, 3, play=storm.play),
}


def play(name: str, n_points: int, seed: int, part: tuple[int, int] | None = None) -> Tally:
    """Play one scenario and return what it found."""
    scenario = SCENARIOS[name]
    try:
        if scenario.part is None:
            assert scenario.play is not None
            return scenario.play(n_points, seed)
        return scenario.part(n_points, seed, part) if part else in_parts(name, n_points, seed, scenario.parts)
    except Skipped as reason:
        return Tally(name, skipped=str(reason))
    except Exception:
        return Tally(name, broken=[traceback.format_exc()])
