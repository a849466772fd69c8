"""Tables that many tests share, made from a seed, and the folder of real tables where there is one."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the networks here are small: a second thread only waits

import numpy as np
import pandas as pd
import pytest

REAL_TABLES = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def churn_frame() -> pd.DataFrame:
    """Return 240 customers with an id, a day-first date, numbers with gaps, texts and a two-class target."""
    rng = np.random.default_rng(7)
    n = 240
    tenure = rng.integers(1, 60, n)
    contract = rng.choice(["monthly", "yearly", "two years"], n)
    charge = rng.normal(60, 20, n).round(2)
    leaves = (rng.random(n) < 0.15 + 0.6 * ((contract == "monthly") & (tenure < 24))).astype(int)
    joined = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    return pd.DataFrame(
        {
            "customer_id": [f"C-{i:05d}" for i in range(n)],
            "joined": joined.strftime("%d.%m.%Y"),
            "tenure": tenure,
            "charge": np.where(rng.random(n) < 0.05, np.nan, charge),
            "contract": contract,
            "churn": np.where(leaves == 1, "Yes", "No"),
        }
    )


@pytest.fixture(scope="session")
def price_frame() -> pd.DataFrame:
    """Return 220 flats with numbers, a text column and a number target far from the unit scale."""
    rng = np.random.default_rng(11)
    n = 220
    area = rng.uniform(30, 160, n).round(1)
    rooms = rng.integers(1, 6, n)
    district = rng.choice(["north", "south", "centre"], n)
    price = 2500 * area + 9000 * rooms + 60_000 * (district == "centre") + rng.normal(0, 12_000, n)
    return pd.DataFrame({"area": area, "rooms": rooms, "district": district, "price": price.round(0)})


@pytest.fixture
def churn_csv(churn_frame: pd.DataFrame, tmp_path: Path) -> Path:
    """Return the path of the customers as a CSV file."""
    path = tmp_path / "churn.csv"
    churn_frame.to_csv(path, index=False)
    return path


@pytest.fixture
def price_csv(price_frame: pd.DataFrame, tmp_path: Path) -> Path:
    """Return the path of the flats as a CSV file."""
    path = tmp_path / "prices.csv"
    price_frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def real_tables() -> Path:
    """Return the folder of real tables; skip where it is missing."""
    if not REAL_TABLES.is_dir():
        pytest.skip("the folder of real tables is not here")
    return REAL_TABLES
