"""Small bundles made by hand from scikit-learn's own fitted objects, without the trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import LabelEncoder, StandardScaler

from core.added.inputs import fit_front
from core.added.trainees import trainee_for
from core.encoder import Encoder
from core.losses import hard_criterion
from core.models import build_model, model_config
from core.networks.blend import Blend
from core.networks.fronted import Fronted
from core.networks.shape import Family
from core.types import (
    ADDED_MODES,
    TIMED_MODE,
    ColumnSchema,
    DateFormat,
    InputSchema,
    ModelBundle,
    TrainingConfig,
    TrainingRecord,
)

NASTY = (
    "<script>alert(1)</script>", "# [x](javascript:y) **b**", "$\\frac{1}{0}$", "=HYPERLINK(\"http://x\")",
    "a\"b\\c", "Größe 尺寸 🧵", "tab\there", "", "../../etc", "{{7*7}}",
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"age": 31.0, "city": "Bern", "=sum": 1.5, "<b>": "x", "fixed": 4.0},
    {"age": float("nan"), "city": "Zürich", "=sum": 2.5, "<b>": "y", "fixed": 4.0},
    {"age": 58.0, "city": "Bern", "=sum": float("nan"), "<b>": "x", "fixed": 4.0},
    {"age": 44.0, "city": 7.0, "=sum": 0.25, "<b>": "z", "fixed": 4.0},
    {"age": 19.0, "city": "尺寸", "=sum": -3.0, "fixed": 4.0},
]
LABELS = ["yes", "no", "perhaps", "no", "yes"]
NEW_ROWS: list[dict[str, Any]] = [*ROWS, {}, {"age": 1e6, "city": "unknown", "extra": 3.0}]


def make_bundle(
    training_mode: str = "mlp_dense",
    task: str = "classification",
    *,
    hidden_dim: int = 8,
    num_hidden_layers: int = 2,
    dropout: float = 0.1,
    seed: int = 0,
) -> ModelBundle:
    """Return a bundle whose network has seen a few training steps, so that its batch norms have moved."""
    vectorizer = DictVectorizer(sparse=False)
    matrix = vectorizer.fit_transform(ROWS)
    medians = np.nanmedian(matrix, axis=0)
    filled = np.where(np.isfinite(matrix), matrix, medians)
    scaler = StandardScaler().fit(filled)
    encoder = LabelEncoder().fit(LABELS) if task == "classification" else None
    target_scaler = None if encoder is not None else StandardScaler().fit(np.array([[1.0], [5.0], [9.0]]))
    output_dim = len(encoder.classes_) if encoder is not None else 1
    config = {
        "training_mode": training_mode,
        "input_dim": matrix.shape[1],
        "output_dim": output_dim,
        "hidden_dim": hidden_dim,
        "num_hidden_layers": num_hidden_layers,
        "dropout": dropout,
    }
    if training_mode in ADDED_MODES:
        medians = Encoder(vectorizer, scaler, medians).with_gaps_marked().medians
        filled = np.where(np.isfinite(matrix), matrix, medians)
    x = torch.as_tensor(scaler.transform(filled), dtype=torch.float32)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if training_mode in ADDED_MODES:
            network: torch.nn.Module = _added(x, Encoder(vectorizer, scaler, medians), output_dim, config)
            config = model_config(matrix.shape[1], output_dim, _settings(config), network)
        else:
            network = build_model(**config)
        for member in network.members if isinstance(network, Blend) else [network]:
            _warm(member, x)
    return ModelBundle(
        model=network.eval(),
        task=task,
        vectorizer=vectorizer,
        scaler=scaler,
        feature_medians=medians,
        label_encoder=encoder,
        target_scaler=target_scaler,
        target_column="=cmd|' /C calc'!A0",
        input_dim=matrix.shape[1],
        output_dim=output_dim,
        class_names=None if encoder is None else encoder.classes_.tolist(),
        model_config=config,
        schema=make_schema(),
        record=make_record(),
    )


def make_schema() -> InputSchema:
    """Return a schema with a column of every role, and names that another program might run or render."""
    nasty = [ColumnSchema(name, "feature", "text", categories=((name, 3),)) for name in NASTY]
    return InputSchema(
        (
            ColumnSchema("age", "feature", "number", 1, 4, 19.0, 58.0, 37.5),
            ColumnSchema("city", "feature", "mixed", 0, 3, categories=(("Bern", 2), ("尺寸", 1)), categories_cut=True),
            ColumnSchema("when", "date", "date", date_format=DateFormat("day_first", True)),
            ColumnSchema("id", "excluded", "empty"),
            ColumnSchema("=cmd|' /C calc'!A0", "target", "text"),
            *nasty,
        )
    )


def make_record() -> TrainingRecord:
    """Return a record with a curve, nested settings and a card that is markup to others."""
    return TrainingRecord(
        config={"epochs": 3, "learning_rate": 1e-3, "excluded": ["id"], "validation_size": None, "flag": True},
        metrics={"test_loss": 0.1 + 0.2, "test_metric_name": "accuracy", "n_test": 1},
        created_at="2026-02-25T00:00:00+00:00",
        device="cpu",
        data_fingerprint="0" * 64,
        n_rows=5,
        versions={"torch": "2.13", "python": "3.11"},
        train_losses=(1.25, 0.1 + 0.2, 1e-300),
        validation_losses=(2.0,),
        model_card="<img src=x onerror=alert(1)>\n**bold** $x$",
    )


def features(bundle: ModelBundle, rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Return what the network sees, as scikit-learn's own methods make it."""
    matrix = bundle.vectorizer.transform(rows)
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    medians = 0.0 if bundle.feature_medians is None else bundle.feature_medians
    return np.asarray(bundle.scaler.transform(np.where(np.isfinite(dense), dense, medians)))


@torch.no_grad()
def outputs(bundle: ModelBundle, rows: list[dict[str, Any]]) -> bytes:
    """Return the bytes of the network's outputs, in the target's unit where there is a target scaler."""
    x = torch.as_tensor(features(bundle, rows), dtype=torch.float32)
    found = bundle.model(x).numpy()
    if bundle.target_scaler is not None:
        found = bundle.target_scaler.inverse_transform(found)
    return bytes(found.tobytes())


def _added(x: torch.Tensor, encoder: Encoder, output_dim: int, config: dict[str, Any]) -> Fronted | Blend:
    if config["training_mode"] != TIMED_MODE:
        return _fronted(x, encoder, output_dim, config, config["training_mode"])
    members = [_fronted(x, encoder, output_dim, config, family) for family in ("tabm", "realmlp", "tabm")]
    return Blend(members, [0.25, 0.5, 0.25])


def _fronted(x: torch.Tensor, encoder: Encoder, output_dim: int, config: dict[str, Any], family: Family) -> Fronted:
    y = torch.arange(len(x)) % output_dim if output_dim > 1 else torch.linspace(-1, 1, len(x))[:, None]
    task, cpu = ("classification" if output_dim > 1 else "regression"), torch.device("cpu")
    front, z = fit_front(x, y, encoder, n_classes=output_dim if output_dim > 1 else None, seed=0)
    hard = hard_criterion(task, family, y, output_dim, cpu)
    trainee = trainee_for(family, z, front.shape.n_numbers, output_dim, _settings(config), task, hard, cpu)
    return Fronted(front, trainee.keeps.requires_grad_(True))


def _settings(config: dict[str, Any]) -> TrainingConfig:
    return TrainingConfig(
        "", **{name: config[name] for name in ("training_mode", "hidden_dim", "num_hidden_layers", "dropout")}
    )


def _warm(model: torch.nn.Module, x: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
