"""Three trained models that the tests of explanations share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.types import ModelBundle, TrainingConfig
from tests.core.insight.explain.models import trained


@pytest.fixture(scope="session")
def churn_bundle(churn_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """Return a classifier of two classes with a date, a number with gaps and a text."""
    cfg = TrainingConfig("churn", epochs=20, hidden_dim=32)
    folder = tmp_path_factory.mktemp("churn")
    return trained(churn_frame, folder, cfg, exclude_columns=["customer_id"], date_columns=["joined"])


@pytest.fixture(scope="session")
def price_bundle(price_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """Return a model of a number far from the unit scale."""
    cfg = TrainingConfig("price", epochs=40, learning_rate=1e-2)
    return trained(price_frame, tmp_path_factory.mktemp("price"), cfg)


@pytest.fixture(scope="session")
def odd_frame() -> pd.DataFrame:
    """Return a table whose names and texts hold the separator, with codes, gaps, mixed cells and dates."""
    rng = np.random.default_rng(3)
    n = 120
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    return pd.DataFrame(
        {
            "a": rng.choice(["b=c", "d", ""], n),
            "a=b": rng.choice(["x", "y=z"], n),
            "a=n": rng.normal(size=n).round(2),
            "mixed": rng.choice(["7", "8.5", "many", "few=9", ""], n),
            "code": rng.choice(["1", "2", "30"], n),
            "day": days.strftime("%d.%m.%Y"),
            "nothing": [None] * n,
            "gaps": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n).round(2)),
            "id": [f"i{i}" for i in range(n)],
            "y": rng.choice(["No", "Yes"], n),
        }
    )


@pytest.fixture(scope="session")
def odd_bundle(odd_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    cfg = TrainingConfig("y", epochs=1, hidden_dim=4, categorical_columns=("code",))
    return trained(odd_frame, tmp_path_factory.mktemp("odd"), cfg, exclude_columns=["id"], date_columns=["day"])
