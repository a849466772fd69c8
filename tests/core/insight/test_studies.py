"""The two studies: fewer rows on the same test rows, and the other kind of split (issue 6, part 6)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from core.errors import DataError
from core.insight.charts.studies import learning_curve_chart, splits_chart
from core.insight.figures.bootstrap import Interval, PairedDifference, mean_interval
from core.insight.heldout import held_out
from core.insight.more_data import more_data, nested_rank, subset, trend_of
from core.insight.refit import guess_losses, own_losses, refit
from core.insight.splits import SplitSide, compared, splits
from core.insight.studywords import difference_words, last_quarter_words, more_data_words, split_advice, splits_words
from core.scoring.predict import known_frame
from core.tables.read import load_tabular_file
from core.trainer import predict_rows, train_model_from_file
from core.types import ModelBundle, TrainingConfig

CHURN = TrainingConfig("churn", epochs=4, validation_size=0.2, hidden_dim=16, restore_best=True, random_seed=5)
PRICE = TrainingConfig("price", epochs=12, validation_size=0.2, hidden_dim=32, learning_rate=0.02, batch_size=16)


@pytest.fixture
def churn(churn_csv: Path) -> tuple[ModelBundle, pd.DataFrame]:
    bundle, _ = train_model_from_file(
        churn_csv, CHURN, exclude_columns=["customer_id"], date_columns=["joined"], device="cpu"
    )
    return bundle, load_tabular_file(churn_csv)


@pytest.mark.parametrize(
    ("mode", "share"),
    [("mlp_dense", 0.2), ("imbalance_aware", 0.2), ("tree_teacher_distillation", 0.2), ("tabm", 0.2), ("tabm", 0.0)],
)
def test_with_all_rows_the_network_is_the_run_s_own(churn_csv: Path, mode: str, share: float) -> None:
    cfg = replace(CHURN, training_mode=mode, validation_size=share)
    bundle, _ = train_model_from_file(
        churn_csv, cfg, exclude_columns=["customer_id"], date_columns=["joined"], device="cpu"
    )
    frame = load_tabular_file(churn_csv)
    held = held_out(bundle, frame, cfg)
    features = known_frame(bundle, held.rows)
    own = own_losses(bundle, features, held, "cpu")
    again = refit(bundle, features, held, cfg, device="cpu")
    says = predict_rows(bundle, held.rows.iloc[held.test].to_dict("records"), "cpu")
    truth = held.rows["churn"].iloc[held.test].tolist()
    assert own.tolist() == [float(one != other) for one, other in zip(says, truth, strict=True)]
    assert again.losses.tolist() == own.tolist()
    assert again.n_train == len(held.train)


def test_numbers_are_trained_again_in_an_added_mode_too(price_csv: Path) -> None:
    cfg = replace(PRICE, training_mode="tabm", epochs=4, validation_size=0.0, learning_rate=1e-3)
    bundle, _ = train_model_from_file(price_csv, cfg, device="cpu")
    held = held_out(bundle, load_tabular_file(price_csv), cfg)
    features = known_frame(bundle, held.rows)
    again = refit(bundle, features, held, cfg, device="cpu")
    own = own_losses(bundle, features, held, "cpu")
    np.testing.assert_array_equal(again.losses, own)
    half = refit(bundle, features, subset(held, nested_rank(held.y[held.train], "regression", 42), 0.5), cfg)
    assert half.n_train < again.n_train
    assert half.losses.tolist() != own.tolist()


def test_the_half_lies_within_the_three_quarters_and_holds_every_class() -> None:
    y = np.array([0] * 100 + [1] * 41 + [2] * 3 + [3])
    rank = nested_rank(y, "classification", 3)
    half, most = rank <= 0.5, rank <= 0.75
    assert not (half & ~most).any()
    assert np.bincount(y[half]).tolist() == [50, 21, 2, 1]
    assert np.bincount(y[most]).tolist() == [75, 31, 2, 1]
    assert ((rank > 0) & (rank < 1)).all()
    numbers = nested_rank(np.zeros(100), "regression", 3)
    assert [int((numbers <= share).sum()) for share in (0.5, 0.75, 1)] == [50, 75, 100]
    assert nested_rank(y, "classification", 3).tolist() == rank.tolist()
    assert nested_rank(y, "classification", 4).tolist() != rank.tolist()


def test_the_learning_curve_keeps_validation_and_test_rows_and_tells_how_far_it_is(
    churn: tuple[ModelBundle, pd.DataFrame],
) -> None:
    bundle, frame = churn
    told: list[tuple[float, str]] = []
    found = more_data(
        bundle, frame, CHURN, device="cpu", seconds=2.5, epochs_run=4,
        on_progress=lambda done, total, sentence: told.append((done / total, sentence)),
    )  # fmt: skip
    held = held_out(bundle, frame, CHURN)
    assert found.n_test == len(held.test)
    rank = nested_rank(held.y[held.train], "classification", CHURN.random_seed)
    half = subset(held, rank, 0.5)
    assert set(half.train) < set(held.train)
    assert [point.n_rows for point in found.points] == [len(half.train), int((rank <= 0.75).sum()), len(held.train)]
    features = known_frame(bundle, held.rows)
    losses = refit(bundle, features, half, CHURN, device="cpu").losses
    own = own_losses(bundle, features, held, "cpu")
    assert found.points[0].error.estimate == pytest.approx(losses.mean())
    assert found.points[2].error.estimate == pytest.approx(own.mean())
    wilson = binomtest(int(own.sum()), len(own)).proportion_ci(method="wilson")
    assert (found.points[2].error.low, found.points[2].error.high) == pytest.approx((wilson.low, wilson.high))
    assert found.from_half.estimate == pytest.approx(losses.mean() - own.mean())
    assert (found.points[2].seconds, found.points[2].epochs_run) == (2.5, 4)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1], len(told)) == (0, 1, 2 + 2 * CHURN.epochs + 1)
    assert told[0][1] == "Training on 50 % of the rows."
    answer = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert more_data_words(answer).startswith(f"With half the training rows ({len(half.train)}) ")
    chart = learning_curve_chart(answer)
    assert chart is not None
    assert list(chart.figure.data[0].x) == [point.n_rows for point in found.points]


def paired(low: float, high: float) -> PairedDifference:
    verdict = "worse" if low > 0 else "better" if high < 0 else "too close to call"
    return PairedDifference((low + high) / 2, low, high, verdict, 0.95, 100, 100)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "error", "task", "trend"),
    [
        (0.5, 4.0, 10.0, "regression", "still helps"),
        (-0.4, 0.5, 10.0, "regression", "levels off"),
        (-0.4, 0.6, 10.0, "regression", "cannot tell"),
        (-4.0, -0.5, 10.0, "regression", "does not help"),
        (-0.02, 0.01, 0.1, "classification", "levels off"),
        (-0.02, 0.011, 0.1, "classification", "cannot tell"),
    ],
)
def test_the_trend_follows_from_the_interval_of_the_last_quarter(
    low: float, high: float, error: float, task: str, trend: str
) -> None:
    assert trend_of(paired(low, high), error, task) == trend


def test_what_has_no_figure_cannot_be_told() -> None:
    nothing = PairedDifference(None, None, None, "too close to call", 0.95, 9, 9, reason="Not finite.")
    assert trend_of(nothing, None, "regression") == "cannot tell"


def a_curve(task: str, half: float, full: float, trend: str) -> dict[str, object]:
    points = [{"error": {"estimate": value}, "n_rows": 500, "share": 0.5} for value in (half, full, full)]
    last = {"estimate": 2.0, "low": -1.0, "high": 3.0, "reason": None}
    return {"task": task, "points": points, "trend": trend, "n_test": 1_234, "from_three_quarters": last}


def test_the_curve_is_said_in_percent_of_the_error_or_in_shares() -> None:
    assert more_data_words(a_curve("regression", 56.0, 50.0, "still helps")) == (
        "With half the training rows (500) the error was 12 % higher (off by 56 rather than 50). "
        "More rows will likely still help: the last quarter of them did."
    )
    assert "the error was 50 % lower (off by 25 rather than 50)" in more_data_words(
        a_curve("regression", 25.0, 50.0, "does not help")
    )
    assert "24.0 % of the test rows were wrong, with all of them 20.0 %. From three quarters" in more_data_words(
        a_curve("classification", 0.24, 0.2, "levels off")
    )
    assert "with all of them 0" in more_data_words(a_curve("regression", 3.0, 0.0, "cannot tell"))
    assert last_quarter_words(a_curve("regression", 56.0, 50.0, "cannot tell")) == (
        "The last quarter of the rows changed the error by −2 (between −3 and +1, on the same 1,234 test rows)."
    )


def test_too_few_rows_are_not_halved(price_frame: pd.DataFrame, tmp_path: Path) -> None:
    price_frame.head(40).to_csv(tmp_path / "few.csv", index=False)
    cfg = replace(PRICE, epochs=1)
    bundle, _ = train_model_from_file(tmp_path / "few.csv", cfg, device="cpu")
    with pytest.raises(DataError, match="halving them says something from 40 on"):
        more_data(bundle, load_tabular_file(tmp_path / "few.csv"), cfg, device="cpu")


def drifting(n: int = 400) -> pd.DataFrame:
    """Return a table whose target moves with time, further than what trained on the past can know."""
    rng = np.random.default_rng(0)
    area = rng.uniform(0, 1, n)
    day = np.arange(n)
    price = 100 * area + 0.0012 * day**2 + rng.normal(0, 3, n)
    sold = (pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d")
    return pd.DataFrame({"area": area, "sold": sold, "price": price}).sample(frac=1, random_state=1)


@pytest.mark.parametrize("time_column", [None, "sold"])
def test_a_random_test_flatters_where_the_future_differs_whichever_the_run_had(
    time_column: str | None, tmp_path: Path
) -> None:
    drifting().to_csv(tmp_path / "flats.csv", index=False)
    frame = load_tabular_file(tmp_path / "flats.csv")
    cfg = replace(PRICE, time_column=time_column)
    bundle, _ = train_model_from_file(tmp_path / "flats.csv", cfg, date_columns=["sold"], device="cpu")
    found = splits(bundle, frame, cfg, device="cpu")
    own, other = (found.latest, found.at_random) if time_column else (found.at_random, found.latest)
    assert (own.is_own, other.is_own) == (True, False)
    assert found.outcome == "flatters"
    assert (found.latest.begins, found.at_random.begins) == ("2020-11-16", None)  # the 320th day
    held = held_out(bundle, frame, cfg)
    says = predict_rows(bundle, held.rows.iloc[held.test].to_dict("records"), "cpu")
    assert own.error.estimate == pytest.approx(np.abs(np.array(says) - held.y[held.test]).mean(), rel=1e-5)
    others = held_out(bundle, frame, replace(cfg, time_column=None if time_column else "sold"))
    assert other.guess == pytest.approx(np.abs(others.y[others.test] - others.y[others.fitted].mean()).mean())
    answer = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert found.flattery == pytest.approx(1 - found.at_random.error.estimate / found.latest.error.estimate)  # type: ignore[operator]
    assert f"a random test flatters by {100 * (found.flattery or 0):.0f} %." in splits_words(answer)
    assert ("sober" in split_advice(answer)) == bool(time_column)
    assert "Guessing would be at" in difference_words(answer)
    assert splits_chart(answer) is not None


def test_without_a_date_there_are_no_latest_rows(price_csv: Path) -> None:
    cfg = replace(PRICE, epochs=1)
    bundle, _ = train_model_from_file(price_csv, cfg, device="cpu")
    with pytest.raises(DataError, match="no date column"):
        splits(bundle, load_tabular_file(price_csv), cfg, device="cpu")


def a_side(error: Interval) -> SplitSide:
    return SplitSide(800, error.n, error, 0.5, is_own=True)


def test_the_difference_of_two_shares_is_newcombe_s() -> None:
    """Newcombe 1998, table II (a), method 10: 56/70 against 48/80 gives 0.0524 to 0.3339."""
    a, b = (mean_interval(np.repeat([1.0, 0.0], [hits, n - hits])) for hits, n in ((56, 70), (48, 80)))
    found = compared("classification", "y", "day", a_side(b), a_side(a))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.difference == pytest.approx(0.2)
    assert found.outcome == "flatters"
    assert found.flattery == pytest.approx(0.25)


def test_the_difference_of_two_errors_covers_the_truth_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(1), 0
    for draw in range(200):
        late, random = (np.abs(rng.normal(0, scale, 300)) for scale in (13.0, 10.0))
        sides = [a_side(mean_interval(losses, n_resamples=300, seed=draw)) for losses in (random, late)]
        found = compared("regression", "y", "day", *sides)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 3 * math.sqrt(2 / math.pi) <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_close_or_infinite_errors_get_no_number_that_means_nothing() -> None:
    near = Interval(10.0, 9.0, 11.0, 0.95, 100, "bootstrap")
    close = asdict(compared("regression", "y", "day", a_side(near), a_side(replace(near, estimate=10.5))))
    assert close["outcome"] == "too close to call"
    assert "too close to call, so a random test does not noticeably flatter here." in splits_words(close)
    none = asdict(compared("regression", "y", "day", a_side(near), a_side(Interval(None, None, None, 0.95, 9))))
    assert (none["difference"], none["flattery"]) == (None, None)
    assert splits_words(none) == "Some errors are no finite numbers, so the two cannot be compared."
    assert splits_chart(none) is None
    easier = asdict(compared("regression", "y", "day", a_side(near), a_side(Interval(5.0, 4.0, 6.0, 0.95, 100))))
    assert "the latest rows are easier, by 100 %" in splits_words(easier)


def test_always_guessing_is_scored_on_the_test_rows(churn: tuple[ModelBundle, pd.DataFrame]) -> None:
    bundle, frame = churn
    held = held_out(bundle, frame, CHURN)
    truth = frame["churn"].to_numpy()[held.places]
    commonest = pd.Series(truth[held.fitted]).mode()[0]
    assert guess_losses("classification", held).mean() == pytest.approx((truth[held.test] != commonest).mean())
