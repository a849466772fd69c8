"""Write the sample tables beside this file: invented rows with a structure that can be learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20_240_601
LEGEND = [
    ("brix", "Sugar, in degrees Brix"),
    ("firmness_n", "Force to pierce the skin, in newton"),
    ("grade", "What the packing line decided: premium, standard or reject"),
]


def churn_table(rng: np.random.Generator, n_rows: int = 2_400) -> pd.DataFrame:
    """Return customers of an invented internet provider, a good third of whom left."""
    plan = rng.choice(["basic", "plus", "premium"], n_rows, p=[0.5, 0.32, 0.18])
    contract = rng.choice(["monthly", "yearly", "two years"], n_rows, p=[0.55, 0.3, 0.15])
    tenure = np.round(rng.gamma(1.6, 14, n_rows)).clip(1, 84).astype(int)
    fee = np.select([plan == "basic", plan == "plus"], [24.9, 39.9], 59.9) + rng.normal(0, 3, n_rows)
    calls = rng.poisson(1.4, n_rows)
    late = rng.binomial(6, 0.12, n_rows)
    satisfaction = np.clip(np.round(rng.normal(7.4 - 0.9 * calls, 1.6, n_rows)), 1, 10)
    usage = rng.gamma(3, 45, n_rows)
    score = (
        -1.1
        + 1.9 * (contract == "monthly")
        - 1.5 * (contract == "two years")
        - 0.06 * np.minimum(tenure, 40)
        + 1.1 * (calls >= 3)
        + 0.5 * late
        - 0.35 * (satisfaction - 6)
        + 2.4 * ((fee > 50) & (usage < 90))
    )
    churned = rng.random(n_rows) < 1 / (1 + np.exp(-1.7 * score))
    start = pd.Timestamp("2024-05-31") - pd.to_timedelta(tenure * 30 + rng.integers(0, 30, n_rows), unit="D")
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in rng.permutation(n_rows) + 10_000],
            "signup_date": start.strftime("%Y-%m-%d"),
            "region": rng.choice(["North", "South", "East", "West"], n_rows),
            "plan": plan,
            "contract": contract,
            "monthly_fee": np.round(fee, 2),
            "usage_gb": np.round(usage, 1),
            "support_calls": calls,
            "late_payments": late,
            "payment_method": rng.choice(["card", "debit", "invoice"], n_rows, p=[0.45, 0.4, 0.15]),
            "satisfaction": pd.array(satisfaction, dtype="Int64"),
            "churned": np.where(churned, "yes", "no"),
        }
    ).assign(satisfaction=lambda table: table["satisfaction"].mask(rng.random(n_rows) < 0.14))


def price_table(rng: np.random.Generator, n_rows: int = 1_800) -> pd.DataFrame:
    """Return flats of an invented city with what they were sold for."""
    district = rng.choice(["Harbour", "Old Town", "Park Side", "Mills", "Heights"], n_rows)
    level = (
        pd.Series(district)
        .map({"Harbour": 1.25, "Old Town": 1.4, "Park Side": 1.1, "Mills": 0.8, "Heights": 0.95})
        .to_numpy()
    )
    area = np.round(rng.gamma(7, 11, n_rows).clip(22, 210), 1)
    built = rng.integers(1900, 2024, n_rows)
    floor = rng.integers(0, 12, n_rows)
    lift = rng.random(n_rows) < np.where(built > 1975, 0.8, 0.3)
    distance = np.round(rng.gamma(2, 1.6, n_rows), 2)
    condition = rng.choice(["to renovate", "fair", "good", "new"], n_rows, p=[0.15, 0.3, 0.4, 0.15])
    factor = pd.Series(condition).map({"to renovate": 0.78, "fair": 0.92, "good": 1.0, "new": 1.16}).to_numpy()
    charm = np.where(built < 1930, 1.1, 1 - 0.0035 * (2024 - built))
    climb = np.where(~lift, 1 - 0.025 * floor, 1 + 0.008 * floor)
    price = 3_600 * area * level * factor * charm * climb * np.exp(-0.07 * distance)
    price = price * rng.lognormal(0, 0.07, n_rows)
    sold = pd.Timestamp("2022-01-03") + pd.to_timedelta(rng.integers(0, 870, n_rows), unit="D")
    price = price * (1 + 0.0001 * (sold - sold.min()).days.to_numpy())
    return pd.DataFrame(
        {
            "listing_id": rng.permutation(n_rows) + 500_001,
            "sold_on": sold.strftime("%Y-%m-%d"),
            "district": district,
            "area_m2": area,
            "rooms": np.clip(np.round(area / 27 + rng.normal(0, 0.6, n_rows)), 1, 8).astype(int),
            "floor": floor,
            "lift": np.where(lift, "yes", "no"),
            "year_built": built,
            "condition": condition,
            "distance_to_centre_km": distance,
            "energy_class": rng.choice(list("ABCDEFG"), n_rows),
            "price": np.round(price, -2).astype(int),
        }
    )


def fruit_table(rng: np.random.Generator, n_rows: int = 1_500) -> pd.DataFrame:
    """Return measured apples of invented orchards with the grade they were given."""
    variety = rng.choice(["Alma", "Bramley", "Corin"], n_rows)
    brix = rng.normal(np.where(variety == "Alma", 14.2, 12.4), 1.5)
    firmness = rng.normal(np.where(variety == "Bramley", 78, 66), 9)
    weight = rng.normal(182, 32, n_rows).clip(80, 300)
    bruises = rng.poisson(0.7, n_rows)
    colour = rng.beta(4, 2, n_rows) * 100
    storage = rng.integers(0, 120, n_rows)
    quality = (
        1.1 * (brix - 12.5)
        - 0.12 * np.abs(firmness - 70)
        - 1.6 * bruises
        + 0.03 * (colour - 60)
        - 0.02 * np.where(variety == "Corin", 2.2, 0.6) * storage
        + 0.01 * (weight - 180)
        + rng.normal(0, 0.55, n_rows)
    )
    grade = np.select([quality > 0.3, quality > -2.2], ["premium", "standard"], "reject")
    return pd.DataFrame(
        {
            "batch": [f"B-{number:04d}" for number in rng.permutation(n_rows) + 1],
            "variety": variety,
            "weight_g": np.round(weight, 1),
            "brix": np.round(brix, 1),
            "firmness_n": np.round(firmness, 1),
            "colour_share": np.round(colour, 1),
            "bruises": bruises,
            "storage_days": storage,
            "grade": grade,
        }
    ).assign(brix=lambda table: table["brix"].mask(rng.random(n_rows) < 0.03))


def write_samples(folder: Path) -> None:
    """Write the three tables into `folder`."""
    rng = np.random.default_rng(SEED)
    churn_table(rng).to_csv(folder / "customer_churn.csv", index=False, lineterminator="\n")
    price_table(rng).to_csv(folder / "apartment_prices.csv", index=False, lineterminator="\n")
    with pd.ExcelWriter(folder / "fruit_quality.xlsx", engine="openpyxl") as book:
        fruit_table(rng).to_excel(book, sheet_name="Measurements", index=False)
        pd.DataFrame(LEGEND, columns=["column", "meaning"]).to_excel(book, sheet_name="Legend", index=False)


if __name__ == "__main__":
    write_samples(Path(__file__).parent)
