"""Members that are trained together end as those that are trained one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from core.epoch import EpochReport
from core.errors import ConfigError, TrainingError
from core.loop import LoopResult, fit
from core.losses import BatchLoss, blended_loss, soft_criterion
from core.members import Member, fit_members
from core.metrics import held_out_loss
from core.models import build_model
from core.types import TrainingConfig

N, FEATURES = 150, 6
CPU = torch.device("cpu")


def table(task: str = "classification") -> tuple[Tensor, Tensor]:
    """In float64: a bias before a batch norm learns from nothing but rounding, which Adam makes large in float32."""
    torch.manual_seed(1)
    x = torch.randn(N, FEATURES, dtype=torch.float64)
    y = x[:, :1] * 2 + x[:, 1:2] + 0.1 * torch.randn(N, 1)
    return x, y if task == "regression" else (y[:, 0] > 0).long()


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig("y", **{"epochs": 4, "batch_size": 32, "learning_rate": 1e-2, **changes})  # type: ignore[arg-type]


def rows_of(n_members: int, *, folds: bool) -> list[Tensor]:
    if not folds:
        return [torch.arange(N)] * n_members
    return [torch.arange(N)[torch.arange(N) % n_members != which] for which in range(n_members)]


def seeded(mode: str, outputs: int, rows: Sequence[Tensor], dropout: float = 0.25) -> list[Member]:
    members = []
    for seed, own in enumerate(rows):
        torch.manual_seed(seed)
        model = build_model(FEATURES, outputs, mode, 16, 2, dropout).double()
        generator = torch.Generator()
        generator.set_state(torch.get_rng_state())
        members.append(Member(model, own, generator))
    return members


def one_by_one(
    members: Sequence[Member], x: Tensor, targets: Sequence[Tensor], loss: BatchLoss, cfg: TrainingConfig
) -> list[LoopResult]:
    results = []
    for member in members:
        torch.set_rng_state(member.generator.get_state())
        own = [target[member.rows] for target in targets]
        results.append(fit(member.model, x[member.rows], own, loss, cfg, validation_loss=member.validation_loss))
    return results


def assert_alike(members: Sequence[Member], expected: Sequence[Member], atol: float = 1e-9) -> None:
    for mine, theirs in zip(members, expected, strict=True):
        assert not mine.model.training
        for (name, value), other in zip(
            mine.model.state_dict().items(), theirs.model.state_dict().values(), strict=True
        ):
            torch.testing.assert_close(value, other, rtol=0, atol=atol, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("folds", [False, True], ids=["seeds", "folds"])
@pytest.mark.parametrize("mode", ["mlp_dense", "tabresnet", "linear_glm_baseline"])
def test_members_end_as_they_would_alone(mode: str, *, folds: bool) -> None:
    """With dropout: each draws its masks from its own generator."""
    x, y = table()
    rows = rows_of(3, folds=folds)
    members, expected = seeded(mode, 2, rows), seeded(mode, 2, rows)
    together = fit_members(members, x, [y], nn.CrossEntropyLoss(), config())
    alone = one_by_one(expected, x, [y], nn.CrossEntropyLoss(), config())
    assert_alike(members, expected)
    for mine, theirs in zip(together, alone, strict=True):
        assert (mine.update_steps, mine.stopped, mine.best_epoch) == (theirs.update_steps, False, None)
        assert [report.train_loss for report in mine.reports] == pytest.approx(
            [report.train_loss for report in theirs.reports], rel=1e-6
        )
    assert not torch.allclose(members[0].model(x), members[1].model(x), atol=1e-2)


def test_tails_of_different_sizes_are_made_one_by_one() -> None:
    """Folds of 7 and 8 rows left over, and a member whose only batch is short."""
    x, y = table()
    rows = [torch.arange(103), torch.arange(20, 124), torch.arange(46, 150)]
    members, expected = seeded("mlp_dense", 2, rows), seeded("mlp_dense", 2, rows)
    fit_members(members, x, [y], nn.CrossEntropyLoss(), config())
    one_by_one(expected, x, [y], nn.CrossEntropyLoss(), config())
    assert_alike(members, expected)


def test_large_steps_are_made_one_by_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.members.MOST_OPERATIONS", 0)
    monkeypatch.setattr("core.steps.stacked.StackedLinear.forward", lambda *_: pytest.fail("made together"))
    x, y = table()
    rows = rows_of(2, folds=False)
    members, expected = seeded("mlp_dense", 2, rows), seeded("mlp_dense", 2, rows)
    fit_members(members, x, [y], nn.CrossEntropyLoss(), config())
    monkeypatch.undo()
    one_by_one(expected, x, [y], nn.CrossEntropyLoss(), config())
    assert_alike(members, expected)


def test_a_teachers_loss_and_numbers_are_learned_together_too() -> None:
    x, y = table()
    torch.manual_seed(9)
    soft = torch.softmax(torch.randn(N, 2, dtype=torch.float64), 1)
    blended = blended_loss(nn.CrossEntropyLoss(), soft_criterion(2.0), 0.5)
    x_numbers, numbers = table("regression")
    for outputs, own_x, targets, loss in ((2, x, [y, soft], blended), (1, x_numbers, [numbers], nn.MSELoss())):
        rows = rows_of(2, folds=True)
        members, expected = seeded("mlp_dense", outputs, rows), seeded("mlp_dense", outputs, rows)
        fit_members(members, own_x, targets, loss, config())
        one_by_one(expected, own_x, targets, loss, config())
        assert_alike(members, expected)


def judged(members: list[Member], x: Tensor, y: Tensor) -> list[Member]:
    everyone = torch.arange(N)
    return [
        replace(member, validation_loss=held_out_loss(member.model, x[rest], y[rest], nn.CrossEntropyLoss(), CPU))
        for member in members
        if len(rest := everyone[~torch.isin(everyone, member.rows)])
    ]


@pytest.mark.parametrize("changes", [{"restore_best": True}, {"early_stopping_patience": 2}], ids=["best", "patience"])
def test_each_member_keeps_its_own_best_epoch_and_patience(changes: dict[str, object]) -> None:
    x, y = table()
    rows = rows_of(3, folds=True)
    members, expected = (judged(seeded("mlp_dense", 2, rows), x, y) for _ in range(2))
    cfg = config(epochs=30, learning_rate=0.1, **changes)
    together = fit_members(members, x, [y], nn.CrossEntropyLoss(), cfg)
    alone = one_by_one(expected, x, [y], nn.CrossEntropyLoss(), cfg)
    assert [len(result.reports) for result in together] == [len(result.reports) for result in alone]
    assert [result.best_epoch for result in together] == [result.best_epoch for result in alone]
    if "early_stopping_patience" in changes:
        assert len({len(result.reports) for result in together}) > 1  # they do not end together
    assert_alike(members, expected)


def test_epochs_are_told_of_by_member_and_a_wish_to_stop_is_heard() -> None:
    x, y = table()
    told: list[tuple[int, EpochReport]] = []
    members = seeded("mlp_dense", 2, rows_of(2, folds=False))
    results = fit_members(
        members, x, [y], nn.CrossEntropyLoss(), config(epochs=50),
        on_epoch=lambda which, report: told.append((which, report)), should_stop=lambda: len(told) >= 6,
    )  # fmt: skip
    assert [(which, report.epoch) for which, report in told] == [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)]
    assert all(result.stopped and len(result.reports) == 3 for result in results)


def test_what_cannot_be_trained_together_is_refused() -> None:
    x, y = table()
    loss, everyone = nn.CrossEntropyLoss(), torch.arange(N)
    small, large = seeded("mlp_dense", 2, [everyone])[0], seeded("tabresnet", 2, [everyone])[0]
    with pytest.raises(ConfigError, match="different kinds"):
        fit_members([small, large], x, [y], loss, config())
    with pytest.raises(ConfigError, match="more steps"):
        fit_members(seeded("mlp_dense", 2, [everyone[:65], everyone[:66]]), x, [y], loss, config())
    with pytest.raises(TrainingError, match="update_steps == 0"):
        fit_members(seeded("mlp_dense", 2, [everyone[:1]] * 2), x, [y], loss, config())


def test_one_member_is_an_ensemble_too() -> None:
    x, y = table()
    rows = [torch.arange(N)]
    members, expected = seeded("mlp_dense", 2, rows), seeded("mlp_dense", 2, rows)
    fit_members(members, x, [y], nn.CrossEntropyLoss(), config())
    one_by_one(expected, x, [y], nn.CrossEntropyLoss(), config())
    assert_alike(members, expected)
