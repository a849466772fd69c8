"""The loss curve: few points, a mark at the best epoch, a title that says what it shows."""

import numpy as np

from core.runs.records import Epoch
from pages.shared.charts import MAX_POINTS, best_epoch, curve_title, loss_chart, smooth


def curve(n: int, validation=lambda e: 1 / e) -> list[Epoch]:
    return [Epoch(e, 2 / e, validation(e), 1e-3, 0.1) for e in range(1, n + 1)]


def test_a_long_curve_is_drawn_with_at_most_1000_points_and_its_last_one():
    for n in (999, 1000, 1001, 1999, 2001, 12_345):
        for trace in loss_chart(curve(n), "r", ended=False).data:
            assert len(trace.x) <= MAX_POINTS
        assert loss_chart(curve(n), "r", ended=False).data[0].x[-1] == n


def test_the_best_epoch_is_the_one_with_the_lowest_validation_loss():
    epochs = curve(20, lambda e: abs(e - 7) + 0.5)
    assert best_epoch(epochs).epoch == 7
    marks = loss_chart(epochs, "r", ended=True).data[-1]
    assert (marks.x, marks.y) == ((7,), (0.5,))
    assert curve_title(epochs, ended=True) == "Validation loss was lowest at epoch 7: 0.5"


def test_without_validation_rows_the_title_tells_of_the_training_loss():
    epochs = curve(4, lambda e: None)
    assert curve_title(epochs, ended=False) == "Training loss is 0.5 after epoch 4"
    assert len(loss_chart(epochs, "r", ended=False).data) == 2


def test_losses_that_are_no_numbers_do_not_stop_the_drawing():
    epochs = curve(30, lambda e: float("nan") if e > 10 else 1 / e)
    assert best_epoch(epochs).epoch == 10
    assert loss_chart(epochs, "r", ended=True).data


def test_smoothing_keeps_the_ends_and_a_straight_line():
    line = list(np.linspace(3, 1, 200))
    assert np.allclose(smooth(line), line)
    noisy = list(np.random.default_rng(1).normal(size=400))
    assert np.std(smooth(noisy)) < np.std(noisy) / 2
    assert smooth(noisy)[0] == noisy[0]
    assert smooth(noisy)[-1] == noisy[-1]


def test_a_zoom_survives_the_next_point():
    assert loss_chart(curve(3), "run-1", ended=False).layout.uirevision == "run-1"
